//! Facts as text for programs and people: JSON lines, and rows of CSV. One way only, out.
//!
//! Prices and lots are whole numbers of ticks and lots, as everywhere; orders, markets and accounts
//! are bare numbers; times are RFC 3339. What a fact does not have is left out (in CSV, empty).

use std::fmt::{self, Display, Formatter};

use units::rfc3339::Rfc3339;
use units::{ClientId, Lots, MarketId, OrderId, Price};

use crate::{
    CancelReason, Collar, Deal, Distance, Entered, Fact, MarketSpec, NewOrder, Stamp, TimeInForce,
};

/// A fact with its stamp, written as one JSON object. About a microsecond.
///
/// ```
/// use units::{CommandId, Lots, OrderId, Time};
/// use protocol::{CancelReason, Fact, Stamp, json::Json};
///
/// let stamp = Stamp { seq: 9, command: CommandId(7), time: Time(1_430_438_404_518_000_000) };
/// let reason = CancelReason::Requested;
/// let cancelled = Fact::Cancelled { order: OrderId(3), quantity: Lots(10), reason };
/// let text = Json(stamp, cancelled).to_string();
/// assert!(text.starts_with(r#"{"seq":9,"command":7,"time":"2015-05-01T00:00:04.518Z","fact":"cancelled","#));
/// assert!(text.ends_with(r#","order":3,"quantity":10,"reason":"requested"}"#));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Json(pub Stamp, pub Fact);

impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Json(stamp, fact) = self;
        write!(f, "{{\"seq\":{},\"command\":{}", stamp.seq, stamp.command)?;
        write!(f, ",\"time\":\"{}\",\"fact\":\"{}\"", Rfc3339(stamp.time), kind(fact))?;
        each_field(fact, &mut |column, value| {
            // Every text here is ASCII alphanumerics and `-.:_`, so nothing has to be escaped.
            match value {
                Value::Text(text) => write!(f, ",\"{}\":\"{text}\"", column.name()),
                Value::Bare(bare) => write!(f, ",\"{}\":{bare}", column.name()),
            }
        })?;
        f.write_str("}")
    }
}

/// A fact with its stamp, written as one row of CSV without the line's end. About two microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Csv(pub Stamp, pub Fact);

impl Csv {
    /// The names of the columns, in order.
    pub fn columns() -> impl Iterator<Item = &'static str> {
        let columns = Column::ALL.iter().map(|column| column.name());
        ["seq", "command", "time", "fact"].into_iter().chain(columns)
    }

    /// The first row: the names of the columns.
    pub fn head() -> String {
        Csv::columns().collect::<Vec<_>>().join(",")
    }
}

impl Display for Csv {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Csv(stamp, fact) = self;
        write!(f, "{},{},{},{}", stamp.seq, stamp.command, Rfc3339(stamp.time), kind(fact))?;
        let mut at = 0; // the columns of a fact come in the order of all columns
        each_field(fact, &mut |column, value| {
            while Column::ALL[at] != column {
                at += 1;
                f.write_str(",")?;
            }
            at += 1;
            match value {
                Value::Text(value) | Value::Bare(value) => write!(f, ",{value}"),
            }
        })?;
        (at..Column::ALL.len()).try_for_each(|_| f.write_str(","))
    }
}

macro_rules! columns {
    ($($name:ident = $text:literal,)*) => {
        /// The fields that facts have, in the order of CSV.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        enum Column { $($name,)* }

        impl Column {
            const ALL: &[Column] = &[$(Column::$name,)*];

            fn name(self) -> &'static str {
                match self { $(Column::$name => $text,)* }
            }
        }
    };
}

columns! {
    Epoch = "epoch",
    Order = "order",
    Account = "account",
    Client = "client",
    Maker = "maker",
    Taker = "taker",
    Incarnation = "incarnation",
    Number = "number",
    Market = "market",
    Symbol = "symbol",
    Tick = "tick",
    Lot = "lot",
    Prices = "prices",
    CollarBasisPoints = "collar_basis_points",
    CollarTicks = "collar_ticks",
    Reference = "reference",
    Side = "side",
    Price = "price",
    Quantity = "quantity",
    TimeInForce = "time_in_force",
    Priority = "priority",
    Reason = "reason",
}

