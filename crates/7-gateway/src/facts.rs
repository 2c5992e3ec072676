//! Ours: a trade with the facts that made it, as far as whoever asks may see them.

use protocol::{Deal, Entered, NewOrder, Stamp};
use serde::Serialize;
use utoipa::ToSchema;
use views::{Market, Order, Trade};

use crate::decimal;
use crate::responses::TradeBody;
use crate::schema::{Decimal, NumberText, ProductId, TimeText};
use crate::time;
use crate::vocabulary::{SideWord, TimeInForceWord};

/// Ours: a trade as anybody may see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TradeView {
    /// The trade.
    pub(crate) trade: TradeBody,
    /// Its market.
    #[schema(value_type = ProductId)]
    pub(crate) product_id: String,
    /// For a party to it: the deal that it came of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = DealBody, required = false)]
    pub(crate) deal: Option<DealBody>,
    /// For a party to it: the first lines of its own orders in it as far as they are at hand, and
    /// the trade's own; in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<FactBody>, required = false)]
    pub(crate) facts: Option<Vec<FactBody>>,
}

/// The name of a deal.
#[derive(Serialize, ToSchema)]
pub(crate) struct DealBody {
    /// The resting order.
    #[schema(value_type = NumberText)]
    maker: String,
    /// The incoming order.
    #[schema(value_type = NumberText)]
    taker: String,
    /// Which life of the maker, from 1.
    incarnation: u32,
    /// Which of its proposals in that life, from 1.
    number: u32,
}

impl DealBody {
    pub(crate) fn of(deal: Deal) -> DealBody {
        DealBody {
            maker: deal.maker.0.to_string(),
            taker: deal.taker.0.to_string(),
            incarnation: deal.incarnation,
            number: deal.number,
        }
    }
}

/// One fact.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactBody {
    /// Its number.
    seq: u64,
    /// Number of the command that brought it about.
    command: u64,
    /// When that command came in.
    #[schema(value_type = TimeText)]
    time: String,
    /// What happened.
    #[serde(flatten)]
    what: What,
}

/// What happened.
#[derive(Serialize, ToSchema)]
#[serde(tag = "fact", rename_all = "lowercase")]
pub(crate) enum What {
    /// An order was entered.
    Entered {
        /// Its number.
        #[schema(value_type = NumberText)]
        order: String,
        /// Whose it is.
        #[schema(value_type = NumberText)]
        account: String,
        /// `buy` or `sell`.
        side: SideWord,
        /// Its limit then.
        #[schema(value_type = Decimal)]
        price: String,
        /// Its size then.
        #[schema(value_type = Decimal)]
        size: String,
        /// `GTC` or `IOC`.
        time_in_force: TimeInForceWord,
    },
    /// Two orders traded.
    Traded {
        /// The resting order.
        #[schema(value_type = NumberText)]
        maker: String,
        /// The incoming order.
        #[schema(value_type = NumberText)]
        taker: String,
        /// At which price.
        #[schema(value_type = Decimal)]
        price: String,
        /// How much.
        #[schema(value_type = Decimal)]
        size: String,
    },
}

impl FactBody {
    pub(crate) fn entered(market: &Market, order: &Order) -> FactBody {
        let Entered {
            order: id,
            new: NewOrder { account, side: order_side, price, quantity, time_in_force, .. },
        } = order.entered;
        let what = What::Entered {
            order: id.0.to_string(),
            account: account.0.to_string(),
            side: order_side.into(),
            price: decimal::price(market, price),
            size: decimal::size(market, quantity.0),
            time_in_force: time_in_force.into(),
        };
        FactBody::stamped(&order.stamp, what)
    }

    pub(crate) fn traded(market: &Market, trade: &Trade) -> FactBody {
        let what = What::Traded {
            maker: trade.deal.maker.0.to_string(),
            taker: trade.deal.taker.0.to_string(),
            price: decimal::price(market, trade.price),
            size: decimal::size(market, trade.quantity.0),
        };
        let stamp = Stamp { seq: trade.seq, command: trade.command, time: trade.time };
        FactBody::stamped(&stamp, what)
    }

    fn stamped(stamp: &Stamp, what: What) -> FactBody {
        let time = time::show(stamp.time);
        FactBody { seq: stamp.seq, command: stamp.command.0, time, what }
    }
}
