//! A membrane over the pixels of a hole near its rim, held at the rim: every value the mean of its neighbours.
//!
//! ```text
//! level 0: the pixels   level 1: cells of 2 x 2   level 2: of 4 x 4 ...   until the band is a few cells deep
//! the coarsest is solved to rest, and each is the start of the next finer one, which a few sweeps settle
//! ```
//! What is smooth is right already when the pixels are reached, and only what is as fine as a few pixels is left to do
//! there. Sweeps over the pixels alone need some twenty for each pixel of the band's depth: a minute for a wide seam in
//! a large photo.

/// Below this change (of a range of 1) the membrane has come to rest: an eighth of a level of 8 bits.
const REST: f32 = 1.0 / 2048.0;

/// A band of at most so many cells is solved from nothing.
const SHALLOW: usize = 8;

/// Sweeps of a level that starts from a coarser one.
const SWEEPS: usize = 32;

/// No cell at all.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    /// Known and far from the hole, or far inside: it pulls at nothing.
    Outside,
    Band,
    /// Known, and it touches the band.
    Rim,
}

/// The band and its coarser levels, finest first.
#[derive(Debug)]
pub(super) struct Membrane {
    levels: Vec<Level>,
    /// Pixels to the far side of the band.
    depth: usize,
}

impl Membrane {
    /// Over the pixels that are not `known` and whose distance from those that are is finite, at most `depth`; `width`
    /// pixels a row, fewer than 2^32 in all.
    pub fn new(known: &[bool], distances: &[f32], width: usize, depth: usize) -> Self {
        let in_band = |at: usize| !known[at] && distances[at].is_finite();
        let touches = |at: usize| around(at, width, known.len()).into_iter().flatten().any(in_band);
        let cell = |at: usize| match in_band(at) {
            true => Cell::Band,
            false if known[at] && touches(at) => Cell::Rim,
            false => Cell::Outside,
        };
        let mut cells: Vec<Cell> = (0..known.len()).map(cell).collect();
        let mut width = width;
        let mut levels = vec![Level::new(&cells, width)];
        while depth >> (levels.len() - 1) > SHALLOW {
            (cells, width) = coarser(&cells, width);
            levels.push(Level::new(&cells, width));
        }
        // The number of every pixel is needed no more, those of the cells above are.
        levels[0].numbers = Vec::new();
        Self { levels, depth }
    }

    /// Where the pixels of the band are in the picture, row by row.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.levels[0].band().iter().map(|&at| at as usize)
    }

    /// The value of each pixel of the band, with `rim` at the known ones. The same band gives the same bits.
    pub fn offsets(&self, rim: impl Fn(usize) -> f32) -> Vec<f32> {
        // The rims from fine to coarse, each the mean of those that it covers.
        let mut rims: Vec<Vec<f32>> =
            vec![self.levels[0].rim().iter().map(|&at| rim(at as usize)).collect()];
        for pair in self.levels.windows(2) {
            let below = &rims[rims.len() - 1];
            let mut sums = vec![(0.0f32, 0.0f32); pair[1].rim().len()];
            for (&at, value) in pair[0].rim().iter().zip(below) {
                // A cell over a rim is one.
                let sum = &mut sums[pair[1].over(at, pair[0].width) - pair[1].band];
                *sum = (sum.0 + value, sum.1 + 1.0);
            }
            rims.push(sums.iter().map(|(sum, count)| sum / count).collect());
        }
        let mut coarse: Vec<f32> = Vec::new();
        for (number, (level, rim)) in self.levels.iter().zip(rims).enumerate().rev() {
            let mut values = match self.levels.get(number + 1) {
                None => vec![0.0; level.band],
                Some(above) => {
                    let value = |&at: &u32| coarse[above.over(at, level.width)];
                    level.band().iter().map(value).collect()
                }
            };
            values.extend(rim);
            let depth = self.depth >> number;
            match self.levels.len() - 1 == number {
                true => level.settle(&mut values, depth, 20 * depth + 50),
                false => level.settle(&mut values, SHALLOW, SWEEPS),
            }
            coarse = values;
        }
        coarse.truncate(self.levels[0].band);
        coarse
    }
}

/// The cells of a band at one size, and those of its rim, numbered one after the other.
#[derive(Debug)]
struct Level {
    /// Cells in a row.
    width: usize,
    /// How many cells the band has.
    band: usize,
    /// Where they are, row by row; behind them those of the rim.
    places: Vec<u32>,
    /// The neighbours of each cell of the band, by their numbers.
    neighbours: Vec<[u32; 4]>,
    /// The number of the cell at each place.
    numbers: Vec<u32>,
}

