//! Runs a chart: submits its commands, kills processes at its positions, and draws the events.

use std::collections::BTreeMap;

use exchange::Admission;
use ledger::Ledger;
use protocol::{Command, NewOrder, Replace, Response, TimeInForce};
use units::{AccountId, ClientId, CommandId, Lots, MarketId, OrderId, Price};

use checker::chart::Row;

use super::draw::Drawing;
use super::parse::{Act, Given, Position};
use super::{Chart, ChartError};
use crate::laws::{History, Inspector, Rows, drained};
use crate::world::{Stage, Who, message};

/// More deliveries than a chart can need.
const ENOUGH: usize = 10_000;
/// How often a command without facts is submitted again, as the exchange does.
const TRIES: usize = 5;
/// Longer than restart intensity periods, in nanoseconds.
const SECOND: u64 = 1_000_000_000;
/// The number of an order that never existed.
const NOBODY: OrderId = OrderId(u64::MAX);

/// Result of a chart.
#[derive(Clone, Debug)]
pub struct Played {
    /// The rows of `then`.
    pub rows: Vec<Row>,
    /// The state of the orders at the end, a line each.
    pub leaves: Vec<String>,
    /// The first broken law.
    pub wrong: Rows,
}

impl Played {
    /// The rows as the text of a chart has them.
    pub fn then(&self) -> Vec<String> {
        checker::chart::lines(&self.rows)
    }
}

struct Play<'a> {
    chart: &'a Chart,
    stage: Stage,
    inspector: Inspector,
    drawing: Drawing,
    orders: BTreeMap<&'a str, OrderId>,
    /// Names of orders, in the order in which they came.
    names: Vec<&'a str>,
    accounts: BTreeMap<&'a str, AccountId>,
    owners: BTreeMap<&'a str, AccountId>,
    /// First words of the messages delivered since the last line without a position.
    delivered: Vec<String>,
    deliveries: usize,
    rows: Rows,
    /// Facts at the time of that line: a lost journal is truncated to there.
    whole: usize,
    /// The last command that waited for quiet, the facts at that time, and how often it was submitted.
    last: Option<(CommandId, Command, usize, usize)>,
}

impl Chart {
    /// Runs it: under the laws, in the order of sending.
    pub fn play(&self) -> Result<Played, ChartError> {
        let market = |given: &Given| match given.act {
            Act::Place { market, .. } => market,
            _ => 0,
        };
        let markets = 1 + self.given.iter().map(market).max().unwrap_or(0);
        let mut stage = Stage::opening_with((0..markets).map(|market| self.market(market)));
        let mut inspector = Inspector::default();
        let seen = stage.seen();
        inspector.look(&stage, &seen).expect("markets that open break no law");
        let mut play = Play {
            chart: self,
            stage,
            inspector,
            drawing: Drawing::default(),
            orders: BTreeMap::new(),
            names: Vec::new(),
            accounts: BTreeMap::new(),
            owners: BTreeMap::new(),
            delivered: Vec::new(),
            deliveries: 0,
            rows: Rows::default(),
            whole: 0,
            last: None,
        };
        play.all()?;
        let shown = |row: &Row| match row {
            Row::Arrow { text, .. } => {
                let word = text.split(' ').next().unwrap_or("");
                self.only.is_empty() || self.only.iter().any(|only| only == word)
            }
            Row::Note(_) => true,
        };
        let rows = play.drawing.rows().iter().filter(|row| shown(row)).cloned().collect();
        Ok(Played { rows, leaves: play.leaves(), wrong: play.rows })
    }
}

impl<'a> Play<'a> {
    fn all(&mut self) -> Result<(), ChartError> {
        let chart = self.chart;
        let drawn = chart.given.iter().rposition(|given| given.position.is_none());
        for (index, given) in chart.given.iter().enumerate() {
            match &given.position {
                None => {
                    self.run_to_quiet(given.line)?;
                    self.delivered.clear();
                    if Some(index) == drawn {
                        self.drawing.clear();
                    }
                }
                Some(position) => self.run_to(position, given.line)?,
            }
            self.act(given)?;
            self.look(given.line)?;
        }
        self.run_to_quiet(0)?;
        let settled = drained(&self.stage, self.inspector.history());
        settled.map_err(|broken| ChartError { line: 0, what: broken.to_string() })
    }

