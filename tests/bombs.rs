//! Files of few bytes that ask for much: each is refused by what it says of itself, before a decoder is asked, in one line
//! that names the value and the remedy. docs/results.md has what each takes.

use std::alloc::System;
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cap::Cap;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{ImageFormat, RgbImage};
use lacuna::data::source::{Content, Listed, Source, open};
use lacuna::image::{dimensions, load, load_bytes, read_bytes};

/// Counts what is allocated, and gives no more than it is told.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What is counted is of the whole process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

const MIB: usize = 1 << 20;

/// The test that holds it may allocate 256 MiB, its bombs among them; more ends the program.
struct Bounded(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

fn bounded() -> Bounded {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    MEMORY.set_limit(MEMORY.allocated() + 256 * MIB).unwrap();
    Bounded(alone)
}

impl Drop for Bounded {
    fn drop(&mut self) {
        MEMORY.set_limit(usize::MAX).unwrap();
    }
}

/// The text of the error, which must be one line that names the file and says `words`.
#[track_caller]
fn refused(bytes: &[u8], words: &[&str]) {
    let error =
        load_bytes(bytes, Path::new("bomb.png")).map(|_| "a photo").unwrap_err().to_string();
    assert!(error.starts_with("`bomb.png`: ") && error.contains("; "), "{error}");
    assert!(error.len() < 300 && !error.contains('\n'), "{error}");
    for word in words {
        assert!(error.contains(word), "{word} in {error}");
    }
    // What a decoder says of it would stand in brackets behind this.
    assert!(!error.contains("cannot be decoded"), "{error}");
}

/// `bytes` zeros, packed to a thousandth.
fn packed_zeros(bytes: usize) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    (0..bytes / MIB).for_each(|_| packed.write_all(&[0; MIB]).unwrap());
    packed.finish().unwrap()
}

fn tiny(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(8, 8, image::Rgb([9, 80, 200])).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&name[..], data].concat();
    let length = (data.len() as u32).to_be_bytes();
    [&length[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
}

/// A picture of 8 x 8 with `chunks` before its pixels.
fn png_with(chunks: &[u8]) -> Vec<u8> {
    let mut bytes = tiny(ImageFormat::Png);
    // Signature and IHDR.
    bytes.splice(33..33, chunks.iter().copied());
    bytes
}

fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let chunk = |&(name, data): &(&[u8; 4], &[u8])| {
        let padding: &[u8] = if data.len().is_multiple_of(2) { &[] } else { &[0] };
        [&name[..], &(data.len() as u32).to_le_bytes(), data, padding].concat()
    };
    let body = chunks.iter().map(chunk).collect::<Vec<_>>().concat();
    [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &body].concat()
}

/// The chunk `VP8X` of a picture of `width` x `height`.
fn extended(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let side = |side: u32| (side - 1).to_le_bytes();
    [&[flags, 0, 0, 0], &side(width)[..3], &side(height)[..3]].concat()
}

/// The data of a lossless WebP that says it has this size, and has 8 x 8 pixels.
fn lossless(width: u32, height: u32) -> Vec<u8> {
    let mut data = tiny(ImageFormat::WebP)[20..].to_vec();
    data[1..5].copy_from_slice(&((width - 1) | (height - 1) << 14).to_le_bytes());
    data
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    [&[0xFF, marker][..], &(data.len() as u16 + 2).to_be_bytes(), data].concat()
}

/// `jpeg` with `segments` behind its first two bytes.
fn jpeg_with(segments: &[u8]) -> Vec<u8> {
    let mut bytes = tiny(ImageFormat::Jpeg);
    bytes.splice(2..2, segments.iter().copied());
    bytes
}

/// A progressive JPEG, grey: every scan after the first is a few bytes that say "nothing changes" of all its blocks.
fn progressive(side: u16, scans: usize) -> Vec<u8> {
    let [high, low] = side.to_be_bytes();
    // One code, of one bit: no difference of brightness; and a run of 2^14 blocks without anything, and more.
    let codes =
        |class: u8, symbol: u8| segment(0xC4, &[&[class][..], &[1], &[0; 15], &[symbol]].concat());
    let blocks = usize::from(side).div_ceil(8).pow(2);
    let first = [segment(0xDA, &[1, 1, 0, 0, 0, 0]), vec![0; blocks.div_ceil(8)]].concat();
    let next =
        [segment(0xDA, &[1, 1, 0, 1, 63, 0]), vec![0; 2 * blocks.div_ceil(1 << 14)]].concat();
    let parts = [
        vec![0xFF, 0xD8],
        segment(0xDB, &[&[0][..], &[1; 64]].concat()),
        segment(0xC2, &[8, high, low, high, low, 1, 1, 0x11, 0]),
        codes(0, 0),
        codes(0x10, 0xE0),
        first,
        next.repeat(scans - 1),
        vec![0xFF, 0xD9],
    ];
    parts.concat()
}

