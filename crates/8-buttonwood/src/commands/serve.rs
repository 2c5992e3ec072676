//! `buttonwood serve`: the exchange, as configured.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args as _;
use exchange::Health;

use crate::config::{self, Config, DurabilityName, Market, Reserve, Said};
use crate::ends::Ends;
use crate::failure::Failure;
use crate::folder;
use crate::output;
use crate::server::{Plan, Server};

/// How often it is looked how the exchange is doing.
const LOOK: Duration = Duration::from_secs(1);

/// Run the exchange with its REST gateway until Ctrl-C
///
/// What is not said by a flag is taken from the environment, then from the configuration file, then
/// from the defaults (buttonwood config --defaults).
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "BUTTONWOOD_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port of the gateway; loopback only
    #[arg(long, value_name = "ADDRESS", env = "BUTTONWOOD_LISTEN", value_parser = config::listen)]
    listen: Option<SocketAddr>,
    /// Folder in which facts are kept
    #[arg(long, value_name = "DIR", env = "BUTTONWOOD_JOURNAL")]
    journal: Option<PathBuf>,
    /// When a command is answered
    #[arg(long, value_enum, env = "BUTTONWOOD_POLICY")]
    durability: Option<DurabilityName>,
    /// Mebibytes of the journal's disk to set aside for when it is full: 0 for none, else 8 to 1048576
    #[arg(long, value_name = "MEBIBYTES", env = "BUTTONWOOD_RESERVE_MIB")]
    reserve_mib: Option<Reserve>,
    /// Save a snapshot each time so many facts have been recorded
    #[arg(long, value_name = "FACTS", env = "BUTTONWOOD_SNAPSHOT_EVERY", value_parser = config::snapshot_every)]
    snapshot_every: Option<NonZeroU64>,
    /// Seconds that the system's clock may jump, and the journal's last fact be ahead of it
    #[arg(long, value_name = "SECONDS", env = "BUTTONWOOD_CLOCK_BOUND_S")]
    clock_bound_s: Option<u64>,
    /// A market to open, if it is not open; may be given more than once
    ///
    /// "negative" allows zero and negative prices. A collar rejects a buy whose limit is further above the
    /// last trade than a distance, and a sell further below; before the first trade the reference stands
    /// for it. The distance is in percent, such as 10%, or between prices, such as 5.00.
    #[arg(
        long = "market",
        value_name = config::FORM,
        env = "BUTTONWOOD_MARKETS",
        value_delimiter = ','
    )]
    markets: Option<Vec<Market>>,
    /// Print the supervision tree that it would run, and end; changes nothing in the journal
    #[arg(long)]
    tree: bool,
    /// Print the tree as one JSON document
    #[arg(long, requires = "tree")]
    json: bool,
}

impl Args {
    fn config(&self) -> Result<Config, Failure> {
        let said = Said {
            listen: self.listen,
            journal: self.journal.clone(),
            durability: self.durability,
            reserve: self.reserve_mib,
            snapshot_every: self.snapshot_every,
            clock_bound_s: self.clock_bound_s,
            markets: self.markets.clone(),
        };
        let file = self.config.as_deref().map(Said::read).transpose()?;
        let config = said.or(file.unwrap_or_default()).config();
        let mut symbols: Vec<_> = config.markets.iter().map(|market| market.symbol).collect();
        symbols.sort_unstable();
        match symbols.windows(2).find(|two| two[0] == two[1]) {
            None => Ok(config),
            Some(two) => Err(Failure::Usage(format!(
                "there are two markets {} in what is configured; give each a name of its own",
                two[0]
            ))),
        }
    }
}

