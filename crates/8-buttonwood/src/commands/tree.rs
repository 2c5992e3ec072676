//! `buttonwood serve --tree`: the supervision tree of a server. The world that would run it prints it, after
//! folding the journal without changing it.

use exchange::{Exchange, Options};
use kernel::{Intensity, Outline, Shutdown, Work};
use ledger::Ledger;
use protocol::Command;
use serde_json::{Value, json};
use units::{CommandId, Time};

use crate::config::{Config, DurabilityName};
use crate::failure::Failure;
use crate::output;

/// Prints the tree.
pub(crate) fn run(config: &Config, json: bool) -> Result<(), Failure> {
    let exchange = exchange(config)?;
    let trees = exchange.world().outlines();
    if json {
        return output::json(&trees.iter().map(value).collect::<Vec<_>>());
    }
    output::text_line(exchange.world().tree().trim_end())
}

/// The exchange as it would start: the folded journal, and the configured markets.
fn exchange(config: &Config) -> Result<Exchange, Failure> {
    let mut ledger = Ledger::new();
    if config.durability == DurabilityName::Disk && config.journal.exists() {
        let mut wrong = None;
        let verified = journal::verify(&config.journal, &mut |stamp, fact| {
            if wrong.is_none() {
                let folded = ledger.apply(&fact);
                wrong = folded.err().map(|why| format!("fact {} breaks a law: {why}", stamp.seq));
            }
        })?;
        if let Some(damage) = verified.damage {
            return Err(damage.into());
        }
        if let Some(wrong) = wrong {
            return Err(Failure::Law { dir: config.journal.clone(), wrong });
        }
    }
    // This world writes no journal, so its numbers and times do not matter.
    let mut exchange = Exchange::recovered(ledger, CommandId(1), Time(0), Options::default());
    for market in &config.markets {
        if exchange.ledger().symbol(&market.symbol).is_none() {
            exchange.submit(Time(0), &Command::OpenMarket(*market), &mut |_, _| {});
        }
    }
    Ok(exchange)
}

fn value(place: &Outline) -> Value {
    let Outline { name, work, restart, shutdown, registered } = place;
    let (kind, more) = match work {
        Work::One => ("process", json!({})),
        Work::Many { children, intensity } => {
            ("many", json!({ "now": children, "intensity": limit(*intensity) }))
        }
        Work::Group { strategy, intensity, given_up_alone, children } => {
            let children: Vec<_> = children.iter().map(value).collect();
            let (strategy, intensity) = (strategy.to_string(), limit(*intensity));
            let more = json!({
                "strategy": strategy,
                "intensity": intensity,
                "given_up_alone": given_up_alone,
                "children": children,
            });
            ("group", more)
        }
    };
    let shutdown = match shutdown {
        Shutdown::Kill => json!("kill"),
        Shutdown::Within(limit) => json!({ "within_ns": limit }),
        Shutdown::Infinity => json!("infinity"),
    };
    let mut value = json!({
        "name": name,
        "kind": kind,
        "restart": restart.to_string(),
        "shutdown": shutdown,
        "registered": registered.map(|name| name.0),
    });
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

fn limit(intensity: Intensity) -> Value {
    json!({ "restarts": intensity.times, "within_ns": intensity.within })
}