#[test]
fn metadata_that_unpacks_to_more_than_any_has_is_refused() {
    let _bounded = bounded();
    let packed = packed_zeros(40 * MIB);
    let with = |head: &[u8]| [head, &packed].concat();
    for chunks in [
        chunk(b"iCCP", &with(b"profile\0\0")),
        chunk(b"zTXt", &with(b"Comment\0\0")),
        chunk(b"iTXt", &with(b"XML:com.adobe.xmp\0\x01\0\0\0")),
    ] {
        refused(&png_with(&chunks), &["beside its pixels is over 32 MiB", "without its metadata"]);
    }
    // Each within the limit, and all together not.
    let one = chunk(b"zTXt", &[&b"Comment\0\0"[..], &packed_zeros(9 * MIB)].concat());
    refused(&png_with(&one.repeat(4)), &["32 MiB"]);
    assert!(load_bytes(&png_with(&one.repeat(3)), Path::new("a.png")).is_ok());
}

#[test]
fn metadata_that_is_as_large_as_it_says_is_refused_too() {
    let _bounded = bounded();
    let exif = [&b"II*\0"[..], &vec![0; 33 * MIB]].concat();
    refused(&png_with(&chunk(b"eXIf", &exif)), &["32 MiB", "metadata"]);
    let webp = [(b"VP8X", &extended(8, 8, 8)[..]), (b"VP8L", &lossless(8, 8)), (b"EXIF", &exif)];
    refused(&riff(&webp), &["32 MiB", "metadata"]);
    refused(&jpeg_with(&segment(0xE1, &[b'a'; 65_000]).repeat(540)), &["32 MiB", "metadata"]);
    // Many that are small cost as much.
    refused(&png_with(&chunk(b"tEXt", b"C\0a").repeat(10_001)), &["10000 pieces", "metadata"]);
    refused(&jpeg_with(&segment(0xFE, b"a").repeat(10_001)), &["10000 pieces", "metadata"]);
    refused(&png_with(&chunk(b"IDAT", b"").repeat(10_001)), &["10000 pieces"]);
}

#[test]
fn a_webp_whose_parts_are_larger_than_the_whole_is_refused() {
    let _bounded = bounded();
    let small = lossless(8, 8);
    refused(
        &riff(&[(b"VP8X", &extended(0, 1 << 24, 1 << 24)), (b"VP8L", &small)]),
        &["16777216 x 16777216"],
    );
    let large = lossless(16_383, 6_000);
    let parts = ["a part of it is 16383 x 6000 pixels", "the whole 8 x 8", "save it again"];
    refused(&riff(&[(b"VP8X", &extended(0, 8, 8)), (b"VP8L", &large)]), &parts);
    // A frame of an animation: its place, size and time, then its picture.
    let frame = riff(&[(b"VP8L", &large)])[12..].to_vec();
    let frame = [&[0; 16][..], &frame].concat();
    let animation = [(b"VP8X", &extended(2, 8, 8)[..]), (b"ANIM", &[0; 6]), (b"ANMF", &frame)];
    refused(&riff(&animation), &parts);
}

#[test]
fn a_jpeg_of_more_scans_than_its_pixels_allow_is_refused() {
    let _bounded = bounded();
    let limit = |pixels: &str, most: usize| format!("the limit for {pixels} is {most}");
    refused(
        &progressive(10_000, 21),
        &["21 scans", &limit("10000 x 10000 pixels", 20), "baseline"],
    );
    refused(&progressive(64, 101), &["101 scans", &limit("64 x 64 pixels", 100), "baseline"]);
    // They are real, and those of a program that likes many are read.
    let photo = load_bytes(&progressive(64, 100), Path::new("a.jpg")).unwrap();
    assert_eq!((photo.original.width(), photo.original.height()), (64, 64));
}

