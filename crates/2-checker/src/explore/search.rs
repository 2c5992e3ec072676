//! The search: breadth first, expanding each state once. Threads expand states in batches of a few
//! hundred; the results are recorded in the order of the frontier, so that state numbers, counts
//! and shortest runs do not depend on the number of threads.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::expand::{Desk, Expanded, Waiting};
use super::known::{Known, Path, START, number};
use super::{Check, Counterexample, Law, Report, System};

/// The progress of an exploration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Distinct states so far.
    pub states: usize,
    /// States in the frontier.
    pub waiting: usize,
    /// Steps from the start.
    pub depth: usize,
}

/// Visits every reachable state of a system.
pub struct Explorer<'a, S: System> {
    start: S,
    laws: Vec<Law<S>>,
    most_states: usize,
    stops_at_counterexample: bool,
    watch: Box<dyn FnMut(Progress) -> bool + 'a>,
}

/// Size of the frontier above which the search takes the latest states instead of the oldest.
const FRONT: usize = 200_000;
/// States expanded at a time.
const BATCH: usize = 512;
/// States between two calls of the progress callback.
const GLANCE: usize = 1024;
/// Most laws: each is a bit of a `u64`.
const MOST_LAWS: usize = 64;

/// The state of a search, besides what is known.
struct Course<S: System> {
    waiting: VecDeque<Waiting<S>>,
    depth: usize,
    widest: usize,
    expanded: usize,
}

