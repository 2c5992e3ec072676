//! What is known of the states so far: their fingerprints, the path to each, and the edges between
//! them; and the laws that are decided when all states are known.

use super::{Check, Counterexample, Law, Report, System, Verdict};
use memory::Table;

/// How a state was first reached: from which state, and by which of its actions.
#[derive(Clone, Copy)]
pub(super) struct Path {
    pub(super) parent: u32,
    pub(super) choice: u16,
}

/// The parent of the first state.
pub(super) const START: u32 = u32::MAX;

/// What is known of the states so far. States are numbered in the order of discovery.
pub(super) struct Known<S: System> {
    by_fingerprint: Table,
    fingerprints: Vec<u64>,
    paths: Vec<Path>,
    /// For each law with a goal, whether each state meets it.
    goals: Vec<(usize, Vec<bool>)>,
    /// Edges without faults: the targets, state after state, and the range of each state in that
    /// list.
    pub(super) edges: Vec<u32>,
    pub(super) edges_of: Vec<(u32, u32)>,
    /// True if some law needs the edges.
    pub(super) keeps_edges: bool,
    pub(super) verdicts: Vec<Verdict<S::Action>>,
    pub(super) moves: u64,
}

/// The number of a state, or an index into the edges.
pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).expect("states and edges are counted in 32 bits")
}

impl<S: System> Known<S> {
    pub(super) fn new(laws: &[Law<S>]) -> Known<S> {
        let laws_with = |is: fn(&Check<S>) -> bool| {
            laws.iter().enumerate().filter(move |(_, law)| is(&law.check)).map(|(at, _)| at)
        };
        let goals = laws_with(|check| matches!(check, Check::CanAlways(_)));
        let verdict = |law: &Law<S>| Verdict {
            law: law.name,
            holds: None,
            counterexample: None,
            sometimes: 0,
        };
        Known {
            by_fingerprint: Table::default(),
            fingerprints: Vec::new(),
            paths: Vec::new(),
            goals: goals.map(|law| (law, Vec::new())).collect(),
            edges: Vec::new(),
            edges_of: Vec::new(),
            keeps_edges: laws_with(|check| matches!(check, Check::CanAlways(_) | Check::Ends(_)))
                .next()
                .is_some(),
            verdicts: laws.iter().map(verdict).collect(),
            moves: 0,
        }
    }

    /// Number of states.
    pub(super) fn states(&self) -> usize {
        self.paths.len()
    }

    fn find(&self, fingerprint: u64) -> Option<u32> {
        let is = |id: u32| self.fingerprints[id as usize] == fingerprint;
        self.by_fingerprint.get(fingerprint, is)
    }

    /// True if a state with this fingerprint is known.
    pub(super) fn has(&self, fingerprint: u64) -> bool {
        self.find(fingerprint).is_some()
    }

    /// True if this law has a counterexample.
    pub(super) fn is_broken(&self, law: usize) -> bool {
        self.verdicts[law].counterexample.is_some()
    }

    /// The number of the state with this fingerprint, and whether it is new.
    pub(super) fn enter(&mut self, fingerprint: u64, path: Path) -> (u32, bool) {
        if let Some(id) = self.find(fingerprint) {
            return (id, false);
        }
        let id = number(self.paths.len());
        self.by_fingerprint.insert(fingerprint, id);
        self.fingerprints.push(fingerprint);
        self.paths.push(path);
        self.edges_of.push((0, 0));
        self.goals.iter_mut().for_each(|(_, goals)| goals.push(false));
        (id, true)
    }

    /// Records whose laws' goals a state meets, a bit each.
    pub(super) fn set_goals(&mut self, id: u32, of: u64) {
        for (law, goals) in &mut self.goals {
            goals[id as usize] = of >> *law & 1 == 1;
        }
    }

    /// The choices that lead to a state from the start.
    pub(super) fn choices_to(&self, id: u32) -> Vec<u16> {
        let mut choices = Vec::new();
        let mut path = self.paths[id as usize];
        while path.parent != START {
            choices.push(path.choice);
            path = self.paths[path.parent as usize];
        }
        choices.reverse();
        choices
    }

    fn edges_from(&self, id: usize) -> &[u32] {
        let (first, end) = self.edges_of[id];
        &self.edges[first as usize..end as usize]
    }

    /// For each law with a goal, the first state from which it cannot be reached.
    pub(super) fn stuck(&mut self) -> Vec<(usize, u32)> {
        let mut stuck = Vec::new();
        for (law, mut reaches) in std::mem::take(&mut self.goals) {
            // Most edges lead to states found later, so going from the last to the first takes few
            // rounds.
            loop {
                let mut changed = false;
                for id in (0..reaches.len()).rev() {
                    let edges = self.edges_from(id);
                    if !reaches[id] && edges.iter().any(|to| reaches[*to as usize]) {
                        (reaches[id], changed) = (true, true);
                    }
                }
                if !changed {
                    break;
                }
            }
            let first = reaches.iter().position(|reaches| !reaches);
            stuck.extend(first.map(|first| (law, number(first))));
        }
        stuck
    }

    /// A state on a cycle, if there is one. Depth first; O(states and edges).
    pub(super) fn on_a_cycle(&self) -> Option<u32> {
        #[derive(Clone, Copy, PartialEq, Eq)]
        enum Seen {
            Not,
            OnPath,
            Done,
        }
        let mut seen = vec![Seen::Not; self.paths.len()];
        let mut path: Vec<(u32, u32)> = Vec::new();
        for first in 0..self.paths.len() {
            if seen[first] != Seen::Not {
                continue;
            }
            seen[first] = Seen::OnPath;
            path.push((number(first), self.edges_of[first].0));
            while let Some((id, edge)) = path.last_mut() {
                if *edge == self.edges_of[*id as usize].1 {
                    seen[*id as usize] = Seen::Done;
                    path.pop();
                    continue;
                }
                let to = self.edges[*edge as usize];
                *edge += 1;
                match seen[to as usize] {
                    Seen::OnPath => return Some(to),
                    Seen::Done => {}
                    Seen::Not => {
                        seen[to as usize] = Seen::OnPath;
                        path.push((to, self.edges_of[to as usize].0));
                    }
                }
            }
        }
        None
    }

    /// Bytes for each state.
    pub(super) fn bytes_per_state(&self) -> usize {
        let kept = self.by_fingerprint.bytes()
            + self.fingerprints.capacity() * size_of::<u64>()
            + self.paths.capacity() * size_of::<Path>()
            + self.edges.capacity() * size_of::<u32>()
            + self.edges_of.capacity() * size_of::<(u32, u32)>()
            + self.goals.len() * self.paths.capacity();
        kept / self.paths.len().max(1)
    }

    /// The report, when the search has finished or was stopped.
    pub(super) fn report(
        self,
        laws: &[Law<S>],
        (depth, widest, bytes_per_state): (usize, usize, usize),
        exhausted: bool,
    ) -> Report<S::Action> {
        let judged = |(_, verdict): (&Law<S>, Verdict<S::Action>)| {
            let holds = match verdict.counterexample {
                Some(Counterexample { .. }) => Some(false),
                None => exhausted.then_some(true),
            };
            Verdict { holds, ..verdict }
        };
        Report {
            states: self.paths.len(),
            moves: self.moves,
            depth,
            exhausted,
            bytes_per_state,
            widest,
            verdicts: laws.iter().zip(self.verdicts).map(judged).collect(),
        }
    }
}
