//! Overrides: the sparse map that, together with a seed, names a run; and its form as
//! data, which people read and files keep. What an override does to a draw is the
//! decisions' business.

use crate::decision::{Address, Domain, name_key};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

/// What an override does to a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// It takes its benign value: no fault, base latency, first in, first out.
    Benign,
    /// It stays what the seed draws, although its domain is benign.
    Kept,
    /// The raw draw is this number.
    Draw(u64),
}

/// A sparse map from addresses to choices; together with the seed it names a run.
///
/// As data it is readable, and names its domains:
///
/// ```json
/// {
///   "benign": ["network.latency", "node.crash"],
///   "choices": [
///     {"domain": "node.crash", "entity": "0x706c616e", "nth": 2, "choice": "kept"},
///     {"domain": "chaos.duration", "entity": "0x706c616e", "nth": 2, "choice": "benign"},
///     {"domain": "engine.ties", "entity": "0x0", "nth": 7, "choice": "0x8000000000000000"}
///   ]
/// }
/// ```
///
/// A domain whose name nobody told is written as its key, `"#"` and 16 hexadecimal digits.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    choices: BTreeMap<Address, Choice>,
    benign_domains: BTreeSet<u64>,
    /// Domains in which every draw is the same number.
    drawn_domains: BTreeMap<u64, u64>,
    /// Names of domains by their keys, for the data form only.
    names: BTreeMap<u64, Cow<'static, str>>,
}

impl Overrides {
    /// No override: the plain run of a seed.
    pub fn new() -> Overrides {
        Overrides::default()
    }

    /// Overrides one decision, whether its domain is benign or not.
    pub fn set(&mut self, address: Address, choice: Choice) {
        self.choices.insert(address, choice);
    }

    /// As [`set`](Self::set), for a decision of a domain whose name is known.
    pub fn set_in(&mut self, domain: Domain, entity: u64, nth: u64, choice: Choice) {
        self.name(domain);
        self.set(Address { domain: domain.key(), entity, nth }, choice);
    }

    /// Makes every decision of a domain benign but those that are overridden one by one.
    pub fn set_domain_benign(&mut self, domain: Domain) {
        self.clear_domain(domain);
        self.name(domain);
        self.benign_domains.insert(domain.key());
    }

    /// Takes one decision's override away.
    pub fn clear(&mut self, address: &Address) {
        self.choices.remove(address);
    }

    /// Makes every raw draw of a domain this number, but for those that are overridden one
    /// by one: whatever comes to be decided there goes the same way.
    pub fn set_domain_draw(&mut self, domain: Domain, draw: u64) {
        self.clear_domain(domain);
        self.name(domain);
        self.drawn_domains.insert(domain.key(), draw);
    }

    /// The raw draw of a whole domain, if it was set.
    pub fn domain_draw(&self, domain: Domain) -> Option<u64> {
        self.drawn_domains.get(&domain.key()).copied()
    }

    /// Takes away what is said about a domain as a whole.
    pub fn clear_domain(&mut self, domain: Domain) {
        self.benign_domains.remove(&domain.key());
        self.drawn_domains.remove(&domain.key());
    }

    /// Tells a domain's name, so that the data form can show it.
    pub fn name(&mut self, domain: Domain) {
        self.names.entry(domain.key()).or_insert(Cow::Borrowed(domain.name()));
    }

    /// The name of a domain by its key, if anybody told it.
    pub fn name_of(&self, key: u64) -> Option<&str> {
        self.names.get(&key).map(|name| &**name)
    }

    /// Whether nothing is overridden.
    pub fn is_empty(&self) -> bool {
        self.choices.is_empty() && self.benign_domains.is_empty() && self.drawn_domains.is_empty()
    }

    /// How many decisions and domains are overridden.
    pub fn len(&self) -> usize {
        self.choices.len() + self.benign_domains.len() + self.drawn_domains.len()
    }

    /// The overridden decisions, by address.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, &Choice)> {
        self.choices.iter()
    }

    /// The keys of the domains that anything is said about.
    pub fn domains(&self) -> BTreeSet<u64> {
        let single = self.choices.keys().map(|address| address.domain);
        single.chain(self.benign_domains()).chain(self.drawn_domains.keys().copied()).collect()
    }

    /// The keys of the domains that are benign as a whole.
    pub fn benign_domains(&self) -> impl Iterator<Item = u64> {
        self.benign_domains.iter().copied()
    }

    /// Whether a domain is benign as a whole.
    pub fn is_domain_benign(&self, domain: Domain) -> bool {
        self.benign_domains.contains(&domain.key())
    }

    /// What is chosen at an address; [`None`] if the seed is to draw.
    pub fn get(&self, address: &Address) -> Option<Choice> {
        match self.choices.get(address) {
            Some(Choice::Kept) => None,
            Some(choice) => Some(*choice),
            None if self.benign_domains.contains(&address.domain) => Some(Choice::Benign),
            None => self.drawn_domains.get(&address.domain).copied().map(Choice::Draw),
        }
    }

    /// A domain by its key, as the data form has it: its name if that is known.
    pub fn words(&self, key: u64) -> String {
        // A name that somebody mistyped in a file would come back as another domain.
        match self.name_of(key) {
            Some(name) if name_key(name) == key => name.to_string(),
            _ => format!("#{key:016x}"),
        }
    }
}

