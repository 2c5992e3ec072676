//! A floor's first act in each life: it asks the ledger who is open in its market, and those where
//! they stand, and hears no newcomer before it has heard everybody.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{MonitorRef, Out, Pid};
use units::{AskId, OrderId};
use words::{Fact, Presence, Say};

use super::{Floor, Newcomer};
use crate::{LEDGER, Party, orders_of};

/// What is known so far.
#[derive(Clone, Default, Debug)]
pub(super) struct Gathering {
    /// True once the ledger has told everybody.
    listed: bool,
    /// Who has not spoken yet.
    awaited: BTreeSet<OrderId>,
    /// Who has.
    heard: BTreeMap<OrderId, Newcomer>,
    /// Who has left meanwhile: the ledger may name them still.
    left: BTreeSet<OrderId>,
    ledger: Option<MonitorRef>,
}

impl Floor {
    pub(super) fn begin_gathering(&mut self, out: &mut Out<Party>) {
        let Some(gathering) = &mut self.gathering else { return };
        let Some(ledger) = out.whereis(LEDGER) else { return };
        gathering.awaited.clear();
        gathering.ledger = Some(out.monitor(ledger));
        out.send(ledger, Say::Roll { market: self.market });
    }

    pub(super) fn on_message_while_gathering(
        &mut self,
        from: Pid,
        message: Say,
        out: &mut Out<Party>,
    ) {
        let Some(gathering) = &mut self.gathering else { return };
        match message {
            Say::Listed { order } => gathering.list(order),
            Say::ListedAll => {
                gathering.listed = true;
                if let Some(monitor) = gathering.ledger.take() {
                    out.demonitor(monitor);
                }
                if !gathering.awaited.is_empty() {
                    out.multicast(orders_of(self.market), Say::Gather);
                }
            }
            Say::Announce(presence) => gathering.hear(from, presence),
            Say::Leave { order, .. } => gathering.forget(order),
            Say::Next { order, open, .. } if open.is_zero() => gathering.forget(order),
            Say::Suspend { order } => {
                out.record(Fact::Suspended { order });
                gathering.forget(order);
            }
            _ => {} // of introductions that the last life made
        }
        if gathering.listed && gathering.awaited.is_empty() {
            self.end_gathering(out);
        }
    }

    /// Everybody was heard: in order of place, each is the newcomer to those before it.
    fn end_gathering(&mut self, out: &mut Out<Party>) {
        let Some(gathering) = self.gathering.take() else { return };
        let place =
            |newcomer: Newcomer| -> (AskId, Newcomer) { (newcomer.presence.place, newcomer) };
        self.waiting = gathering.heard.into_values().map(place).collect();
        self.hear_next(out);
    }
}

impl Gathering {
    fn list(&mut self, order: OrderId) {
        if !self.heard.contains_key(&order) && !self.left.contains(&order) {
            self.awaited.insert(order);
        }
    }

    fn hear(&mut self, pid: Pid, presence: Presence) {
        self.awaited.remove(&presence.order);
        self.heard.insert(presence.order, Newcomer { pid, presence });
    }

    fn forget(&mut self, order: OrderId) {
        self.awaited.remove(&order);
        self.heard.remove(&order);
        self.left.insert(order);
    }
}
