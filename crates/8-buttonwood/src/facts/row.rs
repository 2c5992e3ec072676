//! A fact as a line: its stored fields, then derived fields in the units of its market. Stored fields
//! keep names and positions, so programs that read only these are not affected by the derived ones.

use std::fmt::Write as _;

use protocol::json::{Csv, Json};
use protocol::{Fact, Stamp};

use super::about::{About, Parties};

/// Derived columns, after the stored ones.
const MORE: [&str; 5] =
    ["trade_id", "maker_account", "taker_account", "decimal_price", "decimal_size"];

/// Stored columns that a text line omits: it has the same in the market's units, or they only
/// number a maker's deals.
const NOT_FOR_PEOPLE: [&str; 6] =
    ["market", "price", "quantity", "incarnation", "number", "priority"];

/// A derived field.
struct Field {
    name: &'static str,
    value: String,
    /// In JSON, text has quotes.
    is_text: bool,
}

/// The derived fields of a fact.
fn more(stamp: &Stamp, fact: &Fact, about: &About) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut number = |name, value: Option<u64>| {
        fields.extend(value.map(|value| Field { name, value: value.to_string(), is_text: false }));
    };
    let names_market = matches!(
        fact,
        Fact::MarketOpened { .. }
            | Fact::Entered(_)
            | Fact::Traded { .. }
            | Fact::MarketStopped { .. }
            | Fact::MarketResumed { .. }
    );
    number("market", about.market.filter(|_| !names_market).map(|market| market.0.into()));
    match about.parties {
        Parties::None => {}
        Parties::One(party) => {
            let account = party.account.filter(|_| !matches!(fact, Fact::Entered(_)));
            number("account", account.map(|account| account.0.into()));
        }
        Parties::Deal { maker, taker } => {
            let is_trade = matches!(fact, Fact::Traded { .. });
            number("trade_id", is_trade.then_some(stamp.seq));
            number("maker_account", maker.account.map(|account| account.0.into()));
            number("taker_account", taker.account.map(|account| account.0.into()));
        }
    }
    let mut text = |name, value: Option<String>| {
        fields.extend(value.map(|value| Field { name, value, is_text: true }));
    };
    let spec = about.spec.filter(|_| !matches!(fact, Fact::MarketOpened { .. }));
    text("symbol", spec.map(|spec| spec.symbol.to_string()));
    let side = about.side().filter(|_| !matches!(fact, Fact::Entered(_)));
    text("side", side.map(|side| side.to_string()));
    let (price, quantity) = match *fact {
        Fact::Entered(entered) => (Some(entered.new.price), Some(entered.new.quantity)),
        Fact::Traded { price, quantity, .. } | Fact::Replaced { price, quantity, .. } => {
            (Some(price), Some(quantity))
        }
        Fact::Cancelled { quantity, .. } => (None, Some(quantity)),
        _ => (None, None),
    };
    let decimal = |price| spec.map(|spec| spec.tick.write(price).to_string());
    text("decimal_price", price.and_then(|price| decimal(price.0)));
    let decimal = |quantity| spec.map(|spec| spec.lot.write(quantity).to_string());
    text("decimal_size", quantity.and_then(|quantity| decimal(quantity.0)));
    fields
}

/// A JSON object: stored fields, then derived fields.
pub(crate) fn json(stamp: Stamp, fact: Fact, about: &About) -> String {
    let mut line = Json(stamp, fact).to_string();
    let closed = line.pop();
    debug_assert_eq!(closed, Some('}'), "an object ends so");
    // Every text here is made of ASCII letters, digits and `-.:_`, so nothing has to be escaped.
    for Field { name, value, is_text } in more(&stamp, &fact, about) {
        let quote = if is_text { "\"" } else { "" };
        write!(line, ",\"{name}\":{quote}{value}{quote}").expect("text can be written");
    }
    line.push('}');
    line
}

/// The header: the names of the columns.
pub(crate) fn csv_head() -> String {
    format!("{},{}", Csv::head(), MORE.join(","))
}

