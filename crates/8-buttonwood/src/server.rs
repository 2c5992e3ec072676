//! A running exchange with its journal, gateway and markets, for `demo` and `serve`.

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

/// Settings of a server.
pub(crate) struct Plan {
    /// Address of the gateway.
    pub(crate) listen: SocketAddr,
    /// Folder of the journal; `None` for none.
    pub(crate) journal: Option<PathBuf>,
    /// Markets that must be open.
    pub(crate) markets: Vec<MarketSpec>,
    /// Rule sets that these markets may have if they are open already.
    pub(crate) rules: Vec<MarketSpec>,
    /// Bytes reserved for cancels when the disk is full.
    pub(crate) reserve_bytes: u64,
    /// Facts between snapshots.
    pub(crate) snapshot_every: u64,
    /// Largest accepted jump of the system clock, and largest lead of the journal over it.
    pub(crate) clock_bound: Duration,
}

/// A running exchange.
pub(crate) struct Server {
    service: Arc<Service>,
    gateway: RestGateway,
    markets: Vec<MarketSpec>,
}

/// Why a server did not start, or did not end in good order.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    /// The exchange did not start.
    #[error(transparent)]
    Start(StartError),
    /// The gateway did not start.
    #[error(transparent)]
    Gateway(GatewayError),
    /// The exchange rejected a market.
    #[error("{}", rejected(symbol, *code))]
    Rejected {
        /// Its symbol.
        symbol: Symbol,
        /// The reason.
        code: RejectCode,
    },
    /// A command was not answered.
    #[error(transparent)]
    Command(SubmitError),
    /// The exchange or its gateway ended by itself, with the reason if there is one.
    #[error(
        "the exchange ended by itself: {}. To check the journal: buttonwood journal verify",
        .0.as_deref().unwrap_or("no reason was given")
    )]
    Ended(Option<String>),
    /// Another thread of this program has failed: its name and the reason.
    #[error("{0}; the exchange was ended in good order")]
    Thread(String),
    /// The exchange did not end well.
    #[error(transparent)]
    Stop(ServiceError),
    /// The system refused a signal handler or a thread.
    #[error("{0}")]
    System(String),
}

/// Why a market is not open: what its rejection means, and what to do.
fn rejected(symbol: &Symbol, code: RejectCode) -> String {
    match code {
        RejectCode::JournalFull => format!(
            "market {symbol} was not opened ({code}): the journal's disk has less free space than twice the reserve \
             for cancels (--reserve-mib, 64 MiB by default), or no more files can be created on it. Free space (df, \
             df -i), or reserve less"
        ),
        code => format!("market {symbol} was rejected ({code}): {}", code.message()),
    }
}

impl Server {
    /// Recovers the exchange from its journal, opens the markets that are not open yet, and listens.
    ///
    /// Fails before it reads or writes the journal if it cannot listen.
    pub(crate) fn open(plan: &Plan) -> Result<Server, ServerError> {
        drop(gateway::listen(plan.listen).map_err(ServerError::Gateway)?); // the gateway does so itself, later
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
        log_recovery(service.recovered());
        let markets = open_markets(&service, &plan.markets)?;
        let options = gateway::Options { bind: plan.listen, ..gateway::Options::default() };
        let (facts, health) = (service.clone(), service.clone());
        let subscribe = move || facts.subscribe();
        let gateway =
            RestGateway::start(options, service.client(), subscribe, move || health.health());
        Ok(Server { gateway: gateway.map_err(ServerError::Gateway)?, service, markets })
    }

