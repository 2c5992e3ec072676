//! Client ids that were used. The same command again leads to its first order; another command is rejected.
//!
//! Their memory has a bound in bytes, over all accounts. At the bound, the account that is idle for longest is
//! forgotten. An account with an open order under a client id is active, and never forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use protocol::{Command, Entered, NewOrder, TimeInForce};
use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Side, limits};

use crate::mutation;

/// Whether a command under a client id came before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Repeat {
    /// It did not, as far as the ledger remembers.
    New,
    /// The same command did, and concerned this order.
    Same(OrderId),
    /// Another command did, under this id.
    Other,
}

/// The command under a client id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Remembered {
    NewOrder(OrderId, MarketId, Side, Price, Lots, TimeInForce),
    Replace(OrderId, Price, Lots),
}

/// An account that has used client ids.
#[derive(Clone, Copy, Default, Debug)]
struct OfAccount {
    /// Ids that are remembered.
    ids: usize,
    /// Open orders that were asked for under client ids, remembered or not.
    open: u32,
    /// The number of the fact since which no such order is open.
    since: u64,
}

/// Bytes of a remembered id, in its two trees, as if these were half full. A test
/// compares it with an allocator's count.
pub(crate) const ID_BYTES: usize = 256;
/// Bytes of an account without its ids.
pub(crate) const ACCOUNT_BYTES: usize = 128;

/// The last [`limits::REMEMBERED_CLIENT_IDS`] client ids of each account that uses them, as far as the bound allows.
///
/// - `asked` and `ids` hold the same ids; `accounts` counts them
/// - an account is in `accounts` as long as it has an id or an open order, and in `idle` if it has no open order
/// - bytes are at most the bound after each fact, and no account with an open order is forgotten for it
#[derive(Clone, Debug)]
pub(crate) struct Repeats {
    bound: usize,
    /// Each command, and the number of the fact that it caused. A tree, since clients choose the ids.
    commands: BTreeMap<(AccountId, ClientId), (u64, Remembered)>,
    /// The ids of each account, oldest first.
    ids: BTreeMap<(AccountId, u64), ClientId>,
    accounts: BTreeMap<AccountId, OfAccount>,
    /// Those without open orders, idle for longest first.
    idle: BTreeSet<(u64, AccountId)>,
}

impl Default for Repeats {
    fn default() -> Repeats {
        Repeats::bounded(limits::REMEMBERED_BYTES)
    }
}

/// Hashes the ids and their commands. Idle times have an effect only at the bound, which the worlds that an explorer
/// compares never reach.
impl Hash for Repeats {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Repeats { bound: _, commands: asked, ids, accounts: _, idle: _ } = self;
        asked.iter().for_each(|(key, (_, asked))| (key, asked).hash(state));
        ids.iter().for_each(|((account, _), client)| (account, client).hash(state));
    }
}

impl Repeats {
    /// Remembers nothing yet, and never more than `bound` bytes.
    pub(crate) fn bounded(bound: usize) -> Repeats {
        Repeats {
            bound,
            commands: BTreeMap::new(),
            ids: BTreeMap::new(),
            accounts: BTreeMap::new(),
            idle: BTreeSet::new(),
        }
    }

    /// Bytes that are in use, at most.
    pub(crate) fn bytes(&self) -> usize {
        self.commands.len() * ID_BYTES + self.accounts.len() * ACCOUNT_BYTES
    }

    /// True if an id of this account can be remembered, for which an idle account may have to be forgotten.
    pub(crate) fn has_room_for(&self, account: AccountId) -> bool {
        self.accounts.contains_key(&account)
            || !self.idle.is_empty()
            || self.bytes() + ID_BYTES + ACCOUNT_BYTES <= self.bound
    }

    pub(crate) fn find(&self, account: AccountId, client: ClientId, command: &Command) -> Repeat {
        let known = self.commands.get(&(account, client)).map(|(_, asked)| asked);
        match (known, command) {
            (None, _) => Repeat::New,
            (
                Some(&Remembered::NewOrder(order, market, side, price, quantity, time_in_force)),
                Command::NewOrder(p),
            ) if (p.market, p.side, p.price, p.quantity, p.time_in_force)
                == (market, side, price, quantity, time_in_force) =>
            {
                Repeat::Same(order)
            }
            (Some(&Remembered::Replace(order, price, quantity)), Command::Replace(r))
                if (r.order, r.price, r.quantity) == (order, price, quantity) =>
            {
                Repeat::Same(order)
            }
            (Some(_), _) => Repeat::Other,
        }
    }

