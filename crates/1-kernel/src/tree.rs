//! The supervision tree: which processes restart together, how often, and from what. It is data
//! that can be printed, drawn and checked.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use memory::Table;

use crate::{Name, Pid, Reason};

mod ending;
mod outline;

pub(crate) use ending::{Ending, Task, Then};
pub use outline::{Outline, Work};

/// Names a place in a world's tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub(crate) u16);

/// What a supervisor does with its other children when one fails.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Strategy {
    /// Restarts the dead child alone.
    OneForOne,
    /// Ends the others in reverse order, then starts all in order.
    OneForAll,
    /// Ends those that were started after it, then starts it and them in order.
    RestForOne,
}

/// Which ends of a child lead to a restart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Restart {
    /// All ends.
    Permanent,
    /// All but `Normal` and `Shutdown`.
    Transient,
    /// No end.
    Temporary,
}

impl Restart {
    /// True if an end for this reason leads to no restart.
    #[inline]
    pub(crate) fn is_over(self, reason: &Reason) -> bool {
        match self {
            Restart::Permanent => false,
            Restart::Transient => reason.is_orderly(),
            Restart::Temporary => true,
        }
    }
}

/// A bound on restarts: with more than `times` within `within`, the supervisor gives up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Intensity {
    /// Restarts allowed.
    pub times: u32,
    /// The period, in nanoseconds of virtual time.
    pub within: u64,
}

impl Intensity {
    /// `times` restarts a second.
    pub const fn times(times: u32) -> Intensity {
        Intensity { times, within: 1_000_000_000 }
    }

    /// With this period, in nanoseconds of virtual time.
    pub const fn within(self, nanoseconds: u64) -> Intensity {
        Intensity { within: nanoseconds, ..self }
    }
}

/// How a supervisor ends a child.
///
/// A child that traps exits gets the exit signal [`Reason::Shutdown`]; any other process ends at
/// once. A supervisor always gets the signal, and ends its own children first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Shutdown {
    /// Kills it at once, without a signal.
    Kill,
    /// Sends the signal, and kills it if it has not ended after this many nanoseconds of virtual
    /// time.
    Within(u64),
    /// Sends the signal, and waits without a limit.
    Infinity,
}

/// A description of a tree or a branch.
#[derive(Clone, Debug)]
pub struct Node<R> {
    name: Cow<'static, str>,
    shape: Shape<R>,
    restart: Restart,
    intensity: Intensity,
    shutdown: Shutdown,
    registered: Option<Name>,
    indexed_by_state_machine: bool,
    given_up_as: Option<R>,
}

#[derive(Clone, Debug)]
enum Shape<R> {
    Group(Strategy, Vec<Node<R>>),
    One(R),
    Many(R),
}

impl<R> Node<R> {
    fn new(name: impl Into<Cow<'static, str>>, shape: Shape<R>) -> Node<R> {
        let (intensity, restart) = (Intensity::times(10), Restart::Permanent);
        let shutdown = match shape {
            Shape::Group(..) => Shutdown::Infinity,
            Shape::One(_) | Shape::Many(_) => Shutdown::Within(5_000_000_000),
        };
        let (registered, indexed_by_state_machine) = (None, false);
        let name = name.into();
        let given_up_as = None;
        Node {
            name,
            shape,
            restart,
            intensity,
            shutdown,
            registered,
            indexed_by_state_machine,
            given_up_as,
        }
    }

    /// A supervisor and its children, in the order in which they are started.
    pub fn group(
        name: impl Into<Cow<'static, str>>,
        strategy: Strategy,
        intensity: Intensity,
        children: Vec<Node<R>>,
    ) -> Node<R> {
        Node { intensity, ..Node::new(name, Shape::Group(strategy, children)) }
    }

    /// One process.
    pub fn one(name: impl Into<Cow<'static, str>>, role: R) -> Node<R> {
        Node::new(name, Shape::One(role))
    }

    /// A supervisor of many like children, which come and go, each with a key. The intensity counts
    /// for each child, so one failing child is given up alone.
    pub fn many(name: impl Into<Cow<'static, str>>, role: R) -> Node<R> {
        Node { restart: Restart::Transient, ..Node::new(name, Shape::Many(role)) }
    }

    /// Registers the place's process or supervisor under a name, after each restart too.
    ///
    /// # Panics
    /// If the name is not below [`Name::LIMIT`].
    pub fn named(self, name: Name) -> Node<R> {
        name.check();
        Node { registered: Some(name), ..self }
    }

    /// Sets which ends lead to a restart. Default: permanent; for many like children, transient
    /// (their supervisor is permanent).
    pub fn restarted(self, restart: Restart) -> Node<R> {
        Node { restart, ..self }
    }

