//! The handshake on ractor. A supervisor spawns orders; an order announces itself to the floor; the floor
//! introduces the incoming order to one resting order at a time; maker and taker propose, accept, have the ledger
//! record, complete. The floor takes the next command after this one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use protocol::{Command, NewOrder};
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use rustc_hash::FxHashMap;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use units::Side;

use super::{Traded, clock};

type Done<T> = Result<T, ActorProcessingErr>;

/// Commands that are in flight at once: the floor's own queue holds them, so no command is refused.
const BATCH: usize = 1_000;

/// Feeds all commands; returns trades and lots.
pub async fn run(commands: &[Command]) -> (Traded, Duration) {
    const STARTS: &str = "its start cannot fail";
    const THERE: &str = "it is there until the end";
    let (told, mut responses) = unbounded_channel();
    let (ledger, _) = Actor::spawn(None, Ledger, LedgerState::default()).await.expect(STARTS);
    let floor = FloorState::new(told.clone());
    let (floor, _) = Actor::spawn(None, Floor, floor).await.expect(STARTS);
    let parents = (floor.clone(), ledger.clone());
    let (orders, _) = Actor::spawn(None, Orders, parents).await.expect(STARTS);
    let before = clock();
    let mut number = crate::script::FIRST;
    for batch in commands.chunks(BATCH) {
        for command in batch {
            let wanted = match command {
                Command::NewOrder(place) => Wanted::NewOrder(number, *place),
                Command::Cancel { order, .. } => Wanted::Cancel(order.0),
                _ => continue,
            };
            orders.cast(wanted).expect(THERE);
            number += 1;
        }
        orders.cast(Wanted::Fence).expect(THERE);
        responses.recv().await.expect("the floor says when it is there");
    }
    ledger.cast(Record::Response(told)).expect(THERE);
    let traded = responses.recv().await.expect("the ledger tells");
    let spent = clock() - before;
    orders.stop(None);
    floor.stop(None);
    ledger.stop(None);
    (traded, spent)
}

/// Commands of clients.
#[derive(Debug)]
enum Wanted {
    NewOrder(u64, NewOrder),
    Cancel(u64),
    Fence,
}

/// The supervisor of orders.
struct Orders;

impl Actor for Orders {
    type Msg = Wanted;
    type State = (ActorRef<Hear>, ActorRef<Record>);
    type Arguments = Self::State;

    async fn pre_start(&self, _: ActorRef<Wanted>, state: Self::State) -> Done<Self::State> {
        Ok(state)
    }

    async fn handle(
        &self,
        me: ActorRef<Wanted>,
        wanted: Wanted,
        (floor, ledger): &mut Self::State,
    ) -> Done<()> {
        match wanted {
            Wanted::NewOrder(id, place) => {
                let state = OrderState {
                    id,
                    place,
                    open: place.quantity.0,
                    floor: floor.clone(),
                    ledger: ledger.clone(),
                };
                Actor::spawn_linked(None, Order, state, me.get_cell()).await?;
            }
            Wanted::Cancel(id) => floor.cast(Hear::Cancel(id))?,
            Wanted::Fence => floor.cast(Hear::Fence)?,
        }
        Ok(())
    }

    /// An order that ends was filled or cancelled; a failure would be a bug in this file.
    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<Wanted>,
        event: SupervisionEvent,
        _: &mut Self::State,
    ) -> Done<()> {
        match event {
            SupervisionEvent::ActorFailed(_, why) => Err(why),
            _ => Ok(()),
        }
    }
}

/// Messages to orders.
#[derive(Debug)]
enum Message {
    /// From the floor, to a resting order: here is an incoming order.
    Meet(ActorRef<Message>),
    /// From the maker: its offer, in lots.
    Propose { maker: ActorRef<Message>, quantity: u64 },
    /// From the taker: the lots it accepts.
    Accept { taker: ActorRef<Message>, id: u64, quantity: u64 },
    /// From the ledger, to both: the deal is a trade; the maker has this many lots left.
    Complete { maker_left: u64, quantity: u64, is_taker: bool },
    /// From the floor.
    Cancel,
}

