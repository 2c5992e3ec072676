//! orderbook-rs 0.15, without optional features: `add_limit_order`, `cancel_order` and
//! `update_order`, with its trade listener, the only way to receive every trade (those of a
//! partly filled immediate order, and of a replace that crosses). Its `StubClock` saves the
//! reading of a clock, as our commands carry their time. It cannot reserve capacity.

use std::sync::{Arc, Mutex, PoisonError};

use orderbook_rs::OrderBook;
use orderbook_rs::prelude::{Clock, StubClock, TradeResult};
use pricelevel::{Id, OrderUpdate, Price, Quantity, TimeInForce};

use units::Side;

use crate::engines::Engine;
use crate::report::{Kind, Report, Sink};
use crate::script::{FIRST, Script};

/// A command in its types.
enum Command {
    Add {
        price: u128,
        side: pricelevel::Side,
        time_in_force: TimeInForce,
    },
    Update(OrderUpdate),
    Cancel,
    /// A replace to no more than the traded quantity: its update to zero would cancel the order, so a
    /// client's gateway rejects it first.
    Refuse,
}

/// A command, with the fields of its reports.
pub struct Fed {
    command: Command,
    id: Id,
    number: u64,
    order: u64,
    price: i64,
    quantity: u64,
}

/// Maker, price and lots.
type Fills = Arc<Mutex<Vec<(Id, i64, u64)>>>;

/// The engine.
pub struct OrderbookRs {
    book: OrderBook<()>,
    fills: Fills,
}

impl OrderbookRs {
    /// Reports the trades of the last call; returns how many lots they had.
    fn trades(&self, fed: &Fed, sink: &mut impl Sink) -> u64 {
        let mut lots_done = 0;
        let mut fills = self.fills.lock().unwrap_or_else(PoisonError::into_inner);
        for (maker, price, quantity) in fills.drain(..) {
            lots_done += quantity;
            let maker = maker.as_u64().unwrap_or_default();
            sink.report(Report::trade(fed.number, fed.order, maker, price, quantity));
        }
        lots_done
    }
}

fn listen(fills: &Fills, result: &TradeResult) {
    let mut fills = fills.lock().unwrap_or_else(PoisonError::into_inner);
    for trade in result.match_result.trades().as_vec() {
        let price = trade.price().as_u128() as i64;
        fills.push((trade.maker_order_id(), price, trade.quantity().as_u64()));
    }
}

impl Engine for OrderbookRs {
    type Command = Fed;

    const NAME: &'static str = "orderbook-rs";

    fn translate(script: &Script) -> (Vec<Fed>, usize) {
        let fed = script.commands.iter().enumerate().map(|(index, wanted)| {
            let number = index as u64 + FIRST;
            let (order, price, quantity, command) = match wanted {
                protocol::Command::NewOrder(place) => {
                    let side = match place.side {
                        Side::Buy => pricelevel::Side::Buy,
                        Side::Sell => pricelevel::Side::Sell,
                    };
                    let time_in_force = match place.time_in_force {
                        protocol::TimeInForce::GoodTillCancel => TimeInForce::Gtc,
                        protocol::TimeInForce::ImmediateOrCancel => TimeInForce::Ioc,
                    };
                    let price = place.price.0;
                    let add = Command::Add { price: price as u128, side, time_in_force };
                    (number, price, place.quantity.0, add)
                }
                protocol::Command::Replace(replace) => {
                    let (order, price) = (replace.order.0, replace.price.0);
                    let met = script.met[index];
                    let open = replace.quantity.0.saturating_sub(met.filled.unwrap_or(0));
                    let order_id = Id::sequential(order);
                    let new_quantity = Quantity::new(open);
                    let new_price = Price::new(price as u128);
                    let update = if open == 0 {
                        Command::Refuse
                    } else if met.before.0 == price {
                        Command::Update(OrderUpdate::UpdateQuantity { order_id, new_quantity })
                    } else {
                        Command::Update(OrderUpdate::UpdatePriceAndQuantity {
                            order_id,
                            new_price,
                            new_quantity,
                        })
                    };
                    (order, price, replace.quantity.0, update)
                }
                protocol::Command::Cancel { order, .. } => (order.0, 0, 0, Command::Cancel),
                protocol::Command::OpenMarket(_)
                | protocol::Command::Release { .. }
                | protocol::Command::ResumeMarket { .. } => {
                    unreachable!("the flow opens no markets and releases no order")
                }
            };
            Fed { command, id: Id::sequential(order), number, order, price, quantity }
        });
        (fed.collect(), script.standing)
    }

    fn new(_: &Script) -> OrderbookRs {
        let mut book =
            OrderBook::with_clock("FLOW-USD", Arc::new(StubClock::new()) as Arc<dyn Clock>);
        let fills = Fills::default();
        let heard = Arc::clone(&fills);
        book.set_trade_listener(Arc::new(move |result| listen(&heard, result)));
        OrderbookRs { book, fills }
    }

    fn feed(&mut self, commands: &[Fed], sink: &mut impl Sink) {
        for fed in commands {
            let report = |kind| Report::new(kind, fed.number, fed.order, fed.price, fed.quantity);
            match &fed.command {
                Command::Add { price, side, time_in_force } => {
                    let added = self.book.add_limit_order(
                        fed.id,
                        *price,
                        fed.quantity,
                        *side,
                        *time_in_force,
                        None,
                    );
                    sink.report(report(Kind::Entered));
                    let filled = self.trades(fed, sink);
                    if added.is_err() {
                        let quantity = fed.quantity - filled;
                        sink.report(Report { quantity, ..report(Kind::Cancelled) });
                    }
                }
                Command::Update(update) => match self.book.update_order(*update) {
                    Ok(Some(_)) => {
                        sink.report(report(Kind::Replaced));
                        self.trades(fed, sink);
                    }
                    _ => sink.report(report(Kind::Refused)),
                },
                Command::Cancel => match self.book.cancel_order(fed.id) {
                    Ok(Some(order)) => {
                        let quantity = order.visible_quantity().as_u64();
                        sink.report(Report { quantity, ..report(Kind::Cancelled) });
                    }
                    _ => sink.report(report(Kind::Refused)),
                },
                Command::Refuse => sink.report(report(Kind::Refused)),
            }
        }
    }
}
