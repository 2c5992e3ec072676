//! Mistakes of the kernel that no order shows, since none of them ever fails in a step, sends an exit signal or has
//! a destructor that panics: small processes do. And no search is long enough for a floor that is given up.

use checker::explore::{Explorer, Law, Scene};
use kernel::mutation::{
    DELETED_STARTS, GIVEN_UP_IN_SILENCE, GIVEN_UP_UNHEARD, HALF_UNDONE, NORMAL_TO_ONESELF,
    REASON_IN_SPITE, STRANGERS_EXIT, with,
};
use kernel::{
    Event, Intensity, Name, NoFact, NoStateMachine, Node, Out, Pid, Process, Reason, Shutdown,
    StartContext, Strategy, World,
};
use lab::laws::{History, Law as LawName, drained};
use lab::world::{Observed, Stage, Who};
use units::MarketId;

/// Sends its message on to its target, and fails in the same step; or, without a target, counts what it receives.
#[derive(Clone, Hash, Debug)]
struct Clumsy {
    responses: Option<Pid>,
    heard: u32,
}

impl Process for Clumsy {
    type Message = u32;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _context: StartContext<'_, ()>) -> Clumsy {
        Clumsy { responses: None, heard: 0 }
    }

    fn handle(&mut self, event: Event<'_, u32>, out: &mut Out<Clumsy>) {
        let Event::Message { message, .. } = event else { return };
        self.heard += message;
        if let Some(somebody) = self.responses {
            out.send(somebody, *message);
            panic!("after it has spoken");
        }
    }
}

/// Steps to the first state in which a process has received a message of a failed step.
fn heard_after() -> Option<usize> {
    let mut world: World<Clumsy> = World::new(NoStateMachine, None, ());
    let listener = world.spawn(Clumsy { responses: None, heard: 0 });
    let clumsy = world.spawn(Clumsy { responses: Some(listener), heard: 0 });
    let scene = Scene::new(world).client([(clumsy, 1)]);
    let heard = move |s: &Scene<Clumsy>| s.world.process(listener).map_or(0, |l| l.heard);
    let no_trace =
        Law::always("a step that fails leaves no trace", move |scene| match heard(scene) {
            0 => Ok(()),
            heard => Err(format!("{heard} was heard")),
        });
    let report = Explorer::new(scene).law(no_trace).search();
    assert!(report.exhausted);
    report.verdicts[0].counterexample.as_ref().map(|counterexample| counterexample.path.len())
}

#[test]
fn a_step_half_undone_is_heard_of() {
    assert_eq!(heard_after(), None);
    assert_eq!(with(&[HALF_UNDONE], heard_after), Some(5));
}

/// Sends an exit signal as its message says, by a name or to itself; traps exits if configured; its destructor
/// panics if it is fragile.
#[derive(Clone, Hash, Debug)]
struct Signaller {
    is_deaf: bool,
    is_fragile: bool,
    heard: Option<bool>,
}

/// Its messages.
#[derive(Clone, Hash, Debug)]
enum Order {
    /// Signal the process with this name.
    Signal(Name),
    /// Signal yourself, normally.
    SignalYourself,
    /// Watch this one, and note whether its end was a failure.
    Watch(Pid),
    End,
}

impl Process for Signaller {
    type Message = Order;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = ();
    type Role = bool;

    fn start(is_deaf: &bool, _context: StartContext<'_, ()>) -> Signaller {
        Signaller { is_deaf: *is_deaf, ..plain() }
    }

    fn handle(&mut self, event: Event<'_, Order>, out: &mut Out<Signaller>) {
        match event {
            Event::Start => out.trap_exits(self.is_deaf),
            Event::Message { message: Order::Signal(name), .. } => {
                let to = out.whereis(*name).expect("is there");
                out.exit_other(to, Reason::Shutdown);
            }
            Event::Message { message: Order::SignalYourself, .. } => {
                out.exit_other(out.me(), Reason::Normal);
            }
            Event::Message { message: Order::Watch(pid), .. } => {
                out.monitor(*pid);
            }
            Event::Message { message: Order::End, .. } => out.exit(Reason::Normal),
            Event::Down { reason, .. } => self.heard = Some(!reason.is_orderly()),
            Event::Exit { .. } | Event::Timer { .. } => {}
        }
    }
}

