//! Text that is safe inside HTML, and paths that are links.

use std::path::{Component, Path};

/// `text` with the five characters that mean something in HTML written out, for content and quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// [`escape`] of a sentence, in which a name between backticks is set as one.
pub(super) fn prose(text: &str) -> String {
    let text = escape(text);
    let mut parts = text.split('`');
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        match parts.next() {
            Some(after) => out += &format!("<code>{part}</code>{after}"),
            // One that stands alone is no quote.
            None => out += &format!("`{part}"),
        }
    }
    out
}

/// The address of the file `below`, seen from a page in the folder above it: all but letters, digits and `-._~` as
/// `%XX`. `None` for a path that leads out of the folder, whose page may be anywhere by now.
pub(super) fn address(below: &Path) -> Option<String> {
    let mut out = String::from(".");
    for part in below.components() {
        let Component::Normal(name) = part else { return None };
        out.push('/');
        for byte in name.to_str()?.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    out.push(char::from(byte));
                }
                byte => out.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_characters_are_written_out_and_others_stay() {
        assert_eq!(escape("a<b> & \"c\" 'd'"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
        assert_eq!(prose("`a<b` and `c` or `d"), "<code>a&lt;b</code> and <code>c</code> or `d");
        assert_eq!(
            (prose(""), prose("`"), prose("``")),
            ("".into(), "`".into(), "<code></code>".into())
        );
        assert_eq!(escape("gr\u{fc}n \u{4e2d} &amp;"), "gr\u{fc}n \u{4e2d} &amp;amp;");
    }

    #[test]
    fn an_address_stays_below_its_page_and_holds_nothing_that_html_or_a_url_reads() {
        let address = |path: &str| address(Path::new(path));
        assert_eq!(address("a/b c.png"), Some("./a/b%20c.png".into()));
        assert_eq!(address("<i>\"#?%&.png"), Some("./%3Ci%3E%22%23%3F%25%26.png".into()));
        assert_eq!(address("javascript:x/\u{fc}"), Some("./javascript%3Ax/%C3%BC".into()));
        assert_eq!((address("/etc/passwd"), address("../x.png")), (None, None));
    }
}
