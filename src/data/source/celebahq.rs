//! CelebA-HQ, however its 30,000 pictures are kept: the last of them are held out.

use std::ops::ControlFlow;

use super::{Content, Listed, Place, Side, Source};
use crate::error::Result;

/// One in so many is held out: 2,000 of 30,000, and of a part of the set as large a share.
const ONE_IN: usize = 15;

/// A set of which the last fifteenth is held out.
#[derive(Debug)]
pub(super) struct CelebaHq {
    pictures: Box<dyn Source>,
}

impl CelebaHq {
    pub(super) fn new(pictures: Box<dyn Source>) -> Self {
        Self { pictures }
    }
}

impl Source for CelebaHq {
    /// Twice through the set: the last ones are known by the number of all.
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
        let mut count = 0;
        self.pictures.visit(&mut |listed| {
            count += usize::from(matches!(listed, Listed::Item { .. }));
            ControlFlow::Continue(())
        })?;
        let learned = count - count / ONE_IN;
        let mut at = 0;
        self.pictures.visit(&mut |listed| match listed {
            Listed::Item { name, place, .. } => {
                let side = if at < learned { Side::Train } else { Side::HeldOut };
                at += 1;
                each(Listed::Item { name, place, side: Some(side) })
            }
            skipped => each(skipped),
        })
    }

    fn read(&self, place: &Place) -> Result<Content> {
        self.pictures.read(place)
    }
}
