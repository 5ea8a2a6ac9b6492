//! Colour profiles: the model lives in sRGB, a photo in whatever its file says.
//!
//! ```text
//! values of the file --to_srgb--> what the model sees     what the model makes --from_srgb--> values of the file
//! ```
//! The profile itself goes along with the result, so that a pixel which is not touched needs no conversion: it keeps its
//! bits and its meaning. A profile that is sRGB by another name converts nothing, and one that cannot be converted both
//! ways (of a scanner, of a press) converts nothing either: the values count as they stand.

use std::fmt;
use std::sync::Arc;

use moxcms::{
    ColorProfile, DataColorSpace, Layout, LocalizableString, ProfileText, TransformF32Executor,
    TransformOptions,
};

use super::Picture;
use crate::guarded::guarded;

/// The largest difference between a profile and sRGB that counts as none: one level of 8 bits, which is what the
/// many writings of sRGB differ by.
const SAME: f32 = 1.0 / 255.0;

/// The largest error there and back that a mild colour may have: five levels.
const THERE_AND_BACK: f32 = 5.0 / 255.0;

/// The largest profile that is read, in bytes; those of presses, with tables both ways, have two or three million.
const MOST: usize = 4 << 20;

/// Pixels that are converted in one piece.
const PIECE: usize = 4096;

/// The ICC profile of a file.
#[derive(Debug, Clone)]
pub struct Profile {
    bytes: Arc<[u8]>,
    way: Way,
}

/// What becomes of the values under a profile.
#[derive(Clone)]
enum Way {
    /// They are sRGB already.
    Same,
    Convert {
        there: Arc<TransformF32Executor>,
        back: Arc<TransformF32Executor>,
    },
    /// They count as they stand.
    Unknown,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Same => "Same",
            Way::Convert { .. } => "Convert",
            Way::Unknown => "Unknown",
        })
    }
}

impl Profile {
    /// The profile in `bytes`, whatever it is; one that is damaged is carried along all the same.
    pub fn new(bytes: Vec<u8>) -> Self {
        let way = guarded(|| way(&bytes)).ok().flatten();
        Self { bytes: bytes.into(), way: way.unwrap_or(Way::Unknown) }
    }

    /// The profile as it stood in the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it is understood. If not, values under it count as if they were sRGB.
    pub fn is_understood(&self) -> bool {
        !matches!(self.way, Way::Unknown)
    }

    /// `picture`, whose values are those of the file, in sRGB; colours beyond sRGB end at its border.
    pub fn to_srgb(&self, picture: Picture) -> Picture {
        match &self.way {
            Way::Convert { there, .. } => converted(&picture, there).unwrap_or(picture),
            _ => picture,
        }
    }

    /// `picture`, in sRGB, in the values of the file.
    pub fn from_srgb(&self, picture: Picture) -> Picture {
        match &self.way {
            Way::Convert { back, .. } => converted(&picture, back).unwrap_or(picture),
            _ => picture,
        }
    }

    /// The profile for pixels with colours or without, when the file's own may be for the other kind: the same tone
    /// curve, the primaries of sRGB. `None` if there is no such profile.
    pub fn for_pixels(&self, with_colour: bool) -> Option<Vec<u8>> {
        let convert = || -> Option<Vec<u8>> {
            let Some(profile) = read(&self.bytes) else {
                return Some(self.bytes.to_vec());
            };
            match (profile.color_space, with_colour) {
                (DataColorSpace::Gray, true) => with_colours(&profile)?.encode().ok(),
                (DataColorSpace::Rgb, false) => {
                    let mut grey = ColorProfile::new_gray_with_gamma(1.0);
                    grey.gray_trc = Some(profile.red_trc?);
                    grey.encode().ok()
                }
                _ => Some(self.bytes.to_vec()),
            }
        };
        guarded(convert).ok().flatten()
    }
}

/// `None` for one that cannot be read, or is larger than any needs to be.
fn read(bytes: &[u8]) -> Option<ColorProfile> {
    (bytes.len() <= MOST).then(|| ColorProfile::new_from_slice(bytes).ok()).flatten()
}

/// `None` for a profile that cannot be read, of another kind than RGB and grey, or without a way back.
fn way(bytes: &[u8]) -> Option<Way> {
    let profile = read(bytes)?;
    let profile = match profile.color_space {
        DataColorSpace::Rgb => profile,
        DataColorSpace::Gray => with_colours(&profile)?,
        _ => return None,
    };
    let srgb = ColorProfile::new_srgb();
    let transform = |from: &ColorProfile, to: &ColorProfile| {
        from.create_transform_f32(Layout::Rgb, to, Layout::Rgb, TransformOptions::default()).ok()
    };
    let (there, back) = (transform(&profile, &srgb)?, transform(&srgb, &profile)?);

    let grid = |levels: &[f32]| -> Vec<f32> {
        let n = levels.len();
        (0..n * n * n).flat_map(|i| [i / (n * n), i / n % n, i % n].map(|at| levels[at])).collect()
    };
    let all = grid(&[0.0, 0.1, 0.25, 0.5, 0.75, 1.0]);
    if apart(&run(&there, &all)?, &all) <= SAME {
        return Some(Way::Same);
    }
    // Mild colours, which every profile holds.
    let mild = grid(&[0.35, 0.5, 0.65]);
    let again = run(&there, &run(&back, &mild)?)?;
    (apart(&again, &mild) <= THERE_AND_BACK).then_some(Way::Convert { there, back })
}

