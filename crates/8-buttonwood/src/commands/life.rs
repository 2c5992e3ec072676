//! `buttonwood life`: the Game of Life, a process per cell, to look at and to kill cells in.
#![allow(clippy::disallowed_methods, reason = "an edge: whether somebody watches")]

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use life::{Format, Memory, Pattern, Tile, Torus};

use crate::failure::Failure;
use crate::life::{self as game, Plan, Played};
use crate::output;

/// Play the Game of Life with a process per cell
///
/// Each cell knows its own history alone and asks its eight neighbours for theirs; cells run at their
/// own pace, and one that is killed catches up. On a terminal it is drawn: what lags behind is
/// yellow to red, and a cell between two lives is magenta. Keys: space pauses, s steps, k kills a
/// hundred cells, arrows move, q or Ctrl-C ends, and so does closing the terminal. At the end the result is
/// compared with a plain array's; exit status 1 if it differs.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Columns and rows of the torus
    #[arg(long, value_name = "WxH", default_value = "64x64")]
    size: Torus,
    /// glider, r-pentomino, gosper-gun, or a file in RLE or Life 1.06; it begins in the middle
    #[arg(long, value_name = "NAME|FILE", default_value = "r-pentomino")]
    pattern: String,
    /// End when every cell has come to this generation
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    until: Option<u32>,
    /// Kill so many processes a second while it runs, 100,000 at most: cells, and for each fourth its collector; a
    /// cell that is drawn between two lives is not killed again
    #[arg(long, value_name = "K", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    kill_per_second: u32,
    /// Seed that says who is killed
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Steps from one checkpoint of a cell to its next, 63 at most; 0 for none: a killed cell begins
    /// at time 0, and everybody keeps all of its history
    #[arg(long, value_name = "STEPS", default_value_t = 32, value_parser = clap::value_parser!(u8).range(..=63))]
    checkpoint: u8,
    /// Generations a second when it is drawn; 0 for as many as it can
    #[arg(long, value_name = "G", default_value_t = 20)]
    speed: u32,
    /// Cut the torus into so many bands of rows, each a world on a thread of its own; above 1 nothing is
    /// drawn, and --until is needed
    #[arg(long, value_name = "W", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    worlds: u8,
    /// Write the last generation to this file, which ends in .rle, .life or .lif
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Draw nothing; print one JSON document at the end
    #[arg(long)]
    json: bool,
}

/// Plays it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let save =
        args.save.as_deref().map(|path| Ok::<_, Failure>((path, format(path)?))).transpose()?;
    args.save.as_deref().map_or(Ok(()), check_folder)?;
    check_worlds(args)?;
    let first = read(&args.pattern)?;
    let first = first.on(args.size).map_err(|why| {
        let (width, height) = why.pattern;
        Failure::Usage(format!(
            "--pattern {}: {why}, as with --size {width}x{height}",
            args.pattern
        ))
    })?;
    let plan = Plan {
        pattern: args.pattern.clone(),
        first,
        until: args.until,
        kills_per_second: args.kill_per_second,
        seed: args.seed,
        memory: if args.checkpoint == 0 { Memory::Whole } else { Memory::Since(args.checkpoint) },
        speed: args.speed,
        worlds: args.worlds,
    };
    let draws = !args.json && io::stdout().is_terminal();
    let Played { report, last, unseen } = game::play(&plan, draws)?;
    if let Some((path, format)) = save {
        std::fs::write(path, Pattern::of(&last).write(format)).map_err(|why| {
            Failure::Life(format!("--save: {} cannot be written: {why}", path.display()))
        })?;
    }
    if args.json {
        output::json(&report)?;
    } else if !unseen {
        let value = serde_json::to_value(&report).map_err(|why| Failure::Output(why.into()))?;
        output::text_line(output::figures(&value))?;
    }
    if report.matches_array {
        return Ok(());
    }
    Err(Failure::Life(format!(
        "the cells came to another generation {} than the plain array: this program has a bug; report it \
         with these flags",
        report.generation
    )))
}

/// Several worlds need a row each, and an end.
fn check_worlds(args: &Args) -> Result<(), Failure> {
    if args.worlds > Tile::most(args.size) {
        return Err(Failure::Usage(format!(
            "--worlds {}: each world has a row at least, and --size {} has {}",
            args.worlds,
            args.size,
            args.size.height()
        )));
    }
    if args.worlds > 1 && args.until.is_none() {
        return Err(Failure::Usage(format!(
            "--worlds {}: several worlds are not drawn; say with --until when they end",
            args.worlds
        )));
    }
    Ok(())
}

/// A pattern by its name, else from a file.
fn read(name: &str) -> Result<Pattern, Failure> {
    if let Some(pattern) = Pattern::known(name) {
        return Ok(pattern);
    }
    let text = std::fs::read_to_string(name).map_err(|why| {
        if why.kind() == io::ErrorKind::NotFound {
            let names: Vec<&str> = Pattern::names().collect();
            return Failure::Usage(format!(
                "--pattern: '{name}' is no file, and no pattern known here ({})",
                names.join(", ")
            ));
        }
        Failure::Life(format!("--pattern: {name} cannot be read: {why}"))
    })?;
    Pattern::read(&text).map_err(|why| Failure::Life(format!("{name}: {why}")))
}

/// A run is not begun for a file that there is no folder for.
fn check_folder(path: &Path) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if folder.is_dir() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "--save: there is no folder {} for {}; make it, or save elsewhere",
        folder.display(),
        path.display()
    )))
}

/// The format of a file by its ending.
fn format(path: &Path) -> Result<Format, Failure> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("rle") => Ok(Format::Rle),
        Some("life" | "lif") => Ok(Format::Life106),
        _ => Err(Failure::Usage(format!(
            "--save: {} ends neither in .rle nor in .life or .lif, which say how it is written",
            path.display()
        ))),
    }
}
