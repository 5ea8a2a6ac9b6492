//! Numbers as people read them, paths as a shell does.

use std::path::Path;

use bytesize::ByteSize;

/// `1 h 02 min`, `3 min 20 s`, `12 s`, `under a second`.
pub fn clock(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) if seconds == 0 => "under a second".to_string(),
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {seconds:02} s"),
        _ => format!("{hours} h {minutes:02} min"),
    }
}

/// `1.4 s`, `under 0.1 s`: of what seldom takes a minute.
pub(crate) fn tenths(seconds: f64) -> String {
    match seconds {
        ..0.05 => "under 0.1 s".to_string(),
        _ => format!("{seconds:.1} s"),
    }
}

/// `310.0 MiB`.
pub fn mebibytes(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}

/// `5,916`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 photo`, `2 photos`, `3 copies`, `4 passes`.
pub fn counted(number: usize, one: &str) -> String {
    let many = match one {
        one if one.ends_with("ss") => format!("{one}es"),
        one => match one.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None => format!("{one}s"),
        },
    };
    match number {
        1 => format!("1 {one}"),
        n => format!("{} {many}", grouped(n as u64)),
    }
}

/// `path` as one word of a shell.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@%".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        let quoted = |path: &str| quoted(Path::new(path));
        assert_eq!(quoted("runs/mine-2"), "runs/mine-2");
        assert_eq!(quoted("my runs/$HOME"), "'my runs/$HOME'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn times_and_counts_are_read_at_a_glance() {
        assert_eq!([12.4, 200.0, 3720.0].map(clock), ["12 s", "3 min 20 s", "1 h 02 min"]);
        assert_eq!([7, 999, 1000, 1234567].map(grouped), ["7", "999", "1,000", "1,234,567"]);
        assert_eq!(
            (counted(1, "photo"), counted(0, "photo")),
            ("1 photo".into(), "0 photos".into())
        );
        assert_eq!(
            (counted(1, "copy"), counted(2, "copy"), counted(1200, "pass")),
            ("1 copy".into(), "2 copies".into(), "1,200 passes".into())
        );
        assert_eq!([0.0, 0.4, 0.6].map(clock), ["under a second", "under a second", "1 s"]);
        assert_eq!([0.01, 0.05, 1.44].map(tenths), ["under 0.1 s", "0.1 s", "1.4 s"]);
    }
}
