//! Events of a run as the rows of a chart. It draws what happened and decides nothing.

use std::collections::BTreeMap;

use checker::chart::{Arrow, Row};
use kernel::{Envelope, Signal};
use protocol::{CancelReason, Command, Deal, Entered, Fact, Message, Names, NewOrder, TimeInForce};
use units::{CommandId, OrderId};

use crate::world::{Observed, Stage, Who, message};

/// Names of orders and deals. An order without a name is called by its number, a deal `d1`, `d2`,
/// ... in the order in which they are first heard of.
#[derive(Clone, Default, Debug)]
pub struct Called {
    orders: BTreeMap<OrderId, String>,
    deals: BTreeMap<Deal, usize>,
    markets: usize,
}

impl Names for Called {
    fn order(&self, order: OrderId) -> String {
        self.orders.get(&order).cloned().unwrap_or_else(|| order.to_string())
    }

    fn deal(&self, deal: Deal) -> String {
        self.deals.get(&deal).map_or_else(|| format!("{deal:?}"), |number| format!("d{number}"))
    }
}

impl Called {
    /// Gives an order a name.
    pub fn call(&mut self, order: OrderId, name: &str) {
        self.orders.insert(order, name.to_owned());
    }

    /// The name of a party. Floors carry their market's name where there are several.
    pub fn who(&self, who: Who) -> String {
        match who {
            Who::Client => "client".to_owned(),
            Who::Floor(market) if self.markets > 1 => format!("floor-{market}"),
            Who::Floor(_) => "floor".to_owned(),
            Who::Order(order) => self.order(order),
            Who::Ledger => "ledger".to_owned(),
            Who::Orders(market) if self.markets > 1 => format!("orders-{market}"),
            Who::Orders(_) => "orders".to_owned(),
            Who::Supervisor => "supervisor".to_owned(),
        }
    }

    fn meet(&mut self, deal: Deal) {
        let next = self.deals.len() + 1;
        self.deals.entry(deal).or_insert(next);
    }
}

/// The rows of a run so far.
#[derive(Clone, Default, Debug)]
pub struct Drawing {
    /// Names of its orders and deals.
    pub names: Called,
    rows: Vec<Row>,
}

impl Drawing {
    /// What was drawn so far.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Forgets what was drawn so far; names are kept.
    pub fn clear(&mut self) {
        self.rows.clear();
    }

    /// The rows as text.
    pub fn text(&self) -> String {
        checker::chart::lines(&self.rows).iter().map(|line| format!("  {line}\n")).collect()
    }

    /// Adds a note: a row that is no message.
    pub fn note(&mut self, text: &str) {
        self.rows.push(Row::Note(text.to_owned()));
    }

    /// Draws an answer of validation.
    pub fn refused(&mut self, to: &str, text: &str) {
        self.arrow("door", Arrow::Said, to, text.to_owned());
    }

    /// Notes an accepted command.
    pub fn command(&mut self, number: CommandId, command: &Command) {
        self.rows.push(Row::Note(match command {
            Command::OpenMarket(spec) => format!("command {number}: open {}", spec.symbol),
            Command::NewOrder(p) => {
                let only_now = only_now(p.time_in_force);
                let name = self.names.order(OrderId(number.0));
                format!(
                    "command {number}: {name} {} {} @ {}{only_now}",
                    p.side, p.quantity, p.price
                )
            }
            Command::Replace(r) => {
                format!(
                    "command {number}: replace {} {} @ {}",
                    self.names.order(r.order),
                    r.quantity,
                    r.price
                )
            }
            Command::ResumeMarket { market } => format!("command {number}: resume {market}"),
            Command::Release { order } => {
                format!("command {number}: release {}", self.names.order(*order))
            }
            Command::Cancel { order, .. } => {
                format!("command {number}: cancel {}", self.names.order(*order))
            }
        }));
    }

