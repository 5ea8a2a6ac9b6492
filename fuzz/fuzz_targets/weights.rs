#![no_main]

use lacuna_fuzz::run;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| run(lacuna::fuzz::weights, bytes));
