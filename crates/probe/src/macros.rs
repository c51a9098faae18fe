//! The macros that product code writes. What they call is in `plant`.

/// Plants a static and gives a reference to it. The inner block keeps its name away
/// from the caller's expressions.
#[doc(hidden)]
#[macro_export]
macro_rules! __plant {
    (@as $site:expr) => {{
        #[$crate::plant::linkme::distributed_slice($crate::plant::SITES)]
        #[linkme(crate = $crate::plant::linkme)]
        static __WAVETANK_PROBE_SITE: $crate::Site = $site;
        &__WAVETANK_PROBE_SITE
    }};
    ($kind:ident, $name:expr) => {
        $crate::__plant!(@as $crate::Site::planted(
            $crate::Kind::$kind,
            $name,
            ::core::module_path!(),
            ::core::file!(),
            ::core::line!(),
            ::core::column!(),
        ))
    };
    ($kind:ident) => {
        $crate::__plant!(@as $crate::Site::nameless(
            $crate::Kind::$kind,
            ::core::module_path!(),
            ::core::file!(),
            ::core::line!(),
            ::core::column!(),
        ))
    };
}

/// Builds [`Details`](crate::Details) in place.
#[doc(hidden)]
#[macro_export]
macro_rules! __details {
    ($($($key:ident).+ $(= $value:expr)?),*) => {
        $crate::Details::new(&[$((::core::stringify!($($key).+), &$crate::__details!(@value $($key).+ $(= $value)?))),*])
    };
    (@value $($key:ident).+) => { $($key).+ };
    (@value $($key:ident).+ = $value:expr) => { $value };
}

/// States that a condition holds each time; red at once where it does not.
///
/// After condition and name come details, `key = value` or just a variable or a field; they
/// need `Debug` and are looked at only when the condition is violated.
///
/// In simulation the hook is told before the panic, so that the run is red even
/// where the panic is caught. Outside, it is `assert!` in builds with debug
/// assertions; without them the condition is not evaluated. In simulation, while
/// the thread unwinds already, it reports but does not panic again.
///
/// ```
/// use wavetank_probe::always_assert;
///
/// let (sent, received, lost) = (3, 2, 1);
/// always_assert!(sent == received + lost, "messages are conserved", sent, received, gone = lost);
/// ```
#[macro_export]
macro_rules! always_assert {
    ($condition:expr, $name:expr $(, $($key:ident).+ $(= $value:expr)?)* $(,)?) => {{
        let site: &'static $crate::Site = $crate::__plant!(Always, $name);
        if ::core::cfg!(debug_assertions) || $crate::is_simulated() {
            let holds: bool = $condition;
            if holds {
                $crate::plant::hit(site, true);
            } else {
                $crate::plant::violated(site, &$crate::__details!($($($key).+ $(= $value)?),*));
            }
        }
    }};
}

/// States that a condition holds at least once in a sweep, not each time.
///
/// Outside simulation the condition is not evaluated.
///
/// ```
/// use wavetank_probe::sometimes_assert;
///
/// let retries = 0;
/// sometimes_assert!(retries > 3, "a request is retried more than three times");
/// ```
#[macro_export]
macro_rules! sometimes_assert {
    ($condition:expr, $name:expr $(,)?) => {{
        let site: &'static $crate::Site = $crate::__plant!(Sometimes, $name);
        if $crate::is_simulated() {
            let holds: bool = $condition;
            $crate::plant::hit(site, holds);
        }
    }};
}

/// States that this line is executed at least once in a sweep.
///
/// ```
/// # let torn = true;
/// if torn {
///     wavetank_probe::reachable!("a torn tail is cut");
/// }
/// ```
#[macro_export]
macro_rules! reachable {
    ($name:expr $(,)?) => {{
        let site: &'static $crate::Site = $crate::__plant!(Reachable, $name);
        $crate::plant::hit(site, true);
    }};
}

/// States that this line is never executed: an
/// [`always_assert!`](crate::always_assert) of `false`, with the same details and
/// the same rules.
///
/// It is called by its path, beside the standard library's macro of that name, and
/// unlike that one it is a statement: without debug assertions and outside
/// simulation, execution goes on.
///
/// ```
/// # let length = 3;
/// if length > 4096 {
///     wavetank_probe::unreachable!("a record longer than a page", length);
/// }
/// ```
#[macro_export]
macro_rules! unreachable {
    ($name:expr $(, $($key:ident).+ $(= $value:expr)?)* $(,)?) => {{
        let site: &'static $crate::Site = $crate::__plant!(Unreachable, $name);
        if ::core::cfg!(debug_assertions) || $crate::is_simulated() {
            $crate::plant::violated(site, &$crate::__details!($($($key).+ $(= $value)?),*));
        }
    }};
}

