//! Fills: the last trades of each account, from its own side.
//!
//! Each trade is kept once, in order of facts; an account keeps the numbers of its own.

use std::collections::{BTreeMap, VecDeque};

use units::{AccountId, OrderId, Side};

use super::{Trade, pop_oldest};

/// One side of a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fill<'a> {
    /// The trade.
    pub trade: &'a Trade,
    /// The account's order in it.
    pub order: OrderId,
    /// Side of that order.
    pub side: Side,
    /// True if that order was the resting one.
    pub maker: bool,
}

/// The most recent fills of each account.
#[derive(Clone, Debug)]
pub struct Fills {
    per_account: usize,
    bound: usize,
    trades: VecDeque<Trade>,
    accounts: BTreeMap<AccountId, VecDeque<u64>>,
}

impl Fills {
    pub(crate) fn new(per_account: usize, bound: usize) -> Fills {
        Fills { per_account, bound, trades: VecDeque::new(), accounts: BTreeMap::new() }
    }

    pub(crate) fn push(&mut self, trade: Trade) {
        self.trades.push_back(trade);
        for account in parties(&trade).into_iter().flatten() {
            let seqs = self.accounts.entry(account).or_default();
            seqs.push_back(trade.seq);
            if seqs.len() > self.per_account {
                pop_oldest(seqs);
            }
        }
        if self.trades.len() > self.bound
            && let Some(oldest) = self.trades.pop_front()
        {
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, trade: &Trade) {
        for account in parties(trade).into_iter().flatten() {
            let Some(seqs) = self.accounts.get_mut(&account) else { continue };
            if seqs.front() == Some(&trade.seq) {
                pop_oldest(seqs);
            }
            if seqs.is_empty() {
                self.accounts.remove(&account);
            }
        }
    }

    /// Places in the lists of accounts, taken or not.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.accounts.values().map(VecDeque::capacity).sum()
    }

    /// An account's fills, newest first. Of a trade with itself, the incoming order's side comes first.
    pub fn newest_first(&self, account: AccountId) -> impl Iterator<Item = Fill<'_>> {
        let seqs = self.accounts.get(&account).into_iter().flat_map(|seqs| seqs.iter().rev());
        seqs.filter_map(|&seq| self.of_fact(seq)).flat_map(move |trade| {
            let maker = (trade.maker_account == Some(account)).then_some(Fill {
                trade,
                order: trade.deal.maker,
                side: trade.taker_side.opposite(),
                maker: true,
            });
            let taker = (trade.taker_account == Some(account)).then_some(Fill {
                trade,
                order: trade.deal.taker,
                side: trade.taker_side,
                maker: false,
            });
            [taker, maker].into_iter().flatten()
        })
    }

    /// The trade that is the fact with this number, if it is kept. O(log kept).
    pub fn of_fact(&self, seq: u64) -> Option<&Trade> {
        let at = self.trades.binary_search_by_key(&seq, |trade| trade.seq).ok()?;
        self.trades.get(at)
    }
}

/// The accounts of a trade, each once.
fn parties(trade: &Trade) -> [Option<AccountId>; 2] {
    let taker = trade.taker_account.filter(|_| trade.taker_account != trade.maker_account);
    [trade.maker_account, taker]
}
