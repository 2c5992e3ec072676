//! What charts say of facts that are written down here.

use std::collections::BTreeMap;

use checker::chart::{Arrow, Picture, Row};
use exchange::{Exchange, Options};
use kernel::{Envelope, Pid, Signal, Watch};
use ledger::Ledger;
use market::{LEDGER, Party as Process, floor_of};
use protocol::{
    CancelReason, Command, Deal, Entered, Fact, MarketSpec, Message, Names, NewOrder, Replace,
    Response, Stamp, TimeInForce,
};
use units::{AccountId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side, Time};

use super::*;

/// History, command by command.
struct History {
    seq: u64,
    commands: Vec<Vec<(Stamp, Fact)>>,
}

impl History {
    fn new() -> History {
        let mut history = History { seq: 0, commands: Vec::new() };
        let spec = MarketSpec::new("BTC-USD".parse().unwrap(), Scale::places(2), Scale::places(0))
            .with_negative_prices();
        history.command(&[Fact::MarketOpened { market: MarketId(0), spec }]);
        history
    }

    fn command(&mut self, facts: &[Fact]) {
        let command = CommandId(self.commands.len() as u64 + 1);
        let stamped = facts.iter().map(|fact| {
            self.seq += 1;
            (Stamp { seq: self.seq, command, time: Time(command.0 * 1_000_000) }, *fact)
        });
        let stamped = stamped.collect();
        self.commands.push(stamped);
    }

    fn chart(&self, subject: &str) -> Option<Picture> {
        let mut redraw = Redraw::new(subject.parse().unwrap());
        self.commands.iter().for_each(|command| redraw.command(command));
        redraw.finish()
    }
}

fn entered(order: u64, side: Side, quantity: u64, price: i64) -> Fact {
    Fact::Entered(Entered {
        order: OrderId(order),
        new: NewOrder {
            account: AccountId(1),
            client: None,
            market: MarketId(0),
            side,
            price: Price(price),
            quantity: Lots(quantity),
            time_in_force: TimeInForce::GoodTillCancel,
        },
    })
}

fn traded(maker: u64, taker: u64, quantity: u64, price: i64) -> Fact {
    let deal = Deal { maker: OrderId(maker), taker: OrderId(taker), incarnation: 1, number: 1 };
    Fact::Traded { deal, market: MarketId(0), price: Price(price), quantity: Lots(quantity) }
}

/// Two resting sellers; a buyer sweeps both and cancels its rest.
fn sweep() -> History {
    let mut history = History::new();
    history.command(&[entered(2, Side::Sell, 4, 100)]);
    history.command(&[entered(3, Side::Sell, 3, 101)]);
    history.command(&[entered(4, Side::Buy, 10, 101), traded(2, 4, 4, 100), traded(3, 4, 3, 101)]);
    history.command(&[Fact::Cancelled {
        order: OrderId(4),
        quantity: Lots(3),
        reason: CancelReason::Requested,
    }]);
    history
}

#[test]
fn an_order_is_drawn_from_its_entry_to_its_end() {
    let chart = sweep().chart("4").unwrap();
    assert_eq!(
        chart.to_string(),
        "\
order #4 of BTC-USD, in ticks of 0.01 and lots of 1
# redrawn from the facts: the messages of a handshake without failures
given
  #2  sells  4 @ 100
  #3  sells  3 @ 101
then
  command 4 at 1970-01-01T00:00:00.004Z
  client -> #4      enter buy 10 @ 101
  #4     => log     entered buy 10 @ 101
  #4     -> floor   announce buy 10 @ 101
  floor  -> #2      introduce #4 10 @ 101
  #2     -> #4      propose d1 4 @ 100
  #4     -> #2      accept d1 4
  #2     -> ledger  record d1 4 @ 100
  ledger => log     traded d1 #4 #2 4 @ 100
  ledger -> #2      recorded d1
  #2     -> #4      complete d1
  #2     -> floor   leave
  #2     -> #4      down
  #4     -> floor   next 6 open
  floor  -> #3      introduce #4 6 @ 101
  #3     -> #4      propose d2 3 @ 101
  #4     -> #3      accept d2 3
  #3     -> ledger  record d2 3 @ 101
  ledger => log     traded d2 #4 #3 3 @ 101
  ledger -> #3      recorded d2
  #3     -> #4      complete d2
  #3     -> floor   leave
  #3     -> #4      down
  #4     -> floor   next 3 open
  command 5 at 1970-01-01T00:00:00.005Z
  client -> #4      cancel
  #4     => log     cancelled 3
  #4     -> floor   leave
leaves
  #2  open 0  held 0  filled 4
  #3  open 0  held 0  filled 3
  #4  open 0  held 0  filled 7  cancelled 3"
    );
}

