//! Clients, and an operator who releases suspended orders. They record their answers,
//! repeat unanswered commands under the same id, and know nothing else: neither the world nor the journal.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use exchange::Answer;
use exchange::steps::{Answers, Batch, Reply};
use kernel::Seeded;
use protocol::{Command, Fact, NewOrder, RejectCode, Replace, Response, TimeInForce};
use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Side};

use super::counts::Counts;
use super::plan::Plan;
use super::record::Record;
use crate::laws::{Broken, Law};

/// Unanswered batches.
const AT_ONCE: usize = 64;

/// Answers to batches, as they come.
type Inbox = Arc<Mutex<Vec<(u64, Answers)>>>;

/// All clients of a run.
pub(super) struct Clients {
    chance: Seeded,
    /// Orders still to be placed.
    left: u32,
    next_id: u128,
    batches: u64,
    under_way: BTreeMap<u64, Vec<Command>>,
    inbox: Inbox,
    /// Commands to repeat.
    again: VecDeque<Command>,
    /// Client ids of commands with an unknown result.
    unknown: BTreeSet<ClientId>,
    /// Acknowledged orders, with their accounts.
    placed: Vec<(OrderId, AccountId)>,
    operator: Operator,
}

/// The operator.
struct Operator {
    /// A sequence of its own, so that a seed's clients submit the same in a run without suspensions.
    chance: Seeded,
    /// Orders that are suspended by acknowledged facts, and that it has not released yet.
    suspended: Vec<OrderId>,
    /// Stopped markets, in the same way.
    stopped: Vec<MarketId>,
}

fn broken<T>(what: String) -> Result<T, Broken> {
    Err(Broken { law: Law::Told, what })
}

/// The operator releases each suspension once. A rejection is right only if it was done already before a crash of
/// unknown outcome, or if the order is gone.
fn refused(command: &Command, code: RejectCode, record: &Record) -> Result<(), Broken> {
    let order = match *command {
        Command::Release { order } => order,
        Command::ResumeMarket { market } => {
            let done = |fact: &Fact| *fact == Fact::MarketResumed { market };
            if code == RejectCode::MarketNotStopped && record.has(done) {
                return Ok(());
            }
            return broken(format!("{command:?} was refused: {code:?}"));
        }
        _ => return Ok(()),
    };
    if code == RejectCode::MarketStopped && record.has(|f| matches!(f, Fact::MarketStopped { .. }))
    {
        return Ok(());
    }
    let is_so = record.has(|fact| match (*fact, code) {
        (Fact::Released { order: of }, RejectCode::OrderNotSuspended) => of == order,
        (Fact::Cancelled { order: of, .. }, RejectCode::UnknownOrder) => of == order,
        (Fact::Traded { deal, .. }, RejectCode::UnknownOrder) => {
            [deal.maker, deal.taker].contains(&order)
        }
        _ => false,
    });
    if is_so { Ok(()) } else { broken(format!("{command:?} was refused: {code:?}")) }
}

