//! Many games of a model, drawn from a seed by proptest, which shrinks a failing one. The only
//! module here that draws; behind the feature `proptest`.

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::chart::Failure;
use super::model::Model;
use super::play::{Planting, Reached, play_with};

/// The number and length of games.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Games {
    /// The seed: the same seed gives the same games.
    pub seed: u64,
    /// Number of games.
    pub games: u32,
    /// Most inputs of a game.
    pub inputs: usize,
    /// True to repeat each game with a kill after every prefix of what its steps have sent.
    pub crashes: bool,
}

impl Games {
    /// 200 games of at most 30 inputs, with crashes.
    pub const fn of(seed: u64) -> Games {
        Games { seed, games: 200, inputs: 30, crashes: true }
    }
}

/// Plays games of a model. Fails with the smallest game found in which the process diverges from
/// the model, or if a transition of the model was never taken.
pub fn check<M: Model>(model: &M, games: Games) -> Result<Reached, Box<Failure>> {
    check_with(model, games, None)
}

/// As [`check`], with a planted mistake: to see that the model notices.
pub fn check_with<M: Model>(
    model: &M,
    games: Games,
    planting: Planting<'_, M::Process>,
) -> Result<Reached, Box<Failure>> {
    let config = Config {
        cases: games.games,
        failure_persistence: None, // a seed and the choices are printed, and reproduce it
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&games.seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let reached = RefCell::new(Reached::default());
    let failed = RefCell::new(None);
    let outcome = runner.run(&vec(any::<u16>(), 0..=games.inputs), |choices| {
        match play_with(model, &choices, games.crashes, planting) {
            Ok(more) => {
                reached.borrow_mut().add(more);
                Ok(())
            }
            Err(failure) => {
                let what = failure.what.clone();
                failed.replace(Some(failure));
                Err(TestCaseError::fail(what))
            }
        }
    });
    let reached = reached.into_inner();
    let nowhere = |what: String| {
        let (rows, choices) = (String::new(), Vec::new());
        Box::new(Failure { what, rows, choices, crash: None, seed: Some(games.seed) })
    };
    match outcome {
        Ok(()) => {
            let missed = reached.misses::<M>();
            if missed.is_empty() {
                return Ok(reached);
            }
            Err(nowhere(format!("no game came by {missed:?}")))
        }
        Err(TestError::Fail(_, choices)) => {
            // The last game that failed is not always the smallest.
            let smallest = play_with(model, &choices, games.crashes, planting).err();
            let failure = smallest.or(failed.into_inner());
            let failure = failure.unwrap_or_else(|| nowhere("it failed once only".to_owned()));
            Err(Box::new(Failure { seed: Some(games.seed), ..*failure }))
        }
        Err(TestError::Abort(why)) => Err(nowhere(why.to_string())),
    }
}
