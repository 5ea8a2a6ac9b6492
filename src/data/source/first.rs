//! The first so many items of a set: `--take`.

use std::ops::ControlFlow;

use super::{Content, Listed, Place, Source};
use crate::error::Result;

/// The first `count` items of a set, in its own order.
#[derive(Debug)]
pub struct First {
    source: Box<dyn Source>,
    count: usize,
}

impl First {
    pub fn new(source: Box<dyn Source>, count: usize) -> Self {
        Self { source, count }
    }
}

impl Source for First {
    /// Nothing that comes after the last of them is looked at, so that damage further on does no harm.
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        let mut left = self.count;
        self.source.visit(&mut |listed| {
            left -= usize::from(matches!(listed, Listed::Item { .. }));
            each(listed)?;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }

    fn read(&self, place: &Place) -> Result<Content> {
        self.source.read(place)
    }
}
