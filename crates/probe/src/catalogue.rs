//! Every site of the program, sorted by identity, with its address. How often each
//! was hit is not in here but in [`Coverage`](crate::Coverage).

use std::error::Error;
use std::fmt;
use std::sync::OnceLock;

use crate::Site;
use crate::site::SITES;

/// The sites linked into this program; made at the first call, the same ever after.
#[inline]
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    static EMPTY: Catalogue = Catalogue::empty();
    match SITES.static_slice() {
        // Known without a look at any: most tests of a library are programs of this kind.
        [] => &EMPTY,
        sites => CATALOGUE.get_or_init(|| Catalogue::of(sites)),
    }
}

/// All sites of a program. Two programs that contain the same source agree on every
/// address; the order of [`iter`](Catalogue::iter) depends on names alone, except
/// that sites with one identity follow each other in source order.
#[derive(Debug)]
pub struct Catalogue {
    sites: &'static [Site],
    /// Indices of `sites` by identity.
    sorted: Vec<u32>,
    /// By site index.
    names: Vec<Name>,
    /// Addresses with their site's index, sorted, for the way back.
    by_address: Vec<(u64, u32)>,
    duplicates: Vec<Duplicate>,
}

/// What the catalogue adds to a site: only the whole program knows it.
#[derive(Clone, Copy, Debug, Default)]
struct Name {
    address: u64,
    /// Zero for a site that has a name in the source.
    ordinal: u32,
}

impl Catalogue {
    /// That of a program in which nothing is planted.
    const fn empty() -> Catalogue {
        Catalogue { sites: &[], sorted: Vec::new(), names: Vec::new(), by_address: Vec::new(), duplicates: Vec::new() }
    }

    fn of(sites: &'static [Site]) -> Catalogue {
        let count = u32::try_from(sites.len()).expect("a binary has fewer sites than u32 counts");
        let mut sorted: Vec<u32> = (0..count).collect();
        sorted.sort_by_key(|&index| order(&sites[index as usize]));

        let mut names = vec![Name::default(); sites.len()];
        let mut duplicates = Vec::new();
        let mut previous: Option<(&'static Site, u32)> = None;
        for &index in &sorted {
            let site = &sites[index as usize];
            let ordinal = match previous {
                _ if site.name().is_some() => 0,
                Some((before, ordinal)) if same_identity(before, site) => ordinal + 1,
                _ => 1,
            };
            if let Some((before, _)) = previous
                && same_identity(before, site)
                && is_ambiguous(before, site)
            {
                duplicates.push(Duplicate { first: before, second: site });
            }
            names[index as usize] = Name { address: address(site, ordinal), ordinal };
            previous = Some((site, ordinal));
        }

        // Stable, and from the sorted order: what shares an address is found by its first place in the source.
        let mut by_address: Vec<(u64, u32)> =
            sorted.iter().map(|&index| (names[index as usize].address, index)).collect();
        by_address.sort_by_key(|&(address, _)| address);
        Catalogue { sites, sorted, names, by_address, duplicates }
    }

    /// Every site, sorted by module, name and kind.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'static Site> {
        self.sorted.iter().map(|&index| &self.sites[index as usize])
    }

