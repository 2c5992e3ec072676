//! A running exchange with its journal, its gate and its markets, for `demo` and `serve`, and what ends it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use exchange::{
    AskError, Client, Policy, Recovered, Service, ServiceError, ServiceOptions, StartError,
};
use gateway::{Gate, GateError};
use journal::Cut;
use protocol::{Ask, Code, MarketSpec, Tell};
use units::Symbol;

use crate::output::{self, thousands};

/// What a house is made of.
pub(crate) struct Plan {
    /// Where the gate listens.
    pub(crate) listen: SocketAddr,
    /// Where facts are kept; `None` for nowhere.
    pub(crate) journal: Option<PathBuf>,
    /// Markets that must be open.
    pub(crate) markets: Vec<MarketSpec>,
    /// Rules that they may have if they are open already.
    pub(crate) rules: Vec<MarketSpec>,
    /// Bytes set aside for when the disk is full.
    pub(crate) reserve_bytes: u64,
    /// A snapshot is saved each time so many facts have been recorded.
    pub(crate) snapshot_every: u64,
    /// How far the system's clock may jump, and the journal be ahead of it.
    pub(crate) clock_bound: Duration,
}

/// A running exchange.
pub(crate) struct House {
    service: Arc<Service>,
    gate: Gate,
    markets: Vec<MarketSpec>,
}

/// Why a house does not stand, or did not end well.
#[derive(Debug)]
pub(crate) enum HouseError {
    /// The exchange did not start.
    Start(StartError),
    /// The gate did not.
    Gate(GateError),
    /// A market was refused.
    Refused {
        /// Which.
        symbol: Symbol,
        /// Why.
        code: Code,
    },
    /// An ask was not answered.
    Ask(AskError),
    /// The exchange or its gate ended by itself; what it said of that.
    Ended(Option<String>),
    /// A thread of this program that belongs to neither has failed: which, and of what.
    Thread(String),
    /// The exchange did not end well.
    Stop(ServiceError),
    /// No handler for Ctrl-C, or no thread.
    System(String),
}

impl fmt::Display for HouseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HouseError::Start(why) => why.fmt(f),
            HouseError::Gate(why) => why.fmt(f),
            HouseError::Refused { symbol, code: Code::JournalFull } => write!(
                f,
                "market {symbol} was not opened ({}): the journal's disk has less free than twice the \
                 room that is set aside for cancels, 64 MiB unless --reserve-mib says otherwise, or no more \
                 files can be made on it. Make room (df, df -i), or set less aside",
                Code::JournalFull
            ),
            HouseError::Refused { symbol, code } => {
                write!(f, "market {symbol} was refused ({code}): {}", code.message())
            }
            HouseError::Ask(why) => why.fmt(f),
            HouseError::Ended(why) => write!(
                f,
                "the exchange ended by itself: {}. To check what is in the journal: buttonwood journal \
                 verify",
                why.as_deref().unwrap_or("it did not say why")
            ),
            HouseError::Thread(why) => write!(f, "{why}; the exchange was ended in good order"),
            HouseError::Stop(why) => why.fmt(f),
            HouseError::System(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for HouseError {}

impl House {
    /// Recovers the exchange from its journal, opens the markets that are not open yet, and listens.
    ///
    /// Where it could not listen, it says so before the journal is read or written.
    pub(crate) fn open(plan: &Plan) -> Result<House, HouseError> {
        drop(gateway::listen(plan.listen).map_err(HouseError::Gate)?); // the gate does so itself, later
        let policy = if plan.journal.is_some() { Policy::Disk } else { Policy::Memory };
        let journal = plan.journal.clone();
        let Plan { reserve_bytes, snapshot_every, clock_bound, .. } = *plan;
        let segments = journal::Options { reserve_bytes, ..journal::Options::default() };
        let more = ServiceOptions::default();
        let rules = plan.rules.clone();
        let options = ServiceOptions {
            journal,
            policy,
            segments,
            snapshot_every,
            clock_bound,
            rules,
            ..more
        };
        let service = Arc::new(Service::start(options).map_err(HouseError::Start)?);
        tell_of(service.recovered());
        let markets = open_markets(&service, &plan.markets)?;
        let options = gateway::Options { bind: plan.listen, ..gateway::Options::default() };
        let (facts, health) = (service.clone(), service.clone());
        let subscribe = move || facts.subscribe();
        let gate = Gate::start(options, service.client(), subscribe, move || health.health());
        Ok(House { gate: gate.map_err(HouseError::Gate)?, service, markets })
    }

    /// Where it can be reached.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.gate.local_addr())
    }

    /// The exchange.
    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Why the exchange takes no more asks, or its gate shows nothing any more, if so.
    pub(crate) fn failure(&self) -> Option<String> {
        self.service.health().failure.or_else(|| self.gate.failure())
    }

    /// The error for an exchange that has ended by itself.
    pub(crate) fn ended(&self) -> HouseError {
        HouseError::Ended(self.failure())
    }

    /// The markets that are open.
    pub(crate) fn markets(&self) -> &[MarketSpec] {
        &self.markets
    }

    /// A way to ask it.
    pub(crate) fn client(&self) -> Client {
        self.service.client()
    }

    /// Closes the gate, then ends the exchange. Returns whatever has died, or is full.
    pub(crate) fn close(self) -> Result<(), HouseError> {
        let House { gate, service, .. } = self;
        let health = service.health();
        if !health.room {
            service.take_no_more(); // else answers that wait for room would be waited for
        }
        // After a failure all that is at work was answered when it came.
        let grace = if health.failure.is_some() { AFTER_A_FAILURE } else { GRACE };
        let closed = gate.stop_within(grace).map_err(HouseError::Gate);
        // If a thread still looks at it, the last to do so ends it; what is durable is durable all the same.
        if let Some(service) = Arc::into_inner(service) {
            service.stop().map_err(HouseError::Stop)?;
        }
        closed
    }
}

