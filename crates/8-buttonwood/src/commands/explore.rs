//! `buttonwood explore`: an exhaustive search of a small world, with every schedule and every crash.
#![allow(clippy::disallowed_types, reason = "measures how long it took")]

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::num::NonZero;
use std::path::Path;
use std::time::Instant;

use lab::chart::{Chart, Picture, files};
use lab::explore::{Explorer, Found, State, Step, WhatIf, World, draw, worlds};
use serde::Serialize;

use crate::failure::Failure;
use crate::near::near;
use crate::output::{self, thousands};

/// Fewest columns for a sentence of the list, on any terminal.
const LEAST: usize = 24;

/// Folder of charts that are found by name.
const CHARTS: &str = "charts";

/// Search every schedule and crash of a small world for broken laws
///
/// A world is a few orders and what may happen to them. The search tries every order of commands and message
/// deliveries, with crashes at any moment within the budget, and checks every law in each state.
/// "Exhausted" means that no state is left. A broken law is shown by a shortest run.
/// With --kill, the world runs once, one process dies at the given arrow, and the run is drawn.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// World of --list, name of a chart, or file of a chart
    #[arg(value_name = "CHART|WORLD", required_unless_present = "list")]
    world: Option<String>,
    /// Most crashes in a run; the default is that of --list, 1 for a chart
    #[arg(long, value_name = "N")]
    faults: Option<u32>,
    /// Let the supervisor of orders crash too, with all orders
    #[arg(long)]
    supervisors: bool,
    /// Check this law only
    #[arg(long, value_name = "NAME")]
    law: Option<String>,
    /// Stop after this many states. A law unbroken by then may still be broken later; the exit status
    /// is 0, and --json has "exhausted": false
    #[arg(long, value_name = "N")]
    states: Option<usize>,
    /// Search threads; one per processor by default. The result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Run once and kill: an order by name, maker, incoming order, floor, ledger, orders, world
    #[arg(long, value_name = "WHO", requires = "arrow")]
    kill: Option<String>,
    #[command(flatten)]
    arrow: Arrow,
    /// Compile in this mistake; may be repeated
    #[cfg(feature = "mutations")]
    #[arg(long, value_name = "NAME")]
    mutate: Vec<String>,
    /// List the worlds, and the charts in ./charts
    #[arg(long, exclusive = true)]
    list: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Draw a Mermaid sequence diagram
    #[arg(long, conflicts_with_all = ["json", "svg"])]
    mermaid: bool,
    /// Draw an SVG picture
    #[arg(long, conflicts_with = "json")]
    svg: bool,
}

#[derive(clap::Args)]
#[group(id = "arrow", multiple = false, requires = "kill")]
struct Arrow {
    /// Kill before this message is delivered: its first word, or '2nd accept'
    #[arg(long, value_name = "ARROW")]
    before: Option<String>,
    /// Kill after this message is delivered
    #[arg(long, value_name = "ARROW")]
    after: Option<String>,
}

/// Runs the search, or the one run of `--kill`.
#[cfg(not(feature = "mutations"))]
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    dispatch(args)
}

/// Runs it in a build with mutations.
#[cfg(feature = "mutations")]
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mistake = |name: &String| {
        lab::mutations::named(name).ok_or_else(|| {
            let near = near(name, lab::mutations::all().into_iter().map(|m| m.name.to_owned()));
            let all: Vec<_> = lab::mutations::all().into_iter().map(|m| m.name).collect();
            Failure::Usage(format!(
                "there is no mistake {name:?}; {near}the mistakes are: {}",
                all.join(", ")
            ))
        })
    };
    let mistakes = args.mutate.iter().map(mistake).collect::<Result<Vec<_>, _>>()?;
    kernel::mutation::with(&mistakes, || dispatch(args))
}

fn dispatch(args: &Args) -> Result<(), Failure> {
    let Some(name) = &args.world else { return list() };
    let mut world = find(name)?;
    if let Some(faults) = args.faults {
        world = world.faults(faults);
    }
    if args.supervisors {
        world = world.supervisors_too();
    }
    match (&args.kill, &args.arrow) {
        (Some(who), Arrow { before: Some(arrow), .. }) => what_if(&world, who, true, arrow, args),
        (Some(who), Arrow { after: Some(arrow), .. }) => what_if(&world, who, false, arrow, args),
        _ => explore(&world, args),
    }
}

fn list() -> Result<(), Failure> {
    let mut text = String::new();
    let worlds = worlds();
    let charts = charts();
    let names = worlds.iter().map(|world| world.name.len());
    let wide = names.chain(charts.iter().map(|(name, _)| name.len())).max().unwrap_or(0);
    let mut line = |name: &str, about: &str| {
        let columns = output::columns().unwrap_or(usize::MAX);
        let lines = output::wrapped(about, columns.saturating_sub(wide + 2).max(LEAST));
        for (index, about) in lines.iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            writeln!(text, "{name:<wide$}  {about}").expect("text can be written");
        }
    };
    for world in &worlds {
        line(&world.name, &format!("{} ({})", world.about, deaths(world.budget())));
    }
    for (name, chart) in &charts {
        line(name, &format!("chart: {}", chart.title));
    }
    output::text_line(text.trim_end())
}

