//! The end of values that user code has made: processes, messages, notes, facts and the payloads of panics. Each is
//! dropped alone and where a panic is caught, so that a destructor that panics neither unwinds through the kernel nor
//! meets a second one on its way, which would abort the program. Types without drop glue pay nothing.

use std::any::Any;
use std::mem::{forget, needs_drop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Drops a value. Its destructor's panic, if there was one, is the error.
#[inline(always)]
pub(crate) fn discard<T>(value: T) -> Result<(), Arc<str>> {
    if needs_drop::<T>() { discard_guarded(value) } else { Ok(()) }
}

#[inline(never)]
fn discard_guarded<T>(value: T) -> Result<(), Arc<str>> {
    catch_unwind(AssertUnwindSafe(|| drop(value))).map_err(why)
}

/// Drops a value where it lies, without moving it.
#[inline(always)]
pub(crate) fn empty<T>(place: &mut Option<T>) -> Result<(), Arc<str>> {
    if !needs_drop::<T>() {
        *place = None;
        return Ok(());
    }
    // The place is empty also if the destructor panics: an assignment happens in any case.
    catch_unwind(AssertUnwindSafe(|| *place = None)).map_err(why)
}

/// Drops values one by one; how many of their destructors panicked.
pub(crate) fn discard_all<T>(values: impl IntoIterator<Item = T>) -> u64 {
    if !needs_drop::<T>() {
        return 0;
    }
    values.into_iter().map(|value| u64::from(discard(value).is_err())).sum()
}

/// The text of a panic, whose payload is dropped. One whose destructor panics as well is given up: what that panic
/// carries is dropped only if it is plain text.
#[cold]
pub(crate) fn why(panic: Box<dyn Any + Send>) -> Arc<str> {
    let text: Arc<str> = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).into(),
        (_, Some(text)) => text.as_str().into(),
        _ => "panic".into(),
    };
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(panic)))
        && !second.is::<&str>()
        && !second.is::<String>()
    {
        forget(second); // its destructor may panic for ever
    }
    text
}

/// Holds a value over user code. Should that panic, the value is discarded while the panic unwinds.
pub(crate) struct Held<T>(Option<T>);

impl<T> Held<T> {
    pub(crate) fn new(value: T) -> Held<T> {
        Held(Some(value))
    }

    /// The value.
    pub(crate) fn get(&mut self) -> &mut T {
        self.0.as_mut().expect("held until it is let go")
    }

    /// Drops the value. Its destructor's panic, if there was one, is the error.
    pub(crate) fn let_go(mut self) -> Result<(), Arc<str>> {
        empty(&mut self.0)
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        let _untold = empty(&mut self.0); // if something unwinds past here, that is told
    }
}