/// A row of CSV.
pub(crate) fn csv(stamp: Stamp, fact: Fact, about: &About) -> String {
    let values: Vec<String> =
        columns(stamp, fact, about).into_iter().map(|(_, value)| value).collect();
    values.join(",")
}

/// Every column with its value; empty where the fact has none.
fn columns(stamp: Stamp, fact: Fact, about: &About) -> Vec<(&'static str, String)> {
    let row = Csv(stamp, fact).to_string();
    let names = Csv::columns().chain(MORE);
    let values = row.split(',').map(str::to_owned).chain(MORE.map(|_| String::new()));
    let mut columns: Vec<_> = names.zip(values).collect();
    for Field { name, value, .. } in more(&stamp, &fact, about) {
        if let Some((_, empty)) = columns.iter_mut().find(|(column, _)| *column == name) {
            *empty = value;
        }
    }
    columns
}

/// A line of text: numbers, time and kind; market, side, size and price; then the rest by name.
pub(crate) fn text(stamp: Stamp, fact: Fact, about: &About) -> String {
    let mut columns = columns(stamp, fact, about);
    let mut take = |name: &str| {
        let value = columns.iter_mut().find(|(column, _)| *column == name);
        value.map(|(_, value)| std::mem::take(value)).filter(|value| !value.is_empty())
    };
    let mut next = |name: &str| take(name).unwrap_or_default();
    let mut line = format!("{:>8} {:>8}  {}", next("seq"), next("command"), next("time"));
    write!(line, "  {}", next("fact")).expect("text can be written");
    for name in NOT_FOR_PEOPLE {
        take(name);
    }
    for name in ["symbol", "side", "decimal_size"] {
        line.extend(take(name).into_iter().flat_map(|value| [" ".to_owned(), value]));
    }
    line.extend(take("decimal_price").into_iter().flat_map(|price| [" @ ".to_owned(), price]));
    line.extend(take("trade_id").into_iter().flat_map(|number| [" trade ".to_owned(), number]));
    for (name, owner) in [("maker", "maker_account"), ("taker", "taker_account")] {
        if let Some(order) = take(name) {
            let account = take(owner).map(|account| format!(" of account {account}"));
            write!(line, " {name} {order}{}", account.unwrap_or_default())
                .expect("text can be written");
        }
    }
    for (name, value) in columns.iter().filter(|(_, value)| !value.is_empty()) {
        match *name {
            // Only the exception is worth a word.
            "time_in_force" if value == "good-till-cancel" => {}
            "time_in_force" | "reason" => line.extend([" ", value]),
            _ => line.extend([" ", &name.replace('_', " "), " ", value]),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use protocol::{CancelReason, Deal, Entered, MarketSpec, NewOrder, TimeInForce};
    use units::{
        AccountId, ClientId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side, Time,
    };

    use super::super::about::Known;
    use super::*;

    /// One of each kind, about one market and two orders.
    fn facts() -> Vec<(Stamp, Fact)> {
        let (tick, lot) = (Scale { mantissa: 5, places: 1 }, Scale::places(3));
        let spec = MarketSpec::new("BTC-USD".parse().unwrap(), tick, lot);
        let market = MarketId(0);
        let entered = |order, account, side, time_in_force| {
            Fact::Entered(Entered {
                order: OrderId(order),
                new: NewOrder {
                    account: AccountId(account),
                    client: ClientId::new(u128::from(order)),
                    market,
                    side,
                    price: Price(201),
                    quantity: Lots(2_500),
                    time_in_force,
                },
            })
        };
        let deal = Deal { maker: OrderId(3), taker: OrderId(4), incarnation: 1, number: 9 };
        let (price, quantity, order) = (Price(-201), Lots(1_500), OrderId(4));
        let facts = [
            Fact::Started { epoch: 1 },
            Fact::MarketOpened { market, spec },
            entered(3, 7, Side::Sell, TimeInForce::GoodTillCancel),
            entered(4, 8, Side::Buy, TimeInForce::ImmediateOrCancel),
            Fact::Voided { deal },
            Fact::Traded { deal, market, price, quantity },
            Fact::Replaced {
                order,
                client: None,
                price,
                quantity: Lots(4_000),
                priority: CommandId(9),
            },
            Fact::Suspended { order },
            Fact::Released { order },
            Fact::Cancelled { order, quantity: Lots(2_500), reason: CancelReason::Requested },
            Fact::MarketStopped { market },
            Fact::MarketResumed { market },
        ];
        let stamp = |seq| Stamp { seq, command: CommandId(seq), time: Time(0) };
        (1..).zip(facts).map(|(seq, fact)| (stamp(seq), fact)).collect()
    }

    fn lines(form: fn(Stamp, Fact, &About) -> String) -> Vec<String> {
        let mut known = Known::default();
        facts()
            .into_iter()
            .map(|(stamp, fact)| {
                let about = known.take(&fact);
                form(stamp, fact, &about)
            })
            .collect()
    }

    #[test]
    fn people_read_units_names_and_owners() {
        let lines: Vec<_> = lines(text)
            .into_iter()
            .map(|line| line.split_once("00Z  ").unwrap().1.to_owned())
            .collect();
        let client = |last| format!("client 00000000-0000-0000-0000-00000000000{last}");
        let [third, fourth] = [3, 4].map(client);
        assert_eq!(
            lines,
            [
                "started epoch 1".to_owned(),
                "market-opened BTC-USD tick 0.5 lot 0.001 prices above-zero".to_owned(),
                format!("entered BTC-USD sell 2.500 @ 100.5 order 3 account 7 {third}"),
                format!(
                    "entered BTC-USD buy 2.500 @ 100.5 order 4 account 8 {fourth} immediate-or-cancel"
                ),
                "voided BTC-USD buy maker 3 of account 7 taker 4 of account 8".to_owned(),
                "traded BTC-USD buy 1.500 @ -100.5 trade 6 maker 3 of account 7 taker 4 of account 8"
                    .to_owned(),
                "replaced BTC-USD buy 4.000 @ -100.5 order 4 account 8".to_owned(),
                "suspended BTC-USD buy order 4 account 8".to_owned(),
                "released BTC-USD buy order 4 account 8".to_owned(),
                "cancelled BTC-USD buy 2.500 order 4 account 8 requested".to_owned(),
                "market-stopped BTC-USD".to_owned(),
                "market-resumed BTC-USD".to_owned(),
            ]
        );
    }

    /// Every value of the object is in the row, under its own name, once, and nothing else is.
    #[test]
    fn a_row_says_what_the_object_says() {
        let head = csv_head();
        for (row, object) in lines(csv).into_iter().zip(lines(json)) {
            assert_eq!(row.split(',').count(), head.split(',').count(), "{row}");
            let row: Vec<_> = head.split(',').zip(row.split(',')).collect();
            let object: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&object).unwrap_or_else(|why| panic!("{why}: {object}"));
            let filled = row.iter().filter(|(_, value)| !value.is_empty());
            assert_eq!(filled.count(), object.len(), "{row:?}, {object:?}");
            for (name, value) in &object {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                assert!(row.contains(&(name.as_str(), value.as_str())), "{name}: {row:?}");
            }
        }
    }

    #[test]
    fn what_was_stored_stands_first_and_as_it_was() {
        assert!(csv_head().starts_with(&Csv::head()));
        let (stamp, fact) = facts()[5];
        let mut known = Known::default();
        for (_, fact) in &facts()[..5] {
            known.take(fact);
        }
        let line = json(stamp, fact, &known.take(&fact));
        assert!(line.starts_with(Json(stamp, fact).to_string().trim_end_matches('}')), "{line}");
        let more = [
            r#","trade_id":6,"maker_account":7,"taker_account":8,"symbol":"BTC-USD","#,
            r#""side":"buy","decimal_price":"-100.5","decimal_size":"1.500"}"#,
        ];
        assert!(line.ends_with(&more.concat()), "{line}");
    }
}
