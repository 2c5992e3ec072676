//! Ours: the same worlds as in `bench kernel`.

use std::time::Duration;

use lab::loads::{self, Load, Ready};

use super::{Runtime, clock};

/// The kernel.
pub struct Kernel;

impl Runtime for Kernel {
    const NAME: &'static str = "buttonwood";

    fn load(load: Load, count: u64) -> Option<Duration> {
        let mut ready = Ready::new(load, count);
        let start = clock();
        ready.run();
        let spent = clock() - start;
        ready.check();
        Some(spent)
    }

    fn crowd(count: u64, look: &mut dyn FnMut()) {
        let crowd = loads::crowd(count);
        look();
        drop(crowd);
    }
}
