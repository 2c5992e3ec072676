//! ractor. A monitor is a link to a supervisor; restarts are the supervisor's own work, as its
//! documentation has them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lab::loads::{BURST, Load};
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Runtime, Signal, clock, one_thread};

/// ractor.
pub struct Ractor;

impl Runtime for Ractor {
    const NAME: &'static str = "ractor";

    fn load(load: Load, count: u64) -> Option<Duration> {
        super::all_loads!(load, count)
    }

    fn crowd(count: u64, look: &mut dyn FnMut()) {
        one_thread().block_on(async {
            let mut all = Vec::with_capacity(count as usize);
            for state in 0..count {
                all.push(Actor::spawn(None, Idle, state).await.expect(STARTS).0);
            }
            tokio::task::yield_now().await;
            look();
        });
    }
}

const STARTS: &str = "its start cannot fail";
const THERE: &str = "it waits for this";

/// What each of them would have to write, and what most of them have nothing to say in.
macro_rules! actor {
    ($name:ident: $state:ty, ($me:pat, $signal:pat, $held:pat) $handle:block $($more:tt)*) => {
        impl Actor for $name {
            type Msg = Signal;
            type State = $state;
            type Arguments = $state;

            async fn pre_start(
                &self,
                _: ActorRef<Signal>,
                state: $state,
            ) -> Result<$state, ActorProcessingErr> {
                Ok(state)
            }

            async fn handle(
                &self,
                $me: ActorRef<Signal>,
                $signal: Signal,
                $held: &mut $state,
            ) -> Result<(), ActorProcessingErr> {
                $handle
            }

            $($more)*
        }
    };
}

struct Idle;

actor!(Idle: u64, (_, signal, state) {
    *state = state.wrapping_add(signal.count);
    Ok(())
});

struct Mayfly;

actor!(Mayfly: (), (_, _, ()) { Ok(()) }
    async fn post_start(&self, me: ActorRef<Signal>, (): &mut ()) -> Result<(), ActorProcessingErr> {
        me.stop(None);
        Ok(())
    }
);

async fn spawn_exit(count: u64) -> Duration {
    let start = clock();
    for _ in 0..count {
        let (_, life) = Actor::spawn(None, Mayfly, ()).await.expect(STARTS);
        life.await.expect("it ends by itself");
    }
    clock() - start
}

async fn spawn_many(count: u64) -> Duration {
    let start = clock();
    let mut all = Vec::with_capacity(count as usize);
    for state in 0..count {
        all.push(Actor::spawn(None, Idle, state).await.expect(STARTS));
    }
    for (actor, _) in &all {
        actor.stop(None);
    }
    for (_, life) in all {
        life.await.expect("it ends on its message");
    }
    clock() - start
}

struct Sink;

actor!(Sink: (u64, UnboundedSender<u64>), (_, signal, (sum, done)) {
    *sum = sum.wrapping_add(signal.count);
    if signal.count == 0 {
        done.send(*sum)?;
    }
    Ok(())
});

async fn burst(count: u64) -> Duration {
    let (done, mut dones) = unbounded_channel();
    let (sink, _) = Actor::spawn(None, Sink, (0, done)).await.expect(STARTS);
    let start = clock();
    for _ in 0..count / BURST {
        for left in (0..BURST).rev() {
            sink.cast(Signal::new(left)).expect(THERE);
        }
        dones.recv().await.expect("the sink tells of the last of each burst");
    }
    let spent = clock() - start;
    sink.stop(None);
    spent
}

struct Passer;
type Partner = Arc<OnceLock<ActorRef<Signal>>>;

actor!(Passer: Partner, (me, signal, partner) {
    if signal.count == 0 {
        me.stop(None);
    } else if let Some(partner) = partner.get() {
        partner.cast(Signal::new(signal.count - 1))?;
    }
    Ok(())
});

async fn ping_pong(count: u64) -> Duration {
    let (mine, theirs) = (Partner::default(), Partner::default());
    let (here, life) = Actor::spawn(None, Passer, mine.clone()).await.expect(STARTS);
    let (there, _) = Actor::spawn(None, Passer, theirs.clone()).await.expect(STARTS);
    mine.set(there.clone()).expect("set once");
    theirs.set(here.clone()).expect("set once");
    let start = clock();
    here.cast(Signal::new(2 * count)).expect(THERE);
    life.await.expect("it ends with the last signal");
    let spent = clock() - start;
    there.stop(None);
    spent
}

struct Watcher;

actor!(Watcher: (u64, UnboundedSender<()>), (_, _, _) { Ok(()) }
    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<Signal>,
        event: SupervisionEvent,
        (ends, done): &mut (u64, UnboundedSender<()>),
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorTerminated(..) = event {
            *ends += 1;
            if ends.is_multiple_of(BURST) {
                done.send(())?;
            }
        }
        Ok(())
    }
);

async fn monitor(count: u64) -> Duration {
    let (done, mut dones) = unbounded_channel();
    let (watcher, _) = Actor::spawn(None, Watcher, (0, done)).await.expect(STARTS);
    let mut spent = Duration::ZERO;
    for _ in 0..count / BURST {
        let mut all = Vec::with_capacity(BURST as usize);
        for state in 0..BURST {
            all.push(Actor::spawn(None, Idle, state).await.expect(STARTS).0);
        }
        tokio::task::yield_now().await;
        let start = clock();
        for actor in &all {
            actor.link(watcher.get_cell());
            actor.stop(None);
        }
        dones.recv().await.expect("the watcher hears of each end");
        spent += clock() - start;
    }
    watcher.stop(None);
    spent
}

struct Victim;
type Back = UnboundedSender<ActorRef<Signal>>;

actor!(Victim: Back, (_, _, _) { Err("told to".into()) }
    async fn post_start(&self, me: ActorRef<Signal>, back: &mut Back) -> Result<(), ActorProcessingErr> {
        Ok(back.send(me)?)
    }
);

struct Supervisor;

actor!(Supervisor: Back, (_, _, _) { Ok(()) }
    async fn post_start(&self, me: ActorRef<Signal>, back: &mut Back) -> Result<(), ActorProcessingErr> {
        Actor::spawn_linked(None, Victim, back.clone(), me.get_cell()).await?;
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<Signal>,
        event: SupervisionEvent,
        back: &mut Back,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(..) = event {
            Actor::spawn_linked(None, Victim, back.clone(), me.get_cell()).await?;
        }
        Ok(())
    }
);

async fn restart(count: u64) -> Duration {
    let (back, mut backs) = unbounded_channel();
    let (supervisor, _) = Actor::spawn(None, Supervisor, back).await.expect(STARTS);
    let mut victim = backs.recv().await.expect("its first life says that it is there");
    let start = clock();
    for _ in 0..count {
        victim.cast(Signal::new(0)).expect(THERE);
        victim = backs.recv().await.expect("each life says that it is there");
    }
    let spent = clock() - start;
    supervisor.stop(None);
    spent
}
