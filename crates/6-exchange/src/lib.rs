//! The exchange as a library, with two faces.
//!
//! [`Exchange`] runs on the caller's thread: a command goes in with its time, runs to quiet, and what
//! clients are to be told comes out through a closure. It starts no thread, reads no clock, and
//! allocates nothing per command once warm. [`Service`] is a loop around it on a thread of its own, with a
//! journal: commands are answered when durable.
//!
//! ```
//! use exchange::{Exchange, Options};
//! use units::{AccountId, Lots, Price, Scale, Side, Time};
//! use protocol::{Command, Fact, MarketSpec, NewOrder, Response, TimeInForce};
//!
//! let mut exchange = Exchange::new(Options::default());
//! let cent = Scale::places(2);
//! let spec = MarketSpec::new("TEA-USD".parse()?, cent, Scale::places(0));
//! exchange.submit(Time(0), &Command::OpenMarket(spec), &mut |_, _| ());
//! let market = exchange.market(&spec.symbol).expect("just opened");
//!
//! let sell = NewOrder {
//!     account: AccountId(1), client: None, market, side: Side::Sell,
//!     price: Price(100), quantity: Lots(4), time_in_force: TimeInForce::GoodTillCancel,
//! };
//! exchange.submit(Time(1), &Command::NewOrder(sell), &mut |_, _| ());
//! let buy = NewOrder { account: AccountId(2), side: Side::Buy, price: Price(101), quantity: Lots(10), ..sell };
//! let mut traded = Lots::ZERO;
//! exchange.submit(Time(2), &Command::NewOrder(buy), &mut |_command, response| {
//!     if let Response::Fact(_, Fact::Traded { quantity, price, .. }) = response {
//!         assert_eq!(price, Price(100)); // the resting order's
//!         traded += quantity;
//!     }
//! });
//! assert_eq!(traded, Lots(4));
//! assert_eq!(exchange.best(market, Side::Buy), Some((Price(101), Lots(6))));
//! assert_eq!(exchange.best(market, Side::Sell), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod exchange;
mod intake;
pub mod mutation;
mod queries;
mod service;
mod validate;

pub use exchange::{Admission, Exchange};
pub use intake::Intake;
pub use queries::OrderState;
pub use service::{
    Answer, Busy, Client, Durability, Health, RecoverError, Recovered, Service, ServiceError,
    ServiceOptions, StartError, SubmitError, Subscription, Unavailable, is_snapshot_of, recover,
};
pub use validate::Options;

/// What a service decides, without its threads, queues and clock. A simulator drives these with
/// virtual time; a service is thin shells around them.
pub mod steps {
    pub use crate::exchange::Submission;
    pub use crate::service::{
        Ahead, Answers, Batch, Chunk, Clock, CommitResult, Engine, GroupCommit, Jump, Moment, Next,
        Reply, Sequencer, recover_watched,
    };
}
