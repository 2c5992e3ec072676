//! The JSON that clients read, in the shapes of Coinbase Exchange; what is ours is marked as such.
//!
//! Prices and sizes are decimal text at the market's scales, ids are text, times RFC 3339.

use std::collections::BTreeMap;

use protocol::{Entered, NewOrder};
use serde::Serialize;
use units::Scale;
use utoipa::ToSchema;
use views::{Fill, Market, Order, Trade};

use crate::collar::CollarBody;
use crate::schema::{CurrencyId, Decimal, NumberText, ProductId, TimeText};
use crate::time;
use crate::vocabulary::{
    DoneReasonWord, Liquidity, ProductStatus, SideWord, StatusWord, TimeInForceWord, TypeWord,
};
use crate::{client_oid, decimal};

/// A market.
#[derive(Serialize, ToSchema)]
pub(crate) struct Product {
    /// Its name, such as `BTC-USD`.
    #[schema(value_type = ProductId)]
    id: String,
    /// What is traded.
    #[schema(value_type = CurrencyId)]
    base_currency: String,
    /// What it is paid in; empty if the name has no `-`.
    #[schema(value_type = CurrencyId)]
    quote_currency: String,
    /// One tick.
    #[schema(value_type = Decimal)]
    quote_increment: String,
    /// One lot.
    #[schema(value_type = Decimal)]
    base_increment: String,
    /// Its name for people.
    display_name: String,
    /// `online`, or `offline` while the market is stopped.
    status: ProductStatus,
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
    /// Ours: true if prices of zero and below are taken; else a price must be above zero.
    negative_prices: bool,
    /// Ours: how far limits may reach, if the market has a collar.
    #[serde(skip_serializing_if = "Option::is_none")]
    collar: Option<CollarBody>,
}

impl Product {
    pub(crate) fn of(market: &Market) -> Product {
        let id = market.spec.symbol.as_str();
        let (base, quote) = currencies(market);
        let stopped = market.stopped.is_some();
        Product {
            id: id.to_owned(),
            base_currency: base.to_owned(),
            quote_currency: quote.to_owned(),
            quote_increment: market.spec.tick.step().to_string(),
            base_increment: market.spec.lot.step().to_string(),
            display_name: id.replacen('-', "/", 1),
            status: if stopped { ProductStatus::Offline } else { ProductStatus::Online },
            status_message: if stopped {
                protocol::RejectCode::MarketStopped.message()
            } else {
                ""
            },
            cancel_only: stopped,
            limit_only: true,
            post_only: false,
            trading_disabled: stopped,
            negative_prices: market.spec.negative_prices,
            collar: CollarBody::of(market),
        }
    }
}

/// A currency of some market.
#[derive(Serialize, ToSchema)]
pub(crate) struct Currency {
    /// Its name.
    #[schema(value_type = CurrencyId)]
    id: String,
    /// Its name for people: the same.
    name: String,
    /// The least that can be traded of it, or by which a price in it can differ.
    #[schema(value_type = Decimal)]
    min_size: String,
    /// Always `online`.
    status: ProductStatus,
    /// Always empty.
    message: &'static str,
    /// As `min_size`.
    #[schema(value_type = Decimal)]
    max_precision: String,
}

impl Currency {
    /// The currencies of these markets, by name.
    pub(crate) fn all<'a>(markets: impl Iterator<Item = &'a Market>) -> Vec<Currency> {
        let mut steps: BTreeMap<&str, Scale> = BTreeMap::new();
        for market in markets {
            let (base, quote) = currencies(market);
            for (name, scale) in [(base, market.spec.lot), (quote, market.spec.tick)] {
                let least = steps.entry(name).or_insert(scale);
                if decimal::exact(scale, 1i64) < decimal::exact(*least, 1i64) {
                    *least = scale;
                }
            }
        }
        steps.remove("");
        let currency = |(name, scale): (&str, Scale)| Currency {
            id: name.to_owned(),
            name: name.to_owned(),
            min_size: scale.step().to_string(),
            status: ProductStatus::Online,
            message: "",
            max_precision: scale.step().to_string(),
        };
        steps.into_iter().map(currency).collect()
    }
}

/// What a market trades, and what that is paid in: empty if its name has no `-`.
fn currencies(market: &Market) -> (&str, &str) {
    let id = market.spec.symbol.as_str();
    id.split_once('-').unwrap_or((id, ""))
}

/// Last trade and touch of a market.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ticker {
    /// Best price of a buyer.
    #[schema(value_type = Option<Decimal>)]
    pub(crate) bid: Option<String>,
    /// Best price of a seller.
    #[schema(value_type = Option<Decimal>)]
    pub(crate) ask: Option<String>,
    /// What traded in the last 24 hours.
    #[schema(value_type = Decimal)]
    pub(crate) volume: String,
    /// Number of the last trade.
    pub(crate) trade_id: Option<u64>,
    /// Its price.
    #[schema(value_type = Option<Decimal>)]
    pub(crate) price: Option<String>,
    /// Its size.
    #[schema(value_type = Option<Decimal>)]
    pub(crate) size: Option<String>,
    /// When it happened.
    #[schema(value_type = Option<TimeText>)]
    pub(crate) time: Option<String>,
}

