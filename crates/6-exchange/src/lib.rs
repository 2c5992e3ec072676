//! The exchange as a library, with two faces.
//!
//! [`Exchange`] runs on the caller's thread: an ask goes in with its time, runs to quiet, and what
//! clients are to be told comes out through a closure. It starts no thread, reads no clock, and
//! allocates nothing per ask once warm. [`Service`] is a loop around it on a thread of its own, with a
//! journal: asks are answered when durable.
//!
//! ```
//! use exchange::{Exchange, Options};
//! use units::{AccountId, Lots, Price, Scale, Side, Time};
//! use protocol::{Ask, Fact, MarketSpec, Place, Tell, TimeInForce};
//!
//! let mut exchange = Exchange::new(Options::default());
//! let cent = Scale::places(2);
//! let spec = MarketSpec::new("TEA-USD".parse()?, cent, Scale::places(0));
//! exchange.ask(Time(0), &Ask::OpenMarket(spec), &mut |_, _| ());
//! let market = exchange.market(&spec.symbol).expect("just opened");
//!
//! let sell = Place {
//!     account: AccountId(1), client: None, market, side: Side::Sell,
//!     price: Price(100), lots: Lots(4), stands: TimeInForce::GoodTillCancel,
//! };
//! exchange.ask(Time(1), &Ask::Place(sell), &mut |_, _| ());
//! let buy = Place { account: AccountId(2), side: Side::Buy, price: Price(101), lots: Lots(10), ..sell };
//! let mut traded = Lots::ZERO;
//! exchange.ask(Time(2), &Ask::Place(buy), &mut |_ask, tell| {
//!     if let Tell::Fact(_, Fact::Traded { lots, price, .. }) = tell {
//!         assert_eq!(price, Price(100)); // the resting order's
//!         traded += lots;
//!     }
//! });
//! assert_eq!(traded, Lots(4));
//! assert_eq!(exchange.best(market, Side::Buy), Some((Price(101), Lots(6))));
//! assert_eq!(exchange.best(market, Side::Sell), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod door;
mod face;
mod intake;
pub mod mutation;
mod queries;
mod service;

pub use door::Options;
pub use face::{Exchange, LetIn};
pub use intake::Intake;
pub use queries::OrderState;
pub use service::{
    Answer, AskError, Busy, Client, Health, Policy, RecoverError, Recovered, Service, ServiceError,
    ServiceOptions, StartError, Subscription, Unavailable, is_snapshot_of, recover,
};

/// What a service decides, without its threads, queues and clock. A simulator drives these with
/// virtual time; a service is thin shells around them.
pub mod steps {
    pub use crate::face::Asking;
    pub use crate::service::{
        Ahead, Answering, Answers, Asked, Batch, Chunk, Clock, Jump, Keeping, Moment, Next, Reply,
        Turn, recover_watched,
    };
}
