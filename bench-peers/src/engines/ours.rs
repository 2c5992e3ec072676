//! Ours: an order per process, by the face on the caller's thread. Every fact and refusal is
//! reported.

use exchange::Exchange;
use protocol::{Ask, Fact, Tell};
use units::Time;

use crate::engines::Engine;
use crate::report::{Kind, Report, Sink};
use crate::script::{FIRST, Script};

/// The exchange.
pub struct Ours {
    exchange: Exchange,
}

impl Engine for Ours {
    type Command = Ask;

    const NAME: &'static str = "buttonwood";

    fn translate(script: &Script) -> (Vec<Ask>, usize) {
        (script.asks.clone(), script.standing)
    }

    fn new(_: &Script) -> Ours {
        let mut exchange = Exchange::new(exchange::Options::default());
        exchange.ask(Time(1), &Ask::OpenMarket(lab::flow::market()), &mut |_, _| {});
        assert_eq!(exchange.next_ask().0, FIRST, "the flow names its orders from here");
        Ours { exchange }
    }

    fn feed(&mut self, commands: &[Ask], sink: &mut impl Sink) {
        for (index, ask) in commands.iter().enumerate() {
            self.exchange.warm(&commands[index + 1..]);
            let number = self.exchange.next_ask().0;
            self.exchange.ask(Time(number), ask, &mut |ask, tell| {
                if let Some(report) = report(ask.0, &tell) {
                    sink.report(report);
                }
            });
        }
    }
}

#[inline]
fn report(ask: u64, tell: &Tell) -> Option<Report> {
    let fact = match tell {
        Tell::Fact(_, fact) => fact,
        Tell::Refused(_) => return Some(Report::new(Kind::Refused, ask, 0, 0, 0)),
        Tell::Repeated(order) => return Some(Report::new(Kind::Refused, ask, order.0, 0, 0)),
    };
    Some(match *fact {
        Fact::Entered(e) => Report::new(Kind::Entered, ask, e.order.0, e.price.0, e.lots.0),
        Fact::Traded { deal, price, lots, .. } => {
            Report::trade(ask, deal.taker.0, deal.maker.0, price.0, lots.0)
        }
        Fact::Replaced { order, price, lots, .. } => {
            Report::new(Kind::Replaced, ask, order.0, price.0, lots.0)
        }
        Fact::Left { order, lots, .. } => Report::new(Kind::Left, ask, order.0, 0, lots.0),
        _ => return None,
    })
}
