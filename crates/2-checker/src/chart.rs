//! Message sequence charts as values, and their forms: text, Mermaid, SVG. The caller fills the
//! rows; a [`Recorder`] does so for any world, given names for its processes.

mod mermaid;
mod recorder;
mod svg;

use std::fmt;

pub use recorder::Recorder;

/// How an arrow is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Arrow {
    /// A delivered message: `->`.
    Said,
    /// An undeliverable message: `-x`.
    Lost,
    /// A recorded fact: `=>`.
    Recorded,
}

impl Arrow {
    /// The arrow as text.
    pub fn as_str(self) -> &'static str {
        match self {
            Arrow::Said => "->",
            Arrow::Lost => "-x",
            Arrow::Recorded => "=>",
        }
    }
}

/// A row of a chart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Row {
    /// A message, or a fact if `to` is `log`.
    Arrow {
        /// The sender.
        from: String,
        /// Said, lost or recorded.
        arrow: Arrow,
        /// The receiver, or `log`.
        to: String,
        /// The message or fact.
        text: String,
    },
    /// Something else than a message: an end, a restart.
    Note(String),
}

/// A chart for display. Its text form is the format of the project's chart files.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Picture {
    /// Its subject, in one line.
    pub title: String,
    /// A note about the whole chart.
    pub remark: Option<String>,
    /// The initial state, a line each.
    pub given: Vec<String>,
    /// What happened, in order.
    pub rows: Vec<Row>,
    /// The final state, a line each.
    pub leaves: Vec<String>,
}

impl Picture {
    /// A chart of these rows alone.
    pub fn of(title: &str, rows: &[Row]) -> Picture {
        Picture { title: title.to_owned(), rows: rows.to_vec(), ..Picture::default() }
    }

    /// The names at the heads of the columns, in order of appearance, with the log last.
    pub fn columns(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for row in &self.rows {
            if let Row::Arrow { from, to, .. } = row {
                for name in [from.as_str(), to.as_str()] {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
        }
        names.sort_by_key(|name| *name == "log");
        names
    }

    /// A Mermaid sequence diagram.
    pub fn mermaid(&self) -> String {
        mermaid::mermaid(self)
    }

    /// An SVG picture, legible on light and on dark ground.
    pub fn svg(&self) -> String {
        svg::svg(self)
    }

    /// Notes above the rows, a line each.
    fn above(&self) -> impl Iterator<Item = String> {
        let given = self.given.iter().map(|row| format!("given {row}"));
        self.remark.iter().cloned().chain(given)
    }

    /// Notes below the rows.
    fn below(&self) -> impl Iterator<Item = String> {
        self.leaves.iter().map(|row| format!("leaves {row}"))
    }
}

impl fmt::Display for Picture {
    /// The chart as text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        if let Some(remark) = &self.remark {
            write!(f, "\n# {remark}")?;
        }
        for (name, rows) in
            [("given", &self.given), ("then", &lines(&self.rows)), ("leaves", &self.leaves)]
        {
            if !rows.is_empty() {
                write!(f, "\n{name}")?;
                rows.iter().try_for_each(|row| write!(f, "\n  {row}"))?;
            }
        }
        Ok(())
    }
}

/// Rows as text, a line each, in columns.
pub fn lines(rows: &[Row]) -> Vec<String> {
    let mut width = [0, 0];
    for row in rows {
        if let Row::Arrow { from, to, .. } = row {
            width = [width[0].max(from.len()), width[1].max(to.len())];
        }
    }
    let [wide, to_wide] = width;
    let line = |row: &Row| match row {
        Row::Note(note) => note.clone(),
        Row::Arrow { from, arrow, to, text } => {
            format!("{from:<wide$} {} {to:<to_wide$}  {text}", arrow.as_str())
        }
    };
    rows.iter().map(line).collect()
}
