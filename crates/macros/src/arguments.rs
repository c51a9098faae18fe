//! What stands in the attribute's parentheses. What it stands on is in
//! [`expansion`](crate::expansion).

use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitInt, Token};

/// How many seeds there are if nothing is said.
pub(crate) const SEEDS: u64 = 100;

/// The attribute's arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arguments {
    /// So many, from 0 on.
    Seeds(u64),
    /// This one.
    Seed(u64),
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Arguments> {
        let mut arguments = None;
        while !input.is_empty() {
            let name: Ident = input.parse().map_err(|error: syn::Error| {
                syn::Error::new(error.span(), "say which seeds to run: there are `seeds = 50` and `seed = 7`")
            })?;
            if name != "seeds" && name != "seed" {
                let what = format!("no argument `{name}`: there are `seeds = 50` and `seed = 7`");
                return Err(syn::Error::new(name.span(), what));
            }
            if arguments.is_some() {
                return Err(syn::Error::new(
                    name.span(),
                    "one of `seeds` and `seed`, once: both say which seeds to run",
                ));
            }
            let shape = format!("`{name}` wants a whole number: `{name} = 7`");
            let value: LitInt = input
                .parse::<Token![=]>()
                .and_then(|_| input.parse())
                .map_err(|error| syn::Error::new(error.span(), &shape))?;
            let number: u64 = value.base10_parse().map_err(|_| syn::Error::new(value.span(), &shape))?;
            arguments = Some(match (name == "seeds", number) {
                (true, 0) => {
                    return Err(syn::Error::new(value.span(), "a test of no seeds finds nothing: give at least 1"));
                }
                (true, seeds) => Arguments::Seeds(seeds),
                (false, seed) => Arguments::Seed(seed),
            });
            if !input.is_empty() {
                input.parse::<Token![,]>().map_err(|error| {
                    syn::Error::new(error.span(), format!("nothing stands behind the number of `{name}`"))
                })?;
            }
        }
        Ok(arguments.unwrap_or(Arguments::Seeds(SEEDS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Arguments, &str>) {
        let got = syn::parse_str::<Arguments>(text).map_err(|error| error.to_string());
        assert_eq!(got.as_ref().map_err(String::as_str), expected.as_ref().map_err(|error| *error), "{text}");
    }

    #[test]
    fn seeds_are_counted_or_named() {
        check("", Ok(Arguments::Seeds(100)));
        check("seeds = 50", Ok(Arguments::Seeds(50)));
        check("seeds = 1_000,", Ok(Arguments::Seeds(1000)));
        check("seed = 18446744073709551615", Ok(Arguments::Seed(u64::MAX)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        check("seeds = 0", Err("a test of no seeds finds nothing: give at least 1"));
        check("seeds = 5, seed = 7", Err("one of `seeds` and `seed`, once: both say which seeds to run"));
        check("chaos = 5", Err("no argument `chaos`: there are `seeds = 50` and `seed = 7`"));
        check("seeds", Err("`seeds` wants a whole number: `seeds = 7`"));
        check("seed = -1", Err("`seed` wants a whole number: `seed = 7`"));
        check("seed = \"7\"", Err("`seed` wants a whole number: `seed = 7`"));
        check("seed = 18446744073709551616", Err("`seed` wants a whole number: `seed = 7`"));
        check("seeds = 5 6", Err("nothing stands behind the number of `seeds`"));
        for bare in ["50", "\"50\"", "async", "= 5", ","] {
            check(bare, Err("say which seeds to run: there are `seeds = 50` and `seed = 7`"));
        }
    }
}
