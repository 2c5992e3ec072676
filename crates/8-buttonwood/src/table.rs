//! Tables of text: aligned columns; on a narrow terminal, a block per row.

use std::fmt::Write as _;

/// A table that is being built. The first column names the row, the others are figures.
pub(crate) struct Table {
    title: String,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows. `head` has a name for each column, units included.
    pub(crate) fn new(title: impl Into<String>, head: &[&'static str]) -> Table {
        Table { title: title.into(), head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub(crate) fn row<const N: usize>(mut self, cells: [String; N]) -> Table {
        assert_eq!(cells.len(), self.head.len(), "a cell for each column");
        self.rows.push(cells.into());
        self
    }

    /// Adds rows.
    pub(crate) fn rows<const N: usize>(self, rows: impl IntoIterator<Item = [String; N]>) -> Table {
        rows.into_iter().fold(self, Table::row)
    }

    /// The table as text, without the end of its last line. `columns` are those of the terminal.
    pub(crate) fn text(&self, columns: Option<usize>) -> String {
        let width = |index: usize| {
            let cells = self.rows.iter().map(|row| row[index].chars().count());
            cells.chain([self.head[index].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let whole = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        if columns.is_some_and(|columns| whole > columns) {
            self.blocks()
        } else {
            self.aligned(&widths)
        }
    }

    fn aligned(&self, widths: &[usize]) -> String {
        let mut lines = vec![self.title.clone()];
        let head: Vec<String> = self.head.iter().map(|name| (*name).to_owned()).collect();
        for row in [&head].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
                if index == 0 {
                    write!(line, "{cell:<width$}").expect("text can be written");
                } else {
                    write!(line, "  {cell:>width$}").expect("text can be written");
                }
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n")
    }

    fn blocks(&self) -> String {
        let mut lines = vec![self.title.clone()];
        let wide = self.head[1..].iter().map(|name| name.len()).max().unwrap_or(0);
        for row in &self.rows {
            lines.push(row[0].clone());
            for (name, cell) in self.head[1..].iter().zip(&row[1..]) {
                lines.push(format!("  {name:<wide$}  {cell}"));
            }
        }
        lines.join("\n")
    }
}

/// Several tables, one below the other.
pub(crate) fn text(tables: &[Table], columns: Option<usize>) -> String {
    tables.iter().map(|table| table.text(columns)).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let cells = |cells: [&str; 3]| cells.map(str::to_owned);
        let table = Table::new("a title", &["scenario", "commands/s", "best"]);
        table.row(cells(["still", "9,000,000", "9,100,000"])).row(cells(["calm", "5", "60"]))
    }

    #[test]
    fn columns_line_up() {
        let text = "a title\n\
                    scenario  commands/s       best\n\
                    still      9,000,000  9,100,000\n\
                    calm               5         60";
        assert_eq!(table().text(None), text);
        assert_eq!(table().text(Some(31)), text);
    }

    #[test]
    fn a_narrow_terminal_gets_blocks() {
        assert_eq!(
            table().text(Some(30)),
            "a title\nstill\n  commands/s  9,000,000\n  best        9,100,000\ncalm\n  commands/s  5\n  best        60"
        );
    }
}
