//! What follows from one state: it is judged, and each of its moves is made. Any number of states can be
//! expanded at the same time; nothing is written down here that another would read.

use super::known::Known;
use super::{Check, Law, System};

/// A state that waits to be gone on from: its number, how many steps it is from the start, and itself.
pub(super) struct Waiting<S: System> {
    pub(super) id: u32,
    pub(super) steps: u32,
    pub(super) kept: S::Kept,
}

/// What was found by going on from a state.
pub(super) struct Expanded<S: System> {
    /// A bit for each law whose twin it shows.
    pub(super) sometimes: u64,
    /// A bit for each law whose goal it is.
    pub(super) goals: u64,
    /// Laws that are broken, by number: what is wrong, and by which move if it is by one.
    pub(super) broken: Vec<(usize, String, Option<u16>)>,
    /// Where its moves lead, in order.
    pub(super) next: Vec<Next<S>>,
}

/// Where a move leads.
pub(super) struct Next<S: System> {
    pub(super) fingerprint: u64,
    pub(super) is_fault: bool,
    /// The state, unless it was known; or was met before by whoever has expanded this one.
    pub(super) kept: Option<S::Kept>,
}

/// So many fingerprints are remembered that were met of late.
const OF_LATE: usize = 1 << 13;

/// Where states are expanded, one after the other.
pub(super) struct Desk<S: System> {
    /// The state that is being looked at.
    state: S,
    /// The state before a move, for laws of steps.
    before: Option<S>,
    moves: Vec<S::Action>,
    /// Fingerprints that were met of late, each where its lowest bits say.
    of_late: Vec<u64>,
}

impl<S: System> Desk<S> {
    pub(super) fn new(start: &S, laws: &[Law<S>]) -> Desk<S> {
        let judges_steps = laws.iter().any(|law| matches!(law.check, Check::Step(_)));
        Desk {
            state: start.clone(),
            before: judges_steps.then(|| start.clone()),
            moves: Vec::new(),
            of_late: (0..OF_LATE as u64).map(|place| !place).collect(), // at none is what belongs there
        }
    }

    /// Judges a state and makes its moves.
    pub(super) fn expand(
        &mut self,
        waiting: &Waiting<S>,
        laws: &[Law<S>],
        known: &Known<S>,
    ) -> Expanded<S> {
        let mut found = self.judge(waiting, laws, known);
        let mut moves = std::mem::take(&mut self.moves);
        self.state.actions(&mut moves);
        if moves.iter().all(S::is_fault) {
            self.judge_end(laws, known, &mut found);
        }
        if let Some(before) = &mut self.before {
            before.put_back(&waiting.kept);
        }
        for (choice, chosen) in (0..).zip(&moves) {
            if choice > 0 {
                self.state.put_back(&waiting.kept);
            }
            self.state.make(chosen);
            let fingerprint = self.state.fingerprint_anew();
            self.judge_step(laws, known, (choice, chosen), &mut found);
            let is_new = self.is_news(fingerprint) && !known.has(fingerprint);
            let kept = is_new.then(|| self.state.keep());
            found.next.push(Next { fingerprint, is_fault: S::is_fault(chosen), kept });
        }
        self.moves = moves;
        found
    }

    /// False if this desk has met the fingerprint of late.
    #[allow(clippy::cast_possible_truncation, reason = "only the lowest bits are wanted")]
    fn is_news(&mut self, fingerprint: u64) -> bool {
        let place = &mut self.of_late[fingerprint as usize % OF_LATE];
        std::mem::replace(place, fingerprint) != fingerprint
    }

    /// Judges a state, and leaves it on the desk.
    pub(super) fn judge(
        &mut self,
        waiting: &Waiting<S>,
        laws: &[Law<S>],
        known: &Known<S>,
    ) -> Expanded<S> {
        let mut found = Expanded { sometimes: 0, goals: 0, broken: Vec::new(), next: Vec::new() };
        self.state.put_back(&waiting.kept);
        self.state.consider();
        for (at, law) in laws.iter().enumerate() {
            found.sometimes |= u64::from((law.sometimes)(&self.state)) << at;
            let judged = match &law.check {
                Check::CanAlways(is) => {
                    found.goals |= u64::from(is(&self.state)) << at;
                    continue;
                }
                _ if known.is_broken(at) => continue,
                Check::Always(look) => look(&self.state),
                Check::From(_) | Check::Step(_) | Check::Ends(_) => continue,
            };
            if let Err(what) = judged {
                found.broken.push((at, what, None));
            }
        }
        for (at, law) in laws.iter().enumerate() {
            let Check::From(attempt) = &law.check else { continue };
            if !known.is_broken(at) {
                if let Err(what) = attempt(&mut self.state) {
                    found.broken.push((at, what, None));
                }
                self.state.put_back(&waiting.kept);
            }
        }
        found
    }

    /// Judges a state in which nothing more happens by itself.
    fn judge_end(&self, laws: &[Law<S>], known: &Known<S>, found: &mut Expanded<S>) {
        for (at, law) in laws.iter().enumerate() {
            let Check::Ends(look) = &law.check else { continue };
            if !known.is_broken(at)
                && let Err(what) = look(&self.state)
            {
                found.broken.push((at, what, None));
            }
        }
    }

    /// Judges a step, be it to a state that is known.
    fn judge_step(
        &self,
        laws: &[Law<S>],
        known: &Known<S>,
        (choice, chosen): (u16, &S::Action),
        found: &mut Expanded<S>,
    ) {
        let Some(before) = &self.before else { return };
        for (at, law) in laws.iter().enumerate() {
            let Check::Step(look) = &law.check else { continue };
            if !known.is_broken(at)
                && let Err(what) = look(before, chosen, &self.state)
            {
                found.broken.push((at, what, Some(choice)));
            }
        }
    }
}
