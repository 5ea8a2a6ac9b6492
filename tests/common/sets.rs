//! What is in a data set, and what was put into those of `tests/fixtures/sets`.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use lacuna::Result;
use lacuna::data::Skipped;
use lacuna::data::source::{Listed, Place, Side, Source, open};

const SETS: &str = "tests/fixtures/sets";

pub fn at(name: &str) -> PathBuf {
    Path::new(SETS).join(name)
}

pub fn spec(name: &str) -> String {
    at(name).display().to_string()
}

/// What a set holds: the name and the hash of each item, its side, and what was left out.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    pub items: Vec<(String, String)>,
    pub sides: Vec<Option<Side>>,
    pub skipped: Vec<Skipped>,
}

/// An item as it is listed.
pub type Item = (String, Place, Option<Side>);

pub fn list(set: &dyn Source) -> Result<(Vec<Item>, Vec<Skipped>)> {
    let (mut items, mut skipped) = (Vec::new(), Vec::new());
    set.visit(&mut |listed| {
        match listed {
            Listed::Item { name, place, side } => items.push((name, place, side)),
            Listed::Skipped(left_out) => skipped.push(left_out),
        }
        ControlFlow::Continue(())
    })?;
    Ok((items, skipped))
}

/// Lists the set and reads all of it, backwards: the order of reading does not matter.
pub fn found(spec: &str, take: Option<usize>) -> Result<Found> {
    let set = open(spec, take)?;
    let (items, skipped) = list(&*set)?;
    let mut all = Found { skipped, ..Found::default() };
    for (name, place, side) in items.into_iter().rev() {
        let kept = Place::from_bytes(&place.to_bytes()).unwrap();
        all.items.push((name, set.read(&kept)?.id().to_string()));
        all.sides.push(side);
    }
    all.items.reverse();
    all.sides.reverse();
    Ok(all)
}

/// What the script put in.
pub fn put(which: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(at("sets.json")).unwrap();
    let mut all: BTreeMap<String, Vec<(String, String)>> = serde_json::from_str(&text).unwrap();
    all.remove(which).unwrap()
}
