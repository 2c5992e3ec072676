//! One load of the kernel, for counting its cost. `cargo xtask count` runs it under callgrind, which
//! counts what happens in `counted` and nothing else.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use lab::loads::{Load, Ready};

fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "spawn_exit_ns".to_owned());
    let count = args.next().map_or(Ok(20_000), |text| text.parse());
    let load = Load::ALL.into_iter().find(|load| load.key() == name);
    let (Some(load), Ok(count)) = (load, count) else {
        let keys: Vec<&str> = Load::ALL.iter().map(|load| load.key()).collect();
        eprintln!("Usage: count_loads [{}] [TIMES]", keys.join("|"));
        std::process::exit(2);
    };
    let mut ready = Ready::new(load, count);
    counted(&mut ready);
    ready.check();
    println!("{name}: {} times", ready.count());
}

#[inline(never)]
fn counted(ready: &mut Ready) {
    ready.run();
}
