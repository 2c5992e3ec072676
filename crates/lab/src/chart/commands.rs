//! Commands to a chart: the form in which a random test prints its shrunk case.

use protocol::{Command, TimeInForce};
use units::Side;

use super::{Chart, ChartError};

impl Chart {
    /// A chart of these commands, after a run, with orders named `o2` after the number of their command, and
    /// accounts `a1`. Commands that open a market are omitted: its markets are open already, in order.
    ///
    /// # Errors
    ///
    /// If playing it breaks a law.
    pub fn of_commands(title: &str, commands: &[Command]) -> Result<Chart, ChartError> {
        let given: Vec<String> =
            (1..).zip(commands).filter_map(|(at, command)| line(at, command)).collect();
        let text = format!("{title}\ngiven\n  {}\nthen\nleaves\n", given.join("\n  "));
        let mut chart = Chart::parse(&text)?;
        let played = chart.play()?;
        (chart.then, chart.leaves) = (played.then(), played.leaves);
        Ok(chart)
    }
}

fn line(number: u64, command: &Command) -> Option<String> {
    Some(match command {
        Command::OpenMarket(_) => return None,
        Command::NewOrder(place) => {
            let verb = if place.side == Side::Buy { "buys" } else { "sells" };
            let ioc =
                if place.time_in_force == TimeInForce::ImmediateOrCancel { " ioc" } else { "" };
            let market =
                if place.market.0 > 0 { format!(" in M{}", place.market.0) } else { String::new() };
            let id = place.client.map(|id| format!(" id {}", id.bits())).unwrap_or_default();
            let (quantity, price, account) = (place.quantity, place.price, place.account);
            format!("o{number} {verb} {quantity} @ {price}{ioc}{market} for {account}{id}")
        }
        Command::Release { order } => format!("release o{}", order.0),
        Command::ResumeMarket { .. } => "resume market".to_owned(),
        Command::Cancel { account, order } => format!("{account} cancels o{}", order.0),
        Command::Replace(replace) => {
            let id = replace.client.map(|id| format!(" id {}", id.bits())).unwrap_or_default();
            let (account, order, quantity, price) =
                (replace.account, replace.order.0, replace.quantity, replace.price);
            format!("{account} replaces o{order} {quantity} @ {price}{id}")
        }
    })
}
