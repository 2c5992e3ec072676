//! `buttonwood life`: the Game of Life with a process per cell, whose cells can be killed.
#![allow(clippy::disallowed_methods, reason = "an edge: reads whether a terminal is attached")]

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use life::{Format, Memory, Pattern, Tile, Torus};

use crate::failure::Failure;
use crate::life::{self as game, Plan, Played};
use crate::output;

/// Run the Game of Life with a process per cell
///
/// Each cell holds its own history and queries its eight neighbours for theirs. Cells run at their
/// own pace, and a killed cell catches up. A terminal shows the torus: cells that lag behind are
/// yellow to red, a cell that restarts is magenta. Keys: space pauses, s steps, k kills a
/// hundred cells, arrows move, q or Ctrl-C ends, and so does closing the terminal. At the end, the result is
/// compared with that of a plain array; the exit status is 1 if it differs.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Columns and rows of the torus
    #[arg(long, value_name = "WxH", default_value = "64x64")]
    size: Torus,
    /// Pattern in the middle: glider, r-pentomino, gosper-gun, or a file in RLE or Life 1.06
    #[arg(long, value_name = "NAME|FILE", default_value = "r-pentomino")]
    pattern: String,
    /// End when every cell has reached this generation
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    until: Option<u32>,
    /// Kill this many processes per second, 100,000 at most: cells, and for each fourth its collector; a
    /// cell that is restarting is not killed again
    #[arg(long, value_name = "K", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    kill_per_second: u32,
    /// Seed that selects the killed processes
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Steps between checkpoints of a cell, 63 at most; 0 for none: a killed cell restarts
    /// at time 0, and every cell keeps its whole history
    #[arg(long, value_name = "STEPS", default_value_t = 32, value_parser = clap::value_parser!(u8).range(..=63))]
    checkpoint: u8,
    /// Generations per second on a terminal; 0 for no limit
    #[arg(long, value_name = "G", default_value_t = 20)]
    speed: u32,
    /// Divide the torus into this many bands of rows, each a world on its own thread; above 1, nothing is
    /// drawn and --until is required
    #[arg(long, value_name = "W", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    worlds: u8,
    /// Write the last generation to this file, which ends in .rle, .life or .lif
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Draw nothing; print one JSON document at the end
    #[arg(long)]
    json: bool,
}

/// Runs the torus.
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
        "generation {} of the cells differs from that of the plain array: this program has a bug; report it \
         with these flags",
        report.generation
    )))
}

/// Each world needs a row, and several worlds need an end.
fn check_worlds(args: &Args) -> Result<(), Failure> {
    if args.worlds > Tile::most(args.size) {
        return Err(Failure::Usage(format!(
            "--worlds {}: each world needs at least one row, and --size {} has {}",
            args.worlds,
            args.size,
            args.size.height()
        )));
    }
    if args.worlds > 1 && args.until.is_none() {
        return Err(Failure::Usage(format!(
            "--worlds {}: several worlds are not drawn; set their end with --until",
            args.worlds
        )));
    }
    Ok(())
}

/// A built-in pattern by name, else a file.
fn read(name: &str) -> Result<Pattern, Failure> {
    if let Some(pattern) = Pattern::known(name) {
        return Ok(pattern);
    }
    let text = std::fs::read_to_string(name).map_err(|why| {
        if why.kind() == io::ErrorKind::NotFound {
            let names: Vec<&str> = Pattern::names().collect();
            return Failure::Usage(format!(
                "--pattern: '{name}' is neither a file nor a built-in pattern ({})",
                names.join(", ")
            ));
        }
        Failure::Life(format!("--pattern: {name} cannot be read: {why}"))
    })?;
    Pattern::read(&text).map_err(|why| Failure::Life(format!("{name}: {why}")))
}

/// Fails before the run if the folder of the output file does not exist.
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

/// Output format by the file's extension.
fn format(path: &Path) -> Result<Format, Failure> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("rle") => Ok(Format::Rle),
        Some("life" | "lif") => Ok(Format::Life106),
        _ => Err(Failure::Usage(format!(
            "--save: {} must end in .rle, .life or .lif, which select the format",
            path.display()
        ))),
    }
}