/// Runs it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    tell_of_unknown_variables();
    let config = args.config()?;
    if args.tree {
        return super::tree::run(&config, args.json);
    }
    check_listen(config.listen)?;
    let ends = Ends::listen()?;
    let journal = match config.durability {
        DurabilityName::Disk => {
            folder::to_write(&config.journal)?;
            Some(config.journal)
        }
        DurabilityName::Memory => {
            output::log("POLICY MEMORY: nothing is kept; all is lost when this program ends");
            None
        }
    };
    let plan = Plan {
        listen: config.listen,
        journal,
        markets: config.markets,
        rules: config.rules,
        reserve_bytes: config.reserve.bytes(),
        snapshot_every: config.snapshot_every.get(),
        clock_bound: Duration::from_secs(config.clock_bound_s),
    };
    let server = Server::open(&plan)?;
    ends.are_awaited();
    let end = greet(&plan, &server).and_then(|()| follow(&plan, &server, &ends));
    let closed = server.close();
    end?;
    closed?;
    output::log("ended");
    Ok(())
}

fn greet(plan: &Plan, server: &Server) -> Result<(), Failure> {
    output::text_line(format!("serving {}", server.url()))?;
    for market in server.markets() {
        output::text_line(format!("  {}/products/{}/book", server.url(), market.symbol))?;
    }
    if let Some(journal) = &plan.journal {
        output::log(&format!("facts are kept in {}", journal.display()));
    }
    Ok(())
}

/// Says what an operator should hear of until the run is to end.
fn follow(plan: &Plan, server: &Server, ends: &Ends) -> Result<(), Failure> {
    let health = server.service().health();
    let mut last = Health {
        accepts_orders: true,
        accepts_cancels: true,
        unsaved: None,
        clock: None,
        ..health
    };
    while !ends.wait(server, LOOK)? {
        let now = server.service().health();
        tell_of_change(&last, &now, plan.reserve_bytes);
        last = now;
    }
    Ok(())
}

/// A variable that is mistyped would be passed over without a word. It is no fault: what runs programs sets
/// variables of its own, by the program's name too.
fn tell_of_unknown_variables() {
    let known = Args::augment_args(clap::Command::new("serve"));
    let known: Vec<_> = known.get_arguments().filter_map(|flag| flag.get_env()).collect();
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| name.starts_with("BUTTONWOOD_"));
        if ours && !known.contains(&name.as_os_str()) {
            output::log(&format!(
                "the variable {} says nothing to this program; buttonwood serve --help has those that do",
                name.display()
            ));
        }
    }
}

/// Says what an operator should hear of while it lasts, and when it has passed.
fn tell_of_change(last: &Health, now: &Health, reserve_bytes: u64) {
    let state = |health: &Health| (health.accepts_orders, health.accepts_cancels);
    if state(last) != state(now) {
        output::log(&room(now, reserve_bytes));
    }
    match &now.clock {
        Some(why) if last.clock.is_none() => output::log(&format!("THE CLOCK: {why}")),
        None if last.clock.is_some() => output::log("the system's clock is right again"),
        _ => {}
    }
    match &now.unsaved {
        Some(why) if last.unsaved.is_none() => output::log(&format!(
            "a snapshot could not be saved: {why}. Nothing is lost by it, but the next start takes \
             longer"
        )),
        None if last.unsaved.is_some() => output::log("snapshots are saved again"),
        _ => {}
    }
}

/// What the journal has room for, and what is to be done about it.
fn room(now: &Health, reserve_bytes: u64) -> String {
    let resumes = match reserve_bytes {
        0 => "trading resumes when 1 MiB is free".to_owned(),
        bytes => format!("trading resumes when twice the reserve is free, {} MiB", bytes >> 19),
    };
    match (now.accepts_orders, now.accepts_cancels) {
        (true, _) => "the journal has room again: orders are taken".to_owned(),
        (false, true) => format!(
            "THE JOURNAL'S DISK IS FULL: new orders are refused (journal-full), cancels and reads work. Make \
             room: bytes (df) or files (df -i); {resumes}"
        ),
        (false, false) => format!(
            "THE JOURNAL'S DISK IS FULL, and nothing that was set aside is left: new orders and cancels are \
             refused (journal-full), reads work. Make room: bytes (df) or files (df -i); {resumes}"
        ),
    }
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
