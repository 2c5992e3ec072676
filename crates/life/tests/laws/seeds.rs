//! Seeds: the result is the plain array's, whatever is killed between any two steps.
//!
//! `LIFE_SEED=n` runs that one alone, `LIFE_SEEDS=n` runs n of them.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use kernel::Seeded;
use life::{Memory, Torus};

use crate::run::{Marks, Plan, Run};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Runs what each seed draws, and asserts that everything in the list has happened in some run.
pub(crate) fn runs<P: Debug>(
    default: u64,
    sometimes: &[&str],
    draw: impl Fn(&mut Seeded) -> P,
    run: impl Fn(&P, Seeded) -> Marks,
) {
    let seeds = match number("LIFE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("LIFE_SEEDS").unwrap_or(default),
    };
    let mut marks = Marks::new();
    for seed in seeds.clone() {
        let mut chance = Seeded::new(seed);
        let plan = draw(&mut chance);
        match catch_unwind(AssertUnwindSafe(|| run(&plan, chance))) {
            Ok(more) => more.into_iter().for_each(|(what, n)| *marks.entry(what).or_default() += n),
            Err(panic) => {
                println!("seed {seed} (LIFE_SEED={seed} repeats it): {plan:?}");
                resume_unwind(panic);
            }
        }
    }
    if seeds.end - seeds.start >= default {
        for what in sometimes {
            assert!(marks.contains_key(what), "in no run: {what}; {marks:?}");
        }
    }
}

fn one(plan: &Plan, chance: Seeded) -> Marks {
    let mut run = Run::new(plan, chance);
    run.run(plan);
    run.marks
}

const SOMETIMES: [&str; 11] = [
    "a question about the future",
    "a question about the past",
    "a dead cell's question about what is forgotten",
    "a cell says that it is here",
    "a collector asks again",
    "something is forgotten",
    "a cell dies",
    "a cell dies beyond its checkpoint",
    "a collector dies",
    "all cells die",
    "all are paused",
];

#[test]
fn small_grids_come_to_the_arrays_result() {
    let draw = |chance: &mut Seeded| {
        let mut of = |choices: &[u16]| choices[chance.below(choices.len())];
        let torus = Torus::new(of(&[1, 2, 3, 4, 5]), of(&[1, 2, 3, 4])).unwrap();
        let memory = [Memory::Whole, Memory::Since(1), Memory::Since(2), Memory::Since(5)];
        let memory = memory[usize::from(of(&[0, 1, 2, 3]))];
        let victims =
            [[1, 0, 0], [0, 1, 0], [3, 1, 0], [40, 10, 1]][usize::from(of(&[0, 1, 2, 3]))];
        Plan {
            torus,
            memory,
            until: u32::from(of(&[1, 3, 7, 12])),
            kills: usize::from(of(&[0, 20, 200, 1000])),
            budget: u32::from(of(&[1, 5, 40])),
            victims,
            pauses: of(&[0, 0, 1]) == 1,
            late: of(&[0, 1]) == 1,
        }
    };
    runs(300, &SOMETIMES, draw, one);
}

#[test]
fn large_grids_come_to_the_arrays_result() {
    runs(
        4,
        &["a cell dies beyond its checkpoint", "a collector dies", "something is forgotten"],
        |chance| Plan {
            torus: Torus::new(16, 16).unwrap(),
            memory: [Memory::Since(4), Memory::Whole][chance.below(2)],
            until: 12,
            kills: 100,
            budget: 300,
            victims: [3, 1, 0],
            pauses: false,
            late: false,
        },
        one,
    );
}
