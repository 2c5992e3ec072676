//! Where the numbers of a life's deals end, the life ends, and the order trades on in its next one.

use exchange::{Exchange, Options};
use kernel::mutation::with;
use lab::world::market_spec;
use market::Party;
use market::mutation::PROPOSES_ON;
use protocol::{Command, Deal, Fact, Message, NewOrder, Response, TimeInForce};
use units::{AccountId, Lots, MarketId, OrderId, Price, Side, Time, limits};

const MARKET: MarketId = MarketId(0);

/// What two takers of a lot each trade with an order that has numbers for one more deal: life and number of each.
fn deals() -> Vec<(u32, u32)> {
    let mut exchange = Exchange::new(Options::default());
    exchange.submit(Time(0), &Command::OpenMarket(market_spec(0)), &mut |_, _| ());
    let maker = exchange.start(Time(0)).number();
    let symbol = market_spec(0).symbol;
    let orders = exchange.world().node(&format!("exchange/{}/orders", symbol.as_str()));
    let (account, client, market, side) = (AccountId(1), None, MARKET, Side::Sell);
    let (price, quantity, time_in_force) = (Price(10), Lots(10), TimeInForce::GoodTillCancel);
    let new = NewOrder { account, client, market, side, price, quantity, time_in_force };
    let enter = Message::Enter(new);
    let process = || Party::aged_order(MARKET, limits::MAX_PROPOSALS - 1);
    let world = exchange.world_mut();
    world.spawn_child_with(orders.expect("the market is open"), maker.0, process, enter);
    world.run();
    let place = NewOrder {
        account: AccountId(2),
        client,
        market: MARKET,
        side: Side::Buy,
        price,
        quantity: Lots(1),
        time_in_force,
    };
    let mut deals = Vec::new();
    for time in 1..=2 {
        exchange.submit(Time(time), &Command::NewOrder(place), &mut |_, response| {
            if let Response::Fact(_, Fact::Traded { deal, .. }) = response {
                let Deal { maker: of, incarnation, number, .. } = deal;
                assert_eq!(of, OrderId(maker.0));
                deals.push((incarnation, number));
            }
        });
    }
    deals
}

#[test]
fn a_life_ends_with_its_last_number_and_the_next_one_trades_on() {
    let deals = deals();
    assert_eq!(deals.len(), 2, "{deals:?}");
    assert_eq!(deals[0].1, limits::MAX_PROPOSALS);
    assert_eq!(deals[1], (deals[0].0 + 1, 1));
}

#[test]
fn numbers_that_go_on_behind_the_last_one_are_recorded_by_no_ledger() {
    assert_eq!(with(&[PROPOSES_ON], || deals().len()), 1);
}