/// One trade of a market.
#[derive(Serialize, ToSchema)]
pub(crate) struct TradeBody {
    /// Its number: that of its fact, so it goes up with gaps and is unique over all markets.
    trade_id: u64,
    /// Side of the resting order: `sell` is an uptick.
    side: SideWord,
    /// Ours: side of the incoming order.
    taker_side: SideWord,
    /// How much.
    #[schema(value_type = Decimal)]
    size: String,
    /// At which price.
    #[schema(value_type = Decimal)]
    price: String,
    /// When.
    #[schema(value_type = TimeText)]
    time: String,
}

impl TradeBody {
    pub(crate) fn of(market: &Market, trade: &Trade) -> TradeBody {
        TradeBody {
            trade_id: trade.seq,
            side: trade.taker_side.opposite().into(),
            taker_side: trade.taker_side.into(),
            size: decimal::size(market, trade.quantity.0),
            price: decimal::price(market, trade.price),
            time: time::show(trade.time),
        }
    }
}

/// One order of the account that asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderBody {
    /// Its number.
    #[schema(value_type = NumberText)]
    pub(crate) id: String,
    /// The client's id that it was placed under, as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    client_oid: Option<String>,
    /// Its market.
    #[schema(value_type = ProductId)]
    product_id: String,
    /// The account.
    #[schema(value_type = NumberText)]
    profile_id: String,
    /// `buy` or `sell`.
    side: SideWord,
    /// Always `limit`.
    r#type: TypeWord,
    /// `GTC` or `IOC`.
    time_in_force: TimeInForceWord,
    /// Always false.
    post_only: bool,
    /// Its limit.
    #[schema(value_type = Decimal)]
    price: String,
    /// Its size, with what has traded.
    #[schema(value_type = Decimal)]
    size: String,
    /// What has traded.
    #[schema(value_type = Decimal)]
    filled_size: String,
    /// What that cost.
    #[schema(value_type = Decimal)]
    executed_value: String,
    /// Always `0`.
    #[schema(value_type = Decimal)]
    fill_fees: &'static str,
    /// `open`, `done`, or ours: `suspended`.
    status: StatusWord,
    /// True once it has ended: a trade is settled when it happens.
    settled: bool,
    /// When it was placed.
    #[schema(value_type = TimeText)]
    created_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = TimeText, required = false)]
    done_at: Option<String>,
    /// How it ended: `filled` or `canceled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = DoneReasonWord, required = false)]
    done_reason: Option<DoneReasonWord>,
}

impl OrderBody {
    pub(crate) fn of(market: &Market, order: &Order) -> OrderBody {
        let Entered {
            order: id,
            new: NewOrder { account, client, side: order_side, time_in_force, .. },
        } = order.entered;
        OrderBody {
            id: id.0.to_string(),
            client_oid: client.map(client_oid::show),
            product_id: market.spec.symbol.to_string(),
            profile_id: account.0.to_string(),
            side: order_side.into(),
            r#type: TypeWord::Limit,
            time_in_force: time_in_force.into(),
            post_only: false,
            price: decimal::price(market, order.price),
            size: decimal::size(market, order.size.0),
            filled_size: decimal::size(market, order.filled.0),
            executed_value: decimal::value(market, order.value),
            fill_fees: "0",
            status: order.status().into(),
            settled: order.end.is_some(),
            created_at: time::show(order.stamp.time),
            done_at: order.end.map(|end| time::show(end.stamp.time)),
            done_reason: order.end.map(|end| end.reason.into()),
        }
    }
}

/// One side of a trade of the account that asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct FillBody {
    /// Number of the trade.
    trade_id: u64,
    /// The market.
    #[schema(value_type = ProductId)]
    product_id: String,
    /// The account's order in it.
    #[schema(value_type = NumberText)]
    order_id: String,
    /// The account.
    #[schema(value_type = NumberText)]
    profile_id: String,
    /// `M` if that order was resting, `T` if it was the incoming order.
    liquidity: Liquidity,
    /// At which price.
    #[schema(value_type = Decimal)]
    price: String,
    /// How much.
    #[schema(value_type = Decimal)]
    size: String,
    /// Always `0`.
    #[schema(value_type = Decimal)]
    fee: &'static str,
    /// Side of that order.
    side: SideWord,
    /// Always true.
    settled: bool,
    /// When.
    #[schema(value_type = TimeText)]
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
            liquidity: if fill.maker { Liquidity::M } else { Liquidity::T },
            price: decimal::price(market, trade.price),
            size: decimal::size(market, trade.quantity.0),
            fee: "0",
            side: fill.side.into(),
            settled: true,
            created_at: time::show(trade.time),
        }
    }
}
