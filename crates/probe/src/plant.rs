//! What the macros expand to. Not for callers: it changes without notice.

pub use linkme;

pub use crate::site::SITES;

use std::thread;

use crate::hook::current;
use crate::{Details, Kind, Probability, Published, Site};

/// The site of a macro that was given one literal: a name or a probability.
pub const fn named_or_nameless(
    kind: Kind,
    literal: &'static str,
    source: &'static str,
    place: (&'static str, &'static str, u32, u32),
) -> Site {
    let (module, file, line, column) = place;
    if is_text(source) {
        Site::planted(kind, literal, module, file, line, column)
    } else {
        Site::nameless(kind, module, file, line, column)
    }
}

/// The probability that a literal states; none if it is a name.
pub const fn probability_of(source: &str) -> Option<Probability> {
    if is_text(source) { None } else { Some(Probability::from_literal(source)) }
}

const fn is_text(source: &str) -> bool {
    matches!(source.as_bytes()[0], b'"' | b'r')
}

/// Tells the hook about a hit; without one, nothing.
#[inline]
pub fn hit(site: &'static Site, condition: bool) {
    if let Some(hook) = current() {
        hook.hit(site, condition);
    }
}

/// Tells the hook first, because product code may swallow the panic that follows.
#[cold]
#[inline(never)]
#[track_caller]
pub fn violated(site: &'static Site, details: &Details<'_>) {
    if let Some(hook) = current() {
        hook.hit(site, false);
        hook.violated(site, details);
        if thread::panicking() {
            // A second panic would abort the process, and with it every other seed of the sweep.
            return;
        }
    }
    let separator = if details.is_empty() { "" } else { ": " };
    panic!("violated: {site}{separator}{details}");
}

/// Whether a `buggify!` fires.
#[inline]
pub fn buggify(site: &'static Site, probability: Option<Probability>) -> bool {
    #[cold]
    fn ask(hook: &dyn crate::Hook, site: &'static Site, probability: Option<Probability>) -> bool {
        let fires = hook.buggify(site, probability);
        hook.hit(site, fires);
        fires
    }
    current().is_some_and(|hook| ask(hook, site, probability))
}

/// Which value a knob takes; 0 is the default.
#[inline]
pub fn knob(site: &'static Site, choices: usize) -> usize {
    #[cold]
    fn ask(hook: &dyn crate::Hook, site: &'static Site, choices: usize) -> usize {
        let choice = hook.knob(site, choices);
        assert!(choice < choices, "the hook chose value {choice} of {choices} for {site}");
        hook.hit(site, choice != 0);
        choice
    }
    current().map_or(0, |hook| ask(hook, site, choices))
}

/// Computes and hands over a value if anybody reads it.
#[inline]
pub fn publish<T: Published>(site: &'static Site, value: impl FnOnce() -> T) {
    let Some(hook) = current() else { return };
    let read = hook.reads(site);
    hook.hit(site, read);
    if read {
        hook.publish(site, Box::new(value()));
    }
}
