//! A running exchange with its journal, its gateway and its markets, for `demo` and `serve`, and what ends it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use exchange::{
    Client, Durability, Recovered, Service, ServiceError, ServiceOptions, StartError, SubmitError,
};
use gateway::{GatewayError, RestGateway};
use journal::Cut;
use protocol::{Command, MarketSpec, RejectCode, Response};
use units::Symbol;

use crate::output::{self, thousands};

/// What a house is made of.
pub(crate) struct Plan {
    /// Where the gateway listens.
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
pub(crate) struct Server {
    service: Arc<Service>,
    gateway: RestGateway,
    markets: Vec<MarketSpec>,
}

/// Why a house does not stand, or did not end well.
#[derive(Debug)]
pub(crate) enum ServerError {
    /// The exchange did not start.
    Start(StartError),
    /// The gateway did not.
    Gate(GatewayError),
    /// A market was refused.
    Refused {
        /// Which.
        symbol: Symbol,
        /// Why.
        code: RejectCode,
    },
    /// A command was not answered.
    Ask(SubmitError),
    /// The exchange or its gateway ended by itself; what it said of that.
    Ended(Option<String>),
    /// A thread of this program that belongs to neither has failed: which, and of what.
    Thread(String),
    /// The exchange did not end well.
    Stop(ServiceError),
    /// No handler for Ctrl-C, or no thread.
    System(String),
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerError::Start(why) => why.fmt(f),
            ServerError::Gate(why) => why.fmt(f),
            ServerError::Refused { symbol, code: RejectCode::JournalFull } => write!(
                f,
                "market {symbol} was not opened ({}): the journal's disk has less free than twice the \
                 room that is set aside for cancels, 64 MiB unless --reserve-mib says otherwise, or no more \
                 files can be made on it. Make room (df, df -i), or set less aside",
                RejectCode::JournalFull
            ),
            ServerError::Refused { symbol, code } => {
                write!(f, "market {symbol} was refused ({code}): {}", code.message())
            }
            ServerError::Ask(why) => why.fmt(f),
            ServerError::Ended(why) => write!(
                f,
                "the exchange ended by itself: {}. To check what is in the journal: buttonwood journal \
                 verify",
                why.as_deref().unwrap_or("it did not say why")
            ),
            ServerError::Thread(why) => write!(f, "{why}; the exchange was ended in good order"),
            ServerError::Stop(why) => why.fmt(f),
            ServerError::System(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ServerError {}

impl Server {
    /// Recovers the exchange from its journal, opens the markets that are not open yet, and listens.
    ///
    /// Where it could not listen, it says so before the journal is read or written.
    pub(crate) fn open(plan: &Plan) -> Result<Server, ServerError> {
        drop(gateway::listen(plan.listen).map_err(ServerError::Gate)?); // the gateway does so itself, later
        let durability = if plan.journal.is_some() { Durability::Disk } else { Durability::Memory };
        let journal = plan.journal.clone();
        let Plan { reserve_bytes, snapshot_every, clock_bound, .. } = *plan;
        let segments = journal::Options { reserve_bytes, ..journal::Options::default() };
        let more = ServiceOptions::default();
        let rules = plan.rules.clone();
        let options = ServiceOptions {
            journal,
            durability,
            segments,
            snapshot_every,
            clock_bound,
            rules,
            ..more
        };
        let service = Arc::new(Service::start(options).map_err(ServerError::Start)?);
        tell_of(service.recovered());
        let markets = open_markets(&service, &plan.markets)?;
        let options = gateway::Options { bind: plan.listen, ..gateway::Options::default() };
        let (facts, health) = (service.clone(), service.clone());
        let subscribe = move || facts.subscribe();
        let gateway =
            RestGateway::start(options, service.client(), subscribe, move || health.health());
        Ok(Server { gateway: gateway.map_err(ServerError::Gate)?, service, markets })
    }

    /// Where it can be reached.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.gateway.local_addr())
    }

    /// The exchange.
    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Why the exchange takes no more commands, or its gateway shows nothing any more, if so.
    pub(crate) fn failure(&self) -> Option<String> {
        self.service.health().failure.or_else(|| self.gateway.failure())
    }

    /// The error for an exchange that has ended by itself.
    pub(crate) fn ended(&self) -> ServerError {
        ServerError::Ended(self.failure())
    }

    /// The markets that are open.
    pub(crate) fn markets(&self) -> &[MarketSpec] {
        &self.markets
    }

    /// A way to ask it.
    pub(crate) fn client(&self) -> Client {
        self.service.client()
    }

    /// Closes the gateway, then ends the exchange. Returns whatever has died, or is full.
    pub(crate) fn close(self) -> Result<(), ServerError> {
        let Server { gateway, service, .. } = self;
        let health = service.health();
        if !health.accepts_orders {
            service.take_no_more(); // else answers that wait for room would be waited for
        }
        // After a failure all that is at work was answered when it came.
        let grace = if health.failure.is_some() { AFTER_A_FAILURE } else { GRACE };
        let closed = gateway.stop_within(grace).map_err(ServerError::Gate);
        // If a thread still looks at it, the last to do so ends it; what is durable is durable all the same.
        if let Some(service) = Arc::into_inner(service) {
            service.stop().map_err(ServerError::Stop)?;
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
fn open_markets(service: &Service, markets: &[MarketSpec]) -> Result<Vec<MarketSpec>, ServerError> {
    let client = service.client();
    let mut open = service.recovered().markets.clone();
    for spec in markets {
        if let Some(other) = open.iter().find(|other| other.symbol == spec.symbol) {
            tell_of_rules(other, spec);
            continue;
        }
        let answer = client.submit(Command::OpenMarket(*spec)).map_err(|why| match why {
            SubmitError::Unavailable => ServerError::Ended(service.health().failure),
            SubmitError::Busy => ServerError::Ask(why),
        })?;
        let refusal = answer.responses.iter().find_map(|response| match response {
            Response::Rejected(code) => Some(*code),
            Response::Fact(..) | Response::Repeated(_) => None,
        });
        if let Some(code) = refusal {
            return Err(ServerError::Refused { symbol: spec.symbol, code });
        }
        open.push(*spec);
    }
    Ok(open)
}
