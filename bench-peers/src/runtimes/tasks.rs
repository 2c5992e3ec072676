//! Bare tokio: a task with an unbounded channel is a process, a `JoinHandle` that another task awaits
//! is a monitor, and a loop around it a supervisor. Nothing else of what a runtime of actors does is done.

use std::time::Duration;

use lab::loads::{BURST, Load};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Runtime, Signal, clock, one_thread};

/// Tasks and channels.
pub struct Tasks;

impl Runtime for Tasks {
    const NAME: &'static str = "tokio tasks";

    fn load(load: Load, count: u64) -> Option<Duration> {
        super::all_loads!(load, count)
    }

    fn crowd(count: u64, look: &mut dyn FnMut()) {
        one_thread().block_on(async {
            let mut all = Vec::with_capacity(count as usize);
            for state in 0..count {
                let (address, signals) = unbounded_channel();
                tokio::spawn(idle(state, signals));
                all.push(address);
            }
            tokio::task::yield_now().await;
            look();
        });
    }
}

async fn idle(state: u64, mut signals: UnboundedReceiver<Signal>) {
    let mut state = state;
    while let Some(signal) = signals.recv().await {
        state = state.wrapping_add(signal.count);
    }
    std::hint::black_box(state);
}

/// Ends at the first signal.
async fn killable(mut signals: UnboundedReceiver<Signal>) {
    std::hint::black_box(signals.recv().await);
}

async fn spawn_exit(count: u64) -> Duration {
    let start = clock();
    for _ in 0..count {
        let (address, signals) = unbounded_channel::<Signal>();
        let task = tokio::spawn(async move { drop(signals) });
        task.await.expect("it ends by itself");
        drop(address);
    }
    clock() - start
}

async fn spawn_many(count: u64) -> Duration {
    let start = clock();
    let mut all = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let (address, signals) = unbounded_channel();
        all.push((address, tokio::spawn(killable(signals))));
    }
    tokio::task::yield_now().await;
    for (address, _) in &all {
        address.send(Signal::new(0)).expect("it waits for this");
    }
    for (_, task) in all {
        task.await.expect("it ends on its message");
    }
    clock() - start
}

async fn burst(count: u64) -> Duration {
    let (address, mut signals) = unbounded_channel::<Signal>();
    let (done, mut dones) = unbounded_channel();
    tokio::spawn(async move {
        let mut sum = 0u64;
        while let Some(signal) = signals.recv().await {
            sum = sum.wrapping_add(signal.count);
            if signal.count == 0 {
                done.send(sum).expect("the source waits for this");
            }
        }
    });
    let start = clock();
    for _ in 0..count / BURST {
        for left in (0..BURST).rev() {
            address.send(Signal::new(left)).expect("the sink is there");
        }
        dones.recv().await.expect("the sink tells of the last of each burst");
    }
    clock() - start
}

async fn ping_pong(count: u64) -> Duration {
    let (there, at_there) = unbounded_channel::<Signal>();
    let (here, at_here) = unbounded_channel::<Signal>();
    let pass = |mut signals: UnboundedReceiver<Signal>, to: UnboundedSender<Signal>| async move {
        while let Some(signal) = signals.recv().await {
            if signal.count == 0 || to.send(Signal::new(signal.count - 1)).is_err() {
                break;
            }
        }
    };
    let first = tokio::spawn(pass(at_here, there.clone()));
    let second = tokio::spawn(pass(at_there, here.clone()));
    tokio::task::yield_now().await;
    let start = clock();
    here.send(Signal::new(2 * count)).expect("it waits for this");
    drop((here, there));
    first.await.expect("it ends with the last signal");
    let spent = clock() - start;
    second.await.expect("it ends with the other");
    spent
}

async fn monitor(count: u64) -> Duration {
    let (down, mut downs) = unbounded_channel();
    let mut spent = Duration::ZERO;
    for _ in 0..count / BURST {
        let spawn = |_| {
            let (address, signals) = unbounded_channel();
            (address, tokio::spawn(killable(signals)))
        };
        let all: Vec<_> = (0..BURST).map(spawn).collect();
        tokio::task::yield_now().await;
        let start = clock();
        for (index, (address, task)) in all.into_iter().enumerate() {
            let down = down.clone();
            tokio::spawn(async move {
                task.await.expect("it ends on its message");
                down.send(index).expect("the watcher waits for this");
            });
            address.send(Signal::new(0)).expect("it waits for this");
        }
        for _ in 0..BURST {
            downs.recv().await.expect("each end is reported");
        }
        spent += clock() - start;
    }
    spent
}

async fn restart(count: u64) -> Duration {
    let (back, mut backs) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (address, mut signals) = unbounded_channel::<Signal>();
            let back = back.clone();
            let life = tokio::spawn(async move {
                if back.send(address).is_err() {
                    return Ok(());
                }
                std::hint::black_box(signals.recv().await);
                Err(())
            });
            if let Ok(Ok(())) = life.await {
                break; // no further restart is wanted
            }
        }
    });
    let mut victim = backs.recv().await.expect("its first life says that it is there");
    let start = clock();
    for _ in 0..count {
        victim.send(Signal::new(0)).expect("it waits for this");
        victim = backs.recv().await.expect("each life says that it is there");
    }
    clock() - start
}