    /// Sets how it is ended. Default: within five seconds; for a group, without a limit. For many
    /// like children it applies to each child, all at the same time; their supervisor has no limit.
    pub fn shutdown(self, shutdown: Shutdown) -> Node<R> {
        Node { shutdown, ..self }
    }

    /// For many like children: keeps no index by key, since the world's state machine has one
    /// ([`crate::StateMachine::place_of`]). Saves 16 bytes a child, and two table accesses in each
    /// life. A child is found by its key once a fact has told the state machine of it; until then
    /// the caller keeps keys distinct.
    pub fn indexed_by_state_machine(self) -> Node<R> {
        Node { indexed_by_state_machine: true, ..self }
    }

    /// For a group under a group: if it exceeds its intensity it is given up alone, and the group
    /// above goes on. In the same step [`Process::given_up`](crate::Process::given_up), with this
    /// role and key 0, gives the fact to record. Its own ends and failed starts count against
    /// itself, and not against the group above. It keeps its place:
    /// [`World::restart_child`](crate::World::restart_child) starts it again.
    ///
    /// Without this, a group that exceeds its intensity fails, which counts as a restart in the
    /// group above.
    pub fn given_up_as(self, role: R) -> Node<R> {
        Node { given_up_as: Some(role), ..self }
    }

    /// Sets the restarts allowed for each of many like children.
    pub fn intensity_per_child(self, intensity: Intensity) -> Node<R> {
        Node { intensity, ..self }
    }
}

/// Times of recent restarts, for an [`Intensity`].
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Deaths(VecDeque<u64>);

impl Deaths {
    /// Counts a restart; true if it exceeds the intensity.
    pub(crate) fn one_more(&mut self, now: u64, intensity: Intensity) -> bool {
        self.0.retain(|&at| now - at < intensity.within);
        self.0.push_back(now);
        self.0.len() > intensity.times as usize
    }

    /// Ages of the restarts that still count, in nanoseconds.
    pub(crate) fn ages(&self, now: u64, intensity: Intensity) -> impl Iterator<Item = u64> {
        self.0.iter().map(move |at| now - at).filter(move |age| *age < intensity.within)
    }
}

/// What a place holds.
#[derive(Clone, Debug)]
pub(crate) enum Body<R> {
    Group { strategy: Strategy, children: Vec<NodeId> },
    One { role: R },
    Many { role: R, index: Index, deaths: BTreeMap<u32, Deaths> },
}

impl<R> Body<R> {
    /// The role that makes this place's processes. A group has none.
    #[inline]
    pub(crate) fn role(&self) -> Option<&R> {
        match self {
            Body::One { role } | Body::Many { role, .. } => Some(role),
            Body::Group { .. } => None,
        }
    }
}

/// The children of a supervisor of many.
#[derive(Clone, Debug)]
pub(crate) enum Index {
    /// The index of each child's slot, by key.
    Whole(Table),
    /// The number of children; the state machine has their index.
    Count(usize),
}

impl Index {
    /// The number of children.
    pub(crate) fn children(&self) -> usize {
        match self {
            Index::Whole(table) => table.len(),
            Index::Count(children) => *children,
        }
    }

    /// The slot of the child with this key, if this is the index; `is` confirms a candidate.
    #[inline(always)]
    pub(crate) fn get(&self, key: u64, is: impl FnMut(u32) -> bool) -> Option<u32> {
        match self {
            Index::Whole(table) => table.get(key, is),
            Index::Count(_) => None,
        }
    }

    /// True if this is the index: a key that it lacks has no child.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Index::Whole(_))
    }

    /// Adds a child, whose key is free.
    #[inline(always)]
    pub(crate) fn insert(&mut self, key: u64, at: u32) {
        match self {
            Index::Whole(table) => table.insert(key, at),
            Index::Count(children) => *children += 1,
        }
    }

    /// Removes a child.
    #[inline(always)]
    pub(crate) fn remove(&mut self, key: u64, at: u32) {
        match self {
            Index::Whole(table) => table.remove_entry(key, at),
            Index::Count(children) => *children -= 1,
        }
    }

    /// Removes all children.
    pub(crate) fn clear(&mut self) {
        *self = match self {
            Index::Whole(_) => Index::Whole(Table::default()),
            Index::Count(_) => Index::Count(0),
        };
    }
}

