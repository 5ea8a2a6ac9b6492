//! Scores: one for each picture, task and system; their means, and files that others can read.

use std::fmt::Write;

use serde::Serialize;

use crate::restore::Task;

/// How far one result is from the truth, as mean squared error in [0, 1].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    pub task: Task,
    pub image: String,
    pub system: String,
    /// In the hole for inpainting, else of the whole image.
    pub mse: f64,
    /// Of the known pixels, for inpainting.
    pub known: Option<f64>,
    /// Of the whole image.
    pub whole: f64,
}

/// The scores of an evaluation in the order they were made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scores(Vec<Score>);

/// One system in one task over all pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub task: Task,
    pub system: String,
    pub mean: f64,
    /// Standard error of the mean over pictures.
    pub error: f64,
    /// The mean over known pixels, for inpainting.
    pub known: Option<f64>,
    pub pictures: usize,
}

impl Scores {
    pub fn push(&mut self, score: Score) {
        self.0.push(score);
    }

    pub fn extend(&mut self, more: Scores) {
        self.0.extend(more.0);
    }

    pub fn all(&self) -> &[Score] {
        &self.0
    }

    /// Tasks and systems in the order of their first score.
    pub fn summaries(&self) -> Vec<Summary> {
        let mut pairs: Vec<(Task, &str)> = Vec::new();
        for score in &self.0 {
            let pair = (score.task, score.system.as_str());
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
        pairs.into_iter().map(|(task, system)| self.summary(task, system)).collect()
    }

    fn summary(&self, task: Task, system: &str) -> Summary {
        let of = |score: &&Score| score.task == task && score.system == system;
        let scores: Vec<&Score> = self.0.iter().filter(of).collect();
        let n = scores.len() as f64;
        let mean = scores.iter().map(|score| score.mse).sum::<f64>() / n;
        let squares: f64 = scores.iter().map(|score| (score.mse - mean).powi(2)).sum();
        let error = if n > 1.0 { (squares / (n - 1.0) / n).sqrt() } else { 0.0 };
        let known: Option<Vec<f64>> = scores.iter().map(|score| score.known).collect();
        let known = known.map(|known| known.iter().sum::<f64>() / n);
        Summary { task, system: system.to_string(), mean, error, known, pictures: scores.len() }
    }

    /// The summaries as a Markdown table.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "| task | system | MSE | standard error | known pixels | pictures |\n|---|---|---|---|---|---|\n",
        );
        for summary in self.summaries() {
            let Summary { task, system, mean, error, known, pictures } = summary;
            let known = known.map_or("-".to_string(), |known| format!("{known:.4}"));
            let name = task.name();
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "| {name} | {system} | {mean:.4} | {error:.4} | {known} | {pictures} |"
            );
        }
        text
    }

    /// Every score as CSV.
    pub fn csv(&self) -> String {
        let mut text = String::from("task,image,system,mse,known_mse,whole_mse\n");
        for Score { task, image, system, mse, known, whole } in &self.0 {
            let image = image.replace('"', "\"\"");
            let known = known.map_or(String::new(), |known| known.to_string());
            let _ =
                writeln!(text, "{},\"{image}\",\"{system}\",{mse},{known},{whole}", task.name());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_standard_errors_are_over_pictures() {
        let mut scores = Scores::default();
        for (image, mse) in [("a", 0.1), ("b", 0.3), ("c, \"d\"", 0.2)] {
            let (image, system) = (image.to_string(), "x".to_string());
            let task = Task::Inpaint;
            scores.push(Score { task, image, system, mse, known: Some(0.5), whole: mse });
        }
        let summary = &scores.summaries()[0];
        assert!((summary.mean - 0.2).abs() < 1e-12 && summary.pictures == 3);
        // Standard deviation 0.1 over the root of 3.
        assert!((summary.error - 0.1 / 3f64.sqrt()).abs() < 1e-12);
        assert_eq!(summary.known, Some(0.5));
        assert!(scores.markdown().contains("| inpaint | x | 0.2000 | 0.0577 | 0.5000 | 3 |"));
        assert!(scores.csv().contains("inpaint,\"c, \"\"d\"\"\",\"x\",0.2,0.5,0.2"));
    }
}
