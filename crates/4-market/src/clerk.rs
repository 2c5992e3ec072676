//! The ledger as a process: takes deals to the fold's judge, and says how they ended.
//!
//! It owns nothing. What it knows is the fold of the world's log, which outlives it, so it can die
//! at any moment and be there again. The only process that records `Traded` and `Voided`.

use kernel::{Out, Pid};
use ledger::Verdict;
use protocol::{Deal, Fact, Say};
use units::{Lots, MarketId, OrderId, Price};

use crate::{Party, mutation};

/// Who records deals.
#[derive(Clone, Copy, Hash, Debug)]
pub struct Clerk;

impl Clerk {
    #[inline(always)]
    pub(crate) fn handle(&mut self, from: Pid, message: &Say, out: &mut Out<Party>) {
        match *message {
            Say::Record { deal, price, lots } => self.on_record(from, deal, price, lots, out),
            Say::Settle { deal, order } => self.on_settle(from, deal, order, out),
            Say::Recall { order } => self.on_recall(from, order, out),
            Say::Roll { market } => self.on_roll(from, market, out),
            // Nobody says these to a ledger.
            Say::Enter { .. }
            | Say::Cancel { .. }
            | Say::Replace { .. }
            | Say::Announce(_)
            | Say::Here { .. }
            | Say::Leave { .. }
            | Say::Introduce { .. }
            | Say::Pass { .. }
            | Say::Next { .. }
            | Say::Quiet
            | Say::Gather { .. }
            | Say::Suspend { .. }
            | Say::Propose { .. }
            | Say::Accept { .. }
            | Say::Decline { .. }
            | Say::Complete { .. }
            | Say::Withdraw { .. }
            | Say::Recorded { .. }
            | Say::Voided { .. }
            | Say::Recalled { .. }
            | Say::Unknown
            | Say::Listed { .. }
            | Say::ListedAll => {}
        }
    }

    #[inline]
    fn on_record(&mut self, from: Pid, deal: Deal, price: Price, lots: Lots, out: &mut Out<Party>) {
        let ledger = out.kept().expect("the tree names the ledger as reader of the log");
        match ledger.judge(&deal, price, lots) {
            Verdict::Trade(market) => {
                out.record(Fact::Traded { deal, market, price, lots });
                out.send(from, Say::Recorded { deal });
            }
            verdict => self.answer(from, deal, verdict, out),
        }
    }

    fn on_settle(&mut self, from: Pid, deal: Deal, order: OrderId, out: &mut Out<Party>) {
        let ledger = out.kept().expect("the tree names the ledger as reader of the log");
        let verdict = ledger.settle(&deal, order);
        self.answer(from, deal, verdict, out);
    }

    /// Who is told that a deal is void is told so because it can never be a trade any more.
    fn answer(&mut self, to: Pid, deal: Deal, verdict: Verdict, out: &mut Out<Party>) {
        match verdict {
            Verdict::Traded => out.send(to, Say::Recorded { deal }),
            Verdict::ToVoid | Verdict::Trade(_) => {
                if !mutation::NO_FENCE.is_on() {
                    out.record(Fact::Voided { deal });
                }
                out.send(to, Say::Voided { deal });
            }
            Verdict::Void => out.send(to, Say::Voided { deal }),
            Verdict::Gone => out.send(to, Say::Unknown),
        }
    }

    fn on_recall(&mut self, from: Pid, order: OrderId, out: &mut Out<Party>) {
        let ledger = out.kept().expect("the tree names the ledger as reader of the log");
        let answer = match ledger.line(order) {
            Some(line) if line.is_open() => Say::Recalled {
                place: line.place,
                price: line.price,
                size: line.size,
                done: line.done,
                market: line.market,
                side: line.side,
                stands: line.stands(),
            },
            _ => Say::Unknown,
        };
        out.send(from, answer);
    }

    fn on_roll(&mut self, from: Pid, market: MarketId, out: &mut Out<Party>) {
        let ledger = out.kept().expect("the tree names the ledger as reader of the log");
        for order in ledger.open_in(market) {
            out.send(from, Say::Listed { order });
        }
        out.send(from, Say::ListedAll);
    }
}
