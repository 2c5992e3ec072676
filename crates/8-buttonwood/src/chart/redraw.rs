//! From facts to a chart: follows all open orders, and draws the commands that touch the subject.

use std::collections::BTreeMap;

use checker::chart::{Arrow, Picture, Row};
use kernel::Pid;
use protocol::{
    CancelReason, Deal, Entered, Fact, MarketSpec, Message, Names, NewOrder, Presence, Stamp,
    TimeInForce,
};
use units::rfc3339::Rfc3339;
use units::{CommandId, Lots, MarketId, OrderId, Price, Side};
use views::Order;

use super::{Party, REDRAWN, Subject};

/// A chart in the making. Pass it the facts of all history, command by command.
///
/// Memory: one entry for each open order and for each that the subject met.
pub(crate) struct Redraw {
    subject: Subject,
    open: BTreeMap<OrderId, Order>,
    /// Orders of the chart, in the state that they were last seen in.
    met: BTreeMap<OrderId, Order>,
    markets: BTreeMap<MarketId, MarketSpec>,
    deals: BTreeMap<Deal, usize>,
    given: Vec<String>,
    rows: Vec<Row>,
    found: Option<MarketId>,
}

/// Orders and deals as this chart calls them.
struct Called<'a>(&'a BTreeMap<Deal, usize>);

impl Names for Called<'_> {
    fn order(&self, order: OrderId) -> String {
        order.to_string()
    }

    fn deal(&self, deal: Deal) -> String {
        self.0.get(&deal).map_or_else(|| format!("{deal:?}"), |number| format!("d{number}"))
    }
}

impl Redraw {
    /// Nothing drawn yet.
    pub(crate) fn new(subject: Subject) -> Redraw {
        Redraw {
            subject,
            open: BTreeMap::new(),
            met: BTreeMap::new(),
            markets: BTreeMap::new(),
            deals: BTreeMap::new(),
            given: Vec::new(),
            rows: Vec::new(),
            found: None,
        }
    }

    /// Takes the facts of the next command, all of them.
    pub(crate) fn command(&mut self, facts: &[(Stamp, Fact)]) {
        let touched: Vec<bool> = facts.iter().map(|(s, fact)| self.touches(s, fact)).collect();
        let whole = match self.subject {
            Subject::Order(_) => touched.contains(&true),
            Subject::Trade(..) => false,
        };
        if let (true, Some((stamp, _))) = (touched.contains(&true), facts.first()) {
            let time = Rfc3339(stamp.time);
            self.rows.push(Row::Note(format!("command {} at {time}", stamp.command)));
        }
        let mut left_out = 0;
        for ((stamp, fact), touched) in facts.iter().zip(touched) {
            let is_trade = matches!(fact, Fact::Traded { .. });
            let is_drawn = touched || (whole && !is_trade);
            if is_drawn {
                self.draw(fact);
            }
            left_out += u64::from(whole && !is_drawn);
            self.fold(stamp, fact, is_drawn);
        }
        if left_out > 0 {
            self.rows.push(Row::Note(format!(
                "trades of this command with others, not drawn: {left_out}"
            )));
        }
    }

    /// The chart, or `None` if nothing of the subject was among the facts.
    pub(crate) fn finish(self) -> Option<Picture> {
        let spec = self.markets.get(&self.found?)?;
        let title = format!(
            "{} of {}, in ticks of {} and lots of {}",
            self.subject,
            spec.symbol,
            spec.tick.step(),
            spec.lot.step()
        );
        let width = self.met.keys().map(|order| order.to_string().len()).max().unwrap_or(0);
        let state = |order: &Order| {
            let (open, done) = (order.open(), order.filled);
            let name = order.entered.order.to_string();
            let cancelled = match order.size.checked_sub(done) {
                Some(quantity) if order.end.is_some() && !quantity.is_zero() => {
                    format!("  cancelled {quantity}")
                }
                _ => String::new(),
            };
            format!("{name:<width$}  open {open}  held 0  filled {done}{cancelled}")
        };
        let leaves = self.met.values().map(state).collect();
        let remark = Some(REDRAWN.to_owned());
        Some(Picture { title, remark, given: self.given, rows: self.rows, leaves })
    }

    /// True if the chart is about this fact. Called before it is folded.
    fn touches(&self, stamp: &Stamp, fact: &Fact) -> bool {
        match self.subject {
            Subject::Order(order) => self.concerns(fact, order),
            Subject::Trade(seq) => stamp.seq == seq && matches!(fact, Fact::Traded { .. }),
        }
    }

