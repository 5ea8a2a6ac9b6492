//! Photos as other programs write them (`tests/fixtures`): what they say of themselves is still true of the mended ones.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::workshop::{Workshop, bytes, lacuna, ok, refused, strs};
use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder};
use lacuna::image::{dimensions, load};

fn fixture(name: &str) -> PathBuf {
    Path::new("tests/fixtures").join(name)
}

/// What a PNG says, by the decoder of `image`.
struct Said {
    profile: Option<Vec<u8>>,
    exif: Option<Vec<u8>>,
    xmp: String,
    image: DynamicImage,
}

fn said(path: &Path) -> Said {
    let mut decoder = PngDecoder::new(std::io::Cursor::new(bytes(path.into()))).unwrap();
    Said {
        profile: decoder.icc_profile().unwrap(),
        exif: decoder.exif_metadata().unwrap(),
        xmp: String::from_utf8(decoder.xmp_metadata().unwrap().unwrap_or_default()).unwrap(),
        image: DynamicImage::from_decoder(decoder).unwrap(),
    }
}

/// The profile that stands in a fixture, by the decoder of `image`.
fn profile_of(name: &str) -> Option<Vec<u8>> {
    let reader = image::ImageReader::open(fixture(name)).unwrap().with_guessed_format().unwrap();
    reader.into_decoder().unwrap().icc_profile().unwrap()
}

fn mend(workshop: &Workshop, task: &str, name: &str, more: &[&str]) -> Said {
    let out = format!("{task}-{}-{}", name, more.join("").replace('/', "_"));
    ok(&strs(&workshop.restore(task, &fixture(name), &out, more)));
    said(&workshop.at(&out).join(Path::new(name).with_extension("png")))
}

fn pixels(image: &DynamicImage) -> std::slice::Chunks<'_, u8> {
    image.as_bytes().chunks(usize::from(image.color().bytes_per_pixel()))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[test]
fn a_turned_photo_comes_upright_and_says_so_and_keeps_what_else_it_says() {
    let workshop = Workshop::new();
    let hole = ["--hole", "center:6"];
    for name in ["phone.jpg", "all.webp", "late-exif.png"] {
        let mended = mend(&workshop, "inpaint", name, &hole);
        let upright = load(fixture(name)).unwrap();
        assert_eq!((mended.image.width(), mended.image.height()), (24, 40), "{name}");
        let changed = pixels(&mended.image).zip(pixels(&upright.original)).filter(|(a, b)| a != b);
        assert!((1..=36).contains(&changed.count()), "{name}: all but the hole is as it was");
        assert_eq!(mended.profile, profile_of(name), "{name}");
        let exif = mended.exif.unwrap();
        assert_eq!(Orientation::from_exif_chunk(&exif), Some(Orientation::NoTransforms), "{name}");
        if name != "late-exif.png" {
            assert!(find(&exif, b"Test Phone").is_some(), "{name}");
            let upright = mended.xmp.replace('\'', "\"").contains("tiff:Orientation=\"1\"")
                || mended.xmp.contains("<tiff:Orientation>1<");
            assert!(upright, "{name}: {}", mended.xmp);
        }
        // Nobody turns it once more.
        let again = load(
            workshop
                .at(&format!("inpaint-{name}---holecenter:6"))
                .join(Path::new(name).with_extension("png")),
        );
        assert_eq!(again.unwrap().original, mended.image, "{name}");
    }
    let phone = mend(&workshop, "denoise", "phone.jpg", &[]);
    assert!(phone.xmp.contains("Upright"), "the title");
    let exif = phone.exif.unwrap();
    let pictures =
        bytes(fixture("phone.jpg")).windows(3).filter(|w| *w == [0xFF, 0xD8, 0xFF]).count();
    assert_eq!(pictures, 2, "the photo and its thumbnail");
    assert!(find(&exif, &[0xFF, 0xD8]).is_none(), "it shows what was to be mended");
    // ExifImageWidth and ExifImageHeight, two longs or shorts after their tags (big-endian, by exiftool).
    let number = |tag: [u8; 2]| {
        let at = find(&exif, &tag).unwrap();
        let short = exif[at + 3] == 3;
        let end = if short { at + 10 } else { at + 12 };
        exif[at + 8..end].iter().fold(0, |n, &b| n << 8 | u32::from(b))
    };
    assert_eq!((number([0xA0, 0x02]), number([0xA0, 0x03])), (24, 40));
}

