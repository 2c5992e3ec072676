//! Expands one state: checks the laws and performs each of its actions. Desks expand states in
//! parallel; they share nothing that they write.

use super::known::Known;
use super::{Check, Law, System};

/// A state of the frontier: its number, its distance from the start in steps, and the saved state.
pub(super) struct Waiting<S: System> {
    pub(super) id: u32,
    pub(super) steps: u32,
    pub(super) kept: S::Kept,
}

/// What the expansion of a state has found.
pub(super) struct Expanded<S: System> {
    /// A bit for each law whose twin is true in it.
    pub(super) sometimes: u64,
    /// A bit for each law whose goal it meets.
    pub(super) goals: u64,
    /// Broken laws by number: what is wrong, and the action that broke it, if one did.
    pub(super) broken: Vec<(usize, String, Option<u16>)>,
    /// Where its actions lead, in order.
    pub(super) next: Vec<Next<S>>,
}

/// Where an action leads.
pub(super) struct Next<S: System> {
    pub(super) fingerprint: u64,
    pub(super) is_fault: bool,
    /// The saved state; `None` if it was known, or this desk has met it recently.
    pub(super) kept: Option<S::Kept>,
}

/// Fingerprints in a desk's cache of recent ones.
const RECENT: usize = 1 << 13;

/// Expands states, one after the other. Each thread of a search has one.
pub(super) struct Desk<S: System> {
    /// The state that is being expanded.
    state: S,
    /// The state before an action, for laws of steps.
    before: Option<S>,
    actions: Vec<S::Action>,
    /// Recent fingerprints, each at the place of its lowest bits.
    recent: Vec<u64>,
}

impl<S: System> Desk<S> {
    pub(super) fn new(start: &S, laws: &[Law<S>]) -> Desk<S> {
        let judges_steps = laws.iter().any(|law| matches!(law.check, Check::Step(_)));
        Desk {
            state: start.clone(),
            before: judges_steps.then(|| start.clone()),
            actions: Vec::new(),
            recent: (0..RECENT as u64).map(|place| !place).collect(), // no entry equals a fingerprint of its place
        }
    }

    /// Checks the laws in a state and performs its actions.
    pub(super) fn expand(
        &mut self,
        waiting: &Waiting<S>,
        laws: &[Law<S>],
        known: &Known<S>,
    ) -> Expanded<S> {
        let mut found = self.judge(waiting, laws, known);
        let mut actions = std::mem::take(&mut self.actions);
        self.state.actions(&mut actions);
        if actions.iter().all(S::is_fault) {
            self.judge_end(laws, known, &mut found);
        }
        if let Some(before) = &mut self.before {
            before.put_back(&waiting.kept);
        }
        for (choice, chosen) in (0..).zip(&actions) {
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
        self.actions = actions;
        found
    }

    /// False if this desk has met the fingerprint recently.
    #[allow(clippy::cast_possible_truncation, reason = "only the lowest bits are wanted")]
    fn is_news(&mut self, fingerprint: u64) -> bool {
        let place = &mut self.recent[fingerprint as usize % RECENT];
        std::mem::replace(place, fingerprint) != fingerprint
    }

    /// Checks the laws in a state, and leaves the desk in it.
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

    /// Checks the laws of end states: no action but faults is left.
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

    /// Checks the laws of steps, also for a step to a known state.
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
