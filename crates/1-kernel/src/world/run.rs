//! One step of a process, and its outcome: its effects, or an undo.
//!
//! A step sends into the ring directly and leaves all other effects in `Out`. If the handler
//! panics, or the state machine rejects a fact, `undo` rewinds both and the process ends. So a step
//! happens as a whole.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::slot::Flags;
use super::{NO_STEP, World};
use crate::discard::{Held, discard, discard_all, why};
use crate::out::{Out, StepEffect};
use crate::reason::Cause;
use crate::step_flags::StepFlags;
use crate::{Broken, Event, Pid, Process, Reason, StateMachine, Watch, mutation};

impl<P: Process> Out<P> {
    /// Begins a step of this process, and returns the ring's tail for an undo.
    #[inline(always)]
    pub(super) fn begin_step(&mut self, me: Pid, key: u64, incarnation: u32, note: u32) -> u64 {
        (self.me, self.key, self.incarnation, self.note) = (me, key, incarnation, note);
        self.ring.tail()
    }

    /// Discards the note that this step has written, if any.
    #[inline(always)]
    pub(crate) fn forget_note(&mut self) {
        if self.step_flags.has(StepFlags::NOTED) {
            self.notes.wipe(self.noting);
            self.step_flags.not(StepFlags::NOTED);
        }
    }

    /// Discards the first monitor that this step would set, if any.
    pub(crate) fn forget_monitor(&mut self) {
        if self.step_flags.has(StepFlags::MONITORED) {
            self.links.release(self.monitoring.0);
            self.step_flags.not(StepFlags::MONITORED);
        }
    }
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Delivers everything in order of sending until nothing waits: the production scheduler.
    ///
    /// A panic in a handler ends its process, and the loop goes on. A panic of the kernel itself
    /// passes through.
    #[inline]
    pub fn run(&mut self) {
        self.guarded(World::deliver_all);
    }

    /// Delivers at most `limit` signals in order of sending, for a caller with work of its own in
    /// between. Returns the number delivered: fewer than `limit` when nothing waits any more.
    pub fn run_at_most(&mut self, limit: u64) -> u64 {
        let mut left = limit;
        self.guarded(|world| {
            while left > 0 {
                left -= 1;
                if !world.deliver_next() {
                    left += 1;
                    break;
                }
            }
        });
        limit - left
    }

    /// Delivers the signal that waits at `offset` from the oldest. False if there is none.
    pub fn deliver_at(&mut self, offset: usize) -> bool {
        let Some(envelope) = self.out.ring.take(offset) else { return false };
        let (mut held, mut is_new) = (Held::new(envelope), true);
        self.guarded(|world| {
            if std::mem::take(&mut is_new) {
                world.deliver(held.get());
            }
        });
        self.failed_drops += u64::from(held.let_go().is_err());
        true
    }

