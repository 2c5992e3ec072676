//! The search itself: breadth first, a state at a time, each gone on from once.

use std::collections::VecDeque;

use super::{Breach, Check, Law, Report, System, Verdict};
use crate::Table;

/// How far an exploration has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Different states so far.
    pub states: usize,
    /// Of those, how many wait to be gone on from.
    pub waiting: usize,
    /// Steps from the start.
    pub depth: usize,
}

/// Goes everywhere that a system can go.
pub struct Explorer<'a, S: System> {
    start: S,
    laws: Vec<Law<S>>,
    most_states: usize,
    stops_at_breach: bool,
    watch: Box<dyn FnMut(Progress) -> bool + 'a>,
}

/// How a state was first reached: from which, and by which of its moves.
#[derive(Clone, Copy)]
struct Way {
    parent: u32,
    choice: u16,
}

const START: u32 = u32::MAX;
/// So many whole states wait at most before the search goes on from the latest instead of the oldest.
const FRONT: usize = 50_000;
/// States between two looks of whoever watches.
const GLANCE: usize = 1024;

/// Where something is in a list of edges.
fn place(at: usize) -> u32 {
    u32::try_from(at).expect("edges are counted in 32 bits")
}

/// All that is known of the states so far.
struct Known<S: System> {
    by_fingerprint: Table,
    fingerprints: Vec<u64>,
    ways: Vec<Way>,
    /// For each `can_always` law, whether its goal holds in each state.
    goals: Vec<Vec<bool>>,
    /// Where one can go from each state without faults: all in one list, and where each state's begin and end.
    edges: Vec<u32>,
    edges_of: Vec<(u32, u32)>,
    /// Whether some law asks for the edges.
    keeps_edges: bool,
    verdicts: Vec<Verdict<S::Move>>,
    moves: u64,
}