impl Level {
    fn new(cells: &[Cell], width: usize) -> Self {
        let of = |kind: Cell| (0..cells.len() as u32).filter(move |&at| cells[at as usize] == kind);
        let mut places: Vec<u32> = of(Cell::Band).collect();
        let band = places.len();
        places.extend(of(Cell::Rim));
        let mut numbers = vec![NONE; cells.len()];
        (0u32..).zip(&places).for_each(|(number, &at)| numbers[at as usize] = number);
        let near = |&at: &u32| {
            around(at as usize, width, cells.len()).map(|at| at.map_or(NONE, |at| numbers[at]))
        };
        let neighbours = places[..band].iter().map(near).collect();
        Self { width, band, places, neighbours, numbers }
    }

    fn band(&self) -> &[u32] {
        &self.places[..self.band]
    }

    fn rim(&self) -> &[u32] {
        &self.places[self.band..]
    }

    /// The number of the cell over the cell at `at` of the next finer level, which is `width` wide.
    fn over(&self, at: u32, width: usize) -> usize {
        let (y, x) = (at as usize / width, at as usize % width);
        self.numbers[y / 2 * self.width + x / 2] as usize
    }

    /// Successive over-relaxation of the band's `values`, row by row, for a band `depth` cells deep.
    fn settle(&self, values: &mut [f32], depth: usize, sweeps: usize) {
        // The best factor for a strip that is held on one side and free on the other.
        let quarter = std::f32::consts::PI / (2 * depth + 1) as f32;
        let factor = 2.0 / (1.0 + quarter.sin());
        for _ in 0..sweeps {
            let mut moved = 0.0f32;
            for (at, neighbours) in self.neighbours.iter().enumerate() {
                let (mut sum, mut count) = (0.0, 0.0);
                for &neighbour in neighbours.iter().filter(|&&neighbour| neighbour != NONE) {
                    sum += values[neighbour as usize];
                    count += 1.0;
                }
                if count > 0.0 {
                    let change = factor * (sum / count - values[at]);
                    values[at] += change;
                    moved = moved.max(change.abs());
                }
            }
            if moved < REST {
                break;
            }
        }
    }
}

/// Cells of 2 x 2: one over a rim is held, as the rim is what is known.
fn coarser(cells: &[Cell], width: usize) -> (Vec<Cell>, usize) {
    let half = width.div_ceil(2);
    let mut coarse = vec![Cell::Outside; half * (cells.len() / width).div_ceil(2)];
    for (at, &cell) in cells.iter().enumerate() {
        let above = &mut coarse[at / width / 2 * half + at % width / 2];
        *above = cell.max(*above);
    }
    (coarse, half)
}

/// Above, left, right, below, where there is one of `all` cells.
fn around(at: usize, width: usize, all: usize) -> [Option<usize>; 4] {
    [
        at.checked_sub(width),
        at.checked_sub(1).filter(|_| !at.is_multiple_of(width)),
        Some(at + 1).filter(|next| !next.is_multiple_of(width)),
        Some(at + width).filter(|&next| next < all),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::distance::distances;
    use super::*;

    const SIDE: usize = 160;

    #[test]
    fn a_wide_band_is_as_if_it_had_been_swept_to_rest() {
        // A hole with a rough rim and an island, an offset that varies along the rim.
        let known = |at: usize| {
            let (y, x) = (at / SIDE, at % SIDE);
            let from = |cy: f32, cx: f32| (y as f32 - cy).hypot(x as f32 - cx);
            from(80.0, 75.0) > 66.0 + (at % 7) as f32 || from(60.0, 90.0) < 6.0
        };
        let known: Vec<bool> = (0..SIDE * SIDE).map(known).collect();
        let rim = |at: usize| ((at / SIDE) as f32 / 23.0).sin() * 0.3 + (at % SIDE) as f32 / 400.0;
        for depth in [9, 20, 48, 100] {
            let distances = distances(&known, SIDE, SIDE, depth);
            let membrane = Membrane::new(&known, &distances, SIDE, depth);
            let found = membrane.offsets(rim);
            let level = &membrane.levels[0];
            let mut swept = found.clone();
            swept.extend(level.rim().iter().map(|&at| rim(at as usize)));
            for _ in 0..200 {
                level.settle(&mut swept, depth, 20 * depth + 50);
            }
            let apart = found.iter().zip(&swept).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1.5 / 255.0, "{depth}: {apart}");
        }
    }
}
