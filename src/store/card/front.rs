//! What stands before the text of a card, in YAML: what the hub sorts models by.

use crate::config::Config;

/// Licences that Hugging Face's hub knows by an identifier which is that of SPDX in small letters
/// (huggingface.co/docs/hub/repositories-licenses).
const KNOWN: [&str; 49] = [
    "afl-3.0",
    "agpl-3.0",
    "apache-2.0",
    "artistic-2.0",
    "bsd-2-clause",
    "bsd-3-clause",
    "bsd-3-clause-clear",
    "bsl-1.0",
    "c-uda",
    "cc-by-2.0",
    "cc-by-2.5",
    "cc-by-3.0",
    "cc-by-4.0",
    "cc-by-nc-2.0",
    "cc-by-nc-3.0",
    "cc-by-nc-4.0",
    "cc-by-nc-nd-3.0",
    "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-2.0",
    "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0",
    "cc-by-nd-4.0",
    "cc-by-sa-3.0",
    "cc-by-sa-4.0",
    "cc0-1.0",
    "cdla-permissive-1.0",
    "cdla-permissive-2.0",
    "cdla-sharing-1.0",
    "ecl-2.0",
    "epl-1.0",
    "epl-2.0",
    "etalab-2.0",
    "eupl-1.1",
    "gpl-2.0",
    "gpl-3.0",
    "isc",
    "lgpl-2.1",
    "lgpl-3.0",
    "lppl-1.3c",
    "mit",
    "mpl-2.0",
    "ms-pl",
    "ncsa",
    "ofl-1.1",
    "osl-3.0",
    "postgresql",
    "unlicense",
    "wtfpl",
    "zlib",
];

const TAGS: [&str; 7] = [
    "lacuna",
    "latent-convolutional-model",
    "image-restoration",
    "inpainting",
    "super-resolution",
    "colorization",
    "denoising",
];

pub(super) fn matter(config: &Config) -> String {
    let tags: String = TAGS.iter().map(|tag| format!("- {tag}\n")).collect();
    format!(
        "---\n{}library_name: lacuna\npipeline_tag: image-to-image\ntags:\n{tags}---\n\n",
        license(&config.model.license)
    )
}

/// `license` as the hub takes it; nothing where nothing is said.
fn license(license: &str) -> String {
    let words: Vec<String> = license.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return String::new();
    }
    let id = words.join("-");
    // SPDX tells of the GNU licences whether a later one will do as well; the hub does not, and the text below does.
    let short = ["-only", "-or-later", "+"].iter().find_map(|end| id.strip_suffix(end));
    let short = short.filter(|id| id.contains("gpl-"));
    match [Some(id.as_str()), short].into_iter().flatten().find(|id| KNOWN.contains(id)) {
        Some(known) => format!("license: {known}\n"),
        None => format!("license: other\nlicense_name: {}\n", name(&id)),
    }
}

/// A name as the hub takes it, of small letters, digits, dots and dashes; quoted, since it may look like a number.
fn name(id: &str) -> String {
    let plain = id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' });
    let plain: String = plain.take(80).collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    match parts.is_empty() {
        true => "\"of-its-own\"".into(),
        false => format!("\"{}\"", parts.join("-")),
    }
}

#[cfg(test)]
mod tests {
    use super::license as front;

    #[test]
    fn a_licence_that_the_hub_knows_is_named_by_its_identifier_and_another_by_its_name() {
        for (given, expected) in [
            ("", ""),
            ("  ", ""),
            ("MIT", "license: mit\n"),
            ("CC BY 4.0", "license: cc-by-4.0\n"),
            ("CC0-1.0", "license: cc0-1.0\n"),
            ("GPL-3.0-or-later", "license: gpl-3.0\n"),
            ("LGPL-2.1-only", "license: lgpl-2.1\n"),
            ("MIT OR Apache-2.0", "license: other\nlicense_name: \"mit-or-apache-2.0\"\n"),
            ("1.0", "license: other\nlicense_name: \"1.0\"\n"),
            ("only\n---\nfor: me\"", "license: other\nlicense_name: \"only-for-me\"\n"),
            ("内部", "license: other\nlicense_name: \"of-its-own\"\n"),
        ] {
            assert_eq!(front(given), expected, "{given}");
        }
    }
}