#[test]
fn what_the_model_sees_is_what_little_cms_makes_of_it() {
    let found = load(fixture("all.webp")).unwrap();
    let expected = load(fixture("all-in-srgb.png")).unwrap().picture().unwrap();
    let apart = |a: &[f32]| {
        let differences = a.iter().zip(expected.data()).map(|(a, b)| (a - b).abs());
        differences.fold(0.0f32, f32::max)
    };
    // Their file is of 8 bits.
    assert!(apart(found.picture().unwrap().data()) < 1.0 / 255.0);
    assert!(apart(found.values().unwrap().data()) > 8.0 / 255.0, "the profile matters here");
}

#[test]
fn sixteen_bits_a_hole_in_alpha_and_a_profile() {
    let workshop = Workshop::new();
    let photo = image::open(fixture("deep-rgba.png")).unwrap().into_rgba16();
    let mended = mend(&workshop, "inpaint", "deep-rgba.png", &[]);
    assert_eq!(mended.profile, profile_of("deep-rgba.png"));
    let DynamicImage::ImageRgba16(image) = mended.image else { panic!("another kind of pixels") };
    let mut fine = 0;
    for (new, old) in image.pixels().zip(photo.pixels()) {
        if old[3] == 65_535 {
            assert_eq!(new, old);
        } else {
            // The hole was pure red.
            assert!(new[3] == 65_535 && new[1] > 0, "{new:?}");
            fine += usize::from(new.0[..3].iter().any(|v| v % 257 != 0));
        }
    }
    assert!(fine > 32, "the fill is of 16 bits too, not of 8 in their place");
}

#[test]
fn a_scan_keeps_its_depth_its_resolution_and_its_comment() {
    let workshop = Workshop::new();
    let file = workshop.at("scan/scan-grey16.png");
    ok(&strs(&workshop.restore("denoise", &fixture("scan-grey16.png"), "scan", &[])));
    let png = bytes(file.clone());
    let at = find(&png, b"pHYs").unwrap();
    // 300 dots an inch are 11,811 a metre.
    assert_eq!(png[at + 4..at + 13], [0, 0, 0x2E, 0x23, 0, 0, 0x2E, 0x23, 1]);
    assert!(find(&png, b"comment\0box 7").or(find(&png, b"Comment\0box 7")).is_some());
    let mended = said(&file);
    assert!(matches!(mended.image, DynamicImage::ImageLuma16(_)));
    assert_eq!(mended.profile, profile_of("scan-grey16.png"));
    // The same from the header of a JPEG.
    ok(&strs(&workshop.restore("denoise", &fixture("grey-as-rgb.jpg"), "jfif", &[])));
    let png = bytes(workshop.at("jfif/grey-as-rgb.png"));
    let at = find(&png, b"pHYs").unwrap();
    assert_eq!(png[at + 4..at + 13], [0, 0, 0x2E, 0x23, 0, 0, 0x2E, 0x23, 1]);
}

#[test]
fn a_grey_photo_stays_grey_but_for_colorize() {
    let workshop = Workshop::new();
    let grey = ["scan-grey16.png", "round-grey.png", "grey-as-rgb.jpg"];
    let tasks: [(&str, &[&str]); 4] = [
        ("inpaint", &["--hole", "center:6", "--feather", "2"]),
        ("denoise", &[]),
        ("jpeg", &[]),
        ("superres", &["--crop", "2,3,9,12"]),
    ];
    for name in grey {
        let photo = load(fixture(name)).unwrap();
        for (task, more) in tasks {
            let mended = mend(&workshop, task, name, more).image;
            assert_eq!(mended.color(), photo.original.color(), "{task} {name}");
            if let DynamicImage::ImageRgb8(image) = &mended {
                assert!(image.pixels().all(|p| p[0] == p[1] && p[1] == p[2]), "{task} {name}");
            }
            if let (DynamicImage::ImageLumaA8(new), DynamicImage::ImageLumaA8(old), true) =
                (&mended, &photo.original, task == "denoise")
            {
                assert!(new.pixels().zip(old.pixels()).all(|(new, old)| new[1] == old[1]));
            }
        }
    }
    // A red mark over the damage is no colour of the photo.
    let mut marked = load(fixture("grey-as-rgb.jpg")).unwrap().original.into_rgb8();
    (8..12).for_each(|x| marked.put_pixel(x, 18, image::Rgb([255, 0, 0])));
    let (path, mask) = (workshop.at("marked.png"), workshop.at("mask.png"));
    marked.save(&path).unwrap();
    let white = |x: u32, y: u32| u8::from((8..12).contains(&x) && y == 18) * 255;
    image::GrayImage::from_fn(24, 40, |x, y| image::Luma([white(x, y)])).save(&mask).unwrap();
    ok(&strs(&workshop.restore("inpaint", &path, "unmarked", &["--mask", mask.to_str().unwrap()])));
    let mended = said(&workshop.at("unmarked/marked.png")).image.into_rgb8();
    assert!(mended.pixels().all(|p| p[0] == p[1] && p[1] == p[2]));
}

