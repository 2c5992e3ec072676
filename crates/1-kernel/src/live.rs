//! Worlds on threads of their own, joined by bounded queues. It starts no thread: the caller runs a
//! [`Station`] on a thread of its own, and decides when to stop.
//!
//! A full queue holds its sender back: that world takes no further step until the queue has a free
//! place, but keeps accepting what others send. So no cycle of worlds blocks, and no queue grows
//! without a bound.

mod queues;

use std::fmt;

pub use queues::{Full, Queues, Std};

use crate::{Process, RemoteEnvelope, Watch, World};

/// Signals that a world delivers between two looks at its queues.
const TURN: u64 = 4096;

/// Signals on a queue, in order of sending. An empty batch only wakes the receiver.
type Batch<M> = Vec<RemoteEnvelope<M>>;

/// The connection to another world.
struct Route<M, Q: Queues> {
    queue: Q::Sender<Batch<M>>,
    /// Raised when that world has ended.
    over: Q::Flag,
    /// Signals that the full queue has not taken yet.
    held: Batch<M>,
}

/// The outcome of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// It did something; there may be more to do.
    Busy,
    /// There is nothing to do until a signal arrives.
    Idle,
    /// The queue to another world is full; there may be more to do when that world has taken from
    /// it.
    HeldBack,
}

/// A world with its queues. Dropping it notifies the other worlds that this one is lost.
pub struct Station<P: Process, W: Watch<P> = (), Q: Queues = Std> {
    /// The world. Its owner may act upon it between two turns.
    pub world: World<P, W>,
    inbox: Q::Receiver<Batch<P::Message>>,
    /// By world number; `None` for itself, and for worlds known to have ended.
    routes: Vec<Option<Route<P::Message, Q>>>,
    over: Q::Flag,
}

/// Joins worlds by queues of `capacity` batches each. A world's number must be its position in the
/// list.
///
/// # Panics
/// If a world has another number, or `capacity` is 0.
pub fn join<P: Process, W: Watch<P>, Q: Queues>(
    worlds: Vec<World<P, W>>,
    capacity: usize,
) -> Vec<Station<P, W, Q>> {
    assert!(capacity > 0, "a queue holds at least one batch");
    let (queues, inboxes): (Vec<_>, Vec<_>) = worlds.iter().map(|_| Q::queue(capacity)).unzip();
    let flags: Vec<Q::Flag> = worlds.iter().map(|_| Q::flag()).collect();
    let stations = worlds.into_iter().zip(inboxes).zip(0..);
    let station = |((world, inbox), number): ((World<P, W>, _), u8)| {
        assert_eq!(world.number(), number, "worlds are joined in order of their numbers");
        let route = |((to, queue), over): ((u8, &Q::Sender<_>), &Q::Flag)| {
            let route = Route { queue: queue.clone(), over: over.clone(), held: Vec::new() };
            (to != number).then_some(route)
        };
        let routes = (0..).zip(&queues).zip(&flags).map(route).collect();
        Station { world, inbox, routes, over: flags[usize::from(number)].clone() }
    };
    stations.map(station).collect()
}

impl<P: Process, W: Watch<P>, Q: Queues> Station<P, W, Q> {
    /// Accepts what has arrived, runs the world for a while, and sends what it has sent. Never
    /// blocks.
    pub fn turn(&mut self) -> Turn {
        let mut turn = if self.take_in() { Turn::Busy } else { Turn::Idle };
        if self.send_on() {
            if self.world.run_at_most(TURN) > 0 {
                turn = Turn::Busy;
            }
            self.sort();
        }
        if self.send_on() { turn } else { Turn::HeldBack }
    }

    /// Blocks until signals arrive, and accepts them. False if none can arrive any more. For a
    /// caller that got [`Turn::Idle`] and has nothing else to do.
    pub fn wait(&mut self) -> bool {
        if self.routes.iter().flatten().next().is_none() {
            return false;
        }
        if self.take_in() {
            return true;
        }
        let batch = Q::recv(&self.inbox);
        let has_arrived = batch.is_some();
        batch.into_iter().flatten().for_each(|remote| self.world.accept(remote));
        self.take_in() || has_arrived
    }

    /// Wakes the other worlds that block in [`Station::wait`].
    pub fn wake(&self) {
        for route in self.routes.iter().flatten() {
            // A full queue wakes its receiver as well.
            let _is_awake = Q::try_send(&route.queue, Vec::new());
        }
    }

    /// The numbers of the worlds that this one knows to be lost.
    pub fn lost(&self) -> impl Iterator<Item = u8> {
        let (routes, own) = (&self.routes, self.world.number());
        (0..).zip(routes).filter(move |(to, route)| route.is_none() && *to != own).map(|(to, _)| to)
    }

    /// Accepts what has arrived. The flags are read first: a world raises its flag after its last
    /// send, so all that it sent is accepted before its loss.
    fn take_in(&mut self) -> bool {
        let over =
            |route: &Option<Route<_, Q>>| route.as_ref().is_some_and(|route| Q::is_up(&route.over));
        let over: Vec<bool> = self.routes.iter().map(over).collect();
        let mut some = false;
        while let Some(batch) = Q::try_recv(&self.inbox) {
            some = true;
            batch.into_iter().for_each(|remote| self.world.accept(remote));
        }
        for ((number, over), route) in (0..).zip(over).zip(&mut self.routes) {
            if over {
                *route = None;
                self.world.lost(number);
                some = true;
            }
        }
        some
    }

    /// Sorts the outbox by receiving world. Signals to a lost world are dropped.
    fn sort(&mut self) {
        for remote in self.world.take_outbox() {
            if let Some(Some(route)) = self.routes.get_mut(usize::from(remote.to())) {
                route.held.push(remote);
            }
        }
    }

    /// Sends what is held. False if a queue was full.
    fn send_on(&mut self) -> bool {
        let mut all = true;
        for route in self.routes.iter_mut().flatten().filter(|route| !route.held.is_empty()) {
            if let Err(Full(held)) = Q::try_send(&route.queue, std::mem::take(&mut route.held)) {
                route.held = held;
                all = false;
            }
        }
        all
    }
}

impl<P: Process, W: Watch<P>, Q: Queues> Drop for Station<P, W, Q> {
    /// Reports this world as lost.
    fn drop(&mut self) {
        Q::raise(&self.over);
        self.wake();
    }
}

impl<P: Process, W: Watch<P>, Q: Queues> fmt::Debug for Station<P, W, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Station({:?})", self.world)
    }
}