/// Asks whether the code may misbehave here, now: `true` only in simulation, and
/// only when the simulation says so.
///
/// A name, a probability, both, or nothing; the probability is a decimal literal
/// from 0 to 1 with at most nine decimals, a ratio of integers, or, after a name, a
/// constant [`Probability`](crate::Probability). Without one the simulation has its
/// own. A nameless site is called by its number in its module: another nameless one
/// above it renames it, and so changes which runs it fires in.
///
/// ```
/// use wavetank_probe::{Probability, buggify};
///
/// const RARELY: Probability = Probability::new(1, 1000);
///
/// assert!(!buggify!());
/// assert!(!buggify!(0.25));
/// assert!(!buggify!(1/4));
/// assert!(!buggify!("flush early"));
/// assert!(!buggify!("answer late", 0.25));
/// assert!(!buggify!("drop the cache", 1/100));
/// assert!(!buggify!("forget a lease", RARELY));
/// ```
///
/// A probability above one does not compile:
///
/// ```compile_fail
/// wavetank_probe::buggify!(1.5);
/// ```
#[macro_export]
macro_rules! buggify {
    () => {
        $crate::plant::buggify($crate::__plant!(Buggify), ::core::option::Option::None)
    };
    ($literal:literal $(,)?) => {
        $crate::plant::buggify(
            $crate::__plant!(@as $crate::plant::named_or_nameless(
                $crate::Kind::Buggify,
                ::core::concat!($literal),
                ::core::stringify!($literal),
                (::core::module_path!(), ::core::file!(), ::core::line!(), ::core::column!()),
            )),
            const { $crate::plant::probability_of(::core::stringify!($literal)) },
        )
    };
    ($numerator:literal / $denominator:literal $(,)?) => {
        $crate::plant::buggify(
            $crate::__plant!(Buggify),
            const { ::core::option::Option::Some($crate::Probability::new($numerator, $denominator)) },
        )
    };
    ($name:literal, $probability:literal $(,)?) => {
        $crate::plant::buggify(
            $crate::__plant!(Buggify, $name),
            const { ::core::option::Option::Some($crate::Probability::from_literal(::core::stringify!($probability))) },
        )
    };
    ($name:literal, $numerator:literal / $denominator:literal $(,)?) => {
        $crate::plant::buggify(
            $crate::__plant!(Buggify, $name),
            const { ::core::option::Option::Some($crate::Probability::new($numerator, $denominator)) },
        )
    };
    ($name:literal, $probability:expr $(,)?) => {
        $crate::plant::buggify($crate::__plant!(Buggify, $name), const { ::core::option::Option::Some($probability) })
    };
}

/// A value that production takes as it is, and that a simulated run may replace by
/// one of a few extremes.
///
/// An optional name, the default, and the extremes in brackets. Only the value
/// chosen comes to life: extremes are not evaluated when the default is, nor the
/// other way round. Nameless knobs are numbered as nameless `buggify!` are.
///
/// ```
/// use wavetank_probe::buggify_knob;
///
/// let page_bytes = buggify_knob!("page size", 4096, [512, 65_536]);
/// assert_eq!(page_bytes, 4096);
/// assert_eq!(buggify_knob!(page_bytes * 8, [1]), 32_768);
/// ```
#[macro_export]
macro_rules! buggify_knob {
    ($name:literal, $default:expr, [$($extreme:expr),+ $(,)?] $(,)?) => {
        $crate::buggify_knob!(@choose $crate::__plant!(Knob, $name), $default, [$($extreme),+])
    };
    ($default:expr, [$($extreme:expr),+ $(,)?] $(,)?) => {
        $crate::buggify_knob!(@choose $crate::__plant!(Knob), $default, [$($extreme),+])
    };
    (@choose $site:expr, $default:expr, [$($extreme:expr),+]) => {
        match $crate::plant::knob($site, 1 + [$(::core::stringify!($extreme)),+].len()) {
            0 => $default,
            choice => ::core::iter::IntoIterator::into_iter([$($extreme),+])
                .nth(choice - 1)
                .expect("a knob's choice is below the number of its values"),
        }
    };
}

/// Shows state to whoever reads it: the closure runs only in simulation, and only
/// if there is an invariant, which reads it with `StateRegistry::published` of the harness.
///
/// The value is any owned type with `Debug` (see
/// [`Published`](crate::Published)); `serde_json::Value` gives a reader the most.
/// One name may be published from several places. The closure may pass planted
/// points itself.
///
/// ```
/// use wavetank_probe::publish;
///
/// let log = [7_u64, 9, 12];
/// publish!("log", || (log.len(), log.last().copied()));
/// ```
#[macro_export]
macro_rules! publish {
    ($name:expr, $value:expr $(,)?) => {
        $crate::plant::publish($crate::__plant!(Publish, $name), $value)
    };
}
