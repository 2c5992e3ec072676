//! The smallest plan of a seed that still fails: fewer kinds of fault, fewer faults, which come sooner,
//! fewer orders, one market. Each try is a whole run from the seed, so what is found replays exactly; a
//! plan that breaks another law than the first one did is not taken.

use super::mistake::Mistake;
use super::plan::ORDERS;
use super::run::run_with;
use super::{Violation, Wanted};
use crate::faults::{Fault, Kinds};
use crate::laws::Law;

/// Most runs that shrinking takes.
const TRIES: u32 = 400;

/// Number of faults at which shrinking stops.
const FEW: u64 = 4;
/// Lengths of windows that are tried when leaving out the first and the last faults is not enough.
const ELSEWHERE: u64 = 60;

struct Shrink {
    seed: u64,
    mistake: Option<Mistake>,
    law: Law,
    best: Box<Violation>,
    tries: u32,
}

/// Shrinks a violation, and draws it. Takes some hundred runs, most of them short.
pub fn shrink(violation: Box<Violation>, mistake: Option<Mistake>) -> Box<Violation> {
    let (seed, law) = (violation.seed, violation.broken.law);
    let mut shrink = Shrink { seed, mistake, law, best: violation, tries: 0 };
    loop {
        let before = shrink.best.wanted;
        shrink.kinds();
        shrink.haste();
        shrink.faults();
        shrink.orders();
        shrink.markets();
        if shrink.best.wanted == before || shrink.tries >= TRIES {
            break;
        }
    }
    match run_with(seed, &shrink.best.wanted, mistake, true) {
        Err(drawn) => drawn,
        Ok(_) => shrink.best, // cannot be: the same seed gives the same run
    }
}

impl Shrink {
    /// True if this still fails in the same way; then it is the best so far.
    fn fails(&mut self, wanted: Wanted) -> bool {
        self.tries += 1;
        if self.tries > TRIES {
            return false;
        }
        match run_with(self.seed, &wanted, self.mistake, false) {
            Err(violation) if violation.broken.law == self.law => {
                self.best = violation;
                true
            }
            _ => false,
        }
    }

    fn kinds(&mut self) {
        for fault in Fault::ALL {
            let wanted = self.best.wanted;
            let kinds = wanted.faults.unwrap_or(Kinds::ALL);
            if kinds.has(*fault) {
                self.fails(Wanted { faults: Some(kinds.without(*fault)), ..wanted });
            }
        }
    }

    /// Leaves out the first faults, then the last ones, by halves of what is left.
    fn faults(&mut self) {
        let (mut from, mut until) = self.best.wanted.window.unwrap_or((0, u64::MAX));
        until = until.min(self.best.faults);
        let mut step = until.saturating_sub(from);
        while step > 0 {
            let wanted = self.best.wanted;
            if from + step <= until
                && self.fails(Wanted { window: Some((from + step, until)), ..wanted })
            {
                from += step;
            } else if until >= from + step
                && self.fails(Wanted { window: Some((from, until - step)), ..wanted })
            {
                until -= step;
            } else {
                step /= 2;
            }
        }
        // Leaving one fault out changes what the others draw, so a few at another place may do.
        for from in 0..ELSEWHERE {
            let wanted = self.best.wanted;
            if until.saturating_sub(from) <= FEW || wanted.window.is_some_and(|(a, b)| b - a <= FEW)
            {
                return;
            }
            self.fails(Wanted { window: Some((from, from + FEW)), ..wanted });
        }
    }

    fn orders(&mut self) {
        let mut step = self.best.wanted.orders.unwrap_or(ORDERS) / 2;
        while step > 0 {
            let wanted = self.best.wanted;
            let orders = wanted.orders.unwrap_or(ORDERS);
            let less = orders.saturating_sub(step).max(1);
            if less == orders || !self.fails(Wanted { orders: Some(less), ..wanted }) {
                step /= 2;
            }
        }
    }

    /// The same faults come sooner, so that fewer orders see them.
    fn haste(&mut self) {
        for times in [1_000, 200, 50, 10, 3] {
            let wanted = self.best.wanted;
            if self.best.wanted.hasten < Some(times) {
                let orders = Some(wanted.orders.unwrap_or(ORDERS).min(20));
                if self.fails(Wanted { hasten: Some(times), orders, window: None, ..wanted }) {
                    return;
                }
            }
        }
    }

    fn markets(&mut self) {
        let wanted = self.best.wanted;
        if wanted.markets != Some(1) {
            self.fails(Wanted { markets: Some(1), ..wanted });
        }
    }
}
