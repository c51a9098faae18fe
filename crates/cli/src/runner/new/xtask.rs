//! The project's own commands. What they do is in `wavetank-cli`.

fn main() -> std::process::ExitCode {
    wavetank_cli::main()
}
