//! Mistakes of the kernel that no order shows. None of them ever fails in a step, so two small processes show that
//! what a step that failed has said is said nevertheless. And no search is long enough for a floor that is given up.

use kernel::explore::{Explorer, Law, Scene};
use kernel::mutation::{GIVEN_UP_IN_SILENCE, HALF_UNDONE, with};
use kernel::{Event, Life, NoFact, NoKeeper, Out, Pid, Process, World};
use lab::laws::{History, Law as LawName, drained};
use lab::world::{Seen, Stage, Who};
use units::MarketId;

/// Says what it is told to somebody, and fails in the same step; or, without somebody, counts what it hears.
#[derive(Clone, Hash, Debug)]
struct Clumsy {
    tells: Option<Pid>,
    heard: u32,
}

impl Process for Clumsy {
    type Message = u32;
    type Fact = NoFact;
    type Keeper = NoKeeper;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _life: Life<'_, ()>) -> Clumsy {
        Clumsy { tells: None, heard: 0 }
    }

    fn handle(&mut self, event: Event<'_, u32>, out: &mut Out<Clumsy>) {
        let Event::Message { message, .. } = event else { return };
        self.heard += message;
        if let Some(somebody) = self.tells {
            out.send(somebody, *message);
            panic!("after it has spoken");
        }
    }
}

/// Steps to the first state in which somebody has heard of a step that failed.
fn heard_after() -> Option<usize> {
    let mut world: World<Clumsy> = World::new(NoKeeper, None, ());
    let listener = world.spawn(Clumsy { tells: None, heard: 0 });
    let clumsy = world.spawn(Clumsy { tells: Some(listener), heard: 0 });
    let scene = Scene::new(world).client([(clumsy, 1)]);
    let heard = move |s: &Scene<Clumsy>| s.world.process(listener).map_or(0, |l| l.heard);
    let no_trace =
        Law::always("a step that fails leaves no trace", move |scene| match heard(scene) {
            0 => Ok(()),
            heard => Err(format!("{heard} was heard")),
        });
    let report = Explorer::new(scene).law(no_trace).search();
    assert!(report.exhausted);
    report.verdicts[0].breach.as_ref().map(|breach| breach.path.len())
}

#[test]
fn a_step_half_undone_is_heard_of() {
    assert_eq!(heard_after(), None);
    assert_eq!(with(&[HALF_UNDONE], heard_after), Some(5));
}

/// The law that is broken after a floor has died until nobody restarted it, if one is.
fn after_a_floor_was_given_up() -> Option<LawName> {
    let (mut stage, mut history) = (Stage::new(1), History::default());
    while stage.kill(Who::Floor(MarketId(0))) {
        while stage.deliver() {}
        for seen in stage.seen() {
            if let Seen::Recorded(_, fact) = seen {
                history.take(&fact).expect("only its market stops");
            }
        }
    }
    drained(&stage, &history).err().map(|broken| broken.law)
}

#[test]
fn a_branch_that_is_given_up_in_silence_leaves_a_market_without_a_floor() {
    assert_eq!(after_a_floor_was_given_up(), None);
    assert_eq!(with(&[GIVEN_UP_IN_SILENCE], after_a_floor_was_given_up), Some(LawName::Drain));
}
