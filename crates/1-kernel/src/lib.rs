//! Processes as values: share-nothing, supervised, deterministic.
//!
//! A [`World`] holds the [`Process`]es of one thread. They send each other messages through one
//! ring, in the order that Erlang promises: signals between one pair arrive in the order in which
//! they were sent. A [`Scheduler`] says which of the waiting ones is next; there is no other chance, and
//! no clock or I/O in this crate. Threads are in two places: worlds are joined to each other between the threads
//! that [`live`]'s caller brings, and an explorer looks at many states at once
//! ([`explore::Explorer::search_with`]). Supervision is a tree of [`Node`]s, which is data.
//!
//! A tutorial goes from a chart to a proof in ten minutes: `docs/kernel.md`. Protocols to start
//! from are in `examples/`.
//!
//! ```
//! use kernel::{Event, StartContext, NoFact, NoStateMachine, Out, Pid, Process, World};
//!
//! /// Says `pong` to every `ping`.
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
//!     fn start(_role: &(), _life: StartContext<'_, ()>) -> Echo { Echo(0) }
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
