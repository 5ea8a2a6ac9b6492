use std::fs;

use ::image::{ImageBuffer, Luma, Rgb, RgbImage};

use super::*;

/// A photo-like scene: smooth colour with some texture, so that every part of the file carries data.
fn scene(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let noise = (x * 37 + y * 101 + x * y * 7) % 23;
        Rgb([(x * 3 + noise) as u8, (y * 3 + noise) as u8, (x + y + noise) as u8])
    })
    .into()
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

fn files() -> [(ImageFormat, Vec<u8>); 3] {
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP]
        .map(|format| (format, encoded(&scene(64, 48), format)))
}

fn load_as(name: &str, bytes: &[u8]) -> Result<Photo> {
    load_bytes(bytes, Path::new(name))
}

/// The text of the error, which must be one line that names the file.
fn refusal(bytes: &[u8]) -> String {
    let text = load_as("holiday.png", bytes).map(|_| "a photo").unwrap_err().to_string();
    assert!(text.contains("holiday.png") && !text.contains('\n'), "{text}");
    text
}

/// A PNG chunk: length, name, data, CRC-32 computed bit by bit.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [name, data].concat();
    let crc = body.iter().fold(!0u32, |crc, &b| {
        (0..8)
            .fold(crc ^ u32::from(b), |c, _| if c & 1 == 1 { c >> 1 ^ 0xEDB8_8320 } else { c >> 1 })
    });
    [&(data.len() as u32).to_be_bytes()[..], &body, &(!crc).to_be_bytes()].concat()
}

/// An RGBA16 PNG that claims a size and holds next to nothing.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([16, 6, 0, 0, 0]);
    let parts = [chunk(b"IHDR", &head), chunk(b"IDAT", &[0x78, 1, 3, 0]), chunk(b"IEND", &[])];
    [b"\x89PNG\r\n\x1a\n".to_vec(), parts.concat()].concat()
}

/// `jpeg` with an EXIF segment behind its first two bytes that holds one entry: the orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}

#[test]
fn the_format_is_found_in_the_content_whatever_the_name_says() {
    for (format, bytes) in files() {
        let photo = load_as("wrong.txt", &bytes).unwrap();
        assert_eq!((photo.format, photo.path.to_str()), (format, Some("wrong.txt")));
        assert_eq!((photo.original.width(), photo.original.height()), (64, 48));
        if format != ImageFormat::Jpeg {
            assert_eq!(photo.original, scene(64, 48), "{format:?} is lossless");
        }
    }
}

#[test]
fn load_reads_the_file_and_names_it_when_it_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.PNG");
    fs::write(&path, encoded(&scene(8, 8), ImageFormat::Png)).unwrap();
    assert_eq!(load(&path).unwrap().original, scene(8, 8));
    assert!(matches!(load(dir.path().join("none.png")), Err(Error::Read { .. })));
    assert!(matches!(load(dir.path()), Err(Error::Read { .. })));
}

#[test]
fn the_exif_orientation_is_applied() {
    let jpeg = encoded(&scene(64, 48), ImageFormat::Jpeg);
    let plain = load_as("a.jpg", &jpeg).unwrap().original;
    let expected = [
        plain.clone(),
        plain.fliph(),
        plain.rotate180(),
        plain.flipv(),
        plain.rotate90().fliph(),
        plain.rotate90(),
        plain.rotate270().fliph(),
        plain.rotate270(),
    ];
    for (orientation, expected) in (1..).zip(expected) {
        let turned = load_as("a.jpg", &with_orientation(&jpeg, orientation)).unwrap().original;
        assert_eq!(turned, expected, "orientation {orientation}");
    }
    assert_eq!(load_as("a.jpg", &with_orientation(&jpeg, 77)).unwrap().original, plain);
}

#[test]
fn a_png_of_sixteen_bits_keeps_its_precision() {
    let image = ImageBuffer::from_fn(32, 32, |x, y| Luma([(y * 32 + x) as u16 * 61 + 7]));
    let image = DynamicImage::ImageLuma16(image);
    let photo = load_as("a.png", &encoded(&image, ImageFormat::Png)).unwrap();
    assert_eq!(photo.original, image);
    assert_eq!(photo.picture().unwrap().get(2, 0, 1), Some(68.0 / 65_535.0));
}

#[test]
fn every_cut_of_every_format_is_an_error_and_never_a_half_grey_picture() {
    for (format, bytes) in files() {
        for cut in (0..bytes.len()).step_by(7).chain(bytes.len() - 12..bytes.len()) {
            refusal(&bytes[..cut]);
        }
        let text = refusal(&bytes[..bytes.len() * 2 / 3]);
        assert!(text.contains("cut short"), "{format:?}: {text}");
    }
}

