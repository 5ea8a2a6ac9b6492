//! A Markdown table for a terminal.

/// A Markdown table with its columns under each other, numbers to the right: the same table, for eyes.
pub(super) fn aligned(markdown: &str) -> String {
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_string()).collect()
    };
    let rows: Vec<Vec<String>> = markdown.lines().map(cells).collect();
    let is_rule = |cell: &str| !cell.is_empty() && cell.bytes().all(|byte| byte == b'-');
    let length = |cell: &str| if is_rule(cell) { 1 } else { cell.chars().count() };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let in_column = |at: usize| rows.iter().skip(2).filter_map(move |row| row.get(at));
    let widths: Vec<usize> = (0..columns)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| length(cell)).max())
        .map(Option::unwrap_or_default)
        .collect();
    let is_number = |cell: &String| {
        let bare = cell.trim_matches('*').trim_start_matches('<');
        cell == "-" || bare.parse::<f64>().is_ok()
    };
    let numbers: Vec<bool> = (0..columns).map(|at| in_column(at).all(is_number)).collect();
    let line = |(at, row): (usize, &Vec<String>)| {
        let cells =
            row.iter().zip(&widths).zip(&numbers).map(|((cell, &width), &right)| match right {
                // The line under the heads, and only there.
                _ if at == 1 => "-".repeat(width),
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            });
        format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
    };
    rows.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_table_stand_under_each_other_and_it_stays_markdown() {
        let table =
            "| task | MSE | known |\n|---|---|---|\n| inpaint | 0.01 | 0.1 |\n| a | 10.5 | - |\n";
        let expected = "| task    |  MSE | known |\n| ------- | ---- | ----- |\n\
                        | inpaint | 0.01 |   0.1 |\n| a       | 10.5 |     - |";
        assert_eq!(aligned(table), expected);
        assert_eq!(aligned(expected), expected);
    }
}