    /// How many sites there are; every [`Site::index`] is below.
    #[inline]
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// Whether nothing is planted in the program.
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// The site with that index, if it is below [`len`](Catalogue::len).
    pub fn at_index(&self, index: usize) -> Option<&'static Site> {
        self.sites.get(index)
    }

    /// The site with that address: what a recorded decision was about. For state
    /// published under one name in several places, the first of them.
    pub fn at_address(&self, address: u64) -> Option<&'static Site> {
        let first = self.by_address.partition_point(|&(other, _)| other < address);
        let &(found, index) = self.by_address.get(first)?;
        (found == address).then(|| &self.sites[index as usize])
    }

    /// Pairs of sites that cannot be told apart by name.
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    /// Refuses a program in which two sites cannot be told apart.
    ///
    /// # Errors
    /// With every pair, if there is one.
    #[inline]
    pub fn check(&self) -> Result<(), DuplicateSites> {
        if self.duplicates.is_empty() { Ok(()) } else { Err(DuplicateSites { duplicates: self.duplicates.clone() }) }
    }

    #[inline]
    pub(crate) fn address(&self, site: &'static Site) -> u64 {
        self.names[site.index()].address
    }

    pub(crate) fn ordinal(&self, site: &'static Site) -> Option<u32> {
        // A site that no macro planted has no entry; it may still be printed.
        self.names.get(site.index()).map(|name| name.ordinal).filter(|&ordinal| ordinal > 0)
    }
}

/// Two sites with the same module, name and kind; or two nameless ones that one
/// macro of the user's put on the same line and column.
#[derive(Clone, Copy, Debug)]
pub struct Duplicate {
    /// The one that comes first in its file.
    pub first: &'static Site,
    /// The other.
    pub second: &'static Site,
}

impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has the name of {}:{}", self.second, self.first.file(), self.first.line())
    }
}

/// The program contains sites that cannot be told apart.
#[derive(Clone, Debug)]
pub struct DuplicateSites {
    /// Each pair, at least one.
    pub duplicates: Vec<Duplicate>,
}

impl fmt::Display for DuplicateSites {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("planted points need a name of their own in their module:")?;
        self.duplicates.iter().try_for_each(|duplicate| write!(f, "\n  {duplicate}"))
    }
}

impl Error for DuplicateSites {}

type Order = ((&'static str, &'static str, &'static str), (&'static str, u32, u32));

/// Identity first; source order decides only among equals.
fn order(site: &'static Site) -> Order {
    (identity(site), place(site))
}

fn identity(site: &'static Site) -> (&'static str, &'static str, &'static str) {
    (site.module(), site.raw_name(), site.kind().as_str())
}

fn place(site: &'static Site) -> (&'static str, u32, u32) {
    (site.file(), site.line(), site.column())
}

fn same_identity(one: &'static Site, other: &'static Site) -> bool {
    identity(one) == identity(other)
}

/// Whether two sites of one identity stay one: nameless ones differ by their order
/// in the source, if they have one.
fn is_ambiguous(one: &'static Site, other: &'static Site) -> bool {
    one.kind().must_be_unique() && (one.name().is_some() || place(one) == place(other))
}

