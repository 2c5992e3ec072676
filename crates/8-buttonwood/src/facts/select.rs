//! The flags that select facts, shared by `journal show` and `journal export`.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use journal::Verified;
use protocol::{Fact, Stamp};
use units::Symbol;

use super::about::{About, Known};
use super::moment::Moment;
use crate::failure::Failure;
use crate::folder;
use crate::output::{self, thousands};

/// Flags that select facts. A fact must satisfy each flag that is given.
#[derive(clap::Args)]
pub(crate) struct Select {
    /// Folder of the journal
    dir: PathBuf,
    /// First fact, by number or time (RFC 3339)
    #[arg(long, value_name = "FACT|TIME", default_value = "1")]
    from: Moment,
    /// Last fact, by number or time (RFC 3339)
    #[arg(long, value_name = "FACT|TIME")]
    to: Option<Moment>,
    /// Select a market, such as BTC-USD; separate several by commas
    #[arg(long, value_name = "SYMBOL", value_delimiter = ',')]
    market: Vec<Symbol>,
    /// Select facts of an account's orders; separate several by commas
    #[arg(long, value_name = "NUMBER", value_delimiter = ',')]
    account: Vec<u32>,
    /// Select facts that name an order; separate several by commas
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', value_parser = order)]
    order: Vec<u64>,
    /// Select a kind of fact; separate several by commas
    #[arg(long, value_name = "KIND", value_delimiter = ',',
        value_parser = PossibleValuesParser::new(protocol::json::KINDS))]
    kind: Vec<String>,
    /// Stop after this many facts
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
}

/// An order's number, as charts and REST write it.
fn order(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits.parse().map_err(|_| "give an order's number, such as 12".to_owned())
}

impl Select {
    fn check(&self) -> Result<(), Failure> {
        match self.to {
            Some(to) if self.from.is_later_than(to) => {
                Err(Failure::Usage(format!("--from {} is after --to {to}", self.from)))
            }
            _ => Ok(()),
        }
    }

    fn wants(&self, stamp: &Stamp, fact: &Fact, about: &About) -> bool {
        let any = |wanted: bool, none: bool| none || wanted;
        let kind = protocol::json::kind(fact);
        let symbol = about.spec.map(|spec| spec.symbol);
        let accounts = || about.parties().filter_map(|party| party.account);
        !self.from.is_after(stamp)
            && any(self.kind.iter().any(|wanted| wanted == kind), self.kind.is_empty())
            && any(
                symbol.is_some_and(|symbol| self.market.contains(&symbol)),
                self.market.is_empty(),
            )
            && any(
                accounts().any(|account| self.account.contains(&account.0)),
                self.account.is_empty(),
            )
            && any(
                about.parties().any(|party| self.order.contains(&party.order.0)),
                self.order.is_empty(),
            )
    }

    /// Prints the selected facts in the given form, up to the first damage, which is then the failure.
    pub(crate) fn print(
        &self,
        header: Option<String>,
        form: impl Fn(Stamp, Fact, &About) -> String,
    ) -> Result<(), Failure> {
        self.check()?;
        folder::to_read(&self.dir)?;
        let mut out = BufWriter::new(io::stdout().lock());
        let mut failed = header.and_then(|header| writeln!(out, "{header}").err());
        let mut left = self.limit.unwrap_or(u64::MAX);
        let mut known = Known::default();
        let mut printed = 0;
        let verified = super::read(&self.dir, |stamp, fact| {
            let is_over = self.to.is_some_and(|to| to.is_before(&stamp));
            if failed.is_some() || left == 0 || is_over {
                return ControlFlow::Break(());
            }
            let about = known.take(&fact);
            if self.wants(&stamp, &fact, &about) {
                left -= 1;
                printed += 1;
                failed = writeln!(out, "{}", form(stamp, fact, &about)).err();
            }
            ControlFlow::Continue(())
        })?;
        match failed {
            Some(why) => return Err(Failure::Output(why)),
            None => out.flush().map_err(Failure::Output)?,
        }
        let facts = match verified {
            Some(Verified { damage: Some(damage), .. }) => return Err(damage.into()),
            Some(Verified { facts, .. }) => Some(facts),
            None => None,
        };
        self.check_markets(&known, facts)?;
        if printed == 0 && self.limit != Some(0) {
            let facts = facts
                .map_or_else(String::new, |facts| format!(" of the {} facts", thousands(facts)));
            output::log(&format!("the flags select none{facts} in {}", self.dir.display()));
        }
        Ok(())
    }

    /// Fails if a selected market is not in the journal, provided that all of it was read.
    fn check_markets(&self, known: &Known, facts: Option<u64>) -> Result<(), Failure> {
        let is_known = |wanted: &&Symbol| known.symbols().any(|symbol| symbol == *wanted);
        let unknown = self.market.iter().find(|wanted| !is_known(wanted));
        let (Some(unknown), Some(_)) = (unknown, facts) else { return Ok(()) };
        let names: Vec<_> = known.symbols().map(Symbol::as_str).collect();
        let names = match names.is_empty() {
            true => "it has none".to_owned(),
            false => format!("its markets are {}", names.join(", ")),
        };
        Err(Failure::Absent(format!(
            "--market: the journal in {} has no market {unknown}; {names}",
            self.dir.display()
        )))
    }
}
