//! Compares chart files with their runs, or rewrites them. The only file of this
//! crate that reads or writes a disk.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Chart;

/// A chart file that differs from its run.
#[derive(Debug)]
pub struct Difference {
    /// The file.
    pub file: PathBuf,
    /// A diff of file and run; or why the chart cannot run.
    pub text: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.file.display(), self.text)
    }
}

impl std::error::Error for Difference {}

/// The chart files of a directory, by name.
pub fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "chart") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Runs a chart file and compares the result. The outer error is of the disk.
pub fn compare(file: &Path) -> io::Result<Result<Chart, Difference>> {
    let text = fs::read_to_string(file)?;
    let differs = |text: String| Difference { file: file.to_owned(), text };
    Ok(match blessed(&text) {
        Ok(chart) if chart.to_string() == text => Ok(chart),
        Ok(chart) => Err(differs(difference(&text, &chart.to_string()))),
        Err(why) => Err(differs(why)),
    })
}

/// Rewrites `then` and `leaves` of every chart file of a directory from a run. Returns the changed
/// files; a chart that cannot run is an error of kind `InvalidData`, and stays unchanged.
pub fn bless(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    for file in files(dir)? {
        let old = fs::read_to_string(&file)?;
        let wrong =
            |why| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", file.display()));
        let new = blessed(&old).map_err(wrong)?.to_string();
        if new != old {
            fs::write(&file, new)?;
            changed.push(file);
        }
    }
    Ok(changed)
}

fn blessed(text: &str) -> Result<Chart, String> {
    let mut chart = Chart::parse(text).map_err(|error| error.to_string())?;
    let played = chart.play().map_err(|error| error.to_string())?;
    (chart.then, chart.leaves) = (played.then(), played.leaves);
    Ok(chart)
}

/// Both texts as one, `-` before lines that only the file has and `+` before those that only the
/// run has. O(lines of one × lines of the other).
fn difference(file: &str, run: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (file.lines().collect(), run.lines().collect());
    // Length of the longest common part of what is left of both, from every pair of places.
    let mut common = vec![vec![0usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = match old[i] == new[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut text) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        let (sign, line) = if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
            (' ', new[j - 1])
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            i += 1;
            ('-', old[i - 1])
        } else {
            j += 1;
            ('+', new[j - 1])
        };
        text += &format!("{sign} {line}\n");
    }
    text
}
