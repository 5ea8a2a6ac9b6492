//! The maps of VGG16 by their names.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// Widths of the convolutions, block by block; a pooling is between two blocks.
const WIDTHS: [&[usize]; 5] =
    [&[64, 64], &[128, 128], &[256, 256, 256], &[512, 512, 512], &[512, 512, 512]];

/// A map of VGG16: `relu3_2` is what comes out of the ReLU after the second convolution of the third block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relu {
    /// Both from 1 on.
    block: usize,
    convolution: usize,
}

impl Relu {
    /// The last of each block: what the perceptual measure compares (SPEC 5).
    pub const COMPARED: [Relu; 5] = [
        Relu { block: 1, convolution: 2 },
        Relu { block: 2, convolution: 2 },
        Relu { block: 3, convolution: 3 },
        Relu { block: 4, convolution: 3 },
        Relu::LAST,
    ];

    /// relu5_3
    pub const LAST: Relu = Relu { block: 5, convolution: 3 };

    /// All thirteen, in their order.
    pub fn all() -> impl Iterator<Item = Relu> {
        let block = |block: usize| {
            (1..=WIDTHS[block - 1].len()).map(move |convolution| Relu { block, convolution })
        };
        (1..=WIDTHS.len()).flat_map(block)
    }

    /// In and out of its convolution.
    pub(super) fn channels(self) -> [usize; 2] {
        let before = Relu::all().take_while(|&relu| relu < self).last();
        [before.map_or(3, Relu::width), self.width()]
    }

    /// 1 to 5.
    pub fn block(self) -> usize {
        self.block
    }

    /// Channels of the map.
    pub fn width(self) -> usize {
        WIDTHS[self.block - 1][self.convolution - 1]
    }

    /// `[h, w]` of the map of a picture of `[H, W]`.
    pub fn size(self, picture: [usize; 2]) -> [usize; 2] {
        picture.map(|side| side >> (self.block - 1))
    }

    /// The least side of a picture that has such a map.
    pub fn least_side(self) -> usize {
        1 << (self.block - 1)
    }

    /// Whether a pooling comes before its convolution.
    pub(super) fn is_pooled(self) -> bool {
        self.block > 1 && self.convolution == 1
    }

    /// The number of its convolution among torchvision's `features`, in which ReLUs and poolings count too.
    pub(super) fn feature(self) -> usize {
        let before: usize =
            WIDTHS[..self.block - 1].iter().map(|widths| 2 * widths.len() + 1).sum();
        before + 2 * (self.convolution - 1)
    }
}

impl fmt::Display for Relu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "relu{}_{}", self.block, self.convolution)
    }
}

impl FromStr for Relu {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Relu::all().find(|relu| relu.to_string() == text).ok_or_else(|| {
            let remedy = "take relu1_1 to relu5_3: blocks 1 and 2 have two, the others three";
            Error::input(format!("layer `{text}`"), "VGG16 has none of that name", remedy)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_channels_sizes_and_torchvisions_numbers() {
        let of = |name: &str| name.parse::<Relu>().unwrap();
        assert_eq!(Relu::all().count(), 13);
        assert!(Relu::all().all(|relu| of(&relu.to_string()) == relu));
        assert!(Relu::all().is_sorted());
        let features: Vec<usize> = Relu::all().map(Relu::feature).collect();
        assert_eq!(features, [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]);
        assert_eq!(of("relu1_1").channels(), [3, 64]);
        assert_eq!(of("relu4_1").channels(), [256, 512]);
        assert_eq!(of("relu3_3").size([50, 33]), [12, 8]);
        assert_eq!(Relu::LAST.least_side(), 16);
        for name in ["relu3_4", "relu0_1", "relu6_1", "conv1_1", ""] {
            let message = name.parse::<Relu>().unwrap_err().to_string();
            assert!(message.contains(&format!("`{name}`")) && message.contains("relu5_3"));
        }
    }
}
