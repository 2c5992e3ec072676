//! A watcher that draws what happens in a world, for any type of process.

use std::collections::BTreeMap;
use std::fmt;

use super::{Arrow, Row};
use kernel::{Envelope, Pid, Process, Reason, Signal, Watch};

/// Draws each message, fact, death and return as a row. Messages and facts appear in their
/// [`Debug`](fmt::Debug) form, in lower case.
///
/// ```
/// # use kernel::{Event, StartContext, NoFact, NoStateMachine, Out, Process, World};
/// use checker::chart::{Picture, Recorder};
/// # struct Echo;
/// # impl Process for Echo {
/// #     type Message = &'static str;
/// #     type Fact = NoFact;
/// #     type StateMachine = NoStateMachine;
/// #     type Note = ();
/// #     type Role = ();
/// #     fn start(_: &(), _: StartContext<'_, ()>) -> Echo { Echo }
/// #     fn handle(&mut self, event: Event<'_, &'static str>, out: &mut Out<Echo>) {
/// #         if let Event::Message { from, message: &"ping" } = event { out.send(from, "pong"); }
/// #     }
/// # }
/// let mut world: World<Echo, Recorder> = World::new(NoStateMachine, None, Recorder::new("client"));
/// let echo = world.spawn(Echo);
/// world.watch.call(echo, "echo");
/// world.send(echo, "ping");
/// world.run();
/// let chart = Picture::of("an echo answers", world.watch.rows()).to_string();
/// assert_eq!(chart, "an echo answers\nthen\n  client -> echo    \"ping\"\n  echo   -x client  \"pong\"");
/// ```
#[derive(Clone, Default, Debug)]
pub struct Recorder {
    outside: String,
    names: BTreeMap<usize, String>,
    rows: Vec<Row>,
}

impl Recorder {
    /// A recorder that calls the edge of the world by this name.
    pub fn new(outside: &str) -> Recorder {
        Recorder { outside: outside.to_owned(), ..Recorder::default() }
    }

    /// Names a slot, over restarts too. A process without a name appears by its address, and its
    /// start and end are not drawn: a supervisor, for example.
    pub fn call(&mut self, pid: Pid, name: impl Into<String>) {
        self.names.insert(pid.index(), name.into());
    }

    /// The rows so far.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Adds a note.
    pub fn remark(&mut self, text: impl Into<String>) {
        self.rows.push(Row::Note(text.into()));
    }

    /// Removes the rows, and keeps the names.
    pub fn clear(&mut self) {
        self.rows.clear();
    }

    fn name(&self, pid: Pid) -> String {
        if pid == Pid::OUTSIDE {
            return self.outside.clone();
        }
        self.names.get(&pid.index()).cloned().unwrap_or_else(|| format!("{pid:?}"))
    }

    fn signal<M: fmt::Debug>(&mut self, envelope: &Envelope<M>, arrow: Arrow) {
        let text = match &envelope.signal {
            Signal::Message(message) => small(message),
            Signal::Down(..) => "down".to_owned(),
            Signal::Exit(..) | Signal::Linked(..) => "exit".to_owned(),
            Signal::Timer(token) => format!("timer {token}"),
            Signal::Control(control) => small(control),
            // Between a supervisor and its children: the start or end itself is drawn.
            Signal::Start | Signal::Remote(_) | Signal::ChildDown(_) => return,
        };
        let (from, to) = (self.name(envelope.from), self.name(envelope.to));
        self.rows.push(Row::Arrow { from, arrow, to, text });
    }
}

/// A value as a chart writes it: `Work { job: 3 }` is `work job 3`.
fn small(value: &impl fmt::Debug) -> String {
    let text = format!("{value:?}");
    let mut out = String::new();
    let mut quoted = false;
    for character in text.chars() {
        quoted ^= character == '"';
        match character {
            _ if quoted || character == '"' => out.push(character),
            '{' | '}' | '(' | ')' | ':' | ',' => out.push(' '),
            _ => out.extend(character.to_lowercase()),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl<P: Process> Watch<P> for Recorder {
    fn delivered(&mut self, envelope: &Envelope<P::Message>) {
        self.signal(envelope, Arrow::Said);
    }

    fn undeliverable(&mut self, envelope: &Envelope<P::Message>) {
        self.signal(envelope, Arrow::Lost);
    }

    fn recorded(&mut self, by: Pid, fact: &P::Fact) {
        let (from, to) = (self.name(by), "log".to_owned());
        self.rows.push(Row::Arrow { from, arrow: Arrow::Recorded, to, text: small(fact) });
    }

    fn started(&mut self, pid: Pid, _key: u64, incarnation: u32) {
        if let Some(name) = self.names.get(&pid.index()).filter(|_| incarnation > 1) {
            self.rows.push(Row::Note(format!("{name} comes back")));
        }
    }

    fn ended(&mut self, pid: Pid, _key: u64, reason: &Reason) {
        let Some(name) = self.names.get(&pid.index()) else { return };
        self.rows.push(Row::Note(match reason {
            Reason::Normal => return,
            Reason::Failed(why) => format!("x {name} dies: {why}"),
            _ => format!("x {name} dies"),
        }));
    }
}
