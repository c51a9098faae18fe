//! What the linker gathers from a program that calls none of this: its own binary,
//! because it holds two sites of one name.
#![forbid(unsafe_code)]

use wavetank_probe::{Kind, Site, catalogue};

/// Code that nobody calls, in every position that a macro may stand in.
mod unused {
    #![expect(dead_code, reason = "that dead code is linked and reported is what is tested")]
    use wavetank_probe::prelude::*;

    pub(crate) const LINE: u32 = line!() + 2;
    fn private() {
        reachable!("in a private function");
    }

    fn generic<T: PartialEq>(one: T, other: T) {
        always_assert!(one == other, "in a generic function");
    }

    trait Provided {
        fn provided(&self) {
            sometimes_assert!(true, "in a provided method");
        }
    }

    async fn waits<F: Future<Output = bool>>(future: F) {
        let closure = |value: bool| sometimes_assert!(value, concat!("in a", " closure"));
        closure(future.await);
        if buggify!("in an async function") {
            wavetank_probe::unreachable!("behind a buggify");
        }
    }

    struct Drops;
    impl Drop for Drops {
        fn drop(&mut self) {
            publish!("in a destructor", || buggify_knob!("in a closure", 1, [2]));
        }
    }
}

mod twice {
    use wavetank_probe::prelude::*;

    pub(crate) const FIRST: u32 = line!() + 2;
    fn _one() {
        reachable!("the same name");
    }

    fn _other() {
        reachable!("the same name");
        // Another kind is another identity, and so is another module.
        sometimes_assert!(true, "the same name");
    }

    mod deeper {
        fn _third() {
            wavetank_probe::reachable!("the same name");
        }
    }

    fn _published() {
        publish!("from two places", || 1);
        publish!("from two places", || 2);
    }
}

fn of(module: &str) -> Vec<&'static Site> {
    let module = format!("{}::{module}", module_path!());
    catalogue().iter().filter(|site| site.module() == module).collect()
}

#[test]
fn code_that_nobody_calls_is_in_the_catalogue() {
    let found: Vec<(&str, Kind)> =
        of("unused").into_iter().map(|site| (site.name().expect("all are named"), site.kind())).collect();
    let expected = [
        ("behind a buggify", Kind::Unreachable),
        ("in a closure", Kind::Knob),
        ("in a closure", Kind::Sometimes),
        ("in a destructor", Kind::Publish),
        ("in a generic function", Kind::Always),
        ("in a private function", Kind::Reachable),
        ("in a provided method", Kind::Sometimes),
        ("in an async function", Kind::Buggify),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_site_says_where_it_stands() {
    let site = of("unused")[5];
    assert_eq!((site.file(), site.line()), (file!(), unused::LINE));
    let text = format!("catalogue::unused: \"in a private function\" (reachable, {}:{})", file!(), unused::LINE);
    assert_eq!(site.to_string(), text);
}

#[test]
fn indices_are_dense_and_addresses_lead_back() {
    let mut indices: Vec<usize> = catalogue().iter().map(Site::index).collect();
    indices.sort_unstable();
    assert!(indices.iter().copied().eq(0..catalogue().len()));
    for site in catalogue().iter() {
        let found = catalogue().at_address(site.address()).expect("its address is in the catalogue");
        // What shares a name shares an address, which leads to the first in the source.
        assert_eq!((found.module(), found.name(), found.kind()), (site.module(), site.name(), site.kind()));
        assert!(found.line() <= site.line(), "{found} comes before {site}");
        assert!(std::ptr::eq(catalogue().at_index(site.index()).expect("it is below the length"), site));
    }
    assert!(catalogue().at_index(catalogue().len()).is_none());
}

#[test]
fn two_sites_of_one_name_are_the_only_error() {
    let error = catalogue().check().expect_err("one name stands at two lines");
    let [duplicate] = error.duplicates[..] else { panic!("{error}") };
    assert_eq!((duplicate.first.line(), duplicate.second.line()), (twice::FIRST, twice::FIRST + 4));
    let (first, second) = (format!("{}:{}", file!(), twice::FIRST), format!("{}:{}", file!(), twice::FIRST + 4));
    assert!(error.to_string().contains(&first) && error.to_string().contains(&second), "{error}");
}
