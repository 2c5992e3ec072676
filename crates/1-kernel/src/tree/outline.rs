//! A running tree as a value for people and programs: the same places that its supervisors use.

use std::fmt;

use super::{Body, Intensity, NodeId, Place, Restart, Shutdown, Strategy, Tree};
use crate::Name;

/// One place of a tree, with all below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outline {
    /// Its name among its siblings.
    pub name: String,
    /// What the place holds.
    pub work: Work,
    /// Which ends lead to a restart; for a supervisor of many, of its children.
    pub restart: Restart,
    /// How it is ended; for a supervisor of many, how its children are.
    pub shutdown: Shutdown,
    /// Its registered name.
    pub registered: Option<Name>,
}

/// What a place holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Work {
    /// One process.
    One,
    /// A supervisor of many like children.
    Many {
        /// Their number now.
        children: usize,
        /// Restarts allowed for each.
        intensity: Intensity,
    },
    /// A supervisor and its children, in order of start.
    Group {
        /// What happens to the others when one fails.
        strategy: Strategy,
        /// Restarts allowed for its children together.
        intensity: Intensity,
        /// True if it is given up alone when it exceeds the intensity: see
        /// [`crate::Node::given_up_as`].
        given_up_alone: bool,
        /// Its children.
        children: Vec<Outline>,
    },
}

impl Outline {
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let Outline { name, work, restart, shutdown, registered } = self;
        write!(f, "{:indent$}{name}: ", "", indent = depth * 2)?;
        match work {
            Work::One => write!(f, "one process, {restart}, {shutdown}")?,
            Work::Many { children, intensity } => write!(
                f,
                "many like children, {children} now; each {restart}, {intensity}, {shutdown}"
            )?,
            Work::Group { strategy, intensity, given_up_alone, .. } => {
                let alone = if *given_up_alone { ", then given up alone" } else { "" };
                write!(f, "{strategy}, {intensity}{alone}; {restart}, {shutdown}")?;
            }
        }
        if let Some(Name(number)) = registered {
            write!(f, "; registered as {number}")?;
        }
        writeln!(f)?;
        match work {
            Work::Group { children, .. } => {
                children.iter().try_for_each(|child| child.write(f, depth + 1))
            }
            Work::One | Work::Many { .. } => Ok(()),
        }
    }
}

impl fmt::Display for Outline {
    /// One line for each place, children indented.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strategy::OneForOne => "one-for-one",
            Strategy::OneForAll => "one-for-all",
            Strategy::RestForOne => "rest-for-one",
        })
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Restart::Permanent => "permanent",
            Restart::Transient => "transient",
            Restart::Temporary => "temporary",
        })
    }
}

impl fmt::Display for Intensity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} restarts in {} ms", self.times, self.within / 1_000_000)
    }
}

impl fmt::Display for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shutdown::Kill => f.write_str("ended by a kill"),
            Shutdown::Within(limit) => write!(f, "{} ms to end", limit / 1_000_000),
            Shutdown::Infinity => f.write_str("any time to end"),
        }
    }
}

impl<R: Clone> Tree<R> {
    /// A place with all below it.
    pub(crate) fn outline(&self, node: NodeId) -> Outline {
        let place: &Place<R> = self.place(node);
        let intensity = place.intensity;
        let work = match &place.body {
            Body::One { .. } => Work::One,
            Body::Many { index, .. } => Work::Many { children: index.children(), intensity },
            Body::Group { strategy, children } => {
                let children = children.iter().map(|child| self.outline(*child)).collect();
                let given_up_alone = place.given_up_as.is_some();
                Work::Group { strategy: *strategy, intensity, given_up_alone, children }
            }
        };
        let Place { restart, shutdown, registered, .. } = *place;
        Outline { name: place.name.to_string(), work, restart, shutdown, registered }
    }
}
