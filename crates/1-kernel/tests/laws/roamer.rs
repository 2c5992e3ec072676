//! Roamers of one world, in a tree.

use std::rc::Rc;

use kernel::{Intensity, Name, Node, Out, Pid, Reason, Restart, Seeded, Shutdown, Strategy, World};

use crate::shared::{self, Books, Counter, Fact, Habits, MANY, Message};
pub(crate) use crate::shared::{Heard, Shared};

pub(crate) type Roamer = shared::Roamer<Alone>;
pub(crate) type Wild = World<Roamer, Counter>;

pub(crate) const ROOT: Name = Name(7);
/// Names that roamers take.
const NAMES: u32 = 6;

/// Habits of the roamers of one world.
#[derive(Clone, Debug)]
pub(crate) enum Alone {}

impl Habits for Alone {
    const END_ON_SHUTDOWN: bool = true;

    fn act(roamer: &mut Roamer, fuel: u32, dice: &mut Seeded, out: &mut Out<Roamer>) {
        let name = Name(1 + u32::try_from(dice.below(NAMES as usize)).expect("small"));
        let peer = roamer.anyone(out.whereis(name).unwrap_or(out.me()), dice);
        match dice.below(24) {
            0..=5 => roamer.send(peer, fuel, dice, out),
            6..=8 => {
                let pid = out.spawn(Roamer::new(&roamer.heard));
                roamer.greet(pid, fuel, dice, out);
            }
            9 => {
                let (key, child) = (dice.draw(), Roamer::new(&roamer.heard));
                let pid = if key.is_multiple_of(2) {
                    out.spawn_child(MANY, key, child)
                } else {
                    let (pid, reference) = out.spawn_child_monitored(MANY, key, child);
                    roamer.has_monitored(reference, pid, out);
                    pid
                };
                roamer.greet(pid, fuel, dice, out);
            }
            10..=12 => roamer.monitor(peer, out),
            13 => roamer.demonitor(out),
            14 => out.link(peer),
            15 => out.unlink(peer),
            16 => out.trap_exits(dice.below(2) == 0),
            17 => out.note((dice.below(3) > 0).then_some(fuel)),
            18 => out.register(Name(1 + fuel % NAMES)),
            19 => {
                out.timer(u64::from(fuel), dice.draw());
            }
            20 => out.join(1, 1),
            _ => end(roamer, peer, dice, out),
        }
    }
}

/// Ends itself or another, in one way or another, or does not.
fn end(roamer: &Roamer, peer: Pid, dice: &mut Seeded, out: &mut Out<Roamer>) {
    match dice.below(8) {
        0 => out.exit(Reason::Normal),
        1 => out.exit(Reason::Said(1)),
        2 => out.exit_other(peer, Reason::Killed),
        3 => out.exit_other(peer, Reason::Said(2)),
        4 => out.record(Fact::Wrong),
        5 => roamer.panic(),
        _ => {}
    }
}

/// A tree with named roamers and a supervisor of many, and roamers outside it, with messages from
/// outside to them, numbered from 1. Returns the number of these messages too.
pub(crate) fn wild(seed: u64, heard: &Shared) -> (Wild, u64) {
    let mut world = World::new(Books::default(), None, Counter::default());
    let mut dice = Seeded::new(seed);
    let one = |name: &'static str, number| {
        let node = Node::one(name, Rc::clone(heard)).named(Name(number));
        node.restarted(Restart::Permanent).shutdown(Shutdown::Within(9))
    };
    let often = Intensity::times(1_000_000);
    let strategies = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];
    let (outer, inner) = (strategies[dice.below(3)], strategies[dice.below(3)]);
    let children = vec![
        one("a", 1),
        Node::group("inner", inner, often, vec![one("b", 2), one("c", 3)]),
        Node::many("many", Rc::clone(heard))
            .named(MANY)
            .intensity_per_child(Intensity::times(2))
            .shutdown(Shutdown::Within(9)),
    ];
    world.grow(None, Node::group("root", outer, often, children).named(ROOT));
    let loose: Vec<Pid> = (0..4).map(|_| world.spawn(Roamer::new(heard))).collect();
    let sent = 20;
    for number in 1..=sent {
        let to = match dice.below(2) {
            0 => loose[dice.below(loose.len())],
            _ => world
                .whereis(Name(1 + u32::try_from(dice.below(3)).expect("small")))
                .expect("the tree has named it"),
        };
        let (meant, chance) = (Some(to), dice.draw());
        world.send(to, Message { number, meant, friend: to, fuel: 9, chance });
    }
    (world, sent)
}

/// Advances time until no supervisor awaits a child that it is ending.
pub(crate) fn settle(world: &mut Wild) {
    let nodes: Vec<_> =
        ["root", "root/inner", "root/many"].iter().filter_map(|path| world.node(path)).collect();
    for time in 1.. {
        world.run();
        let mut children = nodes.iter().flat_map(|node| world.which_children(*node));
        let waits = children.any(|child| child.is_ending) || world.census().between > 0;
        if !waits && world.waiting() == 0 {
            return;
        }
        assert!(time < 1_000, "a supervisor awaits a child for ever");
        world.set_time(1_000_000 + time * 10);
    }
}
