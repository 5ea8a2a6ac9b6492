//! A run that is killed at any moment goes on as if nothing had been: processes, and signals that none of them can catch.

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use burn::tensor::Device;
use common::runs::{rows_of, write_photos};
use common::workshop::{BIN, Workshop, bytes, strs, text};
use lacuna::runtime::{stream, uniform};
use lacuna::store::Checkpoint;
use lacuna::train::Run;
use serde_json::Value;

/// How often a run is killed, where `LACUNA_KILLS` says nothing else.
const KILLS: u64 = 40;

/// Commits that a process is left to begin at most, and milliseconds after that.
const COMMITS: f32 = 6.0;
const AFTER: f32 = 12.0;

/// What a process said of itself before it was killed, or ended.
#[derive(Debug, Default)]
struct Told {
    /// Where it began; 0 where it said nothing of it.
    resumed: u64,
    /// The last state that it began to write, and the last that it said is on disk.
    saving: Option<u64>,
    saved: Option<u64>,
    /// It wrote the model.
    finished: bool,
}

impl Told {
    fn hear(&mut self, line: &str) {
        let event: Value = serde_json::from_str(line).unwrap();
        let step = event["step"].as_u64();
        match event["event"].as_str().unwrap() {
            "resumed" => self.resumed = step.unwrap(),
            "saving" => self.saving = step,
            "checkpoint" => self.saved = step,
            "model" => self.finished = true,
            _ => {}
        }
    }
}

/// A process in training whose events are read.
struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    told: Told,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(BIN);
        let mut child = command
            .args(arguments)
            .arg("--json")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, told: Told::default() }
    }

    /// Reads on until it has begun `commits` commits, or to its end.
    fn wait_for(&mut self, commits: u64) {
        let mut begun = 0;
        while begun < commits {
            let Some(line) = self.lines.next() else { return };
            let before = self.told.saving;
            self.told.hear(&line.unwrap());
            begun += u64::from(self.told.saving != before);
        }
    }

    /// What it said to its last breath, and what it complained of.
    fn end(mut self) -> (Told, String) {
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            // The kill may have come in the midst of a line.
            if line.ends_with('}') {
                self.told.hear(&line);
            }
        }
        let output = self.child.wait_with_output().unwrap();
        (self.told, String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn a_run_that_is_killed_again_and_again_is_the_run_that_never_was() {
    let kills = env::var("LACUNA_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let dice = &mut stream(11, "kills");
    let workshop = Workshop::new();
    write_photos(&workshop.at("photos"), 5, 16);
    // A commit after every visit, and about twice as many visits as all kills together will see.
    let passes = format!("train.passes={}", 5 * kills);
    let more = [passes.as_str(), "train.pending_mb=0.0001"];
    let arguments = |run: &str| workshop.train(run, &more);
    let (whole, killed) = (Run::at(workshop.at("whole")), Run::at(workshop.at("killed")));
    let (told, complaint) = Process::start(&strs(&arguments("whole"))).end();
    assert!(told.finished, "{complaint}");

    let first = arguments("killed");
    let resume = ["train", "--resume", "--out", text(killed.folder())];
    let mut within = 0;
    let mut durable = None;
    // The run's first process is killed only when there is a run.
    let mut begin = Process::start(&strs(&first));
    begin.wait_for(1);
    let mut process = Some(begin);
    for kill in 0..kills {
        let mut process = process.take().unwrap_or_else(|| Process::start(&resume));
        let commits = (COMMITS * uniform(dice)) as u64;
        process.wait_for(commits);
        // Without a commit it may also be killed as it starts, which takes longer.
        let longest = if commits == 0 { 30.0 * AFTER } else { AFTER };
        thread::sleep(Duration::from_secs_f32(longest * uniform(dice) / 1000.0));
        process.child.kill().unwrap();
        let (told, complaint) = process.end();
        assert!(!complaint.contains("error:") && !complaint.contains("panicked"), "{complaint}");
        assert!(!told.finished, "kill {kill} came too late");
        within += u64::from(told.saving.is_some() && told.saving != told.saved);

        // What it said to be on disk is there; or, of the commit that was cut off, all.
        let config = killed.settings().unwrap().finish().unwrap();
        let state = Checkpoint::open(&killed.checkpoint(), &config, &Device::flex()).unwrap();
        rows_of(&state);
        let least = told.saved.max(durable).unwrap_or(0);
        let most = told.saving.max(Some(least));
        assert!(
            state.step == least || Some(state.step) == most,
            "kill {kill}: {} is on disk, after {told:?}",
            state.step
        );
        durable = Some(state.step);
    }
    assert!(kills < 1000 || 5 * within >= kills, "{within} of {kills} within a commit");
    println!("{kills} kills, {within} of them within a commit, at step {}", durable.unwrap());

    let (told, complaint) = Process::start(&resume).end();
    assert!(told.finished && told.resumed == durable.unwrap(), "{told:?} {complaint}");
    let state = |run: &Run| {
        let config = run.settings().unwrap().finish().unwrap();
        let state = Checkpoint::open(&run.checkpoint(), &config, &Device::flex()).unwrap();
        (state.model.state(), rows_of(&state), state.step)
    };
    assert!(state(&killed) == state(&whole));
    let model = |run: &Run| bytes(run.model().join("model.safetensors"));
    assert!(model(&killed) == model(&whole));
}