/// sRGB with the tone curve of `grey`: equal channels mean what the one channel meant.
fn with_colours(grey: &ColorProfile) -> Option<ColorProfile> {
    let curve = grey.gray_trc.clone().filter(|_| grey.pcs == DataColorSpace::Xyz)?;
    let mut profile = ColorProfile::new_srgb();
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    // They would name the curve of sRGB.
    profile.cicp = None;
    profile.description = Some(ProfileText::Localizable(vec![LocalizableString::new(
        "en".into(),
        "US".into(),
        "Tone curve of a grey photo, primaries of sRGB".into(),
    )]));
    Some(profile)
}

fn run(transform: &Arc<TransformF32Executor>, pixels: &[f32]) -> Option<Vec<f32>> {
    let mut out = vec![0.0; pixels.len()];
    transform.transform(pixels, &mut out).ok()?;
    out.iter().all(|v| v.is_finite()).then_some(out)
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

/// `picture` through `transform`, clamped to `[0,1]`; `None` if it cannot be done.
fn converted(picture: &Picture, transform: &Arc<TransformF32Executor>) -> Option<Picture> {
    let plane = picture.height() * picture.width();
    let mut data = picture.data().to_vec();
    let mut pixels = Vec::with_capacity(3 * PIECE);
    for start in (0..plane).step_by(PIECE) {
        let piece = start..(start + PIECE).min(plane);
        pixels.clear();
        // Clamped on the way in as well: the tables of a profile end at 0 and 1.
        pixels.extend(
            piece
                .clone()
                .flat_map(|at| [0, 1, 2].map(|c| picture.data()[c * plane + at].clamp(0.0, 1.0))),
        );
        let done = run(transform, &pixels)?;
        for (at, pixel) in piece.zip(done.chunks_exact(3)) {
            (0..3).for_each(|c| data[c * plane + at] = pixel[c].clamp(0.0, 1.0));
        }
    }
    Picture::new(picture.height(), picture.width(), data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        // Muted, so that every profile here holds all of it.
        let value = |i: usize| 0.3 + 0.4 * ((i * 37 % 101) as f32 / 100.0);
        Picture::new(70, 70, (0..3 * 4900).map(value).collect()).unwrap()
    }

    fn profile(profile: ColorProfile) -> Profile {
        Profile::new(profile.encode().unwrap())
    }

    #[test]
    fn srgb_converts_nothing_bit_for_bit() {
        let srgb = profile(ColorProfile::new_srgb());
        assert!(srgb.is_understood());
        assert_eq!(srgb.to_srgb(picture()), picture());
        assert_eq!(srgb.from_srgb(picture()), picture());
    }

    #[test]
    fn there_and_back_is_the_same_colour_in_every_profile() {
        for (name, wide) in [
            ("Display P3", ColorProfile::new_display_p3()),
            ("Adobe RGB", ColorProfile::new_adobe_rgb()),
            ("BT.2020", ColorProfile::new_bt2020()),
            ("grey 1.8", ColorProfile::new_gray_with_gamma(1.8)),
        ] {
            let wide = profile(wide);
            let back = wide.from_srgb(picture());
            assert!(apart(back.data(), picture().data()) > 0.01, "{name} converts nothing");
            let again = wide.to_srgb(back);
            assert!(apart(again.data(), picture().data()) < 0.002, "{name}");
        }
    }

    #[test]
    fn adobe_rgb_is_what_its_definition_says() {
        // Adobe RGB (1998): gamma 563/256, and by its primaries a pure sRGB red is (0.8586, 0, 0) in it, a green
        // (0.5650, 1, 0.2344): Lindbloom's matrices, D65, to the fourth place.
        let adobe = profile(ColorProfile::new_adobe_rgb());
        let of = |rgb| adobe.from_srgb(Picture::constant(1, 1, rgb).unwrap()).into_data();
        for (srgb, expected) in [
            ([1.0, 0.0, 0.0], [0.8586, 0.0, 0.0]),
            ([0.0, 1.0, 0.0], [0.5650, 1.0, 0.2344]),
            ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0]),
        ] {
            assert!(apart(&of(srgb), &expected) < 0.004, "{srgb:?}: {:?}", of(srgb));
        }
    }

    #[test]
    fn a_damaged_profile_is_kept_and_converts_nothing() {
        for bytes in [vec![], vec![7; 200], ColorProfile::new_adobe_rgb().encode().unwrap()] {
            let half = Profile::new(bytes[..bytes.len() / 2].to_vec());
            assert!(!half.is_understood());
            assert_eq!(half.to_srgb(picture()), picture());
            assert_eq!(half.for_pixels(true).unwrap(), bytes[..bytes.len() / 2]);
        }
    }

    #[test]
    fn grey_and_coloured_pixels_get_a_profile_of_their_kind_and_tone() {
        let grey = profile(ColorProfile::new_gray_with_gamma(1.8));
        let coloured = Profile::new(grey.for_pixels(true).unwrap());
        let read = ColorProfile::new_from_slice(coloured.bytes()).unwrap();
        assert_eq!(read.color_space, DataColorSpace::Rgb);
        let mid = Picture::constant(1, 1, [0.5; 3]).unwrap();
        let both = [&grey, &coloured].map(|p| p.to_srgb(mid.clone()).into_data());
        assert!(apart(&both[0], &both[1]) < 1e-3);
        // 0.5^1.8 = 0.2872 of the light, which sRGB writes as 0.5730.
        assert!((both[0][0] - 0.5730).abs() < 1e-3, "{both:?}");
        let back = ColorProfile::new_from_slice(&coloured.for_pixels(false).unwrap()).unwrap();
        assert_eq!(back.color_space, DataColorSpace::Gray);
        assert_eq!(grey.for_pixels(false).unwrap(), grey.bytes());
    }
}
