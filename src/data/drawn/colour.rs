//! Colours and the palettes they are chosen from.
//!
//! The palettes are chosen by hand and short: colours that go together whichever are drawn, which free red, green
//! and blue would not.

/// Red, green, blue in `[0,1]`, as shown on a screen (nominally sRGB).
pub(super) type Colour = [f32; 3];

/// The colour written `0xRRGGBB`.
pub(super) const fn hex(code: u32) -> Colour {
    let [_, r, g, b] = code.to_be_bytes();
    [r as f32 / 255.0, g as f32 / 255.0, b as f32 / 255.0]
}

pub(super) const BACKDROPS: [Colour; 14] = [
    hex(0xE8C7B0),
    hex(0xF2D9A6),
    hex(0xC4D6C0),
    hex(0xA9C6D9),
    hex(0xD8B4C8),
    hex(0xE79F8B),
    hex(0x6E8FA8),
    hex(0x3E5C6E),
    hex(0x8AA68D),
    hex(0xF0E6D8),
    hex(0xB9A6D3),
    hex(0xE3B15F),
    hex(0x7FB7B0),
    hex(0xC9705B),
];

pub(super) const CLOTHES: [Colour; 12] = [
    hex(0x2F3E55),
    hex(0xB5533C),
    hex(0xE9E2D3),
    hex(0x4F6F5B),
    hex(0xD99A3E),
    hex(0x6B3F57),
    hex(0x7C93A9),
    hex(0x34343B),
    hex(0xC77C8A),
    hex(0x3D7C86),
    hex(0xF4F1EA),
    hex(0x8C6E54),
];

/// From deep to pale; a skin tone lies anywhere between.
pub(super) const SKINS: [Colour; 8] = [
    hex(0x4A2A1E),
    hex(0x6B3F2A),
    hex(0x8C5839),
    hex(0xAE7850),
    hex(0xCB9870),
    hex(0xE0B48F),
    hex(0xEEC9AB),
    hex(0xF6DAC6),
];

pub(super) const DARK_HAIR: [Colour; 4] =
    [hex(0x1E191B), hex(0x2E2220), hex(0x3D2A22), hex(0x573625)];
pub(super) const FAIR_HAIR: [Colour; 6] =
    [hex(0x7A4A2C), hex(0x8E4526), hex(0xBF6A30), hex(0xA37B45), hex(0xD0A765), hex(0xE5CF9F)];
pub(super) const GREY_HAIR: [Colour; 3] = [hex(0x77757A), hex(0xA7A5A6), hex(0xDEDBD6)];
pub(super) const DYED_HAIR: [Colour; 3] = [hex(0xC4577E), hex(0x3F8C94), hex(0x6C5BA7)];

pub(super) const DARK_IRIS: [Colour; 3] = [hex(0x3A2318), hex(0x55351F), hex(0x6E4A28)];
pub(super) const FAIR_IRIS: [Colour; 4] =
    [hex(0x4F7FA8), hex(0x5E8E6A), hex(0x7E8F99), hex(0x8C7434)];

pub(super) const FRAMES: [Colour; 5] =
    [hex(0x26242A), hex(0x5B3423), hex(0xB08A3E), hex(0x8C2F3B), hex(0x2F5D73)];
pub(super) const TINTS: [Colour; 4] = [hex(0x2B2A30), hex(0x8A4B2A), hex(0x2F6B6B), hex(0x7A3B5A)];

/// `a` for 0, `b` for 1, between them in proportion.
pub(super) fn mix(a: Colour, b: Colour, share: f32) -> Colour {
    std::array::from_fn(|c| a[c] + (b[c] - a[c]) * share)
}

/// Channel by channel: light of colour `b` on paint of colour `a`.
pub(super) fn lit(a: Colour, b: Colour) -> Colour {
    std::array::from_fn(|c| (a[c] * b[c]).clamp(0.0, 1.0))
}

/// The colour a share of the way along a palette, from its first (0) to its last (1).
pub(super) fn along<const N: usize>(palette: &[Colour; N], share: f32) -> Colour {
    let at = share.clamp(0.0, 1.0) * (N - 1) as f32;
    let i = (at as usize).min(N - 1);
    mix(palette[i], palette[(i + 1).min(N - 1)], at - i as f32)
}

/// How bright a colour looks (Rec. 709 weights).
pub(super) fn brightness([r, g, b]: Colour) -> f32 {
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_palette_is_walked_from_end_to_end() {
        let close = |a: Colour, b: Colour| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-6);
        assert!(close(along(&SKINS, 0.0), SKINS[0]) && close(along(&SKINS, 1.0), SKINS[7]));
        assert!(close(along(&SKINS, 1.5 / 7.0), mix(SKINS[1], SKINS[2], 0.5)));
        assert!(close(along(&SKINS, 9.0), SKINS[7]));
    }

    #[test]
    fn skins_go_from_deep_to_pale() {
        assert!(SKINS.windows(2).all(|pair| brightness(pair[0]) < brightness(pair[1])));
    }
}