    /// Runs `work`, again after each panic in a step, until it returns. Each such panic ends the
    /// process of its step. The catch is around the loop and not around each step, where it would
    /// cost on every message.
    #[inline(always)]
    pub(crate) fn guarded(&mut self, mut work: impl FnMut(&mut World<P, W>)) {
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            self.crashed(panic);
        }
    }

    #[cold]
    pub(crate) fn crashed(&mut self, panic: Box<dyn Any + Send>) {
        if self.mark == NO_STEP {
            // No step was in progress, so this is a bug of the kernel, and no process can be blamed
            // for it.
            resume_unwind(panic);
        }
        let pid = self.out.me;
        self.undo();
        if std::mem::take(&mut self.judging) {
            self.end_by_state_machine(panic);
            return;
        }
        self.terminate(pid, Reason::Failed(why(panic)));
    }

    /// Ends all processes, and the world, after a panic of the state machine: its fold may be half
    /// done and cannot be trusted. The step whose facts it was applying is undone.
    #[cold]
    fn end_by_state_machine(&mut self, panic: Box<dyn Any + Send>) -> Broken {
        let reason = format!("the state machine failed: {}", why(panic));
        self.dead.get_or_insert_with(|| Reason::Failed(reason.as_str().into()));
        for root in self.tree.roots().collect::<Vec<_>>() {
            self.kill(self.tree.place(root).pid);
        }
        for index in 0..self.slots.len() {
            let index = u32::try_from(index).expect("slots are counted in 32 bits");
            let generation = self.slots[index as usize].generation;
            self.kill(Pid::new(index, generation));
        }
        Broken(reason)
    }

    /// Has the state machine apply a fact from outside a step.
    pub(super) fn judge(&mut self, by: Pid, fact: &P::Fact) -> Result<(), Broken> {
        if let Some(reason) = &self.dead {
            return Err(Broken(format!("this world is over: {reason}")));
        }
        let state_machine = &mut self.out.state_machine;
        match catch_unwind(AssertUnwindSafe(|| state_machine.apply(by, std::slice::from_ref(fact))))
        {
            Ok(verdict) => verdict,
            Err(panic) => Err(self.end_by_state_machine(panic)),
        }
    }

    /// Drops a value of user code; a panic of its destructor is counted.
    #[inline(always)]
    pub(crate) fn let_go<T>(&mut self, value: T) {
        self.failed_drops += u64::from(discard(value).is_err());
    }

    /// Takes back everything that the current step has sent and requested.
    ///
    /// Addresses and monitor references that the step reserved go back to their free lists: no
    /// other process can know them, since the messages that might name them are taken back as well.
    pub(super) fn undo(&mut self) {
        let mark = std::mem::replace(&mut self.mark, NO_STEP);
        if !mutation::HALF_UNDONE.is_on() {
            self.out.ring.take_back(mark);
        }
        if self.out.step_flags.has(StepFlags::RECORDED) {
            self.failed_drops += discard_all(self.out.log.drain(self.out.recorded..));
        }
        self.out.forget_note();
        self.out.forget_monitor();
        self.failed_drops += discard_all(self.out.spawned.drain(..));
        self.failed_drops += discard_all(self.out.multicasts.drain(..));
        self.out.step_flags = StepFlags::NOTHING;
        for effect in self.out.effects.drain(..) {
            match effect {
                StepEffect::Monitor(reference, _) => self.out.links.release(reference),
                StepEffect::Spawn(pid) | StepEffect::SpawnChild(pid, ..) => self.out.free.push(pid),
                StepEffect::SpawnWatched(pid, _, _, reference)
                | StepEffect::Call(reference, pid, _) => {
                    self.out.links.release(reference);
                    self.out.free.push(pid);
                }
                _ => {}
            }
        }
    }

    /// One step of one process, and its effects.
    #[inline(never)]
    pub(crate) fn step(&mut self, to: Pid, event: Event<'_, P::Message>) {
        let slot = &mut self.slots[to.index()];
        let out = &mut self.out;
        slot.flags.set(Flags::BEGUN, true);
        self.mark = out.begin_step(to, slot.key, slot.incarnation, slot.note);
        slot.body.as_mut().expect("the caller has found a body").handle(event, out);
        self.end_step(to);
    }

    /// Ends a step: applies its facts, then performs its effects. Most steps have neither.
    #[inline(always)]
    pub(super) fn end_step(&mut self, to: Pid) {
        let step_flags = self.out.step_flags;
        if step_flags == StepFlags::NOTHING {
            self.mark = NO_STEP;
            return;
        }
        if step_flags.has(StepFlags::RECORDED) && !self.apply_facts(to) {
            return;
        }
        // From here on nothing of the step can be undone: its facts are in the fold.
        self.mark = NO_STEP;
        self.out.step_flags = StepFlags::NOTHING;
        match step_flags.but(StepFlags::RECORDED) {
            StepFlags::NOTHING => {}
            StepFlags::ENDED => self.end_life(to),
            StepFlags::MORE => self.perform_more(to),
            several => self.perform(to, several),
        }
    }

    /// Ends a process at its own request. Not inlined: it needs many registers, which the message
    /// loop would spill.
    #[inline(never)]
    pub(super) fn end_life(&mut self, pid: Pid) {
        if self.out.exit != Cause::Normal || !self.end_common(pid) {
            self.end_otherwise(pid);
        }
    }

    #[inline(never)]
    fn end_otherwise(&mut self, pid: Pid) {
        let reason = self.out.causes.tell(self.out.exit);
        self.terminate(pid, reason);
    }

    /// Has the state machine apply the facts of this step. False if it rejected them, which has
    /// ended the process.
    #[inline(always)]
    pub(super) fn apply_facts(&mut self, by: Pid) -> bool {
        let facts = &self.out.log[self.out.recorded..];
        self.judging = true;
        let verdict = self.out.state_machine.apply(by, facts);
        self.judging = false;
        match verdict {
            Ok(()) => {
                for fact in facts {
                    self.watch.recorded(by, fact);
                }
                true
            }
            Err(broken) => self.reject_step(by, broken),
        }
    }

    /// Undoes a step whose facts the state machine has rejected, and ends its process.
    #[cold]
    fn reject_step(&mut self, by: Pid, broken: Broken) -> bool {
        self.undo();
        self.terminate(by, Reason::Failed(broken.0.into()));
        false
    }
}