#[test]
fn colorize_changes_no_brightness_whatever_the_depth() {
    let workshop = Workshop::new();
    for name in ["scan-grey16.png", "round-grey.png", "grey-as-rgb.jpg", "phone.jpg"] {
        let photo = load(fixture(name)).unwrap().original;
        let mended = mend(&workshop, "colorize", name, &[]);
        let deep = photo.color().bytes_per_pixel() / photo.color().channel_count() == 2;
        assert_eq!(mended.image.color().has_alpha(), photo.color().has_alpha(), "{name}");
        let wanted = if deep { 6 } else { 3 + u8::from(photo.color().has_alpha()) };
        assert_eq!(mended.image.color().bytes_per_pixel(), wanted, "{name}");
        let pairs = mended.image.to_rgba16();
        let mut coloured = 0;
        for (new, old) in pairs.pixels().zip(photo.to_rgba16().pixels()) {
            let sum = |p: &image::Rgba<u16>| p.0[..3].iter().map(|&v| u32::from(v)).sum::<u32>();
            assert_eq!((sum(new), new[3]), (sum(old), old[3]), "{name}");
            coloured += usize::from(new[0] != new[1] || new[1] != new[2]);
        }
        assert!(coloured > 24 * 40 / 2, "{name}: {coloured}");
    }
    // A profile for one channel does not fit three: its tone curve goes on, with primaries beside it.
    let mended = mend(&workshop, "colorize", "scan-grey16.png", &["--steps", "2"]);
    let (old, new) = (profile_of("scan-grey16.png").unwrap(), mended.profile.unwrap());
    assert_eq!((&old[16..20], &new[16..20]), (&b"GRAY"[..], &b"RGB "[..]));
    let grey = lacuna::image::Profile::new(old);
    let coloured = lacuna::image::Profile::new(new);
    let ramp = (0..48).map(|i| (i % 16) as f32 / 15.0).collect();
    let ramp = lacuna::image::Picture::new(1, 16, ramp).unwrap();
    let (a, b) = (grey.to_srgb(ramp.clone()), coloured.to_srgb(ramp));
    assert!(a.data().iter().zip(b.data()).all(|(a, b)| (a - b).abs() < 1e-3));
}

#[test]
fn colours_of_the_model_are_shown_as_colours_of_the_photos_profile() {
    // The same picture in two profiles is the same evidence, and the same colours come out.
    let workshop = Workshop::new();
    let steps = ["--steps", "6", "--no-plateau"];
    mend(&workshop, "denoise", "all.webp", &steps);
    mend(&workshop, "denoise", "all-in-srgb.png", &steps);
    let shown = |name: &str| {
        let folder = workshop.at(&format!("denoise-{name}---steps6--no-plateau"));
        load(folder.join(Path::new(name).with_extension("png"))).unwrap()
    };
    let (adobe, srgb) = (shown("all.webp"), shown("all-in-srgb.png"));
    let apart =
        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max);
    let (a, b) = (adobe.picture().unwrap(), srgb.picture().unwrap());
    assert!(apart(a.data(), b.data()) < 3.0 / 255.0, "{}", apart(a.data(), b.data()));
    assert!(apart(adobe.values().unwrap().data(), b.data()) > 4.0 / 255.0);
}

#[test]
fn inks_are_refused_by_name_and_passed_over_in_training() {
    let workshop = Workshop::new();
    for name in ["cmyk.jpg", "ycck.jpg"] {
        let arguments = workshop.restore("denoise", &fixture(name), "out", &[]);
        refused(&strs(&arguments), &[name, "CMYK", "convert it to RGB"]);
        fs::copy(fixture(name), workshop.at("photos").join(name)).unwrap();
    }
    let output = lacuna(&strs(&workshop.train("with-inks", &[])));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && stderr.contains("cmyk.jpg"), "{stderr}");
}

#[test]
fn a_damaged_profile_is_kept_and_told_of() {
    let workshop = Workshop::new();
    let photo = load(fixture("adobe.jpg")).unwrap();
    let mut file = fs::File::create(workshop.at("odd.png")).unwrap();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut file);
    image::ImageEncoder::set_icc_profile(&mut encoder, b"no profile at all".to_vec()).unwrap();
    photo.original.write_with_encoder(encoder).unwrap();
    let arguments = workshop.restore("denoise", &workshop.at("odd.png"), "odd", &[]);
    let stderr = String::from_utf8(ok(&strs(&arguments)).stderr).unwrap();
    assert!(stderr.contains("odd.png` has a colour profile that cannot be converted"), "{stderr}");
    let mended = said(&workshop.at("odd/odd.png"));
    assert_eq!(mended.profile.unwrap(), b"no profile at all");
}

