//! Columns for people.

use domain::text::shown_line;

/// Rows under a heading, in columns as wide as they need to be.
pub fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    // A cell of several lines could pose as another row.
    let flat = |cell: &String| shown_line(&cell.replace(['\n', '\t'], " "));
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(flat).collect())
        .collect();
    let mut widths: Vec<usize> = heading.iter().map(|cell| cell.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            line.push_str(cell);
            let missing = width - cell.chars().count() + 2;
            line.extend(std::iter::repeat_n(' ', missing));
        }
        line.trim_end().to_owned()
    };
    let mut lines = vec![line(heading.to_vec())];
    for row in &rows {
        lines.push(line(row.iter().map(String::as_str).collect()));
    }
    lines.join("\n")
}

/// A field of a JSON object as text.
pub fn text(value: &serde_json::Value, field: &str) -> String {
    match &value[field] {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A time in milliseconds for people, in UTC.
pub fn time(value: &serde_json::Value) -> String {
    match value.as_u64() {
        Some(time) => federation::format_utc(domain::id::Timestamp(time)),
        None => String::new(),
    }
}

/// The first eight digits of an id.
pub fn short(id: &str) -> String {
    id.chars().take(8).collect()
}

/// A name as one word of a command line, quoted for the shell where it has to be.
pub fn quoted(name: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./:@+".contains(character);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_so_that_a_shell_reads_it_as_one_word() {
        assert_eq!(quoted("Montréal-1"), "Montréal-1");
        assert_eq!(quoted("Montréal $1"), "'Montréal $1'");
        assert_eq!(quoted("Lathe's"), "'Lathe'\\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_cell_of_several_lines_makes_no_row() {
        let row = ["Acme".to_owned(), "fine\nBolt  block\u{1b}[2J".to_owned()];
        let shown = table(&["MEMBER", "REASON"], &[row.into()]);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(
            lines,
            ["MEMBER  REASON", "Acme    fine Bolt  block\\u{1b}[2J"]
        );
    }
}