/// A place of the tree: its description, and its state.
#[derive(Clone, Debug)]
pub(crate) struct Place<R> {
    pub(crate) name: Cow<'static, str>,
    pub(crate) parent: Option<NodeId>,
    pub(crate) restart: Restart,
    pub(crate) intensity: Intensity,
    pub(crate) shutdown: Shutdown,
    pub(crate) registered: Option<Name>,
    pub(crate) deaths: Deaths,
    /// Address of the process or the supervisor; [`Pid::OUTSIDE`] before its first start.
    pub(crate) pid: Pid,
    pub(crate) body: Body<R>,
    /// The children that the supervisor is ending now, if any.
    pub(crate) ending: Option<Box<Ending>>,
    /// Deleted: in no group's list, and never started again.
    pub(crate) deleted: bool,
    /// The role under which it is given up alone: see [`Node::given_up_as`].
    pub(crate) given_up_as: Option<R>,
}

impl<R> Place<R> {
    /// How its group ends this place.
    pub(crate) fn patience(&self) -> Shutdown {
        match self.body {
            Body::Many { .. } => Shutdown::Infinity,
            Body::Group { .. } | Body::One { .. } => self.shutdown,
        }
    }
}

/// A world's tree.
///
/// - a place is never removed, so a [`NodeId`] stays valid; a deleted one is in no group's list
/// - a group's list holds its children in order of their start; every place in it has that group as
///   its parent
/// - while `ending` is set, further tasks of its supervisor wait in `later`
#[derive(Clone, Debug)]
pub(crate) struct Tree<R> {
    pub(crate) places: Vec<Place<R>>,
}

impl<R: Clone> Tree<R> {
    pub(crate) fn place(&self, node: NodeId) -> &Place<R> {
        &self.places[usize::from(node.0)]
    }

    pub(crate) fn place_mut(&mut self, node: NodeId) -> &mut Place<R> {
        &mut self.places[usize::from(node.0)]
    }

    /// Adds a node and all below it, without starting them.
    pub(crate) fn add(&mut self, parent: Option<NodeId>, node: Node<R>) -> NodeId {
        let id =
            NodeId(u16::try_from(self.places.len()).expect("a tree has fewer than 65,535 places"));
        let Node { name, shape, restart, intensity, shutdown, registered, given_up_as, .. } = node;
        let index = match node.indexed_by_state_machine {
            true => Index::Count(0),
            false => Index::Whole(Table::default()),
        };
        let (body, below) = match shape {
            Shape::Group(strategy, below) => {
                (Body::Group { strategy, children: Vec::with_capacity(below.len()) }, below)
            }
            Shape::One(role) => (Body::One { role }, Vec::new()),
            Shape::Many(role) => (Body::Many { role, index, deaths: BTreeMap::new() }, Vec::new()),
        };
        self.places.push(Place {
            name,
            parent,
            restart,
            intensity,
            shutdown,
            registered,
            deaths: Deaths::default(),
            pid: Pid::OUTSIDE,
            body,
            ending: None,
            deleted: false,
            given_up_as,
        });
        for child in below {
            self.add(Some(id), child);
        }
        if let Some(Body::Group { children, .. }) = parent.map(|p| &mut self.place_mut(p).body) {
            children.push(id);
        }
        id
    }

    /// Nodes without a parent, in the order in which they were added.
    pub(crate) fn roots(&self) -> impl DoubleEndedIterator<Item = NodeId> {
        let roots = (0..self.places.len()).filter(|index| self.places[*index].parent.is_none());
        roots.filter_map(|index| u16::try_from(index).ok().map(NodeId))
    }

    /// The node of this name, by its path from the root, such as `exchange/BTC-USD/floor`.
    pub(crate) fn find(&self, path: &str) -> Option<NodeId> {
        let mut found: Option<NodeId> = None;
        for name in path.split('/') {
            let is = |p: &Place<R>| p.parent == found && p.name == name && !p.deleted;
            let here = self.places.iter().position(is)?;
            found = Some(NodeId(u16::try_from(here).ok()?));
        }
        found
    }

    /// The index of a supervisor of many.
    #[inline(always)]
    pub(crate) fn index(&self, node: NodeId) -> Option<&Index> {
        match &self.place(node).body {
            Body::Many { index, .. } => Some(index),
            _ => None,
        }
    }

    /// Enters a child into its supervisor's index; false if the key is taken. `None` if the
    /// supervisor has no index.
    #[inline(always)]
    pub(crate) fn insert_new(
        &mut self,
        node: NodeId,
        key: u64,
        at: u32,
        is: impl FnMut(u32) -> bool,
    ) -> Option<bool> {
        match &mut self.place_mut(node).body {
            Body::Many { index: Index::Whole(table), .. } => Some(table.insert_new(key, at, is)),
            _ => None,
        }
    }

    #[inline(always)]
    pub(crate) fn enrol(&mut self, node: NodeId, key: u64, pid: Pid) {
        match &mut self.place_mut(node).body {
            Body::Many { index, .. } => index.insert(key, pid.slot()),
            Body::One { .. } | Body::Group { .. } => {
                unreachable!("children are spawned under supervisors of many")
            }
        }
    }
}
