//! CelebA, aligned and cropped: its pictures and its own split of them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::zip::Zip;
use super::{Content, Listed, Place, Source, damaged, partition, skipped};
use crate::data::SAME_NAME;
use crate::error::Result;

const PICTURES: &str = "img_align_celeba";

/// Where the pictures lie below a folder: as distributed, beside the list, and one folder in another.
const PLACES: [&str; 3] =
    ["img_align_celeba/img_align_celeba", "img_align_celeba", "Img/img_align_celeba"];

/// How many of a kind of fault are named one by one.
const NAMED: usize = 3;

/// The pictures of CelebA in the order of `list_eval_partition.txt`.
#[derive(Debug)]
pub(super) struct Celeba {
    list: PathBuf,
    pictures: Box<dyn Source>,
    /// The folder or the zip of the pictures.
    place: PathBuf,
}

/// The folder or the zip of the pictures below `root`.
fn pictures(root: &Path) -> Option<PathBuf> {
    let folder = PLACES.map(|place| root.join(place)).into_iter().find(|path| path.is_dir());
    let zips = ["", "Img"].map(|folder| root.join(folder).join(PICTURES).with_extension("zip"));
    folder.or_else(|| zips.into_iter().find(|path| path.is_file()))
}

/// The folder of the set, where `path` is that or its pictures.
fn root(path: &Path) -> PathBuf {
    match (path.file_stem(), path.parent()) {
        (Some(stem), Some(parent)) if stem == PICTURES => match partition::find(parent) {
            Some(_) => parent.to_path_buf(),
            None => path.to_path_buf(),
        },
        _ => path.to_path_buf(),
    }
}

impl Celeba {
    /// Whether a part of CelebA lies here.
    pub(super) fn is_at(path: &Path) -> bool {
        let root = root(path);
        partition::find(&root).is_some() || pictures(&root).is_some()
    }

    /// # Errors
    /// The pictures or the list are missing; a zip that is damaged.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let root = root(path);
        let Some(place) = pictures(&root) else {
            let problem = format!("neither `{PICTURES}` nor `{PICTURES}.zip` is in it");
            return Err(damaged(&root, problem, "put the aligned and cropped pictures there"));
        };
        let Some(list) = partition::find(&root) else {
            let problem = "`list_eval_partition.txt` is not in it, nor in its `Eval`";
            let remedy = format!(
                "download it, or say `folder:{}` to split by content instead",
                root.display()
            );
            return Err(damaged(&root, problem, &remedy));
        };
        let pictures: Box<dyn Source> = match place.is_dir() {
            true => Box::new(Folder::open(&place)),
            false => Box::new(Zip::open(&place)?),
        };
        Ok(Self { list, pictures, place })
    }
}

impl Source for Celeba {
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
        let name_of =
            |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (list, place) = (name_of(&self.list), name_of(&self.place));
        // 200,000 names and places are 30 MB.
        let mut there = BTreeMap::new();
        let mut flow = ControlFlow::Continue(());
        self.pictures.visit(&mut |listed| {
            match listed {
                Listed::Item { name, place, .. } => match there.entry(name_of(Path::new(&name))) {
                    Entry::Vacant(entry) => {
                        entry.insert(place);
                    }
                    Entry::Occupied(_) => flow = each(skipped(name, SAME_NAME)),
                },
                left_out => flow = each(left_out),
            }
            flow
        })?;
        let (mut found, mut missing) = (0, 0);
        for (name, side) in partition::read(&self.list)? {
            if flow.is_break() {
                return Ok(());
            }
            match there.remove(&name) {
                Some(place) => {
                    found += 1;
                    flow = each(Listed::Item { name, place, side: Some(side) });
                }
                None => {
                    missing += 1;
                    if missing <= NAMED {
                        let problem = format!("{list} names it, and it is not in {place}");
                        flow = each(skipped(name, problem));
                    }
                }
            }
        }
        if found == 0 {
            let problem = format!("none of the {missing} pictures that {list} names is in {place}");
            return Err(damaged(&self.place, problem, "unpack or download the pictures again"));
        }
        let more = (missing > NAMED).then(|| {
            let problem = format!("it names {missing} pictures that are not in {place}");
            skipped(&list, problem)
        });
        let beside = there.len();
        let unnamed = there
            .keys()
            .take(NAMED)
            .map(|name| skipped(name, format!("it is in {place}, and {list} does not name it")));
        let rest = (beside > NAMED)
            .then(|| skipped(&place, format!("{beside} pictures in it are not named by {list}")));
        let notes: Vec<_> = more.into_iter().chain(unnamed).chain(rest).collect();
        if flow.is_continue() {
            let _ = notes.into_iter().try_for_each(each);
        }
        Ok(())
    }

    fn read(&self, place: &Place) -> Result<Content> {
        self.pictures.read(place)
    }
}
