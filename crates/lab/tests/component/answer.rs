//! The expected effects of a step, collected part by part. Order matters only between facts, and between
//! messages to the same receiver: the kernel promises no more.

use checker::component::{Effect, EffectOf, Expected};
use kernel::{Control, Pid, Reason};
use market::{Hold, Party};
use protocol::{Deal, Fact, Message, Names};
use units::OrderId;

#[derive(Clone, Default, Debug)]
pub(crate) struct Answer {
    facts: Vec<EffectOf<Party>>,
    others: Vec<EffectOf<Party>>,
    said: Vec<(Pid, Message)>,
    said_to_all: Vec<(Pid, Message)>,
    ends: bool,
}

impl Answer {
    pub(crate) fn records(&mut self, fact: Fact) {
        self.facts.push(Effect::Records(fact));
    }

    pub(crate) fn notes(&mut self, note: Option<Hold>) {
        self.others.push(Effect::Notes(note));
    }

    pub(crate) fn watches(&mut self, who: Pid) {
        self.others.push(Effect::Watches(who));
    }

    pub(crate) fn unwatches(&mut self, who: Pid) {
        self.others.push(Effect::Unwatches(who));
    }

    pub(crate) fn says(&mut self, to: Pid, message: Message) {
        self.said.push((to, message));
    }

    pub(crate) fn bids(&mut self, supervisor: Pid, control: Control) {
        self.others.push(Effect::Bids { supervisor, control });
    }

    /// To all children of a supervisor: in order of address, as the kernel promises for that.
    pub(crate) fn says_to_all(&mut self, children: Vec<Pid>, message: Message) {
        self.said_to_all.extend(children.into_iter().map(|child| (child, message)));
    }

    /// All messages.
    pub(crate) fn all_said(&self) -> Vec<(Pid, Message)> {
        [&self.said[..], &self.said_to_all[..]].concat()
    }

    pub(crate) fn ends(&mut self) {
        self.ends = true;
    }

    pub(crate) fn does(self) -> Expected<EffectOf<Party>> {
        let Answer { facts, mut others, mut said, said_to_all, ends } = self;
        if ends {
            // The monitors of an ended process do not matter.
            others.retain(|did| matches!(did, Effect::Notes(_)));
        }
        let mut parts: Vec<_> = others.into_iter().map(Expected::One).collect();
        let to_all = said_to_all.into_iter().map(|(to, message)| Effect::Says { to, message });
        parts.push(Expected::seq(to_all));
        while let Some(&(first, _)) = said.first() {
            let (to_it, rest): (Vec<_>, Vec<_>) =
                said.into_iter().partition(|(to, _)| *to == first);
            parts.push(Expected::seq(
                to_it.into_iter().map(|(to, message)| Effect::Says { to, message }),
            ));
            said = rest;
        }
        let end =
            if ends { Expected::One(Effect::Exits(Reason::Normal)) } else { Expected::Nothing };
        Expected::seq(facts).then(Expected::InAnyOrder(parts)).then(end)
    }
}

/// How charts write orders and deals here.
pub(crate) struct Numbers;

impl Names for Numbers {
    fn order(&self, order: OrderId) -> String {
        order.to_string()
    }

    fn deal(&self, deal: Deal) -> String {
        format!("{deal:?}")
    }
}
