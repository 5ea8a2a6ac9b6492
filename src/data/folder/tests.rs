use super::*;
use crate::event::Silent;
use ::image::{GrayAlphaImage, GrayImage, ImageBuffer, RgbImage, RgbaImage};
use ::image::{Luma, LumaA, Rgb, Rgba};
use std::collections::BTreeMap;
use std::fs;

fn config() -> PhotoConfig {
    let scratch = std::env::temp_dir();
    PhotoConfig { size: 8, stretch: false, hold_out: 0.3, shelf: SHELF_BYTES, scratch }
}

fn entries(photos: &Photos) -> Vec<Entry> {
    photos.entries().unwrap().collect::<Result<_>>().unwrap()
}

fn scan(root: &Path) -> Result<Photos> {
    Photos::scan(root, config(), &mut Silent)
}

#[test]
fn nested_photos_of_any_kind_are_found_and_the_rest_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    RgbImage::from_pixel(20, 9, Rgb([9, 8, 7])).save(at("a.jpg")).unwrap();
    GrayImage::from_pixel(3, 5, Luma([90])).save(at("b/grey.PNG")).unwrap();
    RgbaImage::from_pixel(8, 8, Rgba([9, 8, 7, 0])).save(at("b/c/alpha.png")).unwrap();
    GrayAlphaImage::from_pixel(8, 8, LumaA([9, 100])).save(at("b/c/grey-alpha.png")).unwrap();
    let deep = ImageBuffer::from_pixel(8, 8, Rgb([40_000u16, 1, 2]));
    deep.save(at("b/sixteen.png")).unwrap();
    RgbImage::from_pixel(12, 12, Rgb([1, 2, 3])).save(at("w.webp")).unwrap();
    fs::copy(at("a.jpg"), at("z/copy.jpg")).unwrap();
    fs::write(at("broken.png"), b"no picture").unwrap();
    fs::write(at("old.TIF"), b"II*").unwrap();
    // Converted by who sent it, and not renamed.
    fs::rename(at("w.webp"), at("IMG_1.HEIC")).unwrap();
    fs::write(at("notes.txt"), b"not a picture's name").unwrap();
    for file in [".hidden/x.png", "report/sheet.png", "demo/portraits/0.png", "demo/a/b.png"] {
        fs::write(at(file), b"passed over").unwrap();
    }
    for sign in ["report/scores.csv", "report/table.md", "demo/demo.json"] {
        fs::write(at(sign), b"ours").unwrap();
    }

    let photos = scan(dir.path()).unwrap();
    assert_eq!((photos.count(), photos.duplicates()), (6, 1));
    let skipped: Vec<String> =
        photos.skipped().unwrap().map(|s| s.unwrap().path.display().to_string()).collect();
    assert_eq!(
        (&skipped[..], photos.left_out()),
        (&["old.TIF".into(), "broken.png".into()][..], 2)
    );
    let entries = entries(&photos);
    // A path is before all that is longer by a part, and after what comes before its parts.
    let paths: Vec<&str> = entries.iter().map(|entry| entry.path.to_str().unwrap()).collect();
    let expected = [
        "IMG_1.HEIC",
        "a.jpg",
        "b/c/alpha.png",
        "b/c/grey-alpha.png",
        "b/grey.PNG",
        "b/sixteen.png",
    ];
    assert_eq!(paths, expected);
    for entry in entries {
        let picture = photos.picture(&entry.id).unwrap();
        assert_eq!((picture.height(), picture.width()), (8, 8));
    }
}

#[test]
fn renaming_and_adding_photos_moves_none_to_the_other_side() {
    let dir = tempfile::tempdir().unwrap();
    let save = |name: String, value: u8| {
        RgbImage::from_pixel(4, 4, Rgb([value; 3])).save(dir.path().join(name)).unwrap();
    };
    (0..30).for_each(|i| save(format!("{i:02}.png"), i));
    let sides = || -> BTreeMap<Id, bool> {
        let photos = scan(dir.path()).unwrap();
        entries(&photos).into_iter().map(|e| (e.id, e.held_out)).collect()
    };
    let before = sides();
    assert!(before.values().any(|&out| out) && before.values().any(|&out| !out));
    for i in 0..30 {
        let name = |prefix: &str| dir.path().join(format!("{prefix}{i:02}.png"));
        fs::rename(name(""), name("renamed-")).unwrap();
    }
    (30..60).for_each(|i| save(format!("new-{i}.png"), i));
    let after = sides();
    assert_eq!(after.len(), 60);
    assert!(before.iter().all(|(id, side)| after.get(id) == Some(side)));
}

#[test]
fn a_scan_tells_how_far_it_is_and_stops_when_it_is_asked_to() {
    let dir = tempfile::tempdir().unwrap();
    let count = 9 * rayon::current_num_threads();
    for i in 0..count {
        let photo = RgbImage::from_pixel(4, 4, Rgb([i as u8, (i / 256) as u8, 0]));
        photo.save(dir.path().join(format!("{i}.png"))).unwrap();
    }
    let mut told = Vec::new();
    let mut until = |stop_at: usize| {
        told.clear();
        let mut watch = |event: Event| {
            let Event::Reading { done, total } = event else {
                return ControlFlow::Continue(());
            };
            told.push((done, total));
            if told.len() == stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        Photos::scan(dir.path(), config(), &mut watch).map(|_| told.clone())
    };
    let told = until(0).unwrap();
    assert!(told.len() == 3 && told.iter().all(|&(_, total)| total == count), "{told:?}");
    assert!(told.is_sorted() && told[0].0 == 0, "{told:?}");
    for stop_at in [1, 2] {
        assert!(matches!(until(stop_at), Err(Error::Stopped { .. })));
    }
}

#[test]
fn a_missing_empty_or_unreadable_folder_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let message = |path: &Path| scan(path).unwrap_err().to_string();
    let missing = dir.path().join("missing");
    assert!(message(&missing).contains("missing"));
    assert!(message(dir.path()).contains("no picture"));
    fs::write(dir.path().join("a.png"), b"").unwrap();
    assert!(message(dir.path()).contains("its one picture cannot be read"));
    fs::write(dir.path().join("b.png"), b"").unwrap();
    assert!(message(dir.path()).contains("none of its 2 pictures"));
    let file = message(&dir.path().join("a.png"));
    assert!(file.contains("a.png") && file.contains("the folder it lies in"), "{file}");
}

#[test]
fn a_photo_that_changed_since_is_not_mistaken_for_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    RgbImage::from_pixel(4, 4, Rgb([1; 3])).save(&path).unwrap();
    let none = PhotoConfig { shelf: 0, ..config() };
    let photos = Photos::scan(dir.path(), none, &mut Silent).unwrap();
    let id = entries(&photos)[0].id;
    // The same bits as from the shelf.
    assert_eq!(photos.picture(&id).unwrap(), scan(dir.path()).unwrap().picture(&id).unwrap());
    RgbImage::from_pixel(4, 4, Rgb([2; 3])).save(&path).unwrap();
    assert!(photos.picture(&id).unwrap_err().to_string().contains("changed"));
}