/// The names of domains are words about it, not part of it.
impl PartialEq for Overrides {
    fn eq(&self, other: &Overrides) -> bool {
        self.choices == other.choices
            && self.benign_domains == other.benign_domains
            && self.drawn_domains == other.drawn_domains
    }
}

impl Eq for Overrides {}

impl Hash for Overrides {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.choices.hash(state);
        self.benign_domains.hash(state);
        self.drawn_domains.hash(state);
    }
}

/// The data form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Domains that are benign but for the choices below.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    benign: Vec<String>,
    /// Domains in which every draw is a number, but for the choices below.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    drawn: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    choices: Vec<WrittenChoice>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenChoice {
    domain: String,
    entity: String,
    nth: u64,
    choice: String,
}

impl Serialize for Overrides {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let choices = self.choices.iter().map(|(address, choice)| WrittenChoice {
            domain: self.words(address.domain),
            entity: format!("{:#x}", address.entity),
            nth: address.nth,
            choice: match choice {
                Choice::Benign => "benign".to_string(),
                Choice::Kept => "kept".to_string(),
                Choice::Draw(draw) => format!("{draw:#x}"),
            },
        });
        let mut benign: Vec<String> = self.benign_domains.iter().map(|key| self.words(*key)).collect();
        // The order of keys is that of hashes; people and diffs want that of names.
        benign.sort();
        let mut choices: Vec<WrittenChoice> = choices.collect();
        choices.sort_by(|one, other| one.domain.cmp(&other.domain));
        let drawn = self.drawn_domains.iter().map(|(key, draw)| (self.words(*key), format!("{draw:#x}"))).collect();
        Written { benign, drawn, choices }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Overrides {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Overrides, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let mut overrides = Overrides::new();
        for name in written.benign {
            let key = overrides.domain(name).map_err(D::Error::custom)?;
            overrides.benign_domains.insert(key);
        }
        for (name, draw) in written.drawn {
            let key = overrides.domain(name).map_err(D::Error::custom)?;
            if overrides.benign_domains.contains(&key) {
                return Err(D::Error::custom("one domain is benign and drawn"));
            }
            if overrides.drawn_domains.insert(key, number(&draw).map_err(D::Error::custom)?).is_some() {
                return Err(D::Error::custom("one domain is drawn twice, under its name and its key"));
            }
        }
        for one in written.choices {
            let domain = overrides.domain(one.domain).map_err(D::Error::custom)?;
            let entity = number(&one.entity).map_err(D::Error::custom)?;
            let choice = match one.choice.as_str() {
                "benign" => Choice::Benign,
                "kept" => Choice::Kept,
                draw => Choice::Draw(number(draw).map_err(|_| {
                    D::Error::custom(format!("`{draw}` is no choice: it is benign, kept, or a number such as 0x2a"))
                })?),
            };
            let address = Address { domain, entity, nth: one.nth };
            if overrides.choices.insert(address, choice).is_some() {
                return Err(D::Error::custom(format!("one decision is overridden twice: {address:?}")));
            }
        }
        Ok(overrides)
    }
}

impl Overrides {
    /// The key of a domain as it is written.
    fn domain(&mut self, words: String) -> Result<u64, String> {
        if let Some(digits) = words.strip_prefix('#') {
            return unsigned(digits, 16).ok_or_else(|| format!("`{words}` is no domain"));
        }
        if words.is_empty() {
            return Err("a domain has a name".to_string());
        }
        let key = name_key(&words);
        self.names.entry(key).or_insert(Cow::Owned(words));
        Ok(key)
    }
}

/// A number as it is written: decimal, or hexadecimal after `0x`.
fn number(words: &str) -> Result<u64, String> {
    let parsed = match words.strip_prefix("0x") {
        Some(digits) => unsigned(digits, 16),
        None => unsigned(words, 10),
    };
    parsed.ok_or_else(|| format!("`{words}` is no number such as 0x2a"))
}

/// Digits alone: the standard library takes a `+` before them.
fn unsigned(digits: &str, radix: u32) -> Option<u64> {
    if digits.starts_with('+') { None } else { u64::from_str_radix(digits, radix).ok() }
}