fn id_of(command: &Command) -> Option<(AccountId, ClientId)> {
    match command {
        Command::NewOrder(place) => Some((place.account, place.client?)),
        Command::Replace(replace) => Some((replace.account, replace.client?)),
        Command::Cancel { .. }
        | Command::Release { .. }
        | Command::ResumeMarket { .. }
        | Command::OpenMarket(_) => None,
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

    /// True while orders are left to place.
    pub(super) fn want_more(&self) -> bool {
        self.left > 0
    }

    /// True if they may submit now.
    pub(super) fn may_submit(&self) -> bool {
        self.under_way.len() < AT_ONCE
    }

    /// True if no command is unanswered.
    pub(super) fn content(&self) -> bool {
        self.under_way.is_empty() && self.again.is_empty()
    }

    /// Nanoseconds until the next batch.
    pub(super) fn pause(&mut self, plan: &Plan) -> u64 {
        // Bursts: most gaps are short, and some are long.
        let octave = self.chance.below(6);
        (plan.gap >> 3 << octave).max(1)
    }

    /// The next batch: repeats come first.
    pub(super) fn batch(&mut self, plan: &Plan) -> Option<Batch> {
        let mut commands = Vec::new();
        for _ in 0..1 + self.chance.below(plan.batch) {
            if let Some(command) = self.again.pop_front() {
                commands.push(command);
            } else if self.left > 0 {
                commands.push(self.draw(plan));
            }
        }
        commands.extend(self.operate());
        (!commands.is_empty()).then(|| self.submit(commands))
    }

    /// Makes a batch of these commands.
    pub(super) fn submit(&mut self, commands: Vec<Command>) -> Batch {
        let number = self.batches;
        self.batches += 1;
        self.under_way.insert(number, commands.clone());
        let inbox = self.inbox.clone();
        let reply = Reply::new(move |answers| {
            inbox.lock().unwrap_or_else(PoisonError::into_inner).push((number, answers));
        });
        Batch { commands, reply }
    }

    /// The queue was full at the last batch: nothing happened, and the batch is repeated.
    pub(super) fn busy(&mut self, batch: Batch) {
        let number = self.batches - 1;
        drop(batch); // its reply says that the result is unknown; this error says more
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _)| *of != number);
        self.again.extend(self.under_way.remove(&number).into_iter().flatten());
    }

    /// Reads all answers so far.
    pub(super) fn read(&mut self, record: &Record, counts: &mut Counts) -> Result<(), Broken> {
        let came = std::mem::take(&mut *self.inbox.lock().unwrap_or_else(PoisonError::into_inner));
        for (number, answers) in came {
            let Some(commands) = self.under_way.remove(&number) else {
                return broken(format!("batch {number} was answered twice"));
            };
            match answers {
                Ok(answers) if answers.len() == commands.len() => {
                    counts.in_flight += u64::from(!self.under_way.is_empty());
                    for (command, answer) in commands.into_iter().zip(&answers) {
                        self.answered(command, answer, record, counts)?;
                    }
                }
                Ok(answers) => return broken(format!("{} answers to {commands:?}", answers.len())),
                Err(exchange::Unavailable) => {
                    counts.unknown += commands.len() as u64;
                    self.unknown.extend(commands.iter().filter_map(id_of).map(|(_, id)| id));
                    self.again.extend(commands);
                }
            }
        }
        Ok(())
    }

    /// A command is answered by its own facts, or by one rejection or repeat.
    fn answered(
        &mut self,
        command: Command,
        answer: &Answer,
        record: &Record,
        counts: &mut Counts,
    ) -> Result<(), Broken> {
        for response in &answer.responses {
            let Response::Fact(stamp, fact) = response else { continue };
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
        let unknown = id_of(&command).filter(|(_, id)| self.unknown.remove(id));
        match answer.responses[..] {
            [Response::Repeated(order)] => {
                let done = id_of(&command).and_then(|(account, id)| record.done(account, id));
                if done != Some(order) || unknown.is_none() {
                    return broken(format!("{command:?} was answered as a repeat of {order}"));
                }
                counts.repeated += 1;
                if let Command::NewOrder(place) = command {
                    self.placed.push((order, place.account));
                }
                return Ok(());
            }
            [Response::Rejected(RejectCode::JournalFull)] => {
                counts.rejected_for_space += 1;
                counts.cancels_refused += u64::from(matches!(command, Command::Cancel { .. }));
                self.unknown.extend(unknown.map(|(_, id)| id));
                self.again.push_back(command);
                return Ok(());
            }
            [Response::Rejected(RejectCode::Failed)] => {
                return broken(format!(
                    "{command:?} was carried out five times, and never answered"
                ));
            }
            [Response::Rejected(code)] => {
                counts.released_already += u64::from(code == RejectCode::OrderNotSuspended);
                let for_price =
                    matches!(code, RejectCode::PriceNotAboveZero | RejectCode::BeyondCollar);
                counts.refused_for_price += u64::from(for_price);
                counts.refused_by_stopped += u64::from(code == RejectCode::MarketStopped);
                return refused(&command, code, record);
            }
            _ => {}
        }
        let number = answer.command;
        // Its market stopped during the command, before any fact of it.
        if let [.., Response::Rejected(RejectCode::MarketStopped)] = answer.responses[..] {
            counts.refused_by_stopped += 1;
            return Ok(());
        }
        let said = |fact: &Fact| match (*fact, command) {
            (Fact::Entered(entered), Command::NewOrder(_)) => entered.order == OrderId(number.0),
            (Fact::Cancelled { order, .. }, Command::Cancel { order: wanted, .. }) => {
                order == wanted
            }
            (Fact::Replaced { order, .. }, Command::Replace(replace)) => order == replace.order,
            // It was suspended instead: that is the result of the command.
            (Fact::Suspended { order }, Command::Replace(replace)) => order == replace.order,
            (Fact::Released { order }, Command::Release { order: wanted }) => order == wanted,
            (Fact::MarketResumed { market }, Command::ResumeMarket { market: wanted }) => {
                market == wanted
            }
            (Fact::MarketOpened { .. }, Command::OpenMarket(_)) => true,
            _ => false,
        };
        if !answer
            .responses
            .iter()
            .any(|response| matches!(response, Response::Fact(_, fact) if said(fact)))
        {
            return broken(format!("{command:?} was answered by {:?}", answer.responses));
        }
        if let Command::NewOrder(place) = command {
            self.placed.push((OrderId(number.0), place.account));
        }
        Ok(())
    }

    // ---- choices

    fn draw(&mut self, plan: &Plan) -> Command {
        let kind = self.chance.below(100);
        if self.placed.is_empty() || kind < plan.places {
            self.left -= 1;
            return self.place(plan);
        }
        // Mostly recent orders, which are open more often.
        let depth = self.placed.len().min(1 << self.chance.below(10));
        let back = self.chance.below(depth);
        let (order, account) = self.placed[self.placed.len() - 1 - back];
        if kind < plan.places + (100 - plan.places) * 2 / 3 {
            return Command::Cancel { account, order };
        }
        let (price, quantity) = (self.price(plan), self.quantity(plan));
        Command::Replace(Replace { account, client: self.id(), order, price, quantity })
    }

    /// The reaction of the operator or the owner to a suspended order, now and then.
    fn operate(&mut self) -> Option<Command> {
        let Operator { chance, suspended, stopped } = &mut self.operator;
        if !stopped.is_empty() && chance.below(8) == 0 {
            return stopped.pop().map(|market| Command::ResumeMarket { market });
        }
        if suspended.is_empty() || chance.below(4) > 0 {
            return None;
        }
        let order = suspended.swap_remove(chance.below(suspended.len()));
        let owner = self.placed.iter().rev().find(|(placed, _)| *placed == order);
        match (chance.below(4), owner) {
            (0, Some((_, account))) => Some(Command::Cancel { account: *account, order }),
            _ => Some(Command::Release { order }),
        }
    }

    /// A new order.
    pub(super) fn place(&mut self, plan: &Plan) -> Command {
        let mut below = |bound: usize| u32::try_from(self.chance.below(bound)).unwrap_or(0);
        let account = AccountId(1 + below(plan.accounts));
        let market = MarketId(u16::try_from(below(plan.markets.into())).unwrap_or(0));
        let side = if below(2) == 0 { Side::Buy } else { Side::Sell };
        let time_in_force = match below(6) {
            0 => TimeInForce::ImmediateOrCancel,
            _ => TimeInForce::GoodTillCancel,
        };
        let (price, quantity, client) = (self.price(plan), self.quantity(plan), self.id());
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

    /// A new order that every market accepts.
    pub(super) fn modest_place(&mut self, plan: &Plan) -> Command {
        match self.place(plan) {
            Command::NewOrder(place) => {
                let price = plan.rules.lowest_taken(plan.prices);
                Command::NewOrder(NewOrder { side: Side::Buy, price, ..place })
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

    fn quantity(&mut self, plan: &Plan) -> Lots {
        Lots(1 + self.chance.below(plan.quantity) as u64)
    }
}
