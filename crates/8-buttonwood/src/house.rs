//! A running exchange with its journal, its gate and its markets, for `demo` and `serve`.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use exchange::{
    AskError, Client, Policy, Recovered, Service, ServiceError, ServiceOptions, StartError,
};
use gates::{Gate, GateError};
use units::Symbol;
use words::{Ask, Code, MarketSpec, Tell};

use crate::output::{self, thousands};

/// What a house is made of.
pub(crate) struct Plan {
    /// Where the gate listens.
    pub(crate) listen: SocketAddr,
    /// Where facts are kept; `None` for nowhere.
    pub(crate) journal: Option<PathBuf>,
    /// Markets that must be open.
    pub(crate) markets: Vec<MarketSpec>,
    /// Bytes set aside for when the disk is full.
    pub(crate) reserve_bytes: u64,
    /// A snapshot is saved each time so many facts have been recorded.
    pub(crate) snapshot_every: u64,
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
    /// The exchange ended by itself; what it said of that.
    Ended(Option<String>),
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
                 room that is set aside for cancels, 64 MiB unless --reserve-mib says otherwise. Make room, \
                 or set less aside",
                Code::JournalFull
            ),
            HouseError::Refused { symbol, code } => {
                write!(f, "market {symbol} was refused ({code}): {}", code.message())
            }
            HouseError::Ask(why) => why.fmt(f),
            HouseError::Ended(why) => write!(
                f,
                "the exchange ended by itself: {}; all that was answered is in the journal, which \
                 buttonwood journal verify checks",
                why.as_deref().unwrap_or("it did not say why")
            ),
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
        drop(gates::listen(plan.listen).map_err(HouseError::Gate)?); // the gate does so itself, later
        let policy = if plan.journal.is_some() { Policy::Disk } else { Policy::Memory };
        let journal = plan.journal.clone();
        let Plan { reserve_bytes, snapshot_every, .. } = *plan;
        let segments = journal::Options { reserve_bytes, ..journal::Options::default() };
        let more = ServiceOptions::default();
        let rules = plan.markets.clone();
        let options = ServiceOptions { journal, policy, segments, snapshot_every, rules, ..more };
        let service = Arc::new(Service::start(options).map_err(HouseError::Start)?);
        tell_of(service.recovered());
        let markets = open_markets(&service, &plan.markets)?;
        let options = gates::Options { bind: plan.listen, ..gates::Options::default() };
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

    /// The error for an exchange that takes no more asks.
    pub(crate) fn ended(&self) -> HouseError {
        HouseError::Ended(self.service.health().failure)
    }

    /// The markets that are open.
    pub(crate) fn markets(&self) -> &[MarketSpec] {
        &self.markets
    }

    /// A way to ask it.
    pub(crate) fn client(&self) -> Client {
        self.service.client()
    }

    /// Closes the gate, then ends the exchange.
    pub(crate) fn close(self) -> Result<(), HouseError> {
        self.gate.stop();
        match Arc::into_inner(self.service) {
            Some(service) => service.stop().map_err(HouseError::Stop),
            // A handler of the gate still looks at it; what is durable is durable all the same.
            None => Ok(()),
        }
    }
}

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
        output::log(&format!(
            "a crash had left {} bytes half written behind byte {} of {}; they were cut off, and \
             nobody had been told of them",
            cut.bytes, cut.offset, cut.segment
        ));
    }
}

/// Opens the markets that are not open yet, and gives all that are then. The start has seen to the rules of those that
/// were.
fn open_markets(service: &Service, markets: &[MarketSpec]) -> Result<Vec<MarketSpec>, HouseError> {
    let client = service.client();
    let mut open = service.recovered().markets.clone();
    for spec in markets {
        if open.contains(spec) {
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

/// What ends a run.
#[derive(Debug)]
pub(crate) enum End {
    /// Ctrl-C, or the system's wish.
    Asked,
    /// The exchange takes no more asks.
    Exchange,
}

/// A place where ends arrive; Ctrl-C and the system's wish to terminate do so from now on.
pub(crate) fn ends() -> Result<(Sender<End>, Receiver<End>), HouseError> {
    let (sender, receiver) = mpsc::channel();
    let asked = sender.clone();
    let handler = move || match asked.send(End::Asked) {
        // Where nobody listens any more, the run is ending already.
        Ok(()) | Err(_) => {}
    };
    ctrlc::set_handler(handler)
        .map_err(|why| HouseError::System(format!("cannot listen for Ctrl-C: {why}")))?;
    Ok((sender, receiver))
}
