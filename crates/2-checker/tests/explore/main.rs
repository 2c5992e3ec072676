//! The exhaustive chooser on protocols small enough to be counted by hand, and one that is wrong on purpose.

mod lock;
mod stateright;

use checker::explore::{Action, Explorer, Law, Scene, System};
use lock::{Party, Wrong};

type Locks = Scene<Party>;

fn at_most_one() -> Law<Locks> {
    let holders =
        |scene: &Locks| scene.world.processes().filter(|(.., party)| party.holds_lock()).count();
    let look = move |scene: &Locks| match holders(scene) {
        0 | 1 => Ok(()),
        more => Err(format!("{more} hold the lock")),
    };
    Law::always("at most one holds it", look).sometimes(move |scene| holders(scene) == 1)
}

fn all_get_it() -> Law<Locks> {
    Law::can_always("every living user can get it", |scene: &Locks| {
        scene.world.processes().all(|(.., party)| party.is_content())
    })
}

#[test]
fn a_right_protocol_holds_in_every_order_with_every_death() {
    for faults in 0..=2 {
        let scene = lock::scene(3, Wrong::Not).faults(faults);
        let report = Explorer::new(scene).laws([at_most_one(), all_get_it()]).search();
        assert!(report.is_proof(), "{faults} faults: {report:?}");
    }
}

#[test]
fn what_the_faults_are_not_allowed_to_do_is_not_tried() {
    let counts = [0, 1, 2]
        .map(|faults| Explorer::new(lock::scene(2, Wrong::Not).faults(faults)).search().states);
    assert!(counts[0] < counts[1] && counts[1] < counts[2], "{counts:?}");
    let immortal = lock::scene(2, Wrong::Not).faults(2).killable(|_, _| false);
    // The budget itself is part of a state, and stays whole.
    assert_eq!(Explorer::new(immortal).search().states, counts[0]);
}

#[test]
fn a_lock_that_is_given_twice_is_shown_on_a_shortest_run() {
    let scene = lock::scene(2, Wrong::GivesTwice);
    let report = Explorer::new(scene.clone()).law(at_most_one()).search();
    let counterexample = report.verdicts[0].counterexample.as_ref().expect("it is wrong");
    // Start, ask and give for either of the two: no shorter run has two holders.
    assert_eq!(counterexample.path.len(), 6 + 1, "{counterexample:?}");
    let mut again = scene;
    for step in &counterexample.path {
        again.make(step);
    }
    let holders = again.world.processes().filter(|(.., party)| party.holds_lock()).count();
    assert_eq!(holders, 2);
}

#[test]
fn a_lock_that_dies_with_its_holder_is_a_place_from_which_nothing_leads_on() {
    let scene = lock::scene(2, Wrong::ForgetsTheDead).faults(1).killable(lock::is_user);
    let report = Explorer::new(scene).laws([at_most_one(), all_get_it()]).search();
    assert!(report.exhausted);
    assert_eq!(report.verdicts[0].holds, Some(true));
    let counterexample =
        report.verdicts[1].counterexample.as_ref().expect("the other waits for ever");
    assert!(
        counterexample.path.iter().any(|step| matches!(step, Action::Kill(_))),
        "{counterexample:?}"
    );
}

#[test]
fn who_is_who_among_like_processes_makes_no_state_of_its_own() {
    let plain = Explorer::new(lock::scene(3, Wrong::Not).faults(1)).law(at_most_one()).search();
    let folded = lock::scene(3, Wrong::Not).faults(1).symmetric(lock::renamings_of_three());
    let folded = Explorer::new(folded).law(at_most_one()).search();
    assert!(folded.is_proof());
    let ratio = plain.states as f64 / folded.states as f64;
    assert!(ratio > 4.0 && ratio <= 6.0, "of {} states {}", plain.states, folded.states);
}

#[test]
fn whoever_watches_may_stop_it_and_then_it_is_no_proof() {
    let mut looks = 0;
    let explorer = Explorer::new(lock::scene(4, Wrong::Not).faults(2)).law(at_most_one());
    let report = explorer
        .watched(|_| {
            looks += 1;
            looks < 3
        })
        .search();
    assert!(!report.exhausted && !report.is_proof());
    assert_eq!(report.verdicts[0].holds, None);
    let bounded = Explorer::new(lock::scene(3, Wrong::Not)).most_states(10).search();
    assert!(!bounded.exhausted && bounded.states >= 10 && bounded.states < 30);
}

#[test]
fn left_to_itself_a_scene_becomes_quiet() {
    let mut scene = lock::scene(3, Wrong::Not);
    assert!(!scene.is_quiet());
    assert_eq!(scene.settle(1_000), checker::explore::Settled::Quiet);
    assert!(scene.is_quiet());
}

#[test]
fn any_number_of_threads_finds_the_same() {
    for wrong in [Wrong::Not, Wrong::GivesTwice, Wrong::ForgetsTheDead] {
        let report = |threads| {
            let scene = lock::scene(4, wrong).faults(1).killable(lock::is_user);
            Explorer::new(scene).laws([at_most_one(), all_get_it()]).search_with(threads)
        };
        let alone = report(1);
        assert!(alone.states > 2_000, "more than one batch: {}", alone.states);
        assert_eq!(alone, report(2), "{wrong:?}");
        assert_eq!(alone, report(3), "{wrong:?}");
    }
}

#[test]
fn every_state_that_was_found_is_judged_also_if_it_is_stopped() {
    let seen = |_: &Locks| true;
    let law = Law::always("there it is", |_: &Locks| Ok(())).sometimes(seen);
    let report = Explorer::new(lock::scene(3, Wrong::Not)).law(law).most_states(40).search();
    assert!(!report.exhausted);
    assert_eq!(report.verdicts[0].sometimes, report.states as u64);
}