/// A field's value: in JSON, text has quotes.
enum Value<'a> {
    Text(&'a dyn Display),
    Bare(&'a dyn Display),
}

/// Every kind of fact by its name, as [`kind`] gives it.
pub const KINDS: [&str; 11] = [
    "started",
    "market-opened",
    "entered",
    "traded",
    "voided",
    "replaced",
    "suspended",
    "released",
    "cancelled",
    "market-stopped",
    "market-resumed",
];

/// The name of a fact's kind, such as `traded`.
pub fn kind(fact: &Fact) -> &'static str {
    match fact {
        Fact::Started { .. } => "started",
        Fact::MarketOpened { .. } => "market-opened",
        Fact::Entered(_) => "entered",
        Fact::Traded { .. } => "traded",
        Fact::Voided { .. } => "voided",
        Fact::Replaced { .. } => "replaced",
        Fact::Suspended { .. } => "suspended",
        Fact::Released { .. } => "released",
        Fact::Cancelled { .. } => "cancelled",
        Fact::MarketStopped { .. } => "market-stopped",
        Fact::MarketResumed { .. } => "market-resumed",
    }
}

type Each<'a> = &'a mut dyn FnMut(Column, Value<'_>) -> fmt::Result;

/// Hands on the fields of a fact, in the order of [`Column::ALL`].
fn each_field(fact: &Fact, each: Each<'_>) -> fmt::Result {
    match *fact {
        Fact::Started { epoch } => each(Column::Epoch, Value::Bare(&epoch)),
        Fact::MarketOpened { market, spec } => {
            each_market(market, each)?;
            each(Column::Symbol, Value::Text(&spec.symbol))?;
            each(Column::Tick, Value::Text(&spec.tick.step()))?;
            each(Column::Lot, Value::Text(&spec.lot.step()))?;
            each_rule(&spec, each)
        }
        Fact::Entered(ref entered) => each_of_entered(entered, each),
        Fact::Traded { deal, market, price, quantity } => {
            each_of_deal(deal, each)?;
            each_market(market, each)?;
            each_price(price, quantity, each)
        }
        Fact::Voided { deal } => each_of_deal(deal, each),
        Fact::Replaced { order, client, price, quantity, priority } => {
            each_order(order, each)?;
            each_client(client, each)?;
            each_price(price, quantity, each)?;
            each(Column::Priority, Value::Bare(&priority))
        }
        Fact::Suspended { order } | Fact::Released { order } => each_order(order, each),
        Fact::Cancelled { order, quantity, reason } => {
            each_order(order, each)?;
            each(Column::Quantity, Value::Bare(&quantity))?;
            let reason = match reason {
                CancelReason::Requested => "requested",
                CancelReason::Unmatched => "unmatched",
            };
            each(Column::Reason, Value::Text(&reason))
        }
        Fact::MarketStopped { market } | Fact::MarketResumed { market } => {
            each_market(market, each)
        }
    }
}

fn each_rule(spec: &MarketSpec, each: Each<'_>) -> fmt::Result {
    let prices = if spec.negative_prices { "any" } else { "above-zero" };
    each(Column::Prices, Value::Text(&prices))?;
    let Some(Collar { distance, reference }) = spec.collar else { return Ok(()) };
    match distance {
        Distance::BasisPoints(points) => each(Column::CollarBasisPoints, Value::Bare(&points))?,
        Distance::Ticks(ticks) => each(Column::CollarTicks, Value::Bare(&ticks))?,
    }
    each(Column::Reference, Value::Bare(&reference))
}

fn each_of_entered(entered: &Entered, each: Each<'_>) -> fmt::Result {
    let Entered {
        order,
        new: NewOrder { account, client, market, side, price, quantity, time_in_force },
    } = *entered;
    each_order(order, each)?;
    each(Column::Account, Value::Bare(&account.0))?;
    each_client(client, each)?;
    each_market(market, each)?;
    each(Column::Side, Value::Text(&side))?;
    each_price(price, quantity, each)?;
    let time_in_force = match time_in_force {
        TimeInForce::GoodTillCancel => "good-till-cancel",
        TimeInForce::ImmediateOrCancel => "immediate-or-cancel",
    };
    each(Column::TimeInForce, Value::Text(&time_in_force))
}

fn each_of_deal(deal: Deal, each: Each<'_>) -> fmt::Result {
    each(Column::Maker, Value::Bare(&deal.maker.0))?;
    each(Column::Taker, Value::Bare(&deal.taker.0))?;
    each(Column::Incarnation, Value::Bare(&deal.incarnation))?;
    each(Column::Number, Value::Bare(&deal.number))
}

fn each_order(order: OrderId, each: Each<'_>) -> fmt::Result {
    each(Column::Order, Value::Bare(&order.0))
}

fn each_client(client: Option<ClientId>, each: Each<'_>) -> fmt::Result {
    client.map_or(Ok(()), |client| each(Column::Client, Value::Text(&client)))
}

fn each_market(market: MarketId, each: Each<'_>) -> fmt::Result {
    each(Column::Market, Value::Bare(&market.0))
}

fn each_price(price: Price, quantity: Lots, each: Each<'_>) -> fmt::Result {
    each(Column::Price, Value::Bare(&price))?;
    each(Column::Quantity, Value::Bare(&quantity))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use units::{AccountId, CommandId, Scale, Side, Time};

    use super::*;

    /// One of each, with all that it can have.
    fn facts() -> Vec<Fact> {
        let deal = Deal { maker: OrderId(1), taker: OrderId(2), incarnation: 1, number: 3 };
        let (tick, lot) = (Scale { mantissa: 5, places: 1 }, Scale::places(8));
        let spec = MarketSpec::new("BTC-USD".parse().unwrap(), tick, lot);
        let ten = NonZeroU32::new(10).unwrap();
        let client = ClientId::new(7);
        let (order, market) = (OrderId(2), MarketId(0));
        let (price, quantity) = (Price(-5), Lots(10));
        let entered = Entered {
            order,
            new: NewOrder {
                account: AccountId(4),
                client,
                market,
                side: Side::Sell,
                price,
                quantity,
                time_in_force: TimeInForce::ImmediateOrCancel,
            },
        };
        vec![
            Fact::Started { epoch: 1 },
            Fact::MarketOpened { market, spec: spec.with_negative_prices() },
            Fact::MarketOpened {
                market,
                spec: spec.with_collar(Distance::BasisPoints(ten), price),
            },
            Fact::MarketOpened { market, spec: spec.with_collar(Distance::Ticks(ten), price) },
            Fact::Entered(entered),
            Fact::Traded { deal, market, price, quantity },
            Fact::Voided { deal },
            Fact::Replaced { order, client, price, quantity, priority: CommandId(6) },
            Fact::Suspended { order },
            Fact::Released { order },
            Fact::Cancelled { order, quantity, reason: CancelReason::Unmatched },
            Fact::MarketStopped { market },
            Fact::MarketResumed { market },
        ]
    }

    fn stamped() -> Vec<(Stamp, Fact)> {
        let stamp = Stamp { seq: 1, command: CommandId(6), time: Time(0) };
        facts().into_iter().map(|fact| (stamp, fact)).collect()
    }

    #[test]
    fn each_kind_is_one_object() {
        let lines: Vec<_> = stamped()
            .into_iter()
            .map(|(stamp, fact)| Json(stamp, fact).to_string())
            .map(|line| {
                line.replace(r#"{"seq":1,"command":6,"time":"1970-01-01T00:00:00Z","fact":"#, "")
            })
            .collect();
        let client = r#""client":"00000000-0000-0000-0000-000000000007""#;
        let opened =
            r#""market-opened","market":0,"symbol":"BTC-USD","tick":"0.5","lot":"0.00000001""#;
        assert_eq!(
            lines,
            [
                r#""started","epoch":1}"#.to_owned(),
                format!(r#"{opened},"prices":"any"}}"#),
                format!(r#"{opened},"prices":"above-zero","collar_basis_points":10,"reference":-5}}"#),
                format!(r#"{opened},"prices":"above-zero","collar_ticks":10,"reference":-5}}"#),
                format!(
                    r#""entered","order":2,"account":4,{client},"market":0,"side":"sell","price":-5,"quantity":10,"time_in_force":"immediate-or-cancel"}}"#
                ),
                r#""traded","maker":1,"taker":2,"incarnation":1,"number":3,"market":0,"price":-5,"quantity":10}"#
                    .to_owned(),
                r#""voided","maker":1,"taker":2,"incarnation":1,"number":3}"#.to_owned(),
                format!(r#""replaced","order":2,{client},"price":-5,"quantity":10,"priority":6}}"#),
                r#""suspended","order":2}"#.to_owned(),
                r#""released","order":2}"#.to_owned(),
                r#""cancelled","order":2,"quantity":10,"reason":"unmatched"}"#.to_owned(),
                r#""market-stopped","market":0}"#.to_owned(),
                r#""market-resumed","market":0}"#.to_owned(),
            ]
        );
    }

    #[test]
    fn every_kind_has_a_name_in_the_list() {
        let mut kinds: Vec<_> = facts().iter().map(kind).collect();
        kinds.dedup(); // markets with each kind of rules
        assert_eq!(kinds, KINDS);
    }

    /// Every value of the object is in the row, under its own name, and nothing else is.
    #[test]
    fn a_row_says_what_the_object_says() {
        let head = Csv::head();
        for (stamp, fact) in stamped() {
            let row = Csv(stamp, fact).to_string();
            assert_eq!(row.split(',').count(), head.split(',').count(), "{row}");
            let object: Vec<_> = head
                .split(',')
                .zip(row.split(','))
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| format!("{name}:{value}"))
                .collect();
            let json = Json(stamp, fact).to_string();
            let json = json.trim_matches(['{', '}']).replace('"', "");
            assert_eq!(object.join(","), json);
        }
    }
}
