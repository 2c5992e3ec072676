//! The handshake on ractor. A supervisor spawns orders; an order announces itself to the floor; the floor
//! introduces the newcomer to one resting order at a time; maker and taker propose, accept, have the ledger
//! record, complete. The floor hears the next ask when it is done with this one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use protocol::{Ask, Place};
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use rustc_hash::FxHashMap;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use units::Side;

use super::{Traded, clock};

type Done<T> = Result<T, ActorProcessingErr>;

/// Asks that are in flight at once: the floor's own queue holds them, so nobody is refused.
const BATCH: usize = 1_000;

/// Feeds all asks; tells trades and lots.
pub async fn run(asks: &[Ask]) -> (Traded, Duration) {
    const STARTS: &str = "its start cannot fail";
    const THERE: &str = "it is there until the end";
    let (told, mut tells) = unbounded_channel();
    let (ledger, _) = Actor::spawn(None, Ledger, LedgerState::default()).await.expect(STARTS);
    let floor = FloorState::new(told.clone());
    let (floor, _) = Actor::spawn(None, Floor, floor).await.expect(STARTS);
    let parents = (floor.clone(), ledger.clone());
    let (orders, _) = Actor::spawn(None, Orders, parents).await.expect(STARTS);
    let before = clock();
    let mut number = crate::script::FIRST;
    for batch in asks.chunks(BATCH) {
        for ask in batch {
            let wanted = match ask {
                Ask::Place(place) => Wanted::Place(number, *place),
                Ask::Cancel { order, .. } => Wanted::Cancel(order.0),
                _ => continue,
            };
            orders.cast(wanted).expect(THERE);
            number += 1;
        }
        orders.cast(Wanted::Fence).expect(THERE);
        tells.recv().await.expect("the floor says when it is there");
    }
    ledger.cast(Record::Tell(told)).expect(THERE);
    let traded = tells.recv().await.expect("the ledger tells");
    let spent = clock() - before;
    orders.stop(None);
    floor.stop(None);
    ledger.stop(None);
    (traded, spent)
}

