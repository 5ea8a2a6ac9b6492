//! The device chosen at run time, and the random streams drawn on the host.
//!
//! Every random number of the library comes from [`stream`]: a seed and a name give a stream of
//! its own, so that adding a draw in one place never changes the numbers of another, and the
//! numbers are the same on every device.

use std::f64::consts::TAU;

use burn::tensor::Device;
use lacuna_kernels::Level;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::error::{Error, Result};
use crate::report::counted;

/// The device named by `name`: `cpu`, or with the matching cargo feature `cuda`, `cuda:N`, `wgpu`.
///
/// # Errors
/// A name that is unknown, or whose backend was not compiled in.
pub fn device(name: &str) -> Result<Device> {
    let (kind, index) = name.split_once(':').unwrap_or((name, "0"));
    let index: usize = index.parse().map_err(|_| {
        Error::input(format!("device `{name}`"), "its index is no number", "write it as `cuda:0`")
    })?;
    match kind {
        "cpu" if index == 0 => Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        "cuda" => Ok(Device::cuda(index)),
        #[cfg(feature = "wgpu")]
        "wgpu" if index == 0 => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        "cuda" | "wgpu" => Err(Error::input(
            format!("device `{name}`"),
            "this program was built without it",
            format!("build with `--features {kind}`, or use `cpu`"),
        )),
        _ => Err(Error::input(
            format!("device `{name}`"),
            "there is no such device",
            "use `cpu`, `cuda:0` or `wgpu`",
        )),
    }
}

/// The device `name` in words: its threads and the instruction set of its kernels on a CPU.
pub fn describe(name: &str) -> String {
    if name != "cpu" && name != "cpu:0" {
        return name.to_string();
    }
    let (level, best) = (Level::best(), Level::available().pop());
    let why = match best {
        Some(best) if best != level => format!(" (of {best}, as LACUNA_CPU asks)"),
        _ => " (the best that this processor has)".to_string(),
    };
    format!("cpu: kernels {level}{why}, {}", counted(rayon::current_num_threads(), "thread"))
}

/// Whether tensors on `device` lie in the memory of this computer's processor.
pub fn is_cpu(device: &Device) -> bool {
    crate::nn::cpu::is_here(device)
}

/// Limits the CPU work of this process to `count` threads; results do not depend on it. To be called before any
/// work, once.
///
/// # Errors
/// 0, or a call after work has begun.
pub fn set_threads(count: usize) -> Result<()> {
    if count == 0 {
        let remedy = "give 1 or more, or leave it out for all cores";
        return Err(Error::input("threads", "0 can do no work", remedy));
    }
    rayon::ThreadPoolBuilder::new().num_threads(count).build_global().map_err(|error| {
        Error::input("threads", error.to_string(), "set them once, before any work")
    })
}

/// Gives memory that the layers keep for their next step back to the system: before work of other sizes.
pub fn release_buffers() {
    lacuna_kernels::release();
}

/// The stream of random numbers that belongs to `name` under `seed`.
pub fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(name.as_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

/// A number uniform in [0, 1) with 24 random bits, the same on every platform.
pub fn uniform(rng: &mut ChaCha8Rng) -> f32 {
    use rand_chacha::rand_core::Rng;
    (rng.next_u32() >> 8) as f32 / (1 << 24) as f32
}

/// Two independent standard normal numbers. In f64 until the end, so that the last bits of a platform's logarithm and
/// cosine are rounded away.
pub fn normal_pair(rng: &mut ChaCha8Rng) -> [f32; 2] {
    let radius = (-2.0 * (1.0 - f64::from(uniform(rng))).ln()).sqrt();
    let (sin, cos) = (TAU * f64::from(uniform(rng))).sin_cos();
    [(radius * cos) as f32, (radius * sin) as f32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_repeats_and_another_name_or_seed_gives_another() {
        let draw = |seed, name| uniform(&mut stream(seed, name));
        assert_eq!(draw(1, "s"), draw(1, "s"));
        assert_ne!(draw(1, "s"), draw(2, "s"));
        assert_ne!(draw(1, "s"), draw(1, "start"));
    }

    #[test]
    fn unknown_devices_are_errors_that_say_what_to_use() {
        for name in ["tpu", "cuda:x", "cpu:1", ""] {
            let message = device(name).expect_err("no such device").to_string();
            assert!(message.contains(name) && message.contains("cpu") || name == "cuda:x");
        }
    }
}