    /// Draws the events of a step.
    pub fn take(&mut self, stage: &Stage, seen: &[Observed]) {
        self.names.markets = stage.ledger().markets().count();
        for event in seen {
            match event {
                Observed::Delivered(envelope) => self.signal(stage, envelope, Arrow::Said),
                Observed::Lost(envelope) => self.signal(stage, envelope, Arrow::Lost),
                Observed::Recorded(by, fact) => {
                    if let Some(deal) = deal_of(fact) {
                        self.names.meet(deal);
                    }
                    let from = self.names.who(stage.who(*by));
                    let text = fact_text(fact, &self.names);
                    self.arrow(&from, Arrow::Recorded, "log", text);
                }
                Observed::Started(pid, _, life) if *life > 1 => {
                    let who = self.names.who(stage.who(*pid));
                    self.rows.push(Row::Note(format!("{who} comes back")));
                }
                Observed::Ended(_, kernel::Reason::Normal) => {}
                Observed::Ended(pid, _) if stage.who(*pid) == Who::Supervisor => {}
                Observed::Ended(pid, reason) => {
                    let who = self.names.who(stage.who(*pid));
                    self.rows.push(Row::Note(match reason {
                        kernel::Reason::Failed(why) => format!("x {who} dies: {why}"),
                        _ => format!("x {who} dies"),
                    }));
                }
                Observed::GaveUp(key) => {
                    let who = self.names.order(OrderId(*key));
                    self.rows.push(Row::Note(format!("{who} is given up")));
                }
                Observed::Started(..) | Observed::Noted(..) => {}
            }
        }
    }

    fn signal(&mut self, stage: &Stage, envelope: &Envelope<Message>, arrow: Arrow) {
        let text = match (message(envelope), &envelope.signal) {
            (Some(say), _) => {
                if let Some(deal) = say.deal() {
                    self.names.meet(deal);
                }
                say.text(&self.names)
            }
            (None, Signal::Down(..)) => "down".to_owned(),
            // Between a supervisor and its children: the start or end of the child is drawn instead.
            _ => return,
        };
        let [from, to] = [envelope.from, envelope.to].map(|pid| self.names.who(stage.who(pid)));
        self.arrow(&from, arrow, &to, text);
    }

    fn arrow(&mut self, from: &str, arrow: Arrow, to: &str, text: String) {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.rows.push(Row::Arrow { from, arrow, to, text });
    }
}

fn only_now(time_in_force: TimeInForce) -> &'static str {
    match time_in_force {
        TimeInForce::GoodTillCancel => "",
        TimeInForce::ImmediateOrCancel => " ioc",
    }
}

/// A fact in the form of charts, such as `traded d1 ann bob 4 @ 100`: the incoming order, then the resting one.
pub fn fact_text(fact: &Fact, names: &impl Names) -> String {
    match *fact {
        Fact::Started { epoch } => format!("started, epoch {epoch}"),
        Fact::MarketOpened { spec, .. } => format!("opened {}", spec.symbol),
        Fact::Entered(Entered { new, .. }) => {
            let NewOrder { side, price, quantity, time_in_force, .. } = new;
            format!("entered {side} {quantity} @ {price}{}", only_now(time_in_force))
        }
        Fact::Traded { deal, price, quantity, .. } => {
            let (taker, maker) = (names.order(deal.taker), names.order(deal.maker));
            format!("traded {} {taker} {maker} {quantity} @ {price}", names.deal(deal))
        }
        Fact::Voided { deal } => format!("voided {}", names.deal(deal)),
        Fact::Replaced { price, quantity, .. } => format!("replaced {quantity} @ {price}"),
        Fact::Suspended { order } => format!("suspended {}", names.order(order)),
        Fact::Released { order } => format!("released {}", names.order(order)),
        Fact::Cancelled { quantity, reason, .. } => match reason {
            CancelReason::Requested => format!("cancelled {quantity}"),
            CancelReason::Unmatched => format!("cancelled {quantity} unmatched"),
        },
        Fact::MarketStopped { .. } => "market stopped".to_owned(),
        Fact::MarketResumed { .. } => "market resumed".to_owned(),
    }
}

fn deal_of(fact: &Fact) -> Option<Deal> {
    match *fact {
        Fact::Traded { deal, .. } | Fact::Voided { deal } => Some(deal),
        _ => None,
    }
}
