//! A market's collar as a client reads it: where it is now, and why a limit is beyond it.

use ledger::Band;
use protocol::{Command, NewOrder, Replace};
use serde::Serialize;
use units::{Price, Side};
use utoipa::ToSchema;
use views::{Market, Views};

use crate::decimal;

/// How far limits may reach now.
#[derive(Serialize, ToSchema)]
pub(crate) struct CollarBody {
    /// The distance from the reference: in percent such as `10%`, or between prices such as `5.00`.
    distance: String,
    /// The price of the last trade; before the first one, the price with which the market was opened.
    reference: String,
    /// A buy with a higher limit is rejected.
    highest_buy: String,
    /// A sell with a lower limit is rejected.
    lowest_sell: String,
}

impl CollarBody {
    /// The collar of a market, if it has one.
    pub(crate) fn of(market: &Market) -> Option<CollarBody> {
        let band = band(market);
        let text = |price| decimal::price(market, price);
        Some(CollarBody {
            distance: market.spec.collar?.distance.text(market.spec.tick),
            reference: text(band.reference()?),
            highest_buy: text(band.furthest(Side::Buy)),
            lowest_sell: text(band.furthest(Side::Sell)),
        })
    }
}

/// The prices that the market takes, as far as the views know: the exchange may have traded since.
fn band(market: &Market) -> Band {
    Band::after(&market.spec, market.tape.last().map(|trade| trade.price))
}

/// Why the limit of this command is beyond the collar; `None` if by now it is not.
pub(crate) fn explain(views: &Views, command: &Command) -> Option<String> {
    let (market, side, price): (_, Side, Price) = match *command {
        Command::NewOrder(NewOrder { market, side, price, .. }) => (market, side, price),
        Command::Replace(Replace { order, price, .. }) => {
            let entered = views.orders().get(order)?.entered;
            (entered.new.market, entered.new.side, price)
        }
        Command::OpenMarket(_)
        | Command::Cancel { .. }
        | Command::Release { .. }
        | Command::ResumeMarket { .. } => return None,
    };
    let market = views.market(market)?;
    let (collar, band) = (market.spec.collar?, band(market));
    if band.takes(side, price) {
        return None;
    }
    let way = match side {
        Side::Buy => "above",
        Side::Sell => "below",
    };
    let text = |price| decimal::price(market, price);
    Some(format!(
        "price {} is {way} the collar {} ({} {way} the reference {})",
        text(price),
        text(band.furthest(side)),
        collar.distance.text(market.spec.tick),
        text(band.reference()?),
    ))
}
