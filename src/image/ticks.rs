//! The scale of an axis: its range, its round numbers, and how they are written.

/// The way from a value to its place along an axis, linear or logarithmic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    log: bool,
}

/// Values beyond this are taken for missing: sums and differences of the rest stay finite.
const LARGEST: f64 = 1e300;

impl Axis {
    /// The axis that holds all `values` that can be drawn on it; `[0, 1]`, or a decade, if there are none.
    ///
    /// `padding` is the share of the range that is added at either end.
    pub(crate) fn holding(values: impl Iterator<Item = f64>, log: bool, padding: f64) -> Self {
        let (low, high) = values
            .filter_map(|v| coordinate(v, log))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return Self { low: 0.0, high: 1.0, log };
        }
        // One value, or values that differ by rounding only: give them some room, or ticks would repeat themselves.
        let size = low.abs().max(high.abs());
        let padding = if high - low <= 1e-9 * size || high - low < 1e-290 {
            if log { 0.3 } else { if size == 0.0 { 0.5 } else { (0.1 * size).max(1e-280) } }
        } else {
            (high - low) * padding
        };
        // A loss is not negative: its axis starts at zero rather than a little below.
        let floor = if low >= 0.0 && !log { 0.0 } else { f64::NEG_INFINITY };
        Self { low: (low - padding).max(floor), high: high + padding, log }
    }

    /// The place of `value`: 0 at the low end, 1 at the high end; `None` if it cannot be drawn.
    pub(crate) fn place(&self, value: f64) -> Option<f64> {
        coordinate(value, self.log).map(|v| (v - self.low) / (self.high - self.low))
    }

    /// The places and texts of about four to seven round numbers within the range.
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        let values = if self.log { self.log_values() } else { round_values(self.low, self.high) };
        let step = values.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
        let place = |v: f64| self.place(v).map(|at| (at, label(v, step)));
        values.into_iter().filter_map(place).collect()
    }

    /// Powers of ten where they suffice, a few round values between them where not, and evenly spaced values within a
    /// part of a decade, where too few of these may fall.
    fn log_values(&self) -> Vec<f64> {
        let decades = self.low.floor() as i64..=self.high.ceil() as i64;
        let within = |digits: &[f64]| -> Vec<f64> {
            let values =
                decades.clone().flat_map(|d| digits.iter().map(move |m| m * 10f64.powi(d as i32)));
            values.filter(|v| (self.low..=self.high).contains(&v.log10())).collect()
        };
        let tens = within(&[1.0]);
        if tens.len() >= 4 {
            let stride = tens.len().div_ceil(7);
            return tens.into_iter().step_by(stride).collect();
        }
        [
            &[1.0, 3.0][..],
            &[1.0, 2.0, 5.0],
            &[1.0, 2.0, 3.0, 5.0],
            &[1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0],
        ]
        .iter()
        .map(|digits| within(digits))
        .find(|values| values.len() >= 4)
        .unwrap_or_else(|| round_values(10f64.powf(self.low), 10f64.powf(self.high)))
    }
}

/// The number that is linear along the axis: the value or its decimal logarithm.
pub(super) fn coordinate(value: f64, log: bool) -> Option<f64> {
    let drawable = value.is_finite() && value.abs() <= LARGEST;
    match log {
        // Below the normal numbers a logarithm is still finite, but no loss is.
        true => (drawable && value >= f64::MIN_POSITIVE).then(|| value.log10()),
        false => drawable.then_some(value),
    }
}

/// Multiples of 1, 2, 2.5 or 5 times a power of ten in `[low, high]`: of the four, the finest that gives at most 6.
fn round_values(low: f64, high: f64) -> Vec<f64> {
    let power = 10f64.powf(((high - low) / 6.0).log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power);
    // The tolerance keeps a tick at the very end of the range, where 1.2 / 0.2 is 5.999...
    let inside = |step: f64| ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    for step in steps {
        let (first, last) = inside(step);
        // False for NaN too, so that no range whatever makes a long loop.
        if (0.0..6.0).contains(&(last - first)) {
            let count = (last - first) as usize;
            // `+ 0.0` turns the -0 of a range that starts just below zero into 0.
            return (0..=count).map(|i| (first + i as f64) * step + 0.0).collect();
        }
    }
    Vec::new()
}

