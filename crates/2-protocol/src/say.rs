//! What the processes of a market say to each other. Nothing here leaves the world.

use kernel::Pid;
use units::{AccountId, AskId, ClientId, Lots, MarketId, OrderId, Price, Side};

use crate::{Deal, TimeInForce};

/// A message within a world. Who says it to whom is in brackets; *I* is the maker, *R* the newcomer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Say {
    // ---- asks that have come in, to an order [edge → order]
    /// Enter the market: the first that an order hears.
    Enter {
        /// Whose it is.
        account: AccountId,
        /// The client's own id of the ask.
        client: Option<ClientId>,
        /// Buy or sell.
        side: Side,
        /// Limit.
        price: Price,
        /// Size.
        lots: Lots,
        /// How long it stands.
        stands: TimeInForce,
    },
    /// Leave, as soon as no deal is in progress.
    Cancel {
        /// The ask.
        ask: AskId,
    },
    /// Take a new price and size, as soon as no deal is in progress.
    Replace {
        /// The ask.
        ask: AskId,
        /// The client's own id of the ask.
        client: Option<ClientId>,
        /// New limit.
        price: Price,
        /// New size, lots that have traded included.
        lots: Lots,
    },

    // ---- the floor
    /// I am here, at this place, with this much open [order → floor].
    ///
    /// Of an order that the floor has never heard of at that place, it means: I want to deal. Of one
    /// that it knows: I am back from a death, or changed my price or size.
    Announce(Presence),
    /// You asked: here I am, and no deal of an earlier introduction is in progress [order → floor].
    Here {
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
    /// Deal with this newcomer, if you can [floor → I].
    Introduce {
        /// The introduction's number.
        introduction: u32,
        /// The newcomer's address.
        newcomer: Pid,
        /// Its number.
        order: OrderId,
        /// Its limit.
        price: Price,
        /// Its open lots.
        lots: Lots,
    },
    /// I have nothing to propose [I → floor].
    Pass {
        /// The introduction's number.
        introduction: u32,
        /// Open lots of who passes.
        open: Lots,
        /// Whose word must be heard before the newcomer's walk goes on.
        ask: Busy,
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
    /// Nobody else is there to deal with, and you may not rest [floor → newcomer].
    Quiet,
    /// Are you there? Say so once no deal is in progress [floor → order].
    Gather {
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
        lots: Lots,
    },
    /// Agreed, for so much [R → I].
    Accept {
        /// The deal.
        deal: Deal,
        /// At most what was proposed; held by R from here on.
        lots: Lots,
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
        lots: Lots,
    },
    /// How did it end? If you know nothing of it, it is void from now on [a party in doubt → ledger].
    Settle {
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
    Recall {
        /// Who asks.
        order: OrderId,
    },
    /// This [ledger → order].
    Recalled {
        /// Rank in time.
        place: AskId,
        /// Limit.
        price: Price,
        /// Size, lots that have traded included.
        size: Lots,
        /// Lots that have traded.
        done: Lots,
        /// Where.
        market: MarketId,
        /// Buy or sell.
        side: Side,
        /// How long it stands.
        stands: TimeInForce,
    },
    /// Nothing: you never entered, or were filled, or have left [ledger → order].
    Unknown,
    /// Who is open in this market? [floor → ledger]
    Roll {
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

/// One of the two that were introduced to each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Busy {
    /// The resting order.
    Maker,
    /// The newcomer.
    Newcomer,
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
    pub place: AskId,
    /// Buy or sell.
    pub side: Side,
    /// How long it stands.
    pub stands: TimeInForce,
}

/// How a chart writes orders and deals.
pub trait Names {
    /// An order's name, such as `ann`.
    fn order(&self, order: OrderId) -> String;
    /// A deal's name, such as `d1`.
    fn deal(&self, deal: Deal) -> String;
}

impl Say {
    /// The deal that this is about, if it is about one.
    pub fn deal(&self) -> Option<Deal> {
        match *self {
            Say::Propose { deal, .. }
            | Say::Accept { deal, .. }
            | Say::Decline { deal }
            | Say::Complete { deal }
            | Say::Withdraw { deal }
            | Say::Record { deal, .. }
            | Say::Settle { deal, .. }
            | Say::Recorded { deal }
            | Say::Voided { deal } => Some(deal),
            _ => None,
        }
    }

    /// The message as charts write it, such as `propose d1 4 @ 100`.
    pub fn text(&self, names: &impl Names) -> String {
        let d = |deal: Deal| names.deal(deal);
        match *self {
            Say::Enter { side, price, lots, .. } => format!("enter {side} {lots} @ {price}"),
            Say::Cancel { .. } => "cancel".to_owned(),
            Say::Replace { price, lots, .. } => format!("replace {lots} @ {price}"),
            Say::Announce(p) => format!("announce {} {} @ {}", p.side, p.open, p.price),
            Say::Here { presence: p, .. } => format!("here {} {} @ {}", p.side, p.open, p.price),
            Say::Leave { .. } => "leave".to_owned(),
            Say::Suspend { order } => format!("suspend {}", names.order(order)),
            Say::Introduce { order, price, lots, .. } => {
                format!("introduce {} {lots} @ {price}", names.order(order))
            }
            Say::Pass { open, .. } => format!("pass {open} open"),
            Say::Next { open, .. } => format!("next {open} open"),
            Say::Quiet => "quiet".to_owned(),
            Say::Gather { .. } => "gather".to_owned(),
            Say::Propose { deal, price, lots, .. } => {
                format!("propose {} {lots} @ {price}", d(deal))
            }
            Say::Accept { deal, lots } => format!("accept {} {lots}", d(deal)),
            Say::Decline { deal } => format!("decline {}", d(deal)),
            Say::Complete { deal } => format!("complete {}", d(deal)),
            Say::Withdraw { deal } => format!("withdraw {}", d(deal)),
            Say::Record { deal, price, lots } => format!("record {} {lots} @ {price}", d(deal)),
            Say::Settle { deal, .. } => format!("settle {}", d(deal)),
            Say::Recorded { deal } => format!("recorded {}", d(deal)),
            Say::Voided { deal } => format!("voided {}", d(deal)),
            Say::Recall { .. } => "recall".to_owned(),
            Say::Recalled { size, done, price, .. } => {
                format!("recalled {done} of {size} @ {price}")
            }
            Say::Unknown => "unknown".to_owned(),
            Say::Roll { .. } => "roll".to_owned(),
            Say::Listed { order } => format!("listed {}", names.order(order)),
            Say::ListedAll => "listed all".to_owned(),
        }
    }
}
