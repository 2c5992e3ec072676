//! The words of the dialect: each is one of few.

use protocol::TimeInForce;
use serde::{Deserialize, Serialize};
use units::Side;
use utoipa::ToSchema;
use views::{DoneReason, Status};

/// `buy` or `sell`.
#[derive(Serialize, Deserialize, ToSchema, Clone, Copy, Debug)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub(crate) enum SideWord {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

/// By hand, since serde would take `{"buy":null}` for the word `buy`.
impl TryFrom<String> for SideWord {
    type Error = String;

    fn try_from(word: String) -> Result<SideWord, String> {
        match word.as_str() {
            "buy" => Ok(SideWord::Buy),
            "sell" => Ok(SideWord::Sell),
            other => Err(format!("side must be `buy` or `sell`, not `{other}`")),
        }
    }
}

impl From<SideWord> for Side {
    fn from(word: SideWord) -> Side {
        match word {
            SideWord::Buy => Side::Buy,
            SideWord::Sell => Side::Sell,
        }
    }
}

impl From<Side> for SideWord {
    fn from(side: Side) -> SideWord {
        match side {
            Side::Buy => SideWord::Buy,
            Side::Sell => SideWord::Sell,
        }
    }
}

/// How long an order stands: `GTC`, good till cancelled, or `IOC`, immediate or cancel.
#[derive(Serialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum TimeInForceWord {
    /// Good till cancelled.
    Gtc,
    /// Immediate or cancel.
    Ioc,
}

impl From<TimeInForce> for TimeInForceWord {
    fn from(time_in_force: TimeInForce) -> TimeInForceWord {
        match time_in_force {
            TimeInForce::GoodTillCancel => TimeInForceWord::Gtc,
            TimeInForce::ImmediateOrCancel => TimeInForceWord::Ioc,
        }
    }
}

/// Type of an order.
#[derive(Serialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TypeWord {
    /// With a limit.
    Limit,
}

/// Where an order is in its life: `open`, `done`, or ours: `suspended`.
#[derive(Serialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StatusWord {
    /// It may trade.
    Open,
    /// It has ended.
    Done,
    /// It is off the market until it is released or cancelled.
    Suspended,
}

impl From<Status> for StatusWord {
    fn from(status: Status) -> StatusWord {
        match status {
            Status::Open => StatusWord::Open,
            Status::Suspended => StatusWord::Suspended,
            Status::Done | Status::Cancelled => StatusWord::Done,
        }
    }
}

/// How an order ended.
#[derive(Serialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DoneReasonWord {
    /// All of it traded.
    Filled,
    /// It was cancelled, or immediate-or-cancel and not all of it traded.
    Canceled,
}

impl From<DoneReason> for DoneReasonWord {
    fn from(reason: DoneReason) -> DoneReasonWord {
        match reason {
            DoneReason::Filled => DoneReasonWord::Filled,
            DoneReason::Cancelled | DoneReason::Unmatched => DoneReasonWord::Canceled,
        }
    }
}

/// `M`, maker: the resting order; `T`, taker: the incoming order.
#[derive(Serialize, ToSchema, Clone, Copy)]
pub(crate) enum Liquidity {
    /// Maker.
    M,
    /// Taker.
    T,
}

/// Whether a market trades: `online`, or `offline` while it is stopped.
#[derive(Serialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ProductStatus {
    /// It trades.
    Online,
    /// It has stopped, and can be resumed.
    Offline,
}
