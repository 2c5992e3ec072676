//! What really happened, recorded apart from the journal: every fact in order, which of them were
//! acknowledged, and which commands they came of. After a crash it is compared with the journal.
//! It must never read the journal itself.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{Command, Fact, Stamp};
use units::{AccountId, ClientId, CommandId, MarketId, OrderId};

use crate::laws::{Broken, History, Law};
use crate::oracle::{Oracle, Outcome};

/// A command with facts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried {
    pub(super) number: CommandId,
    pub(super) command: Command,
    /// No process was killed during it.
    pub(super) in_peace: bool,
}

/// All that happened.
#[derive(Default)]
pub(super) struct Record {
    facts: Vec<(Stamp, Fact)>,
    /// Facts up to this number were acknowledged.
    told: u64,
    /// Facts up to this number were acknowledged before the last batch.
    told_before: u64,
    /// Commands with facts.
    commands: Vec<Carried>,
    /// The order of each client id of an account.
    ids: BTreeMap<(AccountId, ClientId), OrderId>,
    accounts: BTreeMap<OrderId, AccountId>,
}

fn broken<T>(law: Law, what: String) -> Result<T, Broken> {
    Err(Broken { law, what })
}

impl Record {
    /// Number of facts.
    pub(super) fn len(&self) -> u64 {
        self.facts.len() as u64
    }

    /// The facts.
    pub(super) fn facts(&self) -> &[(Stamp, Fact)] {
        &self.facts
    }

    /// Facts up to this number were acknowledged.
    pub(super) fn told(&self) -> u64 {
        self.told
    }

    /// Takes the facts of a world.
    pub(super) fn take(
        &mut self,
        facts: Vec<(Stamp, Fact)>,
        commands: Vec<Carried>,
    ) -> Result<(), Broken> {
        self.commands.extend(commands);
        for (stamp, fact) in facts {
            if stamp.seq != self.len() + 1 {
                return broken(Law::Told, format!("fact {} follows {}", stamp.seq, self.len()));
            }
            let last = self.facts.last().map_or(stamp.time, |(last, _)| last.time);
            if stamp.time < last {
                let what = format!("fact {} is of {}, after {}", stamp.seq, stamp.time.0, last.0);
                return broken(Law::Told, what);
            }
            self.facts.push((stamp, fact));
            self.remember(&fact)?;
        }
        Ok(())
    }

    /// A client id of an account is used by one command.
    fn remember(&mut self, fact: &Fact) -> Result<(), Broken> {
        let (order, client) = match *fact {
            Fact::Entered(entered) => {
                self.accounts.insert(entered.order, entered.new.account);
                (entered.order, entered.new.client)
            }
            Fact::Replaced { order, client, .. } => (order, client),
            _ => return Ok(()),
        };
        let (Some(client), Some(account)) = (client, self.accounts.get(&order)) else {
            return Ok(());
        };
        match self.ids.insert((*account, client), order) {
            None => Ok(()),
            Some(_) => broken(Law::Told, format!("{account}'s command {client:?} was done twice")),
        }
    }

    /// The order of this client id of an account, if the command was done.
    pub(super) fn done(&self, account: AccountId, client: ClientId) -> Option<OrderId> {
        self.ids.get(&(account, client)).copied()
    }

    /// Facts up to this number are acknowledged now.
    pub(super) fn tell(&mut self, until: u64) {
        if until > self.told {
            (self.told_before, self.told) = (self.told, until);
        }
    }

    /// Facts up to this number were acknowledged before the last batch.
    pub(super) fn told_before(&self) -> u64 {
        self.told_before
    }

    /// The world was lost, and its journal has these facts: all acknowledged ones, nothing that did not
    /// happen, and only whole commands. Returns the number of lost facts.
    pub(super) fn recover(&mut self, kept: &[(Stamp, Fact)]) -> Result<u64, Broken> {
        for (mine, journals) in self.facts.iter().zip(kept) {
            if mine != journals {
                let what = format!("the journal has {journals:?}, and {mine:?} happened");
                return broken(Law::Kept, what);
            }
        }
        let (had, has) = (self.len(), kept.len() as u64);
        if has > had {
            return broken(Law::Kept, format!("the journal has {has} facts of {had}"));
        }
        if has < self.told {
            let what = format!("the journal has {has} facts, and {} were told", self.told);
            return broken(Law::Told, what);
        }
        let command_at = |at: usize| self.facts.get(at).map(|(stamp, _)| stamp.command);
        if let (Some(last), Some(next)) = (kept.last(), command_at(kept.len()))
            && last.0.command == next
        {
            return broken(Law::Kept, format!("command {next} was kept by half"));
        }
        if has < had {
            self.facts.truncate(kept.len());
            let last = kept.last().map_or(CommandId(0), |(stamp, _)| stamp.command);
            self.commands.retain(|carried| carried.number <= last);
            self.ids.clear();
            self.accounts.clear();
            for at in 0..self.facts.len() {
                let fact = self.facts[at].1;
                self.remember(&fact)?;
            }
        }
        Ok(had - has)
    }

    /// The facts as the laws fold them.
    pub(super) fn history(&self) -> Result<History, Broken> {
        let mut history = History::default();
        self.facts.iter().try_for_each(|(_, fact)| history.take(fact))?;
        Ok(history)
    }

    /// Markets that are stopped.
    pub(super) fn stopped(&self) -> BTreeSet<MarketId> {
        let mut stopped = BTreeSet::new();
        for (_, fact) in &self.facts {
            match fact {
                Fact::MarketStopped { market } => stopped.insert(*market),
                Fact::MarketResumed { market } => stopped.remove(market),
                _ => false,
            };
        }
        stopped
    }

    /// True if such a fact happened.
    pub(super) fn has(&self, is_it: impl Fn(&Fact) -> bool) -> bool {
        self.facts.iter().any(|(_, fact)| is_it(fact))
    }

    /// All results of each command are those of price-time priority, whatever failed. The oracle takes over the results
    /// where the rules do not determine them:
    ///
    /// - of a command in which an order was suspended, since the moment is open
    /// - of one that released an order while a process died, since a restarted floor introduces all orders by
    ///   priority, and the released one is older than those it meets
    /// - of commands in which a market stopped or was resumed, since orders that entered in the former have not met
    ///   those before them
    pub(super) fn priority(&self) -> Result<(), Broken> {
        let mut oracle = Oracle::new();
        let mut at = 0;
        for Carried { number, command, in_peace } in &self.commands {
            while self.facts.get(at).is_some_and(|(stamp, _)| stamp.command < *number) {
                at += 1; // a restart of the world
            }
            let of_command =
                self.facts[at..].iter().take_while(|(stamp, _)| stamp.command == *number);
            let facts: Vec<Fact> = of_command.map(|(_, fact)| *fact).collect();
            at += facts.len();
            let gave_up = facts
                .iter()
                .any(|fact| matches!(fact, Fact::Suspended { .. } | Fact::MarketStopped { .. }));
            let resumes = matches!(command, Command::ResumeMarket { .. });
            if gave_up || resumes || (matches!(command, Command::Release { .. }) && !in_peace) {
                oracle.follow(command, &facts);
                continue;
            }
            let told: Vec<_> = facts.iter().filter_map(Outcome::of_fact).collect();
            let right = oracle.submit(*number, command);
            if told != right {
                let what =
                    format!("command {number} {command:?} brought {told:?}, and should {right:?}");
                return broken(Law::Priority, what);
            }
        }
        Ok(())
    }
}