#[test]
fn a_resting_order_is_drawn_with_the_incoming_order_that_met_it_alone() {
    let chart = sweep().chart("#3").unwrap();
    let drawn = chart.to_string();
    assert!(drawn.contains("floor  -> #3      introduce #4 6 @ 101"), "{drawn}");
    assert!(!drawn.contains("#2"), "{drawn}");
    assert!(drawn.contains("trades of this command with others, not drawn: 1"), "{drawn}");
    assert!(drawn.ends_with("#4  open 0  held 0  filled 7  cancelled 3"), "{drawn}");
}

#[test]
fn a_trade_is_drawn_alone_and_its_orders_as_they_stood() {
    let chart = sweep().chart("trade/6").unwrap();
    assert_eq!(chart.given, ["#3  sells  3 @ 101", "#4  buys  6 @ 101"]);
    assert_eq!(chart.leaves, ["#3  open 0  held 0  filled 3", "#4  open 3  held 0  filled 7"]);
    assert_eq!(chart.rows.len(), 1 + 10);
}

#[test]
fn what_is_not_there_has_no_chart() {
    for subject in ["1", "5", "trade/4", "trade/9"] {
        assert!(sweep().chart(subject).is_none(), "{subject}");
    }
}

#[test]
fn pictures_name_every_party_and_say_that_they_are_redrawn() {
    let chart = sweep().chart("4").unwrap();
    let diagram = chart.mermaid();
    assert!(diagram.starts_with("---\ntitle: \"order #4 of BTC-USD"), "{diagram}");
    for line in ["participant p1 as #35;4", ": propose d1 4 @ 100", "-->>p"] {
        assert!(diagram.contains(line), "{diagram} has {line}");
    }
    let picture = chart.svg();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");
    for drawn in [diagram, picture] {
        assert!(drawn.contains("redrawn from the facts"), "{drawn}");
    }
}

#[test]
fn a_subject_reads_as_it_is_written() {
    assert_eq!("12".parse(), Ok(Subject::Order(OrderId(12))));
    assert_eq!("#12".parse(), Ok(Subject::Order(OrderId(12))));
    assert_eq!("order/12".parse(), Ok(Subject::Order(OrderId(12))));
    assert_eq!("trade/57".parse(), Ok(Subject::Trade(57)));
    for bad in ["", "#", "0", "x", "-1", "trade/", "trade/0", "BTC-USD/1", "/1", "trade/2/3"] {
        assert!(bad.parse::<Subject>().is_err(), "{bad:?}");
    }
}

/// What a world really said, and who its orders are.
#[derive(Default)]
struct Heard {
    orders: BTreeMap<Pid, OrderId>,
    /// What was said; `None` is the news of an end.
    said: Vec<(Pid, Pid, Option<Message>)>,
}

impl Watch<Process> for Heard {
    fn delivered(&mut self, envelope: &Envelope<Message>) {
        let say = match &envelope.signal {
            Signal::Message(say) => Some(*say),
            Signal::Down(..) => None,
            _ => return,
        };
        self.said.push((envelope.from, envelope.to, say));
    }

    fn started(&mut self, pid: Pid, key: u64, _incarnation: u32) {
        if key > 0 {
            self.orders.insert(pid, OrderId(key));
        }
    }
}

