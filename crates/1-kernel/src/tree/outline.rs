//! A tree at work as a value for people and programs: the same places that its supervisors go by.

use std::fmt;

use super::{Body, Intensity, NodeId, Place, Restart, Shutdown, Strategy, Tree};
use crate::Name;

/// One place of a tree, with all below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outline {
    /// What it is called among its siblings.
    pub name: String,
    /// What is there.
    pub work: Work,
    /// Which ends lead to a restart; of one of many like children, if it is their supervisor.
    pub restart: Restart,
    /// How it is ended; of one of many like children, if it is their supervisor.
    pub shutdown: Shutdown,
    /// The name that is registered for it in each of its lives.
    pub registered: Option<Name>,
}

/// What is at a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Work {
    /// One process.
    One,
    /// A supervisor of many like children.
    Many {
        /// How many there are now.
        children: usize,
        /// How many restarts of each are too many.
        intensity: Intensity,
    },
    /// A supervisor and its children, in order of start.
    Group {
        /// What is done with the others when one dies.
        strategy: Strategy,
        /// How many restarts of its children are too many.
        intensity: Intensity,
        /// With one more it is given up alone, and does not count as a restart in the group above it.
        given_up_alone: bool,
        /// These.
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
    /// A line a place, children further in.
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
