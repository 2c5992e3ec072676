//! The JSON that clients read, in the shapes of Coinbase Exchange; what is ours is marked as such.
//!
//! Prices and sizes are decimal text at the market's scales, ids are text, times RFC 3339.

use ledger::views::{DoneReason, Fill, Market, Order, Status, Trade};
use serde::Serialize;
use units::Side;
use utoipa::ToSchema;
use words::{Deal, Entered, Stamp, TimeInForce};

use crate::decimal;
use crate::time::Rfc3339;

/// A market.
#[derive(Serialize, ToSchema)]
pub(crate) struct Product {
    /// Its name, such as `BTC-USD`.
    id: String,
    /// What is traded.
    base_currency: String,
    /// What it is paid in; empty if the name has no `-`.
    quote_currency: String,
    /// One tick.
    quote_increment: String,
    /// One lot.
    base_increment: String,
    /// Its name for people.
    display_name: String,
    /// `online`, or `offline` while the market is stopped.
    status: &'static str,
    /// Why, if it is not online.
    status_message: &'static str,
    /// True if only cancels are taken.
    cancel_only: bool,
    /// Always true: there are limit orders only.
    limit_only: bool,
    /// Always false.
    post_only: bool,
    /// True if no order can be placed.
    trading_disabled: bool,
}

impl Product {
    pub(crate) fn of(market: &Market) -> Product {
        let id = market.spec.symbol.as_str();
        let (base, quote) = id.split_once('-').unwrap_or((id, ""));
        let stopped = market.stopped.is_some();
        Product {
            id: id.to_owned(),
            base_currency: base.to_owned(),
            quote_currency: quote.to_owned(),
            quote_increment: market.spec.tick.step().to_string(),
            base_increment: market.spec.lot.step().to_string(),
            display_name: id.replacen('-', "/", 1),
            status: if stopped { "offline" } else { "online" },
            status_message: if stopped { words::Code::MarketStopped.message() } else { "" },
            cancel_only: stopped,
            limit_only: true,
            post_only: false,
            trading_disabled: stopped,
        }
    }
}

/// `[price, size, number of orders]`, or at level 3 `[price, size, order id]`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Row(pub(crate) String, pub(crate) String, pub(crate) RowTail);

/// The third part of a row.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum RowTail {
    /// How many orders rest at the price.
    Orders(usize),
    /// The order's number.
    Order(String),
}

/// A market's book.
#[derive(Serialize, ToSchema)]
pub(crate) struct BookBody {
    /// Buyers, highest price first.
    pub(crate) bids: Vec<Row>,
    /// Sellers, lowest price first.
    pub(crate) asks: Vec<Row>,
    /// Number of the last fact that concerned this market.
    pub(crate) sequence: u64,
    /// When that answer was made.
    pub(crate) time: String,
    /// Ours: false if there is more than fits an answer; the best rows are here.
    pub(crate) complete: bool,
}

/// Last trade and touch of a market.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ticker {
    /// Best price of a buyer.
    pub(crate) bid: Option<String>,
    /// Best price of a seller.
    pub(crate) ask: Option<String>,
    /// What traded in the last 24 hours.
    pub(crate) volume: String,
    /// Number of the last trade.
    pub(crate) trade_id: Option<u64>,
    /// Its price.
    pub(crate) price: Option<String>,
    /// Its size.
    pub(crate) size: Option<String>,
    /// When it happened.
    pub(crate) time: Option<String>,
}

/// One trade of a market.
#[derive(Serialize, ToSchema)]
pub(crate) struct TradeBody {
    /// Its number: that of its fact, so it goes up with gaps and is unique over all markets.
    trade_id: u64,
    /// Side of the resting order: `sell` is an uptick.
    side: &'static str,
    /// Ours: side of the newcomer.
    taker_side: &'static str,
    /// How much.
    size: String,
    /// At which price.
    price: String,
    /// When.
    time: String,
    /// Ours: its number in its market, from 1, without gaps.
    number: u64,
}

impl TradeBody {
    pub(crate) fn of(market: &Market, trade: &Trade) -> TradeBody {
        TradeBody {
            trade_id: trade.seq,
            side: side(trade.taker_side.opposite()),
            taker_side: side(trade.taker_side),
            size: decimal::size(market, trade.lots.0),
            price: decimal::price(market, trade.price),
            time: Rfc3339(trade.time).to_string(),
            number: trade.number,
        }
    }
}

/// One order of the account that asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderBody {
    /// Its number.
    pub(crate) id: String,
    /// The client's id that it was placed under, as a UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_oid: Option<String>,
    /// Its market.
    product_id: String,
    /// The account.
    profile_id: String,
    /// `buy` or `sell`.
    side: &'static str,
    /// Always `limit`.
    r#type: &'static str,
    /// `GTC` or `IOC`.
    time_in_force: &'static str,
    /// Always false.
    post_only: bool,
    /// Its limit.
    price: String,
    /// Its size, with what has traded.
    size: String,
    /// What has traded.
    filled_size: String,
    /// What that cost.
    executed_value: String,
    /// Always `0`.
    fill_fees: &'static str,
    /// `open`, `done`, or ours: `suspended`.
    status: &'static str,
    /// True once it has ended: a trade is settled when it happens.
    settled: bool,
    /// When it was placed.
    created_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_at: Option<String>,
    /// How it ended: `filled` or `canceled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_reason: Option<&'static str>,
}

