//! The driver: plays one game of a model, input after input, each chosen from those that the model
//! permits, and compares every effect of the process. Then it repeats the game, once for each point
//! at which the process could have been killed, and continues with its next life. It draws nothing
//! itself: a game is its choices.

use std::collections::{BTreeMap, BTreeSet};

use super::accept::accept;
use super::chart::{Chart, Failure};
use super::model::{Effect, EffectOf, Input, InputOf, Model};
use super::stage::Stage;
use kernel::Pid;
use kernel::test_api::Mistake;

/// Coverage of games.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// How often each transition was taken.
    pub transitions: BTreeMap<&'static str, u64>,
    /// Pairs of the model's state and the kind of an input given in it, repeated messages excluded.
    pub inputs: BTreeSet<(&'static str, String)>,
    /// Inputs given.
    pub inputs_given: u64,
    /// Kills between two steps, or after a part of what a step sent.
    pub kills: u64,
}

impl Reached {
    /// Adds the coverage of another game.
    pub fn add(&mut self, other: Reached) {
        for (name, count) in other.transitions {
            *self.transitions.entry(name).or_default() += count;
        }
        self.inputs.extend(other.inputs);
        self.inputs_given += other.inputs_given;
        self.kills += other.kills;
    }

    /// The transitions of a model that were not taken.
    pub fn misses<M: Model>(&self) -> Vec<&'static str> {
        M::TRANSITIONS.iter().copied().filter(|name| !self.transitions.contains_key(name)).collect()
    }
}

/// The point at which a process is killed in a game.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Crash {
    /// The number of inputs before it.
    pub after: usize,
    /// Messages of the last step that got out; the others are lost.
    pub sent: usize,
}

/// Inputs of a game after a kill.
const AFTERMATH: usize = 12;
/// The latest messages that can come again.
const REMEMBERED: usize = 12;

/// Constructs a mistake for each game; `None` for the process as it is.
pub type Planting<'a, P> = Option<&'a dyn Fn() -> Mistake<P>>;

/// Plays the game of these choices; then, if `crashes`, again with a kill after each prefix of what
/// each of its steps has sent.
///
/// A choice is taken modulo the number of possible inputs, so any list of numbers is a game, and so
/// is any part of one, which allows shrinking. O(inputs²) with crashes.
pub fn play<M: Model>(model: &M, choices: &[u16], crashes: bool) -> Result<Reached, Box<Failure>> {
    play_with(model, choices, crashes, None)
}

/// As [`play`], with a planted mistake: to see that the model notices.
pub fn play_with<M: Model>(
    model: &M,
    choices: &[u16],
    crashes: bool,
    planting: Planting<'_, M::Process>,
) -> Result<Reached, Box<Failure>> {
    let (mut reached, sent) = game(model, choices, None, planting)?;
    if crashes {
        for (after, sent) in sent.into_iter().enumerate() {
            for sent in 0..=sent {
                let crash = Crash { after, sent };
                reached.add(game(model, choices, Some(crash), planting)?.0);
            }
        }
    }
    Ok(reached)
}

/// Plays one game. Returns the number of messages that each step has sent, the start first.
fn game<M: Model>(
    model: &M,
    choices: &[u16],
    crash: Option<Crash>,
    planting: Planting<'_, M::Process>,
) -> Result<(Reached, Vec<usize>), Box<Failure>> {
    let mut game = Game::new(model, planting.map(|plant| plant()));
    match game.all(choices, crash) {
        Ok(sent) => Ok((game.reached, sent)),
        Err(what) => {
            let (rows, choices) = (game.chart.text(), game.taken);
            Err(Box::new(Failure { what, rows, choices, crash, seed: None }))
        }
    }
}

/// An input, and whether the model listed it (else it is a repeated message).
type Chosen<P> = (InputOf<P>, bool);

struct Game<M: Model> {
    model: M,
    stage: Stage<M::Process>,
    chart: Chart,
    reached: Reached,
    /// The choices taken, each reduced modulo the number of possible inputs.
    taken: Vec<u16>,
    /// Messages that can come again.
    past: Vec<InputOf<M::Process>>,
}

impl<M: Model> Game<M> {
    fn new(model: &M, mistake: Option<Mistake<M::Process>>) -> Game<M> {
        let mut model = model.clone();
        let mut stage = model.set();
        if let Some(mistake) = mistake {
            stage.mistake(mistake);
        }
        let (chart, reached) = (Chart::default(), Reached::default());
        Game { model, stage, chart, reached, taken: Vec::new(), past: Vec::new() }
    }

