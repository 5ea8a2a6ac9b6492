//! Half the height and width: the largest number of every two by two, channels last.
//!
//! ```text
//! y[b, i, j, c] = max of x[b, 2i..2i+2, 2j..2j+2, c]      dx = dy at the first of the largest, row by row, else 0
//! ```
//! A last odd row or column is left out, as PyTorch's `MaxPool2d(2, 2)` does, and so is where the gradient goes.

use std::array;

use crate::parts::{Shared, for_each};

/// `x` `[b, h, w, c]` to `y` `[b, h/2, w/2, c]`, rounded down.
///
/// # Panics
/// Lengths that do not fit the shape.
pub fn max_pool(x: &[f32], [b, h, w, c]: [usize; 4], y: &mut [f32]) {
    let [rows, columns] = [h / 2, w / 2];
    assert!(x.len() == b * h * w * c && y.len() == b * rows * columns * c, "maps of other sizes");
    let y = Shared::new(y);
    for_each(b * rows, |at| {
        // SAFETY: every row belongs to one task.
        let y = unsafe { y.part(at * columns * c..(at + 1) * columns * c) };
        for column in 0..columns {
            let four = four(x, [h, w, c], at, column);
            let y = &mut y[column * c..(column + 1) * c];
            for (channel, y) in y.iter_mut().enumerate() {
                let [first, rest @ ..] = four.map(|of| of[channel]);
                *y = rest.into_iter().fold(first, largest);
            }
        }
    });
}

/// `dx` `[b, h, w, c]` from `x` and the gradient `dy` `[b, h/2, w/2, c]`; the shape is that of `dx`.
///
/// # Panics
/// Lengths that do not fit the shape.
pub fn max_pool_backward(x: &[f32], dy: &[f32], [b, h, w, c]: [usize; 4], dx: &mut [f32]) {
    let [rows, columns] = [h / 2, w / 2];
    let fit = x.len() == b * h * w * c && dx.len() == x.len() && dy.len() == b * rows * columns * c;
    assert!(fit, "maps of other sizes");
    dx.fill(0.0);
    let dx = Shared::new(dx);
    for_each(b * rows, |at| {
        let first = first_row([h, rows], at) * w * c;
        // SAFETY: every pair of rows belongs to one task.
        let dx = unsafe { dx.part(first..first + 2 * w * c) };
        for column in 0..columns {
            let four = four(x, [h, w, c], at, column);
            let places = [2 * column, 2 * column + 1, w + 2 * column, w + 2 * column + 1];
            for channel in 0..c {
                let numbers = four.map(|of| of[channel]);
                let most = numbers.into_iter().fold(numbers[0], largest);
                let place = numbers.iter().position(|&number| number == most).unwrap_or(0);
                dx[places[place] * c + channel] = dy[(at * columns + column) * c + channel];
            }
        }
    });
}

/// The larger; what is no number is larger than all, so that it is not hidden.
fn largest(a: f32, b: f32) -> f32 {
    if b > a || b.is_nan() { b } else { a }
}

/// The first row of `x` of the row `at` of all rows of `y`.
fn first_row([h, rows]: [usize; 2], at: usize) -> usize {
    at / rows * h + at % rows * 2
}

/// The four pixels that row `at` and `column` of `y` come from.
fn four(x: &[f32], [h, w, c]: [usize; 3], at: usize, column: usize) -> [&[f32]; 4] {
    let first = first_row([h, h / 2], at) * w + 2 * column;
    array::from_fn(|i| &x[(first + i / 2 * w + i % 2) * c..][..c])
}