#[test]
fn a_jpeg_with_something_behind_its_end_is_whole() {
    let mut bytes = with_orientation(&encoded(&scene(16, 16), ImageFormat::Jpeg), 1);
    bytes.extend(b"a film of two seconds");
    assert!(load_as("motion.jpg", &bytes).is_ok());
}

#[test]
fn a_size_over_the_limits_is_named_and_refused_fast() {
    let start = std::time::Instant::now();
    for (width, height) in [(60_000, 60_000), (16_385, 1), (1, 16_385), (10_001, 10_000)] {
        let text = refusal(&png_claiming(width, height));
        assert!(text.contains(&format!("{width} x {height}")) && text.contains("16384"), "{text}");
    }
    // A JPEG and a WebP whose headers claim as much as their fields can hold.
    let mut jpeg = encoded(&scene(8, 8), ImageFormat::Jpeg);
    let sof = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    jpeg[sof + 5..sof + 9].fill(0xFF);
    assert!(refusal(&jpeg).contains("65535 x 65535"));
    let mut webp = encoded(&scene(8, 8), ImageFormat::WebP);
    let signature = webp.windows(5).position(|w| w.starts_with(b"VP8L")).unwrap() + 8;
    // Two fields of 14 bits, each one less than the side: 16,383 x 16,383.
    webp[signature + 1..signature + 5].copy_from_slice(&0x0FFF_BFFE_u32.to_le_bytes());
    let text = refusal(&webp);
    assert!(text.contains("16383 x 16383"), "{text}");
    assert!(start.elapsed().as_secs() < 2);
}

#[test]
fn the_largest_size_is_stopped_by_its_missing_data_and_not_by_a_limit() {
    let text = refusal(&png_claiming(10_000, 10_000));
    assert!(text.contains("cannot be decoded") && !text.contains("imit"), "{text}");
}

#[test]
fn a_png_of_no_pixels_is_refused() {
    refusal(&png_claiming(0, 5));
}

#[test]
fn files_that_are_no_pictures_are_refused_by_what_they_are() {
    assert!(refusal(b"").contains("empty"));
    assert!(refusal(b"Dear diary, today I saw a lacuna.").contains("no JPEG, PNG or WebP"));
    assert!(refusal(b"GIF89a\x01\0\x01\0\0\0\0;").contains("GIF"));
    for signature in [&b"\x89PNG\r\n\x1a\n"[..], b"\xFF\xD8\xFF", b"RIFF\x04\0\0\0WEBP"] {
        refusal(signature);
    }
}

#[test]
fn mutated_files_are_pictures_or_errors_and_never_a_panic() {
    let mut state = 0x5EED_u64;
    let mut random = |n: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for (_, whole) in files() {
        for _ in 0..300 {
            let mut bytes = whole.clone();
            for _ in 0..1 + random(8) {
                // Half of the changes hit the headers, where they do the most.
                let reach = if random(2) == 0 { bytes.len() } else { bytes.len().min(200) };
                let at = random(reach);
                match random(4) {
                    0 => bytes[at] = random(256) as u8,
                    1 => bytes[at] ^= 1 << random(8),
                    2 => drop(bytes.drain(at..(at + 1 + random(16)).min(bytes.len()))),
                    _ => bytes.insert(at, [0, 0xFF][random(2)]),
                }
            }
            if let Ok(photo) = load_as("mutated", &bytes) {
                let picture = photo.picture().unwrap();
                assert_eq!(picture.height() as u32, photo.original.height());
            }
        }
    }
}

#[test]
fn picture_names_are_known_in_either_case() {
    for name in ["a.jpg", "b.JPEG", "dir/c.Png", "d.webp"] {
        assert!(is_picture_name(Path::new(name)), "{name}");
    }
    for name in ["a.gif", "jpg", ".png", "a.png.txt", ""] {
        assert!(!is_picture_name(Path::new(name)), "{name}");
    }
}

#[test]
fn exif_that_begins_as_in_a_jpeg_turns_a_webp_and_a_png_too() {
    use ::image::ImageEncoder;
    use ::image::codecs::{png::PngEncoder, webp::WebPEncoder};
    let mut exif = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([6, 0, 0, 0, 0, 0, 0]);
    let (mut webp, mut png) = (Vec::new(), Vec::new());
    let mut encoder = WebPEncoder::new_lossless(&mut webp);
    encoder.set_exif_metadata(exif.clone()).unwrap();
    scene(64, 48).write_with_encoder(encoder).unwrap();
    let mut encoder = PngEncoder::new(&mut png);
    encoder.set_exif_metadata(exif.clone()).unwrap();
    scene(64, 48).write_with_encoder(encoder).unwrap();
    for bytes in [webp, png] {
        let photo = load_as("a", &bytes).unwrap();
        assert_eq!((photo.original.width(), photo.original.height()), (48, 64));
        assert_eq!(photo.carried.exif.as_deref(), Some(&exif[6..]));
    }
}
