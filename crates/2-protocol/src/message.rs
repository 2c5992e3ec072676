//! The messages between the processes of a market. None of them leaves the world.

use kernel::Pid;
use units::{ClientId, CommandId, Lots, MarketId, OrderId, Price, Side};

use crate::{Deal, NewOrder, TimeInForce};

/// A message between the processes of a market. The brackets name sender and recipient.
///
/// The *maker* is the resting order of a deal, the *taker* the incoming one. A message is lost only if its recipient
/// dies before it arrives, or its sender's step is undone. So each entry says what replaces it then.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    // ---- commands [exchange → order]
    /// Enters the order into its market. The first message of a new process.
    ///
    /// If lost: no fact was recorded, and the exchange carries the command in again, under the same number.
    Enter(NewOrder),
    /// Cancels the order as soon as no deal is in progress.
    ///
    /// If lost: the exchange sees no answering fact, and sends it again to the order's next life.
    Cancel {
        /// The command.
        command: CommandId,
    },
    /// Gives the order a new price and size as soon as no deal is in progress.
    ///
    /// If lost: as for `Cancel`.
    Replace {
        /// The command.
        command: CommandId,
        /// The client's own id of the command.
        client: Option<ClientId>,
        /// New limit.
        price: Price,
        /// New size, lots that have traded included.
        quantity: Lots,
    },

    // ---- the floor
    /// Announces an order [order → floor]: after it entered, was replaced, or came back from a restart.
    ///
    /// An order that the floor does not know at this priority becomes an incoming order. If lost: the floor has died,
    /// and its next life queries every order.
    Announce(Presence),
    /// Answers `QueryState` once no deal is in progress [order → floor].
    ///
    /// From then on the order declines proposals of this introduction and earlier ones, so the answer stays true. If
    /// lost: as for `Announce`.
    State {
        /// Where the order is, with its open lots.
        presence: Presence,
        /// The number of the query.
        introduction: u32,
    },
    /// Says that the order has ended: cancelled, or filled as maker [order → floor].
    ///
    /// If lost: the floor's next life does not find it in the ledger's list.
    Leave {
        /// The order.
        order: OrderId,
        /// The introduction in whose deal it was filled, or 0.
        introduction: u32,
    },
    /// Introduces the incoming order to the best resting one [floor → maker].
    ///
    /// If lost: the maker has died, and its next life announces itself, which puts the walk in doubt.
    Introduce {
        /// The introduction's number.
        introduction: u32,
        /// The incoming order's address.
        incoming: Pid,
        /// Its number.
        order: OrderId,
        /// Its limit.
        price: Price,
        /// Its open lots.
        quantity: Lots,
    },
    /// Proposes nothing, or reports that the proposal came to nothing [maker → floor].
    ///
    /// If lost: as for `Announce`.
    Pass {
        /// The introduction's number.
        introduction: u32,
        /// The maker's open lots.
        open: Lots,
        /// The party whose state the floor must query before the walk goes on.
        busy: Busy,
    },
    /// Ends the introduction and asks for the next one [taker → floor].
    ///
    /// With `open` zero it also says that the taker is filled and has ended. If lost: as for `Announce`.
    Next {
        /// The order.
        order: OrderId,
        /// The introduction's number.
        introduction: u32,
        /// Lots that were dealt in it.
        dealt: Lots,
        /// Open lots that are left.
        open: Lots,
    },
    /// Says that no order is left to deal with, to an incoming order that may not rest [floor → taker].
    ///
    /// If lost: the order's next life announces itself, and the floor walks again.
    NoMatch,
    /// Asks an order for its state, to be sent once no deal is in progress [floor → order].
    ///
    /// If lost: the order's next life announces itself.
    QueryState {
        /// The introduction that the answer ends, or another number of the floor's.
        introduction: u32,
    },
    /// Takes an order off the floor whose process was given up [its supervisor → floor].
    ///
    /// If lost: the fact `suspended` is recorded, so the ledger does not list the order to the floor's next life.
    Suspend {
        /// The order.
        order: OrderId,
    },

    // ---- the deal
    /// Offers lots at the maker's price [maker → taker]. The maker holds them until the deal ends.
    ///
    /// If lost: the taker has died, the maker's monitor fires, and the maker frees its hold.
    Propose {
        /// The deal.
        deal: Deal,
        /// The introduction that it belongs to.
        introduction: u32,
        /// The maker's limit, at which they trade.
        price: Price,
        /// At most this many lots.
        quantity: Lots,
    },
    /// Accepts a proposal for these lots [taker → maker]. The taker has noted its hold in the same step.
    ///
    /// If lost: the maker has died, the taker's monitor fires, and the taker asks the ledger with `Resolve`.
    Accept {
        /// The deal.
        deal: Deal,
        /// At most the lots proposed; the taker holds them from here on.
        quantity: Lots,
    },
    /// Declines a proposal [taker → maker].
    ///
    /// If lost: the maker has died, and its hold with it.
    Decline {
        /// The deal.
        deal: Deal,
    },
    /// Says that the ledger recorded the trade [maker → taker].
    ///
    /// If lost: the taker has died. Its next life finds the hold in its note, and asks the ledger.
    Complete {
        /// The deal.
        deal: Deal,
    },
    /// Says that the deal is not recorded and never will be [maker → taker].
    ///
    /// If lost: as for `Complete`.
    Withdraw {
        /// The deal.
        deal: Deal,
    },

    // ---- the ledger
    /// Asks the ledger to record a trade [maker → ledger].
    ///
    /// If lost: the maker's monitor of the ledger fires, and it asks again. The ledger records a deal once.
    Record {
        /// The deal.
        deal: Deal,
        /// The price agreed on.
        price: Price,
        /// The lots agreed on.
        quantity: Lots,
    },
    /// Asks how a deal ended; one that the ledger does not know is void from then on [a party in doubt → ledger].
    ///
    /// If lost: as for `Record`.
    Resolve {
        /// The deal.
        deal: Deal,
        /// The order that asks.
        order: OrderId,
    },
    /// Says that the deal is a trade [ledger → the party that asked].
    ///
    /// If lost: the party has died, and its next life asks with `Resolve`.
    Recorded {
        /// The deal.
        deal: Deal,
    },
    /// Says that the deal is no trade and never will be [ledger → the party that asked].
    ///
    /// If lost: as for `Recorded`.
    Voided {
        /// The deal.
        deal: Deal,
    },
    /// Asks what the facts say of an order [an order that is back from a restart → ledger].
    ///
    /// If lost: as for `Record`.
    Restore {
        /// The order that asks.
        order: OrderId,
    },
    /// Answers `Restore` with the order's terms and fills [ledger → order].
    ///
    /// If lost: the order has died, and its next life asks again.
    Restored {
        /// Rank in time.
        priority: CommandId,
        /// Limit.
        price: Price,
        /// Size, lots that have traded included.
        size: Lots,
        /// Lots that have traded.
        filled: Lots,
        /// Its market.
        market: MarketId,
        /// Buy or sell.
        side: Side,
        /// How long it stands.
        time_in_force: TimeInForce,
    },
    /// Answers an order that is not open: it never entered, was filled, or was cancelled [ledger → order].
    ///
    /// If lost: as for `Restored`.
    Unknown,
    /// Asks for the open orders of a market [floor → ledger]. The first act of a floor's life.
    ///
    /// If lost: the floor's monitor of the ledger fires, and it asks again.
    ListOpen {
        /// The market.
        market: MarketId,
    },
    /// Names one open order [ledger → floor].
    ///
    /// If lost: the floor has died, and its next life asks again.
    Listed {
        /// The order.
        order: OrderId,
    },
    /// Ends the list [ledger → floor].
    ///
    /// If lost: as for `Listed`.
    ListedAll,
}

