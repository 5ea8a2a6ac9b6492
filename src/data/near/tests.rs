use std::ops::ControlFlow;

use super::*;
use crate::data::drawn::portrait;
use crate::degrade::{Corruption, Jpeg};
use crate::image::Picture;
use crate::runtime::stream;

const PORTRAITS: u64 = 40;

fn portraits() -> Vec<Picture> {
    (0..PORTRAITS).map(|index| portrait(7, index, 96).unwrap()).collect()
}

/// The pixels of `picture` from (`top`, `left`) on.
fn cropped(picture: &Picture, top: usize, left: usize, height: usize, width: usize) -> Picture {
    let value = |c: usize, y: usize, x: usize| picture.get(c, top + y, left + x).unwrap();
    let places = (0..3).flat_map(|c| (0..height).map(move |y| (c, y)));
    let data = places.flat_map(|(c, y)| (0..width).map(move |x| value(c, y, x))).collect();
    Picture::new(height, width, data).unwrap()
}

/// Copies as people and programs make them, each with whether it is mirrored.
fn copies(picture: &Picture) -> [(&'static str, Picture, bool); 6] {
    let compressed = Jpeg::new(75).unwrap().corrupt(picture, &mut stream(0, "copy")).unwrap();
    [
        ("smaller", picture.resized(58, 58).unwrap(), false),
        ("compressed", compressed, false),
        ("mirrored", picture.flipped(), true),
        ("cropped by 5 % a side", cropped(picture, 5, 5, 86, 86), false),
        ("cropped by 5 % in a corner", cropped(picture, 5, 5, 91, 91), false),
        ("all at once", cropped(picture, 8, 1, 87, 87).flipped().resized(60, 60).unwrap(), true),
    ]
}

#[test]
fn every_copy_is_near_and_hardly_any_two_portraits_are() {
    let pictures = portraits();
    let descriptors: Vec<_> = pictures.iter().map(Descriptor::of).collect();
    for (picture, descriptor) in pictures.iter().zip(&descriptors) {
        for (how, copy, mirrored) in copies(picture) {
            let copy = Descriptor::of(&copy);
            let found = near(descriptor, &copy).unwrap_or_else(|| panic!("{how}"));
            assert_eq!(found.mirrored, mirrored, "{how}: {found:?}");
            assert!(near(&copy, descriptor).is_some(), "{how}, the other way round");
        }
    }
    // Drawn by one hand they are more alike than faces: of 780 pairs one or another is taken for a copy.
    let pairs = Index::new(descriptors).pairs(&mut |_| ControlFlow::Continue(())).unwrap();
    assert!(pairs.len() <= 2, "{pairs:?}");
}

#[test]
fn an_index_finds_every_copy_and_no_other_and_groups_are_connected() {
    let pictures = portraits();
    let mut descriptors: Vec<_> = pictures.iter().map(Descriptor::of).collect();
    let copied = [3, 17, 31];
    for at in copied {
        descriptors.extend(copies(&pictures[at]).iter().map(|(_, copy, _)| Descriptor::of(copy)));
    }
    let pairs = |descriptors: &[Descriptor]| {
        let index = Index::new(descriptors.to_vec());
        index.pairs(&mut |_| ControlFlow::Continue(())).unwrap()
    };
    // Seven of a kind are connected by six.
    let of = |at: usize| if at < 40 { at } else { copied[(at - 40) / 6] };
    let (among, all) = (pairs(&descriptors[..40]).len(), pairs(&descriptors));
    assert!(all.iter().all(|&(a, b, _)| a < b));
    assert_eq!(all.len(), among + 3 * 6, "{all:?}");
    let index = Index::new(descriptors[..40].to_vec());
    for (at, descriptor) in descriptors.iter().enumerate() {
        let found = index.query(descriptor);
        assert!(found.iter().any(|&(found, _)| found == of(at)), "{at}: {found:?}");
        assert!(found.iter().all(|&(at, how)| near(&descriptors[at], descriptor) == Some(how)));
    }
    assert_eq!(index.pairs(&mut |_| ControlFlow::Break(())), None);
    assert!(
        Index::new(vec![]).pairs(&mut |_| ControlFlow::Continue(())).is_some_and(|p| p.is_empty())
    );
}

#[test]
fn across_two_indices_the_pairs_are_those_that_are_near_one_by_one() {
    let pictures = portraits();
    let of = |pictures: &[Picture]| pictures.iter().map(Descriptor::of).collect::<Vec<_>>();
    let ours = of(&pictures[..20]);
    let mut theirs = of(&pictures[20..]);
    theirs.extend(copies(&pictures[4]).iter().map(|(_, copy, _)| Descriptor::of(copy)));
    let found = Index::new(ours.clone()).across(&Index::new(theirs.clone()));
    let mut wanted = Vec::new();
    for (a, one) in ours.iter().enumerate() {
        wanted.extend(
            theirs.iter().enumerate().filter_map(|(b, other)| Some((a, b, near(one, other)?))),
        );
    }
    assert_eq!(found, wanted);
    assert_eq!(found.iter().filter(|pair| pair.0 == 4 && pair.1 >= 20).count(), 6);
    assert!(Index::new(ours).across(&Index::new(Vec::new())).is_empty());
}

#[test]
fn what_has_no_structure_is_near_to_nothing_and_any_size_has_a_descriptor() {
    let flat = |value: f32| Descriptor::of(&Picture::constant(40, 40, [value; 3]).unwrap());
    assert_eq!(near(&flat(0.2), &flat(0.9)), None);
    let picture = portrait(7, 0, 96).unwrap();
    assert_eq!(near(&flat(0.2), &Descriptor::of(&picture)), None);
    for (height, width) in [(1, 1), (1, 300), (33, 64), (200, 31)] {
        let other = Descriptor::of(&picture.resized(height, width).unwrap());
        assert!(near(&other, &other).is_some() || height.min(width) < 8, "{height} x {width}");
    }
}

#[test]
fn brightness_contrast_and_colour_are_forgotten() {
    let picture = portrait(7, 1, 96).unwrap();
    let dark = picture.data().iter().map(|value| 0.1 + 0.4 * value).collect();
    let dark = Picture::new(96, 96, dark).unwrap();
    let like = |other: &Picture| near(&Descriptor::of(&picture), &Descriptor::of(other)).unwrap();
    assert!(like(&dark).similarity > 0.99 && like(&picture.greyed()).similarity > 0.999);
}

/// How far different photos and their copies are apart, for docs/results.md: `LACUNA_PHOTOS` names a folder of photos
/// none of which is a copy.
#[test]
#[ignore = "reads a folder of photos"]
fn margins_of_a_folder() {
    let root = std::env::var("LACUNA_PHOTOS").unwrap();
    let (paths, _) = crate::data::list_pictures(root.as_ref(), &mut crate::event::Silent).unwrap();
    let load = |path| crate::image::load(std::path::Path::new(&root).join(path)).unwrap();
    let descriptors: Vec<_> =
        paths.iter().map(|path| Descriptor::of(&load(path).picture().unwrap())).collect();
    let bands = Bands::new();
    let features: Vec<_> = descriptors.iter().map(|of| bands.feature(of)).collect();
    let fine: Vec<_> = descriptors.iter().map(Fine::of).collect();
    let (mut products, mut fits) = (Vec::new(), Vec::new());
    for (a, of_a) in descriptors.iter().enumerate() {
        let windows = bands.windows(of_a);
        for b in (0..descriptors.len()).filter(|&b| b != a) {
            let most = windows.iter().map(|window| dot(window, &features[b])).fold(-1.0, f32::max);
            products.push(most);
            for mirrored in [false, true] {
                let starts = bands.best(&windows, &features[b], mirrored, 0.5);
                fits.push(fine[a].fit(&fine[b], mirrored, &starts));
            }
        }
    }
    for (what, numbers) in [("products", &mut products), ("similarities", &mut fits)] {
        numbers.sort_by(f32::total_cmp);
        let at = |share: f64| numbers[((numbers.len() - 1) as f64 * share) as usize];
        let (half, thousandth, most) = (at(0.5), at(0.999), at(1.0));
        println!(
            "{what} of different photos: {half:.3} median, {thousandth:.3} at 99.9 %, {most:.3} at most"
        );
    }
}
