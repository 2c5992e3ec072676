//! The end of a run: faults stop, all commands are answered, and the result must be all that happened.

use std::ops::ControlFlow;

use super::run::{PendingCrash, Run};
use super::sim_service::SimService;
use crate::laws::{Broken, Law};

impl Run {
    /// Faults stop, and the disk has space: everything is answered, all settles, and a new order is accepted.
    pub(super) fn settle(&mut self) -> Result<(), Broken> {
        self.resting = true;
        self.faults.rest(true);
        self.heal_now();
        self.drain()?;
        let stopped = self.record.stopped();
        let resume = stopped.into_iter().map(|market| protocol::Command::ResumeMarket { market });
        let batch = self.clients.submit(resume.collect());
        self.submit(batch)?;
        self.drain()?;
        let command = self.clients.modest_place(&self.plan);
        let before = self.record.len();
        let batch = self.clients.submit(vec![command]);
        self.submit(batch)?;
        self.drain()?;
        if self.record.len() == before || self.record.told() != self.record.len() {
            let what = "a new order is not taken, or its facts are not told".to_owned();
            return Err(Broken { law: Law::Drain, what });
        }
        self.look_through()?;
        self.pending_crash = Some(PendingCrash { at: self.clock, cache: true });
        self.die()?;
        self.start()?;
        self.record.priority()
    }

    pub(super) fn drain(&mut self) -> Result<(), Broken> {
        for _ in 0..1_000_000 {
            let idle = self.service.as_ref().is_some_and(SimService::is_idle);
            if idle && self.clients.content() && self.pending_crash.is_none() {
                return Ok(());
            }
            self.event()?;
        }
        let what = "commands are not answered although nothing fails any more".to_owned();
        Err(Broken { law: Law::Drain, what })
    }

    /// Everything in the world, and all that a subscriber reads.
    fn look_through(&mut self) -> Result<(), Broken> {
        let Some(service) = &mut self.service else { return Ok(()) };
        service.live.look_at_all();
        let (mut reader, durable) = service.history();
        let mut shown = Vec::new();
        let read = reader.read(1, durable, &mut |batch| {
            shown.extend(batch.facts().filter_map(Result::ok));
            ControlFlow::Continue(())
        });
        self.news()?;
        if read.is_err() || shown != self.record.facts() {
            let what = format!("history as it is read: {} facts, {read:?}", shown.len());
            return Err(Broken { law: Law::Kept, what });
        }
        Ok(())
    }
}
