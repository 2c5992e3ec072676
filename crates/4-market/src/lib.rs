//! The processes of a market: its floor, its orders, and the ledger as a process.
//!
//! Everything between them is a message ([`protocol::Message`]); all that happens is a fact. The tree is data:
//! [`tree`] for the exchange, [`market_tree`] for a market in it. No clock, chance, I/O or thread.

mod floor;
mod ladder;
mod ledger_process;
pub mod mutation;
mod order;

use kernel::{Event, Intensity, Name, Node, Out, Process, Restart, StartContext, Strategy};
use ledger::Ledger;
use protocol::{Fact, Message};
use units::{Lots, MarketId, OrderId, Price};

pub use floor::Floor;
pub use ladder::Ladder;
pub use ledger_process::LedgerProcess;
pub use order::{Hold, Order};

/// The processes of a world with markets: one enum, so that dispatch is static.
#[derive(Clone, Hash, Debug)]
#[allow(clippy::large_enum_variant, reason = "most processes are orders, stored in their slots")]
pub enum Party {
    /// An intention to buy or sell.
    Order(Order),
    /// Introduces the orders of one market to each other.
    Floor(Box<Floor>),
    /// Records deals: the ledger as a process.
    Ledger(LedgerProcess),
}

/// An envelope is one cache line: decision 34.
const _: () = assert!(size_of::<kernel::Envelope<Message>>() == 64);

/// The role of a place in the tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// The ledger.
    Ledger,
    /// A market's floor.
    Floor(MarketId),
    /// A market's orders.
    Orders(MarketId),
    /// A whole market: its branch of the tree.
    Market(MarketId),
}

/// The name of the ledger in every world.
pub const LEDGER: Name = Name(0);

/// The name of a market's floor.
#[inline(always)]
pub fn floor_of(market: MarketId) -> Name {
    Name(1 + 2 * u32::from(market.0))
}

/// The name of the supervisor of a market's orders.
#[inline(always)]
pub fn orders_of(market: MarketId) -> Name {
    Name(2 + 2 * u32::from(market.0))
}

/// Allowed restarts of one order within a second: the next death suspends it.
pub const ALLOWED_RESTARTS: Intensity = Intensity::times(3);

/// The exchange's tree before its first market.
pub fn tree() -> Node<Role> {
    Node::group(
        "exchange",
        Strategy::OneForOne,
        Intensity::times(100),
        vec![Node::one("ledger", Role::Ledger).named(LEDGER)],
    )
}

/// A market's branch of the tree.
///
/// - an order that dies too often is given up alone, and the market goes on
/// - if all orders get new addresses, the floor restarts as well; if the floor dies, the orders live on
/// - a branch that exceeds its intensity is given up alone, with the fact `market-stopped`, and the exchange goes on
pub fn market_tree(market: MarketId, symbol: &str) -> Node<Role> {
    Node::group(
        symbol.to_owned(),
        Strategy::RestForOne,
        Intensity::times(100),
        vec![
            Node::many("orders", Role::Orders(market))
                .named(orders_of(market))
                .indexed_by_state_machine()
                .restarted(Restart::Transient)
                .intensity_per_child(ALLOWED_RESTARTS),
            Node::one("floor", Role::Floor(market)).named(floor_of(market)),
        ],
    )
    .given_up_as(Role::Market(market))
}

impl Party {
    /// An order of this market that has not been entered: its first message is [`Message::Enter`].
    #[inline(always)]
    pub fn order(market: MarketId) -> Party {
        Party::Order(Order::blank(market))
    }

    /// The same, as after this many proposals: for tests of their bound.
    pub fn aged_order(market: MarketId, proposals: u32) -> Party {
        Party::Order(Order::blank(market).aged(proposals))
    }

    /// The floor that this is, if it is one.
    pub fn as_floor(&self) -> Option<&Floor> {
        match self {
            Party::Floor(floor) => Some(floor),
            Party::Order(_) | Party::Ledger(_) => None,
        }
    }

    /// The order that this is, if it is one.
    pub fn as_order(&self) -> Option<&Order> {
        match self {
            Party::Order(order) => Some(order),
            Party::Floor(_) | Party::Ledger(_) => None,
        }
    }
}

impl Party {
    /// Handles an event that carries no message: a start, or the end of a monitored process.
    #[inline(never)]
    fn on_signal(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        match self {
            Party::Order(order) => order.on_signal(&event, out),
            Party::Floor(floor) => floor.on_signal(&event, out),
            Party::Ledger(_) => {} // it monitors no process
        }
    }
}

impl Process for Party {
    type Message = Message;
    type Fact = Fact;
    type StateMachine = Ledger;
    type Note = Hold;
    type Role = Role;

    fn start(role: &Role, context: StartContext<'_, Hold>) -> Party {
        match *role {
            Role::Ledger => Party::Ledger(LedgerProcess),
            Role::Floor(market) => Party::Floor(Box::new(Floor::new(market))),
            Role::Orders(market) => Party::Order(Order::again(market, context.note.is_some())),
            Role::Market(_) => unreachable!("a branch is a supervisor, and no process of ours"),
        }
    }

    #[inline(always)]
    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        let Event::Message { from, message } = event else { return self.on_signal(event, out) };
        // Fast path: most processes are orders, and the check for one variant is a comparison of one byte.
        if let Party::Order(order) = self {
            return order.handle(from, message, out);
        }
        match self {
            Party::Order(_) => {} // above
            Party::Floor(floor) => floor.handle(from, message, out),
            Party::Ledger(ledger) => ledger.handle(from, message, out),
        }
    }

    fn children(role: &Role, ledger: &Ledger) -> Vec<u64> {
        match role {
            Role::Orders(market) => ledger.open_in(*market).into_iter().map(|o| o.0).collect(),
            Role::Ledger | Role::Floor(_) | Role::Market(_) => Vec::new(),
        }
    }

    /// The fact is recorded in the step that gives the process up. So an order stays suspended even if
    /// the floor dies before its `Suspend` arrives, and the next start does not start a stopped market.
    fn given_up(role: &Role, key: u64, ledger: &Ledger) -> Option<Fact> {
        let order = OrderId(key);
        let is_open = ledger.order(order).is_some_and(|record| record.is_open());
        match role {
            Role::Orders(_) => is_open.then_some(Fact::Suspended { order }),
            Role::Market(market) => Some(Fact::MarketStopped { market: *market }),
            Role::Ledger | Role::Floor(_) => None,
        }
    }

    fn gave_up(role: &Role, key: u64) -> Option<(Name, Message)> {
        match role {
            Role::Orders(market) => {
                Some((floor_of(*market), Message::Suspend { order: OrderId(key) }))
            }
            Role::Ledger | Role::Floor(_) | Role::Market(_) => None,
        }
    }
}

/// A level of a floor: its price and the lots that rest there.
pub type Level = (Price, Lots);
