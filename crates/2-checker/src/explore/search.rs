//! The search itself: breadth first, each state gone on from once. States are expanded a few hundred at a
//! time, by as many threads as are given; what they find is written down in the order in which they waited, so
//! that numbers, counts and shortest runs are the same with any number of threads.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::expand::{Desk, Expanded, Waiting};
use super::known::{Known, Path, START, number};
use super::{Check, Counterexample, Law, Report, System};

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

/// So many states wait at most before the search goes on from the latest instead of the oldest.
const FRONT: usize = 200_000;
/// States that are taken at a time.
const BATCH: usize = 512;
/// States between two looks of whoever watches.
const GLANCE: usize = 1024;
/// Laws are told apart by a bit each.
const MOST_LAWS: usize = 64;

/// How far the search has come, beside what is known.
struct Course<S: System> {
    waiting: VecDeque<Waiting<S>>,
    depth: usize,
    widest: usize,
    gone_on: usize,
}

impl<'a, S: System> Explorer<'a, S> {
    /// From this state on.
    pub fn new(start: S) -> Explorer<'a, S> {
        let watch = Box::new(|_| true);
        Explorer { start, laws: Vec::new(), most_states: usize::MAX, stops_at_breach: false, watch }
    }

    /// Judges this law too. There may be 64.
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
    pub fn stop_at_counterexample(self) -> Explorer<'a, S> {
        Explorer { stops_at_breach: true, ..self }
    }

    /// Tells how far it has come, from time to time; stops when that is answered with false.
    pub fn watched(self, watch: impl FnMut(Progress) -> bool + 'a) -> Explorer<'a, S> {
        Explorer { watch: Box::new(watch), ..self }
    }

    /// Goes everywhere. Time: states times moves; space: about 40 bytes a state, 4 a move, and the
    /// states that wait to be gone on from.
    ///
    /// It goes breadth first, so that what it shows is a shortest run, until so many wait that memory would
    /// be full of them; while they do, it goes on from the latest, and a run that it shows may be longer.
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

    /// Goes everywhere; `expand` expands a batch and gives what was found in its order, until that is
    /// answered with false.
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
        let mut course = Course { waiting: VecDeque::new(), depth: 0, widest: 1, gone_on: 0 };
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
            self.judge_circles(&laws, &mut known);
        }
        known.report(&laws, (course.depth, course.widest, bytes_per_state), !stopped)
    }

    /// True if it is enough.
    fn stops(&mut self, known: &Known<S>, course: &mut Course<S>, left: usize) -> bool {
        let full = known.states() >= self.most_states.min(START as usize - 1);
        let counterexample =
            self.stops_at_breach && known.verdicts.iter().any(|v| v.counterexample.is_some());
        let glance = course.gone_on.is_multiple_of(GLANCE);
        course.gone_on += 1;
        let waiting = course.waiting.len() + left;
        let progress = Progress { states: known.states(), waiting, depth: course.depth };
        full || counterexample || glance && !(self.watch)(progress)
    }

    /// Writes down what was found by going on from a state.
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
                let kept = next.kept.expect("kept by whoever meets a state first");
                course.waiting.push_back(Waiting { id: to, steps: steps + 1, kept });
            }
        }
        course.widest = course.widest.max(course.waiting.len());
        known.edges_of[id as usize] = (number(edges), number(known.edges.len()));
    }

    /// Writes down how a state was judged.
    fn take_judged(&self, laws: &[Law<S>], known: &mut Known<S>, id: u32, found: &Expanded<S>) {
        known.set_goals(id, found.goals);
        for (at, verdict) in known.verdicts.iter_mut().enumerate() {
            verdict.sometimes += found.sometimes >> at & 1;
        }
        // In the order of laws and not of looking: of two that one state breaks the first is told first.
        for at in 0..laws.len() {
            let Some((_, what, choice)) = found.broken.iter().find(|broken| broken.0 == at) else {
                continue;
            };
            if !known.is_broken(at) {
                self.counterexample(known, at, id, *choice, what.clone());
            }
        }
    }

    /// Judges states that nobody will go on from: every one that was found is judged.
    fn judge_rest(
        &self,
        laws: &[Law<S>],
        known: &mut Known<S>,
        rest: impl Iterator<Item = Waiting<S>>,
    ) {
        if self.stops_at_breach {
            return;
        }
        let mut desk = Desk::new(&self.start, laws);
        for waiting in rest {
            let found = desk.judge(&waiting, laws, known);
            self.take_judged(laws, known, waiting.id, &found);
        }
    }

    /// Writes down how a law was broken: in this state, or by a move from it.
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

    /// What happens if one chooses so, by going that way again.
    fn path_by(&self, choices: impl Iterator<Item = u16>) -> Vec<S::Action> {
        let (mut state, mut moves, mut path) = (self.start.clone(), Vec::new(), Vec::new());
        for choice in choices {
            state.actions(&mut moves);
            let chosen = moves[usize::from(choice)].clone();
            state.make(&chosen);
            path.push(chosen);
        }
        path
    }

    /// Finds the first state from which a goal cannot be reached, for each law that has one.
    fn judge_goals(&self, known: &mut Known<S>) {
        for (law, stuck) in known.stuck() {
            let what = "from here it cannot be reached any more".to_owned();
            self.counterexample(known, law, stuck, None, what);
        }
    }

    /// Finds a state from which a run can go round and come back to it, for laws that say every run ends.
    fn judge_circles(&self, laws: &[Law<S>], known: &mut Known<S>) {
        let ends = |law: &Law<S>| matches!(law.check, Check::Ends(_));
        if !laws.iter().any(ends) {
            return;
        }
        let Some(id) = known.on_a_circle() else { return };
        for (at, _) in laws.iter().enumerate().filter(|(_, law)| ends(law)) {
            if !known.is_broken(at) {
                let what = "from here a run can go round and come back here".to_owned();
                self.counterexample(known, at, id, None, what);
            }
        }
    }
}

impl<S: System> Course<S> {
    /// Those that are gone on from next. False if nobody waits.
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
    /// As [`Explorer::search`], by so many threads, this one included; what is found is the same.
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

/// Expands all at the same time. Each desk takes them in order, so that of two states with one fingerprint the
/// first is kept.
#[allow(
    clippy::disallowed_methods,
    reason = "states are looked at apart, and written down in order"
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
        // A small batch is not worth their while.
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
