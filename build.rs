//! Which compiler made the program and for which machine: a report says so.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok());
    // "rustc 1.95.0 (59807616e 2026-04-14)": the number is the second word.
    let number = version.as_deref().and_then(|text| text.split_whitespace().nth(1));
    println!("cargo::rustc-env=LACUNA_RUSTC={}", number.unwrap_or("unknown"));
    println!("cargo::rustc-env=LACUNA_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}