impl Drop for Signaller {
    fn drop(&mut self) {
        assert!(!self.is_fragile, "a destructor that fails");
    }
}

const MANY: Name = Name(1);

fn plain() -> Signaller {
    Signaller { is_deaf: false, is_fragile: false, heard: None }
}

/// A world with a supervisor of many, whose children trap exits and are waited for.
fn guarded() -> World<Signaller> {
    let mut world = World::new(NoStateMachine, None, ());
    let many = Node::many("many", true).named(MANY).shutdown(Shutdown::Infinity);
    world.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(1), vec![many]));
    world
}

/// True if a foreign process's signal has ended a supervisor.
fn ends_for_a_stranger() -> bool {
    let mut world = guarded();
    let supervisor = world.whereis(MANY);
    let stranger = world.spawn(plain());
    world.send(stranger, Order::Signal(MANY));
    world.run();
    world.whereis(MANY) != supervisor
}

#[test]
fn a_supervisor_that_ends_for_a_stranger_is_another_afterwards() {
    assert!(!ends_for_a_stranger());
    assert!(with(&[STRANGERS_EXIT], ends_for_a_stranger));
}

/// True if a process lives that has sent itself a normal exit signal.
fn lives_after_its_own_signal() -> bool {
    let mut world = guarded();
    let one = world.spawn(plain());
    world.send(one, Order::SignalYourself);
    world.run();
    world.is_alive(one)
}

#[test]
fn a_normal_exit_to_oneself_that_is_ignored_leaves_one_alive() {
    assert!(!lives_after_its_own_signal());
    assert!(with(&[NORMAL_TO_ONESELF], lives_after_its_own_signal));
}

/// True if a world has ended once its last awaited child was given up.
fn is_over_when_the_last_is_given_up() -> bool {
    let mut world = guarded();
    let many = world.node("root/many").expect("was grown");
    world.spawn_child(many, 1, Signaller { is_deaf: true, ..plain() });
    world.run();
    world.shut_down();
    world.run();
    assert_eq!(world.death(), None, "the child is deaf, and waited for");
    assert!(world.give_up_one_of(many, 1).is_ok());
    world.run();
    world.death().is_some()
}

#[test]
fn a_child_given_up_unheard_is_waited_for_for_ever() {
    assert!(is_over_when_the_last_is_given_up());
    assert!(!with(&[GIVEN_UP_UNHEARD], is_over_when_the_last_is_given_up));
}

/// True if a branch is there that was removed from the tree before its group could start it.
fn starts_what_was_deleted() -> bool {
    let mut world = guarded();
    let root = world.node("root").expect("was grown");
    let deaf = world.grow(Some(root), Node::one("deaf", true).shutdown(Shutdown::Within(5)));
    world.run();
    assert!(world.terminate_child(deaf).is_ok(), "which is waited for");
    let late = world.grow(Some(root), Node::one("late", false).named(Name(2)));
    assert!(world.delete_child(late).is_ok());
    world.set_time(5);
    world.run();
    world.whereis(Name(2)).is_some()
}

#[test]
fn a_deleted_child_that_starts_is_there_all_the_same() {
    assert!(!starts_what_was_deleted());
    assert!(with(&[DELETED_STARTS], starts_what_was_deleted));
}

/// True if a process whose destructor panics is reported as failed.
fn is_heard_to_have_failed() -> Option<bool> {
    let mut world = guarded();
    let fragile = world.spawn(Signaller { is_fragile: true, ..plain() });
    let witness = world.spawn(plain());
    world.send(witness, Order::Watch(fragile));
    world.run();
    world.send(fragile, Order::End);
    world.run();
    world.process(witness).expect("it lives").heard
}

#[test]
fn a_destructor_that_fails_unheard_is_taken_for_a_good_end() {
    assert_eq!(is_heard_to_have_failed(), Some(true));
    assert_eq!(with(&[REASON_IN_SPITE], is_heard_to_have_failed), Some(false));
}

/// The law that is broken after a floor has died until it was no longer restarted, if one is.
fn after_a_floor_was_given_up() -> Option<LawName> {
    let (mut stage, mut history) = (Stage::new(1), History::default());
    while stage.kill(Who::Floor(MarketId(0))) {
        while stage.deliver() {}
        for seen in stage.seen() {
            if let Observed::Recorded(_, fact) = seen {
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
