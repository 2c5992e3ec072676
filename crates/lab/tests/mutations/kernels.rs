//! A mistake of the kernel that no order shows, since none of them ever fails in a step: what a step that failed
//! has said is said nevertheless. Two small processes do.

use kernel::explore::{Explorer, Law, Scene};
use kernel::mutation::{HALF_UNDONE, with};
use kernel::{Event, Life, NoFact, NoKeeper, Out, Pid, Process, World};

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
