//! A world on a thread of its own, joined to others by bounded queues. The one place in which threads that run
//! worlds meet; it starts none: whoever runs a [`Station`] brings the thread, and says when to stop.
//!
//! A queue that is full holds its sender back: that world takes no further step until there is room, but goes on
//! taking in what others send. So nobody waits for anybody who waits, and no queue grows without bound.

mod queues;

use std::fmt;

pub use queues::{Full, Queues, Std};

use crate::{Process, RemoteEnvelope, Watch, World};

/// Signals that a world delivers before it looks at its queues again.
const TURN: u64 = 4096;

/// What goes over a queue: signals in the order of sending; none only to wake.
type Batch<M> = Vec<RemoteEnvelope<M>>;

/// The way to another world.
struct Route<M, Q: Queues> {
    queue: Q::Sender<Batch<M>>,
    /// Raised when that world is over.
    over: Q::Flag,
    /// What there was no room for yet.
    held: Batch<M>,
}

/// What a turn came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// Something was done; there may be more.
    Busy,
    /// Nothing is to be done until something comes.
    Idle,
    /// The queue to another world is full: there may be more to do when that has taken from it.
    HeldBack,
}

/// A world with its queues. When it is dropped, the other worlds hear that this one is lost.
pub struct Station<P: Process, W: Watch<P> = (), Q: Queues = Std> {
    /// The world. Its owner may act upon it between two turns.
    pub world: World<P, W>,
    inbox: Q::Receiver<Batch<P::Message>>,
    /// By the number of the world; none to itself, and to one that is known to be over.
    ways: Vec<Option<Route<P::Message, Q>>>,
    over: Q::Flag,
}

/// Joins worlds by queues that hold so many batches of signals each. Each world has its place in the
/// list as its number.
///
/// # Panics
/// If a world has another number, or a queue would have no room.
pub fn join<P: Process, W: Watch<P>, Q: Queues>(
    worlds: Vec<World<P, W>>,
    room: usize,
) -> Vec<Station<P, W, Q>> {
    assert!(room > 0, "a queue needs room");
    let (queues, inboxes): (Vec<_>, Vec<_>) = worlds.iter().map(|_| Q::queue(room)).unzip();
    let flags: Vec<Q::Flag> = worlds.iter().map(|_| Q::flag()).collect();
    let stations = worlds.into_iter().zip(inboxes).zip(0..);
    let station = |((world, inbox), number): ((World<P, W>, _), u8)| {
        assert_eq!(world.number(), number, "worlds are joined in order of their numbers");
        let way = |((to, queue), over): ((u8, &Q::Sender<_>), &Q::Flag)| {
            let way = Route { queue: queue.clone(), over: over.clone(), held: Vec::new() };
            (to != number).then_some(way)
        };
        let ways = (0..).zip(&queues).zip(&flags).map(way).collect();
        Station { world, inbox, ways, over: flags[usize::from(number)].clone() }
    };
    stations.map(station).collect()
}

impl<P: Process, W: Watch<P>, Q: Queues> Station<P, W, Q> {
    /// Takes in what has come, runs the world for a while, sends on what it has sent. Never waits.
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

    /// Waits until something comes, and takes it in. False if nothing can come any more. For whoever got
    /// [`Turn::Idle`] and has nothing else to wait for.
    pub fn wait(&mut self) -> bool {
        if self.ways.iter().flatten().next().is_none() {
            return false;
        }
        if self.take_in() {
            return true;
        }
        let batch = Q::recv(&self.inbox);
        let comes = batch.is_some();
        batch.into_iter().flatten().for_each(|remote| self.world.accept(remote));
        self.take_in() || comes
    }

    /// Wakes the other worlds that wait for something to come.
    pub fn wake(&self) {
        for way in self.ways.iter().flatten() {
            let _is_awake = Q::try_send(&way.queue, Vec::new()); // one that is full wakes as well
        }
    }

    /// The numbers of the worlds that are lost, as far as this one has heard.
    pub fn lost(&self) -> impl Iterator<Item = u8> {
        let (ways, own) = (&self.ways, self.world.number());
        (0..).zip(ways).filter(move |(to, way)| way.is_none() && *to != own).map(|(to, _)| to)
    }

    /// Takes in what is there. What a world has sent before its end is taken in before that end.
    fn take_in(&mut self) -> bool {
        let over = |way: &Option<Route<_, Q>>| way.as_ref().is_some_and(|way| Q::is_up(&way.over));
        let over: Vec<bool> = self.ways.iter().map(over).collect();
        let mut some = false;
        while let Some(batch) = Q::try_recv(&self.inbox) {
            some = true;
            batch.into_iter().for_each(|remote| self.world.accept(remote));
        }
        for ((number, over), way) in (0..).zip(over).zip(&mut self.ways) {
            if over {
                *way = None;
                self.world.lost(number);
                some = true;
            }
        }
        some
    }

    /// Sorts what the world has sent by where it goes. What goes to a world that is lost is lost with it.
    fn sort(&mut self) {
        for remote in self.world.take_outbox() {
            if let Some(Some(way)) = self.ways.get_mut(usize::from(remote.to())) {
                way.held.push(remote);
            }
        }
    }

    /// Sends what is held. False if there was no room for some of it.
    fn send_on(&mut self) -> bool {
        let mut all = true;
        for way in self.ways.iter_mut().flatten().filter(|way| !way.held.is_empty()) {
            if let Err(Full(held)) = Q::try_send(&way.queue, std::mem::take(&mut way.held)) {
                way.held = held;
                all = false;
            }
        }
        all
    }
}

impl<P: Process, W: Watch<P>, Q: Queues> Drop for Station<P, W, Q> {
    /// Says that this world is over.
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
