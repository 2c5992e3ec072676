//! The cell's protocol: how it must answer whatever it can be told. Who tells it stands in `peers`.

mod peers;

use checker::component::{Effect, EffectOf, Expected, Input, InputOf, Transition, transition};
use kernel::Pid;
use life::{Being, Message, Note, Torus, Ways};

use peers::Peers;

/// Where a cell stands, by all that it was told and has answered. Two protocols in one text: with `WHOLE`
/// histories nothing is forgotten, and less can happen.
#[derive(Clone, Debug)]
pub(crate) struct Played<const WHOLE: bool> {
    torus: Torus,
    /// Steps between checkpoints.
    steps: u8,
    /// What it was, from time 0 to its own. Its next life has as much of that as the note says.
    was: Vec<bool>,
    /// The earliest time that it remembers.
    first: u32,
    checkpoint: u32,
    until: u32,
    /// The content at time 0 may be known.
    told: bool,
    note: Option<Note>,
    /// Who collects for the step that is under way.
    collector: Option<Pid>,
    /// What it will have to answer: to whom, when, on which ways; on none to a reader.
    owed: Vec<(Pid, u32, Option<Ways>)>,
    peers: Peers,
}

/// Stands for the collector that a step begins: the kernel chooses its address.
const FRESH: Pid = Pid::OUTSIDE;

/// What a step puts out, gathered part by part.
#[derive(Default)]
struct Answer {
    notes: Option<Note>,
    collects: bool,
    /// A life begins: it takes its name and traps exits.
    starts: bool,
    said: Vec<(Pid, Message)>,
}

impl Answer {
    fn says(&mut self, to: Pid, message: Message) {
        self.said.push((to, message));
    }

    /// Log, then speak: what is written and begun comes before what is said, and that to all in any order.
    fn does(self) -> Expected<EffectOf<Being>> {
        let begins = Effect::Begins { who: FRESH, key: 0, incarnation: 1 };
        let written = self.notes.map(|note| Effect::Notes(Some(note)));
        let first = Expected::all(written.into_iter().chain(self.collects.then_some(begins)));
        let links = self.collects.then_some(Effect::Links(FRESH));
        let stands = [Effect::Takes(Torus::name(peers::PLACE)), Effect::Traps(true)];
        let stands = self.starts.then_some(stands).into_iter().flatten();
        let said = self.said.into_iter().map(|(to, message)| Effect::Says { to, message });
        first.then(Expected::all(links.into_iter().chain(stands))).then(Expected::all(said))
    }
}

impl<const WHOLE: bool> Played<WHOLE> {
    fn now(&self) -> u32 {
        u32::try_from(self.was.len() - 1).unwrap()
    }

    fn at(&self, time: u32) -> Option<bool> {
        if time < self.first { None } else { self.was.get(time as usize).copied() }
    }

    fn alive(&self) -> bool {
        self.was[self.was.len() - 1]
    }

    /// Its next life goes on from here; with whole histories from time 0.
    fn write_down(&mut self, out: &mut Answer) {
        self.checkpoint = if WHOLE { 0 } else { self.now() };
        let first = if WHOLE { 0 } else { self.first };
        let bits = (first..=self.checkpoint)
            .fold(0, |bits, time| bits << 1 | u64::from(self.was[time as usize]));
        let (at, until, told) = (self.checkpoint, self.until, self.told);
        self.write(Note { at, first, bits, until, told }, out);
    }

    fn write(&mut self, note: Note, out: &mut Answer) {
        self.note = Some(note);
        out.notes = self.note;
    }

    fn collect(&mut self, out: &mut Answer) -> bool {
        let begins = self.collector.is_none() && self.now() < self.until;
        if begins {
            self.collector = Some(FRESH);
            out.collects = true;
        }
        begins
    }

    /// The next life: the note is all that it has of the last.
    fn next_life(&mut self) {
        let fresh = Note { at: 0, first: 0, bits: 0, until: 0, told: false };
        let note = self.note.unwrap_or(fresh);
        self.was.truncate(note.at as usize + 1);
        self.was[note.at as usize] = note.bits & 1 == 1; // content that was set and not told is in the note
        (self.first, self.checkpoint) = (note.first, note.at);
        (self.until, self.told) = (note.until, note.told);
        (self.collector, self.owed) = (None, Vec::new());
    }

    fn stand_by_time_0(&mut self, out: &mut Answer) {
        if !self.told {
            self.told = true;
            self.write_down(out);
        }
    }

