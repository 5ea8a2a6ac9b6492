//! Help, completions and the manual, in the programs that read them.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use image::{GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use lacuna::image::save_png;

use crate::common::runs::{picture, write_photos};
use crate::common::vgg16::write_formula;
use crate::common::workshop::{BIN, Workshop, lacuna, ok, strs};

const COMMANDS: [&str; 14] = [
    "train",
    "restore",
    "invert-features",
    "degrade",
    "evaluate",
    "demo",
    "data",
    "info",
    "snapshot",
    "export",
    "completions",
    "man",
    // What they are with is made by the others.
    "interpolate",
    "sample",
];

/// `line` as bash understands it in `folder`, with the program in its path.
fn bash(line: &str, folder: &Path) -> Output {
    let program = Path::new(BIN).parent().unwrap();
    let path = env::join_paths(
        std::iter::once(program.to_path_buf())
            .chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
    );
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-c", line]).current_dir(folder);
    command.env("PATH", path.unwrap()).env("HOME", folder).output().unwrap()
}

/// The lines below `Examples:` in `help`, continued ones joined as a shell joins them.
fn examples(help: &str) -> Vec<String> {
    let below = help.split("Examples:\n").nth(1).unwrap();
    let below = below.split("\n\n").next().unwrap().replace("\\\n", "");
    below.lines().map(|line| line.trim().to_string()).collect()
}

/// What the examples name.
fn prepare(workshop: &Workshop) {
    // As many as latents can be drawn from.
    let learned = workshop.at("learned");
    write_photos(&learned, 24, 24);
    for (name, seed) in [("runs/mine", "train.seed=0"), ("runs/other", "train.seed=1")] {
        let mut train = workshop.train(name, &["data.hold_out=0.5", "data.flip=true", seed]);
        train[1] = learned.to_string_lossy().into_owned();
        ok(&strs(&train));
    }
    for (name, number) in [("a.jpg", 7), ("b.jpg", 8)] {
        picture(number, 24).to_rgb8().save(workshop.at(name)).unwrap();
    }
    let photo = picture(3, 24).to_rgb8();
    photo.save(workshop.at("scan.png")).unwrap();
    GrayImage::from_fn(24, 24, |x, _| Luma([if x < 9 { 255 } else { 0 }]))
        .save(workshop.at("mask.png"))
        .unwrap();
    RgbaImage::from_fn(24, 24, |x, y| {
        let [r, g, b] = photo.get_pixel(x, y).0;
        Rgba([r, g, b, if y < 9 { 0 } else { 255 }])
    })
    .save(workshop.at("cutout.png"))
    .unwrap();
    RgbImage::from_fn(24, 24, |x, y| Rgb([(9 * x + y) as u8; 3]))
        .save(workshop.at("grey.jpg"))
        .unwrap();
    picture(6, 1500).to_rgb8().save(workshop.at("large.jpg")).unwrap();
    let scratch = |x, y| if x > 1000 && (600..700).contains(&y) { 255 } else { 0 };
    GrayImage::from_fn(1500, 1500, |x, y| Luma([scratch(x, y)]))
        .save(workshop.at("large-mask.png"))
        .unwrap();
    write_formula(&workshop.at("vgg16.safetensors"), Some("oxford"));
    save_png(workshop.at("small/a.png"), picture(4, 8).to_rgb8()).unwrap();
    save_png(workshop.at("others/b.png"), picture(5, 24).to_rgb8()).unwrap();
}

#[cfg(unix)]
#[test]
fn every_example_works_when_it_is_pasted() {
    let workshop = Workshop::new();
    prepare(&workshop);
    let mut tried = 0;
    for command in COMMANDS {
        let help = String::from_utf8(ok(&[command, "--help"]).stdout).unwrap();
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{command}");
        for example in examples {
            // Minutes of training; that they are understood is tested beside them.
            let trains = example.contains(" train photos") || example.contains(" demo");
            // A manual needs a reader of manuals.
            if trains || example.contains("man -l") {
                continue;
            }
            let output = bash(&example, &workshop.at(""));
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{example}: {stderr}");
            tried += 1;
        }
    }
    assert!(tried >= 16, "{tried}");
    for made in [
        "mended/scan.strip.png",
        "report/table.md",
        "man1/lacuna-train.1",
        "_lacuna",
        "drawn-7/sheet.png",
    ] {
        assert!(workshop.at(made).is_file(), "{made}");
    }
}

#[cfg(unix)]
#[test]
fn bash_completes_subcommands_options_and_values() {
    let dir = tempfile::tempdir().unwrap();
    let complete = |words: &[&str]| {
        let (last, before) = (words.len() - 1, words[words.len() - 2]);
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let line = format!(
            "source <(lacuna completions bash); COMP_WORDS=({}); COMP_CWORD={last}; \
             _lacuna lacuna '{}' '{before}'; echo \"${{COMPREPLY[@]}}\"",
            quoted.join(" "),
            words[last],
        );
        let output = bash(&line, dir.path());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_string()
    };
    assert_eq!(complete(&["lacuna", "tr"]), "train");
    assert_eq!(complete(&["lacuna", "train", "--ten"]), "--tensorboard");
    assert_eq!(complete(&["lacuna", "train", "--preset", "dra"]), "drawn-64");
    assert_eq!(complete(&["lacuna", "restore", "inp"]), "inpaint");
    assert_eq!(complete(&["lacuna", "evaluate", "--col"]), "--color");
    assert_eq!(complete(&["lacuna", "info", "--color", "ne"]), "never");
    let all = complete(&["lacuna", ""]);
    for command in COMMANDS {
        assert!(all.split(' ').any(|word| word == command), "{command} in {all}");
    }
}

#[test]
fn there_are_completions_for_every_shell_and_another_is_refused() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = String::from_utf8(ok(&["completions", shell]).stdout).unwrap();
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}");
    }
    let output = lacuna(&["completions", "cmd"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("powershell"));
}

/// `LACUNA_GROFF=required` makes it a failure that there is no groff.
#[test]
fn the_manual_is_rendered_without_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("man1");
    ok(&["man", "--out", folder.to_str().unwrap()]);
    let pages: Vec<_> = fs::read_dir(&folder).unwrap().map(|page| page.unwrap().path()).collect();
    // The program's own, and that of `data check`.
    assert_eq!(pages.len(), 2 + COMMANDS.len());
    for page in pages {
        let mut groff = Command::new("groff");
        groff.args(["-man", "-Tutf8", "-ww", "-rLL=78n", "-P-cbou"]).arg(&page);
        let Ok(output) = groff.output() else {
            let is_required = env::var("LACUNA_GROFF").is_ok_and(|wanted| wanted == "required");
            assert!(!is_required, "no groff on the PATH; install one");
            eprintln!("SKIPPED: no groff to render the manual. Put one on the PATH");
            return;
        };
        let warnings = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && warnings.is_empty(), "{}: {warnings}", page.display());
        let text = String::from_utf8_lossy(&output.stdout);
        for heading in ["SYNOPSIS", "OPTIONS", "EXAMPLES", "EXIT STATUS"] {
            assert!(text.contains(heading), "{}: {heading}", page.display());
        }
        // A continued example is one in the manual too.
        assert!(!text.contains("\\e"), "{}", page.display());
    }
    let page = String::from_utf8(ok(&["man", "restore"]).stdout).unwrap();
    assert_eq!(
        page.trim_end(),
        fs::read_to_string(folder.join("lacuna-restore.1")).unwrap().trim_end()
    );
    crate::common::workshop::refused(&["man", "nothing"], &["lacuna-nothing", "restore"]);
}