impl<'a, S: System> Explorer<'a, S> {
    /// From this state on.
    pub fn new(start: S) -> Explorer<'a, S> {
        let watch = Box::new(|_| true);
        Explorer { start, laws: Vec::new(), most_states: usize::MAX, stops_at_breach: false, watch }
    }

    /// Judges this law too.
    pub fn law(mut self, law: Law<S>) -> Explorer<'a, S> {
        self.laws.push(law);
        self
    }

    /// Judges these laws too.
    pub fn laws(mut self, laws: impl IntoIterator<Item = Law<S>>) -> Explorer<'a, S> {
        self.laws.extend(laws);
        self
    }

    /// Stops after so many states; there may be up to 4,294,967,294.
    pub fn most_states(self, most_states: usize) -> Explorer<'a, S> {
        Explorer { most_states, ..self }
    }

    /// Stops at the first broken law instead of showing how each of them can be broken.
    pub fn stop_at_breach(self) -> Explorer<'a, S> {
        Explorer { stops_at_breach: true, ..self }
    }

    /// Tells how far it has come, from time to time; stops when that is answered with false.
    pub fn watched(self, watch: impl FnMut(Progress) -> bool + 'a) -> Explorer<'a, S> {
        Explorer { watch: Box::new(watch), ..self }
    }

    /// Goes everywhere. Time: states times moves; space: about 40 bytes a state, 4 a move, and the
    /// states that wait to be gone on from, whole.
    ///
    /// It goes breadth first, so that what it shows is a shortest run, until so many wait that memory would
    /// be full of them; while they do, it goes on from the latest, and a run that it shows may be longer.
    pub fn search(mut self) -> Report<S::Move> {
        let mut known = Known::<S>::new(&self.laws);
        let mut waiting = VecDeque::new();
        let (mut depth, mut widest, mut gone_on) = (0, 1, 0_usize);
        let mut moves = Vec::new();
        known.enter(self.start.fingerprint(), Way { parent: START, choice: 0 });
        self.look(&self.start, 0, &mut known);
        waiting.push_back((0, 0, self.start.clone()));
        let mut stopped = false;
        loop {
            let next = if waiting.len() > FRONT { waiting.pop_back() } else { waiting.pop_front() };
            let Some((at, steps, state)) = next else { break };
            depth = depth.max(steps);
            let full = known.ways.len() >= self.most_states.min(START as usize - 1);
            let breach = self.stops_at_breach && known.verdicts.iter().any(|v| v.breach.is_some());
            let glance = gone_on.is_multiple_of(GLANCE);
            let progress = Progress { states: known.ways.len(), waiting: waiting.len(), depth };
            if full || breach || glance && !(self.watch)(progress) {
                stopped = true;
                break;
            }
            gone_on += 1;
            let edges = known.edges.len();
            state.moves(&mut moves);
            if moves.iter().all(S::is_fault) {
                self.look_at_end(&state, at, &mut known);
            }
            for (choice, chosen) in (0..).zip(&moves) {
                let mut next = state.clone();
                next.make(chosen);
                known.moves += 1;
                let (id, is_new) = known.enter(next.fingerprint(), Way { parent: at, choice });
                if !S::is_fault(chosen) && known.keeps_edges {
                    known.edges.push(id);
                }
                self.look_at_step(&state, chosen, &next, at, &mut known);
                if is_new {
                    self.look(&next, id, &mut known);
                    waiting.push_back((id, steps + 1, next));
                }
            }
            widest = widest.max(waiting.len());
            known.edges_of[at as usize] = (place(edges), place(known.edges.len()));
        }
        if !stopped {
            self.judge_goals(&mut known);
            self.judge_circles(&mut known);
        }
        known.report(&self.laws, depth, widest, !stopped)
    }

    /// Judges a state that was just found.
    fn look(&self, state: &S, id: u32, known: &mut Known<S>) {
        let mut goal = 0;
        for (at, law) in self.laws.iter().enumerate() {
            known.verdicts[at].sometimes += u64::from((law.sometimes)(state));
            if let Check::CanAlways(is) = &law.check {
                known.goals[goal].push(is(state));
                goal += 1;
            }
            if known.verdicts[at].breach.is_some() {
                continue;
            }
            let judged = match &law.check {
                Check::Always(look) => look(state),
                Check::From(attempt) => attempt(state.clone()),
                Check::Step(_) | Check::CanAlways(_) | Check::Ends(_) => Ok(()),
            };
            if let Err(what) = judged {
                let path = self.path_to(id, known);
                known.verdicts[at].breach = Some(Breach { what, path });
            }
        }
    }

    /// Judges a step, be it to a state that was known.
    fn look_at_step(
        &self,
        before: &S,
        chosen: &S::Move,
        after: &S,
        from: u32,
        known: &mut Known<S>,
    ) {
        for (at, law) in self.laws.iter().enumerate() {
            let Check::Step(look) = &law.check else { continue };
            if known.verdicts[at].breach.is_none()
                && let Err(what) = look(before, chosen, after)
            {
                let mut path = self.path_to(from, known);
                path.push(chosen.clone());
                known.verdicts[at].breach = Some(Breach { what, path });
            }
        }
    }

    /// Judges a state in which nothing more happens by itself.
    fn look_at_end(&self, state: &S, id: u32, known: &mut Known<S>) {
        for (at, law) in self.laws.iter().enumerate() {
            let Check::Ends(look) = &law.check else { continue };
            if known.verdicts[at].breach.is_none()
                && let Err(what) = look(state)
            {
                let path = self.path_to(id, known);
                known.verdicts[at].breach = Some(Breach { what, path });
            }
        }
    }

    /// What happened on the way to a state, by going it again.
    fn path_to(&self, id: u32, known: &Known<S>) -> Vec<S::Move> {
        let mut choices = Vec::new();
        let mut way = known.ways[id as usize];
        while way.parent != START {
            choices.push(way.choice);
            way = known.ways[way.parent as usize];
        }
        let (mut state, mut moves, mut path) = (self.start.clone(), Vec::new(), Vec::new());
        for choice in choices.into_iter().rev() {
            state.moves(&mut moves);
            let chosen = moves[usize::from(choice)].clone();
            state.make(&chosen);
            path.push(chosen);
        }
        path
    }

    /// Finds the first state from which a goal cannot be reached, for each law that has one.
    fn judge_goals(&self, known: &mut Known<S>) {
        let laws = self.laws.iter().enumerate();
        let with_goals = laws.filter(|(_, law)| matches!(law.check, Check::CanAlways(_)));
        for (goal, (at, _)) in with_goals.enumerate() {
            let mut reaches = std::mem::take(&mut known.goals[goal]);
            // Most edges go on to states that were found later: from the last to the first, few rounds do.
            loop {
                let mut changed = false;
                for id in (0..reaches.len()).rev() {
                    let edges = known.edges_of(id);
                    if !reaches[id] && edges.iter().any(|to| reaches[*to as usize]) {
                        (reaches[id], changed) = (true, true);
                    }
                }
                if !changed {
                    break;
                }
            }
            if let Some(stuck) = reaches.iter().position(|reaches| !reaches) {
                let stuck = u32::try_from(stuck).expect("states are counted in 32 bits");
                let what = "from here it cannot be reached any more".to_owned();
                let path = self.path_to(stuck, known);
                known.verdicts[at].breach = Some(Breach { what, path });
            }
        }
    }
}

