# The shells of flake.nix with the names of their packages:
#   nix-instantiate --eval --strict --json nix/check.nix
let
  flake = import ../flake.nix;
  self = flake.outputs {
    inherit self;
    nixpkgs = import ./stub.nix;
  };
in
self.devShells
