//! Client ids that were used: the same ask again leads to its first order, another one is refused.

use std::collections::{BTreeMap, VecDeque};

use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Side, limits};
use words::{Ask, Entered, TimeInForce};

/// Whether an ask under a client id came before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Repeat {
    /// It did not, as far as we remember.
    New,
    /// The same ask did, and concerned this order.
    Same(OrderId),
    /// Another ask did, under this id.
    Other,
}

/// What was asked under a client id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Asked {
    Place(OrderId, MarketId, Side, Price, Lots, TimeInForce),
    Replace(OrderId, Price, Lots),
}

#[derive(Clone, Default, Hash, Debug)]
pub(crate) struct OfAccount {
    /// Oldest first.
    pub(crate) ids: VecDeque<ClientId>,
    pub(crate) asked: BTreeMap<ClientId, Asked>,
}

/// The last [`limits::REMEMBERED_CLIENT_IDS`] client ids of each account that uses them.
#[derive(Clone, Default, Hash, Debug)]
pub(crate) struct Repeats {
    pub(crate) accounts: BTreeMap<AccountId, OfAccount>,
}

impl Repeats {
    pub(crate) fn has_room_for(&self, account: AccountId) -> bool {
        self.accounts.len() < limits::MAX_ACCOUNTS || self.accounts.contains_key(&account)
    }

    pub(crate) fn find(&self, account: AccountId, client: ClientId, ask: &Ask) -> Repeat {
        let known = self.accounts.get(&account).and_then(|of| of.asked.get(&client));
        match (known, ask) {
            (None, _) => Repeat::New,
            (Some(&Asked::Place(order, market, side, price, lots, stands)), Ask::Place(p))
                if (p.market, p.side, p.price, p.lots, p.stands)
                    == (market, side, price, lots, stands) =>
            {
                Repeat::Same(order)
            }
            (Some(&Asked::Replace(order, price, lots)), Ask::Replace(r))
                if (r.order, r.price, r.lots) == (order, price, lots) =>
            {
                Repeat::Same(order)
            }
            (Some(_), _) => Repeat::Other,
        }
    }

    pub(crate) fn remember_place(&mut self, client: ClientId, e: &Entered) {
        let asked = Asked::Place(e.order, e.market, e.side, e.price, e.lots, e.stands);
        self.remember(e.account, client, asked);
    }

    pub(crate) fn remember_replace(
        &mut self,
        account: AccountId,
        client: ClientId,
        order: OrderId,
        price: Price,
        lots: Lots,
    ) {
        self.remember(account, client, Asked::Replace(order, price, lots));
    }

    pub(crate) fn remember(&mut self, account: AccountId, client: ClientId, asked: Asked) {
        let of = self.accounts.entry(account).or_default();
        if of.asked.insert(client, asked).is_none() {
            of.ids.push_back(client);
        }
        if of.ids.len() > limits::REMEMBERED_CLIENT_IDS
            && let Some(oldest) = of.ids.pop_front()
        {
            of.asked.remove(&oldest);
        }
    }
}
