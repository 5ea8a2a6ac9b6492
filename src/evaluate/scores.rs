//! Scores: one for each picture, task and system; what they come to, with what differs by more than chance.

use serde::Serialize;

use super::measures::{Head, Measures, Reading};
use super::paired::{holm, signed_rank};
use crate::data::Id;
use crate::restore::Task;

/// The level below which a difference is more than chance.
pub const LEVEL: f64 = 0.05;

/// What one system made of one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub task: Task,
    pub id: Id,
    pub image: String,
    pub system: String,
    /// One for each measure.
    pub readings: Vec<Reading>,
    /// Steps of the fit; a way without a model has none.
    pub steps: Option<usize>,
    /// Its share of the time of its batch.
    pub seconds: f64,
    /// The learned photo that the picture is near to: such a score counts in no mean unless that is asked for.
    pub near: Option<String>,
}

/// The scores of an evaluation in the order they were made.
#[derive(Debug, Clone)]
pub struct Scores {
    pub heads: Vec<Head>,
    /// Whether pictures that are near to a learned one count.
    pub include_near: bool,
    all: Vec<Score>,
}

/// Mean and standard error over pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stat {
    pub mean: f64,
    pub error: f64,
    /// Pictures that have a number.
    pub pictures: usize,
}

/// One system in one task over all pictures that count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    pub task: Task,
    pub system: String,
    /// One for each measure; `None` where no picture has a number.
    pub stats: Vec<Option<Stat>>,
    pub pictures: usize,
    /// Means over pictures.
    pub steps: Option<f64>,
    pub seconds: f64,
    /// Of the signed-rank test against the system with the best mean, adjusted for all that were compared with it; `None`
    /// for that system itself.
    pub p: Option<f64>,
    /// Its mean is the best, and better than every other by more than chance.
    pub best: bool,
}

impl Summary {
    /// Of the first measure.
    pub fn main(&self) -> Option<Stat> {
        self.stats.first().copied().flatten()
    }
}

impl Scores {
    pub fn of(measures: &Measures) -> Self {
        Self { heads: measures.heads(), include_near: false, all: Vec::new() }
    }

    pub fn push(&mut self, score: Score) {
        self.all.push(score);
    }

    pub fn extend(&mut self, more: Scores) {
        self.all.extend(more.all);
    }

    pub fn all(&self) -> &[Score] {
        &self.all
    }

    /// Whether `score` counts in means.
    pub fn counts(&self, score: &Score) -> bool {
        self.include_near || score.near.is_none()
    }

    /// Those of `system` in `task` that count.
    pub fn counted<'a>(
        &'a self,
        task: Task,
        system: &'a str,
    ) -> impl Iterator<Item = &'a Score> + 'a {
        let is_it = move |score: &&Score| score.task == task && score.system == system;
        self.all.iter().filter(is_it).filter(|score| self.counts(score))
    }

    /// The tasks in the order of their first score.
    pub fn tasks(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        self.all.iter().for_each(|score| {
            if !tasks.contains(&score.task) {
                tasks.push(score.task);
            }
        });
        tasks
    }

    /// The systems of `task` in the order of their first score.
    pub fn systems(&self, task: Task) -> Vec<&str> {
        let mut systems = Vec::new();
        for score in self.all.iter().filter(|score| score.task == task) {
            if !systems.contains(&score.system.as_str()) {
                systems.push(score.system.as_str());
            }
        }
        systems
    }

    /// Tasks and systems in the order of their first score.
    pub fn summaries(&self) -> Vec<Summary> {
        self.tasks().into_iter().flat_map(|task| self.of_task(task)).collect()
    }

    /// The systems of `task`, compared with the best of them.
    pub fn of_task(&self, task: Task) -> Vec<Summary> {
        let systems = self.systems(task);
        let mut summaries: Vec<Summary> =
            systems.iter().map(|system| self.summary(task, system)).collect();
        let lower = self.heads.first().is_none_or(|head| head.lower_is_better);
        let value = |summary: &Summary| {
            let mean = summary.main().map_or(f64::INFINITY, |stat| stat.mean);
            if lower || mean.is_infinite() { mean } else { -mean }
        };
        let best = (0..summaries.len())
            .min_by(|&a, &b| value(&summaries[a]).total_cmp(&value(&summaries[b])));
        let Some(best) = best.filter(|&at| summaries[at].main().is_some()) else {
            return summaries;
        };
        let others: Vec<usize> = (0..summaries.len()).filter(|&at| at != best).collect();
        let mut p = Vec::new();
        // Whether most pictures agree with the means.
        let mut agree = true;
        for &at in &others {
            let differences = self.differences(task, systems[at], systems[best]);
            let test = signed_rank(&differences);
            agree &= if lower { test.above > test.below } else { test.below > test.above };
            p.push(test.p);
        }
        let p = holm(&p);
        summaries[best].best = !p.is_empty() && agree && p.iter().all(|&p| p < LEVEL);
        others.iter().zip(p).for_each(|(&at, p)| summaries[at].p = Some(p));
        summaries
    }

    /// The first measure of `one` less that of `other`, on the pictures that both have it of.
    fn differences(&self, task: Task, one: &str, other: &str) -> Vec<f64> {
        let number = |score: &Score| score.readings.first().and_then(Reading::number);
        let of_other: std::collections::HashMap<&Id, f64> = self
            .counted(task, other)
            .filter_map(|score| Some((&score.id, number(score)?)))
            .collect();
        let pair = |score: &Score| Some(number(score)? - of_other.get(&score.id)?);
        self.counted(task, one).filter_map(pair).collect()
    }

    fn summary(&self, task: Task, system: &str) -> Summary {
        let scores: Vec<&Score> = self.counted(task, system).collect();
        let stat = |at: usize| {
            let numbers: Vec<f64> =
                scores.iter().filter_map(|score| score.readings.get(at)?.number()).collect();
            Stat::of(&numbers)
        };
        let mean = |numbers: &mut dyn Iterator<Item = f64>| {
            numbers.sum::<f64>() / scores.len().max(1) as f64
        };
        let steps = scores
            .first()
            .and_then(|score| score.steps)
            .map(|_| mean(&mut scores.iter().map(|score| score.steps.unwrap_or_default() as f64)));
        Summary {
            task,
            system: system.to_string(),
            stats: (0..self.heads.len()).map(stat).collect(),
            pictures: scores.len(),
            steps,
            seconds: mean(&mut scores.iter().map(|score| score.seconds)),
            p: None,
            best: false,
        }
    }
}

