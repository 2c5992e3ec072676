//! Drops values of user code: processes, messages, notes, facts and the payloads of panics. Each is
//! dropped alone, under a `catch_unwind`, so that a panic in its destructor neither unwinds through
//! the kernel nor meets a second panic, which would abort the program. Types without drop glue cost
//! nothing.

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
    // The place is empty even if the destructor panics: the assignment happens in any case.
    catch_unwind(AssertUnwindSafe(|| *place = None)).map_err(why)
}

/// Drops values one by one. Returns the number of destructors that panicked.
pub(crate) fn discard_all<T>(values: impl IntoIterator<Item = T>) -> u64 {
    if !needs_drop::<T>() {
        return 0;
    }
    values.into_iter().map(|value| u64::from(discard(value).is_err())).sum()
}

/// The text of a panic. Drops its payload; if that panics as well, the second payload is dropped
/// only if it is plain text, and leaked otherwise.
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
        forget(second); // its destructor may panic again, without end
    }
    text
}

/// Holds a value while user code runs. If that panics, the value is dropped while the panic
/// unwinds.
pub(crate) struct Held<T>(Option<T>);

impl<T> Held<T> {
    pub(crate) fn new(value: T) -> Held<T> {
        Held(Some(value))
    }

    /// The value.
    pub(crate) fn get(&mut self) -> &mut T {
        self.0.as_mut().expect("held until `let_go`")
    }

    /// Drops the value. Its destructor's panic, if there was one, is the error.
    pub(crate) fn let_go(mut self) -> Result<(), Arc<str>> {
        empty(&mut self.0)
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        let _untold = empty(&mut self.0); // during an unwinding, whose panic is the one reported
    }
}