    fn all(&mut self, choices: &[u16], crash: Option<Crash>) -> Result<Vec<usize>, String> {
        let first = self.stage.first();
        let mut sent = vec![sent(&first)];
        let lost = self.judge(&Input::Start, &first)?;
        if self.is_time(crash, 0) {
            self.die(crash, &lost)?;
        }
        let mut left = usize::MAX;
        for (before, choice) in choices.iter().enumerate() {
            if !self.stage.is_on() || left == 0 {
                break;
            }
            let Some((input, is_new)) = self.choose(*choice)? else { break };
            if is_new {
                self.reached.inputs.insert((self.model.state_name(), input.kind()));
            }
            let done = self.give(&input)?;
            left -= 1;
            if !self.stage.is_on() {
                if !self.live_again()? {
                    break;
                }
                sent.push(0); // no kill is placed in a step that ended the process
                continue;
            }
            sent.push(self::sent(&done));
            if self.is_time(crash, before + 1) {
                self.die(crash, &done)?;
                left = AFTERMATH;
            }
        }
        self.reached.inputs_given += sent.len() as u64;
        Ok(sent)
    }

    fn is_time(&self, crash: Option<Crash>, after: usize) -> bool {
        crash.is_some_and(|crash| crash.after == after)
    }

    /// The input that a choice selects; `None` if there is none.
    fn choose(&mut self, choice: u16) -> Result<Option<Chosen<M::Process>>, String> {
        let mut may = self.model.may();
        let new = may.len();
        for of in self.stage.endings() {
            let is_of = |other: &Pid| other.index() == of.index();
            let is_it =
                |input: &InputOf<M::Process>| matches!(input, Input::Hears { of } if is_of(of));
            if !may.iter().any(is_it) {
                return Err(format!("it watches {}, which it need not", self.model.name(of)));
            }
        }
        let again = self.past.iter().filter(|past| self.model.comes_again(past));
        may.extend(again.filter(|past| !self.model.must(past).is_empty()).cloned());
        if may.is_empty() {
            return Ok(None);
        }
        let at = usize::from(choice) % may.len();
        self.taken.push(u16::try_from(at).unwrap_or(choice));
        Ok(Some((may.swap_remove(at), at < new)))
    }

    /// Gives an input, and compares and returns the effects.
    fn give(&mut self, input: &InputOf<M::Process>) -> Result<Vec<EffectOf<M::Process>>, String> {
        if matches!(input, Input::Says { .. }) && !self.past.contains(input) {
            self.past.push(input.clone());
            if self.past.len() > REMEMBERED {
                self.past.remove(0);
            }
        }
        self.chart.input(&self.model, input);
        self.model.prepare(input, &mut self.stage);
        let done = self.stage.give(input)?;
        self.judge(input, &done)?;
        Ok(done)
    }

    /// Compares a step's effects with the model, and advances the model. Returns the effects
    /// unchanged.
    fn judge(
        &mut self,
        input: &InputOf<M::Process>,
        done: &[EffectOf<M::Process>],
    ) -> Result<Vec<EffectOf<M::Process>>, String> {
        self.chart.done(&self.model, self.stage.subject(), done);
        let process = |who: Pid| self.stage.world().process(who);
        let taken = accept(&self.model, input, done, process)?;
        *self.reached.transitions.entry(taken.name).or_default() += 1;
        self.model = taken.then;
        self.model.learn(done);
        for did in done {
            if let Effect::Begins { who, .. } = did
                && let Some(process) = self.stage.world().process(*who)
            {
                self.model.born(*who, process);
            }
        }
        self.model.agrees(self.stage.world().process(self.stage.subject()))?;
        Ok(done.to_vec())
    }

    /// Kills the process after its last step, of whose messages some are lost, and starts its next
    /// life.
    fn die(&mut self, crash: Option<Crash>, done: &[EffectOf<M::Process>]) -> Result<(), String> {
        let got_out = crash.map_or(usize::MAX, |crash| crash.sent);
        let lost: Vec<_> = done.iter().filter(|did| did.is_sent()).skip(got_out).cloned().collect();
        self.reached.kills += 1;
        self.chart.killed(&self.model, &lost);
        self.stage.kill();
        self.model.reborn(&lost);
        self.live_again().map(drop)
    }

    /// Starts the process's next life. False if its supervisor does not restart it.
    fn live_again(&mut self) -> Result<bool, String> {
        let Some(done) = self.stage.next_life() else { return Ok(false) };
        self.chart.again(&self.model);
        self.past.clear();
        self.judge(&Input::Start, &done)?;
        Ok(true)
    }
}

fn sent<M, F, N>(done: &[Effect<M, F, N>]) -> usize {
    done.iter().filter(|did| did.is_sent()).count()
}
