//! Calls every function with every kind of argument, while processes end: addresses of the dead, of next lives, of
//! supervisors, of answers, of no process; unregistered names, removed nodes, keys in use. Only documented panics may
//! occur, and nothing may be left behind.

use std::cell::RefCell;
use std::rc::Rc;

use kernel::{
    Call, ChildId, Intensity, MonitorRef, Name, Node, NodeId, Out, Pid, Reason, Restart, Seeded,
    Shutdown, Strategy, TimerRef, Watch, World,
};

use crate::actor::{Actor, Book, Diary, Fact, Message, Role, act, text};
use crate::schedule::quietly;

const NAMES: usize = 9;
/// The root's name, which no other process takes.
const ROOT: Name = Name(9);

/// Ends that no process planned: a process that died of the kernel's own panic.
#[derive(Default)]
struct Ends {
    unplanned: Vec<Reason>,
    planned: u64,
}

impl Watch<Actor> for Ends {
    fn ended(&mut self, _pid: Pid, _key: u64, reason: &Reason) {
        let Reason::Failed(text) = reason else { return };
        let planned = ["planned", "nothing wrong", "restart intensity", "did not start"];
        match planned.iter().any(|plan| text.contains(plan)) {
            true => self.planned += 1,
            false => self.unplanned.push(reason.clone()),
        }
    }
}

type Place = World<Actor, Ends>;

/// All that was ever seen, to be used again whatever became of it.
#[derive(Default)]
struct Seen {
    pids: Vec<Pid>,
    monitors: Vec<MonitorRef>,
    timers: Vec<TimerRef>,
    asks: Vec<Call>,
    nodes: Vec<NodeId>,
    groups: Vec<NodeId>,
}

type Shared = Rc<RefCell<Seen>>;

fn one_of<T: Copy>(of: &[T], dice: &mut Seeded) -> Option<T> {
    (!of.is_empty()).then(|| of[dice.below(of.len())])
}

fn name(dice: &mut Seeded) -> Name {
    Name(u32::try_from(dice.below(NAMES)).expect("small"))
}

fn reason(dice: &mut Seeded) -> Reason {
    let all = [
        Reason::Normal,
        Reason::Shutdown,
        Reason::Killed,
        Reason::NoProcess,
        Reason::NoConnection,
        Reason::Said(1),
        Reason::Failed("planned".into()),
    ];
    all[dice.below(all.len())].clone()
}

fn pid(seen: &Seen, dice: &mut Seeded) -> Pid {
    match dice.below(12) {
        0 => Pid::OUTSIDE,
        1 => Pid::made_up(7, 0),
        2 => Pid::made_up(u32::MAX - 1, 3),
        3 => Pid::named(0, name(dice)),
        _ => one_of(&seen.pids, dice).unwrap_or(Pid::OUTSIDE),
    }
}

/// One call of what a step may call.
fn call(seen: &Shared, diary: &Diary, dice: &mut Seeded, out: &mut Out<Actor>) {
    let to = match dice.below(6) {
        0 => out.me(),
        1 => out.whereis(name(dice)).unwrap_or(Pid::OUTSIDE),
        _ => pid(&seen.borrow(), dice),
    };
    let key = dice.draw() % 4;
    let mut seen = seen.borrow_mut();
    match dice.below(36) {
        0 => out.send(to, text("word")),
        1 => out.send_to(name(dice), text("word")),
        2 | 3 => seen.monitors.push(out.monitor(to)),
        4 => {
            if let Some(monitor) = one_of(&seen.monitors, dice) {
                out.demonitor(monitor);
            }
        }
        5 => out.demonitor_all(),
        6 => {
            let ask = out.call(to, |_| text("a question"));
            seen.asks.push(ask);
            seen.pids.push(ask.reply_to);
        }
        7 => seen.asks.push(out.call_by_name(name(dice), |_| text("a question"))),
        8 => {
            if let Some(ask) = one_of(&seen.asks, dice) {
                out.cancel_call(ask);
            }
        }
        9 | 10 => out.link(to),
        11 => out.unlink(to),
        12 => out.trap_exits(dice.below(2) == 0),
        13 => out.exit(reason(dice)),
        14 | 15 => out.exit_other(to, reason(dice)),
        16 => seen.pids.push(out.spawn(diary.actor("loose"))),
        17 => seen.pids.push(out.spawn_monitored(diary.actor("loose")).0),
        18 => seen.pids.push(out.spawn_linked(diary.actor("loose"))),
        19 => seen.pids.push(out.spawn_child(name(dice), key, diary.actor("child"))),
        20 => seen.pids.push(out.spawn_child_monitored(name(dice), key, diary.actor("child")).0),
        21 => out.terminate_child(name(dice), ChildId::Key(key)),
        22 => out.terminate_child(name(dice), ChildId::Named(name(dice))),
        23 => out.give_up(name(dice), key),
        24 => out.restart_child(name(dice), name(dice)),
        25 => out.multicast(name(dice), text("to all")),
        26 => seen.timers.push(out.timer(dice.draw() % 20, 1)),
        27 => seen.timers.push(out.timer(u64::MAX, 2)),
        28 => {
            if let Some(timer) = one_of(&seen.timers, dice) {
                out.cancel_timer(timer);
            }
        }
        29 => out.join(1, key),
        30 => out.quit(1),
        31 => out.publish(1, u64::MAX, &text("published")),
        32 => out.note((key > 0).then_some(1)),
        33 => out.register(name(dice)),
        34 => out.record(if key == 0 { Fact::Wrong } else { Fact::Enters(key) }),
        _ => panic!("planned"),
    }
}

