//! Data laid out for the processor's caches: a table from numbers to numbers that finds a key in
//! one probe, and a prefetch. It knows neither processes nor markets, and allocates nothing but the
//! table's own lines.

mod table;

pub use table::Table;

/// Requests a value of up to two cache lines from memory ahead of its use. Changes nothing but
/// timing.
#[inline(always)]
pub fn prefetch<T>(value: &T) {
    // SAFETY: a prefetch reads nothing that the program can see and faults on no address; each
    // x86-64 has it. Both addresses are within the value, so that the arithmetic stays in its
    // allocation. Measured to pay in `bench core` with resting orders that do not fit the caches;
    // see docs/performance.md.
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let first = std::ptr::from_ref(value).cast::<i8>();
        _mm_prefetch::<_MM_HINT_T0>(first);
        if size_of::<T>() > 32 {
            _mm_prefetch::<_MM_HINT_T0>(first.add(size_of::<T>() - 1));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
