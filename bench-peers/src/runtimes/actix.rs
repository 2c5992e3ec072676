//! actix. It has no monitors and no links. Its supervisor calls a stopped actor back to life without making
//! it anew, so its restart is less than the others'.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix::prelude::*;
use lab::loads::{BURST, Load};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Runtime, Signal, clock};

/// actix.
pub struct Actix;

impl Runtime for Actix {
    const NAME: &'static str = "actix";

    fn load(load: Load, count: u64) -> Option<Duration> {
        System::new().block_on(async {
            Some(match load {
                Load::SpawnExit => spawn_exit(count).await,
                Load::SpawnMany => spawn_many(count).await,
                Load::Burst => burst(count).await,
                Load::PingPong => ping_pong(count).await,
                Load::MonitorFired => return None,
                Load::Restart => restart(count).await,
            })
        })
    }

    fn crowd(count: u64, look: &mut dyn FnMut()) {
        System::new().block_on(async {
            let all: Vec<_> = (0..count).map(|state| Idle(state).start()).collect();
            tokio::task::yield_now().await;
            look();
            drop(all);
        });
    }
}

impl Message for Signal {
    type Result = ();
}

struct Idle(u64);

impl Actor for Idle {
    type Context = Context<Self>;
}

impl Handler<Signal> for Idle {
    type Result = ();

    fn handle(&mut self, signal: Signal, _: &mut Context<Self>) {
        self.0 = self.0.wrapping_add(signal.count);
    }
}

/// Ends by itself and reports its end, since actix has no way to wait for it.
struct Mayfly(UnboundedSender<()>);

impl Actor for Mayfly {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.0.send(()).expect("the measurement waits for this");
    }
}

async fn spawn_exit(count: u64) -> Duration {
    let (done, mut dones) = unbounded_channel();
    let start = clock();
    for _ in 0..count {
        let actor = Mayfly(done.clone()).start();
        dones.recv().await.expect("it ends by itself");
        drop(actor);
    }
    clock() - start
}

/// Ends on a message, and reports its end.
struct Killable(UnboundedSender<()>);

impl Actor for Killable {
    type Context = Context<Self>;

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.0.send(()).expect("the measurement waits for this");
    }
}

impl Handler<Signal> for Killable {
    type Result = ();

    fn handle(&mut self, _: Signal, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

async fn spawn_many(count: u64) -> Duration {
    let (done, mut dones) = unbounded_channel();
    let start = clock();
    let all: Vec<_> = (0..count).map(|_| Killable(done.clone()).start()).collect();
    tokio::task::yield_now().await;
    for actor in &all {
        actor.do_send(Signal::new(0));
    }
    for _ in 0..count {
        dones.recv().await.expect("each says that it ends");
    }
    clock() - start
}

struct Sink(u64, UnboundedSender<u64>);

impl Actor for Sink {
    type Context = Context<Self>;
}

impl Handler<Signal> for Sink {
    type Result = ();

    fn handle(&mut self, signal: Signal, _: &mut Context<Self>) {
        self.0 = self.0.wrapping_add(signal.count);
        if signal.count == 0 {
            self.1.send(self.0).expect("the source waits for this");
        }
    }
}

async fn burst(count: u64) -> Duration {
    let (done, mut dones) = unbounded_channel();
    let sink = Sink(0, done).start();
    let start = clock();
    for _ in 0..count / BURST {
        for left in (0..BURST).rev() {
            sink.do_send(Signal::new(left));
        }
        dones.recv().await.expect("the sink tells of the last of each burst");
    }
    clock() - start
}

struct Passer {
    partner: Arc<OnceLock<Addr<Passer>>>,
    done: UnboundedSender<()>,
}

impl Actor for Passer {
    type Context = Context<Self>;
}

impl Handler<Signal> for Passer {
    type Result = ();

    fn handle(&mut self, signal: Signal, ctx: &mut Context<Self>) {
        match self.partner.get() {
            Some(partner) if signal.count > 0 => partner.do_send(Signal::new(signal.count - 1)),
            _ => {
                self.done.send(()).expect("the measurement waits for this");
                ctx.stop();
            }
        }
    }
}

async fn ping_pong(count: u64) -> Duration {
    let (done, mut dones) = unbounded_channel();
    let (mine, theirs) = (Arc::new(OnceLock::new()), Arc::new(OnceLock::new()));
    let here = Passer { partner: mine.clone(), done: done.clone() }.start();
    let there = Passer { partner: theirs.clone(), done }.start();
    mine.set(there).expect("set once");
    theirs.set(here.clone()).expect("set once");
    let start = clock();
    here.do_send(Signal::new(2 * count));
    dones.recv().await.expect("it says when the last signal is there");
    clock() - start
}

struct Victim(UnboundedSender<()>);

impl Actor for Victim {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        self.0.send(()).expect("the measurement waits for this");
    }
}

impl Supervised for Victim {}

impl Handler<Signal> for Victim {
    type Result = ();

    fn handle(&mut self, _: Signal, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

async fn restart(count: u64) -> Duration {
    let (back, mut backs) = unbounded_channel();
    let victim = Supervisor::start(|_| Victim(back));
    backs.recv().await.expect("its first life says that it is there");
    let start = clock();
    for _ in 0..count {
        victim.do_send(Signal::new(0));
        backs.recv().await.expect("each life says that it is there");
    }
    clock() - start
}