/// A message is copied into the ring and out of it, so it must not grow; nor may what commands and facts carry.
const _: () = assert!(size_of::<Message>() == 48 && size_of::<NewOrder>() == 40);

/// One of the two parties of an introduction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Busy {
    /// The resting order.
    Maker,
    /// The incoming order.
    Incoming,
}

/// What the floor knows of an order, as the order announces it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Presence {
    /// Its number.
    pub order: OrderId,
    /// Open lots.
    pub open: Lots,
    /// Limit.
    pub price: Price,
    /// Rank in time.
    pub priority: CommandId,
    /// Buy or sell.
    pub side: Side,
    /// How long it stands.
    pub time_in_force: TimeInForce,
}

/// The names that a chart gives to orders and deals.
pub trait Names {
    /// An order's name, such as `ann`.
    fn order(&self, order: OrderId) -> String;
    /// A deal's name, such as `d1`.
    fn deal(&self, deal: Deal) -> String;
}

impl Message {
    /// The deal that this is about, if it is about one.
    pub fn deal(&self) -> Option<Deal> {
        match *self {
            Message::Propose { deal, .. }
            | Message::Accept { deal, .. }
            | Message::Decline { deal }
            | Message::Complete { deal }
            | Message::Withdraw { deal }
            | Message::Record { deal, .. }
            | Message::Resolve { deal, .. }
            | Message::Recorded { deal }
            | Message::Voided { deal } => Some(deal),
            _ => None,
        }
    }

