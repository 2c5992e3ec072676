//! Worlds on threads of their own: with the standard library's queues, and under shuttle, which tries thousands of
//! interleavings of the threads; its seed is printed when it finds something.

use kernel::live::{Full, Queues, Station, Std, Turn, join};
use kernel::{NoStateMachine, Pid, Reason, World};

use crate::peer::{Message, Peer};

const ROUNDS: u32 = 20;

/// A peer in each of two worlds; the first counts for the second and plays ball with it, and watches it.
fn stations<Q: Queues>(room: usize) -> (Vec<Station<Peer, (), Q>>, Pid, Pid) {
    let mut worlds = [0, 1].map(|n| World::<Peer>::new(NoStateMachine, None, ()).numbered(n));
    let [here, there] = [0, 1].map(|n: usize| worlds[n].spawn(Peer::default()));
    worlds[0].send(here, Message::Watch(there));
    worlds[0].send(here, Message::Count(there, ROUNDS));
    worlds[0].send(here, Message::Serve(there, ROUNDS));
    worlds[1].send(there, Message::Count(here, ROUNDS));
    (join(worlds.into(), room), here, there)
}

/// Runs until the ball has come to rest, then ends its world. What its peer heard.
fn play_second<Q: Queues>(mut station: Station<Peer, (), Q>, me: Pid, pause: fn()) -> Vec<u32> {
    loop {
        let heard = station.world.process(me).map(|peer| peer.numbers.clone()).unwrap_or_default();
        match station.turn() {
            _ if heard.last() == Some(&0) => return heard,
            Turn::Busy => {}
            Turn::HeldBack => pause(),
            Turn::Idle => assert!(station.wait(), "the other world is there"),
        }
    }
}

/// Runs until it learns of the other world's end.
fn play_first<Q: Queues>(mut station: Station<Peer, (), Q>, me: Pid, pause: fn()) -> Peer {
    loop {
        let turn = station.turn();
        let peer = station.world.process(me).cloned().unwrap_or_default();
        if !peer.ends.is_empty() {
            return peer;
        }
        match turn {
            Turn::Busy => {}
            Turn::HeldBack => pause(),
            Turn::Idle => {
                station.wait();
            }
        }
    }
}

fn judge(first: &Peer, second: &[u32], there: Pid) {
    let counted: Vec<u32> = (1..=ROUNDS).collect();
    assert_eq!(second[..counted.len()], counted, "in the order of sending");
    let balls: Vec<u32> = (0..=ROUNDS).rev().step_by(2).collect();
    assert_eq!(second[counted.len()..], balls);
    let (mut heard, all) = (first.numbers.clone(), counted.iter().sum::<u32>());
    heard.retain(|number| *number <= ROUNDS);
    assert!(heard.iter().sum::<u32>() >= all, "what was sent before the end has arrived");
    assert_eq!(first.ends, [(there, Reason::NoConnection)]);
}

#[test]
#[allow(clippy::disallowed_methods, reason = "this test is about threads")]
fn two_threads_play_and_the_end_of_one_is_told_to_the_other() {
    for room in [1, 2, 64] {
        let (mut stations, here, there) = stations::<Std>(room);
        let second = stations.pop().expect("there are two");
        let first = stations.pop().expect("there are two");
        let pause = std::thread::yield_now;
        let thread = std::thread::spawn(move || play_second(second, there, pause));
        let first = play_first(first, here, pause);
        judge(&first, &thread.join().expect("it does not panic"), there);
    }
}

/// The queues as shuttle has them.
enum Shuttle {}

impl Queues for Shuttle {
    type Sender<T> = shuttle::sync::mpsc::SyncSender<T>;
    type Receiver<T> = shuttle::sync::mpsc::Receiver<T>;
    type Flag = shuttle::sync::Arc<shuttle::sync::atomic::AtomicBool>;

    fn queue<T>(room: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        shuttle::sync::mpsc::sync_channel(room)
    }

    fn try_send<T>(sender: &Self::Sender<T>, value: T) -> Result<(), Full<T>> {
        match sender.try_send(value) {
            Ok(()) | Err(shuttle::sync::mpsc::TrySendError::Disconnected(_)) => Ok(()),
            Err(shuttle::sync::mpsc::TrySendError::Full(value)) => Err(Full(value)),
        }
    }

    fn try_recv<T>(receiver: &Self::Receiver<T>) -> Option<T> {
        receiver.try_recv().ok()
    }

    fn recv<T>(receiver: &Self::Receiver<T>) -> Option<T> {
        receiver.recv().ok()
    }

    fn flag() -> Self::Flag {
        shuttle::sync::Arc::new(shuttle::sync::atomic::AtomicBool::new(false))
    }

    fn raise(flag: &Self::Flag) {
        flag.store(true, std::sync::atomic::Ordering::Release);
    }

    fn is_up(flag: &Self::Flag) -> bool {
        flag.load(std::sync::atomic::Ordering::Acquire)
    }
}

#[test]
fn in_every_interleaving_that_shuttle_tries_they_keep_order_and_nobody_waits_for_ever() {
    let play = || {
        let (mut stations, here, there) = stations::<Shuttle>(1);
        let second = stations.pop().expect("there are two");
        let first = stations.pop().expect("there are two");
        let pause = shuttle::thread::yield_now;
        let thread = shuttle::thread::spawn(move || play_second(second, there, pause));
        let first = play_first(first, here, pause);
        judge(&first, &thread.join().expect("it does not panic"), there);
    };
    shuttle::check_random(play, 2_000);
    shuttle::check_pct(play, 1_000, 3);
}