struct Order;

struct OrderState {
    id: u64,
    place: NewOrder,
    open: u64,
    floor: ActorRef<Hear>,
    ledger: ActorRef<Record>,
}

impl Actor for Order {
    type Msg = Message;
    type State = OrderState;
    type Arguments = OrderState;

    async fn pre_start(&self, me: ActorRef<Message>, state: OrderState) -> Done<OrderState> {
        let OrderState { id, place, open, .. } = &state;
        state.ledger.cast(Record::Entered { id: *id, quantity: *open })?;
        let (side, price) = (place.side, place.price.0);
        let resting = Seat { id: *id, order: me };
        state.floor.cast(Hear::Announce(IncomingOrder { resting, side, price, left: *open }))?;
        Ok(state)
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        say: Message,
        order: &mut OrderState,
    ) -> Done<()> {
        match say {
            Message::Meet(incoming) => {
                incoming.cast(Message::Propose { maker: me, quantity: order.open })?;
            }
            Message::Propose { maker, quantity } => {
                let quantity = quantity.min(order.open);
                maker.cast(Message::Accept { taker: me, id: order.id, quantity })?;
            }
            Message::Accept { taker, id, quantity } => {
                let (maker, takers) = ((order.id, me), (id, taker));
                order.ledger.cast(Record::Trade { maker, taker: takers, quantity })?;
            }
            Message::Complete { maker_left, quantity, is_taker } => {
                order.open -= quantity;
                if is_taker {
                    order.floor.cast(Hear::Next { left: order.open, maker_left })?;
                }
                if order.open == 0 {
                    me.stop(None);
                }
            }
            Message::Cancel => {
                order.ledger.cast(Record::Left { id: order.id, quantity: order.open })?;
                me.stop(None);
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Seat {
    id: u64,
    order: ActorRef<Message>,
}

#[derive(Debug)]
struct IncomingOrder {
    resting: Seat,
    side: Side,
    price: i64,
    left: u64,
}

/// Messages to the floor.
#[derive(Debug)]
enum Hear {
    Announce(IncomingOrder),
    Cancel(u64),
    /// From the incoming order, after a deal.
    Next {
        left: u64,
        maker_left: u64,
    },
    Fence,
}

struct Floor;

struct FloorState {
    /// Buyers, then sellers, by price.
    sides: [BTreeMap<i64, VecDeque<Seat>>; 2],
    /// Side and price of each resting order.
    places: FxHashMap<u64, (usize, i64)>,
    incoming: Option<IncomingOrder>,
    waiting: VecDeque<Hear>,
    told: UnboundedSender<Traded>,
}

impl FloorState {
    fn new(told: UnboundedSender<Traded>) -> FloorState {
        let (sides, places) = (Default::default(), FxHashMap::default());
        FloorState { sides, places, incoming: None, waiting: VecDeque::new(), told }
    }

    /// The best price on the other side, if the incoming order would deal there.
    fn best(&self, incoming: &IncomingOrder) -> Option<i64> {
        let best = match incoming.side {
            Side::Buy => self.sides[1].first_key_value().map(|(price, _)| *price),
            Side::Sell => self.sides[0].last_key_value().map(|(price, _)| *price),
        };
        best.filter(|best| match incoming.side {
            Side::Buy => *best <= incoming.price,
            Side::Sell => *best >= incoming.price,
        })
    }

    /// Removes a resting order, and its level with the last one.
    fn rise(&mut self, id: u64) -> Option<Seat> {
        let (side, price) = self.places.remove(&id)?;
        let level = self.sides[side].get_mut(&price)?;
        let resting =
            level.iter().position(|resting| resting.id == id).and_then(|at| level.remove(at));
        if level.is_empty() {
            self.sides[side].remove(&price);
        }
        resting
    }

    /// Continues with the incoming order, then with those that wait, until an answer is due.
    fn go_on(&mut self) -> Done<()> {
        loop {
            if let Some(incoming) = self.incoming.take()
                && incoming.left > 0
            {
                let other = usize::from(incoming.side == Side::Buy);
                let best = self.best(&incoming);
                let first = best.and_then(|price| self.sides[other].get(&price)?.front());
                if let Some(resting) = first {
                    resting.order.cast(Message::Meet(incoming.resting.order.clone()))?;
                    self.incoming = Some(incoming);
                    return Ok(());
                }
                let IncomingOrder { resting, price, .. } = incoming;
                self.places.insert(resting.id, (1 - other, price));
                self.sides[1 - other].entry(price).or_default().push_back(resting);
            }
            match self.waiting.pop_front() {
                Some(Hear::Announce(incoming)) => self.incoming = Some(incoming),
                Some(Hear::Cancel(id)) => {
                    if let Some(resting) = self.rise(id) {
                        resting.order.cast(Message::Cancel)?;
                    }
                }
                Some(Hear::Fence) => self.told.send((0, 0))?,
                Some(Hear::Next { .. }) | None => return Ok(()),
            }
        }
    }
}

impl Actor for Floor {
    type Msg = Hear;
    type State = FloorState;
    type Arguments = FloorState;

    async fn pre_start(&self, _: ActorRef<Hear>, state: FloorState) -> Done<FloorState> {
        Ok(state)
    }

    async fn handle(&self, _: ActorRef<Hear>, hear: Hear, floor: &mut FloorState) -> Done<()> {
        if let Hear::Next { left, maker_left } = hear {
            let incoming = floor.incoming.as_mut().ok_or("no order is being introduced")?;
            incoming.left = left;
            if maker_left == 0 {
                let incoming = floor.incoming.as_ref().ok_or("no order is being introduced")?;
                let other = usize::from(incoming.side == Side::Buy);
                let best = floor.best(incoming).ok_or("the maker has lost its seat")?;
                let maker = floor.sides[other].get(&best).and_then(|level| level.front());
                let maker = maker.ok_or("the maker has lost its seat")?.id;
                floor.rise(maker);
            }
            return floor.go_on();
        }
        floor.waiting.push_back(hear);
        if floor.incoming.is_none() { floor.go_on() } else { Ok(()) }
    }
}

/// Messages to the ledger.
#[derive(Debug)]
enum Record {
    Entered { id: u64, quantity: u64 },
    Left { id: u64, quantity: u64 },
    Trade { maker: (u64, ActorRef<Message>), taker: (u64, ActorRef<Message>), quantity: u64 },
    Response(UnboundedSender<Traded>),
}

struct Ledger;

#[derive(Default)]
struct LedgerState {
    /// Open lots of each order.
    lines: FxHashMap<u64, u64>,
    trades: u64,
    quantity: u64,
}

impl LedgerState {
    fn take(&mut self, id: u64, quantity: u64) -> Done<u64> {
        let line = self.lines.get_mut(&id).ok_or("no such order")?;
        *line = line.checked_sub(quantity).ok_or("more lots than there are")?;
        let left = *line;
        if left == 0 {
            self.lines.remove(&id);
        }
        Ok(left)
    }
}

impl Actor for Ledger {
    type Msg = Record;
    type State = LedgerState;
    type Arguments = LedgerState;

    async fn pre_start(&self, _: ActorRef<Record>, state: LedgerState) -> Done<LedgerState> {
        Ok(state)
    }

    async fn handle(
        &self,
        _: ActorRef<Record>,
        record: Record,
        ledger: &mut LedgerState,
    ) -> Done<()> {
        match record {
            Record::Entered { id, quantity } => {
                ledger.lines.insert(id, quantity);
            }
            Record::Left { id, quantity } => {
                ledger.take(id, quantity)?;
            }
            Record::Trade { maker, taker, quantity } => {
                let maker_left = ledger.take(maker.0, quantity)?;
                ledger.take(taker.0, quantity)?;
                ledger.trades += 1;
                ledger.quantity += quantity;
                maker.1.cast(Message::Complete { maker_left, quantity, is_taker: false })?;
                taker.1.cast(Message::Complete { maker_left, quantity, is_taker: true })?;
            }
            Record::Response(to) => to.send((ledger.trades, ledger.quantity))?,
        }
        Ok(())
    }
}
