//! matchcore 0.4, by its one entry point `OrderBook::execute`. It cannot reserve capacity.
//!
//! As shipped it matches a crossing limit order without its limit (`submit_crossable_order` and
//! `amend_limit_order` call `match_order` with no limit price), so an order that sweeps trades past
//! its limit. Two engines are made of it: as shipped, and with the limit enforced, by asking for
//! no more lots than may trade and placing the rest by a second command.

use matchcore::{
    AmendCmd, AmendPatch, CancelCmd, Command, CommandKind, CommandMeta, CommandOutcome,
    CommandReport, LimitOrder, LimitOrderPatch, NewOrder, OrderBook, OrderFlags, OrderId,
    OrderKind, OrderOutcome, Price, Quantity, QuantityPolicy, SequenceNumber, SubmitCmd,
    TimeInForce, Timestamp,
};
use protocol::Replace;
use units::Side;

use crate::engines::Engine;
use crate::report::{Kind, Report, Sink};
use crate::script::{FIRST, Script};

/// A command, with the fields of its reports.
pub struct Fed {
    command: Command,
    number: u64,
    order: u64,
    price: i64,
    quantity: u64,
    /// False for the second of two commands that are one command.
    first: bool,
    /// Lots of an immediate order that were not submitted, as they may not trade.
    unmatched: u64,
}

/// The script in matchcore's types.
struct Translation {
    fed: Vec<Fed>,
    /// matchcore's number of each order, by the number of the command that placed it.
    ids: Vec<u64>,
    keep_limits: bool,
}

impl Translation {
    fn push(&mut self, kind: CommandKind, number: u64, order: u64, price: i64, quantity: u64) {
        let sequence = self.fed.len() as u64;
        let meta = CommandMeta {
            sequence_number: SequenceNumber(sequence),
            timestamp: Timestamp(sequence),
        };
        let command = Command { meta, kind };
        self.fed.push(Fed { command, number, order, price, quantity, first: true, unmatched: 0 });
    }

    fn submit(
        &mut self,
        number: u64,
        order: u64,
        side: Side,
        price: i64,
        quantity: u64,
        time_in_force: protocol::TimeInForce,
    ) {
        let side = match side {
            Side::Buy => matchcore::Side::Buy,
            Side::Sell => matchcore::Side::Sell,
        };
        let time_in_force = match time_in_force {
            protocol::TimeInForce::GoodTillCancel => TimeInForce::Gtc,
            protocol::TimeInForce::ImmediateOrCancel => TimeInForce::Ioc,
        };
        let flags = OrderFlags::new(side, false, time_in_force);
        let policy = QuantityPolicy::Standard { quantity: Quantity(quantity) };
        let order_price = Price(price.cast_unsigned());
        let limit = NewOrder::Limit(LimitOrder::new(order_price, policy, flags));
        self.ids[order as usize] = self.fed.len() as u64;
        self.push(CommandKind::Submit(SubmitCmd { order: limit }), number, order, price, quantity);
    }

    fn place(&mut self, number: u64, place: &protocol::NewOrder, taken: u64) {
        let protocol::NewOrder { side, price, quantity, time_in_force, .. } = *place;
        let (price, quantity) = (price.0, quantity.0);
        if !self.keep_limits || taken == 0 || taken == quantity {
            return self.submit(number, number, side, price, quantity, time_in_force);
        }
        self.submit(number, number, side, price, taken, time_in_force);
        if time_in_force == protocol::TimeInForce::ImmediateOrCancel {
            self.last().unmatched = quantity - taken;
        } else {
            self.submit(number, number, side, price, quantity - taken, time_in_force);
            self.last().first = false;
        }
    }

    fn replace(&mut self, number: u64, replace: &Replace, filled: u64, taken: u64, side: Side) {
        let (order, price, quantity) = (replace.order.0, replace.price.0, replace.quantity.0);
        let open = quantity.saturating_sub(filled);
        let split = self.keep_limits && taken > 0 && taken < open;
        let wanted = Quantity(if split { taken } else { open });
        let patch = LimitOrderPatch::new()
            .with_price(Price(price.cast_unsigned()))
            .with_quantity_policy(QuantityPolicy::Standard { quantity: wanted });
        let order_id = OrderId(self.ids[order as usize]);
        let amend = AmendCmd { order_id, patch: AmendPatch::Limit(patch) };
        self.push(CommandKind::Amend(amend), number, order, price, quantity);
        if split {
            let time_in_force = protocol::TimeInForce::GoodTillCancel;
            self.submit(number, order, side, price, open - taken, time_in_force);
            self.last().first = false;
        }
    }