impl OrderBody {
    pub(crate) fn of(market: &Market, order: &Order) -> OrderBody {
        let Entered { order: id, account, client, side: order_side, stands, .. } = order.entered;
        OrderBody {
            id: id.0.to_string(),
            client_oid: client.map(|client| client.to_string()),
            product_id: market.spec.symbol.to_string(),
            profile_id: account.0.to_string(),
            side: side(order_side),
            r#type: "limit",
            time_in_force: time_in_force(stands),
            post_only: false,
            price: decimal::price(market, order.price),
            size: decimal::size(market, order.size.0),
            filled_size: decimal::size(market, order.done.0),
            executed_value: decimal::value(market, order.value),
            fill_fees: "0",
            status: match order.status() {
                Status::Open => "open",
                Status::Suspended => "suspended",
                Status::Done | Status::Cancelled => "done",
            },
            settled: order.end.is_some(),
            created_at: Rfc3339(order.stamp.time).to_string(),
            done_at: order.end.map(|end| Rfc3339(end.stamp.time).to_string()),
            done_reason: order.end.map(|end| match end.reason {
                DoneReason::Filled => "filled",
                DoneReason::Cancelled | DoneReason::Unmatched => "canceled",
            }),
        }
    }
}

/// One side of a trade of the account that asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct FillBody {
    /// Number of the trade.
    trade_id: u64,
    /// The market.
    product_id: String,
    /// The account's order in it.
    order_id: String,
    /// The account.
    profile_id: String,
    /// `M` if that order was resting, `T` if it was the newcomer.
    liquidity: &'static str,
    /// At which price.
    price: String,
    /// How much.
    size: String,
    /// Always `0`.
    fee: &'static str,
    /// Side of that order.
    side: &'static str,
    /// Always true.
    settled: bool,
    /// When.
    created_at: String,
}

impl FillBody {
    pub(crate) fn of(market: &Market, fill: &Fill<'_>) -> FillBody {
        let trade = fill.trade;
        let account = if fill.maker { trade.maker_account } else { trade.taker_account };
        FillBody {
            trade_id: trade.seq,
            product_id: market.spec.symbol.to_string(),
            order_id: fill.order.0.to_string(),
            profile_id: account.map(|account| account.0.to_string()).unwrap_or_default(),
            liquidity: if fill.maker { "M" } else { "T" },
            price: decimal::price(market, trade.price),
            size: decimal::size(market, trade.lots.0),
            fee: "0",
            side: side(fill.side),
            settled: true,
            created_at: Rfc3339(trade.time).to_string(),
        }
    }
}

/// Ours: a trade with the facts that made it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TradeFacts {
    /// The trade.
    pub(crate) trade: TradeBody,
    /// Its market.
    pub(crate) product_id: String,
    /// The deal that it came of.
    pub(crate) deal: DealBody,
    /// The first lines of its two orders as far as they are at hand, and the trade's own; in order.
    pub(crate) facts: Vec<FactBody>,
}

/// The name of a deal.
#[derive(Serialize, ToSchema)]
pub(crate) struct DealBody {
    /// The resting order.
    maker: String,
    /// The newcomer.
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
    /// Number of the ask that brought it about.
    ask: u64,
    /// When that ask came in.
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
        order: String,
        /// Whose it is.
        account: String,
        /// `buy` or `sell`.
        side: &'static str,
        /// Its limit then.
        price: String,
        /// Its size then.
        size: String,
        /// `GTC` or `IOC`.
        time_in_force: &'static str,
    },
    /// Two orders traded.
    Traded {
        /// The resting order.
        maker: String,
        /// The newcomer.
        taker: String,
        /// At which price.
        price: String,
        /// How much.
        size: String,
    },
}

impl FactBody {
    pub(crate) fn entered(market: &Market, order: &Order) -> FactBody {
        let Entered { order: id, account, side: order_side, price, lots, stands, .. } =
            order.entered;
        let what = What::Entered {
            order: id.0.to_string(),
            account: account.0.to_string(),
            side: side(order_side),
            price: decimal::price(market, price),
            size: decimal::size(market, lots.0),
            time_in_force: time_in_force(stands),
        };
        FactBody::stamped(&order.stamp, what)
    }

    pub(crate) fn traded(market: &Market, trade: &Trade) -> FactBody {
        let what = What::Traded {
            maker: trade.deal.maker.0.to_string(),
            taker: trade.deal.taker.0.to_string(),
            price: decimal::price(market, trade.price),
            size: decimal::size(market, trade.lots.0),
        };
        let stamp = Stamp { seq: trade.seq, ask: trade.ask, time: trade.time };
        FactBody::stamped(&stamp, what)
    }

    fn stamped(stamp: &Stamp, what: What) -> FactBody {
        let time = Rfc3339(stamp.time).to_string();
        FactBody { seq: stamp.seq, ask: stamp.ask.0, time, what }
    }
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

fn time_in_force(stands: TimeInForce) -> &'static str {
    match stands {
        TimeInForce::GoodTillCancel => "GTC",
        TimeInForce::ImmediateOrCancel => "IOC",
    }
}
