//! A process that does what it is told, and remembers what it heard.

use kernel::{Event, MonitorRef, NoFact, NoStateMachine, Out, Pid, Process, Reason, StartContext};

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Say {
    Number(u32),
    /// Sends numbers up to this one.
    Count(Pid, u32),
    /// Answers with the number less one, until that is 0.
    Bounce(u32),
    Serve(Pid, u32),
    Watch(Pid),
    Unwatch,
    Link(Pid),
    Unlink(Pid),
    Trap,
    Fail,
}

#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Peer {
    pub(crate) numbers: Vec<u32>,
    pub(crate) ends: Vec<(Pid, Reason)>,
    watching: Option<MonitorRef>,
}

impl Process for Peer {
    type Message = Say;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _life: StartContext<'_, ()>) -> Peer {
        Peer::default()
    }

    fn handle(&mut self, event: Event<'_, Say>, out: &mut Out<Peer>) {
        match event {
            Event::Message { from, message } => match *message {
                Say::Number(number) => self.numbers.push(number),
                Say::Count(to, last) => (1..=last).for_each(|n| out.send(to, Say::Number(n))),
                Say::Bounce(left) => {
                    self.numbers.push(left);
                    if left > 0 {
                        out.send(from, Say::Bounce(left - 1));
                    }
                }
                Say::Serve(to, left) => out.send(to, Say::Bounce(left)),
                Say::Watch(pid) => self.watching = Some(out.monitor(pid)),
                Say::Unwatch => self.watching.take().into_iter().for_each(|m| out.demonitor(m)),
                Say::Link(pid) => out.link(pid),
                Say::Unlink(pid) => out.unlink(pid),
                Say::Trap => out.trap_exits(true),
                Say::Fail => panic!("planned"),
            },
            Event::Down { pid, reason, .. } | Event::Exit { from: pid, reason } => {
                self.ends.push((pid, reason.clone()));
            }
            Event::Start | Event::Timer { .. } => {}
        }
    }
}
