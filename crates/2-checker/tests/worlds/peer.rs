//! A process that obeys its messages, and remembers what it heard.

use kernel::{Event, MonitorRef, NoFact, NoStateMachine, Out, Pid, Process, Reason, StartContext};

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Message {
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
    type Message = Message;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _context: StartContext<'_, ()>) -> Peer {
        Peer::default()
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Peer>) {
        match event {
            Event::Message { from, message } => match *message {
                Message::Number(number) => self.numbers.push(number),
                Message::Count(to, last) => {
                    (1..=last).for_each(|n| out.send(to, Message::Number(n)))
                }
                Message::Bounce(left) => {
                    self.numbers.push(left);
                    if left > 0 {
                        out.send(from, Message::Bounce(left - 1));
                    }
                }
                Message::Serve(to, left) => out.send(to, Message::Bounce(left)),
                Message::Watch(pid) => self.watching = Some(out.monitor(pid)),
                Message::Unwatch => self.watching.take().into_iter().for_each(|m| out.demonitor(m)),
                Message::Link(pid) => out.link(pid),
                Message::Unlink(pid) => out.unlink(pid),
                Message::Trap => out.trap_exits(true),
                Message::Fail => panic!("planned"),
            },
            Event::Down { pid, reason, .. } | Event::Exit { from: pid, reason } => {
                self.ends.push((pid, reason.clone()));
            }
            Event::Start | Event::Timer { .. } => {}
        }
    }
}
