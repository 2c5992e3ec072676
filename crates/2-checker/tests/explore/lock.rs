//! A lock and those who want it: asked for, given, given back; who dies with it loses it.

use std::collections::VecDeque;

use checker::explore::Scene;
use kernel::{Event, NoFact, NoStateMachine, Out, Pid, Process, Renaming, StartContext, World};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Wrong {
    Not,
    /// The lock grants every request.
    GivesTwice,
    /// The lock does not watch who has it.
    ForgetsTheDead,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Party {
    Lock { holder: Option<Pid>, queue: VecDeque<Pid>, wrong: Wrong },
    User { lock: Pid, has: bool, content: bool },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Message {
    Ask,
    Give,
    Back,
    /// A user's word to itself: enough.
    Enough,
}

impl Party {
    pub(crate) fn holds_lock(&self) -> bool {
        matches!(self, Party::User { has: true, .. })
    }

    pub(crate) fn is_content(&self) -> bool {
        matches!(self, Party::Lock { .. } | Party::User { content: true, .. })
    }

    pub(crate) fn lock(wrong: Wrong) -> Party {
        Party::Lock { holder: None, queue: VecDeque::new(), wrong }
    }

    pub(crate) fn user(lock: Pid) -> Party {
        Party::User { lock, has: false, content: false }
    }

    fn give_on(&mut self, out: &mut Out<Party>) {
        let Party::Lock { holder, queue, wrong } = self else { return };
        out.demonitor_all();
        *holder = queue.pop_front();
        if let Some(next) = *holder {
            if *wrong != Wrong::ForgetsTheDead {
                out.monitor(next);
            }
            out.send(next, Message::Give);
        }
    }
}

impl Process for Party {
    type Message = Message;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _context: StartContext<'_, ()>) -> Party {
        Party::lock(Wrong::Not)
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        match (self, event) {
            (Party::User { lock, .. }, Event::Start) => out.send(*lock, Message::Ask),
            (Party::User { has, content, .. }, Event::Message { message: Message::Give, .. }) => {
                (*has, *content) = (true, true);
                out.send(out.me(), Message::Enough);
            }
            (Party::User { lock, has, .. }, Event::Message { message: Message::Enough, .. }) => {
                *has = false;
                out.send(*lock, Message::Back);
            }
            (lock @ Party::Lock { .. }, Event::Message { from, message: Message::Ask }) => {
                let Party::Lock { holder, queue, wrong } = lock else { return };
                queue.push_back(from);
                if holder.is_none() || *wrong == Wrong::GivesTwice {
                    lock.give_on(out);
                }
            }
            (
                lock @ Party::Lock { .. },
                Event::Message { message: Message::Back, .. } | Event::Down { .. },
            ) => {
                lock.give_on(out);
            }
            _ => {}
        }
    }
}

/// A lock and its users. The lock itself does not die.
pub(crate) fn scene(users: usize, wrong: Wrong) -> Scene<Party> {
    let mut world = World::new(NoStateMachine, None, ());
    let lock = world.spawn(Party::lock(wrong));
    for _ in 0..users {
        world.spawn(Party::user(lock));
    }
    Scene::new(world).killable(is_user)
}

pub(crate) fn is_user(world: &World<Party>, pid: Pid) -> bool {
    matches!(world.process(pid), Some(Party::User { .. }))
}

/// All ways to call three users by each other's addresses; the lock is at index 0.
pub(crate) fn renamings_of_three() -> Vec<Renaming> {
    vec![vec![0, 1, 3, 2], vec![0, 2, 1, 3], vec![0, 2, 3, 1], vec![0, 3, 1, 2], vec![0, 3, 2, 1]]
}
