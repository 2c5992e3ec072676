//! The configuration of `serve`: defaults, a TOML file, the environment, flags; the later wins.

mod market;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ValueEnum;
use protocol::MarketSpec;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::failure::Failure;
use crate::number::whole;

pub(crate) use market::{FORM, Market};

/// The configuration file with its defaults and comments.
pub(crate) const DEFAULTS: &str = include_str!("defaults.toml");

/// The configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Config {
    /// Address of the gateway.
    pub(crate) listen: SocketAddr,
    /// Folder of the journal.
    pub(crate) journal: PathBuf,
    /// When a command is answered.
    pub(crate) durability: DurabilityName,
    /// Disk space reserved for cancels, in MiB.
    pub(crate) reserve: Reserve,
    /// Facts between two snapshots.
    pub(crate) snapshot_every: NonZeroU64,
    /// Largest accepted jump of the system clock, in seconds.
    pub(crate) clock_bound_s: u64,
    /// Markets to open.
    pub(crate) markets: Vec<MarketSpec>,
    /// Rule sets that these markets may have if they are open already.
    pub(crate) rules: Vec<MarketSpec>,
}

/// The durabilities by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DurabilityName {
    /// Answer when the facts are durable
    Disk,
    /// Answer at once, without a journal
    Memory,
}

/// Disk space reserved for cancels when the disk is full, in MiB.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct Reserve(u64);

impl Reserve {
    /// Facts of commands accepted before the disk was found full must fit: about 5 MiB at most.
    const LEAST: u64 = 8;
    /// Larger than any disk of today.
    const MOST: u64 = 1 << 20;

    /// In bytes.
    pub(crate) fn bytes(self) -> u64 {
        self.0 << 20
    }
}

/// The default of `defaults.toml`.
impl Default for Reserve {
    fn default() -> Reserve {
        Said::default().config().reserve
    }
}

impl fmt::Display for Reserve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u64> for Reserve {
    type Error = String;

    fn try_from(mebibytes: u64) -> Result<Reserve, String> {
        match mebibytes {
            0 | Reserve::LEAST..=Reserve::MOST => Ok(Reserve(mebibytes)),
            _ => Err(format!("give 0 for none, or {} to {} MiB", Reserve::LEAST, Reserve::MOST)),
        }
    }
}

impl FromStr for Reserve {
    type Err = String;

    fn from_str(text: &str) -> Result<Reserve, String> {
        whole(text)?.try_into()
    }
}

/// One source of settings: the file, or flags and environment. `None` means not set there.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    /// See [`Config::listen`].
    #[serde(default, deserialize_with = "listen_of_file")]
    pub(crate) listen: Option<SocketAddr>,
    /// See [`Config::journal`].
    pub(crate) journal: Option<PathBuf>,
    /// See [`Config::durability`].
    pub(crate) durability: Option<DurabilityName>,
    /// See [`Config::reserve`].
    #[serde(rename = "reserve_mib")]
    pub(crate) reserve: Option<Reserve>,
    /// See [`Config::snapshot_every`].
    pub(crate) snapshot_every: Option<NonZeroU64>,
    /// See [`Config::clock_bound_s`].
    pub(crate) clock_bound_s: Option<u64>,
    /// See [`Config::markets`].
    pub(crate) markets: Option<Vec<Market>>,
}

/// Parses the address of the gateway.
pub(crate) fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("'{text}' is not an IP address with a port; give both, such as 127.0.0.1:8080")
    })
}

/// Parses the number of facts between snapshots.
pub(crate) fn snapshot_every(text: &str) -> Result<NonZeroU64, String> {
    NonZeroU64::new(whole(text)?).ok_or_else(|| "give a number of facts of 1 or more".to_owned())
}

fn listen_of_file<'de, D: Deserializer<'de>>(text: D) -> Result<Option<SocketAddr>, D::Error> {
    listen(&String::deserialize(text)?).map(Some).map_err(D::Error::custom)
}

impl fmt::Display for DurabilityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DurabilityName::Disk => "disk",
            DurabilityName::Memory => "memory",
        })
    }
}

