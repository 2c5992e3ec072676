//! The exchange against the oracle: the same commands give the same outcomes in the same order, and the
//! same book, at every step.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use exchange::{Exchange, Options};
use lab::chart::Chart;
use lab::flow::{Flow, Options as FlowOptions, Scenario};
use lab::oracle::{Oracle, Outcome};
use proptest::prelude::*;
use protocol::{Command, Distance, Fact, MarketSpec, NewOrder, Replace, Response, TimeInForce};
use units::{
    AccountId, ClientId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side, Time, limits,
};

/// Both, side by side.
struct Pair {
    exchange: Exchange,
    oracle: Oracle,
    /// Side and limit of every order that entered and has not left.
    limits: BTreeMap<OrderId, (Side, Price, TimeInForce)>,
}

/// An order of a book: number, price, lots.
type Row = (OrderId, Price, Lots);

impl Pair {
    fn new() -> Pair {
        let exchange = Exchange::new(Options::default());
        Pair { exchange, oracle: Oracle::new(), limits: BTreeMap::new() }
    }

    /// Submits a command to both, and compares all visible results.
    fn submit(&mut self, command: &Command) -> Result<(), String> {
        let mut responses = Vec::new();
        let number =
            self.exchange.submit(Time(0), command, &mut |_, response| responses.push(response));
        let told: Vec<_> = responses.iter().filter_map(Outcome::of).collect();
        if told.len() != responses.len() {
            return Err(format!("without a fault no client gets such responses: {responses:?}"));
        }
        let right = self.oracle.submit(number, command);
        if told != right {
            return Err(format!(
                "command {number} {command:?}\n  told  {told:?}\n  right {right:?}"
            ));
        }
        self.check_trades(number, &responses)?;
        let markets: Vec<_> = self.exchange.markets().map(|(market, _)| market).collect();
        for market in markets {
            self.check_book(market)?;
        }
        Ok(())
    }

