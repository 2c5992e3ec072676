//! Whatever processes do: no message vanishes, every monitor speaks once, nothing is left behind.

use std::cell::Cell;

use kernel::{Seeded, Signal};

use crate::roamer::{Heard, ROOT, Shared, Wild, settle, wild};
use crate::schedule::quietly;

/// Every message sent is delivered, undeliverable, or waits.
fn messages_are_conserved(world: &Wild, from_outside: u64, seed: u64) {
    let waiting = world.signals().filter(|e| matches!(e.signal, Signal::Message(_))).count() as u64;
    let sent = world.state_machine().sent + from_outside;
    let found = world.watch.delivered + world.watch.undeliverable + waiting;
    assert_eq!(sent, found, "seed {seed}");
}

/// When nothing waits: a monitor has spoken once if the watched is gone, unless it was taken away.
fn monitors_have_spoken_once(world: &Wild, heard: &Heard, seed: u64) {
    for (reference, monitored) in &world.state_machine().monitors {
        let downs = heard.downs.get(&(0, *reference)).map_or(0, Vec::len);
        assert!(downs <= 1, "seed {seed}: {reference:?} {monitored:?} spoke {downs} times");
        if world.is_alive(monitored.watcher) && !monitored.demonitored {
            let gone = !world.is_alive(monitored.watched);
            assert_eq!(downs == 1, gone, "seed {seed}: {reference:?} {monitored:?}");
        }
    }
    let strangers =
        heard.downs.keys().filter(|(_, m)| !world.state_machine().monitors.contains_key(m));
    assert_eq!(strangers.count(), 0, "seed {seed}: the down of a step that was undone");
}

#[test]
fn messages_and_monitors_are_conserved_whatever_processes_do() {
    quietly();
    let (delivered, monitors, panics, downs) =
        (Cell::new(0), Cell::new(0), Cell::new(0), Cell::new(0));
    for seed in 0..400 {
        let heard = Shared::default();
        let (mut world, sent) = wild(seed, &heard);
        let mut scheduler = Seeded::new(!seed);
        let (mut ready, mut steps) = (Vec::new(), 0);
        while steps < 3_000 && world.step_by(&mut scheduler, &mut ready) {
            steps += 1;
            if steps % 16 == 0 {
                world.set_time(steps);
                messages_are_conserved(&world, sent, seed);
            }
            if scheduler.below(64) == 0 {
                let pids: Vec<_> = world.processes().map(|(pid, ..)| pid).collect();
                if !pids.is_empty() {
                    world.kill(pids[scheduler.below(pids.len())]);
                }
            }
        }
        settle(&mut world);
        messages_are_conserved(&world, sent, seed);
        monitors_have_spoken_once(&world, &heard.borrow(), seed);
        let Heard { late_downs, disorder, astray, .. } = *heard.borrow();
        assert_eq!((late_downs, disorder, astray), (0, 0, 0), "seed {seed}");
        let watch = &world.watch;
        assert_eq!((watch.overtaken, &watch.after_end[..]), (0, &[][..]), "seed {seed}");
        nothing_is_left(&mut world, seed);
        delivered.set(delivered.get() + world.watch.delivered);
        monitors.set(monitors.get() + world.state_machine().monitors.len());
        panics.set(panics.get() + heard.borrow().panics);
        downs.set(downs.get() + heard.borrow().downs.len());
    }
    // The runs did something: sometimes each of these happened.
    assert!(delivered.get() > 50_000, "{} messages", delivered.get());
    assert!(monitors.get() > 2_000, "{} monitors", monitors.get());
    assert!(downs.get() > 1_000, "{} downs", downs.get());
    assert!(panics.get() > 200, "{} panics", panics.get());
}

/// When all are gone, so is what was theirs.
fn nothing_is_left(world: &mut Wild, seed: u64) {
    let root = world.whereis(ROOT).expect("the root is never ended");
    world.kill(root);
    let loose: Vec<_> = world.processes().map(|(pid, ..)| pid).collect();
    for pid in loose {
        world.kill(pid);
    }
    world.run();
    let census = world.census();
    assert_eq!((census.processes, census.supervisors, census.between), (0, 0, 0), "seed {seed}");
    assert_eq!((census.links, census.notes, census.timers), (0, 0, 0), "seed {seed}");
    assert_eq!(census.slots, census.free, "seed {seed}: every slot can be used again");
}

#[test]
fn live_conserves_too() {
    quietly();
    for seed in 0..400 {
        let heard = Shared::default();
        let (mut world, sent) = wild(seed, &heard);
        world.run();
        for time in 0..10 {
            world.set_time(time);
            world.run();
        }
        settle(&mut world);
        messages_are_conserved(&world, sent, seed);
        monitors_have_spoken_once(&world, &heard.borrow(), seed);
        let Heard { late_downs, disorder, astray, .. } = *heard.borrow();
        assert_eq!((late_downs, disorder, astray), (0, 0, 0), "seed {seed}");
        let watch = &world.watch;
        assert_eq!((watch.overtaken, &watch.after_end[..]), (0, &[][..]), "seed {seed}");
        nothing_is_left(&mut world, seed);
    }
}
