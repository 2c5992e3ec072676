//! Planned commands of order owners: a ring of future commands, each with its list.

use units::Side;

/// Longest plan, in commands; a power of two above the longest lifetime.
const AHEAD: usize = 1 << 16;
const NONE: u32 = u32::MAX;

/// An order as its owner remembers it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quote {
    number: u64,
    price: i32,
    quantity: u8,
    sells: bool,
}

impl Quote {
    pub(super) fn new(number: u64, side: Side, price: i64, quantity: u64) -> Quote {
        let price = i32::try_from(price).expect("the mid is within 100,000 ticks");
        let quantity = u8::try_from(quantity).expect("sizes are at most 100");
        Quote { number, price, quantity, sells: side == Side::Sell }
    }

    pub(super) fn number(self) -> u64 {
        self.number
    }

    pub(super) fn side(self) -> Side {
        if self.sells { Side::Sell } else { Side::Buy }
    }

    pub(super) fn price(self) -> i64 {
        i64::from(self.price)
    }

    pub(super) fn quantity(self) -> u64 {
        u64::from(self.quantity)
    }
}

/// The plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// Replace it, and cancel it later.
    Replace,
    /// Cancel it.
    Cancel,
    /// Cancel it; nothing follows. It may be a doubled cancel.
    LastCancel,
    /// Replace it though it is cancelled; nothing follows.
    LastReplace,
}

#[derive(Clone, Debug)]
struct Plan {
    quote: Quote,
    next: Next,
    /// The plan that was made for the same command before this one.
    after: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// The last plan made for each command to come, by command modulo `AHEAD`.
    ring: Box<[u32]>,
    now: usize,
    plans: Vec<Plan>,
    free: u32,
    /// Plans whose time has come: one is done at each command, the last made first.
    due: Vec<u32>,
}

impl Pending {
    pub(super) fn new() -> Pending {
        Pending {
            ring: vec![NONE; AHEAD].into_boxed_slice(),
            now: 0,
            plans: Vec::new(),
            free: NONE,
            due: Vec::new(),
        }
    }

    /// Plans `next` for `delay` commands from now, from 1 to `AHEAD - 1`.
    #[inline]
    pub(super) fn plan(&mut self, delay: usize, quote: Quote, next: Next) {
        let slot = (self.now + delay) % AHEAD;
        let plan = Plan { quote, next, after: self.ring[slot] };
        let index = if self.free == NONE {
            self.plans.push(plan);
            u32::try_from(self.plans.len() - 1)
                .expect("at most one plan a command within 2^16 commands")
        } else {
            let index = self.free;
            let freed = &mut self.plans[index as usize];
            self.free = freed.after;
            *freed = plan;
            index
        };
        self.ring[slot] = index;
    }

    /// One command further: what is to be done at it, if anything is.
    #[inline]
    pub(super) fn due(&mut self) -> Option<(Quote, Next)> {
        self.now = (self.now + 1) % AHEAD;
        let mut index = std::mem::replace(&mut self.ring[self.now], NONE);
        while index != NONE {
            self.due.push(index);
            index = self.plans[index as usize].after;
        }
        let index = self.due.pop()?;
        let plan = &mut self.plans[index as usize];
        plan.after = self.free;
        self.free = index;
        Some((plan.quote, plan.next))
    }
}
