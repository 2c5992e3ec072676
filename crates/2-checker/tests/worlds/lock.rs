//! A lock in one world and its users in others: every order of delivery and of carrying, with deaths and with
//! the loss of a whole world.

#[path = "../explore/lock.rs"]
#[allow(dead_code, reason = "scenes of one world are for another test")]
mod one_world;

use checker::cluster::Cluster;
use checker::explore::{Explorer, Law, Scene, System};
use kernel::{NoStateMachine, Seeded, World};
use one_world::{Party, Wrong};

fn cluster(users: u8, wrong: Wrong) -> Cluster<Party> {
    let mut home = World::new(NoStateMachine, None, ()).numbered(0);
    let lock = home.spawn(Party::lock(wrong));
    let user = |number| {
        let mut world = World::new(NoStateMachine, None, ()).numbered(number);
        world.spawn(Party::user(lock));
        world
    };
    let away: Vec<_> = (1..=users).map(user).collect();
    Cluster::new([home].into_iter().chain(away).map(|w| Scene::new(w).killable(one_world::is_user)))
}

fn holders(cluster: &Cluster<Party>) -> usize {
    let all = cluster.worlds().flat_map(World::processes);
    all.filter(|(.., party)| party.holds_lock()).count()
}

fn laws() -> [Law<Cluster<Party>>; 2] {
    let one = Law::always("at most one holds it", move |cluster| match holders(cluster) {
        0 | 1 => Ok(()),
        more => Err(format!("{more} hold the lock")),
    });
    let all = Law::can_always("every living user can get it", |cluster: &Cluster<Party>| {
        let lock_is_there = cluster.world(0).is_some();
        let mut all = cluster.worlds().flat_map(World::processes);
        !lock_is_there || all.all(|(.., party)| party.is_content())
    });
    [one.sometimes(move |cluster| holders(cluster) == 1), all]
}

#[test]
fn a_right_protocol_is_right_across_worlds_with_a_death_and_a_loss() {
    for (deaths, losses) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        let cluster = cluster(2, Wrong::Not).deaths(deaths).losses(losses);
        let report = Explorer::new(cluster).laws(laws()).search();
        assert!(report.is_proof(), "{deaths} deaths, {losses} losses: {report:?}");
    }
}

#[test]
fn a_lock_that_is_lost_with_its_holders_world_is_found() {
    let cluster = cluster(2, Wrong::ForgetsTheDead).losses(1);
    let report = Explorer::new(cluster).laws(laws()).search();
    assert_eq!(report.verdicts[1].holds, Some(false));
}

/// Lets chance choose among all that may happen, until nothing can. An error names the law that was broken.
fn by_chance(seed: u64, wrong: Wrong) -> Result<(), &'static str> {
    let mut dice = Seeded::new(seed);
    let (deaths, losses) = (dice.below(5), dice.below(3));
    let [deaths, losses] = [deaths, losses].map(|n| u32::try_from(n).expect("small"));
    let mut cluster = cluster(6, wrong).deaths(deaths).losses(losses);
    let mut moves = Vec::new();
    loop {
        cluster.actions(&mut moves);
        if moves.is_empty() {
            break;
        }
        cluster.make(&moves[dice.below(moves.len())]);
        if holders(&cluster) > 1 {
            return Err("two hold the lock");
        }
    }
    let lock_is_there = cluster.world(0).is_some();
    let mut all = cluster.worlds().flat_map(World::processes);
    let content = !lock_is_there || all.all(|(.., party)| party.is_content());
    if content { Ok(()) } else { Err("a user waits for ever") }
}

#[test]
fn with_more_users_and_faults_than_can_be_explored_chance_finds_nothing_wrong() {
    for seed in 0..2_000 {
        assert_eq!(by_chance(seed, Wrong::Not), Ok(()), "seed {seed}");
    }
}

#[test]
fn chance_finds_a_lock_that_is_lost_with_its_holder() {
    let broken = (0..100).find_map(|seed| by_chance(seed, Wrong::ForgetsTheDead).err());
    assert_eq!(broken, Some("a user waits for ever"));
}