    fn last(&mut self) -> &mut Fed {
        self.fed.last_mut().expect("one was just pushed")
    }
}

fn translate(script: &Script, keep_limits: bool) -> (Vec<Fed>, usize) {
    let commands = script.commands.len();
    let mut to = Translation {
        fed: Vec::with_capacity(commands + commands / 16),
        ids: vec![u64::MAX; commands + FIRST as usize],
        keep_limits,
    };
    let mut standing = 0;
    for (index, wanted) in script.commands.iter().enumerate() {
        if index == script.standing {
            standing = to.fed.len();
        }
        let number = index as u64 + FIRST;
        let taken = u64::from(script.taken[index]);
        match wanted {
            protocol::Command::NewOrder(place) => to.place(number, place, taken),
            protocol::Command::Replace(replace) => {
                let filled = script.met[index].filled.unwrap_or(0);
                let side = script.side(replace.order.0);
                to.replace(number, replace, filled, taken, side);
            }
            protocol::Command::Cancel { order, .. } => {
                let order_id = OrderId(to.ids[order.0 as usize]);
                let cancel = CancelCmd { order_id, order_kind: OrderKind::Limit };
                to.push(CommandKind::Cancel(cancel), number, order.0, 0, 0);
            }
            protocol::Command::OpenMarket(_)
            | protocol::Command::Release { .. }
            | protocol::Command::ResumeMarket { .. } => {} // not in the flow
        }
    }
    (to.fed, standing)
}

fn feed(book: &mut OrderBook, commands: &[Fed], sink: &mut impl Sink) {
    for fed in commands {
        let report = |kind| Report::new(kind, fed.number, fed.order, fed.price, fed.quantity);
        match book.execute(&fed.command) {
            CommandOutcome::Applied(CommandReport::Submit(effects)) => {
                if fed.first {
                    sink.report(report(Kind::Entered));
                }
                walk(fed, effects.target_order(), sink);
            }
            CommandOutcome::Applied(CommandReport::Amend(effects)) => {
                sink.report(report(Kind::Replaced));
                walk(fed, effects.target_order(), sink);
            }
            CommandOutcome::Applied(CommandReport::Cancel) => sink.report(report(Kind::Cancelled)),
            CommandOutcome::Rejected(_) => sink.report(report(Kind::Refused)),
        }
    }
}

#[inline]
fn walk(fed: &Fed, outcome: &OrderOutcome, sink: &mut impl Sink) {
    let mut filled = 0;
    if let Some(result) = outcome.match_result() {
        for trade in result.trades() {
            let (maker, price) = (trade.maker_order_id().0, trade.price().0.cast_signed());
            let quantity = trade.quantity().0;
            filled += quantity;
            sink.report(Report::trade(fed.number, fed.order, maker, price, quantity));
        }
    }
    if outcome.cancel_reason().is_some() || fed.unmatched > 0 {
        let left = fed.quantity - filled + fed.unmatched;
        sink.report(Report::new(Kind::Cancelled, fed.number, fed.order, fed.price, left));
    }
}

/// As its authors ship it.
pub struct AsShipped(OrderBook);

impl Engine for AsShipped {
    type Command = Fed;

    const NAME: &'static str = "matchcore";

    fn translate(script: &Script) -> (Vec<Fed>, usize) {
        translate(script, false)
    }

    fn new(_: &Script) -> AsShipped {
        AsShipped(OrderBook::new("FLOW-USD"))
    }

    fn feed(&mut self, commands: &[Fed], sink: &mut impl Sink) {
        feed(&mut self.0, commands, sink);
    }
}

/// With the limits of orders enforced.
pub struct LimitsKept(OrderBook);

impl Engine for LimitsKept {
    type Command = Fed;

    const NAME: &'static str = "matchcore, limits kept";

    fn translate(script: &Script) -> (Vec<Fed>, usize) {
        translate(script, true)
    }

    fn new(_: &Script) -> LimitsKept {
        LimitsKept(OrderBook::new("FLOW-USD"))
    }

    fn feed(&mut self, commands: &[Fed], sink: &mut impl Sink) {
        feed(&mut self.0, commands, sink);
    }
}
