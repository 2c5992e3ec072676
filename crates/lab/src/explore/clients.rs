//! Clients: who may ask what now, what has become of it, and when they hear that. A client whose ask got no
//! answer asks again; one is told nothing that the loss of the world could undo.

use exchange::LetIn;
use ledger::{Ledger, Repeat};
use protocol::{Ask, Tell};
use units::{AskId, OrderId};

use super::State;
use super::disk::Disk;
use super::scenario::{Line, NOBODY, Wish};
use super::state::Status;
use crate::laws::{Broken, History, Law};
use crate::oracle::Outcome;

impl State {
    /// The order that a line is about; `None` while its client cannot know it.
    fn order_of(&self, line: &Line) -> Option<OrderId> {
        match line.placed.map(|placed| self.statuses[placed]) {
            None | Some(Status::Told(None)) => Some(NOBODY),
            Some(Status::Told(Some(order))) => Some(order),
            Some(_) => None,
        }
    }

    pub(super) fn may_ask(&self, number: usize) -> bool {
        let line = &self.script.lines[number];
        let is_said = |line: usize| self.statuses[line] != Status::Unsaid;
        self.statuses[number] == Status::Unsaid
            && line.after.is_none_or(is_said)
            && (self.disk.is_some() || line.like.is_none_or(is_said))
            && self.order_of(line).is_some()
            && (!self.script.one_at_a_time || self.is_idle())
    }

    /// True if the exchange would take the next ask: the world is quiet, and the last ask has its answer.
    fn is_idle(&self) -> bool {
        self.stage.world().waiting() == 0
            && !self.statuses.iter().any(|status| matches!(status, Status::Asked(_)))
    }

    pub(super) fn ask_of(&self, number: usize) -> Option<Ask> {
        let line = &self.script.lines[number];
        self.order_of(line).map(|order| line.ask(order))
    }

    /// The number under which a line's ask is let in. A cancel's is used by nobody but the journal, which there is
    /// where the world may be lost, and the oracle: without them no cancel takes one, and whether it came before
    /// or after another ask does not show in that one's number. See decision 20.
    pub(super) fn number_of(&self, number: usize) -> AskId {
        let is_used = self.disk.is_some() || self.script.one_at_a_time;
        match self.script.lines[number].wish {
            Wish::Cancel if !is_used => AskId(0),
            _ => self.stage.next_ask(),
        }
    }

    pub(super) fn ask(&mut self, number: usize) -> Option<(usize, Tell)> {
        let ask = self.ask_of(number)?;
        let id = self.number_of(number);
        let let_in = match id == self.stage.next_ask() {
            true => self.stage.let_in(&ask).1,
            false => self.stage.let_in_again(id, &ask),
        };
        self.statuses[number] = Status::Asked(id);
        self.outcomes.clear();
        answer(number, let_in)
    }

    pub(super) fn ask_again(&mut self, number: usize) -> Option<(usize, Tell)> {
        let (Some(ask), Status::Asked(id)) = (self.ask_of(number), self.statuses[number]) else {
            return None;
        };
        answer(number, self.stage.let_in_again(id, &ask))
    }

    /// What was asked, under which number, if it was and is not answered.
    pub(super) fn asked(&self, number: usize) -> Option<(AskId, Ask)> {
        match self.statuses[number] {
            Status::Asked(id) => Some((id, self.ask_of(number)?)),
            _ => None,
        }
    }

    /// The name of the order that a line places, if it places one.
    pub(super) fn names_order(&self, number: usize) -> Option<String> {
        let line = &self.script.lines[number];
        matches!(line.wish, Wish::Place { .. }).then(|| self.script.names[line.order].clone())
    }

    /// Asks whose facts are written and not durable.
    pub(super) fn written(&self) -> usize {
        self.disk.as_ref().map_or(0, Disk::written)
    }

    /// True if facts have answered a line that was let in under this number.
    pub(super) fn is_answered(
        &self,
        number: usize,
        id: AskId,
        history: &History,
        ledger: &Ledger,
    ) -> bool {
        let line = &self.script.lines[number];
        let Some(order) = self.order_of(line) else { return false };
        let is_open = history.line(order).is_some_and(|line| line.is_open());
        match (line.wish, line.client) {
            (Wish::Place { .. }, _) => history.line(OrderId(id.0)).is_some(),
            (Wish::Cancel, _) => !is_open,
            (Wish::Replace { .. }, Some(client)) => {
                let repeat = ledger.repeat(line.account, client, &line.ask(order));
                !is_open || matches!(repeat, Repeat::Same(_))
            }
            (Wish::Replace { .. }, None) => !is_open,
        }
    }

    /// Clients hear what they may hear: everything, if the world cannot be lost; else what is durable.
    pub(super) fn hear(&mut self, answered: Option<(usize, Tell)>) {
        if let Some((number, tell)) = answered {
            self.compare(number, Outcome::of(&tell));
            self.statuses[number] = Status::Answered(match tell {
                Tell::Repeated(order) => Some(order),
                Tell::Refused(_) | Tell::Fact(..) => None,
            });
        }
        let is_quiet = self.stage.world().waiting() == 0;
        for number in 0..self.statuses.len() {
            let told = match (self.statuses[number], &self.disk) {
                (Status::Answered(order), disk) if disk.as_ref().is_none_or(Disk::is_synced) => {
                    Status::Told(order)
                }
                (Status::Asked(id), disk) if is_quiet || !self.script.one_at_a_time => {
                    let (history, ledger) = match disk {
                        Some(disk) => (disk.told(), disk.ledger()),
                        None => (self.inspector.history(), self.stage.ledger()),
                    };
                    if !self.is_answered(number, id, history, ledger) {
                        continue;
                    }
                    self.compare(number, None);
                    let is_place = self.script.lines[number].placed.is_none();
                    Status::Told(is_place.then_some(OrderId(id.0)))
                }
                _ => continue,
            };
            self.statuses[number] = told;
        }
    }

    /// One ask at a time: what has come of it is what the oracle says.
    fn compare(&mut self, number: usize, at_door: Option<Outcome>) {
        let Some((id, ask)) = self.asked(number) else { return };
        let Some(oracle) = &mut self.oracle else { return };
        let right = oracle.ask(id, &ask);
        let mut brought = std::mem::take(&mut self.outcomes);
        brought.extend(at_door);
        if brought != right {
            let what = format!("ask {id} {ask:?} brought {brought:?}, and should {right:?}");
            self.broken.push(Broken { law: Law::Priority, what });
        }
    }
}

fn answer(number: usize, let_in: LetIn) -> Option<(usize, Tell)> {
    match let_in {
        LetIn::In => None,
        LetIn::Answered(tell) => Some((number, tell)),
    }
}
