//! When an image stops by itself: its energy has not fallen by more than a share of itself for some steps.

/// The rule; each image has a watcher of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plateau {
    /// Steps without a new low before the fit ends; 0 never ends it.
    pub window: usize,
    /// A new low is lower than the old one by more than this share of it.
    pub tolerance: f64,
}

/// The lowest energy of one image so far, and the steps since.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watcher {
    lowest: f32,
    since: usize,
}

impl Watcher {
    pub fn new() -> Self {
        Self { lowest: f32::INFINITY, since: 0 }
    }

    /// Counts the energy of one more step; true when the image has had enough.
    pub fn has_settled(&mut self, energy: f32, rule: &Plateau) -> bool {
        if f64::from(energy) < f64::from(self.lowest) * (1.0 - rule.tolerance) {
            (self.lowest, self.since) = (energy, 0);
        } else {
            self.since += 1;
        }
        rule.window > 0 && self.since >= rule.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(energies: impl Iterator<Item = f32>, rule: Plateau) -> Option<usize> {
        let mut watcher = Watcher::new();
        energies.take(1000).position(|energy| watcher.has_settled(energy, &rule))
    }

    #[test]
    fn a_falling_energy_goes_on_and_a_flat_one_stops_after_the_window() {
        let rule = Plateau { window: 20, tolerance: 0.01 };
        let falling = |rate: f32| (0..).map(move |i| (-rate * i as f32).exp());
        assert_eq!(steps(falling(0.05), rule), None);
        assert_eq!(steps(std::iter::repeat(1.0), rule), Some(20));
        assert_eq!(steps(std::iter::repeat(1.0), Plateau { window: 0, ..rule }), None);
        // Slower than 1 % in 20 steps, but a new low by more than 1 % comes before the window ends.
        assert_eq!(steps(falling(0.0006), rule), None);
        assert_eq!(steps(falling(0.0004), rule), Some(20));
    }
}
