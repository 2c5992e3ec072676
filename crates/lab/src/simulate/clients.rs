//! Those who ask, and an operator, who lets suspended orders go on. They write down what they are told,
//! repeat what they got no answer to under the same id, and know nothing else: neither the world nor the journal.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use exchange::Answer;
use exchange::steps::{Answers, Batch, Reply};
use kernel::Seeded;
use protocol::{Ask, Code, Fact, Place, Replace, Tell, TimeInForce};
use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Side};

use super::counts::Counts;
use super::plan::Plan;
use super::record::Record;
use crate::laws::{Broken, Law};

/// Batches whose answers nobody knows yet.
const AT_ONCE: usize = 64;

/// Answers to batches, as they come.
type Inbox = Arc<Mutex<Vec<(u64, Answers)>>>;

/// All clients of a run.
pub(super) struct Clients {
    chance: Seeded,
    /// Orders that are still to be placed.
    left: u32,
    next_id: u128,
    batches: u64,
    under_way: BTreeMap<u64, Vec<Ask>>,
    inbox: Inbox,
    /// Asks to be asked again.
    again: VecDeque<Ask>,
    /// Ids of asks of which nobody knew whether they were done.
    unknown: BTreeSet<ClientId>,
    /// Orders that were acknowledged, with their accounts.
    placed: Vec<(OrderId, AccountId)>,
    operator: Operator,
}

/// Who may let suspended orders go on.
struct Operator {
    /// Its own, so that a seed's clients ask the same in a run in which nobody is suspended.
    chance: Seeded,
    /// Orders that are suspended, as far as anybody was told, and that it has not asked for yet.
    suspended: Vec<OrderId>,
    /// Markets that have stopped, in the same way.
    stopped: Vec<MarketId>,
}

fn broken<T>(what: String) -> Result<T, Broken> {
    Err(Broken { law: Law::Told, what })
}

/// The operator asks for each suspension once: it is refused only what was done already, before a death of
/// which nobody knew what it had left, or what has no order any more.
fn refused(ask: &Ask, code: Code, record: &Record) -> Result<(), Broken> {
    let order = match *ask {
        Ask::Release { order } => order,
        Ask::ResumeMarket { market } => {
            let done = |fact: &Fact| *fact == Fact::MarketResumed { market };
            if code == Code::MarketNotStopped && record.has(done) {
                return Ok(());
            }
            return broken(format!("{ask:?} was refused: {code:?}"));
        }
        _ => return Ok(()),
    };
    if code == Code::MarketStopped && record.has(|f| matches!(f, Fact::MarketStopped { .. })) {
        return Ok(());
    }
    let is_so = record.has(|fact| match (*fact, code) {
        (Fact::Released { order: of }, Code::OrderNotSuspended) => of == order,
        (Fact::Left { order: of, .. }, Code::UnknownOrder) => of == order,
        (Fact::Traded { deal, .. }, Code::UnknownOrder) => {
            [deal.maker, deal.taker].contains(&order)
        }
        _ => false,
    });
    if is_so { Ok(()) } else { broken(format!("{ask:?} was refused: {code:?}")) }
}

fn id_of(ask: &Ask) -> Option<(AccountId, ClientId)> {
    match ask {
        Ask::Place(place) => Some((place.account, place.client?)),
        Ask::Replace(replace) => Some((replace.account, replace.client?)),
        Ask::Cancel { .. }
        | Ask::Release { .. }
        | Ask::ResumeMarket { .. }
        | Ask::OpenMarket(_) => None,
    }
}

impl Clients {
    pub(super) fn new(seed: u64, plan: &Plan) -> Clients {
        Clients {
            chance: Seeded::new(seed),
            left: plan.orders,
            next_id: 1,
            batches: 0,
            under_way: BTreeMap::new(),
            inbox: Inbox::default(),
            again: VecDeque::new(),
            unknown: BTreeSet::new(),
            placed: Vec::new(),
            operator: Operator {
                chance: Seeded::new(!seed),
                suspended: Vec::new(),
                stopped: Vec::new(),
            },
        }
    }

    /// True while there are orders to be placed.
    pub(super) fn want_more(&self) -> bool {
        self.left > 0
    }

    /// True if they may ask now.
    pub(super) fn may_ask(&self) -> bool {
        self.under_way.len() < AT_ONCE
    }

    /// True if nobody waits for anything.
    pub(super) fn content(&self) -> bool {
        self.under_way.is_empty() && self.again.is_empty()
    }

