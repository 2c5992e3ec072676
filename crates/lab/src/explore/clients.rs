//! Clients: which commands may come next, their state, and when clients get their answers. A client without an answer
//! submits again. No client gets an answer that the loss of the world could undo.

use exchange::Admission;
use ledger::{Ledger, Repeat};
use protocol::{Command, Response};
use units::{CommandId, OrderId};

use super::State;
use super::disk::Disk;
use super::scenario::{Line, NOBODY, Wish};
use super::state::Status;
use crate::laws::{Broken, History, Law};
use crate::oracle::Outcome;

impl State {
    /// The order of a line; `None` while its client cannot know it.
    fn order_of(&self, line: &Line) -> Option<OrderId> {
        match line.placed.map(|placed| self.statuses[placed]) {
            None | Some(Status::Told(None)) => Some(NOBODY),
            Some(Status::Told(Some(order))) => Some(order),
            Some(_) => None,
        }
    }

    pub(super) fn may_submit(&self, number: usize) -> bool {
        let line = &self.script.lines[number];
        let is_said = |line: usize| self.statuses[line] != Status::Unsaid;
        self.statuses[number] == Status::Unsaid
            && line.after.is_none_or(is_said)
            && (self.disk.is_some() || line.like.is_none_or(is_said))
            && self.order_of(line).is_some()
            && (!self.script.one_at_a_time || self.is_idle())
    }

    /// True if the exchange would take the next command: no message is left, and the last command is answered.
    fn is_idle(&self) -> bool {
        self.stage.world().waiting() == 0
            && !self.statuses.iter().any(|status| matches!(status, Status::Asked(_)))
    }

    pub(super) fn command_of(&self, number: usize) -> Option<Command> {
        let line = &self.script.lines[number];
        self.order_of(line).map(|order| line.command(order))
    }

    /// The number of a line's command. Only the journal, which exists
    /// where the world may be lost, and the oracle use that of a cancel: without them no cancel takes one, and so
    /// the number of another command does not depend on whether the cancel came first. See decision 20.
    pub(super) fn number_of(&self, number: usize) -> CommandId {
        let is_used = self.disk.is_some() || self.script.one_at_a_time;
        match self.script.lines[number].wish {
            Wish::Cancel if !is_used => CommandId(0),
            _ => self.stage.next_command(),
        }
    }

    pub(super) fn submit(&mut self, number: usize) -> Option<(usize, Response)> {
        let command = self.command_of(number)?;
        let id = self.number_of(number);
        let let_in = match id == self.stage.next_command() {
            true => self.stage.admit(&command).1,
            false => self.stage.admit_again(id, &command),
        };
        self.statuses[number] = Status::Asked(id);
        self.outcomes.clear();
        answer(number, let_in)
    }

    pub(super) fn submit_again(&mut self, number: usize) -> Option<(usize, Response)> {
        let (Some(command), Status::Asked(id)) = (self.command_of(number), self.statuses[number])
        else {
            return None;
        };
        answer(number, self.stage.admit_again(id, &command))
    }

    /// The command and its number, if it was submitted and is not answered.
    pub(super) fn asked(&self, number: usize) -> Option<(CommandId, Command)> {
        match self.statuses[number] {
            Status::Asked(id) => Some((id, self.command_of(number)?)),
            _ => None,
        }
    }

    /// The name of the order that a line places, if it places one.
    pub(super) fn names_order(&self, number: usize) -> Option<String> {
        let line = &self.script.lines[number];
        matches!(line.wish, Wish::Place { .. }).then(|| self.script.names[line.order].clone())
    }

    /// Commands whose facts are written and not durable.
    pub(super) fn written(&self) -> usize {
        self.disk.as_ref().map_or(0, Disk::written)
    }

    /// True if facts have answered an accepted line with this number.
    pub(super) fn is_answered(
        &self,
        number: usize,
        id: CommandId,
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
                let repeat = ledger.repeat(line.account, client, &line.command(order));
                !is_open || matches!(repeat, Repeat::Same(_))
            }
            (Wish::Replace { .. }, None) => !is_open,
        }
    }

    /// Delivers answers to clients: all, if the world cannot be lost; else those that are durable.
    pub(super) fn hear(&mut self, answered: Option<(usize, Response)>) {
        if let Some((number, response)) = answered {
            self.compare(number, Outcome::of(&response));
            self.statuses[number] = Status::Answered(match response {
                Response::Repeated(order) => Some(order),
                Response::Rejected(_) | Response::Fact(..) => None,
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

    /// With one command at a time, the result must be the oracle's.
    fn compare(&mut self, number: usize, at_door: Option<Outcome>) {
        let Some((id, command)) = self.asked(number) else { return };
        let Some(oracle) = &mut self.oracle else { return };
        let right = oracle.submit(id, &command);
        let mut brought = std::mem::take(&mut self.outcomes);
        brought.extend(at_door);
        if brought != right {
            let what =
                format!("command {id} {command:?} brought {brought:?}, and should {right:?}");
            self.broken.push(Broken { law: Law::Priority, what });
        }
    }
}

fn answer(number: usize, let_in: Admission) -> Option<(usize, Response)> {
    match let_in {
        Admission::Admitted => None,
        Admission::Answered(response) => Some((number, response)),
    }
}