/// What clients want.
#[derive(Debug)]
enum Wanted {
    Place(u64, Place),
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
            Wanted::Place(id, place) => {
                let state = OrderState {
                    id,
                    place,
                    open: place.lots.0,
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

    /// An order that ends was filled or cancelled; one that failed would be a mistake of this file.
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

/// What orders are told.
#[derive(Debug)]
enum Say {
    /// By the floor, to a resting order: here is a newcomer.
    Meet(ActorRef<Say>),
    /// By the maker: so many lots, mine.
    Propose { maker: ActorRef<Say>, lots: u64 },
    /// By the taker: so many of them.
    Accept { taker: ActorRef<Say>, id: u64, lots: u64 },
    /// By the ledger, to both: it is a trade; the maker has so many lots left.
    Complete { maker_left: u64, lots: u64, is_taker: bool },
    /// By the floor.
    Cancel,
}

struct Order;

struct OrderState {
    id: u64,
    place: Place,
    open: u64,
    floor: ActorRef<Hear>,
    ledger: ActorRef<Record>,
}

impl Actor for Order {
    type Msg = Say;
    type State = OrderState;
    type Arguments = OrderState;

    async fn pre_start(&self, me: ActorRef<Say>, state: OrderState) -> Done<OrderState> {
        let OrderState { id, place, open, .. } = &state;
        state.ledger.cast(Record::Entered { id: *id, lots: *open })?;
        let (side, price) = (place.side, place.price.0);
        let seat = Seat { id: *id, order: me };
        state.floor.cast(Hear::Announce(Newcomer { seat, side, price, left: *open }))?;
        Ok(state)
    }

    async fn handle(&self, me: ActorRef<Say>, say: Say, order: &mut OrderState) -> Done<()> {
        match say {
            Say::Meet(newcomer) => {
                newcomer.cast(Say::Propose { maker: me, lots: order.open })?;
            }
            Say::Propose { maker, lots } => {
                let lots = lots.min(order.open);
                maker.cast(Say::Accept { taker: me, id: order.id, lots })?;
            }
            Say::Accept { taker, id, lots } => {
                let (maker, takers) = ((order.id, me), (id, taker));
                order.ledger.cast(Record::Trade { maker, taker: takers, lots })?;
            }
            Say::Complete { maker_left, lots, is_taker } => {
                order.open -= lots;
                if is_taker {
                    order.floor.cast(Hear::Next { left: order.open, maker_left })?;
                }
                if order.open == 0 {
                    me.stop(None);
                }
            }
            Say::Cancel => {
                order.ledger.cast(Record::Left { id: order.id, lots: order.open })?;
                me.stop(None);
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Seat {
    id: u64,
    order: ActorRef<Say>,
}

#[derive(Debug)]
struct Newcomer {
    seat: Seat,
    side: Side,
    price: i64,
    left: u64,
}

/// What the floor is told.
#[derive(Debug)]
enum Hear {
    Announce(Newcomer),
    Cancel(u64),
    /// By the newcomer, after a deal.
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
    /// Where each resting order is.
    places: FxHashMap<u64, (usize, i64)>,
    newcomer: Option<Newcomer>,
    waiting: VecDeque<Hear>,
    told: UnboundedSender<Traded>,
}

impl FloorState {
    fn new(told: UnboundedSender<Traded>) -> FloorState {
        let (sides, places) = (Default::default(), FxHashMap::default());
        FloorState { sides, places, newcomer: None, waiting: VecDeque::new(), told }
    }

    /// The best price on the other side, if the newcomer would deal there.
    fn best(&self, newcomer: &Newcomer) -> Option<i64> {
        let best = match newcomer.side {
            Side::Buy => self.sides[1].first_key_value().map(|(price, _)| *price),
            Side::Sell => self.sides[0].last_key_value().map(|(price, _)| *price),
        };
        best.filter(|best| match newcomer.side {
            Side::Buy => *best <= newcomer.price,
            Side::Sell => *best >= newcomer.price,
        })
    }

    /// Takes an order's seat away, and its level with the last.
    fn rise(&mut self, id: u64) -> Option<Seat> {
        let (side, price) = self.places.remove(&id)?;
        let level = self.sides[side].get_mut(&price)?;
        let seat = level.iter().position(|seat| seat.id == id).and_then(|at| level.remove(at));
        if level.is_empty() {
            self.sides[side].remove(&price);
        }
        seat
    }

    /// Goes on with the newcomer, then with who waits, until somebody has to answer.
    fn go_on(&mut self) -> Done<()> {
        loop {
            if let Some(newcomer) = self.newcomer.take()
                && newcomer.left > 0
            {
                let other = usize::from(newcomer.side == Side::Buy);
                let best = self.best(&newcomer);
                let first = best.and_then(|price| self.sides[other].get(&price)?.front());
                if let Some(resting) = first {
                    resting.order.cast(Say::Meet(newcomer.seat.order.clone()))?;
                    self.newcomer = Some(newcomer);
                    return Ok(());
                }
                let Newcomer { seat, price, .. } = newcomer;
                self.places.insert(seat.id, (1 - other, price));
                self.sides[1 - other].entry(price).or_default().push_back(seat);
            }
            match self.waiting.pop_front() {
                Some(Hear::Announce(newcomer)) => self.newcomer = Some(newcomer),
                Some(Hear::Cancel(id)) => {
                    if let Some(seat) = self.rise(id) {
                        seat.order.cast(Say::Cancel)?;
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
            let newcomer = floor.newcomer.as_mut().ok_or("nobody is being introduced")?;
            newcomer.left = left;
            if maker_left == 0 {
                let newcomer = floor.newcomer.as_ref().ok_or("nobody is being introduced")?;
                let other = usize::from(newcomer.side == Side::Buy);
                let best = floor.best(newcomer).ok_or("the maker has lost its seat")?;
                let maker = floor.sides[other].get(&best).and_then(|level| level.front());
                let maker = maker.ok_or("the maker has lost its seat")?.id;
                floor.rise(maker);
            }
            return floor.go_on();
        }
        floor.waiting.push_back(hear);
        if floor.newcomer.is_none() { floor.go_on() } else { Ok(()) }
    }
}

/// What the ledger is told.
#[derive(Debug)]
enum Record {
    Entered { id: u64, lots: u64 },
    Left { id: u64, lots: u64 },
    Trade { maker: (u64, ActorRef<Say>), taker: (u64, ActorRef<Say>), lots: u64 },
    Tell(UnboundedSender<Traded>),
}

struct Ledger;

#[derive(Default)]
struct LedgerState {
    /// Open lots of each order.
    lines: FxHashMap<u64, u64>,
    trades: u64,
    lots: u64,
}

impl LedgerState {
    fn take(&mut self, id: u64, lots: u64) -> Done<u64> {
        let line = self.lines.get_mut(&id).ok_or("no such order")?;
        *line = line.checked_sub(lots).ok_or("more lots than there are")?;
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
            Record::Entered { id, lots } => {
                ledger.lines.insert(id, lots);
            }
            Record::Left { id, lots } => {
                ledger.take(id, lots)?;
            }
            Record::Trade { maker, taker, lots } => {
                let maker_left = ledger.take(maker.0, lots)?;
                ledger.take(taker.0, lots)?;
                ledger.trades += 1;
                ledger.lots += lots;
                maker.1.cast(Say::Complete { maker_left, lots, is_taker: false })?;
                taker.1.cast(Say::Complete { maker_left, lots, is_taker: true })?;
            }
            Record::Tell(to) => to.send((ledger.trades, ledger.lots))?,
        }
        Ok(())
    }
}
