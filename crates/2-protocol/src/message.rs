//! What the processes of a market say to each other. Nothing here leaves the world.

use kernel::Pid;
use units::{ClientId, CommandId, Lots, MarketId, OrderId, Price, Side};

use crate::{Deal, NewOrder, TimeInForce};

/// A message within a world. Who says it to whom is in brackets; *I* is the maker, *R* the incoming order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    // ---- commands that have come in, to an order [edge → order]
    /// Enter the market: the first that an order hears.
    Enter(NewOrder),
    /// Leave, as soon as no deal is in progress.
    Cancel {
        /// The command.
        command: CommandId,
    },
    /// Take a new price and size, as soon as no deal is in progress.
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
    /// I am here, at this place, with this much open [order → floor].
    ///
    /// Of an order that the floor has never heard of at that place, it means: I want to deal. Of one
    /// that it knows: I am back from a death, or changed my price or size.
    Announce(Presence),
    /// You asked: here I am, and no deal of an earlier introduction is in progress [order → floor].
    State {
        /// Where I am, with how much open.
        presence: Presence,
        /// The question's number.
        introduction: u32,
    },
    /// I am gone [order → floor].
    Leave {
        /// Who.
        order: OrderId,
        /// The introduction in whose deal I was filled, or 0.
        introduction: u32,
    },
    /// Deal with this incoming order, if you can [floor → I].
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
    /// I have nothing to propose [I → floor].
    Pass {
        /// The introduction's number.
        introduction: u32,
        /// Open lots of who passes.
        open: Lots,
        /// Whose word must be heard before the incoming order's walk goes on.
        busy: Busy,
    },
    /// That introduction is over; who is next? [R → floor]
    Next {
        /// Who.
        order: OrderId,
        /// The introduction's number.
        introduction: u32,
        /// Lots that were dealt in it.
        dealt: Lots,
        /// Open lots that are left.
        open: Lots,
    },
    /// Nobody else is there to deal with, and you may not rest [floor → incoming order].
    NoMatch,
    /// Are you there? Say so once no deal is in progress [floor → order].
    QueryState {
        /// The introduction that is over with your word, or another number of the floor's.
        introduction: u32,
    },
    /// This order's process was given up [its supervisor → floor].
    Suspend {
        /// Who.
        order: OrderId,
    },

    // ---- the deal
    /// I offer this, at my price [I → R].
    Propose {
        /// The deal.
        deal: Deal,
        /// The introduction that it belongs to.
        introduction: u32,
        /// My limit, at which we trade.
        price: Price,
        /// At most this much.
        quantity: Lots,
    },
    /// Agreed, for so much [R → I].
    Accept {
        /// The deal.
        deal: Deal,
        /// At most what was proposed; held by R from here on.
        quantity: Lots,
    },
    /// Not with me [R → I].
    Decline {
        /// The deal.
        deal: Deal,
    },
    /// It is in the ledger [I → R].
    Complete {
        /// The deal.
        deal: Deal,
    },
    /// I never asked the ledger for it, and never will [I → R].
    Withdraw {
        /// The deal.
        deal: Deal,
    },

    // ---- the ledger
    /// Make it a trade [I → ledger].
    Record {
        /// The deal.
        deal: Deal,
        /// The price agreed on.
        price: Price,
        /// The lots agreed on.
        quantity: Lots,
    },
    /// How did it end? If you know nothing of it, it is void from now on [a party in doubt → ledger].
    Resolve {
        /// The deal.
        deal: Deal,
        /// Who asks.
        order: OrderId,
    },
    /// It is a trade [ledger → who asked].
    Recorded {
        /// The deal.
        deal: Deal,
    },
    /// It is not, and never will be [ledger → who asked].
    Voided {
        /// The deal.
        deal: Deal,
    },
    /// What do you know of me? [an order that is back → ledger]
    Restore {
        /// Who asks.
        order: OrderId,
    },
    /// This [ledger → order].
    Restored {
        /// Rank in time.
        priority: CommandId,
        /// Limit.
        price: Price,
        /// Size, lots that have traded included.
        size: Lots,
        /// Lots that have traded.
        filled: Lots,
        /// Where.
        market: MarketId,
        /// Buy or sell.
        side: Side,
        /// How long it stands.
        time_in_force: TimeInForce,
    },
    /// Nothing: you never entered, or were filled, or have left [ledger → order].
    Unknown,
    /// Who is open in this market? [floor → ledger]
    ListOpen {
        /// Which.
        market: MarketId,
    },
    /// This one [ledger → floor].
    Listed {
        /// Who.
        order: OrderId,
    },
    /// And nobody else [ledger → floor].
    ListedAll,
}

/// A message is copied into the ring and out of it, so it must not grow; nor may what commands and facts carry.
const _: () = assert!(size_of::<Message>() == 48 && size_of::<NewOrder>() == 40);

/// One of the two that were introduced to each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Busy {
    /// The resting order.
    Maker,
    /// The incoming order.
    Incoming,
}

/// What the floor knows of an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Presence {
    /// Who.
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

/// How a chart writes orders and deals.
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
