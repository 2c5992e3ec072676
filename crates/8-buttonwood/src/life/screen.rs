//! Life on a terminal: two cells per character, colour for lag, figures below.
//!
//! The terminal is restored at every end. A terminal that is gone ends the run like Ctrl-C.
#![allow(clippy::disallowed_types, reason = "an edge: frames come by wall time")]
#![allow(clippy::disallowed_methods, reason = "an edge: a thread that only reads keys")]

use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use life::{Array, Grid};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::Widget;
use ratatui::{DefaultTerminal, Frame};

use super::Plan;
use super::edge::Edge;
use crate::failure::Failure;
use crate::output::thousands;

const FRAME: Duration = Duration::from_millis(33);
/// Lines below the picture.
const FIGURES: u16 = 2;
/// Cells that an arrow key moves.
const MOVE: u16 = 8;
/// Cells that the key for it kills.
const VICTIMS: u32 = 100;

/// What the keys have changed.
struct View {
    /// The cell in the upper left corner.
    left: u16,
    above: u16,
    paused: bool,
    /// A step was asked for while it was paused.
    step: bool,
    ended: bool,
    colours: bool,
}

/// Interval in which the key thread checks whether it is still needed.
const WAIT: Duration = Duration::from_millis(50);

/// Draws until the last generation, a key, Ctrl-C, or the end of the terminal. False if the terminal is gone.
pub(super) fn follow(edge: &mut Edge, plan: &Plan, asked: &AtomicBool) -> Result<bool, Failure> {
    let cannot = |why: io::Error| {
        Failure::Life(format!("cannot draw on this terminal: {why}; --json draws nothing"))
    };
    let mut terminal = ratatui::try_init().map_err(cannot)?;
    let drawn = Keys::listen().and_then(|keys| draw_all(&mut terminal, edge, plan, asked, &keys));
    let shown = terminal.show_cursor().and_then(|()| ratatui::try_restore());
    if shown.is_err() {
        // Dropping it would report on standard error, and panic since that is gone too.
        mem::forget(terminal);
    }
    match drawn.and(shown) {
        Ok(()) => Ok(true),
        Err(why) if is_gone(&why) => Ok(false),
        Err(why) => Err(cannot(why)),
    }
}

/// The errors of a terminal that has hung up.
fn is_gone(why: &io::Error) -> bool {
    why.kind() == io::ErrorKind::BrokenPipe
        || (cfg!(unix) && matches!(why.raw_os_error(), Some(libc::EIO | libc::ENXIO)))
}

/// Keys and other events, read on a separate thread.
///
/// On a terminal that has hung up, neither `event::poll` nor `event::read` ever returns, whatever its timeout. No
/// thread joins that one: it ends with the program.
struct Keys {
    events: Receiver<io::Result<Event>>,
    wanted: Arc<AtomicBool>,
}

impl Keys {
    fn listen() -> io::Result<Keys> {
        let (sender, events) = mpsc::channel();
        let wanted = Arc::new(AtomicBool::new(true));
        let goes_on = wanted.clone();
        let read = move || {
            while goes_on.load(Ordering::Relaxed) {
                let event = match event::poll(WAIT) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(why) => Err(why),
                };
                let failed = event.is_err();
                if sender.send(event).is_err() || failed {
                    return;
                }
            }
        };
        Builder::new().name("keys".to_owned()).spawn(read)?;
        Ok(Keys { events, wanted })
    }

    /// The next event, if one comes before `end`.
    fn next(&self, end: Instant) -> io::Result<Option<Event>> {
        match self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(event) => event.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
    }
}

fn draw_all(
    terminal: &mut DefaultTerminal,
    edge: &mut Edge,
    plan: &Plan,
    asked: &AtomicBool,
    keys: &Keys,
) -> io::Result<()> {
    let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut view = View { left: 0, above: 0, paused: false, step: false, ended: false, colours };
    while !view.ended && !asked.load(Ordering::Relaxed) {
        let end = Instant::now() + FRAME;
        let goes_on = run_until(edge, &mut view, plan, end);
        let picture = Picture::of(&edge.grid);
        terminal.draw(|frame| draw(frame, edge, &picture, &view))?;
        if !goes_on {
            return Ok(());
        }
        while let Some(event) = keys.next(end)? {
            on_event(&event, edge, &mut view);
        }
    }
    Ok(())
}

/// Runs cells until the frame is over or they have reached their target for it. False at the end.
fn run_until(edge: &mut Edge, view: &mut View, plan: &Plan, end: Instant) -> bool {
    let mut goal = goal(edge, plan.speed);
    if view.paused {
        if !std::mem::take(&mut view.step) {
            edge.rest();
            return true;
        }
        goal = edge.grid.latest().saturating_add(1);
    }
    while edge.grid.latest() < goal || edge.grid.world().waiting() == 0 {
        if !edge.advance() {
            return false;
        }
        if Instant::now() >= end {
            break;
        }
    }
    true
}

/// Target generation at this time.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, as it should"
)]
fn goal(edge: &Edge, speed: u32) -> u32 {
    match speed {
        0 => u32::MAX,
        speed => (edge.seconds() * f64::from(speed)) as u32 + 1,
    }
}

