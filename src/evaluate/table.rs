//! Scores as files that others can read.

use std::fmt::Write;

use serde::Serialize;

use super::scores::{Scores, Stat, Summary};

/// What bold and `p` mean, for below a table.
pub const MEANING: &str = "Bold: the lowest mean, and lower than that of every other system of the task by more than chance. \
     p: Wilcoxon's signed-rank test over the pictures, two-sided, against the system with the lowest mean, adjusted by Holm \
     for all that were compared with it in the task; bold wants every one below .05.";

impl Scores {
    /// The summaries as a Markdown table.
    pub fn markdown(&self) -> String {
        let shown: Vec<usize> = (0..self.heads.len()).filter(|&at| self.heads[at].shown).collect();
        let mut heads = vec!["task", "system"];
        for (place, &at) in shown.iter().enumerate() {
            heads.push(&self.heads[at].title);
            if place == 0 {
                heads.push("standard error");
            }
        }
        heads.extend(["p", "pictures", "steps", "seconds"]);
        let mut text = line(&heads.iter().map(|head| head.to_string()).collect::<Vec<_>>());
        text += &line(&vec!["---".to_string(); heads.len()]);
        for summary in self.summaries() {
            let mut cells = vec![summary.task.name().to_string(), summary.system.replace('|', "/")];
            for (place, &at) in shown.iter().enumerate() {
                let digits = self.heads[at].digits;
                let number = |number: f64| format!("{number:.digits$}");
                let stat = summary.stats[at];
                let mean = stat.map_or("-".to_string(), |stat| number(stat.mean));
                cells.push(match place == 0 && summary.best {
                    true => format!("**{mean}**"),
                    false => mean,
                });
                if place == 0 {
                    cells.push(stat.map_or("-".to_string(), |stat| number(stat.error)));
                }
            }
            cells.push(summary.p.map_or("-".into(), p_text));
            cells.push(summary.pictures.to_string());
            cells.push(summary.steps.map_or("-".into(), |steps| format!("{steps:.0}")));
            cells.push(format!("{:.3}", summary.seconds));
            text += &line(&cells);
        }
        text
    }

    /// Every score as CSV: a measure without a number is empty.
    pub fn csv(&self) -> String {
        let names: Vec<&str> = self.heads.iter().map(|head| head.name).collect();
        let mut text = format!("task,image,system,{},steps,near,id,seconds\n", names.join(","));
        for score in self.all() {
            let readings = score.readings.iter().map(|reading| reading.number());
            let readings: Vec<String> =
                readings.map(|n| n.map_or(String::new(), |n| n.to_string())).collect();
            let steps = score.steps.map_or(String::new(), |steps| steps.to_string());
            let near = score.near.as_deref().map_or(String::new(), quoted);
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{},{steps},{near},{},{:.6}",
                score.task.name(),
                quoted(&score.image),
                quoted(&score.system),
                readings.join(","),
                score.id,
                score.seconds,
            );
        }
        text
    }

    /// The summaries as JSON.
    pub(super) fn json(&self, reconstruction: &[Reconstruction]) -> String {
        let measures = self.heads.iter().map(|head| head.name).collect();
        let whole = Whole { measures, summaries: self.summaries(), reconstruction };
        serde_json::to_string_pretty(&whole).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Whole<'a> {
    measures: Vec<&'a str>,
    summaries: Vec<Summary>,
    reconstruction: &'a [Reconstruction],
}

/// How well a model can make pictures whole and undamaged, of both sides of the split (Table 5 of the paper).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reconstruction {
    pub system: String,
    /// LapL1 + MSE; `None` where there was no picture.
    pub train: Option<Stat>,
    pub test: Option<Stat>,
}

/// The reconstruction losses as a Markdown table.
pub(super) fn reconstruction_markdown(all: &[Reconstruction]) -> String {
    let heads = ["system", "side", "LapL1 + MSE", "standard error", "pictures"];
    let mut text = line(&heads.map(String::from));
    text += &line(&["---"; 5].map(String::from));
    for one in all {
        for (side, stat) in [("learned", one.train), ("held out", one.test)] {
            let Some(Stat { mean, error, pictures }) = stat else { continue };
            text += &line(&[
                one.system.clone(),
                side.to_string(),
                format!("{mean:.5}"),
                format!("{error:.5}"),
                pictures.to_string(),
            ]);
        }
    }
    text
}

/// `.031`, `<.001`.
pub(super) fn p_text(p: f64) -> String {
    match p {
        ..0.001 => "<0.001".to_string(),
        p => format!("{p:.3}"),
    }
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::super::scores::tests::scores;

    #[test]
    fn tables_hold_means_and_say_what_is_best_and_csv_quotes_names() {
        let good: Vec<f64> = (0..8).map(|i| 0.1 + 0.01 * f64::from(i)).collect();
        let bad: Vec<f64> = good.iter().map(|v| v + 0.1).collect();
        let scores = scores(&[("bad", &bad), ("go\"od", &good)]);
        let table = scores.markdown();
        let head = "| task | system | MSE | standard error | known pixels | p | pictures | steps | seconds |";
        assert_eq!(table.lines().next(), Some(head));
        assert!(
            table.contains("| inpaint | bad | 0.2350 | 0.0087 | 0.5000 | 0.008 | 8 | 10 | 0.500 |"),
            "{table}"
        );
        assert!(table.contains("| go\"od | **0.1350** | 0.0087 | 0.5000 | - | 8 |"), "{table}");
        let csv = scores.csv();
        assert!(csv.starts_with("task,image,system,mse,known_mse,steps,near,id,seconds\n"));
        assert!(csv.contains("inpaint,\"0.png\",\"go\"\"od\",0.1,0.5,10,,"), "{csv}");
    }
}
