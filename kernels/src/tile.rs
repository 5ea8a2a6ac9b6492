//! The register tile: as many sums of pixels x channels as registers hold, and the two loops over it.

use crate::lanes::Lanes;

/// Rows and vectors of the tile for `channels`: where they fill one vector only, rows make up for it.
#[inline(always)]
pub(crate) fn tile_of<L: Lanes>(channels: usize) -> (usize, usize) {
    match L::TILE {
        (6 | 4, 2) if channels <= L::N => (8, 1),
        (12, 2) if channels <= L::N => (12, 1),
        tile => tile,
    }
}

/// Calls a method that is generic over the tile's rows and vectors with those for so many channels.
macro_rules! with_tile {
    ($lanes:ty, $channels:expr, $own:ident.$method:ident($($argument:expr),*)) => {
        match $crate::tile::tile_of::<$lanes>($channels) {
            (6, 2) => $own.$method::<$lanes, 6, 2>($($argument),*),
            (4, 2) => $own.$method::<$lanes, 4, 2>($($argument),*),
            (8, 1) => $own.$method::<$lanes, 8, 1>($($argument),*),
            (12, 2) => $own.$method::<$lanes, 12, 2>($($argument),*),
            (12, 1) => $own.$method::<$lanes, 12, 1>($($argument),*),
            _ => $own.$method::<$lanes, 4, 1>($($argument),*),
        }
    };
}
pub(crate) use with_tile;

/// `acc[m][v] += sum over k of rows[m][k] * weights[k][v]`
///
/// # Safety
/// `depth` numbers at each of `rows`, `depth * V` vectors at `weights`, the instruction set of `L`.
#[inline(always)]
pub(crate) unsafe fn multiply<L: Lanes, const M: usize, const V: usize>(
    rows: &[*const f32; M],
    weights: *const f32,
    depth: usize,
    acc: &mut [[L::V; V]; M],
) {
    // A local copy stays in registers.
    let mut sums = *acc;
    // SAFETY: by the caller's promise.
    unsafe {
        for k in 0..depth {
            let vectors: [L::V; V] =
                std::array::from_fn(|v| L::load(weights.add((k * V + v) * L::N)));
            for m in 0..M {
                let x = L::splat(*rows[m].add(k));
                for v in 0..V {
                    sums[m][v] = L::fma(x, vectors[v], sums[m][v]);
                }
            }
        }
    }
    *acc = sums;
}

/// `acc[m][v] += sum over pairs of x[pair.0 + m] * dy[pair.1][v]`
///
/// # Safety
/// `M` numbers at each place of x and `V` vectors at each of dy, the instruction set of `L`.
#[inline(always)]
pub(crate) unsafe fn outer<L: Lanes, const M: usize, const V: usize>(
    pairs: &[[u32; 2]],
    x: *const f32,
    dy: *const f32,
    acc: &mut [[L::V; V]; M],
) {
    // A local copy stays in registers.
    let mut sums = *acc;
    // SAFETY: by the caller's promise.
    unsafe {
        for &[from, to] in pairs {
            let (x, dy) = (x.add(from as usize), dy.add(to as usize));
            let vectors: [L::V; V] = std::array::from_fn(|v| L::load(dy.add(v * L::N)));
            for (m, sums) in sums.iter_mut().enumerate() {
                let x = L::splat(*x.add(m));
                for (sum, &vector) in sums.iter_mut().zip(&vectors) {
                    *sum = L::fma(x, vector, *sum);
                }
            }
        }
    }
    *acc = sums;
}

/// Adds a tile to the sums of its rows, which lie side by side.
///
/// # Safety
/// `M * V` vectors at `sums`, the instruction set of `L`.
#[inline(always)]
pub(crate) unsafe fn add_tile<L: Lanes, const M: usize, const V: usize>(
    acc: [[L::V; V]; M],
    sums: *mut f32,
) {
    // Two loops: over a flattened tile the compiler keeps the sums in memory, and all of the loop before it.
    for (m, acc) in acc.into_iter().enumerate() {
        for (v, acc) in acc.into_iter().enumerate() {
            // SAFETY: by the caller's promise.
            unsafe {
                let sum = sums.add((m * V + v) * L::N);
                L::store(sum, L::add(L::load(sum), acc));
            }
        }
    }
}