    fn concerns(&self, fact: &Fact, subject: OrderId) -> bool {
        match *fact {
            Fact::Entered(entered) => entered.order == subject,
            Fact::Traded { deal, .. } | Fact::Voided { deal } => {
                deal.maker == subject || deal.taker == subject
            }
            Fact::Replaced { order, .. }
            | Fact::Suspended { order }
            | Fact::Released { order }
            | Fact::Cancelled { order, .. } => order == subject,
            Fact::MarketStopped { market } | Fact::MarketResumed { market } => {
                self.open.get(&subject).is_some_and(|order| order.entered.new.market == market)
            }
            Fact::Started { .. } => self.open.contains_key(&subject),
            Fact::MarketOpened { .. } => false,
        }
    }

    fn draw(&mut self, fact: &Fact) {
        match *fact {
            Fact::Entered(entered) => self.draw_entered(&entered),
            Fact::Traded { deal, market, price, quantity } => {
                self.found = Some(market);
                self.draw_trade(deal, price, quantity);
            }
            Fact::Voided { deal } => {
                let text = format!("voided {}", self.name(deal));
                self.arrow(Party::Ledger, Party::Log, text);
            }
            Fact::Replaced { order, price, quantity, .. } => {
                self.draw_replaced(order, price, quantity)
            }
            Fact::Cancelled { order, quantity, reason } => self.draw_left(order, quantity, reason),
            Fact::Suspended { order } => {
                self.note(format!("{order} was suspended: its process crashed at each attempt"));
            }
            Fact::Released { order } => self.note(format!("{order} was released by the operator")),
            Fact::MarketStopped { .. } => self.note("the market stopped".to_owned()),
            Fact::MarketResumed { .. } => {
                self.note("the market was resumed by the operator".to_owned())
            }
            Fact::Started { epoch } => {
                self.note(format!("the exchange started again, epoch {epoch}"))
            }
            Fact::MarketOpened { .. } => {}
        }
    }

    fn draw_entered(&mut self, entered: &Entered) {
        let Entered { order, new } = *entered;
        let NewOrder { market, side, price, quantity, time_in_force, .. } = new;
        self.found = Some(market);
        let me = Party::Order(order);
        let only_now = match time_in_force {
            TimeInForce::GoodTillCancel => "",
            TimeInForce::ImmediateOrCancel => " ioc",
        };
        self.say(Party::Client, me, &Message::Enter(new));
        self.arrow(me, Party::Log, format!("entered {side} {quantity} @ {price}{only_now}"));
        let priority = CommandId(order.0);
        self.say(
            me,
            Party::Floor,
            &Message::Announce(Presence {
                order,
                priority,
                side,
                price,
                open: quantity,
                time_in_force,
            }),
        );
    }

    /// The incoming order is introduced, the resting order proposes, and so on to the end.
    fn draw_trade(&mut self, deal: Deal, price: Price, quantity: Lots) {
        self.give(deal.maker);
        self.give(deal.taker);
        let (maker, taker) = (Party::Order(deal.maker), Party::Order(deal.taker));
        if let Some(taker) = self.open.get(&deal.taker).copied() {
            let introduce = Message::Introduce {
                introduction: 0,
                incoming: Pid::OUTSIDE,
                order: deal.taker,
                price: taker.price,
                quantity: taker.open(),
            };
            self.say(Party::Floor, maker, &introduce);
        }
        self.name(deal);
        self.say(maker, taker, &Message::Propose { deal, introduction: 0, price, quantity });
        self.say(taker, maker, &Message::Accept { deal, quantity });
        self.say(maker, Party::Ledger, &Message::Record { deal, price, quantity });
        let text = format!(
            "traded {} {} {} {quantity} @ {price}",
            self.name(deal),
            deal.taker,
            deal.maker
        );
        self.arrow(Party::Ledger, Party::Log, text);
        self.say(Party::Ledger, maker, &Message::Recorded { deal });
        self.say(maker, taker, &Message::Complete { deal });
        let maker_open = self.open.get(&deal.maker).map(Order::open);
        if maker_open == Some(quantity) {
            self.say(maker, Party::Floor, &Message::Leave { order: deal.maker, introduction: 0 });
        }
        let open = self.open.get(&deal.taker).and_then(|order| order.open().checked_sub(quantity));
        if maker_open == Some(quantity) {
            // The incoming order watches it, and is gone itself by then if it is filled too.
            let arrow = if open == Some(Lots::ZERO) { Arrow::Lost } else { Arrow::Said };
            self.row(maker, arrow, taker, "down".to_owned());
        }
        if let Some(open) = open {
            self.say(
                taker,
                Party::Floor,
                &Message::Next { introduction: 0, order: deal.taker, dealt: quantity, open },
            );
        }
    }