/// How long requests at work may go on when the run ends.
const GRACE: Duration = Duration::from_secs(2);
/// The same when the exchange has failed.
const AFTER_A_FAILURE: Duration = Duration::from_millis(300);

fn tell_of(recovered: &Recovered) {
    if recovered.facts > 0 {
        let Recovered { facts, open_orders, .. } = recovered;
        output::log(&format!(
            "went on from {} facts, {} orders are open",
            thousands(*facts),
            thousands(*open_orders as u64)
        ));
    }
    for snapshot in &recovered.passed_over {
        output::log(&format!(
            "snapshot {snapshot} is damaged or of another history; it was passed \
             over, and is now called {snapshot}.passed-over"
        ));
    }
    if recovered.earlier_version {
        output::log(
            "the newest snapshot was written by an earlier version; all facts were folded instead",
        );
    }
    if let Some(cut) = &recovered.cut {
        output::log(&told_of_cut(cut));
    }
}

/// The start has accepted the rules that the market has.
fn tell_of_rules(has: &MarketSpec, wanted: &MarketSpec) {
    if has != wanted {
        output::log(&format!(
            "market {} was opened when every market took zero and negative prices, and still takes \
             them, since a market's rules do not change; a new journal opens it with prices above \
             zero only",
            has.symbol
        ));
    }
}

/// What is known of bytes that were cut, and what is not.
fn told_of_cut(cut: &Cut) -> String {
    let Cut { segment, offset, bytes, after, kept } = cut;
    let kept = match kept {
        Some(file) if *bytes > Cut::MOST_KEPT => {
            format!("the first {} are kept in {file}", Cut::MOST_KEPT)
        }
        Some(file) => format!("they are kept in {file}"),
        None => "the disk had no room to keep them".to_owned(),
    };
    format!(
        "{bytes} bytes at byte {offset} of {segment}, behind fact {after}, were no whole record and were cut off; \
         {kept}. Nothing in the journal says that they were ever durable. If the program was killed and the machine \
         ran on, nothing in them was acknowledged. If the machine lost power, they may be of the last batch that was, \
         on a disk that has damaged what it had synced"
    )
}

/// Opens the markets that are not open yet, and gives all that are then. The start has seen to the rules of those that
/// were.
fn open_markets(service: &Service, markets: &[MarketSpec]) -> Result<Vec<MarketSpec>, HouseError> {
    let client = service.client();
    let mut open = service.recovered().markets.clone();
    for spec in markets {
        if let Some(other) = open.iter().find(|other| other.symbol == spec.symbol) {
            tell_of_rules(other, spec);
            continue;
        }
        let answer = client.ask(Ask::OpenMarket(*spec)).map_err(|why| match why {
            AskError::Unavailable => HouseError::Ended(service.health().failure),
            AskError::Busy => HouseError::Ask(why),
        })?;
        let refusal = answer.tells.iter().find_map(|tell| match tell {
            Tell::Refused(code) => Some(*code),
            Tell::Fact(..) | Tell::Repeated(_) => None,
        });
        if let Some(code) = refusal {
            return Err(HouseError::Refused { symbol: spec.symbol, code });
        }
        open.push(*spec);
    }
    Ok(open)
}
