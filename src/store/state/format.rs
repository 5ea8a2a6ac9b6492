//! How a row is written: f32, or bf16 in half the bytes; how a number is rounded to bf16.

use burn::tensor::bf16;
use serde::{Deserialize, Serialize};

use super::RowKey;

/// What the numbers of a row are kept as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowFormat {
    /// 4 bytes a number, every bit of it. The default.
    #[default]
    F32,
    /// 2 bytes a number: the range of f32 with 8 significant bits. A row is rounded when it is put, so what training
    /// goes on with is what a resumed run reads. A weight at its bound of 0.01 comes back as 0.010009766, and is clamped
    /// again after the next step.
    Bf16,
}

/// How a number finds its bf16.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, a tie to the even one. The default. A step of SGD that is less than half the distance of two
    /// bf16, 1/512 to 1/256 of the number, is lost, and so is the next one: such a number stands still.
    #[default]
    Nearest,
    /// Up or down by chance, the likelier the nearer: right in the mean, so that small steps add up. The dice are those
    /// of the row and of `step`, which has to differ from put to put: the same rows at the same step give the same bytes.
    Stochastic { seed: u64, step: u64 },
}

impl RowFormat {
    /// Bytes of a number.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
        }
    }

    /// `row` as bytes; `None` where a number is not finite, or rounds to one that is not.
    pub(super) fn write(self, key: &RowKey, row: &[f32], rounding: Rounding) -> Option<Vec<u8>> {
        if !row.iter().all(|number| number.is_finite()) {
            return None;
        }
        Some(match (self, rounding) {
            (Self::F32, _) => row.iter().flat_map(|number| number.to_le_bytes()).collect(),
            (Self::Bf16, Rounding::Nearest) => bytes(row.iter().map(|&x| bf16::from_f32(x)))?,
            (Self::Bf16, Rounding::Stochastic { seed, step }) => {
                let mut dice = dice(key, seed, step);
                let mut thrown = vec![0; 2 * row.len()];
                dice.fill(&mut thrown);
                let thrown = thrown.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
                bytes(row.iter().zip(thrown).map(|(&number, die)| stochastic(number, die)))?
            }
        })
    }

    /// The numbers that are written as `bytes`.
    pub(super) fn read(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F32 => bytes
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            Self::Bf16 => {
                bytes.chunks_exact(2).map(|b| bf16::from_le_bytes([b[0], b[1]]).to_f32()).collect()
            }
        }
    }
}

fn bytes(numbers: impl ExactSizeIterator<Item = bf16>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2 * numbers.len());
    for number in numbers {
        if !number.is_finite() {
            return None;
        }
        bytes.extend(number.to_le_bytes());
    }
    Some(bytes)
}

/// 16 random bits for each number of the row.
fn dice(key: &RowKey, seed: u64, step: u64) -> blake3::OutputReader {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(&step.to_le_bytes());
    hasher.update(key.bytes());
    hasher.finalize_xof()
}