/// A step that calls several.
fn meddling(seen: &Shared, diary: &Diary, dice: &mut Seeded) -> Message {
    let (seen, diary, seed) = (Rc::clone(seen), diary.clone(), dice.draw());
    act(move |out| {
        let mut dice = Seeded::new(seed);
        for _ in 0..1 + dice.below(5) {
            call(&seen, &diary, &mut dice, out);
        }
    })
}

/// Now and then one that is deaf to being asked, or cannot be made in some of its lives.
fn role(diary: &Diary, name: &'static str, dice: &mut Seeded) -> Role {
    let role = diary.role(name).telling(Name(1));
    match dice.below(5) {
        0 => role.trapping(|_| {}),
        1 => role.making(|context| assert!(context.incarnation % 3 != 2, "planned")),
        2 => role.trapping(|out| out.exit(Reason::Said(1))),
        _ => role,
    }
}

fn kind(dice: &mut Seeded) -> (Restart, Shutdown) {
    let restarts = [Restart::Permanent, Restart::Transient, Restart::Temporary];
    let shutdowns = [Shutdown::Kill, Shutdown::Within(5), Shutdown::Infinity];
    (restarts[dice.below(3)], shutdowns[dice.below(3)])
}

fn node(diary: &Diary, dice: &mut Seeded, depth: usize) -> Node<Role> {
    let (restart, shutdown) = kind(dice);
    let made = match dice.below(if depth < 2 { 4 } else { 2 }) {
        0 => Node::one("one", role(diary, "one", dice)),
        1 => Node::many("many", role(diary, "many", dice)),
        _ => {
            let strategies = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];
            let strategy = strategies[dice.below(3)];
            let times = Intensity::times(u32::try_from(dice.below(4)).expect("small"));
            let below = (0..dice.below(4)).map(|_| node(diary, dice, depth + 1)).collect();
            Node::group("group", strategy, times.within(10), below)
        }
    };
    let made = made.restarted(restart).shutdown(shutdown);
    if dice.below(3) > 0 { made.named(name(dice)) } else { made }
}

/// Writes down every place below one, and who is there.
fn look(place: &Place, at: NodeId, seen: &mut Seen) {
    for child in place.which_children(at) {
        seen.pids.extend(child.pid);
        if child.node == at || seen.nodes.contains(&child.node) {
            continue;
        }
        seen.nodes.push(child.node);
        if child.name == "group" {
            seen.groups.push(child.node);
            look(place, child.node, seen);
        }
    }
}

