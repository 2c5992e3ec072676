//! Who is restarted with whom, how often, from what: data that can be printed, drawn and checked.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use memory::Table;

use crate::{Name, Pid, Reason};

mod ending;
mod outline;

pub(crate) use ending::{Ending, Task, Then};
pub use outline::{Outline, Work};

/// A place in a world's tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub(crate) u16);

/// What a supervisor does with its other children when one dies.
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
    /// All.
    Permanent,
    /// Failures: all but `Normal` and `Shutdown`.
    Transient,
    /// None.
    Temporary,
}

impl Restart {
    /// True if an end for this reason is the last.
    #[inline]
    pub(crate) fn is_over(self, reason: &Reason) -> bool {
        match self {
            Restart::Permanent => false,
            Restart::Transient => reason.is_orderly(),
            Restart::Temporary => true,
        }
    }
}

/// How many restarts are too many.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Intensity {
    /// So many restarts are borne...
    pub times: u32,
    /// ...within so many nanoseconds of virtual time; with one more the supervisor gives up.
    pub within: u64,
}

impl Intensity {
    /// `times` restarts...
    pub const fn times(times: u32) -> Intensity {
        Intensity { times, within: 1_000_000_000 }
    }

    /// ...within so many nanoseconds.
    pub const fn within(self, nanoseconds: u64) -> Intensity {
        Intensity { within: nanoseconds, ..self }
    }
}

/// How a child is ended by its supervisor.
///
/// Only a child that traps exits is asked, with the exit signal [`Reason::Shutdown`]; whoever does not
/// trap ends at once. A supervisor that is a child is asked always, and ends its own children first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Shutdown {
    /// Killed at once, without being asked.
    Kill,
    /// Asked; killed if it is there after so many nanoseconds of virtual time.
    Within(u64),
    /// Asked, and waited for as long as it takes.
    Infinity,
}

/// A tree, or a part of one, as a value.
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

    /// A supervisor of many like children, which come and go, each known by a key.
    /// Its intensity counts per child: one bad child is given up alone.
    pub fn many(name: impl Into<Cow<'static, str>>, role: R) -> Node<R> {
        Node { restart: Restart::Transient, ..Node::new(name, Shape::Many(role)) }
    }

    /// Gives the process a registered name, in each of its lives.
    ///
    /// # Panics
    /// If the name is not below [`Name::LIMIT`].
    pub fn named(self, name: Name) -> Node<R> {
        name.check();
        Node { registered: Some(name), ..self }
    }

    /// Says which ends lead to a restart. Permanent if not said; transient for many like children,
    /// whose supervisor is permanent itself.
    pub fn restarted(self, restart: Restart) -> Node<R> {
        Node { restart, ..self }
    }

    /// How it is ended. Five seconds if not said; as long as it takes for a group. For many like children
    /// it says how each of these is ended, all at the same time; their supervisor is waited for.
    pub fn shutdown(self, shutdown: Shutdown) -> Node<R> {
        Node { shutdown, ..self }
    }

    /// Of many like children: keeps no index of them by key, since the world's state machine has one of its own
    /// ([`crate::StateMachine::place_of`]). Saves 16 bytes a child, and two looks into a table in each life. A child is known
    /// by its key from the fact on that tells the state machine of it; that keys differ until then is the care of who spawns.
    pub fn indexed_by_state_machine(self) -> Node<R> {
        Node { indexed_by_state_machine: true, ..self }
    }

    /// Of a group under a group: with more restarts than it bears it is given up alone, and what is above it goes on.
    /// In the same step [`Process::given_up`](crate::Process::given_up) is asked, as this role and with key 0, for
    /// the fact to record. Its own ends and failed starts count as restarts of it, and not against the group above.
    /// It keeps its place: [`World::restart_child`](crate::World::restart_child) starts it again.
    ///
    /// Without this a group ends with a failure then, which counts as a restart in the group above it.
    pub fn given_up_as(self, role: R) -> Node<R> {
        Node { given_up_as: Some(role), ..self }
    }

    /// How many restarts of one of many like children are too many.
    pub fn intensity_per_child(self, intensity: Intensity) -> Node<R> {
        Node { intensity, ..self }
    }
}