/// `value` with the decimals that tell it from its neighbours `step` away: 0.25, 1500, 20k, 1e-5.
fn label(value: f64, step: f64) -> String {
    let step = if step.is_finite() && step > 0.0 { step } else { value.abs() };
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs() >= 1e12 || value.abs().max(step) < 1e-3 {
        let text = format!("{value:.2e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", trimmed(digits));
    }
    let (unit, suffix) = match (value.abs(), step) {
        (v, s) if v >= 1e9 && s >= 1e6 => (1e9, "G"),
        (v, s) if v >= 1e6 && s >= 1e3 => (1e6, "M"),
        (v, s) if v >= 1e4 && s >= 1e2 => (1e3, "k"),
        _ => (1.0, ""),
    };
    // The step's leading digit and one more, for the 2.5s.
    let decimals = (1.0 - (step / unit).log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{}{suffix}", trimmed(&format!("{:.decimals$}", value / unit)))
}

/// Without the zeros at the end of its decimals.
fn trimmed(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[f64], log: bool) -> Vec<String> {
        let axis = Axis::holding(values.iter().copied(), log, 0.0);
        axis.ticks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(texts(&[0.0, 1.0], false), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(texts(&[0.0, 50_000.0], false), ["0", "10k", "20k", "30k", "40k", "50k"]);
        assert_eq!(texts(&[-0.01, 0.1], false), ["0", "0.02", "0.04", "0.06", "0.08", "0.1"]);
        assert_eq!(texts(&[0.0, 1.2], false), ["0", "0.25", "0.5", "0.75", "1"]);
        assert_eq!(texts(&[1e-4, 1.0], true), ["1e-4", "0.001", "0.01", "0.1", "1"]);
        assert_eq!(texts(&[0.05, 2.0], true), ["0.05", "0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!(texts(&[0.004, 0.4], true), ["0.01", "0.03", "0.1", "0.3"]);
        assert_eq!(texts(&[0.024, 0.14], true), ["0.03", "0.04", "0.06", "0.08", "0.1"]);
    }

    #[test]
    fn every_range_has_some_ticks_in_it_each_with_a_text_of_its_own() {
        let ends = [0.0, 1e-12, 3e-5, 0.0123, 0.0124, 0.9, 7.0, 123.4, 99_999.0, 3e7, 1e250];
        for log in [false, true] {
            for (i, &low) in ends.iter().enumerate() {
                for &high in &ends[i..] {
                    let axis = Axis::holding([low, high].into_iter(), log, 0.05);
                    let ticks = axis.ticks();
                    assert!((3..=8).contains(&ticks.len()), "{low} {high} {log}: {ticks:?}");
                    assert!(ticks.iter().all(|(at, _)| (-1e-9..=1.0 + 1e-9).contains(at)));
                    let mut texts: Vec<_> = ticks.iter().map(|(_, text)| text).collect();
                    texts.dedup();
                    assert_eq!(texts.len(), ticks.len(), "{low} {high} {log}: {ticks:?}");
                    assert!(texts.iter().all(|t| t.len() <= 9), "{texts:?}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_drawn_has_no_place_and_no_influence() {
        let values = [f64::NAN, f64::INFINITY, -1.0, 1e305, 0.0, 10.0, 1000.0];
        let log = Axis::holding(values.into_iter(), true, 0.0);
        assert_eq!((log.place(10.0), log.place(100.0)), (Some(0.0), Some(0.5)));
        assert!(log.place(0.0).is_none() && log.place(-1.0).is_none());
        assert!(log.place(f64::NAN).is_none() && log.place(f64::MAX).is_none());
    }

    #[test]
    fn odd_ranges_end_and_stay_finite() {
        for ends in [[-1e300, 1e300], [5e-324, 5e-324], [0.0, 5e-324], [-7.0, -7.0], [1e300, 1e300]]
        {
            for log in [false, true] {
                let axis = Axis::holding(ends.into_iter(), log, 0.05);
                assert!(axis.ticks().iter().all(|(at, _)| at.is_finite()), "{ends:?}");
            }
        }
        assert_eq!(Axis::holding([].into_iter(), false, 0.05).place(0.5), Some(0.5));
    }
}
