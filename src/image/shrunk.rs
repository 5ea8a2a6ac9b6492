//! How large a picture is shown: one rule, for whatever it is shown in.

/// `width` x `height` with its longest side at `longest`, at least a pixel each; `None` where it is no longer than that.
pub(crate) fn within((width, height): (u32, u32), longest: u32) -> Option<(u32, u32)> {
    let side = width.max(height);
    if side <= longest {
        return None;
    }
    let scaled = |n: u32| (u64::from(n) * u64::from(longest) / u64::from(side)).max(1) as u32;
    Some((scaled(width), scaled(height)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_side_is_what_is_asked_for_and_no_side_vanishes() {
        assert_eq!(within((2000, 1000), 960), Some((960, 480)));
        assert_eq!(within((3, 2000), 100), Some((1, 100)));
        assert_eq!((within((960, 960), 960), within((5, 7), 960)), (None, None));
    }
}
