//! The command line as a process, a module a subject. The fixtures in `systems/fixtures` are
//! what it sweeps; they are built in the profile that the tests are built in anyway. All of it
//! is one program: each would be linked by itself.

#![expect(clippy::disallowed_methods, reason = "a command line is looked at from the real world")]

mod fatal;
mod fate;
mod given;
mod help;
mod kept;
mod misuse;
mod new;
mod red;
mod replay;
mod shell;
mod shown;
mod timeline;
mod told;
mod trace;
mod trial;
mod twice;
mod workspace;
