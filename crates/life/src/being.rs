//! The processes of a world of Life as one enum, and their tree as data.

use kernel::{
    Event, Intensity, NoFact, NoStateMachine, Node, Out, Process, Restart, StartContext, Strategy,
};

use crate::cell::Cell;
use crate::collector::Collector;
use crate::message::{Message, Note, Role};
use crate::reader::Reader;

/// A process of this world.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Being {
    /// A cell, a child in the tree as long as the grid exists.
    Cell(Cell),
    /// A collector, linked to its cell for one step.
    Collector(Collector),
    /// A reader, for as long as a question from outside is open.
    Reader(Reader),
}

impl Process for Being {
    type Message = Message;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = Note;
    type Role = Role;

    fn start(role: &Role, context: StartContext<'_, Note>) -> Being {
        Being::Cell(Cell::new(role, &context))
    }

    #[inline]
    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Being>) {
        match self {
            Being::Cell(cell) => cell.handle(event, out),
            Being::Collector(collector) => collector.handle(event, out),
            Being::Reader(reader) => reader.handle(event, out),
        }
    }

    fn children(role: &Role, _keeper: &NoStateMachine) -> Vec<u64> {
        (role.first..role.end).map(u64::from).collect()
    }
}

/// Any number of restarts is allowed: kills come from outside, and a cell restarts after each.
const WITHOUT_END: Intensity = Intensity::times(u32::MAX).within(0);

/// The tree: a supervisor of many cells, each of which is restarted alone.
pub fn tree(role: Role) -> Node<Role> {
    let cells = Node::many("cells", role)
        .restarted(Restart::Permanent)
        .intensity_per_child(WITHOUT_END)
        .named(role.torus.supervisor());
    Node::group("life", Strategy::OneForOne, WITHOUT_END, vec![cells])
}