    // ---- deliveries

    fn run_to_quiet(&mut self, line: usize) -> Result<(), ChartError> {
        loop {
            while self.step(line)? {}
            let facts = self.inspector.history().facts().len();
            match &mut self.last {
                Some((number, command, before, tries)) if facts == *before && *tries < TRIES => {
                    *tries += 1;
                    let (number, command) = (*number, *command);
                    let answered = self.stage.admit_again(number, &command);
                    self.answer(&answered, number);
                }
                _ => return Ok(()),
            }
        }
    }

    fn run_to(&mut self, position: &Position, line: usize) -> Result<(), ChartError> {
        loop {
            let so_far = self.delivered.iter().filter(|word| **word == position.word).count();
            let next = match self.stage.first().and_then(message) {
                Some(say) if position.before => first_word(&say.text(&self.drawing.names)),
                _ => String::new(),
            };
            let reached = match position.before {
                true => so_far + 1 == position.nth && next == position.word,
                false => so_far == position.nth,
            };
            if reached {
                return Ok(());
            }
            if !self.step(line)? {
                let what = format!("it never comes to {} {}", position.nth, position.word);
                return Err(ChartError { line, what });
            }
        }
    }

    fn step(&mut self, line: usize) -> Result<bool, ChartError> {
        self.deliveries += 1;
        if self.deliveries > ENOUGH {
            return Err(ChartError { line, what: "it runs in circles".to_owned() });
        }
        let word = self.stage.first().and_then(message);
        let word = word.map(|say| first_word(&say.text(&self.drawing.names)));
        if !self.stage.deliver() {
            return Ok(false);
        }
        self.delivered.extend(word);
        self.look(line)?;
        Ok(true)
    }

    fn look(&mut self, line: usize) -> Result<(), ChartError> {
        let seen = self.stage.seen();
        self.drawing.take(&self.stage, &seen);
        let judged = self.inspector.look(&self.stage, &seen);
        self.rows.take(&self.stage, self.inspector.history(), &seen);
        judged.map_err(|broken| ChartError { line, what: broken.to_string() })
    }

    // ---- acts

    fn act(&mut self, given: &'a Given) -> Result<(), ChartError> {
        let command = match &given.act {
            Act::Kill(who) => return self.kill(who, given.line),
            Act::Stop => return self.stop_market(given.line),
            Act::Resume => Command::ResumeMarket { market: MarketId(0) },
            Act::Pass => {
                self.stage.pass_time(SECOND);
                return Ok(());
            }
            Act::AboveZero | Act::Collar(_) => return Ok(()), // since the opening
            Act::Place { name, account, side, quantity, price, ioc, market, id } => {
                let account = self.account(account);
                self.orders.insert(name, OrderId(self.stage.next_command().0));
                self.owners.insert(name, account);
                self.names.push(name);
                self.drawing.names.call(OrderId(self.stage.next_command().0), name);
                Command::NewOrder(NewOrder {
                    account,
                    client: client(*id),
                    market: MarketId(*market),
                    side: *side,
                    price: Price(*price),
                    quantity: Lots(*quantity),
                    time_in_force: match ioc {
                        true => TimeInForce::ImmediateOrCancel,
                        false => TimeInForce::GoodTillCancel,
                    },
                })
            }
            Act::Cancel { by, name } => {
                let (account, order) = self.is_about(by, name);
                Command::Cancel { account, order }
            }
            Act::Release { name } => {
                let (_, order) = self.is_about(&None, name);
                Command::Release { order }
            }
            Act::Replace { by, name, quantity, price, id } => {
                let (account, order) = self.is_about(by, name);
                let (client, price, quantity) = (client(*id), Price(*price), Lots(*quantity));
                Command::Replace(Replace { account, client, order, price, quantity })
            }
        };
        let facts = self.inspector.history().facts().len();
        if given.position.is_none() {
            self.whole = facts;
        }
        let (number, answer) = self.stage.admit(&command);
        self.last = None;
        self.answer(&answer, number);
        if answer == Admission::Admitted {
            let judged = self.inspector.history().check_let_in(&command);
            judged.map_err(|broken| ChartError { line: given.line, what: broken.to_string() })?;
        }
        if answer == Admission::Admitted && given.position.is_none() {
            self.last = Some((number, command, facts, 1));
        }
        Ok(())
    }