/// FNV-1a over the identity (Fowler, Noll and Vo; 64 bit offset basis and prime),
/// then the finisher of splitmix64 (Steele, Lea and Flood 2014), because FNV leaves
/// its high bits poor on short names.
fn address(site: &'static Site, ordinal: u32) -> u64 {
    let (module, name, kind) = identity(site);
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut fold = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    for part in [module, name, kind] {
        part.bytes().for_each(&mut fold);
        // No UTF-8 text contains this byte: parts cannot run into each other.
        fold(0xff);
    }
    ordinal.to_le_bytes().into_iter().for_each(&mut fold);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    /// Sites as the linker might have left them, beside the program's own.
    fn leak<const N: usize>(sites: [Site; N]) -> &'static [Site] {
        Box::leak(Box::new(sites))
    }

    fn named(kind: Kind, name: &'static str, line: u32) -> Site {
        Site::planted(kind, name, "kv::log", "src/log.rs", line, 5)
    }

    fn nameless(line: u32, column: u32) -> Site {
        Site::nameless(Kind::Buggify, "kv::log", "src/log.rs", line, column)
    }

    fn addresses(catalogue: &Catalogue) -> Vec<u64> {
        catalogue.sorted.iter().map(|&index| catalogue.names[index as usize].address).collect()
    }

    #[test]
    fn lines_and_link_order_change_no_address() {
        let one = Catalogue::of(leak([named(Kind::Always, "a", 1), named(Kind::Buggify, "b", 2), nameless(3, 1)]));
        let other = Catalogue::of(leak([nameless(90, 4), named(Kind::Buggify, "b", 70), named(Kind::Always, "a", 80)]));
        assert_eq!(addresses(&one), addresses(&other));
    }

    #[test]
    fn addresses_are_pinned() {
        // Recorded seeds and overrides name sites by these; a change invalidates every one of them.
        let catalogue = Catalogue::of(leak([named(Kind::Buggify, "flush early", 1), nameless(2, 1), nameless(3, 1)]));
        let pinned = [0xb241ecc4be7ff15f, 0xfbf6838232a7a00e, 0x8ebb3c1964c8016b];
        assert_eq!(addresses(&catalogue), pinned);
    }

    #[test]
    fn each_part_of_an_identity_counts() {
        let catalogue = Catalogue::of(leak([
            named(Kind::Always, "ab", 1),
            named(Kind::Sometimes, "ab", 1),
            named(Kind::Always, "a", 1),
            Site::planted(Kind::Always, "ab", "kv::lo", "src/log.rs", 1, 5),
            Site::planted(Kind::Always, "gab", "kv::lo", "src/log.rs", 1, 5),
            nameless(1, 1),
            nameless(2, 1),
        ]));
        let mut all = addresses(&catalogue);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), catalogue.len());
        assert!(catalogue.duplicates().is_empty());
        assert!(catalogue.check().is_ok());
    }

    #[test]
    fn one_name_at_two_lines_is_an_error_with_both_lines() {
        let catalogue =
            Catalogue::of(leak([named(Kind::Sometimes, "torn tail", 41), named(Kind::Sometimes, "torn tail", 7)]));
        let error = catalogue.check().expect_err("two sites have one name").to_string();
        assert!(error.contains("src/log.rs:7") && error.contains("src/log.rs:41"), "{error}");
        assert_eq!(catalogue.duplicates().len(), 1);
        for kind in [Kind::Always, Kind::Reachable, Kind::Unreachable, Kind::Buggify, Kind::Knob] {
            assert!(Catalogue::of(leak([named(kind, "a", 1), named(kind, "a", 2)])).check().is_err(), "{kind}");
        }
    }

    #[test]
    fn a_site_without_a_name_is_planted_as_one() {
        assert!(std::panic::catch_unwind(|| named(Kind::Always, "", 1)).is_err());
    }

    #[test]
    fn state_may_be_published_from_two_lines() {
        let catalogue = Catalogue::of(leak([named(Kind::Publish, "log", 1), named(Kind::Publish, "log", 2)]));
        assert!(catalogue.check().is_ok());
    }

    #[test]
    fn nameless_sites_are_numbered_in_source_order() {
        let catalogue = Catalogue::of(leak([nameless(9, 1), nameless(3, 20), nameless(3, 4)]));
        let ordinals: Vec<u32> = catalogue.names.iter().map(|name| name.ordinal).collect();
        assert_eq!(ordinals, [3, 2, 1]);
        assert!(catalogue.check().is_ok());
    }

    #[test]
    fn nameless_sites_of_one_place_are_an_error() {
        let catalogue = Catalogue::of(leak([nameless(3, 4), nameless(3, 4)]));
        assert_eq!(catalogue.duplicates().len(), 1);
    }

    #[test]
    fn an_address_leads_back_to_its_site() {
        let sites = leak([named(Kind::Buggify, "b", 1), named(Kind::Always, "a", 2), nameless(3, 1)]);
        let catalogue = Catalogue::of(sites);
        for (index, site) in sites.iter().enumerate() {
            let found = catalogue.at_address(catalogue.names[index].address).expect("it is in the catalogue");
            assert!(std::ptr::eq(found, site));
        }
        assert!(catalogue.at_address(0).is_none() && catalogue.at_address(u64::MAX).is_none());
    }
}