#[test]
fn a_file_is_read_no_further_than_its_picture_may_be_long() {
    let _bounded = bounded();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jpg");
    let long = |start: &[u8]| {
        fs::write(&path, start).unwrap();
        // Sparse: a gigabyte that takes no room.
        fs::File::options().write(true).open(&path).unwrap().set_len(1 << 30).unwrap();
        read_bytes(&path).unwrap().len()
    };
    // 64 MiB, eight bytes a pixel, and one more that shows that there is more.
    assert_eq!(long(&tiny(ImageFormat::Png)), 64 * MIB + 8 * 64 + 1);
    let error = load(&path).unwrap_err().to_string();
    assert!(error.contains("over 64 MiB") && error.contains("8 x 8 pixels"), "{error}");
    // A film behind a photo is read.
    fs::File::options().write(true).open(&path).unwrap().set_len(30 << 20).unwrap();
    assert!(load(&path).is_ok());
    // What is no picture, and what is over the limits by its first bytes.
    assert_eq!(long(b"Dear diary"), MIB);
    assert_eq!(dimensions(&path), None);
}

#[test]
fn a_gif_is_refused_as_one_wherever_it_lies_and_whatever_it_is_called() {
    let _bounded = bounded();
    let gif = b"GIF89a\xff\xff\xff\xff\0\0\0;";
    refused(gif, &["it is a GIF file", "convert it to PNG, JPEG or WebP"]);
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for name in ["a.png", "b.jpg", "c.gif"] {
        fs::create_dir_all(at("folder")).unwrap();
        fs::write(at("folder").join(name), gif).unwrap();
    }
    let mut zip = zip::ZipWriter::new(fs::File::create(at("set.zip")).unwrap());
    let mut tar = tar::Builder::new(fs::File::create(at("set.tar")).unwrap());
    for name in ["a.png", "b.jpg", "c.gif"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(gif).unwrap();
        tar.append_path_with_name(at("folder").join(name), name).unwrap();
    }
    zip.finish().unwrap();
    tar.finish().unwrap();
    for set in ["folder", "set.zip", "set.tar"] {
        let source = open(&at(set).display().to_string(), None).unwrap();
        let problems = problems(&*source);
        assert_eq!(problems.len(), 3, "{set}: {problems:?}");
        assert!(problems.iter().all(|problem| problem.contains("GIF")), "{set}: {problems:?}");
    }
}

/// What is wrong with each thing in a set.
fn problems(source: &dyn Source) -> Vec<String> {
    let mut problems = Vec::new();
    source
        .visit(&mut |listed| {
            problems.push(match listed {
                Listed::Skipped(skipped) => skipped.problem,
                Listed::Item { name, place, .. } => {
                    let read = source.read(&place).and_then(|content| content.picture(&name));
                    read.map_or_else(|error| error.to_string(), |_| "a picture".to_string())
                }
            });
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    problems
}

#[test]
fn pixels_that_are_not_encoded_have_the_same_limits() {
    let _bounded = bounded();
    let raw = |height: usize, width: usize| {
        let bytes = vec![0; height * width];
        Content::Raw { height, width, channels: 1, bytes }.picture("record 7")
    };
    let error = raw(16_385, 1).unwrap_err().to_string();
    assert!(error.contains("`record 7`: it is 1 x 16385 pixels, the limit is 16384"), "{error}");
    assert!(raw(16_384, 1).is_ok());
}

#[test]
fn a_tar_whose_member_has_a_name_of_gigabytes_is_refused_at_once() {
    let _bounded = bounded();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("set.tar");
    for kind in [tar::EntryType::GNULongName, tar::EntryType::XHeader] {
        let mut header = tar::Header::new_gnu();
        header.set_path("././@LongLink").unwrap();
        header.set_entry_type(kind);
        header.set_size(4 << 30);
        header.set_cksum();
        fs::write(&path, header.as_bytes()).unwrap();
        // Sparse, so that the bytes are there.
        fs::File::options().write(true).open(&path).unwrap().set_len((4 << 30) + 2048).unwrap();
        let source = open(&path.display().to_string(), None).unwrap();
        let error = source.visit(&mut |_| std::ops::ControlFlow::Continue(())).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("its name or attributes are over 1 MiB"), "{error}");
    }
}
