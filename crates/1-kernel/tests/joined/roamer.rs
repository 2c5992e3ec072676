//! Roamers of joined worlds, which act on processes and names of any world.

use kernel::{Name, Out, Pid, Reason, Seeded, World};

use crate::shared::{self, Fact, Habits, is_named};
pub(crate) use crate::shared::{Books, Counter, MANY, Message, Monitored, Shared};

pub(crate) type Roamer = shared::Roamer<Travelling>;
pub(crate) type Wild = World<Roamer, Counter>;

pub(crate) const ROOT: Name = Name(99);

/// The name of a process of this world, known in all worlds.
pub(crate) fn name_in(world: u8) -> Name {
    Name(1 + u32::from(world))
}

/// Habits of the roamers of joined worlds.
#[derive(Clone, Debug)]
pub(crate) enum Travelling {}

impl Habits for Travelling {
    const END_ON_SHUTDOWN: bool = false;

    fn act(roamer: &mut Roamer, fuel: u32, dice: &mut Seeded, out: &mut Out<Roamer>) {
        let name = name_in(u8::try_from(dice.below(4)).expect("small"));
        let peer = roamer.anyone(out.whereis(name).unwrap_or(out.me()), dice);
        let is_process = !is_named(peer);
        match dice.below(24) {
            0..=6 => roamer.send(peer, fuel, dice, out),
            7 | 8 => {
                let pid = out.spawn(Roamer::new(&roamer.heard));
                roamer.greet(pid, fuel, dice, out);
            }
            9 => {
                let pid = out.spawn_child(MANY, dice.draw(), Roamer::new(&roamer.heard));
                roamer.greet(pid, fuel, dice, out);
            }
            10..=13 => roamer.monitor(peer, out),
            14 => roamer.demonitor(out),
            // Links and exit signals are for processes: a name does not end.
            15 | 16 if is_process => {
                out.link(peer);
                out.record(Fact::Linked(out.me(), peer));
            }
            17 if is_process => {
                out.unlink(peer);
                out.record(Fact::Unlinked(out.me(), peer));
            }
            18 => out.trap_exits(true),
            19 => {
                out.timer(u64::from(fuel), dice.draw());
            }
            20 => out.note((dice.below(3) > 0).then_some(fuel)),
            _ => end(roamer, peer, dice, out),
        }
    }
}

/// Ends itself or another, in one way or another, or does not.
fn end(roamer: &Roamer, peer: Pid, dice: &mut Seeded, out: &mut Out<Roamer>) {
    match dice.below(10) {
        0 => out.exit(Reason::Normal),
        1 => out.exit(Reason::Said(1)),
        2 | 3 if !is_named(peer) => {
            let reason = if dice.below(2) == 0 { Reason::Killed } else { Reason::Said(2) };
            out.record(Fact::Signalled(out.me(), peer));
            out.exit_other(peer, reason);
        }
        4 => roamer.panic(),
        _ => {}
    }
}