    fn answer(&mut self, answer: &Admission, number: CommandId) {
        let Admission::Answered(response) = answer else { return };
        let to = self.names.iter().find(|name| self.orders[*name] == OrderId(number.0));
        let to = to.copied().unwrap_or("client").to_owned();
        self.last = None;
        let text = match response {
            Response::Rejected(code) => format!("rejected {code}"),
            Response::Repeated(order) => {
                format!("repeated {}", protocol::Names::order(&self.drawing.names, *order))
            }
            Response::Fact(..) => return,
        };
        self.drawing.refused(&to, &text);
    }

    fn kill(&mut self, who: &str, line: usize) -> Result<(), ChartError> {
        let victim = match who {
            "world" => return self.lose_world(line),
            "ledger" => Who::Ledger,
            "floor" => Who::Floor(MarketId(0)),
            "orders" => Who::Orders(MarketId(0)),
            name => Who::Order(self.orders.get(name).copied().unwrap_or(NOBODY)),
        };
        if self.stage.kill(victim) {
            return Ok(());
        }
        Err(ChartError { line, what: format!("{who} is not alive here") })
    }

    /// Kills the floor each time it is back, until its supervisor gives up.
    fn stop_market(&mut self, line: usize) -> Result<(), ChartError> {
        self.last = None;
        let market = MarketId(0);
        while !self.inspector.history().is_stopped(market) {
            if !self.stage.kill(Who::Floor(market)) {
                return Err(ChartError { line, what: "the floor is not alive here".to_owned() });
            }
            self.look(line)?;
            self.run_to_quiet(line)?;
        }
        Ok(())
    }

    /// The world is lost with its messages and notes, and recovers from the facts of all whole commands. The client
    /// of the last command has no answer, and submits it again.
    fn lose_world(&mut self, line: usize) -> Result<(), ChartError> {
        let wrong = |what: String| ChartError { line, what };
        let facts = self.inspector.history().facts()[..self.whole].to_vec();
        let mut ledger = Ledger::new();
        let mut history = History::default();
        for fact in &facts {
            ledger.apply(fact).map_err(|why| wrong(why.to_string()))?;
            history.take(fact).map_err(|broken| wrong(broken.to_string()))?;
        }
        self.inspector = Inspector::of(history);
        self.rows.world_is_lost();
        self.drawing.note("x the world is lost, and comes back");
        self.stage.lose(ledger);
        self.look(line)?;
        if let Some((_, _, before, _)) = &mut self.last {
            *before = self.inspector.history().facts().len();
        }
        Ok(())
    }

    fn is_about(&mut self, by: &'a Option<String>, name: &'a str) -> (AccountId, OrderId) {
        let account = match by {
            Some(by) => self.account(by),
            None => match self.owners.get(name) {
                Some(owner) => *owner,
                None => self.account(name),
            },
        };
        (account, self.orders.get(name).copied().unwrap_or(NOBODY))
    }

    fn account(&mut self, name: &'a str) -> AccountId {
        let next = u32::try_from(self.accounts.len() + 1).expect("a chart has few accounts");
        *self.accounts.entry(name).or_insert(AccountId(next))
    }

    // ---- the end

    fn leaves(&self) -> Vec<String> {
        let wide = self.names.iter().map(|name| name.len()).max().unwrap_or(0);
        let mut lines = Vec::new();
        for name in &self.names {
            let id = self.orders[name];
            let Some(line) = self.inspector.history().line(id) else { continue };
            let process = self.stage.find(Who::Order(id));
            let order = process.and_then(|pid| self.stage.world().process(pid)?.as_order());
            let (open, held) = match order {
                Some(order) => (order.open(), order.held()),
                None => (line.remaining(), Lots::ZERO),
            };
            let mut text =
                format!("{name:<wide$}  open {open}  held {held}  filled {}", line.filled);
            if line.left {
                text += &format!("  cancelled {}", line.size - line.filled);
            }
            if line.suspended && !line.left {
                text += "  suspended";
            }
            lines.push(text);
        }
        lines
    }
}

fn client(id: Option<u64>) -> Option<ClientId> {
    ClientId::new(id?.into())
}

fn first_word(text: &str) -> String {
    text.split(' ').next().unwrap_or("").to_owned()
}
