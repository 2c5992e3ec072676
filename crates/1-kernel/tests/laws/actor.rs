//! A process that executes the closures it receives, and the diary in which it writes what it hears.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use kernel::{
    Broken, Event, MonitorRef, Name, Out, Pid, Process, Reason, StartContext, StateMachine, World,
};

pub(crate) type Town = World<Actor>;

/// A world of actors whose state machine knows no facts yet; the bearer of name 0 may read it.
pub(crate) fn town() -> Town {
    World::new(Book::default(), Some(Name(0)), ())
}

/// What to do in a step.
#[derive(Clone)]
pub(crate) struct Act(Rc<Step>);

type Step = dyn Fn(&mut Out<Actor>);
type Making = dyn Fn(&StartContext<'_, u32>);

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("act")
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// To be written down.
    Text(String),
    /// To be done.
    Do(Act),
}

pub(crate) fn text(text: impl ToString) -> Message {
    Message::Text(text.to_string())
}

pub(crate) fn act(act: impl Fn(&mut Out<Actor>) + 'static) -> Message {
    Message::Do(Act(Rc::new(act)))
}

/// Sets a monitor.
pub(crate) fn watch(pid: Pid) -> Message {
    act(move |out| {
        out.monitor(pid);
    })
}

/// A step that ends its process by a panic. The text is one that the tests' panic hook keeps quiet.
pub(crate) fn crash() -> Message {
    act(|_| panic!("planned"))
}

#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// A child with this key must be there from now on.
    Enters(u64),
    /// No more.
    Leaves(u64),
    /// Breaks the law.
    Wrong,
    /// Is too much for the state machine.
    Fatal,
}

/// The state machine: which children must be there.
#[derive(Clone, Default, Debug)]
pub(crate) struct Book {
    pub(crate) inside: BTreeSet<u64>,
    /// Where those were last seen, for supervisors whose index it is.
    pub(crate) places: BTreeMap<u64, u32>,
    pub(crate) admitted: usize,
}

impl StateMachine for Book {
    type Fact = Fact;

    fn apply(&mut self, by: Pid, facts: &[Fact]) -> Result<(), Broken> {
        if facts.iter().any(|fact| matches!(fact, Fact::Wrong)) {
            return Err(Broken("nothing wrong is written".into()));
        }
        self.admitted += facts.len();
        for fact in facts {
            match fact {
                Fact::Enters(key) => {
                    self.is_placed(*key, u32::try_from(by.index()).expect("32 bits"));
                    self.inside.insert(*key)
                }
                Fact::Leaves(key) => self.inside.remove(key),
                Fact::Wrong => false,
                Fact::Fatal => panic!("planned"),
            };
        }
        Ok(())
    }

    fn place_of(&self, key: u64) -> Option<u32> {
        self.places.get(&key).copied()
    }

    fn is_placed(&mut self, key: u64, index: u32) {
        self.places.insert(key, index);
    }
}

/// What all lives of all actors of a test have heard, in order.
#[derive(Clone, Default)]
pub(crate) struct Diary(Rc<RefCell<Vec<Line>>>);

/// Who, what event, and that in words.
type Line = (String, Heard, String);

/// An event as it is kept.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Heard {
    Message { from: Pid },
    Down { monitor: MonitorRef, pid: Pid, reason: Reason },
    Exit { from: Pid },
    Other,
}

impl Heard {
    fn keep(event: &Event<'_, Message>) -> Heard {
        match *event {
            Event::Message { from, .. } => Heard::Message { from },
            Event::Down { monitor, pid, reason } => {
                Heard::Down { monitor, pid, reason: reason.clone() }
            }
            Event::Exit { from, .. } => Heard::Exit { from },
            Event::Start | Event::Timer { .. } => Heard::Other,
        }
    }
}

impl Diary {
    /// What one actor heard, a line an event.
    pub(crate) fn of(&self, who: &str) -> Vec<String> {
        let lines = self.0.borrow();
        lines.iter().filter(|line| line.0 == who).map(|line| line.2.clone()).collect()
    }

    /// What all heard: `who: what`.
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.borrow().iter().map(|(who, _, what)| format!("{who}: {what}")).collect()
    }

    /// The events themselves that one actor heard.
    pub(crate) fn events(&self, who: &str) -> Vec<Heard> {
        let lines = self.0.borrow();
        lines.iter().filter(|line| line.0 == who).map(|line| line.1.clone()).collect()
    }

    /// Forgets what was heard so far.
    pub(crate) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// A role whose actor writes here.
    pub(crate) fn role(&self, name: &'static str) -> Role {
        let diary = self.clone();
        let (making, starting, gave_up) = (None, None, None);
        Role { name, diary, making, starting, asked_to_end: None, gave_up, records: None }
    }

    /// An actor outside the tree, in its only life.
    pub(crate) fn actor(&self, name: &'static str) -> Actor {
        Actor { role: self.role(name), note: None }
    }
}