/// Commands that go through all that an order can do without failures.
fn commands() -> Vec<Command> {
    let place = |side, quantity, price, time_in_force| {
        Command::NewOrder(NewOrder {
            account: AccountId(1),
            client: None,
            market: MarketId(0),
            side,
            price: Price(price),
            quantity: Lots(quantity),
            time_in_force,
        })
    };
    let rest = |side, quantity, price| place(side, quantity, price, TimeInForce::GoodTillCancel);
    let now = |side, quantity, price| place(side, quantity, price, TimeInForce::ImmediateOrCancel);
    let replace = |order, quantity, price| {
        let (account, order) = (AccountId(1), OrderId(order));
        Command::Replace(Replace {
            account,
            client: None,
            order,
            price: Price(price),
            quantity: Lots(quantity),
        })
    };
    let cancel = |order| Command::Cancel { account: AccountId(1), order: OrderId(order) };
    vec![
        rest(Side::Sell, 4, 100),  // 2
        rest(Side::Sell, 3, 101),  // 3
        rest(Side::Buy, 10, 101),  // 4: sweeps both, rests with 3
        replace(4, 9, 101),        // 5: keeps its place
        now(Side::Sell, 1, 101),   // 6
        now(Side::Sell, 5, 102),   // 7: the other side is empty
        rest(Side::Sell, 2, 103),  // 8
        replace(4, 9, 103),        // 9: crosses: 1 of 2
        cancel(8),                 // 10
        rest(Side::Sell, 20, 100), // 11
        cancel(11),                // 12
    ]
}

/// Calls every deal `d`: each chart numbers those that it draws.
struct AnyDeal;

impl Names for AnyDeal {
    fn order(&self, order: OrderId) -> String {
        order.to_string()
    }

    fn deal(&self, _deal: Deal) -> String {
        "d".to_owned()
    }
}

/// A chart's messages, with every deal called `d`.
fn messages(chart: &Picture) -> Vec<String> {
    let is_deal =
        |word: &str| word.strip_prefix('d').is_some_and(|rest| rest.parse::<u32>().is_ok());
    let message = |row: &Row| match row {
        Row::Arrow { from, arrow: Arrow::Said, to, text } => {
            let words = text.split(' ').map(|word| if is_deal(word) { "d" } else { word });
            let words: Vec<&str> = words.collect();
            Some(format!("{from} -> {to}: {}", words.join(" ")))
        }
        Row::Arrow { .. } | Row::Note(_) => None,
    };
    chart.rows.iter().filter_map(message).collect()
}

#[test]
fn what_is_redrawn_is_what_was_really_said() {
    let mut exchange = Exchange::watched(
        Ledger::new(),
        CommandId(1),
        Time(0),
        Options::default(),
        Heard::default(),
    );
    let spec = MarketSpec::new("BTC-USD".parse().unwrap(), Scale::places(2), Scale::places(0))
        .with_negative_prices();
    let mut history = History { seq: 0, commands: Vec::new() };
    for command in [Command::OpenMarket(spec)].into_iter().chain(commands()) {
        let mut facts = Vec::new();
        exchange.submit(Time(0), &command, &mut |_, response| match response {
            Response::Fact(stamp, fact) => facts.push((stamp, fact)),
            other => panic!("{command:?}: {other:?}"),
        });
        history.commands.push(facts);
    }
    let world = exchange.world();
    let floor = world.whereis(floor_of(MarketId(0))).unwrap();
    let ledger = world.whereis(LEDGER).unwrap();
    let party = |pid: Pid| match pid {
        _ if pid == floor => Party::Floor,
        _ if pid == ledger => Party::Ledger,
        Pid::OUTSIDE => Party::Client,
        _ => Party::Order(world.watch.orders[&pid]),
    };
    let really: Vec<String> = world
        .watch
        .said
        .iter()
        .map(|(from, to, say)| {
            let text = say.map_or_else(|| "down".to_owned(), |say| say.text(&AnyDeal));
            format!("{} -> {}: {text}", party(*from), party(*to))
        })
        .collect();
    for order in [2, 3, 4, 6, 7, 8, 11] {
        let drawn = messages(&history.chart(&order.to_string()).unwrap());
        let mut heard = really.iter();
        for message in &drawn {
            assert!(
                heard.any(|said| said == message),
                "order {order}: {message} was not said then"
            );
        }
    }
    // Nothing is left out of what concerns it either: order 4 meets all orders up to command 6, and
    // no other process sends anything from its entry to its first replace.
    let drawn = messages(&history.chart("4").unwrap());
    let from = really.iter().position(|said| *said == drawn[0]).unwrap();
    let until = really.iter().position(|said| said.starts_with("client -> #7")).unwrap();
    let in_commands_of_4: Vec<_> = really[from..until].iter().collect();
    assert_eq!(drawn.iter().take(in_commands_of_4.len()).collect::<Vec<_>>(), in_commands_of_4);
}