    /// Checks rules 3, 6, 10, 16 and 18 of trade by the answers alone.
    fn check_trades(&mut self, number: CommandId, responses: &[Response]) -> Result<(), String> {
        let mut last_seq = None;
        for response in responses {
            let Response::Fact(stamp, fact) = response else { continue };
            if stamp.command != number || last_seq.is_some_and(|last| stamp.seq != last + 1) {
                return Err(format!("facts are numbered without gaps: {stamp:?}"));
            }
            last_seq = Some(stamp.seq);
            match *fact {
                Fact::Entered(e) => {
                    self.limits.insert(e.order, (e.new.side, e.new.price, e.new.time_in_force));
                }
                Fact::Replaced { order, price, .. } => {
                    self.limits.entry(order).and_modify(|limit| limit.1 = price);
                }
                Fact::Cancelled { order, .. } => {
                    self.limits.remove(&order);
                }
                Fact::Traded { deal, price, quantity, .. } => {
                    let (side, limit, _) = self.limits[&deal.taker];
                    let resting = self.limits[&deal.maker].1;
                    if quantity.is_zero() || price != resting || !side.accepts(limit, price) {
                        return Err(format!("an unfair trade: {fact:?}"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_book(&self, market: MarketId) -> Result<(), String> {
        let floor = self.exchange.floor(market).ok_or("a market has a floor")?;
        if !floor.is_quiet() {
            return Err(format!("the floor of {market} is not quiet after a command"));
        }
        let mut best = BTreeMap::new();
        let mut resting = 0;
        for side in [Side::Buy, Side::Sell] {
            let book = self.oracle.book(market, side);
            let levels: Vec<_> = floor.side(side).levels().collect();
            let right: Vec<_> =
                book.iter().map(|(price, quantity, _)| (*price, *quantity)).collect();
            if levels != right {
                return Err(format!("levels of {side}: {levels:?}, right: {right:?}"));
            }
            let rows = floor.resting(side);
            let right: Vec<Row> = book
                .iter()
                .flat_map(|(price, _, orders)| orders.iter().map(|order| (*order, *price)))
                .map(|(order, price)| {
                    let (done, size) = self.oracle.order(order).expect("it is in the book");
                    (order, price, size - done)
                })
                .collect();
            if rows != right {
                return Err(format!("orders of {side}: {rows:?}, right: {right:?}"));
            }
            self.check_rows(market, side, &rows)?;
            resting += rows.len();
            if let Some((price, quantity)) = self.exchange.best(market, side) {
                if levels.first() != Some(&(price, quantity)) {
                    return Err(format!("the best {side} is not the first level"));
                }
                best.insert(side, price);
            } else if !levels.is_empty() {
                return Err(format!("levels without a best {side}"));
            }
        }
        if self.exchange.resting(market) != resting {
            return Err("the number of orders that rest is wrong".into());
        }
        match (best.get(&Side::Buy), best.get(&Side::Sell)) {
            (Some(bid), Some(ask)) if bid >= ask => Err(format!("crossed: {bid} {ask}")),
            _ => Ok(()),
        }
    }

    /// Depth is the sum of the orders, each is as the ledger has it, and none is immediate.
    fn check_rows(&self, market: MarketId, side: Side, rows: &[Row]) -> Result<(), String> {
        let mut depth: BTreeMap<Price, Lots> = BTreeMap::new();
        for &(order, price, quantity) in rows {
            *depth.entry(price).or_default() += quantity;
            let state = self.exchange.order(order).ok_or(format!("{order} rests unknown"))?;
            if (state.side, state.price, state.open) != (side, price, quantity) {
                return Err(format!("{order} rests as {price} {quantity}, is {state:?}"));
            }
            if state.time_in_force == TimeInForce::ImmediateOrCancel {
                return Err(format!("{order} may not rest"));
            }
        }
        for (price, quantity) in depth {
            let shown = self.exchange.depth_at(market, side, price);
            if shown != quantity {
                return Err(format!("depth at {price}: {shown}, the orders have {quantity}"));
            }
        }
        Ok(())
    }
}

// ---- random commands

/// A random command, whose order depends on the commands before it.
#[derive(Clone, Debug)]
enum Wish {
    Open {
        symbol: u8,
        bad: bool,
    },
    Place {
        account: u8,
        client: Option<u8>,
        market: u8,
        side: Side,
        price: Num,
        quantity: Num,
        ioc: bool,
    },
    Cancel {
        account: Option<u8>,
        order: prop::sample::Index,
    },
    CancelUnknown,
    Replace {
        account: Option<u8>,
        client: Option<u8>,
        order: prop::sample::Index,
        price: Num,
        quantity: Num,
    },
    Again(prop::sample::Index),
}

/// A small number, or one beyond what is allowed.
#[derive(Clone, Copy, Debug)]
enum Num {
    Small(i8),
    TooMuch,
}

impl Num {
    fn price(self) -> Price {
        match self {
            Num::Small(small) => Price(i64::from(small)),
            Num::TooMuch => Price(limits::MAX_PRICE + 1),
        }
    }

    fn quantity(self) -> Lots {
        match self {
            Num::Small(small) => Lots(u64::from(small.unsigned_abs())),
            Num::TooMuch => Lots(limits::MAX_LOTS + 1),
        }
    }
}

fn price() -> impl Strategy<Value = Num> {
    prop_oneof![40 => (-3i8..4).prop_map(Num::Small), 1 => Just(Num::TooMuch)]
}

fn quantity() -> impl Strategy<Value = Num> {
    prop_oneof![40 => (1i8..8).prop_map(Num::Small), 1 => Just(Num::Small(0)), 1 => Just(Num::TooMuch)]
}

fn client() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![4 => Just(None), 1 => (1u8..5).prop_map(Some)]
}

fn other_account() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![9 => Just(None), 1 => (0u8..3).prop_map(Some)]
}

fn wish() -> impl Strategy<Value = Wish> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let place = (0u8..3, client(), 0u8..20, side, price(), quantity(), prop::bool::weighted(0.15));
    let order = any::<prop::sample::Index>;
    prop_oneof![
        1 => (0u8..6, any::<bool>()).prop_map(|(symbol, bad)| Wish::Open { symbol, bad }),
        14 => place.prop_map(|(account, client, market, side, price, quantity, ioc)| {
            // Most in one market, some in those of other rules, few in one that may not be.
            let market = [0, 0, 0, 1, 1, 2, 2, 3, 3, 4][usize::from(market / 2)];
            Wish::Place { account, client, market, side, price, quantity, ioc }
        }),
        4 => (other_account(), order()).prop_map(|(account, order)| Wish::Cancel { account, order }),
        1 => Just(Wish::CancelUnknown),
        5 => (other_account(), client(), order(), price(), quantity()).prop_map(
            |(account, client, order, price, quantity)| {
                Wish::Replace { account, client, order, price, quantity }
            }
        ),
        1 => order().prop_map(Wish::Again),
    ]
}

/// Wishes to commands. The first open markets, one with each kind of rules.
fn commands(wishes: &[Wish]) -> Vec<Command> {
    let mut commands: Vec<_> =
        (0..4).map(|number| Command::OpenMarket(spec(number, false))).collect();
    let mut owners: Vec<(OrderId, AccountId)> = Vec::new();
    for wish in wishes {
        let number = commands.len() as u64 + 1;
        let of = |order: &prop::sample::Index, account: &Option<u8>| {
            if owners.is_empty() {
                return (OrderId(9999), AccountId(0));
            }
            let (order, owner) = owners[order.index(owners.len())];
            (order, account.map_or(owner, |account| AccountId(account.into())))
        };
        let id = |client: &Option<u8>| client.and_then(|id| ClientId::new(id.into()));
        let command = match wish {
            Wish::Open { symbol, bad } => Command::OpenMarket(spec(*symbol, *bad)),
            Wish::Place { account, client, market, side, price, quantity, ioc } => {
                let account = AccountId((*account).into());
                owners.push((OrderId(number), account));
                let time_in_force = match ioc {
                    true => TimeInForce::ImmediateOrCancel,
                    false => TimeInForce::GoodTillCancel,
                };
                let (client, market) = (id(client), MarketId((*market).into()));
                let (side, price, quantity) = (*side, price.price(), quantity.quantity());
                Command::NewOrder(NewOrder {
                    account,
                    client,
                    market,
                    side,
                    price,
                    quantity,
                    time_in_force,
                })
            }
            Wish::Cancel { account, order } => {
                let (order, account) = of(order, account);
                Command::Cancel { account, order }
            }
            Wish::CancelUnknown => Command::Cancel { account: AccountId(0), order: OrderId(9999) },
            Wish::Replace { account, client, order, price, quantity } => {
                let (order, account) = of(order, account);
                let (client, price, quantity) = (id(client), price.price(), quantity.quantity());
                Command::Replace(Replace { account, client, order, price, quantity })
            }
            Wish::Again(which) => commands[which.index(commands.len())],
        };
        commands.push(command);
    }
    commands
}

/// A market by its name's number: the first takes every price, the second those above zero, the others have
/// collars; one that is bad has no lot, or a collar that contradicts its other rules.
fn spec(symbol: u8, bad: bool) -> MarketSpec {
    let lot = if bad && symbol.is_multiple_of(2) {
        Scale { mantissa: 0, places: 0 }
    } else {
        Scale::places(0)
    };
    let length = NonZeroU32::new(if symbol == 2 { 5_000 } else { 2 }).expect("it is above zero");
    let above =
        MarketSpec::new(format!("M{symbol}").parse().expect("a symbol"), Scale::places(0), lot);
    match symbol {
        0 => above.with_negative_prices(),
        1 if bad => above.with_collar(Distance::Ticks(length), Price(0)),
        1 => above,
        2 => above.with_collar(Distance::BasisPoints(length), Price(2)),
        _ if bad => {
            above.with_negative_prices().with_collar(Distance::BasisPoints(length), Price(2))
        }
        _ => above.with_negative_prices().with_collar(Distance::Ticks(length), Price(0)),
    }
}
proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_asks_have_the_outcomes_that_the_oracle_says(wishes in prop::collection::vec(wish(), 1..60)) {
        let commands = commands(&wishes);
        let mut pair = Pair::new();
        for command in &commands {
            if let Err(wrong) = pair.submit(command) {
                let chart = match Chart::of_commands("the case that failed, shrunk", &commands) {
                    Ok(chart) => chart.to_string(),
                    Err(broken) => format!("{broken}\n{commands:#?}"),
                };
                prop_assert!(false, "{wrong}\n{chart}");
            }
        }
    }
}

fn cases() -> u32 {
    std::env::var("BUTTONWOOD_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(3_000)
}

#[test]
fn every_scenario_of_generated_flow_has_the_outcomes_that_the_oracle_says() {
    for scenario in Scenario::ALL {
        for seed in 0..2 {
            let mut pair = Pair::new();
            pair.submit(&Command::OpenMarket(spec(0, false))).unwrap();
            let options = FlowOptions {
                first: CommandId(2),
                accounts: 3,
                standing: Some(100),
                period: 2_000,
                ..FlowOptions::default()
            };
            for command in Flow::new(scenario, seed, options).take(4_000) {
                if let Err(wrong) = pair.submit(&command) {
                    panic!("{scenario:?}, seed {seed}: {wrong}");
                }
            }
        }
    }
}