impl<'a, S: System> Explorer<'a, S> {
    /// An explorer that starts in this state.
    pub fn new(start: S) -> Explorer<'a, S> {
        let watch = Box::new(|_| true);
        Explorer {
            start,
            laws: Vec::new(),
            most_states: usize::MAX,
            stops_at_counterexample: false,
            watch,
        }
    }

    /// Adds a law, of at most 64.
    pub fn law(mut self, law: Law<S>) -> Explorer<'a, S> {
        self.laws.push(law);
        self
    }

    /// Adds laws.
    pub fn laws(mut self, laws: impl IntoIterator<Item = Law<S>>) -> Explorer<'a, S> {
        self.laws.extend(laws);
        self
    }

    /// Stops after this many states; at most 4,294,967,294.
    pub fn most_states(self, most_states: usize) -> Explorer<'a, S> {
        Explorer { most_states, ..self }
    }

    /// Stops at the first counterexample instead of finding one for each broken law.
    pub fn stop_at_counterexample(self) -> Explorer<'a, S> {
        Explorer { stops_at_counterexample: true, ..self }
    }

    /// Calls `watch` with the progress every 1,024 states; stops when it returns false.
    pub fn watched(self, watch: impl FnMut(Progress) -> bool + 'a) -> Explorer<'a, S> {
        Explorer { watch: Box::new(watch), ..self }
    }

    /// Visits every state. Time: states times actions; space: about 40 bytes a state, 4 an action,
    /// and the frontier.
    ///
    /// It searches breadth first, so that a counterexample is a shortest run. While the frontier
    /// exceeds 200,000 states it takes the latest first to bound memory, and a counterexample can
    /// be longer.
    pub fn search(mut self) -> Report<S::Action> {
        let mut desk = Desk::new(&self.start, &self.laws);
        self.search_by(|laws, known, batch, each| {
            for waiting in batch {
                let found = desk.expand(waiting, laws, known);
                if !each(known, waiting, found) {
                    return;
                }
            }
        })
    }

    /// Visits every state. `expand` expands a batch and passes on the results in its order, until
    /// one call returns false.
    fn search_by(
        &mut self,
        mut expand: impl FnMut(
            &[Law<S>],
            &mut Known<S>,
            &[Waiting<S>],
            &mut dyn FnMut(&mut Known<S>, &Waiting<S>, Expanded<S>) -> bool,
        ),
    ) -> Report<S::Action> {
        assert!(self.laws.len() <= MOST_LAWS, "at most {MOST_LAWS} laws");
        let laws = std::mem::take(&mut self.laws);
        let mut known = Known::<S>::new(&laws);
        let mut course = Course { waiting: VecDeque::new(), depth: 0, widest: 1, expanded: 0 };
        known.enter(self.start.fingerprint(), Path { parent: START, choice: 0 });
        let kept = self.start.clone().keep();
        course.waiting.push_back(Waiting { id: 0, steps: 0, kept });
        let (mut batch, mut stopped) = (Vec::new(), false);
        while !stopped && course.next(&mut batch) {
            let mut left = batch.len();
            expand(&laws, &mut known, &batch, &mut |known, waiting, found| {
                stopped = self.stops(known, &mut course, left);
                if !stopped {
                    left -= 1;
                    course.depth = course.depth.max(waiting.steps as usize);
                    self.take(&laws, known, &mut course, waiting, found);
                }
                !stopped
            });
            if stopped {
                let rest = batch.drain(batch.len() - left..).chain(course.waiting.drain(..));
                self.judge_rest(&laws, &mut known, rest);
            }
        }
        let bytes_per_state = known.bytes_per_state();
        if !stopped {
            self.judge_goals(&mut known);
            self.judge_cycles(&laws, &mut known);
        }
        known.report(&laws, (course.depth, course.widest, bytes_per_state), !stopped)
    }

    /// True if the search is to stop.
    fn stops(&mut self, known: &Known<S>, course: &mut Course<S>, left: usize) -> bool {
        let full = known.states() >= self.most_states.min(START as usize - 1);
        let counterexample = self.stops_at_counterexample
            && known.verdicts.iter().any(|v| v.counterexample.is_some());
        let reports = course.expanded.is_multiple_of(GLANCE);
        course.expanded += 1;
        let waiting = course.waiting.len() + left;
        let progress = Progress { states: known.states(), waiting, depth: course.depth };
        full || counterexample || reports && !(self.watch)(progress)
    }

    /// Records the expansion of a state.
    fn take(
        &self,
        laws: &[Law<S>],
        known: &mut Known<S>,
        course: &mut Course<S>,
        waiting: &Waiting<S>,
        found: Expanded<S>,
    ) {
        let Waiting { id, steps, .. } = *waiting;
        let edges = known.edges.len();
        self.take_judged(laws, known, id, &found);
        for (choice, next) in (0..).zip(found.next) {
            known.moves += 1;
            let (to, is_new) = known.enter(next.fingerprint, Path { parent: id, choice });
            if !next.is_fault && known.keeps_edges {
                known.edges.push(to);
            }
            if is_new {
                let kept = next.kept.expect("the first desk to meet a state keeps it");
                course.waiting.push_back(Waiting { id: to, steps: steps + 1, kept });
            }
        }
        course.widest = course.widest.max(course.waiting.len());
        known.edges_of[id as usize] = (number(edges), number(known.edges.len()));
    }

    /// Records the results of the laws in a state.
    fn take_judged(&self, laws: &[Law<S>], known: &mut Known<S>, id: u32, found: &Expanded<S>) {
        known.set_goals(id, found.goals);
        for (at, verdict) in known.verdicts.iter_mut().enumerate() {
            verdict.sometimes += found.sometimes >> at & 1;
        }
        // By number of the law: of two that one state breaks, the first is reported first.
        for at in 0..laws.len() {
            let Some((_, what, choice)) = found.broken.iter().find(|broken| broken.0 == at) else {
                continue;
            };
            if !known.is_broken(at) {
                self.counterexample(known, at, id, *choice, what.clone());
            }
        }
    }

    /// Checks the laws in the frontier's states, which are not expanded: so every state that was
    /// found is checked.
    fn judge_rest(
        &self,
        laws: &[Law<S>],
        known: &mut Known<S>,
        rest: impl Iterator<Item = Waiting<S>>,
    ) {
        if self.stops_at_counterexample {
            return;
        }
        let mut desk = Desk::new(&self.start, laws);
        for waiting in rest {
            let found = desk.judge(&waiting, laws, known);
            self.take_judged(laws, known, waiting.id, &found);
        }
    }

    /// Records a counterexample: in this state, or by an action from it.
    fn counterexample(
        &self,
        known: &mut Known<S>,
        law: usize,
        id: u32,
        choice: Option<u16>,
        what: String,
    ) {
        let path = self.path_by(known.choices_to(id).into_iter().chain(choice));
        known.verdicts[law].counterexample = Some(Counterexample { what, path });
    }

    /// The actions of these choices, by performing them again from the start.
    fn path_by(&self, choices: impl Iterator<Item = u16>) -> Vec<S::Action> {
        let (mut state, mut actions, mut path) = (self.start.clone(), Vec::new(), Vec::new());
        for choice in choices {
            state.actions(&mut actions);
            let chosen = actions[usize::from(choice)].clone();
            state.make(&chosen);
            path.push(chosen);
        }
        path
    }

    /// Finds, for each law with a goal, the first state from which it cannot be reached.
    fn judge_goals(&self, known: &mut Known<S>) {
        for (law, stuck) in known.stuck() {
            let what = "from here it cannot be reached any more".to_owned();
            self.counterexample(known, law, stuck, None, what);
        }
    }

    /// Finds a state on a cycle, for laws that every run ends.
    fn judge_cycles(&self, laws: &[Law<S>], known: &mut Known<S>) {
        let ends = |law: &Law<S>| matches!(law.check, Check::Ends(_));
        if !laws.iter().any(ends) {
            return;
        }
        let Some(id) = known.on_a_cycle() else { return };
        for (at, _) in laws.iter().enumerate().filter(|(_, law)| ends(law)) {
            if !known.is_broken(at) {
                let what = "from here a run can go round and come back here".to_owned();
                self.counterexample(known, at, id, None, what);
            }
        }
    }
}