impl Stat {
    /// Of `numbers`; the standard error of one alone is 0. `None` where there is none.
    pub fn of(numbers: &[f64]) -> Option<Self> {
        if numbers.is_empty() {
            return None;
        }
        let n = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / n;
        let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
        let error = if n > 1.0 { (squares / (n - 1.0) / n).sqrt() } else { 0.0 };
        Some(Self { mean, error, pictures: numbers.len() })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Scores of `systems` on pictures 0, 1, ..., of the first measure alone.
    pub fn scores(systems: &[(&str, &[f64])]) -> Scores {
        let mut scores = Scores::of(&Measures::usual());
        scores.heads.truncate(2);
        for (system, numbers) in systems {
            for (at, number) in numbers.iter().enumerate() {
                scores.push(Score {
                    task: Task::Inpaint,
                    id: Id::of(&[at as u8]),
                    image: format!("{at}.png"),
                    system: system.to_string(),
                    readings: vec![Reading::Number(*number), Reading::Number(0.5)],
                    steps: Some(10),
                    seconds: 0.5,
                    near: None,
                });
            }
        }
        scores
    }

    #[test]
    fn means_and_standard_errors_are_over_pictures() {
        let scores = scores(&[("x", &[0.1, 0.3, 0.2])]);
        let summary = &scores.summaries()[0];
        let main = summary.main().unwrap();
        assert!((main.mean - 0.2).abs() < 1e-12 && summary.pictures == 3);
        // Standard deviation 0.1 over the root of 3.
        assert!((main.error - 0.1 / 3f64.sqrt()).abs() < 1e-12);
        assert_eq!(summary.stats[1].unwrap().mean, 0.5);
        assert_eq!((summary.p, summary.best), (None, false), "nothing to be better than");
    }

    #[test]
    fn the_best_is_marked_only_where_it_is_better_by_more_than_chance() {
        let good: Vec<f64> = (0..12).map(|i| 0.1 + 0.01 * f64::from(i)).collect();
        let bad: Vec<f64> = good.iter().map(|v| v + 0.02 + v * v / 9.0).collect();
        let worse: Vec<f64> = good.iter().map(|v| v + 0.2).collect();
        let best = |systems: &[(&str, &[f64])]| -> Vec<String> {
            let summaries = scores(systems).summaries();
            summaries.into_iter().filter(|one| one.best).map(|one| one.system).collect()
        };
        assert_eq!(best(&[("bad", &bad), ("good", &good), ("worse", &worse)]), ["good"]);
        // Of four pictures nothing is more than chance.
        assert!(best(&[("bad", &bad[..4]), ("good", &good[..4])]).is_empty());
        // As good on half of them.
        let even: Vec<f64> =
            good.iter().enumerate().map(|(i, v)| v + [0.011, -0.01][i % 2]).collect();
        assert!(best(&[("even", &even), ("good", &good), ("worse", &worse)]).is_empty());
        // The lowest mean by one picture alone, and worse on all the others.
        let lucky: Vec<f64> =
            good.iter().enumerate().map(|(i, v)| if i == 0 { -9.0 } else { v + 0.1 }).collect();
        assert!(best(&[("lucky", &lucky), ("good", &good)]).is_empty());
        // Six comparisons want more than one does: of 6 pictures p is .031.
        let six = [("bad", &bad[..6]), ("good", &good[..6])];
        assert_eq!(best(&six), ["good"]);
        assert!(best(&[six[0], six[1], ("worse", &worse[..6])]).is_empty());
    }

    #[test]
    fn what_is_near_to_a_learned_photo_counts_only_where_that_is_asked_for() {
        let mut scores = scores(&[("x", &[0.1, 0.3, 0.8])]);
        scores.all[2].near = Some("learned.png".into());
        assert_eq!(scores.summaries()[0].pictures, 2);
        assert!((scores.summaries()[0].main().unwrap().mean - 0.2).abs() < 1e-12);
        scores.include_near = true;
        assert_eq!(scores.summaries()[0].pictures, 3);
    }
}
