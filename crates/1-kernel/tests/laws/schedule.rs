//! Every schedule that a law is tried under: the order of sending, then seeds.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use kernel::{Live, Process, Scheduler, Seeded, Watch, World};

/// Who chooses in one run.
#[derive(Clone, Debug)]
pub(crate) enum Schedule {
    /// By [`World::run`].
    Live,
    /// By [`Live`], the chooser that must do the same.
    LiveScheduler,
    /// By this seed.
    Seeded(Seeded),
}

impl Schedule {
    /// Runs until nothing waits.
    pub(crate) fn run<P: Process, W: Watch<P>>(&mut self, world: &mut World<P, W>) {
        match self {
            Schedule::Live => world.run(),
            Schedule::LiveScheduler => {
                world.run_by(&mut Live);
            }
            Schedule::Seeded(seeded) => {
                world.run_by(seeded);
            }
        }
    }

    /// Delivers a few signals only, so that something can happen in the middle.
    pub(crate) fn some<P: Process, W: Watch<P>>(&mut self, world: &mut World<P, W>, steps: usize) {
        let mut ready = Vec::new();
        for _ in 0..steps {
            match self {
                Schedule::Seeded(seeded) => world.step_by(seeded, &mut ready),
                Schedule::Live | Schedule::LiveScheduler => world.step_by(&mut Live, &mut ready),
            };
        }
    }

    pub(crate) fn is_seeded(&self) -> bool {
        matches!(self, Schedule::Seeded(_))
    }
}

/// Tries a law live and under this number of seeds. A failure is reported with its schedule.
pub(crate) fn under_every_schedule(seeds: u64, law: impl Fn(&mut Schedule)) {
    quietly();
    let live = [Schedule::Live, Schedule::LiveScheduler];
    // Miri is a hundred times slower, and looks for other things than schedules.
    let seeds = if cfg!(miri) { 2 } else { seeds };
    let seeded = (0..seeds).map(|seed| Schedule::Seeded(Seeded::new(seed)));
    for schedule in live.into_iter().chain(seeded) {
        let mut used = schedule.clone();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| law(&mut used))) {
            let why = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            panic!("under {schedule:?}: {why}");
        }
    }
}

/// Records a scheduler's picks, so that a test can repeat them.
pub(crate) struct Recording<C> {
    pub(crate) scheduler: C,
    pub(crate) picks: Vec<usize>,
}

impl<C: Scheduler> Scheduler for Recording<C> {
    fn choose(&mut self, ready: &[usize]) -> Option<usize> {
        let pick = self.scheduler.choose(ready)?;
        self.picks.push(pick);
        Some(pick)
    }
}

/// Keeps planned panics from the terminal, and those without a text; others are printed as ever.
pub(crate) fn quietly() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |info| {
            if info.payload_as_str().is_some_and(|text| text != "planned") {
                loud(info);
            }
        }));
    });
}