/// States per second, with thousands separators.
fn per_second(states: usize, seconds: f64) -> String {
    let rate = format!("{:.0}", states as f64 / seconds.max(1e-9));
    rate.parse().map_or(rate, thousands)
}

/// A number of crashes, in words.
fn deaths(faults: u32) -> String {
    match faults {
        0 => "no crash".to_owned(),
        1 => "up to 1 crash".to_owned(),
        more => format!("up to {more} crashes"),
    }
}

/// The readable charts of the folder `charts`, by name.
fn charts() -> Vec<(String, Chart)> {
    let files = files(Path::new(CHARTS)).unwrap_or_default();
    let chart = |file: std::path::PathBuf| {
        let chart = Chart::parse(&std::fs::read_to_string(&file).ok()?).ok()?;
        Some((file.file_stem()?.to_string_lossy().into_owned(), chart))
    };
    files.into_iter().filter_map(chart).collect()
}

/// A world by name, or a chart by name or file.
fn find(name: &str) -> Result<World, Failure> {
    if let Some(world) = World::named(name) {
        return Ok(world);
    }
    if let Some((_, chart)) = charts().into_iter().find(|(chart, _)| chart == name) {
        return Ok(World::of_chart(name, &chart).faults(1));
    }
    let file = Path::new(name);
    if file.extension().is_some_and(|extension| extension == "chart") {
        let wrong = |why: String| Failure::Absent(format!("{name}: {why}"));
        let text = std::fs::read_to_string(file).map_err(|why| match why.kind() {
            ErrorKind::InvalidData => wrong("a chart must be UTF-8 text".to_owned()),
            _ => wrong(format!("{why}; list worlds and charts with: buttonwood explore --list")),
        })?;
        let chart = Chart::parse(&text).map_err(|why| wrong(why.to_string()))?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        return Ok(World::of_chart(&stem, &chart).faults(1));
    }
    let known = worlds().into_iter().map(|world| world.name);
    let known = known.chain(charts().into_iter().map(|(name, _)| name));
    let near = near(name, known);
    Err(Failure::Usage(format!(
        "there is no world or chart {name:?}; {near}list them with: buttonwood explore --list"
    )))
}

// ---- all of it

#[derive(Serialize)]
struct Report {
    world: String,
    about: String,
    faults: u32,
    states: usize,
    moves: u64,
    depth: usize,
    seconds: f64,
    states_per_second: f64,
    threads: usize,
    bytes_per_state: usize,
    exhausted: bool,
    laws: Vec<LawReport>,
    violation: Option<String>,
}

#[derive(Serialize)]
struct LawReport {
    law: &'static str,
    /// `None` if the search stopped before its end.
    holds: Option<bool>,
    sometimes: u64,
}

/// Searches a world, with a bar on a terminal. Returns the result and the seconds it took.
fn search(world: &World, args: &Args, threads: usize) -> Result<(Found, f64), Failure> {
    let bar = output::states_bar();
    let start = Instant::now();
    let mut explorer = explorer(world, args)?.watched(|progress| {
        bar.set_position(progress.states as u64);
        bar.set_message(format!(
            "{}/s, {} wait, depth {}",
            per_second(progress.states, start.elapsed().as_secs_f64()),
            thousands(progress.waiting as u64),
            progress.depth
        ));
        true
    });
    if let Some(states) = args.states {
        explorer = explorer.most_states(states);
    }
    #[cfg(feature = "mutations")]
    if !args.mutate.is_empty() {
        explorer = explorer.stop_at_counterexample(); // a mistake can make a world endless
    }
    let found = explorer.search_with(threads);
    bar.finish_and_clear();
    Ok((found, start.elapsed().as_secs_f64()))
}

/// The requested number of threads, or one per processor.
fn threads(args: &Args) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, NonZero::get);
    args.threads.map_or_else(processors, usize::from)
}

fn explore(world: &World, args: &Args) -> Result<(), Failure> {
    let threads = threads(args);
    let (found, seconds) = search(world, args, threads)?;
    let breaches = found.verdicts.iter().filter_map(|verdict| {
        let counterexample = verdict.counterexample.as_ref()?;
        let title = format!("{}: {} is broken: {}", world.name, verdict.law, counterexample.what);
        Some(draw(world, &title, &counterexample.path))
    });
    let breaches: Vec<Picture> = breaches.collect();
    let law = |verdict: &lab::explore::Verdict<Step>| LawReport {
        law: verdict.law,
        holds: verdict.holds,
        sometimes: verdict.sometimes,
    };
    let report = Report {
        world: world.name.clone(),
        about: world.about.clone(),
        faults: world.budget(),
        states: found.states,
        moves: found.moves,
        depth: found.depth,
        seconds,
        states_per_second: found.states as f64 / seconds.max(1e-9),
        threads,
        bytes_per_state: found.bytes_per_state,
        exhausted: found.exhausted,
        laws: found.verdicts.iter().map(law).collect(),
        violation: breaches.first().map(ToString::to_string),
    };
    match (args.json, is_drawing(args)) {
        (true, _) => output::json(&report)?,
        (false, true) => breaches.iter().try_for_each(|picture| show(picture, args))?,
        (false, false) => {
            output::text_line(report.summary())?;
            breaches.iter().try_for_each(|picture| output::text_line(format!("\n{picture}")))?;
        }
    }
    if breaches.is_empty() {
        if is_drawing(args) {
            output::log("no law is broken, so there is no run to draw; use --kill to draw a crash");
        }
        return Ok(());
    }
    let laws: Vec<_> = report.laws.iter().filter(|law| law.holds == Some(false)).collect();
    let names: Vec<_> = laws.iter().map(|law| law.law).collect();
    Err(Failure::Absent(format!("{}: broken: {}", world.name, names.join(", "))))
}