    fn draw_replaced(&mut self, order: OrderId, price: Price, quantity: Lots) {
        self.give(order);
        let me = Party::Order(order);
        let command = CommandId(0);
        self.say(Party::Client, me, &Message::Replace { command, client: None, price, quantity });
        self.arrow(me, Party::Log, format!("replaced {quantity} @ {price}"));
        if let Some(old) = self.open.get(&order).copied() {
            let open = quantity.checked_sub(old.filled).unwrap_or(Lots::ZERO);
            let Entered { new: NewOrder { side, time_in_force, .. }, .. } = old.entered;
            let presence =
                Presence { order, priority: old.priority, side, price, open, time_in_force };
            self.say(me, Party::Floor, &Message::Announce(presence));
        }
    }

    fn draw_left(&mut self, order: OrderId, quantity: Lots, reason: CancelReason) {
        self.give(order);
        let me = Party::Order(order);
        match reason {
            CancelReason::Requested => {
                self.say(Party::Client, me, &Message::Cancel { command: CommandId(0) });
                self.arrow(me, Party::Log, format!("cancelled {quantity}"));
            }
            CancelReason::Unmatched => {
                self.say(Party::Floor, me, &Message::NoMatch);
                self.arrow(me, Party::Log, format!("cancelled {quantity} unmatched"));
            }
        }
        self.say(me, Party::Floor, &Message::Leave { order, introduction: 0 });
    }

    /// Tells how an order stands that the chart has not met yet.
    fn give(&mut self, order: OrderId) {
        if self.met.contains_key(&order) {
            return;
        }
        if let Some(known) = self.open.get(&order) {
            let verb = match known.entered.new.side {
                Side::Buy => "buys",
                Side::Sell => "sells",
            };
            self.given.push(format!("{order}  {verb}  {} @ {}", known.open(), known.price));
            self.met.insert(order, *known);
        }
    }

    /// Follows all orders, and keeps the state of those in the chart.
    fn fold(&mut self, stamp: &Stamp, fact: &Fact, is_drawn: bool) {
        let touched: [Option<OrderId>; 2] = match *fact {
            Fact::Entered(entered) => {
                self.open.insert(entered.order, Order::new(stamp, entered));
                if is_drawn {
                    self.met.insert(entered.order, Order::new(stamp, entered));
                }
                [None, None]
            }
            Fact::MarketOpened { market, spec } => {
                self.markets.insert(market, spec);
                [None, None]
            }
            Fact::Traded { deal, .. } => [Some(deal.maker), Some(deal.taker)],
            Fact::Replaced { order, .. }
            | Fact::Suspended { order }
            | Fact::Released { order }
            | Fact::Cancelled { order, .. } => [Some(order), None],
            Fact::Started { .. }
            | Fact::Voided { .. }
            | Fact::MarketStopped { .. }
            | Fact::MarketResumed { .. } => [None, None],
        };
        for order in touched.into_iter().flatten() {
            let Some(known) = self.open.get_mut(&order) else { continue };
            known.apply(stamp, fact);
            // A chart of one trade shows how its orders stood right after it.
            if let Some(met) = self.met.get_mut(&order)
                && (is_drawn || matches!(self.subject, Subject::Order(_)))
            {
                *met = *known;
            }
            if known.end.is_some() {
                self.open.remove(&order);
            }
        }
    }

    fn name(&mut self, deal: Deal) -> String {
        let next = self.deals.len() + 1;
        format!("d{}", self.deals.entry(deal).or_insert(next))
    }

    fn say(&mut self, from: Party, to: Party, say: &Message) {
        let text = say.text(&Called(&self.deals));
        self.arrow(from, to, text);
    }

    fn arrow(&mut self, from: Party, to: Party, text: String) {
        let arrow = if to == Party::Log { Arrow::Recorded } else { Arrow::Said };
        self.row(from, arrow, to, text);
    }

    fn row(&mut self, from: Party, arrow: Arrow, to: Party, text: String) {
        let (from, to) = (from.to_string(), to.to_string());
        self.rows.push(Row::Arrow { from, arrow, to, text });
    }

    fn note(&mut self, text: String) {
        self.rows.push(Row::Note(text));
    }
}