/// One call of what the edge may call.
fn edge(place: &mut Place, seen: &Shared, diary: &Diary, dice: &mut Seeded) {
    let (to, from) = (pid(&seen.borrow(), dice), pid(&seen.borrow(), dice));
    let at = one_of(&seen.borrow().nodes, dice).expect("the root is there");
    let group = one_of(&seen.borrow().groups, dice).expect("the root is there");
    let key = dice.draw() % 4;
    let met = match dice.below(32) {
        0..=4 => return place.send(to, meddling(seen, diary, dice)),
        5..=9 => {
            let _is_borne = place.send_to(name(dice), meddling(seen, diary, dice));
            return;
        }
        10 => place.spawn(diary.actor("loose")),
        // That its key is free is the caller's care.
        11 if place.child(at, key).is_none() => place.spawn_child(at, key, diary.actor("child")),
        12 => return place.kill(to),
        13 => return place.end(to, reason(dice)),
        14 => return place.exit_as(from, to, &reason(dice)),
        15 => return place.send_as(from, to, meddling(seen, diary, dice)),
        16 => {
            let _refused = place.terminate_child(at);
            return;
        }
        17 => {
            let _refused = place.restart_child(at);
            return;
        }
        18 if dice.below(4) == 0 => {
            let _refused = place.delete_child(at);
            return;
        }
        19 => {
            let _refused = place.terminate_one_of(at, key);
            return;
        }
        20 => {
            let _refused = place.give_up_one_of(at, key);
            return;
        }
        21 => place.restart_one_of(at, key).unwrap_or(Pid::OUTSIDE),
        22 => return place.forget_one_of(at, key),
        23 => place.child(at, key).unwrap_or(Pid::OUTSIDE),
        24 => {
            let index = u32::try_from(to.index()).expect("32 bits");
            place.child_seen_at(at, key, index).unwrap_or(Pid::OUTSIDE)
        }
        25 => {
            let fact = if key == 0 { Fact::Wrong } else { Fact::Leaves(key) };
            let _broken = place.record(fact);
            return;
        }
        26 if dice.below(4) == 0 => {
            place.grow(Some(group), node(diary, dice, 1));
            return;
        }
        27 if dice.below(20) == 0 => return place.shut_down(),
        28 => {
            let offset = [0, 1, place.waiting(), usize::MAX][dice.below(4)];
            let _is_delivered = place.deliver_at(offset);
            return;
        }
        29 => {
            place.run_at_most(dice.draw() % 8);
            return;
        }
        30 => {
            let _counts = (place.count_children(at), place.census(), place.tree());
            let _looks = (place.monitors(to), place.note(to), place.process(to).is_some());
            return place.prune();
        }
        _ => place.whereis(name(dice)).unwrap_or(Pid::OUTSIDE),
    };
    seen.borrow_mut().pids.push(met);
}

/// Kills living processes until none is left.
fn end_all(place: &mut Place, seed: u64) {
    for _ in 0..100 {
        place.run();
        let census = place.census();
        if census.processes + census.supervisors + census.between == 0 {
            return;
        }
        let loose: Vec<Pid> = place.processes().map(|(pid, ..)| pid).collect();
        let root = place.whereis(ROOT);
        root.into_iter().chain(loose).for_each(|pid| place.kill(pid));
    }
    panic!("seed {seed}: {:?} are there for ever\n{}", place.census(), place.tree());
}

fn meddle(seed: u64, made: &mut u64) {
    let (mut dice, diary, seen) = (Seeded::new(seed), Diary::default(), Shared::default());
    let mut place: Place = World::new(Book::default(), Some(Name(0)), Ends::default());
    let below = (0..3).map(|_| node(&diary, &mut dice, 0)).collect();
    let root = Node::group("group", Strategy::OneForOne, Intensity::times(20).within(10), below);
    let root = place.grow(None, root.named(ROOT));
    seen.borrow_mut().nodes.push(root);
    seen.borrow_mut().groups.push(root);
    for time in 0..60 {
        look(&place, root, &mut seen.borrow_mut());
        for _ in 0..1 + dice.below(6) {
            edge(&mut place, &seen, &diary, &mut dice);
            *made += 1;
        }
        match dice.below(4) {
            0 => place.run(),
            1 => drop(place.run_by(&mut Seeded::new(dice.draw()))),
            _ => drop(place.run_at_most(dice.draw() % 20)),
        }
        place.set_time(time * (1 + dice.draw() % 3));
    }
    end_all(&mut place, seed);
    place.prune();
    let census = place.census();
    assert_eq!((census.links, census.timers, census.calls), (0, 0, 0), "seed {seed}");
    assert_eq!((census.slots, census.waiting), (census.free, 0), "seed {seed}");
    assert_eq!(place.watch.unplanned, [], "seed {seed}");
}

#[test]
fn whatever_is_called_with_whatever_is_at_hand_nothing_panics_and_nothing_is_left() {
    quietly();
    let mut made = 0;
    let seeds = std::env::var("KERNEL_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    for seed in 0..seeds.unwrap_or(if cfg!(miri) { 2 } else { 2_000 }) {
        meddle(seed, &mut made);
    }
    assert!(made > 200, "{made} calls of the edge");
}
