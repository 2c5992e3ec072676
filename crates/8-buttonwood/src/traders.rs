//! Simulated traders of the demo: generated flow, submitted as by any client, at a modest rate.

use std::collections::VecDeque;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use exchange::{Client, SubmitError};
use lab::flow::{self, Flow, Scenario};
use protocol::{Command, NewOrder, Replace};
use units::{AccountId, CommandId, MarketId, OrderId, Price, Symbol};
use views::Views;

use crate::ends::{self, End};
use crate::server::ServerError;

/// The first of the traders' accounts in each market, and their number. Accounts below are
/// free for human users.
const FIRST_ACCOUNT: u32 = 1001;
const ACCOUNTS: u32 = 16;

/// Orders of the standing book at the start.
const STANDING: u32 = 200;

/// Commands whose orders are remembered: 3 MiB of them. The flow refers to a short-lived order
/// within that many commands; a standing order that it refers to later stays in the book.
const REMEMBERED: usize = 1 << 17;

/// What the traders of a market do.
pub(crate) struct Wants {
    /// The market's symbol.
    pub(crate) symbol: Symbol,
    /// The price around which they start, in ticks, if nothing has traded yet.
    pub(crate) price: i64,
    /// Commands per second.
    pub(crate) rate: u32,
    /// Seed of the flow.
    pub(crate) seed: u64,
}

/// The traders of one market, on a thread of their own.
pub(crate) struct Traders {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Traders {
    /// Starts from the state of `views`. Reports to `ends` if the exchange accepts no more commands.
    pub(crate) fn start(
        wants: &Wants,
        views: &Views,
        client: Client,
        ends: Sender<End>,
    ) -> Result<Traders, ServerError> {
        let mut crowd = Crowd::new(wants, views, client);
        let every = Duration::from_secs(1) / wants.rate;
        let (stop, stopped) = mpsc::channel::<()>();
        let refused = ends.clone();
        let trade = move || {
            while stopped.recv_timeout(crowd.pause(every)) == Err(RecvTimeoutError::Timeout) {
                match crowd.step() {
                    Ok(()) | Err(SubmitError::Busy) => {} // the next one comes at its time
                    Err(SubmitError::Unavailable) => return ends::tell(&refused, End::Exchange),
                }
            }
        };
        let thread = ends::spawn(format!("traders-{}", wants.symbol), ends, trade)?;
        Ok(Traders { stop, thread })
    }

    /// Stops them. They may be waiting for an answer, so join their thread after the exchange has
    /// ended, which answers every command.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        drop(self.stop);
        self.thread
    }
}

/// The state of a market's traders.
struct Crowd {
    client: Client,
    flow: Flow,
    market: MarketId,
    /// Ticks between the flow's prices and ours.
    offset: i64,
    /// Orders from before this start that are still open, to buy and to sell. The flow's standing book
    /// begins with them; the surplus is cancelled, one per command.
    left_over: [Vec<Ours>; 2],
    /// The order that each of the flow's last commands placed, oldest first. The flow counts its own
    /// commands; the exchange counts those of other clients too.
    orders: VecDeque<Option<Ours>>,
    /// The flow's number of the first of those.
    first: u64,
    /// Commands until the standing book is placed.
    standing: usize,
}

/// An order of the traders, with its account.
#[derive(Clone, Copy)]
struct Ours {
    order: OrderId,
    account: AccountId,
}

impl Crowd {
    fn new(wants: &Wants, views: &Views, client: Client) -> Crowd {
        let market = views.market_named(&wants.symbol);
        let market = market.expect("the server opens markets before traders start");
        let mut left_over = [Vec::new(), Vec::new()];
        for account in (FIRST_ACCOUNT..FIRST_ACCOUNT + ACCOUNTS).map(AccountId) {
            let open = views.orders().open_of(account, OrderId(u64::MAX));
            for entered in open.map(|order| &order.entered).filter(|e| e.new.market == market.id) {
                left_over[entered.new.side as usize].push(Ours { order: entered.order, account });
            }
        }
        let options = flow::Options {
            first: CommandId(1),
            market: market.id,
            account: AccountId(FIRST_ACCOUNT),
            accounts: ACCOUNTS,
            standing: Some(STANDING),
            ..flow::Options::default()
        };
        let flow = Flow::new(Scenario::Calm, wants.seed, options);
        Crowd {
            client,
            market: market.id,
            offset: market.tape.last().map_or(wants.price, |trade| trade.price.0) - flow::START,
            left_over,
            orders: VecDeque::with_capacity(REMEMBERED),
            first: 1,
            standing: flow.standing(),
            flow,
        }
    }

    /// How long to wait before the next command: the standing book is placed at once.
    fn pause(&self, every: Duration) -> Duration {
        if self.standing > 0 { Duration::ZERO } else { every }
    }

    /// Hands in the flow's next command.
    fn step(&mut self) -> Result<(), SubmitError> {
        let Some(command) = self.flow.next() else { return Ok(()) };
        if self.standing > 0 {
            self.standing -= 1;
            if let Command::NewOrder(NewOrder { side, .. }) = command
                && let Some(stands_already) = self.left_over[side as usize].pop()
            {
                self.remember(Some(stands_already));
                return Ok(());
            }
        } else if let Some(Ours { order, account }) = self.left_over.iter_mut().find_map(Vec::pop) {
            self.client.submit(Command::Cancel { account, order })?;
        }
        let answer =
            self.translated(&command).map(|command| (command, self.client.submit(command)));
        let placed = match &answer {
            Some((Command::NewOrder(place), Ok(answer))) => {
                Some(Ours { order: OrderId(answer.command.0), account: place.account })
            }
            _ => None,
        };
        self.remember(placed);
        answer.map_or(Ok(()), |(_, answer)| answer.map(|_| ()))
    }

    /// A command of the flow in the exchange's prices and order numbers; `None` if its order is no longer known.
    fn translated(&self, command: &Command) -> Option<Command> {
        let price = |price: Price| Price(price.0 + self.offset);
        Some(match *command {
            Command::NewOrder(place) => Command::NewOrder(NewOrder {
                market: self.market,
                price: price(place.price),
                ..place
            }),
            Command::Replace(replace) => {
                let Ours { order, account } = self.order(replace.order)?;
                Command::Replace(Replace { order, account, price: price(replace.price), ..replace })
            }
            Command::Cancel { order, .. } => {
                let Ours { order, account } = self.order(order)?;
                Command::Cancel { account, order }
            }
            Command::OpenMarket(_) | Command::Release { .. } | Command::ResumeMarket { .. } => {
                return None;
            }
        })
    }

    fn order(&self, of_flow: OrderId) -> Option<Ours> {
        let index = usize::try_from(of_flow.0.checked_sub(self.first)?).ok()?;
        *self.orders.get(index)?
    }

    fn remember(&mut self, order: Option<Ours>) {
        if self.orders.len() == REMEMBERED {
            self.orders.pop_front();
            self.first += 1;
        }
        self.orders.push_back(order);
    }
}
