//! CelebA-HQ, however its 30,000 pictures are kept: the last of them are held out.

use std::collections::VecDeque;
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

fn hand_over(
    picture: Option<(String, Place)>,
    side: Side,
    each: &mut dyn FnMut(Listed) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match picture {
        Some((name, place)) => each(Listed::Item { name, place, side: Some(side) }),
        None => ControlFlow::Continue(()),
    }
}

impl Source for CelebaHq {
    /// A picture is handed over as soon as those behind it are enough to be held out, so that whoever listens hears of
    /// the set while it is walked through.
    fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
        // The last ones so far: any of them may be held out.
        let mut last = VecDeque::new();
        let (mut count, mut is_over) = (0, false);
        self.pictures.visit(&mut |listed| {
            let flow = match listed {
                Listed::Item { name, place, .. } => {
                    last.push_back((name, place));
                    count += 1;
                    // One more picture adds at most one to the first so many.
                    match last.len() > count / ONE_IN {
                        true => hand_over(last.pop_front(), Side::Train, each),
                        false => ControlFlow::Continue(()),
                    }
                }
                skipped => each(skipped),
            };
            is_over = flow.is_break();
            flow
        })?;
        while !is_over && !last.is_empty() {
            is_over = hand_over(last.pop_front(), Side::HeldOut, each).is_break();
        }
        Ok(())
    }

    fn read(&self, place: &Place) -> Result<Content> {
        self.pictures.read(place)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// So many pictures, and how many were asked for.
    #[derive(Debug)]
    struct Numbers(usize, Arc<AtomicUsize>);

    impl Source for Numbers {
        fn visit(&self, each: &mut dyn FnMut(Listed) -> ControlFlow<()>) -> Result<()> {
            for number in 0..self.0 {
                self.1.fetch_add(1, Ordering::Relaxed);
                let (name, place) = (number.to_string(), Place::Key(Vec::new()));
                if each(Listed::Item { name, place, side: None }).is_break() {
                    break;
                }
            }
            Ok(())
        }

        fn read(&self, place: &Place) -> Result<Content> {
            Err(super::super::foreign(place, std::path::Path::new("numbers")))
        }
    }

    fn sides(count: usize) -> Vec<(String, Side)> {
        let mut found = Vec::new();
        let set = CelebaHq::new(Box::new(Numbers(count, Arc::default())));
        set.visit(&mut |listed| {
            if let Listed::Item { name, side: Some(side), .. } = listed {
                found.push((name, side));
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        found
    }

    #[test]
    fn the_last_fifteenth_is_held_out_and_the_order_is_that_of_the_set() {
        for count in [0, 1, 14, 15, 16, 29, 30, 31, 44, 45, 3_001] {
            let found = sides(count);
            let learned = count - count / 15;
            let expected = (0..count).map(|number| {
                let side = if number < learned { Side::Train } else { Side::HeldOut };
                (number.to_string(), side)
            });
            assert_eq!(found, expected.collect::<Vec<_>>(), "{count}");
        }
    }

    #[test]
    fn whoever_listens_hears_of_a_large_set_before_its_end_and_can_break_off() {
        let asked = Arc::new(AtomicUsize::new(0));
        let set = CelebaHq::new(Box::new(Numbers(30_000, asked.clone())));
        let mut heard = 0;
        set.visit(&mut |_| {
            heard += 1;
            if heard == 500 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        assert_eq!(heard, 500);
        // And those that were the last so far.
        assert_eq!(asked.load(Ordering::Relaxed), 500 + 500 / (ONE_IN - 1));
    }
}
