//! kameo. Mailboxes are unbounded where a burst goes in, so that a sender need not wait, and as kameo makes
//! them everywhere else. A monitor is a link; restarts are by its own supervision.

use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kameo::actor::{ActorId, Spawn, WeakActorRef};
use kameo::error::{ActorStopReason, Infallible};
use kameo::message::{Context, Message};
use kameo::prelude::{Actor, ActorRef};
use kameo::supervision::RestartPolicy;
use lab::loads::{BURST, Load};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Runtime, Signal, clock, one_thread};

/// kameo.
pub struct Kameo;

impl Runtime for Kameo {
    const NAME: &'static str = "kameo";

    fn load(load: Load, count: u64) -> Option<Duration> {
        super::all_loads!(load, count)
    }

    fn crowd(count: u64, look: &mut dyn FnMut()) {
        one_thread().block_on(async {
            let all: Vec<_> = (0..count).map(|state| Idle::spawn(Idle(state))).collect();
            if let Some(last) = all.last() {
                last.wait_for_startup().await;
            }
            look();
        });
    }
}

const THERE: &str = "it waits for this";

#[derive(Actor)]
struct Idle(u64);

impl Message<Signal> for Idle {
    type Reply = ();

    async fn handle(&mut self, signal: Signal, _: &mut Context<Self, ()>) {
        self.0 = self.0.wrapping_add(signal.count);
    }
}

/// Ends by itself.
struct Mayfly;

impl Actor for Mayfly {
    type Args = ();
    type Error = Infallible;

    async fn on_start((): (), me: ActorRef<Self>) -> Result<Self, Infallible> {
        // Its mailbox is empty and its own, so this cannot fail and need not wait.
        let _stops = me.stop_gracefully().await;
        Ok(Mayfly)
    }
}

async fn spawn_exit(count: u64) -> Duration {
    let start = clock();
    for _ in 0..count {
        Mayfly::spawn(()).wait_for_shutdown().await;
    }
    clock() - start
}

async fn spawn_many(count: u64) -> Duration {
    let start = clock();
    let all: Vec<_> = (0..count).map(|state| Idle::spawn(Idle(state))).collect();
    if let Some(last) = all.last() {
        last.wait_for_startup().await;
    }
    for actor in &all {
        actor.stop_gracefully().await.expect(THERE);
    }
    for actor in all {
        actor.wait_for_shutdown().await;
    }
    clock() - start
}

#[derive(Actor)]
struct Sink(u64, UnboundedSender<u64>);

impl Message<Signal> for Sink {
    type Reply = ();

    async fn handle(&mut self, signal: Signal, _: &mut Context<Self, ()>) {
        self.0 = self.0.wrapping_add(signal.count);
        if signal.count == 0 {
            self.1.send(self.0).expect("the source waits for this");
        }
    }
}

async fn burst(count: u64) -> Duration {
    let (done, mut dones) = unbounded_channel();
    let sink = Sink::spawn_with_mailbox(Sink(0, done), kameo::mailbox::unbounded());
    sink.wait_for_startup().await;
    let start = clock();
    for _ in 0..count / BURST {
        for left in (0..BURST).rev() {
            sink.tell(Signal::new(left)).try_send().expect(THERE);
        }
        dones.recv().await.expect("the sink tells of the last of each burst");
    }
    clock() - start
}

type Partner = Arc<OnceLock<ActorRef<Passer>>>;

#[derive(Actor)]
struct Passer(Partner);

impl Message<Signal> for Passer {
    type Reply = ();

    async fn handle(&mut self, signal: Signal, ctx: &mut Context<Self, ()>) {
        if signal.count == 0 {
            ctx.stop();
        } else if let Some(partner) = self.0.get() {
            partner.tell(Signal::new(signal.count - 1)).try_send().expect(THERE);
        }
    }
}

async fn ping_pong(count: u64) -> Duration {
    let (mine, theirs) = (Partner::default(), Partner::default());
    let here = Passer::spawn(Passer(mine.clone()));
    let there = Passer::spawn(Passer(theirs.clone()));
    mine.set(there.clone()).expect("set once");
    theirs.set(here.clone()).expect("set once");
    there.wait_for_startup().await;
    let start = clock();
    here.tell(Signal::new(2 * count)).try_send().expect(THERE);
    here.wait_for_shutdown().await;
    let spent = clock() - start;
    there.stop_gracefully().await.expect(THERE);
    there.wait_for_shutdown().await;
    spent
}

struct Watcher {
    ends: u64,
    done: UnboundedSender<()>,
}

impl Actor for Watcher {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(watcher: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(watcher)
    }

    async fn on_link_died(
        &mut self,
        _: WeakActorRef<Self>,
        _: ActorId,
        _: ActorStopReason,
    ) -> Result<ControlFlow<ActorStopReason>, Infallible> {
        self.ends += 1;
        if self.ends.is_multiple_of(BURST) {
            self.done.send(()).expect("the measurement waits for this");
        }
        Ok(ControlFlow::Continue(()))
    }
}

async fn monitor(count: u64) -> Duration {
    let (done, mut dones) = unbounded_channel();
    let watcher = Watcher { ends: 0, done };
    let watcher = Watcher::spawn_with_mailbox(watcher, kameo::mailbox::unbounded());
    let mut spent = Duration::ZERO;
    for _ in 0..count / BURST {
        let all: Vec<_> = (0..BURST).map(|state| Idle::spawn(Idle(state))).collect();
        if let Some(last) = all.last() {
            last.wait_for_startup().await;
        }
        let start = clock();
        for actor in &all {
            watcher.link(actor).await;
            actor.stop_gracefully().await.expect(THERE);
        }
        dones.recv().await.expect("the watcher hears of each end");
        spent += clock() - start;
    }
    spent
}

#[derive(Actor)]
struct Supervisor;

#[derive(Clone)]
struct Victim(UnboundedSender<()>);

impl Actor for Victim {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(victim: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        victim.0.send(()).expect("the measurement waits for this");
        Ok(victim)
    }
}

#[derive(Debug)]
struct ToldTo;

impl Message<Signal> for Victim {
    type Reply = Result<(), ToldTo>;

    async fn handle(&mut self, _: Signal, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        Err(ToldTo)
    }
}

async fn restart(count: u64) -> Duration {
    let (back, mut backs) = unbounded_channel();
    let supervisor = Supervisor::spawn(Supervisor);
    let builder = Victim::supervise(&supervisor, Victim(back));
    let builder = builder.restart_policy(RestartPolicy::Permanent);
    let victim = builder.restart_limit(u32::MAX, Duration::from_secs(1)).spawn().await;
    backs.recv().await.expect("its first life says that it is there");
    let start = clock();
    for _ in 0..count {
        victim.tell(Signal::new(0)).try_send().expect(THERE);
        backs.recv().await.expect("each life says that it is there");
    }
    clock() - start
}