    /// The one correct answer. `None` for messages that no process sends to a cell.
    fn answer(&self, input: &InputOf<Being>) -> Option<Transition<Self>> {
        let (mut then, mut out) = (self.clone(), Answer::default());
        let name = match *input {
            Input::Start => then.on_start(&mut out),
            Input::Says { from, message } => then.on_message(from, message, &mut out)?,
            Input::Hears { of } => then.on_end(of, &mut out),
            Input::Dies { who, .. } => then.peers.dies(who, self.collector),
            Input::Exits { .. } | Input::Fires { .. } => return None,
        };
        Some(transition(name, out.does(), then))
    }

    fn on_start(&mut self, out: &mut Answer) -> &'static str {
        out.starts = true;
        if !self.peers.has_lived {
            self.peers.has_lived = true;
            return "starts";
        }
        for neighbour in &self.peers.neighbours {
            out.says(neighbour.pid, Message::Here { ways: neighbour.back });
        }
        if self.collect(out) { "is back and goes on" } else { "is back" }
    }

    fn on_message(&mut self, from: Pid, said: Message, out: &mut Answer) -> Option<&'static str> {
        Some(match said {
            Message::Ask { at, ways } => self.on_question(from, at, Some(ways), out),
            Message::Get { at } => self.on_question(from, at, None, out),
            Message::Tell { from: time } => {
                self.stand_by_time_0(out);
                let first = time.max(self.first);
                let told: Vec<bool> = (first..=self.now()).map_while(|at| self.at(at)).collect();
                let bits = told.iter().rev().fold(0, |bits, alive| bits << 1 | u32::from(*alive));
                let count = u8::try_from(told.len()).unwrap();
                out.says(from, Message::Past { first, count, bits });
                "tells its history"
            }
            Message::Report { .. } if self.collector != Some(from) => "hears another's report",
            Message::Report { alive, kept } => self.on_report(from, alive, kept, out),
            Message::Here { ways } => match self.collector {
                None => "has not asked",
                Some(collector) => {
                    out.says(collector, Message::Again { ways });
                    "has it asked again"
                }
            },
            Message::Set { .. } if self.told => "is set too late",
            Message::Set { alive } => {
                self.was = vec![alive];
                self.write_down(out);
                "is set"
            }
            Message::Run { until } => self.on_run(until, out),
            Message::Pause => self.on_run(self.now(), out),
            _ => return None,
        })
    }

    fn on_question(
        &mut self,
        from: Pid,
        at: u32,
        ways: Option<Ways>,
        out: &mut Answer,
    ) -> &'static str {
        self.stand_by_time_0(out);
        if at > self.now() {
            self.owed.push((from, at, ways));
            return "will answer";
        }
        let Some(alive) = self.at(at) else {
            if ways.is_none() {
                out.says(from, Message::Forgotten { first: self.first });
                return "tells a reader that it has forgotten";
            }
            return "owes nothing";
        };
        out.says(from, self.says_what_it_was(alive, ways));
        if ways.is_some() { "answers" } else { "answers a reader" }
    }

    fn says_what_it_was(&self, alive: bool, ways: Option<Ways>) -> Message {
        match ways {
            Some(ways) => Message::Answer { ways, alive, kept: self.checkpoint },
            None => Message::Was { alive },
        }
    }

    fn on_report(&mut self, from: Pid, alive: bool, kept: u32, out: &mut Answer) -> &'static str {
        self.peers.reported(from);
        self.collector = None;
        self.was.push(alive);
        if !WHOLE {
            self.first = self.first.max(kept);
            if self.now() - self.checkpoint >= u32::from(self.steps) {
                self.write_down(out);
            }
        }
        let now = self.now();
        let (due, owed) = self.owed.iter().partition(|(_, at, _)| *at <= now);
        self.owed = owed;
        let due: Vec<_> = due;
        for &(to, at, ways) in &due {
            let alive = self.at(at).expect("its own time is never forgotten");
            out.says(to, self.says_what_it_was(alive, ways));
        }
        match (self.collect(out), due.is_empty()) {
            (true, true) => "makes a step and goes on",
            (true, false) => "makes a step, answers and goes on",
            (false, true) => "makes its last step",
            (false, false) => "makes its last step and answers",
        }
    }

    fn on_run(&mut self, until: u32, out: &mut Answer) -> &'static str {
        self.until = until;
        self.told |= until > 0;
        let told = self.told;
        match self.note {
            Some(note) => self.write(Note { until, told, ..note }, out), // where it would have gone on
            None => self.write_down(out),
        }
        if self.collect(out) { "begins to go" } else { "gets the time" }
    }

    fn on_end(&mut self, of: Pid, out: &mut Answer) -> &'static str {
        self.peers.heard(of);
        if self.collector != Some(of) {
            return "knew that it was done";
        }
        self.collector = None;
        if self.collect(out) { "begins its step again" } else { "stays where it is" }
    }
}
