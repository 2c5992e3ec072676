//! All that is known of the states so far: which there are, how each was first reached, where one can go from
//! it; and what follows for a law when all are known.

use super::{Check, Counterexample, Law, Report, System, Verdict};
use memory::Table;

/// How a state was first reached: from which, and by which of its moves.
#[derive(Clone, Copy)]
pub(super) struct Path {
    pub(super) parent: u32,
    pub(super) choice: u16,
}

/// The parent of the first state.
pub(super) const START: u32 = u32::MAX;

/// All that is known of the states so far.
pub(super) struct Known<S: System> {
    by_fingerprint: Table,
    fingerprints: Vec<u64>,
    ways: Vec<Path>,
    /// For each law that has a goal, whether each state is it.
    goals: Vec<(usize, Vec<bool>)>,
    /// Where one can go from each state without faults: all in one list, and where each state's begin and end.
    pub(super) edges: Vec<u32>,
    pub(super) edges_of: Vec<(u32, u32)>,
    /// Whether some law asks for the edges.
    pub(super) keeps_edges: bool,
    pub(super) verdicts: Vec<Verdict<S::Action>>,
    pub(super) moves: u64,
}

/// A state's number, or a place in a list of edges.
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
            ways: Vec::new(),
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

    /// How many states.
    pub(super) fn states(&self) -> usize {
        self.ways.len()
    }

    fn find(&self, fingerprint: u64) -> Option<u32> {
        let is = |id: u32| self.fingerprints[id as usize] == fingerprint;
        self.by_fingerprint.get(fingerprint, is)
    }

    /// True if there is a state with this fingerprint.
    pub(super) fn has(&self, fingerprint: u64) -> bool {
        self.find(fingerprint).is_some()
    }

    /// True if it was found how to break this law.
    pub(super) fn is_broken(&self, law: usize) -> bool {
        self.verdicts[law].counterexample.is_some()
    }

    /// The number of the state with this fingerprint, and whether it is new.
    pub(super) fn enter(&mut self, fingerprint: u64, way: Path) -> (u32, bool) {
        if let Some(id) = self.find(fingerprint) {
            return (id, false);
        }
        let id = number(self.ways.len());
        self.by_fingerprint.insert(fingerprint, id);
        self.fingerprints.push(fingerprint);
        self.ways.push(way);
        self.edges_of.push((0, 0));
        self.goals.iter_mut().for_each(|(_, goals)| goals.push(false));
        (id, true)
    }

    /// Writes down of which laws a state is the goal, a bit each.
    pub(super) fn set_goals(&mut self, id: u32, of: u64) {
        for (law, goals) in &mut self.goals {
            goals[id as usize] = of >> *law & 1 == 1;
        }
    }

    /// The choices that lead to a state.
    pub(super) fn choices_to(&self, id: u32) -> Vec<u16> {
        let mut choices = Vec::new();
        let mut way = self.ways[id as usize];
        while way.parent != START {
            choices.push(way.choice);
            way = self.ways[way.parent as usize];
        }
        choices.reverse();
        choices
    }

    fn edges_from(&self, id: usize) -> &[u32] {
        let (first, end) = self.edges_of[id];
        &self.edges[first as usize..end as usize]
    }

    /// For each law that has a goal, the first state from which it cannot be reached.
    pub(super) fn stuck(&mut self) -> Vec<(usize, u32)> {
        let mut stuck = Vec::new();
        for (law, mut reaches) in std::mem::take(&mut self.goals) {
            // Most edges go on to states that were found later: from the last to the first, few rounds do.
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

    /// A state from which its own edges lead back to it. Depth first; O(states and edges).
    pub(super) fn on_a_circle(&self) -> Option<u32> {
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
            seen[first] = Seen::OnTheWay;
            way.push((number(first), self.edges_of[first].0));
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

    /// Bytes that are kept of each state.
    pub(super) fn bytes_per_state(&self) -> usize {
        let kept = self.by_fingerprint.bytes()
            + self.fingerprints.capacity() * size_of::<u64>()
            + self.ways.capacity() * size_of::<Path>()
            + self.edges.capacity() * size_of::<u32>()
            + self.edges_of.capacity() * size_of::<(u32, u32)>()
            + self.goals.len() * self.ways.capacity();
        kept / self.ways.len().max(1)
    }

    /// What was found, when nothing is left to be looked at or it was stopped.
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
            states: self.ways.len(),
            moves: self.moves,
            depth,
            exhausted,
            bytes_per_state,
            widest,
            verdicts: laws.iter().zip(self.verdicts).map(judged).collect(),
        }
    }
}