    /// An order has entered under a client id; [`Repeats::on_end`] must be called when it ends.
    pub(crate) fn on_entered(&mut self, at: u64, client: ClientId, entered: &Entered) {
        let Entered { order, new } = *entered;
        let NewOrder { account, market, side, price, quantity, time_in_force, .. } = new;
        self.on_open(account);
        let asked = Remembered::NewOrder(order, market, side, price, quantity, time_in_force);
        self.remember(at, account, client, asked);
    }

    /// An account has an open order that was asked for under a client id.
    pub(crate) fn on_open(&mut self, account: AccountId) {
        let of = self.accounts.entry(account).or_default();
        if of.open == 0 {
            self.idle.remove(&(of.since, account));
        }
        of.open += 1;
    }

    /// One of these orders has ended.
    pub(crate) fn on_end(&mut self, at: u64, account: AccountId) {
        let Some(of) = self.accounts.get_mut(&account) else { return };
        of.open -= 1;
        if of.open > 0 {
            return;
        }
        of.since = at;
        if of.ids == 0 {
            self.accounts.remove(&account);
        } else {
            self.idle.insert((at, account));
        }
    }

    /// Remembers an id of an account with an open order, in place of the oldest ones beyond the bounds.
    pub(crate) fn remember(
        &mut self,
        at: u64,
        account: AccountId,
        client: ClientId,
        asked: Remembered,
    ) {
        let of = self.accounts.entry(account).or_default();
        // An id that is used anew keeps its place among the others: it was another's to forget it first.
        let number = self.commands.get(&(account, client)).map_or(at, |(number, _)| *number);
        if self.commands.insert((account, client), (number, asked)).is_none() {
            self.ids.insert((account, number), client);
            of.ids += 1;
        }
        if of.ids > limits::REMEMBERED_CLIENT_IDS {
            self.forget_oldest_of(account);
        }
        while self.bytes() > self.bound && !mutation::NEVER_FORGETS.is_on() {
            let idle = match mutation::FORGETS_ACTIVE.is_on() {
                true => self.accounts.first_key_value().map(|(account, _)| *account),
                false => self.idle.pop_first().map(|(_, account)| account),
            };
            match idle {
                Some(idle) => self.forget(idle),
                // All others are active, so it is its own that has to go.
                None if self.forget_oldest_of(account) => {}
                None => return,
            }
        }
    }

    /// Forgets an account that is idle. O(its ids).
    fn forget(&mut self, account: AccountId) {
        while self.forget_oldest_of(account) {}
        self.accounts.remove(&account);
    }

    /// Forgets the oldest id of an account; false if there is none.
    fn forget_oldest_of(&mut self, account: AccountId) -> bool {
        let own = (account, 0)..=(account, u64::MAX);
        let Some((&key, &client)) = self.ids.range(own).next() else { return false };
        self.ids.remove(&key);
        self.commands.remove(&(account, client));
        if let Some(of) = self.accounts.get_mut(&account) {
            of.ids -= 1;
        }
        true
    }

    /// The accounts that have ids: since when each is idle (0 for one with open orders), and its number of ids.
    pub(crate) fn accounts(&self) -> impl ExactSizeIterator<Item = (AccountId, u64, usize)> {
        self.accounts
            .iter()
            .map(|(account, of)| (*account, if of.open == 0 { of.since } else { 0 }, of.ids))
    }

    /// An account's ids, oldest first, with the command of each.
    pub(crate) fn ids_of(
        &self,
        account: AccountId,
    ) -> impl Iterator<Item = (ClientId, &Remembered)> {
        let own = (account, 0)..=(account, u64::MAX);
        let asked = move |client| &self.commands.get(&(account, client)).expect("in both trees").1;
        self.ids.range(own).map(move |(_, client)| (*client, asked(*client)))
    }

    /// The accounts that may be forgotten, the next one first.
    #[cfg(test)]
    pub(crate) fn idle(&self) -> Vec<AccountId> {
        self.idle.iter().map(|(_, account)| *account).collect()
    }

    /// An account as a snapshot has it; its open orders come before it, its ids after it.
    pub(crate) fn load_account(&mut self, account: AccountId, since: u64) {
        let of = self.accounts.entry(account).or_default();
        of.since = since;
        if of.open == 0 {
            self.idle.insert((since, account));
        }
    }
}