fn explorer<'a>(world: &World, args: &Args) -> Result<Explorer<'a, State>, Failure> {
    let Some(name) = &args.law else { return Ok(world.explorer()) };
    let law = world.law(name).ok_or_else(|| {
        let all = world.law_names();
        let near = near(name, all.iter().map(|law| (*law).to_owned()));
        let is_one = lab::laws::Law::ALL.iter().any(|law| law.name() == name);
        let why = if is_one { "is not judged in this world" } else { "is not a law" };
        let all = all.join(", ");
        Failure::Usage(format!(
            "--law: {name:?} {why}; {near}the laws of {} are: {all}",
            world.name
        ))
    })?;
    Ok(Explorer::new(world.start()).law(law))
}

impl Report {
    fn summary(&self) -> String {
        let mut text = format!("{}: {}\n", self.world, self.about);
        let end = if self.exhausted { "exhausted" } else { "stopped before the end" };
        let per_second = per_second(self.states, self.seconds);
        writeln!(
            text,
            "{} states with {}, {end}; depth {}, {:.1} s, {per_second} states/s",
            thousands(self.states as u64),
            deaths(self.faults),
            self.depth,
            self.seconds,
        )
        .expect("text can be written");
        for LawReport { law, holds, sometimes } in &self.laws {
            let verdict = match (holds, sometimes) {
                (Some(false), _) => "BROKEN",
                (Some(true), 0) => "holds, but was never tested",
                (Some(true), _) => "holds",
                (None, _) => "unknown",
            };
            let times = thousands(*sometimes);
            writeln!(text, "  {law:<16}  {verdict}, tested in {times} states")
                .expect("text can be written");
        }
        text.trim_end().to_owned()
    }
}

// ---- one crash

#[derive(Serialize)]
struct DeathReport {
    world: String,
    death: String,
    chart: String,
    violation: Option<String>,
}

fn what_if(
    world: &World,
    who: &str,
    before: bool,
    arrow: &str,
    args: &Args,
) -> Result<(), Failure> {
    let (word, nth) = which(arrow)?;
    let death = WhatIf { who: who.to_owned(), before, word, nth };
    let aftermath = world.what_if(&death);
    let aftermath = aftermath.map_err(|why| Failure::Usage(format!("{death}: {why}")))?;
    if args.json {
        output::json(&DeathReport {
            world: world.name.clone(),
            death: death.to_string(),
            chart: aftermath.picture.to_string(),
            violation: aftermath.broken.clone(),
        })?;
    } else {
        show(&aftermath.picture, args)?;
    }
    match aftermath.broken {
        None if is_drawing(args) || args.json => Ok(()),
        None => output::text_line("\nall laws hold in this run, and no deal is open at its end"),
        Some(broken) => Err(Failure::Absent(format!("a law is broken: {broken}"))),
    }
}

/// `accept`, or `2nd accept`.
fn which(arrow: &str) -> Result<(String, usize), Failure> {
    let words: Vec<_> = arrow.split_whitespace().collect();
    let nth = |text: &str| text.trim_end_matches(char::is_alphabetic).parse().ok();
    match words[..] {
        [word] => Some((word.to_owned(), 1)),
        [first, word] => nth(first).filter(|nth| *nth > 0).map(|nth| (word.to_owned(), nth)),
        _ => None,
    }
    .ok_or_else(|| {
        Failure::Usage(format!(
            "name an arrow by its message's first word, such as accept or '2nd accept', not {arrow:?}"
        ))
    })
}

fn is_drawing(args: &Args) -> bool {
    args.mermaid || args.svg
}

fn show(picture: &Picture, args: &Args) -> Result<(), Failure> {
    output::text_line(match (args.mermaid, args.svg) {
        (true, _) => picture.mermaid(),
        (_, true) => picture.svg(),
        _ => picture.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_is_a_word_and_perhaps_which_of_them() {
        assert_eq!(which("accept").map_err(|_| ()), Ok(("accept".to_owned(), 1)));
        assert_eq!(which("2nd record").map_err(|_| ()), Ok(("record".to_owned(), 2)));
        assert!(which("0 record").is_err() && which("").is_err() && which("a b").is_err());
    }
}
