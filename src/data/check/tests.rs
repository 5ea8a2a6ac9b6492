use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use super::*;
use crate::data::drawn::portrait;
use crate::image::save_png;

fn draw(folder: &Path, name: &str, index: u64) -> crate::image::Picture {
    let picture = portrait(3, index, 72).unwrap();
    save_png(folder.join(name), picture.to_rgb8()).unwrap();
    picture
}

#[test]
fn what_is_in_a_folder_is_counted_and_copies_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for index in 0..12 {
        draw(dir.path(), &format!("{index:02}.png"), index);
    }
    fs::copy(at("03.png"), at("same.png")).unwrap();
    let small = portrait(3, 5, 72).unwrap().flipped().resized(40, 50).unwrap();
    save_png(at("small.png"), small.to_rgb8()).unwrap();
    fs::write(at("broken.jpg"), b"\xFF\xD8\xFF no").unwrap();
    fs::write(at("film.gif"), b"GIF89a").unwrap();
    let set = SetSpec::at(dir.path());
    let mut skipped = 0;
    let mut watch = |event: Event| {
        skipped += usize::from(matches!(event, Event::Skipped { .. }));
        ControlFlow::Continue(())
    };
    let report = check(&set, 0.5, &mut watch).unwrap();
    assert_eq!((report.pictures, report.train + report.held_out, report.unused), (13, 13, 0));
    assert!(report.train > 0 && report.held_out > 0);
    assert_eq!(report.formats, Formats::from([("png".to_string(), 13)]));
    let sizes = report.sizes;
    assert_eq!((sizes.smallest, sizes.median, sizes.largest), ([50, 40], [72, 72], [72, 72]));
    assert_eq!(sizes.sides, [40, 72]);
    let names =
        |group: &Group| group.members.iter().map(|member| member.name.clone()).collect::<Vec<_>>();
    assert_eq!(report.duplicates.iter().map(names).collect::<Vec<_>>(), [["03.png", "same.png"]]);
    assert_eq!(report.near.iter().map(names).collect::<Vec<_>>(), [["05.png", "small.png"]]);
    assert!(report.near[0].members[1].mirrored && !report.near[0].members[0].mirrored);
    assert_eq!((report.skipped.len(), skipped), (2, 2));
    // Both copies by content lie on one side.
    assert!(!report.duplicates[0].across);
}

#[test]
fn copies_on_both_sides_of_a_split_that_the_set_makes_are_across() {
    // The last fifteenth is held out.
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for index in 0..28 {
        draw(dir.path(), &format!("{index:02}.png"), index);
    }
    fs::copy(at("04.png"), at("98.png")).unwrap();
    let small = portrait(3, 5, 72).unwrap().flipped().resized(40, 50).unwrap();
    save_png(at("99.png"), small.to_rgb8()).unwrap();
    let set = format!("celebahq:{}", dir.path().display()).parse::<SetSpec>().unwrap();
    let report = check(&set, 0.0, &mut crate::event::Silent).unwrap();
    assert_eq!((report.pictures, report.duplicates.len(), report.near.len()), (29, 1, 1));
    for group in [&report.duplicates[0], &report.near[0]] {
        let held_out = group.members.iter().map(|member| member.held_out);
        assert!(group.across && held_out.eq([false, true]));
    }
    assert_eq!(report.across().count(), 2);
}

#[test]
fn a_share_out_of_range_and_a_set_without_pictures_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let set = SetSpec::at(dir.path());
    let problem = |share| check(&set, share, &mut crate::event::Silent).unwrap_err().to_string();
    for share in [-0.1, 1.0, f64::NAN] {
        assert!(problem(share).contains(&format!("{share} is out of range")));
    }
    assert!(problem(0.1).contains("there is no picture in it"));
    let mut stop = |_: Event| ControlFlow::Break(());
    draw(dir.path(), "a.png", 1);
    assert!(matches!(check(&set, 0.1, &mut stop), Err(Error::Stopped { .. })));
}
