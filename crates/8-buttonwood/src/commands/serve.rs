//! `buttonwood serve`: the exchange, as configured.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use crate::config::{Config, Market, PolicyName, Said};
use crate::failure::Failure;
use crate::house::{self, End, House, Plan};
use crate::output;

/// How often it is looked whether the exchange still takes asks.
const LOOK: Duration = Duration::from_secs(1);

/// Run the exchange with its REST gate until Ctrl-C
///
/// What is not said by a flag is taken from the environment, then from the configuration file, then
/// from the defaults (buttonwood config --defaults).
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "BUTTONWOOD_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port of the gate; loopback only
    #[arg(long, value_name = "ADDRESS", env = "BUTTONWOOD_LISTEN")]
    listen: Option<SocketAddr>,
    /// Folder in which facts are kept
    #[arg(long, value_name = "DIR", env = "BUTTONWOOD_JOURNAL")]
    journal: Option<PathBuf>,
    /// When an ask is answered
    #[arg(long, value_enum, env = "BUTTONWOOD_POLICY")]
    policy: Option<PolicyName>,
    /// A market to open, if it is not open; may be given more than once
    #[arg(
        long = "market",
        value_name = "SYMBOL:TICK:LOT",
        env = "BUTTONWOOD_MARKETS",
        value_delimiter = ','
    )]
    markets: Option<Vec<Market>>,
}

impl Args {
    fn config(&self) -> Result<Config, Failure> {
        let said = Said {
            listen: self.listen,
            journal: self.journal.clone(),
            policy: self.policy,
            markets: self.markets.clone(),
        };
        let file = self.config.as_deref().map(Said::read).transpose()?;
        Ok(said.or(file.unwrap_or_default()).config())
    }
}

/// Runs it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let config = args.config()?;
    check_listen(config.listen)?;
    let (_, ended) = house::ends()?;
    let journal = match config.policy {
        PolicyName::Disk => Some(config.journal),
        PolicyName::Memory => {
            output::log("POLICY MEMORY: nothing is kept; all is lost when this program ends");
            None
        }
    };
    let plan = Plan { listen: config.listen, journal, markets: config.markets };
    let house = House::open(&plan)?;
    output::text_line(format!("serving {}", house.url()))?;
    for market in house::views(house.service()).markets() {
        output::text_line(format!("  {}/products/{}/book", house.url(), market.spec.symbol))?;
    }
    if let Some(journal) = &plan.journal {
        output::log(&format!("facts are kept in {}", journal.display()));
    }
    loop {
        match ended.recv_timeout(LOOK) {
            Ok(End::Asked) => break,
            Err(RecvTimeoutError::Timeout) if house.service().health().failure.is_none() => {}
            Ok(End::Exchange) | Err(_) => return Err(house.ended().into()),
        }
    }
    house.close()?;
    output::log("ended");
    Ok(())
}

/// Nobody from elsewhere is let in without credentials, and there are none yet.
pub(crate) fn check_listen(listen: SocketAddr) -> Result<(), Failure> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "will not listen at {listen}: there are no credentials yet, so only loopback addresses such \
         as 127.0.0.1:8080 are served; use a tunnel to reach it from elsewhere"
    )))
}
