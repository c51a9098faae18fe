{
  description = "Deterministic simulation testing for Rust";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ];

      # The compiler is rustup's: rust-toolchain.toml pins it for everybody, with nix
      # or without, and a second pin could only disagree.
      building = pkgs: [
        pkgs.rustup
        pkgs.git
      ];

      # What a developer wants beside: the test runner, the dependency policy, and
      # what benches/peers needs.
      developing = pkgs: [
        pkgs.cargo-nextest
        pkgs.cargo-deny
        pkgs.python3
      ];

      # Valgrind counts instructions; it does not run on macOS.
      counting = pkgs: pkgs.lib.optionals pkgs.stdenv.hostPlatform.isLinux [ pkgs.valgrind ];

      # Timelines are opened in Chromium, by scripts; for macOS nixpkgs has none.
      looking =
        pkgs:
        pkgs.lib.optionals pkgs.stdenv.hostPlatform.isLinux [
          pkgs.chromium
          pkgs.nodejs
        ];
    in
    {
      devShells = nixpkgs.lib.genAttrs systems (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        {
          default = pkgs.mkShell {
            packages = building pkgs ++ developing pkgs ++ counting pkgs;
          };
          ci = pkgs.mkShell {
            packages = building pkgs ++ counting pkgs ++ looking pkgs;
          };
        }
      );
    };
}