    /// URL of the page and the REST API.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.gateway.local_addr())
    }

    /// The exchange.
    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Why the exchange accepts no more commands, or its gateway answers no more; `None` while both run.
    pub(crate) fn failure(&self) -> Option<String> {
        self.service.health().failure.or_else(|| self.gateway.failure())
    }

    /// The error for an exchange that has ended by itself.
    pub(crate) fn ended(&self) -> ServerError {
        ServerError::Ended(self.failure())
    }

    /// The open markets.
    pub(crate) fn markets(&self) -> &[MarketSpec] {
        &self.markets
    }

    /// A new client of the exchange.
    pub(crate) fn client(&self) -> Client {
        self.service.client()
    }

    /// Closes the gateway, then ends the exchange. Returns the first failure.
    pub(crate) fn close(self) -> Result<(), ServerError> {
        let Server { gateway, service, .. } = self;
        let health = service.health();
        if !health.accepts_orders {
            service.take_no_more(); // otherwise commands that wait for disk space would block the gateway
        }
        // After a failure, the exchange has answered all commands in flight already.
        let grace = if health.failure.is_some() { AFTER_A_FAILURE } else { GRACE };
        let closed = gateway.stop_within(grace).map_err(ServerError::Gateway);
        // If another thread still holds the service, it ends when that thread drops it; durable facts stay durable.
        if let Some(service) = Arc::into_inner(service) {
            service.stop().map_err(ServerError::Stop)?;
        }
        closed
    }
}

/// Time limit for requests in flight when the run ends.
const GRACE: Duration = Duration::from_secs(2);
/// The same after a failure of the exchange.
const AFTER_A_FAILURE: Duration = Duration::from_millis(300);

fn log_recovery(recovered: &Recovered) {
    if recovered.facts > 0 {
        let Recovered { facts, open_orders, .. } = recovered;
        output::log(&format!(
            "recovered {} facts with {} open orders",
            thousands(*facts),
            thousands(*open_orders as u64)
        ));
    }
    for snapshot in &recovered.passed_over {
        output::log(&format!(
            "snapshot {snapshot} is damaged or of another history; the start \
             ignored it and renamed it to {snapshot}.passed-over"
        ));
    }
    if recovered.earlier_version {
        output::log(
            "the newest snapshot is of an earlier version; the start folded all facts instead",
        );
    }
    if let Some(cut) = &recovered.cut {
        output::log(&describe_cut(cut));
    }
}

/// Logs markets that keep rules of an earlier version.
fn log_rules(has: &MarketSpec, wanted: &MarketSpec) {
    if has != wanted {
        output::log(&format!(
            "market {} was opened by an earlier version, allows zero and negative prices, and keeps \
             these rules; to require prices above zero, use a new journal",
            has.symbol
        ));
    }
}

/// What is known about truncated bytes, and what is not.
fn describe_cut(cut: &Cut) -> String {
    let Cut { segment, offset, bytes, after, kept } = cut;
    let kept = match kept {
        Some(file) if *bytes > Cut::MOST_KEPT => {
            format!("the first {} bytes are saved in {file}", Cut::MOST_KEPT)
        }
        Some(file) => format!("they are saved in {file}"),
        None => "the disk had no space to save them".to_owned(),
    };
    format!(
        "{bytes} bytes at byte {offset} of {segment}, after fact {after}, were a partial record and were truncated; \
         {kept}. The journal has no proof that they were durable. After a kill, nothing in them was acknowledged. \
         After a loss of power, they may be part of the last acknowledged batch, on a disk that damaged synced data"
    )
}

/// Opens the markets that are not open yet, and returns all open ones. The start has checked the rules of the others.
fn open_markets(service: &Service, markets: &[MarketSpec]) -> Result<Vec<MarketSpec>, ServerError> {
    let client = service.client();
    let mut open = service.recovered().markets.clone();
    for spec in markets {
        if let Some(other) = open.iter().find(|other| other.symbol == spec.symbol) {
            log_rules(other, spec);
            continue;
        }
        let answer = client.submit(Command::OpenMarket(*spec)).map_err(|why| match why {
            SubmitError::Unavailable => ServerError::Ended(service.health().failure),
            SubmitError::Busy => ServerError::Command(why),
        })?;
        let refusal = answer.responses.iter().find_map(|response| match response {
            Response::Rejected(code) => Some(*code),
            Response::Fact(..) | Response::Repeated(_) => None,
        });
        if let Some(code) = refusal {
            return Err(ServerError::Rejected { symbol: spec.symbol, code });
        }
        open.push(*spec);
    }
    Ok(open)
}
