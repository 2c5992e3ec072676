//! What was seen of a run, as the rows of a chart. It draws what happened and decides nothing.

use std::collections::BTreeMap;

use kernel::chart::{Arrow, Row};
use kernel::{Envelope, Letter};
use protocol::{Ask, Deal, Fact, Names, Reason, Say, TimeInForce};
use units::{AskId, OrderId};

use crate::world::{Seen, Stage, Who, message};

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

    /// What somebody is called. Floors have their market's name beside theirs where there are several.
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
    /// What orders and deals are called in it.
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
        kernel::chart::lines(&self.rows).iter().map(|line| format!("  {line}\n")).collect()
    }

    /// Notes something that is no message.
    pub fn note(&mut self, text: &str) {
        self.rows.push(Row::Note(text.to_owned()));
    }

    /// Draws what was answered at the door.
    pub fn refused(&mut self, to: &str, text: &str) {
        self.arrow("door", Arrow::Said, to, text.to_owned());
    }

    /// Notes an ask that is let in.
    pub fn ask(&mut self, number: AskId, ask: &Ask) {
        self.rows.push(Row::Note(match ask {
            Ask::OpenMarket(spec) => format!("ask {number}: open {}", spec.symbol),
            Ask::Place(p) => {
                let only_now = only_now(p.stands);
                let name = self.names.order(OrderId(number.0));
                format!("ask {number}: {name} {} {} @ {}{only_now}", p.side, p.lots, p.price)
            }
            Ask::Replace(r) => {
                format!(
                    "ask {number}: replace {} {} @ {}",
                    self.names.order(r.order),
                    r.lots,
                    r.price
                )
            }
            Ask::ResumeMarket { market } => format!("ask {number}: resume {market}"),
            Ask::Release { order } => {
                format!("ask {number}: release {}", self.names.order(*order))
            }
            Ask::Cancel { order, .. } => {
                format!("ask {number}: cancel {}", self.names.order(*order))
            }
        }));
    }

    /// Draws what a step has brought.
    pub fn take(&mut self, stage: &Stage, seen: &[Seen]) {
        self.names.markets = stage.ledger().markets().count();
        for event in seen {
            match event {
                Seen::Delivered(envelope) => self.signal(stage, envelope, Arrow::Said),
                Seen::Lost(envelope) => self.signal(stage, envelope, Arrow::Lost),
                Seen::Recorded(by, fact) => {
                    if let Some(deal) = deal_of(fact) {
                        self.names.meet(deal);
                    }
                    let from = self.names.who(stage.who(*by));
                    let text = fact_text(fact, &self.names);
                    self.arrow(&from, Arrow::Recorded, "log", text);
                }
                Seen::Started(pid, _, life) if *life > 1 => {
                    let who = self.names.who(stage.who(*pid));
                    self.rows.push(Row::Note(format!("{who} comes back")));
                }
                Seen::Ended(_, kernel::Reason::Normal) => {}
                Seen::Ended(pid, _) if stage.who(*pid) == Who::Supervisor => {}
                Seen::Ended(pid, reason) => {
                    let who = self.names.who(stage.who(*pid));
                    self.rows.push(Row::Note(match reason {
                        kernel::Reason::Failed(why) => format!("x {who} dies: {why}"),
                        _ => format!("x {who} dies"),
                    }));
                }
                Seen::GaveUp(key) => {
                    let who = self.names.order(OrderId(*key));
                    self.rows.push(Row::Note(format!("{who} is given up")));
                }
                Seen::Started(..) | Seen::Noted(..) => {}
            }
        }
    }

    fn signal(&mut self, stage: &Stage, envelope: &Envelope<Say>, arrow: Arrow) {
        let text = match (message(envelope), &envelope.letter) {
            (Some(say), _) => {
                if let Some(deal) = say.deal() {
                    self.names.meet(deal);
                }
                say.text(&self.names)
            }
            (None, Letter::Down(..)) => "down".to_owned(),
            // Between a supervisor and its children: the life that begins or ends is drawn itself.
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

fn only_now(stands: TimeInForce) -> &'static str {
    match stands {
        TimeInForce::GoodTillCancel => "",
        TimeInForce::ImmediateOrCancel => " ioc",
    }
}

/// A fact as charts write it, such as `traded d1 ann bob 4 @ 100`: the newcomer, then the one that rested.
pub fn fact_text(fact: &Fact, names: &impl Names) -> String {
    match *fact {
        Fact::Started { epoch } => format!("started, epoch {epoch}"),
        Fact::MarketOpened { spec, .. } => format!("opened {}", spec.symbol),
        Fact::Entered(e) => {
            format!("entered {} {} @ {}{}", e.side, e.lots, e.price, only_now(e.stands))
        }
        Fact::Traded { deal, price, lots, .. } => {
            let (taker, maker) = (names.order(deal.taker), names.order(deal.maker));
            format!("traded {} {taker} {maker} {lots} @ {price}", names.deal(deal))
        }
        Fact::Voided { deal } => format!("voided {}", names.deal(deal)),
        Fact::Replaced { price, lots, .. } => format!("replaced {lots} @ {price}"),
        Fact::Suspended { order } => format!("suspended {}", names.order(order)),
        Fact::Released { order } => format!("released {}", names.order(order)),
        Fact::Left { lots, reason, .. } => match reason {
            Reason::Cancelled => format!("left {lots} cancelled"),
            Reason::Unmatched => format!("left {lots} unmatched"),
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