impl<S: System> Explorer<'_, S> {
    /// Finds a state from which a run can go round and come back to it, for laws that say every run ends.
    fn judge_circles(&self, known: &mut Known<S>) {
        let ends = |law: &Law<S>| matches!(law.check, Check::Ends(_));
        if !self.laws.iter().any(ends) {
            return;
        }
        let Some(id) = known.on_a_circle() else { return };
        for (at, _) in self.laws.iter().enumerate().filter(|(_, law)| ends(law)) {
            if known.verdicts[at].breach.is_none() {
                let what = "from here a run can go round and come back here".to_owned();
                let path = self.path_to(id, known);
                known.verdicts[at].breach = Some(Breach { what, path });
            }
        }
    }
}

impl<S: System> Known<S> {
    /// A state from which its own edges lead back to it. Depth first; O(states and edges).
    fn on_a_circle(&self) -> Option<u32> {
        #[derive(Clone, Copy, PartialEq, Eq)]
        enum Seen {
            Not,
            OnTheWay,
            Done,
        }
        let mut seen = vec![Seen::Not; self.ways.len()];
        let mut way: Vec<(u32, u32)> = Vec::new();
        for first in 0..self.ways.len() {
            if seen[first] != Seen::Not {
                continue;
            }
            let first = u32::try_from(first).expect("states are counted in 32 bits");
            seen[first as usize] = Seen::OnTheWay;
            way.push((first, self.edges_of[first as usize].0));
            while let Some((id, edge)) = way.last_mut() {
                if *edge == self.edges_of[*id as usize].1 {
                    seen[*id as usize] = Seen::Done;
                    way.pop();
                    continue;
                }
                let to = self.edges[*edge as usize];
                *edge += 1;
                match seen[to as usize] {
                    Seen::OnTheWay => return Some(to),
                    Seen::Done => {}
                    Seen::Not => {
                        seen[to as usize] = Seen::OnTheWay;
                        way.push((to, self.edges_of[to as usize].0));
                    }
                }
            }
        }
        None
    }

    fn new(laws: &[Law<S>]) -> Known<S> {
        let goals = laws.iter().filter(|law| matches!(law.check, Check::CanAlways(_))).count();
        let verdict =
            |law: &Law<S>| Verdict { law: law.name, holds: None, breach: None, sometimes: 0 };
        Known {
            by_fingerprint: Table::default(),
            fingerprints: Vec::new(),
            ways: Vec::new(),
            goals: vec![Vec::new(); goals],
            edges: Vec::new(),
            edges_of: Vec::new(),
            keeps_edges: laws
                .iter()
                .any(|law| matches!(law.check, Check::CanAlways(_) | Check::Ends(_))),
            verdicts: laws.iter().map(verdict).collect(),
            moves: 0,
        }
    }

    fn edges_of(&self, id: usize) -> &[u32] {
        let (first, end) = self.edges_of[id];
        &self.edges[first as usize..end as usize]
    }

    /// The number of the state with this fingerprint, and whether it is new.
    fn enter(&mut self, fingerprint: u64, way: Way) -> (u32, bool) {
        let fingerprints = &self.fingerprints;
        let is = |id: u32| fingerprints[id as usize] == fingerprint;
        if let Some(id) = self.by_fingerprint.get(fingerprint, is) {
            return (id, false);
        }
        let id = u32::try_from(self.ways.len()).expect("states are counted in 32 bits");
        self.by_fingerprint.insert(fingerprint, id);
        self.fingerprints.push(fingerprint);
        self.ways.push(way);
        self.edges_of.push((0, 0));
        (id, true)
    }

    fn report(
        self,
        laws: &[Law<S>],
        depth: usize,
        widest: usize,
        exhausted: bool,
    ) -> Report<S::Move> {
        let states = self.ways.len();
        let kept = self.by_fingerprint.bytes()
            + self.fingerprints.capacity() * size_of::<u64>()
            + self.ways.capacity() * size_of::<Way>()
            + self.edges.capacity() * size_of::<u32>()
            + self.edges_of.capacity() * size_of::<(u32, u32)>()
            + self.goals.iter().map(Vec::capacity).sum::<usize>();
        let judged = |(law, verdict): (&Law<S>, Verdict<S::Move>)| {
            let known = exhausted || !matches!(law.check, Check::CanAlways(_) | Check::Ends(_));
            let holds = match verdict.breach {
                Some(_) => Some(false),
                None => (known && exhausted).then_some(true),
            };
            Verdict { holds, ..verdict }
        };
        Report {
            states,
            moves: self.moves,
            depth,
            exhausted,
            bytes_per_state: kept / states,
            widest,
            verdicts: laws.iter().zip(self.verdicts).map(judged).collect(),
        }
    }
}
