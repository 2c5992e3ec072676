//! A floor's recovery, its first act in each life: it asks the ledger for the open orders of its market, queries the
//! state of each, and walks with no incoming order before all have answered.
//!
//! Only an answer to this life's query counts. An order that has given it declines every proposal of a former life's
//! introduction, so the answer stays true until this life introduces the order.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{MonitorRef, Out, Pid};
use protocol::Message;
use units::{Lots, OrderId};

use super::{Floor, IncomingOrder};
use crate::ladder::RestingOrders;
use crate::{LEDGER, Party, mutation, orders_of};

/// What is known so far.
///
/// - an order is in at most one of `awaited` and `heard`
#[derive(Clone, Default, Hash, Debug)]
pub(super) struct Recovery {
    /// The query's number.
    question: u32,
    /// True once the ledger has listed all open orders, and all were queried.
    listed: bool,
    /// Orders that have not answered yet.
    awaited: BTreeSet<OrderId>,
    /// Orders that have answered.
    heard: BTreeMap<OrderId, IncomingOrder>,
    /// Orders that have left meanwhile: the ledger may still list them.
    left: BTreeSet<OrderId>,
    ledger: Option<MonitorRef>,
}

impl Floor {
    pub(super) fn begin_recovery(&mut self, out: &mut Out<Party>) {
        let question = self.next_number();
        let Some(recovery) = &mut self.recovery else { return };
        let Some(ledger) = out.whereis(LEDGER) else { return };
        recovery.question = question;
        recovery.awaited.clear();
        recovery.ledger = Some(out.monitor(ledger));
        out.send(ledger, Message::ListOpen { market: self.market });
    }

    pub(super) fn on_message_in_recovery(
        &mut self,
        from: Pid,
        message: &Message,
        out: &mut Out<Party>,
    ) {
        let Some(recovery) = &mut self.recovery else { return };
        let introduction = recovery.question;
        match *message {
            Message::Listed { order } => recovery.list(order),
            Message::ListedAll if !recovery.listed => {
                recovery.listed = true;
                if let Some(monitor) = recovery.ledger.take() {
                    out.demonitor(monitor);
                }
                out.multicast(orders_of(self.market), Message::QueryState { introduction });
            }
            // It has entered or restarted since the query was sent to all, so it is queried by itself. Before that,
            // the query to all will reach it.
            Message::Announce(_) if recovery.listed => {
                out.send(from, Message::QueryState { introduction })
            }
            Message::State { presence, introduction: answered } if answered == introduction => {
                recovery.hear(&mut self.resting_orders, IncomingOrder { pid: from, presence });
            }
            Message::Leave { order, .. } | Message::Suspend { order } => {
                self.resting_orders.hears(from, order);
                recovery.forget(order);
            }
            Message::Next { open, .. }
                if !open.is_zero() && self.resting_orders.is_taken_over(from) => {}
            Message::Next { order, open, .. } => recovery.dealt(order, open),
            _ => {} // about introductions of a former life
        }
        let all = recovery.awaited.is_empty() || mutation::EARLY_FLOOR.is_on();
        if recovery.listed && all {
            self.end_recovery(out);
        }
    }

    /// All have answered. In order of priority, each is the incoming order to those before it.
    fn end_recovery(&mut self, out: &mut Out<Party>) {
        let Some(recovery) = self.recovery.take() else { return };
        let heard = recovery.heard.into_values();
        self.waiting = heard.map(|incoming| (incoming.presence.priority, incoming)).collect();
        self.hear_waiting(out);
    }
}

impl Recovery {
    fn list(&mut self, order: OrderId) {
        if !self.heard.contains_key(&order) && !self.left.contains(&order) {
            self.awaited.insert(order);
        }
    }

    fn hear(&mut self, resting_orders: &mut RestingOrders, incoming: IncomingOrder) {
        let order = incoming.presence.order;
        if resting_orders.hears(incoming.pid, order) {
            self.awaited.remove(&order);
            self.heard.insert(order, incoming);
        }
    }

    /// An incoming order of a former life of the floor has ended its deal.
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