impl Said {
    /// Reads a configuration file.
    pub(crate) fn read(path: &Path) -> Result<Said, Failure> {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|why| {
            Failure::Usage(format!(
                "cannot read the configuration {name}: {why}; buttonwood config --defaults prints \
                 one to begin with"
            ))
        })?;
        Said::parse(&text).map_err(|why| Failure::Usage(format!("the configuration {name}: {why}")))
    }

    fn parse(text: &str) -> Result<Said, String> {
        toml::from_str(text).map_err(|why| why.to_string().trim_end().to_owned())
    }

    /// Both sources; this one takes precedence.
    pub(crate) fn or(self, other: Said) -> Said {
        Said {
            listen: self.listen.or(other.listen),
            journal: self.journal.or(other.journal),
            durability: self.durability.or(other.durability),
            reserve: self.reserve.or(other.reserve),
            snapshot_every: self.snapshot_every.or(other.snapshot_every),
            clock_bound_s: self.clock_bound_s.or(other.clock_bound_s),
            markets: self.markets.or(other.markets),
        }
    }

    /// Fills what was not set with the defaults.
    pub(crate) fn config(self) -> Config {
        let defaults = Said::parse(DEFAULTS).expect("the defaults are checked by a test");
        let whole = self.or(defaults);
        let said = "the defaults set every key";
        let markets = whole.markets.expect(said);
        Config {
            listen: whole.listen.expect(said),
            journal: whole.journal.expect(said),
            durability: whole.durability.expect(said),
            reserve: whole.reserve.expect(said),
            snapshot_every: whole.snapshot_every.expect(said),
            clock_bound_s: whole.clock_bound_s.expect(said),
            rules: markets.iter().flat_map(Market::may_have).collect(),
            markets: markets.into_iter().map(|market| market.spec).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_say_everything() {
        let config = Said::default().config();
        assert!(config.listen.ip().is_loopback());
        assert_eq!(config.durability, DurabilityName::Disk);
        assert_eq!(config.markets.len(), 2);
        assert_eq!(config.markets[0].lot, units::Scale::places(8));
        assert_eq!((config.markets[0].negative_prices, config.markets[0].collar), (false, None));
    }

    #[test]
    fn what_is_said_first_wins() {
        let file = "listen = \"127.0.0.1:1\"\ndurability = \"memory\"\nmarkets = []\n";
        let flags = Said { listen: "127.0.0.1:2".parse().ok(), ..Said::default() };
        let config = flags.or(Said::parse(file).unwrap()).config();
        assert_eq!(config.listen.port(), 2);
        assert_eq!((config.durability, config.markets.len()), (DurabilityName::Memory, 0));
        assert_eq!(config.journal, Said::default().config().journal);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, expected) in [
            ("lisen = \"127.0.0.1:1\"", "unknown field `lisen`"),
            ("\nlisten = \"here\"", "line 2"),
            ("listen = \"localhost:8080\"", "give both, such as 127.0.0.1:8080"),
            ("listen = 8080", "invalid type: integer `8080`"),
            ("reserve_mib = 1", "8 to 1048576 MiB"),
            ("reserve_mib = 99999999", "8 to 1048576 MiB"),
            ("snapshot_every = 0", "line 1"),
            ("durability = \"fast\"", "unknown variant `fast`"),
            ("[[markets]]\nsymbol = \"A\"\ntick = \"0\"\nlot = \"1\"", "tick = \"0\" of A must be"),
            ("[[markets]]\nsymbol = \"a\"\ntick = \"1\"\nlot = \"1\"", "symbol = \"a\""),
            ("[[markets]]\nsymbol = \"A\"\nlot = \"1\"", "missing field `tick`"),
            (
                "[[markets]]\nsymbol = \"A\"\ntick = \"1\"\nlot = \"1\"\ncollar = \"10%\"",
                "collar = \"10%\" of A needs a reference",
            ),
            (
                "[[markets]]\nsymbol = \"A\"\ntick = \"1\"\nlot = \"1\"\nreference = \"10\"",
                "reference = \"10\" of A needs a collar",
            ),
        ] {
            let Err(why) = Said::parse(text) else { panic!("{text} is wrong") };
            assert!(why.contains(expected), "{why} should say {expected}");
        }
    }
}
