# As little of nixpkgs as flake.nix asks for, so that it can be evaluated without the
# network. A package is its name; one that is not listed here is an error, as a
# misspelt one would be in nixpkgs.
let
  names = [
    "cargo-deny"
    "cargo-nextest"
    "chromium"
    "git"
    "nodejs"
    "python3"
    "rustup"
    "valgrind"
  ];

  genAttrs =
    keys: value:
    builtins.listToAttrs (
      map (key: {
        name = key;
        value = value key;
      }) keys
    );

  lib = {
    inherit genAttrs;
    optionals = condition: list: if condition then list else [ ];
  };

  packages =
    system:
    genAttrs names (name: name)
    // {
      inherit lib;
      stdenv.hostPlatform.isLinux = builtins.match ".*-linux" system != null;
      # Takes the one argument that we use; another one is an error.
      mkShell = { packages }: packages;
    };
in
{
  inherit lib;
  legacyPackages = genAttrs [
    "x86_64-linux"
    "aarch64-linux"
    "aarch64-darwin"
  ] packages;
}