#[test]
fn a_profile_that_fits_no_colours_is_left_out_and_that_is_told() {
    let workshop = Workshop::new();
    // Grey to Lab: there are no three curves to be made of it.
    let mut profile = profile_of("scan-grey16.png").unwrap();
    profile[20..24].copy_from_slice(b"Lab ");
    let mut file = fs::File::create(workshop.at("lab.png")).unwrap();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut file);
    image::ImageEncoder::set_icc_profile(&mut encoder, profile.clone()).unwrap();
    let photo = load(fixture("scan-grey16.png")).unwrap();
    photo.original.write_with_encoder(encoder).unwrap();
    for (task, word, kept) in [("denoise", "is kept", true), ("colorize", "is left out", false)] {
        let arguments = workshop.restore(task, &workshop.at("lab.png"), task, &[]);
        let stderr = String::from_utf8(ok(&strs(&arguments)).stderr).unwrap();
        assert!(stderr.replace('\n', " ").contains(word), "{task}: {stderr}");
        let mended = said(&workshop.at(task).join("lab.png"));
        assert_eq!(mended.profile.as_ref() == Some(&profile), kept, "{task}");
        assert_eq!(mended.profile.is_some(), kept, "{task}");
    }
}

#[test]
fn words_of_a_jpeg_go_along_and_xmp_is_true_of_the_result() {
    let workshop = Workshop::new();
    let before = String::from_utf8_lossy(&bytes(fixture("captioned.jpg"))).into_owned();
    assert!(before.contains("xmp:Thumbnails") && before.contains(">4000<"));
    let mended = mend(&workshop, "inpaint", "captioned.jpg", &["--hole", "center:6"]);
    // Nothing but XMP says that it lies.
    assert_eq!((mended.image.width(), mended.image.height()), (24, 40));
    let upright = load(fixture("captioned.jpg")).unwrap();
    let changed = pixels(&mended.image).zip(pixels(&upright.original)).filter(|(a, b)| a != b);
    assert!((1..=36).contains(&changed.count()));
    assert_eq!(dimensions(&fixture("captioned.jpg")), Some((24, 40)));
    // The same scene lies in phone.jpg, which EXIF turns.
    let phone = load(fixture("phone.jpg")).unwrap().values().unwrap();
    let apart = upright
        .values()
        .unwrap()
        .data()
        .iter()
        .zip(phone.data())
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(apart < 0.05, "{apart}");
    assert!(mended.xmp.contains("<tiff:Orientation>1<"), "{}", mended.xmp);
    assert!(mended.xmp.contains("<exif:PixelXDimension>24<"), "{}", mended.xmp);
    assert!(!mended.xmp.contains("Thumbnails") && !mended.xmp.contains("xmpGImg:image"));
    let png = bytes(workshop.at("inpaint-captioned.jpg---holecenter:6/captioned.png"));
    assert!(find(&png, b"tEXtComment\0found in box 7").is_some());
    // As hexadecimal text: the captions stand in it, 36 bytes a line.
    let start = find(&png, b"tEXtRaw profile type iptc\0\niptc\n").unwrap();
    let text = png[start..].iter().take(600).filter(|&&b| b != b'\n').copied().collect::<Vec<u8>>();
    for words in ["The old mill", "Nobody"] {
        let digits: String = words.bytes().map(|b| format!("{b:02x}")).collect();
        assert!(find(&text, digits.as_bytes()).is_some(), "{words}");
    }
}

#[test]
fn an_animation_is_told_of() {
    let workshop = Workshop::new();
    let still = bytes(fixture("late-exif.png"));
    // Behind signature and header: an animation of one frame, the picture itself (CRC-32 by zlib).
    let chunk = b"\0\0\0\x08acTL\0\0\0\x01\0\0\0\0\xb4\x2d\xe9\xa0";
    fs::write(workshop.at("moving.png"), [&still[..33], chunk, &still[33..]].concat()).unwrap();
    fs::write(workshop.at("still.png"), still).unwrap();
    for (name, told) in [("moving", true), ("still", false)] {
        let photo = workshop.at(&format!("{name}.png"));
        let output = ok(&strs(&workshop.restore("denoise", &photo, "out", &[])));
        let stderr = String::from_utf8(output.stderr).unwrap().replace('\n', " ");
        assert_eq!(stderr.contains("is an animation"), told, "{stderr}");
    }
}
