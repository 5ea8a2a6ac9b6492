//! The program: arguments in, exit code out; all work is the library's.

fn main() {}
