//! The test that is written for a function. The attribute's arguments are read in
//! [`arguments`](crate::arguments).

use crate::arguments::Arguments;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, ItemFn, Type};

/// The test for `item` under `arguments`.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let arguments: Arguments = syn::parse2(arguments)?;
    let mut function: ItemFn = syn::parse2(item).map_err(|error| {
        syn::Error::new(error.span(), format!("this attribute stands on an async function: {error}"))
    })?;
    validate(&function)?;
    let seeds = match arguments {
        Arguments::Seeds(count) => quote!(Count(#count)),
        Arguments::Seed(seed) => quote!(Seeds(::std::vec![#seed])),
    };
    // What stands on the function is meant for the test; only lints are for the body too.
    let attributes = std::mem::take(&mut function.attrs);
    function.attrs = attributes.iter().filter(|attribute| is_lint(attribute)).cloned().collect();
    let visibility = std::mem::replace(&mut function.vis, syn::Visibility::Inherited);
    let name = &function.sig.ident;
    let text = name.to_string();
    let call = quote_spanned! { argument(&function).span() =>
        ::wavetank_harness::attribute::run(&test, #name)
    };
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        #visibility fn #name() {
            #function
            let test = ::wavetank_harness::attribute::Test {
                package: ::core::env!("CARGO_PKG_NAME"),
                module: ::core::module_path!(),
                name: #text,
                strategy: ::wavetank_harness::TestStrategy::#seeds,
            };
            #call
        }
    })
}

fn validate(function: &ItemFn) -> syn::Result<()> {
    let signature = &function.sig;
    let wrong = |at: &dyn ToTokens, what: &str| Err(syn::Error::new_spanned(at, what));
    if signature.asyncness.is_none() {
        return wrong(&signature.fn_token, "a test in the tank is async: write `async fn`");
    }
    if !signature.generics.params.is_empty() || signature.generics.where_clause.is_some() {
        return wrong(&signature.generics, "a test is not generic: name the type, `SimProviders` or `SimContext`");
    }
    if let Some(test) = function.attrs.iter().find(|attribute| attribute.path().is_ident("test")) {
        return wrong(test, "the attribute of the harness makes the test: leave `#[test]` out");
    }
    match signature.inputs.iter().collect::<Vec<_>>()[..] {
        [FnArg::Typed(argument)] if matches!(*argument.ty, Type::ImplTrait(_)) => {
            wrong(&argument.ty, "a test is not generic: name the type, `SimProviders` or `SimContext`")
        }
        [FnArg::Typed(_)] => Ok(()),
        [FnArg::Receiver(_), ..] => wrong(&signature.inputs, "a test is a function, not a method"),
        [] => wrong(&signature.ident, "a test is given the world: take `world: SimProviders` or `context: SimContext`"),
        _ => wrong(&signature.inputs, "a test is given one thing: `world: SimProviders` or `context: SimContext`"),
    }
}

/// Where the compiler shall point if the argument is of a type that nobody can give.
fn argument(function: &ItemFn) -> &dyn ToTokens {
    match function.sig.inputs.first() {
        Some(FnArg::Typed(argument)) => &argument.ty,
        _ => &function.sig.ident,
    }
}

fn is_lint(attribute: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|level| attribute.path().is_ident(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_error(arguments: &str, item: &str, expected: &str) {
        let parse = |text: &str| text.parse::<TokenStream>().expect("it is made of tokens");
        let error = expand(parse(arguments), parse(item)).expect_err(item).to_string();
        assert!(error.starts_with(expected), "{item}: {error}");
    }

    fn expanded(arguments: TokenStream, item: TokenStream) -> String {
        let expanded = expand(arguments, item).expect("nothing is wrong with it");
        syn::parse2::<ItemFn>(expanded.clone()).expect("the expansion is one function");
        expanded.to_string()
    }

    #[test]
    fn what_cannot_be_a_test_is_said() {
        check_error("", "fn plain(world: SimProviders) {}", "a test in the tank is async");
        check_error("", "async fn none() {}", "a test is given the world");
        check_error("", "async fn two(a: SimContext, b: SimContext) {}", "a test is given one thing");
        check_error("", "async fn method(&self) {}", "a test is a function");
        check_error("", "async fn any<P: Providers>(world: P) {}", "a test is not generic");
        check_error("", "async fn any(world: impl Providers) {}", "a test is not generic");
        check_error(
            "",
            "#[test] async fn twice(world: SimProviders) {}",
            "the attribute of the harness makes the test",
        );
        check_error("", "struct Thing;", "this attribute stands on an async function");
        check_error("seeds = 0", "async fn none(world: SimProviders) {}", "a test of no seeds");
    }

    #[test]
    fn attributes_are_those_of_the_test_and_lints_of_both() {
        let text = expanded(
            quote!(seeds = 5),
            quote! {
                #[should_panic]
                #[expect(unused, reason = "planted")]
                pub(crate) async fn falls(world: SimProviders) -> Result<(), Error> { Ok(()) }
            },
        );
        assert_eq!(text.matches("should_panic").count(), 1, "{text}");
        assert_eq!(text.matches("planted").count(), 2, "{text}");
        assert_eq!(text.matches("pub (crate)").count(), 1, "{text}");
        assert!(text.contains("Count (5u64)"), "{text}");
    }

    #[test]
    fn one_seed_is_that_seed() {
        let text = expanded(
            quote!(seed = 7),
            quote!(
                async fn once(context: SimContext) {}
            ),
        );
        assert!(text.contains("Seeds (:: std :: vec ! [7u64])"), "{text}");
    }
}