/// `number` cut to bf16, up with the probability of what was cut off: `die` is uniform over all u16, and as many of
/// them carry into the upper half as the lower half says. Works on the magnitude, so on both signs alike.
fn stochastic(number: f32, die: u16) -> bf16 {
    // Beyond the largest bf16 the carry makes an infinity, which is refused like any other.
    bf16::from_bits(((number.to_bits() + u32::from(die)) >> 16) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn round(number: f32, rounding: Rounding) -> Option<f32> {
        let bytes = RowFormat::Bf16.write(&RowKey::new(&KEY, false), &[number], rounding)?;
        Some(RowFormat::Bf16.read(&bytes)[0])
    }

    #[test]
    fn f32_keeps_every_bit() {
        let row = [0.0, -0.0, 1.0, f32::MIN_POSITIVE / 8.0, f32::MAX, -0.01];
        let key = RowKey::new(&KEY, true);
        let bytes = RowFormat::F32.write(&key, &row, Rounding::Nearest).unwrap();
        let back = RowFormat::F32.read(&bytes);
        assert!(row.iter().zip(&back).all(|(a, b)| a.to_bits() == b.to_bits()));
    }

    /// IEEE 754: 1 + 1/128 is the bf16 after 1, and ties go to the even one of two.
    #[test]
    fn the_nearest_is_taken_and_of_two_as_near_the_even_one() {
        let ulp = 1.0 / 128.0;
        for (number, expected) in [
            (1.0, 1.0),
            (1.0 + 0.49 * ulp, 1.0),
            (1.0 + 0.5 * ulp, 1.0),
            (1.0 + 0.51 * ulp, 1.0 + ulp),
            (1.0 + 1.5 * ulp, 1.0 + 2.0 * ulp),
            (-1.0 - 1.5 * ulp, -1.0 - 2.0 * ulp),
        ] {
            assert_eq!(round(number, Rounding::Nearest), Some(expected), "{number}");
        }
        assert_eq!(round(-0.0, Rounding::Nearest).map(f32::to_bits), Some((-0.0f32).to_bits()));
    }

    #[test]
    fn rounding_twice_is_rounding_once_so_that_a_resumed_run_reads_what_was_gone_on_with() {
        for i in 0..2000 {
            let number = (i as f32 * 0.37).sin() * 10f32.powi(i % 60 - 30);
            for rounding in [Rounding::Nearest, Rounding::Stochastic { seed: 1, step: i as u64 }] {
                let once = round(number, rounding).unwrap();
                assert_eq!(round(once, rounding), Some(once));
            }
        }
    }

    /// The mean of 20,000 draws of a Bernoulli variable lies within 5 standard deviations of its own, here 0.018.
    #[test]
    fn by_chance_it_is_right_in_the_mean_and_small_steps_add_up() {
        let ulp = 1.0 / 128.0;
        for sign in [1.0, -1.0] {
            let row = vec![sign * (1.0 + 0.3 * ulp); 20_000];
            let rounding = Rounding::Stochastic { seed: 3, step: 9 };
            let bytes = RowFormat::Bf16.write(&RowKey::new(&KEY, false), &row, rounding).unwrap();
            let back = RowFormat::Bf16.read(&bytes);
            assert!(back.iter().all(|&x| x == sign || x == sign * (1.0 + ulp)));
            let mean = back.iter().map(|x| (x.abs() - 1.0) / ulp).sum::<f32>() / 20_000.0;
            assert!((mean - 0.3).abs() < 0.018, "{mean}");
        }
        let walk = |rounding: fn(u64) -> Rounding| {
            (0..2000).fold(1.0, |x, step| round(x + 0.1 * ulp, rounding(step)).unwrap())
        };
        assert_eq!(walk(|_| Rounding::Nearest), 1.0);
        let far = walk(|step| Rounding::Stochastic { seed: 0, step });
        // 200 ulp, with a standard deviation of at most 13.4; beyond 2 an ulp is twice as wide.
        assert!((far - 1.0 - 200.0 * ulp).abs() < 70.0 * ulp, "{far}");
    }

    #[test]
    fn the_dice_are_of_the_row_and_the_step() {
        let row = vec![1.003; 64];
        let write = |flipped, seed, step| {
            let rounding = Rounding::Stochastic { seed, step };
            RowFormat::Bf16.write(&RowKey::new(&KEY, flipped), &row, rounding).unwrap()
        };
        let first = write(false, 1, 1);
        assert_eq!(first, write(false, 1, 1));
        for other in [write(true, 1, 1), write(false, 2, 1), write(false, 1, 2)] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn the_bound_of_a_weight_is_rounded_outwards_by_a_thousandth() {
        assert_eq!(round(0.01, Rounding::Nearest), Some(0.010009766));
    }

    #[test]
    fn what_is_not_finite_is_refused_and_what_rounds_to_infinity_too() {
        for number in [f32::NAN, f32::INFINITY, f32::MAX, f32::MIN] {
            assert_eq!(round(number, Rounding::Nearest), None, "{number}");
        }
        let key = RowKey::new(&KEY, false);
        assert!(RowFormat::F32.write(&key, &[f32::NAN], Rounding::Nearest).is_none());
        assert!(RowFormat::F32.write(&key, &[f32::MAX], Rounding::Nearest).is_some());
    }
}
