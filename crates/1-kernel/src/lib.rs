//! Processes as values: share-nothing, supervised, deterministic.
//!
//! A [`World`] holds the [`Process`]es of one thread. They exchange messages through one ring, in
//! Erlang's order: signals between one pair arrive in the order of sending. A [`Scheduler`] picks
//! the next signal to deliver. It is the only source of nondeterminism: this crate reads no clock,
//! does no I/O and starts no thread. ([`live`] joins worlds that run on the caller's threads.)
//! Supervision is a tree of [`Node`]s, which is data.
//!
//! `docs/kernel.md` is a tutorial, from a chart to a proof in ten minutes. The crate `checker`
//! holds the explorer, the charts and the examples.
//!
//! ```
//! use kernel::{Event, StartContext, NoFact, NoStateMachine, Out, Pid, Process, World};
//!
//! /// Answers every `ping` with `pong`.
//! #[derive(Clone)]
//! struct Echo(u32);
//!
//! #[derive(Clone, Debug)]
//! enum Message { Ping, Pong }
//!
//! impl Process for Echo {
//!     type Message = Message;
//!     type Fact = NoFact;
//!     type StateMachine = NoStateMachine;
//!     type Note = ();
//!     type Role = ();
//!
//!     fn start(_role: &(), _context: StartContext<'_, ()>) -> Echo { Echo(0) }
//!
//!     fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Echo>) {
//!         match event {
//!             Event::Message { from, message: Message::Ping } => { self.0 += 1; out.send(from, Message::Pong) }
//!             Event::Message { message: Message::Pong, .. } => out.exit(kernel::Reason::Normal),
//!             Event::Start | Event::Down { .. } | Event::Exit { .. } | Event::Timer { .. } => {}
//!         }
//!     }
//! }
//!
//! let mut world: World<Echo> = World::new(NoStateMachine, None, ());
//! let echo = world.spawn(Echo(0));
//! world.send(echo, Message::Ping);
//! world.run();
//! assert_eq!(world.process(echo).unwrap().0, 1);
//! ```

mod census;
mod digest;
mod discard;
mod links;
pub mod live;
pub mod mutation;
mod notes;
mod out;
mod pid;
mod process;
mod reason;
mod remote;
mod ring;
mod scheduler;
mod signal;
mod state_machine;
mod step_flags;
mod supervise;
pub mod test_api;
mod tree;
mod watch;
mod world;

pub use census::Census;
pub use digest::Digest;
pub use links::MonitorRef;
pub use out::{Call, Out, TimerRef};
pub use pid::{Name, Pid};
pub use process::{Event, Process, StartContext};
pub use reason::{Cause, Reason};
pub use remote::RemoteEnvelope;
pub use scheduler::{Live, Recorded, Scheduler, Seeded};
pub use signal::{ChildId, Control, Envelope, RemoteSignal, Signal};
pub use state_machine::{Broken, NoFact, NoStateMachine, StateMachine};
pub use supervise::control::{Child, Children, ControlError};
pub use tree::{Intensity, Node, NodeId, Outline, Restart, Shutdown, Strategy, Work};
pub use watch::Watch;
pub use world::World;
pub use world::checkpoint::{Bench, Checkpoint, Touched};
pub use world::fingerprint::Renaming;
