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

/// Interval between two health checks.
const LOOK: Duration = Duration::from_secs(1);

/// Run the exchange with its REST gateway until Ctrl-C
///
/// Flags override environment variables, which override the configuration file, which overrides
/// the defaults (buttonwood config --defaults).
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "BUTTONWOOD_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port of the gateway; loopback only
    #[arg(long, value_name = "ADDRESS", env = "BUTTONWOOD_LISTEN", value_parser = config::listen)]
    listen: Option<SocketAddr>,
    /// Folder of the journal
    #[arg(long, value_name = "DIR", env = "BUTTONWOOD_JOURNAL")]
    journal: Option<PathBuf>,
    /// When a command is answered
    #[arg(long, value_enum, env = "BUTTONWOOD_DURABILITY")]
    durability: Option<DurabilityName>,
    /// Disk space reserved for cancels when the disk is full, in MiB: 0 for none, else 8 to 1048576
    #[arg(long, value_name = "MEBIBYTES", env = "BUTTONWOOD_RESERVE_MIB")]
    reserve_mib: Option<Reserve>,
    /// Facts between snapshots
    #[arg(long, value_name = "FACTS", env = "BUTTONWOOD_SNAPSHOT_EVERY", value_parser = config::snapshot_every)]
    snapshot_every: Option<NonZeroU64>,
    /// Largest accepted jump of the system clock, and largest lead of the journal's last fact over it, in seconds
    #[arg(long, value_name = "SECONDS", env = "BUTTONWOOD_CLOCK_BOUND_S")]
    clock_bound_s: Option<u64>,
    /// Market to open unless it is open; may be repeated
    ///
    /// "negative" allows zero and negative prices. A collar rejects a buy limit further above the last
    /// trade than a distance, and a sell limit further below it; before the first trade, the reference
    /// takes the place of the last trade. The distance is a percentage, such as 10%, or a price, such as 5.00.
    #[arg(
        long = "market",
        value_name = config::FORM,
        env = "BUTTONWOOD_MARKETS",
        value_delimiter = ','
    )]
    markets: Option<Vec<Market>>,
    /// Print the supervision tree and exit; never changes the journal
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
                "market {} is configured twice; give each market its own symbol",
                two[0]
            ))),
        }
    }
}

/// Runs the server.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    log_unknown_variables();
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
            output::log(
                "DURABILITY MEMORY: no journal is written; all orders and trades are lost when this program ends",
            );
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
        output::log(&format!("the journal is in {}", journal.display()));
    }
    Ok(())
}

/// Logs changes of health until the run ends.
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
        log_change(&last, &now, plan.reserve_bytes);
        last = now;
    }
    Ok(())
}

/// A mistyped variable would be ignored silently, so it is logged. It is not an error: service managers set variables
/// of their own that begin with the program's name.
fn log_unknown_variables() {
    let known = Args::augment_args(clap::Command::new("serve"));
    let known: Vec<_> = known.get_arguments().filter_map(|flag| flag.get_env()).collect();
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| name.starts_with("BUTTONWOOD_"));
        if ours && !known.contains(&name.as_os_str()) {
            output::log(&format!(
                "the environment variable {} is not known and is ignored; buttonwood serve --help lists the known ones",
                name.display()
            ));
        }
    }
}

/// Logs each problem when it begins and when it ends.
fn log_change(last: &Health, now: &Health, reserve_bytes: u64) {
    let state = |health: &Health| (health.accepts_orders, health.accepts_cancels);
    if state(last) != state(now) {
        output::log(&space(now, reserve_bytes));
    }
    match &now.clock {
        Some(why) if last.clock.is_none() => output::log(&format!("THE CLOCK: {why}")),
        None if last.clock.is_some() => output::log("the system clock is within its bound again"),
        _ => {}
    }
    match &now.unsaved {
        Some(why) if last.unsaved.is_none() => output::log(&format!(
            "the exchange could not save a snapshot: {why}. No fact is lost; the next start takes \
             longer"
        )),
        None if last.unsaved.is_some() => output::log("the exchange saves snapshots again"),
        _ => {}
    }
}

/// Which commands the journal has space for, and what the operator must do.
fn space(now: &Health, reserve_bytes: u64) -> String {
    let resumes = match reserve_bytes {
        0 => "trading resumes when 1 MiB is free".to_owned(),
        bytes => format!("trading resumes when twice the reserve is free, {} MiB", bytes >> 19),
    };
    match (now.accepts_orders, now.accepts_cancels) {
        (true, _) => "the journal has space again: new orders are accepted".to_owned(),
        (false, true) => format!(
            "THE JOURNAL'S DISK IS FULL: new orders are rejected (journal-full), cancels and reads work. Free \
             bytes (df) or files (df -i) on it; {resumes}"
        ),
        (false, false) => format!(
            "THE JOURNAL'S DISK IS FULL, and its reserve is used up: new orders and cancels are \
             rejected (journal-full), reads work. Free bytes (df) or files (df -i) on it; {resumes}"
        ),
    }
}

/// There is no authentication yet, so only loopback addresses are accepted.
pub(crate) fn check_listen(listen: SocketAddr) -> Result<(), Failure> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "cannot listen on {listen}: there is no authentication yet, so use a loopback address such \
         as 127.0.0.1:8080 are served; use a tunnel to reach it from elsewhere"
    )))
}
