//! Ours: an order per process, through `Exchange` on the caller's thread. Every fact and rejection is
//! reported.

use exchange::Exchange;
use protocol::{Command, Fact, Response};
use units::Time;

use crate::engines::Engine;
use crate::report::{Kind, Report, Sink};
use crate::script::{FIRST, Script};

/// The exchange.
pub struct Ours {
    exchange: Exchange,
}

impl Engine for Ours {
    type Command = Command;

    const NAME: &'static str = "buttonwood";

    fn translate(script: &Script) -> (Vec<Command>, usize) {
        (script.commands.clone(), script.standing)
    }

    fn new(_: &Script) -> Ours {
        let mut exchange = Exchange::new(exchange::Options::default());
        exchange.submit(Time(1), &Command::OpenMarket(lab::flow::market()), &mut |_, _| {});
        assert_eq!(exchange.next_command().0, FIRST, "the flow names its orders from here");
        Ours { exchange }
    }

    fn feed(&mut self, commands: &[Command], sink: &mut impl Sink) {
        for (index, command) in commands.iter().enumerate() {
            self.exchange.warm(&commands[index + 1..]);
            let number = self.exchange.next_command().0;
            self.exchange.submit(Time(number), command, &mut |command, response| {
                if let Some(report) = report(command.0, &response) {
                    sink.report(report);
                }
            });
        }
    }
}

#[inline]
fn report(command: u64, response: &Response) -> Option<Report> {
    let fact = match response {
        Response::Fact(_, fact) => fact,
        Response::Rejected(_) => return Some(Report::new(Kind::Refused, command, 0, 0, 0)),
        Response::Repeated(order) => {
            return Some(Report::new(Kind::Refused, command, order.0, 0, 0));
        }
    };
    Some(match *fact {
        Fact::Entered(e) => {
            Report::new(Kind::Entered, command, e.order.0, e.new.price.0, e.new.quantity.0)
        }
        Fact::Traded { deal, price, quantity, .. } => {
            Report::trade(command, deal.taker.0, deal.maker.0, price.0, quantity.0)
        }
        Fact::Replaced { order, price, quantity, .. } => {
            Report::new(Kind::Replaced, command, order.0, price.0, quantity.0)
        }
        Fact::Cancelled { order, quantity, .. } => {
            Report::new(Kind::Cancelled, command, order.0, 0, quantity.0)
        }
        _ => return None,
    })
}