/// The role whose supervisor of many panics when it is to say which children it has.
pub(crate) const KEYLESS: &str = "keyless";
/// The role whose supervisor of many panics when it is to say that it has given one up.
pub(crate) const SPEECHLESS: &str = "speechless";

/// What an actor's place is for.
#[derive(Clone)]
pub(crate) struct Role {
    name: &'static str,
    diary: Diary,
    making: Option<Rc<Making>>,
    starting: Option<Act>,
    asked_to_end: Option<Act>,
    gave_up: Option<Name>,
    records: Option<u64>,
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Role {
    /// What it does at the start of each life.
    pub(crate) fn starting(self, start: impl Fn(&mut Out<Actor>) + 'static) -> Role {
        Role { starting: Some(Act(Rc::new(start))), ..self }
    }

    /// It traps exits, and what it does when it gets one.
    pub(crate) fn trapping(self, act: impl Fn(&mut Out<Actor>) + 'static) -> Role {
        let role = Role { asked_to_end: Some(Act(Rc::new(act))), ..self };
        role.starting(|out| out.trap_exits(true))
    }

    /// What happens while it is being made, before its life begins.
    pub(crate) fn making(self, make: impl Fn(&StartContext<'_, u32>) + 'static) -> Role {
        Role { making: Some(Rc::new(make)), ..self }
    }

    /// Who hears of it when the supervisor gives up on one of these.
    pub(crate) fn telling(self, name: Name) -> Role {
        Role { gave_up: Some(name), ..self }
    }

    /// The fact that the log gets when a process in this role is given up.
    pub(crate) fn recording(self, key: u64) -> Role {
        Role { records: Some(key), ..self }
    }

    /// An actor in this role, to be spawned as a child.
    pub(crate) fn actor(&self) -> Actor {
        Actor { role: self.clone(), note: None }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Actor {
    role: Role,
    /// The note of the last life.
    note: Option<u32>,
}

impl Process for Actor {
    type Message = Message;
    type Fact = Fact;
    type StateMachine = Book;
    type Note = u32;
    type Role = Role;

    fn start(role: &Role, context: StartContext<'_, u32>) -> Actor {
        if let Some(make) = &role.making {
            make(&context);
        }
        Actor { role: role.clone(), note: context.note.copied() }
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Actor>) {
        let what = match &event {
            Event::Start => self.first_line(out),
            Event::Message { message: Message::Text(text), .. } => text.clone(),
            Event::Message { message: Message::Do(act), .. } => return act.0(out),
            Event::Down { reason, .. } => format!("down: {reason}"),
            Event::Exit { reason, .. } => format!("exit: {reason}"),
            Event::Timer { token } => format!("timer {token}"),
        };
        let who = match out.key() {
            0 => self.role.name.to_string(),
            key => format!("{} {key}", self.role.name),
        };
        self.role.diary.0.borrow_mut().push((who, Heard::keep(&event), what));
        let act = match event {
            Event::Start => &self.role.starting,
            Event::Exit { .. } => &self.role.asked_to_end,
            Event::Message { .. } | Event::Down { .. } | Event::Timer { .. } => &None,
        };
        if let Some(act) = act {
            act.0(out);
        }
    }

    fn children(role: &Role, state_machine: &Book) -> Vec<u64> {
        assert!(role.name != KEYLESS, "planned");
        state_machine.inside.iter().copied().collect()
    }

    fn given_up(role: &Role, _key: u64, _keeper: &Book) -> Option<Fact> {
        role.records.map(Fact::Enters)
    }

    fn gave_up(role: &Role, key: u64) -> Option<(Name, Message)> {
        assert!(role.name != SPEECHLESS, "planned");
        role.gave_up.map(|name| (name, text(format!("gave up {key}"))))
    }
}

impl Actor {
    fn first_line(&self, out: &Out<Actor>) -> String {
        let note = self.note.map(|note| format!(", note {note}")).unwrap_or_default();
        format!("start {}{note}", out.incarnation())
    }
}

/// The address of the process with this name, which the test has just registered.
pub(crate) fn bearer(town: &Town, name: Name) -> Pid {
    town.whereis(name).expect("the test registered this name")
}
