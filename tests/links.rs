//! The links of the README and the docs lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

/// What is linked in the Markdown `text`: `[words](target)` and `![words](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

/// Headings of the Markdown `text` as they are linked to: small, words joined by hyphens.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let anchor = |heading: &str| -> String {
        let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        words.chars().filter(|&c| c.is_alphanumeric() || c == '-' || c == '_').collect()
    };
    headings.map(anchor).collect()
}

/// The links in `file` that lead nowhere.
fn broken(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let leads_nowhere = |target: &&str| {
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let place = match path {
            "" => file.to_path_buf(),
            path => file.parent().unwrap().join(path),
        };
        !place.exists()
            || (!anchor.is_empty()
                && !anchors(&fs::read_to_string(&place).unwrap()).contains(&anchor.to_string()))
    };
    let relative = links(&text).filter(|target| !target.contains("://"));
    relative.filter(leads_nowhere).map(|target| format!("{}: {target}", file.display())).collect()
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let is_text = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let files: Vec<PathBuf> =
        docs.filter(is_text).chain([root.join("README.md"), root.join("CHANGELOG.md")]).collect();
    assert!(files.len() > 5, "{files:?}");
    let all: usize =
        files.iter().map(|file| links(&fs::read_to_string(file).unwrap()).count()).sum();
    assert!(all > 20, "{all}");
    let broken: Vec<String> = files.iter().flat_map(|file| broken(file)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_link_that_leads_nowhere_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.md");
    fs::write(
        &file,
        "# One two\n[a](a.md) [b](a.md#one-two) [c](b.md) ![d](#three) [e](https://e)",
    )
    .unwrap();
    let named: Vec<String> =
        broken(&file).iter().map(|line| line.split(": ").nth(1).unwrap().to_string()).collect();
    assert_eq!(named, ["b.md", "#three"]);
}
