//! The rows of all images by their names: what ties image i to its phi_i, through any renaming.

use std::collections::BTreeMap;

/// Rows of one length; a name without a row yet has the shared start.
#[derive(Debug, Clone, PartialEq)]
pub struct Latents {
    start: Vec<f32>,
    rows: BTreeMap<String, Vec<f32>>,
}

impl Latents {
    /// No rows yet; each begins as `start`, `[P]`.
    pub fn new(start: Vec<f32>) -> Self {
        Self { start, rows: BTreeMap::new() }
    }

    /// Numbers in a row, P.
    pub fn row_len(&self) -> usize {
        self.start.len()
    }

    /// The rows of `keys`, one after another, `[B, P]` row-major.
    pub fn gather(&self, keys: &[String]) -> Vec<f32> {
        let mut numbers = Vec::with_capacity(keys.len() * self.row_len());
        for key in keys {
            numbers.extend(self.rows.get(key).unwrap_or(&self.start));
        }
        numbers
    }

    /// Keeps `numbers`, `[B, P]` row-major, as the rows of `keys`.
    pub fn scatter(&mut self, keys: &[String], numbers: &[f32]) {
        for (key, row) in keys.iter().zip(numbers.chunks_exact(self.row_len())) {
            self.rows.insert(key.clone(), row.to_vec());
        }
    }

    /// All rows by name.
    pub fn rows(&self) -> &BTreeMap<String, Vec<f32>> {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn rows_come_back_under_their_names_in_any_order() {
        let mut latents = Latents::new(vec![9.0, 9.0]);
        latents.scatter(&keys(&["a", "b"]), &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(latents.gather(&keys(&["b", "new", "a"])), [3.0, 4.0, 9.0, 9.0, 1.0, 2.0]);
        let rows = latents.rows();
        assert!(rows.contains_key("a") && !rows.contains_key("new"));
    }
}