impl<S: System> Course<S> {
    /// Takes the next batch from the frontier. False if it is empty.
    fn next(&mut self, batch: &mut Vec<Waiting<S>>) -> bool {
        batch.clear();
        let many = BATCH.min(self.waiting.len());
        if self.waiting.len() > FRONT {
            batch.extend(self.waiting.drain(self.waiting.len() - many..).rev());
        } else {
            batch.extend(self.waiting.drain(..many));
        }
        !batch.is_empty()
    }
}

impl<S> Explorer<'_, S>
where
    S: System + Send + Sync,
    S::Kept: Send + Sync,
    S::Action: Send + Sync,
{
    /// As [`Explorer::search`], with this many threads, the caller's included. The result is the
    /// same.
    pub fn search_with(mut self, threads: usize) -> Report<S::Action> {
        // Mutations are switched on for the caller's thread alone.
        if threads <= 1 || kernel::mutation::BUILT_IN {
            return self.search();
        }
        let desk = || Desk::new(&self.start, &self.laws);
        let mut desks: Vec<Desk<S>> = (0..threads).map(|_| desk()).collect();
        self.search_by(|laws, known, batch, each| {
            let found = expand_all(&mut desks, laws, known, batch);
            for (waiting, found) in batch.iter().zip(found) {
                if !each(known, waiting, found) {
                    return;
                }
            }
        })
    }
}

/// Expands a batch in parallel. Each desk takes states in order, so that of two with one
/// fingerprint the first is kept.
#[allow(
    clippy::disallowed_methods,
    reason = "states are expanded independently, and recorded in order"
)]
fn expand_all<S>(
    desks: &mut [Desk<S>],
    laws: &[Law<S>],
    known: &Known<S>,
    batch: &[Waiting<S>],
) -> Vec<Expanded<S>>
where
    S: System + Send + Sync,
    S::Kept: Send + Sync,
    S::Action: Send + Sync,
{
    let next = AtomicUsize::new(0);
    let work = |desk: &mut Desk<S>| {
        let mut found = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(waiting) = batch.get(at) else { return found };
            found.push((at, desk.expand(waiting, laws, known)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let Some((own, others)) = desks.split_first_mut() else { return Vec::new() };
        // A small batch does not pay for starting threads.
        let others = if batch.len() < BATCH / 8 { &mut [] } else { others };
        let others: Vec<_> = others.iter_mut().map(|desk| scope.spawn(|| work(desk))).collect();
        let mut all = work(own);
        for other in others {
            match other.join() {
                Ok(found) => all.extend(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, found)| found).collect()
}