fn on_event(event: &Event, edge: &mut Edge, view: &mut View) {
    let Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press, .. }) = event else {
        return; // a new size is drawn with the next frame
    };
    let torus = edge.grid.torus();
    match code {
        KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => view.ended = true,
        KeyCode::Char('q') | KeyCode::Esc => view.ended = true,
        KeyCode::Char(' ') => view.paused = !view.paused,
        KeyCode::Char('s') => (view.paused, view.step) = (true, true),
        KeyCode::Char('k') => (0..VICTIMS).for_each(|_| edge.kill()),
        KeyCode::Left => view.left = view.left.saturating_sub(MOVE),
        KeyCode::Up => view.above = view.above.saturating_sub(MOVE),
        KeyCode::Right => view.left = view.left.saturating_add(MOVE).min(torus.width() - 1),
        KeyCode::Down => view.above = view.above.saturating_add(MOVE).min(torus.height() - 1),
        _ => {}
    }
}

fn draw(frame: &mut Frame<'_>, edge: &Edge, picture: &Picture, view: &View) {
    let area = frame.area();
    let height = area.height.saturating_sub(FIGURES);
    frame.render_widget(Seen { picture, view }, Rect { height, ..area });
    for (line, text) in (0..).zip(figures(edge, picture, view, area.width.into())) {
        if height + line < area.height {
            frame.buffer_mut().set_stringn(0, height + line, text, area.width.into(), Style::new());
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate for people")]
fn figures(edge: &Edge, picture: &Picture, view: &View, columns: usize) -> [String; 2] {
    let grid = &edge.grid;
    let (earliest, latest) = (grid.earliest(), grid.latest());
    let steps = f64::from(grid.torus().cells()) * f64::from(earliest);
    let rate = if edge.seconds() > 0.0 { (steps / edge.seconds()) as u64 } else { 0 };
    let killed = edge.killer.cells_killed + edge.killer.collectors_killed;
    let parts = [
        format!("generation {} to {}", thousands(earliest.into()), thousands(latest.into())),
        format!("alive {}", thousands(picture.contents.population() as u64)),
        format!("killed {}", thousands(killed)),
        format!("restarts {}", thousands(grid.restarts())),
        format!("{} cells", thousands(grid.torus().cells().into())),
        format!("{} cell-steps/s", thousands(rate)),
    ];
    [
        fitting(&parts, columns),
        format!(
            "space {}  s step  k kill {VICTIMS}  arrows move  q end",
            if view.paused { "resume" } else { "pause" }
        ),
    ]
}

/// As many of these as fit on a line whole, from the first.
fn fitting(parts: &[String], columns: usize) -> String {
    let whole = |count: &usize| parts[..*count].join("  ");
    let fits = |count: &usize| whole(count).len() <= columns;
    (0..=parts.len()).rev().find(fits).map_or_else(String::new, |count| whole(&count))
}

/// What is drawn, taken at one moment.
struct Picture {
    contents: Array,
    /// How far each cell is behind; `None` between two lives.
    lag: Vec<Option<u32>>,
}

impl Picture {
    fn of(grid: &Grid) -> Picture {
        Picture { contents: grid.contents(), lag: grid.lag() }
    }

    /// Whether a cell is alive, and its colour, if the torus has it.
    fn cell(&self, x: u16, y: u16) -> Option<(bool, Color)> {
        let torus = self.contents.torus();
        if x >= torus.width() || y >= torus.height() {
            return None;
        }
        let place = torus.place(x.into(), y.into());
        let alive = self.contents.alive(place);
        Some((alive, colour(alive, self.lag[place as usize])))
    }
}

/// White if it is alive and near the most advanced, yellow to red the more it lags; dark if it is dead.
fn colour(alive: bool, lag: Option<u32>) -> Color {
    match (lag, alive) {
        (None, _) => Color::Rgb(255, 0, 255),
        (Some(0..=1), true) => Color::Rgb(235, 235, 235),
        (Some(2..=7), true) => Color::Rgb(255, 220, 80),
        (Some(8..=23), true) => Color::Rgb(255, 150, 40),
        (Some(_), true) => Color::Rgb(255, 70, 50),
        (Some(0..=1), false) => Color::Rgb(0, 0, 0),
        (Some(2..=7), false) => Color::Rgb(45, 38, 0),
        (Some(8..=23), false) => Color::Rgb(65, 30, 0),
        (Some(_), false) => Color::Rgb(85, 10, 0),
    }
}

/// A part of a picture, two cells a character.
struct Seen<'a> {
    picture: &'a Picture,
    view: &'a View,
}

impl Widget for Seen<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        for row in 0..area.height {
            for column in 0..area.width {
                let x = self.view.left.saturating_add(column);
                let y = self.view.above.saturating_add(row.saturating_mul(2));
                let Some(upper) = self.picture.cell(x, y) else { continue };
                let lower = self.picture.cell(x, y.saturating_add(1));
                let at = &mut buffer[(area.x + column, area.y + row)];
                if self.view.colours {
                    at.set_symbol("▀").set_fg(upper.1).set_bg(lower.map_or(Color::Reset, |l| l.1));
                } else {
                    at.set_symbol(match (upper.0, lower.is_some_and(|l| l.0)) {
                        (true, true) => "█",
                        (true, false) => "▀",
                        (false, true) => "▄",
                        (false, false) => " ",
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_shown_whole_or_not_at_all() {
        let parts = ["alive 110", "killed 99", "800 cells"].map(str::to_owned);
        assert_eq!(fitting(&parts, 80), "alive 110  killed 99  800 cells");
        assert_eq!(fitting(&parts, 31), "alive 110  killed 99  800 cells");
        assert_eq!(fitting(&parts, 30), "alive 110  killed 99");
        assert_eq!(fitting(&parts, 8), "");
    }
}
