//! The program's allocator: the system's, with huge pages requested under large blocks.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, with huge pages under blocks that are large enough to have some.
///
/// A book of a million orders lies on 60,000 pages of 4 KiB, more than a processor's TLB holds: a command
/// for an order anywhere among them looks up ten. With pages of 2 MiB there are 120. Where the system
/// has none, or ignores the advice, nothing else changes.
pub(crate) struct HugePages;

/// 2 MiB, as x86-64 has them and most others.
const HUGE_PAGE: usize = 2 << 20;

// SAFETY: each call is the system's, with what it was given and back what that gave, so it keeps the contract of
// `GlobalAlloc` because `System` does. Advice changes no contents, allocates nothing and cannot unwind.
#[allow(unsafe_code, reason = "there is no other way to be asked for memory")]
unsafe impl GlobalAlloc for HugePages {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's own promise, as in the three below.
        advised(unsafe { System.alloc(layout) }, layout.size())
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        advised(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        advised(unsafe { System.realloc(block, layout, size) }, size)
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[inline]
fn advised(block: *mut u8, size: usize) -> *mut u8 {
    if size >= HUGE_PAGE && !block.is_null() {
        advise(block, size);
    }
    block
}

#[cfg(target_os = "linux")]
#[cold]
fn advise(block: *mut u8, size: usize) {
    // The block begins a few bytes behind the beginning of its mapping, which is that of a page. That page's address
    // is computed as a number (`wrapping_sub`): it lies before the block, where pointer arithmetic must not go.
    #[allow(unsafe_code, reason = "a number of the system's, and advice to it")]
    // SAFETY: asks for a number. Advice on memory that is mapped has no effect on what is in it, and elsewhere none:
    // the program reads and writes nothing through this address, so it needs no right to what lies there.
    unsafe {
        let page = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).unwrap_or(4096);
        let before = block.addr() % page;
        libc::madvise(block.wrapping_sub(before).cast(), size + before, libc::MADV_HUGEPAGE);
    }
}

#[cfg(not(target_os = "linux"))]
fn advise(_block: *mut u8, _size: usize) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    /// Whether the mapping that an address is in was advised so: `hg` among its flags in `/proc/self/smaps`.
    fn is_advised(address: usize) -> bool {
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("this process's own");
        let mut is_in = false;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let number = |text| usize::from_str_radix(text, 16).ok();
            if let Some((from, to)) = range.and_then(|(from, to)| number(from).zip(number(to))) {
                is_in = (from..to).contains(&address);
            }
            if is_in && let Some(flags) = line.strip_prefix("VmFlags:") {
                return flags.split(' ').any(|flag| flag == "hg");
            }
        }
        false
    }

    #[test]
    fn large_blocks_lie_on_huge_pages_and_small_ones_do_not() {
        if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
            println!("SKIPPED: this system has no huge pages");
            return;
        }
        let mut block = vec![0_u8; 8 << 20]; // asked for zeroed
        assert!(is_advised(block.as_ptr().addr()));
        block.resize(64 << 20, 1); // moved to a larger block
        assert!(is_advised(block.as_ptr().addr()));
        assert_eq!((block[0], block[(64 << 20) - 1]), (0, 1), "it is still what it was");
        let small = vec![1_u8; 1 << 20];
        assert!(!is_advised(small.as_ptr().addr()));
    }
}
