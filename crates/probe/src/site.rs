//! One planted point: what it is called, what it is, and where it stands. How often
//! it was executed is not kept here but in [`Coverage`](crate::Coverage).

use std::fmt;
use std::ptr;

use linkme::distributed_slice;

/// Every site that is linked into this program, in the order the linker chose.
#[doc(hidden)]
#[distributed_slice]
pub static SITES: [Site];

/// What a site asks or states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `always_assert!`: the condition holds each time.
    Always,
    /// `sometimes_assert!`: the condition holds at least once in a sweep.
    Sometimes,
    /// `reachable!`: the line is executed at least once in a sweep.
    Reachable,
    /// `unreachable!`: the line is never executed.
    Unreachable,
    /// `buggify!`: may the code misbehave here, now?
    Buggify,
    /// `buggify_knob!`: which value does this run use?
    Knob,
    /// `publish!`: state that an invariant may read.
    Publish,
}

impl Kind {
    /// The kind's word, as it is part of a site's identity and address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Always => "always",
            Kind::Sometimes => "sometimes",
            Kind::Reachable => "reachable",
            Kind::Unreachable => "unreachable",
            Kind::Buggify => "buggify",
            Kind::Knob => "knob",
            Kind::Publish => "publish",
        }
    }

    /// Whether a sweep that never executed such a site has looked too little.
    pub const fn must_be_reached(self) -> bool {
        !matches!(self, Kind::Unreachable)
    }

    /// Whether two sites of this kind and one name are an error: state may be
    /// published from several places, everything else is one place.
    pub(crate) const fn must_be_unique(self) -> bool {
        !matches!(self, Kind::Publish)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A planted point, a static in the binary. Its identity is module (which begins
/// with the crate), name and kind, never the line.
///
/// A site without a name (`buggify!()`) is called by its number among the nameless
/// sites of its kind in its module, in source order, from 1.
#[derive(Debug)]
pub struct Site {
    name: &'static str,
    kind: Kind,
    module: &'static str,
    file: &'static str,
    line: u32,
    column: u32,
}

impl Site {
    /// A named site; called by the macros alone, because only what stands in
    /// [`SITES`] has an index.
    #[doc(hidden)]
    pub const fn planted(
        kind: Kind,
        name: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
        column: u32,
    ) -> Site {
        assert!(!name.is_empty(), "a planted point needs a name");
        Site { name, kind, module, file, line, column }
    }

    /// A site that is called by its number; called by the macros alone.
    #[doc(hidden)]
    pub const fn nameless(kind: Kind, module: &'static str, file: &'static str, line: u32, column: u32) -> Site {
        Site { name: "", kind, module, file, line, column }
    }

    /// The name given in the source, or nothing.
    pub fn name(&self) -> Option<&'static str> {
        (!self.name.is_empty()).then_some(self.name)
    }

    /// What the site asks or states.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Crate and module, as `module_path!()` gives them.
    pub fn module(&self) -> &'static str {
        self.module
    }

    /// Source file, as `file!()` gives it.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// Line in the file, from 1. For people; nothing depends on it.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Column in the line, from 1. For people; nothing depends on it.
    pub fn column(&self) -> u32 {
        self.column
    }

    /// Dense number of the site in this very binary, below the catalogue's length,
    /// for counters. Another build may number otherwise.
    #[inline]
    pub fn index(&'static self) -> usize {
        let start = SITES.static_slice().as_ptr();
        ptr::from_ref(self).addr().wrapping_sub(start.addr()) / size_of::<Site>()
    }

    /// The site's entity in a decision's address: a hash of its identity that no
    /// other line, build or machine changes.
    #[inline]
    pub fn address(&'static self) -> u64 {
        crate::catalogue().address(self)
    }

    /// The number by which a nameless site is called, from 1; none for a named one.
    pub fn ordinal(&'static self) -> Option<u32> {
        crate::catalogue().ordinal(self)
    }

    pub(crate) fn raw_name(&self) -> &'static str {
        self.name
    }
}

/// `kv::log: "torn tail cut" (sometimes, src/log.rs:41)`.
impl fmt::Display for &'static Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ordinal() {
            Some(ordinal) => write!(f, "{}: #{ordinal}", self.module)?,
            None => write!(f, "{}: {:?}", self.module, self.name)?,
        }
        write!(f, " ({}, {}:{})", self.kind, self.file, self.line)
    }
}
