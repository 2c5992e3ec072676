//! The ledger as a process: takes deals to the fold's judge, and says how they ended.
//!
//! It owns nothing. What it knows is the fold of the world's log, which outlives it, so it can die
//! at any moment and be there again. The only process that records `Traded` and `Voided`.

use kernel::{Out, Pid};
use ledger::Verdict;
use protocol::{Deal, Fact, Message};
use units::{Lots, MarketId, OrderId, Price};

use crate::{Party, mutation};

/// Who records deals.
#[derive(Clone, Copy, Hash, Debug)]
pub struct LedgerProcess;

impl LedgerProcess {
    #[inline(always)]
    pub(crate) fn handle(&mut self, from: Pid, message: &Message, out: &mut Out<Party>) {
        match *message {
            Message::Record { deal, price, quantity } => {
                self.on_record(from, deal, price, quantity, out)
            }
            Message::Resolve { deal, order } => self.on_resolve(from, deal, order, out),
            Message::Restore { order } => self.on_restore(from, order, out),
            Message::ListOpen { market } => self.on_list_open(from, market, out),
            // Nobody says these to a ledger.
            Message::Enter(_)
            | Message::Cancel { .. }
            | Message::Replace { .. }
            | Message::Announce(_)
            | Message::State { .. }
            | Message::Leave { .. }
            | Message::Introduce { .. }
            | Message::Pass { .. }
            | Message::Next { .. }
            | Message::NoMatch
            | Message::QueryState { .. }
            | Message::Suspend { .. }
            | Message::Propose { .. }
            | Message::Accept { .. }
            | Message::Decline { .. }
            | Message::Complete { .. }
            | Message::Withdraw { .. }
            | Message::Recorded { .. }
            | Message::Voided { .. }
            | Message::Restored { .. }
            | Message::Unknown
            | Message::Listed { .. }
            | Message::ListedAll => {}
        }
    }

    #[inline]
    fn on_record(
        &mut self,
        from: Pid,
        deal: Deal,
        price: Price,
        quantity: Lots,
        out: &mut Out<Party>,
    ) {
        let ledger = out.read_state().expect("the tree names the ledger as reader of the log");
        match ledger.validate_deal(&deal, price, quantity) {
            Verdict::Trade(market) => {
                out.record(Fact::Traded { deal, market, price, quantity });
                out.send(from, Message::Recorded { deal });
            }
            verdict => self.answer(from, deal, verdict, out),
        }
    }

    fn on_resolve(&mut self, from: Pid, deal: Deal, order: OrderId, out: &mut Out<Party>) {
        let ledger = out.read_state().expect("the tree names the ledger as reader of the log");
        let verdict = ledger.resolve(&deal, order);
        self.answer(from, deal, verdict, out);
    }

    /// Who is told that a deal is void is told so because it can never be a trade any more.
    fn answer(&mut self, to: Pid, deal: Deal, verdict: Verdict, out: &mut Out<Party>) {
        match verdict {
            Verdict::Traded => out.send(to, Message::Recorded { deal }),
            Verdict::ToVoid | Verdict::Trade(_) => {
                if !mutation::NO_FENCE.is_on() {
                    out.record(Fact::Voided { deal });
                }
                out.send(to, Message::Voided { deal });
            }
            Verdict::Void => out.send(to, Message::Voided { deal }),
            Verdict::Gone => out.send(to, Message::Unknown),
        }
    }

    fn on_restore(&mut self, from: Pid, order: OrderId, out: &mut Out<Party>) {
        let ledger = out.read_state().expect("the tree names the ledger as reader of the log");
        let answer = match ledger.order(order) {
            Some(record) if record.is_open() => Message::Restored {
                priority: record.priority,
                price: record.price,
                size: record.size,
                filled: record.filled,
                market: record.market,
                side: record.side,
                time_in_force: record.time_in_force(),
            },
            _ => Message::Unknown,
        };
        out.send(from, answer);
    }

    fn on_list_open(&mut self, from: Pid, market: MarketId, out: &mut Out<Party>) {
        let ledger = out.read_state().expect("the tree names the ledger as reader of the log");
        for order in ledger.open_in(market) {
            out.send(from, Message::Listed { order });
        }
        out.send(from, Message::ListedAll);
    }
}