    /// The message as charts write it, such as `propose d1 4 @ 100`.
    pub fn text(&self, names: &impl Names) -> String {
        let d = |deal: Deal| names.deal(deal);
        match *self {
            Message::Enter(NewOrder { side, price, quantity, .. }) => {
                format!("enter {side} {quantity} @ {price}")
            }
            Message::Cancel { .. } => "cancel".to_owned(),
            Message::Replace { price, quantity, .. } => format!("replace {quantity} @ {price}"),
            Message::Announce(p) => format!("announce {} {} @ {}", p.side, p.open, p.price),
            Message::State { presence: p, .. } => {
                format!("state {} {} @ {}", p.side, p.open, p.price)
            }
            Message::Leave { .. } => "leave".to_owned(),
            Message::Suspend { order } => format!("suspend {}", names.order(order)),
            Message::Introduce { order, price, quantity, .. } => {
                format!("introduce {} {quantity} @ {price}", names.order(order))
            }
            Message::Pass { open, .. } => format!("pass {open} open"),
            Message::Next { open, .. } => format!("next {open} open"),
            Message::NoMatch => "no-match".to_owned(),
            Message::QueryState { .. } => "query-state".to_owned(),
            Message::Propose { deal, price, quantity, .. } => {
                format!("propose {} {quantity} @ {price}", d(deal))
            }
            Message::Accept { deal, quantity } => format!("accept {} {quantity}", d(deal)),
            Message::Decline { deal } => format!("decline {}", d(deal)),
            Message::Complete { deal } => format!("complete {}", d(deal)),
            Message::Withdraw { deal } => format!("withdraw {}", d(deal)),
            Message::Record { deal, price, quantity } => {
                format!("record {} {quantity} @ {price}", d(deal))
            }
            Message::Resolve { deal, .. } => format!("resolve {}", d(deal)),
            Message::Recorded { deal } => format!("recorded {}", d(deal)),
            Message::Voided { deal } => format!("voided {}", d(deal)),
            Message::Restore { .. } => "restore".to_owned(),
            Message::Restored { size, filled, price, .. } => {
                format!("restored {filled} of {size} @ {price}")
            }
            Message::Unknown => "unknown".to_owned(),
            Message::ListOpen { .. } => "list-open".to_owned(),
            Message::Listed { order } => format!("listed {}", names.order(order)),
            Message::ListedAll => "listed all".to_owned(),
        }
    }
}