    /// Nanoseconds until the next batch.
    pub(super) fn pause(&mut self, plan: &Plan) -> u64 {
        // Bursts: most gaps are short, and some are long.
        let octave = self.chance.below(6);
        (plan.gap >> 3 << octave).max(1)
    }

    /// The next batch: what is asked again comes first.
    pub(super) fn batch(&mut self, plan: &Plan) -> Option<Batch> {
        let mut asks = Vec::new();
        for _ in 0..1 + self.chance.below(plan.batch) {
            if let Some(ask) = self.again.pop_front() {
                asks.push(ask);
            } else if self.left > 0 {
                asks.push(self.draw(plan));
            }
        }
        asks.extend(self.operate());
        (!asks.is_empty()).then(|| self.submit(asks))
    }

    /// Makes a batch of these asks.
    pub(super) fn submit(&mut self, asks: Vec<Ask>) -> Batch {
        let number = self.batches;
        self.batches += 1;
        self.under_way.insert(number, asks.clone());
        let inbox = self.inbox.clone();
        let reply = Reply::new(move |answers| {
            inbox.lock().unwrap_or_else(PoisonError::into_inner).push((number, answers));
        });
        Batch { asks, reply }
    }

    /// The last batch found the queue full: nothing happened, and it is asked again.
    pub(super) fn busy(&mut self, batch: Batch) {
        let number = self.batches - 1;
        drop(batch); // its reply says that nobody knows; this error says more
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _)| *of != number);
        self.again.extend(self.under_way.remove(&number).into_iter().flatten());
    }

    /// Reads all answers that came.
    pub(super) fn read(&mut self, record: &Record, counts: &mut Counts) -> Result<(), Broken> {
        let came = std::mem::take(&mut *self.inbox.lock().unwrap_or_else(PoisonError::into_inner));
        for (number, answers) in came {
            let Some(asks) = self.under_way.remove(&number) else {
                return broken(format!("batch {number} was answered twice"));
            };
            match answers {
                Ok(answers) if answers.len() == asks.len() => {
                    counts.in_flight += u64::from(!self.under_way.is_empty());
                    for (ask, answer) in asks.into_iter().zip(&answers) {
                        self.answered(ask, answer, record, counts)?;
                    }
                }
                Ok(answers) => return broken(format!("{} answers to {asks:?}", answers.len())),
                Err(exchange::Unavailable) => {
                    counts.unknown += asks.len() as u64;
                    self.unknown.extend(asks.iter().filter_map(id_of).map(|(_, id)| id));
                    self.again.extend(asks);
                }
            }
        }
        Ok(())
    }

    /// An ask is answered by what it brought about, or by one refusal or repeat.
    fn answered(
        &mut self,
        ask: Ask,
        answer: &Answer,
        record: &Record,
        counts: &mut Counts,
    ) -> Result<(), Broken> {
        for tell in &answer.tells {
            let Tell::Fact(stamp, fact) = tell else { continue };
            let at = usize::try_from(stamp.seq - 1).unwrap_or(usize::MAX);
            if stamp.seq > record.told() || record.facts().get(at) != Some(&(*stamp, *fact)) {
                return broken(format!("{stamp:?} {fact:?} was told and is not so"));
            }
            if let Fact::Suspended { order } = *fact {
                self.operator.suspended.push(order);
            }
            if let Fact::MarketStopped { market } = *fact {
                self.operator.stopped.push(market);
            }
        }
        let unknown = id_of(&ask).filter(|(_, id)| self.unknown.remove(id));
        match answer.tells[..] {
            [Tell::Repeated(order)] => {
                let done = id_of(&ask).and_then(|(account, id)| record.done(account, id));
                if done != Some(order) || unknown.is_none() {
                    return broken(format!("{ask:?} was answered as a repeat of {order}"));
                }
                counts.repeated += 1;
                if let Ask::Place(place) = ask {
                    self.placed.push((order, place.account));
                }
                return Ok(());
            }
            [Tell::Refused(Code::JournalFull)] => {
                counts.refused_for_room += 1;
                counts.cancels_refused += u64::from(matches!(ask, Ask::Cancel { .. }));
                self.unknown.extend(unknown.map(|(_, id)| id));
                self.again.push_back(ask);
                return Ok(());
            }
            [Tell::Refused(Code::Failed)] => {
                return broken(format!("{ask:?} was carried out five times, and nobody answered"));
            }
            [Tell::Refused(code)] => {
                counts.released_already += u64::from(code == Code::OrderNotSuspended);
                let for_price = matches!(code, Code::PriceNotAboveZero | Code::BeyondCollar);
                counts.refused_for_price += u64::from(for_price);
                counts.refused_by_stopped += u64::from(code == Code::MarketStopped);
                return refused(&ask, code, record);
            }
            _ => {}
        }
        let number = answer.ask;
        // Its market was stopped while it was carried, before it had brought anything about.
        if let [.., Tell::Refused(Code::MarketStopped)] = answer.tells[..] {
            counts.refused_by_stopped += 1;
            return Ok(());
        }
        let said = |fact: &Fact| match (*fact, ask) {
            (Fact::Entered(entered), Ask::Place(_)) => entered.order == OrderId(number.0),
            (Fact::Left { order, .. }, Ask::Cancel { order: wanted, .. }) => order == wanted,
            (Fact::Replaced { order, .. }, Ask::Replace(replace)) => order == replace.order,
            // It was given up instead: that is what became of the ask.
            (Fact::Suspended { order }, Ask::Replace(replace)) => order == replace.order,
            (Fact::Released { order }, Ask::Release { order: wanted }) => order == wanted,
            (Fact::MarketResumed { market }, Ask::ResumeMarket { market: wanted }) => {
                market == wanted
            }
            (Fact::MarketOpened { .. }, Ask::OpenMarket(_)) => true,
            _ => false,
        };
        if !answer.tells.iter().any(|tell| matches!(tell, Tell::Fact(_, fact) if said(fact))) {
            return broken(format!("{ask:?} was answered by {:?}", answer.tells));
        }
        if let Ask::Place(place) = ask {
            self.placed.push((OrderId(number.0), place.account));
        }
        Ok(())
    }

    // ---- what they want

    fn draw(&mut self, plan: &Plan) -> Ask {
        let kind = self.chance.below(100);
        if self.placed.is_empty() || kind < plan.places {
            self.left -= 1;
            return self.place(plan);
        }
        // Mostly the orders of late, which are open more often.
        let depth = self.placed.len().min(1 << self.chance.below(10));
        let back = self.chance.below(depth);
        let (order, account) = self.placed[self.placed.len() - 1 - back];
        if kind < plan.places + (100 - plan.places) * 2 / 3 {
            return Ask::Cancel { account, order };
        }
        let (price, lots) = (self.price(plan), self.lots(plan));
        Ask::Replace(Replace { account, client: self.id(), order, price, lots })
    }

    /// What the operator or the owner of a suspended order makes of that, now and then.
    fn operate(&mut self) -> Option<Ask> {
        let Operator { chance, suspended, stopped } = &mut self.operator;
        if !stopped.is_empty() && chance.below(8) == 0 {
            return stopped.pop().map(|market| Ask::ResumeMarket { market });
        }
        if suspended.is_empty() || chance.below(4) > 0 {
            return None;
        }
        let order = suspended.swap_remove(chance.below(suspended.len()));
        let owner = self.placed.iter().rev().find(|(placed, _)| *placed == order);
        match (chance.below(4), owner) {
            (0, Some((_, account))) => Some(Ask::Cancel { account: *account, order }),
            _ => Some(Ask::Release { order }),
        }
    }

    /// A new order.
    pub(super) fn place(&mut self, plan: &Plan) -> Ask {
        let mut below = |bound: usize| u32::try_from(self.chance.below(bound)).unwrap_or(0);
        let account = AccountId(1 + below(plan.accounts));
        let market = MarketId(u16::try_from(below(plan.markets.into())).unwrap_or(0));
        let side = if below(2) == 0 { Side::Buy } else { Side::Sell };
        let stands = match below(6) {
            0 => TimeInForce::ImmediateOrCancel,
            _ => TimeInForce::GoodTillCancel,
        };
        let (price, lots, client) = (self.price(plan), self.lots(plan), self.id());
        Ask::Place(Place { account, client, market, side, price, lots, stands })
    }

    /// A new order that every market takes.
    pub(super) fn modest_place(&mut self, plan: &Plan) -> Ask {
        match self.place(plan) {
            Ask::Place(place) => {
                let price = plan.rules.lowest_taken(plan.prices);
                Ask::Place(Place { side: Side::Buy, price, ..place })
            }
            other => other,
        }
    }

    fn id(&mut self) -> Option<ClientId> {
        let id = ClientId::new(self.next_id);
        self.next_id += 1;
        id
    }

    fn price(&mut self, plan: &Plan) -> Price {
        let above = i64::try_from(self.chance.below(plan.prices)).unwrap_or(0);
        Price(plan.rules.lowest(plan.prices) + above)
    }

    fn lots(&mut self, plan: &Plan) -> Lots {
        Lots(1 + self.chance.below(plan.lots) as u64)
    }
}