/// The restarts of late, for an [`Intensity`].
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Deaths(VecDeque<u64>);

impl Deaths {
    /// Counts one more; true if that is too many.
    pub(crate) fn one_more(&mut self, now: u64, intensity: Intensity) -> bool {
        self.0.retain(|&at| now - at < intensity.within);
        self.0.push_back(now);
        self.0.len() > intensity.times as usize
    }

    /// How long ago those were that still count.
    pub(crate) fn ages(&self, now: u64, intensity: Intensity) -> impl Iterator<Item = u64> {
        self.0.iter().map(move |at| now - at).filter(move |age| *age < intensity.within)
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Body<R> {
    Group { strategy: Strategy, children: Vec<NodeId> },
    One { role: R },
    Many { role: R, index: Index, deaths: BTreeMap<u32, Deaths> },
}

impl<R> Body<R> {
    /// What the processes of this place are for. A group has none.
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
    /// Where each is, by key.
    Whole(Table),
    /// How many there are; the state machine knows where.
    Count(usize),
}

impl Index {
    /// How many there are.
    pub(crate) fn children(&self) -> usize {
        match self {
            Index::Whole(table) => table.len(),
            Index::Count(children) => *children,
        }
    }

    /// Where the child of a key is, if that stands here: `is` confirms it.
    #[inline(always)]
    pub(crate) fn get(&self, key: u64, is: impl FnMut(u32) -> bool) -> Option<u32> {
        match self {
            Index::Whole(table) => table.get(key, is),
            Index::Count(_) => None,
        }
    }

    /// True if who does not stand here is not there.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Index::Whole(_))
    }

    /// One more child, whose key is free.
    #[inline(always)]
    pub(crate) fn insert(&mut self, key: u64, at: u32) {
        match self {
            Index::Whole(table) => table.insert(key, at),
            Index::Count(children) => *children += 1,
        }
    }

    /// One child less.
    #[inline(always)]
    pub(crate) fn remove(&mut self, key: u64, at: u32) {
        match self {
            Index::Whole(table) => table.remove_entry(key, at),
            Index::Count(children) => *children -= 1,
        }
    }

    /// No children any more.
    pub(crate) fn clear(&mut self) {
        *self = match self {
            Index::Whole(_) => Index::Whole(Table::default()),
            Index::Count(_) => Index::Count(0),
        };
    }
}

/// A node at work.
#[derive(Clone, Debug)]
pub(crate) struct Place<R> {
    pub(crate) name: Cow<'static, str>,
    pub(crate) parent: Option<NodeId>,
    pub(crate) restart: Restart,
    pub(crate) intensity: Intensity,
    pub(crate) shutdown: Shutdown,
    pub(crate) registered: Option<Name>,
    pub(crate) deaths: Deaths,
    /// Address of the process, or of the supervisor.
    pub(crate) pid: Pid,
    pub(crate) body: Body<R>,
    /// Children that the supervisor is just ending, if it is.
    pub(crate) ending: Option<Box<Ending>>,
    /// Taken out of the tree: nobody's child, and never started again.
    pub(crate) deleted: bool,
    /// As whom it is given up alone when it has more restarts than it bears: see [`Node::given_up_as`].
    pub(crate) given_up_as: Option<R>,
}

impl<R> Place<R> {
    /// How long this node, as a child of its group, is waited for.
    pub(crate) fn patience(&self) -> Shutdown {
        match self.body {
            Body::Many { .. } => Shutdown::Infinity,
            Body::Group { .. } | Body::One { .. } => self.shutdown,
        }
    }
}

/// A world's tree at work.
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

    /// Adds a node and all below it, not started yet.
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

    /// The children of a supervisor of many, by key.
    #[inline(always)]
    pub(crate) fn index(&self, node: NodeId) -> Option<&Index> {
        match &self.place(node).body {
            Body::Many { index, .. } => Some(index),
            _ => None,
        }
    }

    /// Writes a child into the index of its supervisor, unless the key is there: false. `None` if it has no
    /// index of its own.
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
