//! Asks to a chart: how a random test prints the case that it has shrunk.

use protocol::{Ask, TimeInForce};
use units::Side;

use super::{Chart, ChartError};

impl Chart {
    /// A chart of these asks, played, with orders named `o2` after the number of their ask, and
    /// accounts `a1`. Asks to open a market are left out: its markets are open already, in order.
    ///
    /// # Errors
    ///
    /// If playing it breaks a law.
    pub fn of_asks(title: &str, asks: &[Ask]) -> Result<Chart, ChartError> {
        let given: Vec<String> = (1..).zip(asks).filter_map(|(at, ask)| line(at, ask)).collect();
        let text = format!("{title}\ngiven\n  {}\nthen\nleaves\n", given.join("\n  "));
        let mut chart = Chart::parse(&text)?;
        let played = chart.play()?;
        (chart.then, chart.leaves) = (played.then(), played.leaves);
        Ok(chart)
    }
}

fn line(number: u64, ask: &Ask) -> Option<String> {
    Some(match ask {
        Ask::OpenMarket(_) => return None,
        Ask::Place(place) => {
            let verb = if place.side == Side::Buy { "buys" } else { "sells" };
            let ioc = if place.stands == TimeInForce::ImmediateOrCancel { " ioc" } else { "" };
            let market =
                if place.market.0 > 0 { format!(" in M{}", place.market.0) } else { String::new() };
            let id = place.client.map(|id| format!(" id {}", id.bits())).unwrap_or_default();
            let (lots, price, account) = (place.lots, place.price, place.account);
            format!("o{number} {verb} {lots} @ {price}{ioc}{market} for {account}{id}")
        }
        Ask::Release { order } => format!("release o{}", order.0),
        Ask::ResumeMarket { .. } => "resume market".to_owned(),
        Ask::Cancel { account, order } => format!("{account} cancels o{}", order.0),
        Ask::Replace(replace) => {
            let id = replace.client.map(|id| format!(" id {}", id.bits())).unwrap_or_default();
            let (account, order, lots, price) =
                (replace.account, replace.order.0, replace.lots, replace.price);
            format!("{account} replaces o{order} {lots} @ {price}{id}")
        }
    })
}
