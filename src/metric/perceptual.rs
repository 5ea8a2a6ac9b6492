//! The perceptual measure of the paper: how far VGG16's features are apart (SPEC 5).
//!
//! ```text
//! perceptual = 1/5  sum over l of  1 / (C_l sum_p w_lp)  sum over c, p of  w_lp (F_l(x) - F_l(y))^2_cp
//! ```
//! l: relu1_2, relu2_2, relu3_3, relu4_3, relu5_3. w: 1 everywhere; where there is a hole its mask, area-downsampled to the
//! layer, so that only positions of the hole count. The features are those of the weights that were given, in their own
//! units: numbers of two trainings of VGG16 cannot be compared. Not meaningful for colourisation, where the grey input
//! scores best.

use super::{About, Better, How, Over, Pair, same_size};
use crate::error::{Error, Result};
use crate::image::{batch_of, numbers_of};
use crate::vgg16::{Relu, Vgg16};

pub(super) const ABOUT: About = About {
    name: "perceptual",
    title: "perceptual (VGG16)",
    unit: "squared features",
    better: Better::Lower,
    over: Over::HoleIfAny,
    // `Relu::LAST.least_side()`, which no constant can call: a test holds them together.
    least_side: 16,
    how: How::ByVgg16(perceptual),
};

/// See the module: 0 where the pictures are equal, more elsewhere.
///
/// # Errors
/// Sizes that differ, a side below 16, a hole without pixels or of another size.
pub fn perceptual(vgg16: &Vgg16, pair: &Pair) -> Result<f64> {
    same_size(pair.restored, pair.truth)?;
    let size = [pair.truth.height(), pair.truth.width()];
    if let Some(hole) = pair.hole {
        let problem = match hole.iter().filter(|&&missing| missing).count() {
            _ if hole.len() != size[0] * size[1] => "it is not of the size of the pictures",
            0 => "nothing is missing, so there is no mean",
            _ => "",
        };
        if !problem.is_empty() {
            return Err(Error::input("hole", problem, "give one value a pixel, or no hole"));
        }
    }
    let net = vgg16.view(size)?;
    let pictures = [pair.restored.clone(), pair.truth.clone()];
    let mut sum = 0.0;
    net.pass(batch_of(&pictures, vgg16.device())?, &mut |relu, map| {
        if !Relu::COMPARED.contains(&relu) {
            return;
        }
        let [_, channels, height, width] = map.dims();
        let numbers = numbers_of(map.clone());
        let (restored, truth) = numbers.split_at(channels * height * width);
        let weights = pair.hole.map(|hole| area(hole, size, [height, width]));
        let squares =
            restored.iter().zip(truth).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2));
        sum += match weights {
            None => squares.sum::<f64>() / restored.len() as f64,
            Some(weights) => {
                let total: f64 = weights.iter().sum();
                let weighted = squares.zip(weights.iter().cycle()).map(|(square, w)| w * square);
                weighted.sum::<f64>() / (total * channels as f64)
            }
        };
    });
    Ok(sum / Relu::COMPARED.len() as f64)
}

/// The share of each cell of `[h, w]` that `mask`, `[H, W]`, covers. Cell i of n is from pixel floor(i N / n) up to, not
/// with, ceil((i + 1) N / n), as PyTorch's `interpolate(mode="area")` has it.
fn area(mask: &[bool], [height, width]: [usize; 2], [h, w]: [usize; 2]) -> Vec<f64> {
    let range = |i: usize, from: usize, to: usize| i * from / to..((i + 1) * from).div_ceil(to);
    let share = |at: usize| {
        let (rows, columns) = (range(at / w, height, h), range(at % w, width, w));
        let count = rows.len() * columns.len();
        let row = |y: usize| columns.clone().filter(|x| mask[y * width + x]).count();
        rows.map(row).sum::<usize>() as f64 / count as f64
    };
    (0..h * w).map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_a_layer_is_the_share_of_each_cell() {
        let mask: Vec<bool> = (0..20).map(|at| at % 5 < 2).collect();
        assert_eq!(
            area(&mask, [4, 5], [4, 5]),
            mask.iter().map(|&m| f64::from(u8::from(m))).collect::<Vec<_>>()
        );
        // Columns 0..3 and 2..5 of 5.
        assert_eq!(area(&mask, [4, 5], [2, 2]), [2.0 / 3.0, 0.0, 2.0 / 3.0, 0.0]);
        assert_eq!(area(&mask, [4, 5], [1, 1]), [0.4]);
    }

    #[test]
    fn the_least_side_is_that_of_the_last_layer() {
        assert_eq!(ABOUT.least_side, Relu::LAST.least_side());
    }
}
