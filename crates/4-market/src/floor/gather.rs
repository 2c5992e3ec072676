//! A floor's first act in each life: it asks the ledger who is open in its market, and those where
//! they stand, and hears no newcomer before it has heard everybody.
//!
//! Only an answer to this life's question counts: who answers takes part in no introduction of a
//! former life from then on, so the answer stays true until this life introduces it.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{MonitorRef, Out, Pid};
use protocol::Say;
use units::{Lots, OrderId};

use super::{Floor, Newcomer};
use crate::ladder::Seats;
use crate::{LEDGER, Party, mutation, orders_of};

/// What is known so far.
#[derive(Clone, Default, Hash, Debug)]
pub(super) struct Gathering {
    /// The question's number.
    question: u32,
    /// True once the ledger has told everybody, and everybody was asked.
    listed: bool,
    /// Who has not answered yet.
    awaited: BTreeSet<OrderId>,
    /// Who has.
    heard: BTreeMap<OrderId, Newcomer>,
    /// Who has left meanwhile: the ledger may name them still.
    left: BTreeSet<OrderId>,
    ledger: Option<MonitorRef>,
}

impl Floor {
    pub(super) fn begin_gathering(&mut self, out: &mut Out<Party>) {
        let question = self.next_number();
        let Some(gathering) = &mut self.gathering else { return };
        let Some(ledger) = out.whereis(LEDGER) else { return };
        gathering.question = question;
        gathering.awaited.clear();
        gathering.ledger = Some(out.monitor(ledger));
        out.send(ledger, Say::Roll { market: self.market });
    }

    pub(super) fn on_message_while_gathering(
        &mut self,
        from: Pid,
        message: &Say,
        out: &mut Out<Party>,
    ) {
        let Some(gathering) = &mut self.gathering else { return };
        let introduction = gathering.question;
        match *message {
            Say::Listed { order } => gathering.list(order),
            Say::ListedAll if !gathering.listed => {
                gathering.listed = true;
                if let Some(monitor) = gathering.ledger.take() {
                    out.demonitor(monitor);
                }
                out.multicast(orders_of(self.market), Say::Gather { introduction });
            }
            // Who speaks unasked has come in or come back since everybody was asked, or will be.
            Say::Announce(_) if gathering.listed => out.send(from, Say::Gather { introduction }),
            Say::Here { presence, introduction: answered } if answered == introduction => {
                gathering.hear(&mut self.seats, Newcomer { pid: from, presence });
            }
            Say::Leave { order, .. } | Say::Suspend { order } => {
                self.seats.hears(from, order);
                gathering.forget(order);
            }
            Say::Next { open, .. } if !open.is_zero() && self.seats.is_taken_over(from) => {}
            Say::Next { order, open, .. } => gathering.dealt(order, open),
            _ => {} // of introductions that a former life made
        }
        let all = gathering.awaited.is_empty() || mutation::EARLY_FLOOR.is_on();
        if gathering.listed && all {
            self.end_gathering(out);
        }
    }

    /// Everybody was heard: in order of place, each is the newcomer to those before it.
    fn end_gathering(&mut self, out: &mut Out<Party>) {
        let Some(gathering) = self.gathering.take() else { return };
        let heard = gathering.heard.into_values();
        self.waiting = heard.map(|newcomer| (newcomer.presence.place, newcomer)).collect();
        self.hear_waiting(out);
    }
}

impl Gathering {
    fn list(&mut self, order: OrderId) {
        if !self.heard.contains_key(&order) && !self.left.contains(&order) {
            self.awaited.insert(order);
        }
    }

    fn hear(&mut self, seats: &mut Seats, newcomer: Newcomer) {
        let order = newcomer.presence.order;
        if seats.hears(newcomer.pid, order) {
            self.awaited.remove(&order);
            self.heard.insert(order, newcomer);
        }
    }

    /// A newcomer of a former life of the floor has ended its deal.
    fn dealt(&mut self, order: OrderId, open: Lots) {
        if open.is_zero() {
            self.forget(order);
        } else if let Some(heard) = self.heard.get_mut(&order) {
            heard.presence.open = open;
        }
    }

    fn forget(&mut self, order: OrderId) {
        self.awaited.remove(&order);
        self.heard.remove(&order);
        self.left.insert(order);
    }
}
