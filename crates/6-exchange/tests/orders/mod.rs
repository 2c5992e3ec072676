//! Commands of one account to an exchange on the caller's thread, for the tests of markets and of releases.

use exchange::Exchange;
use protocol::{Command, NewOrder, Response, TimeInForce};
use units::{AccountId, Lots, MarketId, Price, Side, Time};

/// Submits a command at time 0, and returns its responses.
pub(crate) fn submit(exchange: &mut Exchange, command: &Command) -> Vec<Response> {
    let mut responses = Vec::new();
    exchange.submit(Time(0), command, &mut |_, response| responses.push(response));
    responses
}

/// Places a good-till-cancel order of account 1 at price 100.
pub(crate) fn place(
    exchange: &mut Exchange,
    market: MarketId,
    side: Side,
    quantity: u64,
) -> Vec<Response> {
    let (client, time_in_force) = (None, TimeInForce::GoodTillCancel);
    let (account, price, quantity) = (AccountId(1), Price(100), Lots(quantity));
    let new = NewOrder { account, client, market, side, price, quantity, time_in_force };
    submit(exchange, &Command::NewOrder(new))
}
