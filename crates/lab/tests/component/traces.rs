//! The models as judges of real runs: the seeded worlds of the laws, with their kills and schedules. Every
//! step of a real process must be one that its model allows; and every message of a model's peers
//! must occur in a real run, in the same state of the process.

use std::collections::{BTreeMap, BTreeSet};

use checker::component::{Effect, EffectOf, Input, InputOf, Model, accept};
use kernel::{Envelope, MonitorRef, Pid, Signal};
use lab::world::{Observed, Stage};
use market::Party;
use protocol::Message;

/// A step of a process: its input, and all its effects.
pub(crate) struct Step {
    pub(crate) pid: Pid,
    pub(crate) input: InputOf<Party>,
    pub(crate) done: Vec<EffectOf<Party>>,
}

/// Collects steps from the events of a world.
#[derive(Default)]
pub(crate) struct Recorder {
    waiting: usize,
    monitors: BTreeMap<Pid, Vec<(MonitorRef, Pid)>>,
}

impl Recorder {
    /// The steps since this was last called: one, or those of a supervisor's children at their start.
    pub(crate) fn steps(&mut self, stage: &Stage, seen: &[Observed]) -> Vec<Step> {
        let world = stage.world();
        let taken = |s: &&Observed| matches!(s, Observed::Delivered(_) | Observed::Lost(_));
        let old = self.waiting - seen.iter().filter(taken).count();
        let sent: Vec<&Envelope<Message>> = world.signals().skip(old).collect();
        self.waiting = world.waiting();
        let mut steps = Vec::new();
        for event in seen {
            let Observed::Delivered(Envelope { to, from, signal }) = event else { continue };
            let input = match signal {
                Signal::Message(message) => Input::Says { from: *from, message: *message },
                Signal::Start => Input::Start,
                Signal::Down(tie, _) => {
                    let monitors = self.monitors.entry(*to).or_default();
                    let Some(at) = monitors.iter().position(|(other, _)| other == tie) else {
                        continue; // taken away before: no step
                    };
                    monitors.remove(at);
                    Input::Hears { of: *from }
                }
                Signal::ChildDown(_) => {
                    let begun = seen.iter().filter_map(|event| match event {
                        Observed::Started(pid, ..) => Some(*pid),
                        _ => None,
                    });
                    // Children of a supervisor of many that is back get their start as a signal.
                    let waits = |pid: Pid| {
                        sent.iter().any(|e| e.to == pid && matches!(e.signal, Signal::Start))
                    };
                    let begun = begun.filter(|pid| !waits(*pid) && world.process(*pid).is_some());
                    for pid in begun {
                        let done = self.done(stage, pid, seen, &sent);
                        steps.push(Step { pid, input: Input::Start, done });
                    }
                    continue;
                }
                _ => continue,
            };
            let done = self.done(stage, *to, seen, &sent);
            steps.push(Step { pid: *to, input, done });
        }
        steps
    }

    fn done(
        &mut self,
        stage: &Stage,
        pid: Pid,
        seen: &[Observed],
        sent: &[&Envelope<Message>],
    ) -> Vec<EffectOf<Party>> {
        let mut done = Vec::new();
        let mut end = None;
        for event in seen {
            match event {
                Observed::Recorded(by, fact) if *by == pid => done.push(Effect::Records(*fact)),
                Observed::Noted(by, note) if *by == pid => done.push(Effect::Notes(*note)),
                Observed::Ended(who, reason) if *who == pid => {
                    end = Some(Effect::Exits(reason.clone()))
                }
                _ => {}
            }
        }
        let after = stage.world().monitors(pid);
        let before = self.monitors.insert(pid, after.clone()).unwrap_or_default();
        if end.is_none() {
            let gone = before.iter().filter(|tie| !after.contains(tie));
            done.extend(gone.map(|(_, who)| Effect::Unwatches(*who)));
            let set = after.iter().filter(|tie| !before.contains(tie));
            done.extend(set.map(|(_, who)| Effect::Watches(*who)));
        }
        done.extend(sent.iter().filter(|e| e.from == pid).filter_map(|e| match e.signal {
            Signal::Message(message) => Some(Effect::Says { to: e.to, message }),
            Signal::Control(control) => Some(Effect::Bids { supervisor: e.to, control }),
            _ => None,
        }));
        done.extend(end);
        done
    }
}

/// States of processes, and the kinds of input that came in each.
pub(crate) type Pairs = BTreeSet<(&'static str, String)>;

/// Checks a step by its model, and advances the model. Panics with the difference.
pub(crate) fn judge<M: Model<Process = Party>>(
    model: &mut M,
    step: &Step,
    pairs: &mut Pairs,
    seed: u64,
) {
    pairs.insert((model.state_name(), step.input.kind()));
    match accept(model, &step.input, &step.done, |_| None) {
        Ok(way) => *model = way.then,
        Err(what) => panic!("seed {seed}: {:?} of {model:#?}: {what}", step.input),
    }
    model.learn(&step.done);
}

/// Inputs of no protocol: a death, with or without a notification, and a client's command, which may come at any time.
const OF_NOBODY: [&str; 4] = ["dies", "enter", "cancel", "replace"];

/// Fails if a model's peer sends something that no real process has sent in that state.
pub(crate) fn nothing_is_fiction(played: &Pairs, real: &Pairs) {
    let of_peers = |pair: &&(&str, String)| !OF_NOBODY.contains(&pair.1.as_str());
    let fiction: Vec<_> =
        played.iter().filter(of_peers).filter(|pair| !real.contains(*pair)).collect();
    assert!(fiction.is_empty(), "no real peer says: {fiction:?}");
}
