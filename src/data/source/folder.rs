//! A folder of photos, nested, of any kinds and sizes.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{Content, Listed, Place, Source, foreign};
use crate::data::list_pictures;
use crate::error::Result;
use crate::event::Silent;
use crate::image::read_bytes;

/// Every picture below a folder, in the order of their paths.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn open(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }
}

impl Source for Folder {
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
        let (paths, skipped) = list_pictures(&self.root, &mut Silent)?;
        let items = paths.into_iter().map(|path| {
            let name = path.to_string_lossy().into_owned();
            Listed::Item { name, place: Place::File(path), side: None }
        });
        let _ = skipped.into_iter().map(Listed::Skipped).chain(items).try_for_each(each);
        Ok(())
    }

    fn read(&self, place: &Place) -> Result<Content> {
        let Place::File(path) = place else { return Err(foreign(place, &self.root)) };
        Ok(Content::Encoded(read_bytes(self.root.join(path))?))
    }
}
