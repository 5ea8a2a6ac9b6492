//! What made a page: programs and machine.

use burn::tensor::Device;
use lacuna_kernels::Level;

/// The version that `Cargo.toml` pins.
const BURN: &str = "0.22.1";

/// Programs, target, device and threads, each with its name: enough to make the same again.
pub fn versions(device: &Device) -> Vec<(&'static str, String)> {
    let flex = Device::flex();
    let on_cpu = [flex.clone(), flex.autodiff()].contains(device);
    let device = match on_cpu {
        true => format!("cpu, {} kernels", Level::best()),
        false => format!("{device:?}"),
    };
    vec![
        ("lacuna", env!("CARGO_PKG_VERSION").to_string()),
        ("burn", BURN.to_string()),
        ("rustc", env!("LACUNA_RUSTC").to_string()),
        ("target", env!("LACUNA_TARGET").to_string()),
        ("device", device),
        ("threads", rayon::current_num_threads().to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_known_and_burn_is_what_is_pinned() {
        let versions = versions(&Device::flex());
        assert!(versions.iter().all(|(_, text)| !text.is_empty() && text != "unknown"));
        assert!(include_str!("../../Cargo.toml").contains(&format!("version = \"={BURN}\"")));
        assert!(versions.iter().any(|(_, text)| text.starts_with("cpu, ")), "{versions:?}");
    }
}
