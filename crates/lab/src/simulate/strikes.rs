//! Faults between two events: pending crashes, a disk that fills up, another
//! program that removes files, a second service, an orderly end. Their effects are checked where
//! they appear; here only that a second service is refused, and that a service ends for a reason.

use journal::Lost;

use super::recovery;
use super::run::{DAY, PendingCrash, Run};
use crate::faults::Fault;
use crate::laws::{Broken, Law};

/// Interval of a service's checks of its journal's files.
const LOOK: usize = 250_000_000;

/// The part that another program removed from a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Taken {
    lost: Lost,
    /// Facts up to this number were durable before.
    durable: u64,
}

fn broken<T>(law: Law, what: String) -> Result<T, Broken> {
    Err(Broken { law, what })
}

impl Run {
    /// Injects the faults of this moment.
    pub(super) fn strike(&mut self) -> Result<(), Broken> {
        if self.pending_crash.is_none() {
            for (fault, cache) in [(Fault::Program, true), (Fault::Power, false)] {
                if self.faults.strikes(fault) {
                    // At any later operation of the disk, or a little later without one.
                    self.disk.dies_after(self.faults.below(fault, 12) as u64);
                    let later = 1_000 * self.faults.below(fault, 20_000) as u64;
                    self.pending_crash = Some(PendingCrash { at: self.clock + later, cache });
                    break;
                }
            }
        }
        if self.faults.strikes(Fault::Clock) {
            // As often as not it is set to the right time.
            let to = self.faults.below(Fault::Clock, 4);
            let by = 1_000_000 * self.faults.below(Fault::Clock, 86_400_000) as u64;
            self.skew = [DAY, DAY, DAY + by, DAY - by][to];
            self.counts.clock_jumps += 1;
        }
        if self.heals.is_none() && self.faults.strikes(Fault::Full) {
            let room = self.faults.below(Fault::Full, 4_000) as u64;
            self.disk.leave_room(Some(room));
            self.heals = Some(self.clock + self.a_while(Fault::Full));
        }
        if self.inodes_come.is_none() && self.faults.strikes(Fault::Inodes) {
            self.counts.no_inodes += 1;
            self.disk.leave_inodes(false);
            self.inodes_come = Some(self.clock + self.a_while(Fault::Inodes));
        }
        self.take_away();
        self.second()?;
        self.end_well()
    }

    /// Duration of a full disk.
    fn a_while(&self, fault: Fault) -> u64 {
        let gap = self.plan.gap.min(100_000_000);
        gap * self.faults.below(fault, 400) as u64 + 200_000_000
    }

    /// Frees space and inodes, at their time.
    pub(super) fn heal(&mut self) {
        if self.heals.is_some_and(|at| at <= self.clock) {
            self.heals = None;
            self.disk.leave_room(None);
        }
        if self.inodes_come.is_some_and(|at| at <= self.clock) {
            self.inodes_come = None;
            self.disk.leave_inodes(true);
        }
    }

    /// Frees space at once.
    pub(super) fn heal_now(&mut self) {
        (self.heals, self.inodes_come) = (None, None);
        self.disk.leave_room(None);
        self.disk.leave_inodes(true);
    }

    /// Another program removes or replaces a part of the journal.
    fn take_away(&mut self) {
        let Some(durable) = self.service.as_ref().map(|service| service.durable()) else { return };
        if !self.faults.strikes(Fault::Taken) {
            return;
        }
        let Some(lost) = self.disk.take_away(".facts") else { return };
        self.counts.taken_away += 1;
        self.taken = Some(Taken { lost, durable });
        self.draw_note(&format!("x another program takes away: {lost:?}"));
        let later = 1 + self.faults.below(Fault::Taken, LOOK) as u64;
        if let Some(service) = &mut self.service {
            service.will_look(self.clock + later);
        }
    }

    /// No fact is acknowledged that is in no journal any more, and a check finds the removed part.
    pub(super) fn judge_taken(&mut self, durable: u64, missed: bool) -> Result<(), Broken> {
        let Some(Taken { lost, durable: before }) = self.taken else { return Ok(()) };
        if lost != Lost::Lock && durable > before {
            let what =
                format!("facts up to {durable} were told; since {before} the {lost:?} is away");
            return broken(Law::Told, what);
        }
        match missed {
            true => broken(Law::Kept, format!("the {lost:?} is away, and a look finds nothing")),
            false => Ok(()),
        }
    }

    /// A service ends by itself only if the disk has failed, if a part was removed, or if it could
    /// not start.
    pub(super) fn judge_failure(&mut self, why: &str) -> Result<(), Broken> {
        self.counts.failed_disks += 1;
        self.counts.taken_noticed += u64::from(self.taken.is_some());
        let no_room = why.contains("no space is left");
        let could_begin = self.record.told() > self.begun_with;
        let is_right = self.hard_faults() > self.faults_before
            || self.taken.is_some()
            || (no_room && (!could_begin || self.pending_crash.is_some()));
        match is_right {
            true => Ok(()),
            false => broken(Law::Kept, format!("the service ends, and nothing has failed: {why}")),
        }
    }

    /// Failures of the disk so far that a service must end for.
    pub(super) fn hard_faults(&self) -> u64 {
        [Fault::Sync, Fault::Write, Fault::Make].iter().map(|fault| self.faults.count(*fault)).sum()
    }

    /// A second service on the same disk is refused, with or without the lock file.
    fn second(&mut self) -> Result<(), Broken> {
        // A failed journal writes nothing more, so its successor is not a second one.
        let runs = self.service.as_ref().is_some_and(|service| !service.has_failed());
        let ends =
            self.pending_crash.as_ref().is_some_and(|pending_crash| pending_crash.at <= self.clock);
        if !runs || ends || self.disk.is_dead() || !self.faults.strikes(Fault::Second) {
            return Ok(());
        }
        self.faults.rest(true);
        let refused = recovery::second_is_refused(&self.disk, &self.plan);
        self.faults.rest(self.resting);
        match refused {
            Some(true) => {
                self.counts.second_services += 1;
                let no_lock = self.taken.is_some_and(|taken| taken.lost == Lost::Lock);
                self.counts.seconds_without_lock += u64::from(no_lock);
                Ok(())
            }
            Some(false) => broken(Law::Kept, "a second writer was let in beside the first".into()),
            None => Ok(()), // neither happened
        }
    }

    /// The service ends in good order, if no operation is in progress.
    fn end_well(&mut self) -> Result<(), Broken> {
        let can_end = self.service.as_ref().is_some_and(|service| service.can_end());
        if !can_end || self.pending_crash.is_some() || self.disk.is_dead() {
            return Ok(());
        }
        if !self.faults.strikes(Fault::End) {
            return Ok(());
        }
        let Some((told, failure)) = self.service.as_mut().map(|service| service.end()) else {
            return Ok(());
        };
        self.draw_note("x the service ends in good order");
        self.pending_crash = Some(PendingCrash { at: self.clock, cache: true });
        self.tell(told)?;
        match failure {
            None => {
                self.counts.clean_ends += 1;
                self.clean = true;
            }
            Some(_) if self.disk.is_dead() => {}
            Some(why) => self.judge_failure(&why)?,
        }
        self.die()
    }
}
