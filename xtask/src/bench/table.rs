//! Figures as a table for people, and as JSON for programs.

use serde_json::{Map, Value};

/// Named columns; the first says what a row is about.
#[derive(Debug)]
pub(super) struct Table {
    columns: &'static [&'static str],
    rows: Vec<Vec<Value>>,
}

impl Table {
    /// No rows yet.
    pub(super) const fn new(columns: &'static [&'static str]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// One more, with a cell for each column.
    pub(super) fn push(&mut self, row: Vec<Value>) {
        self.rows.push(row);
    }

    /// An object for each row.
    pub(super) fn json(&self) -> Value {
        let object = |row: &Vec<Value>| -> Map<String, Value> {
            self.columns.iter().map(|&column| column.to_owned()).zip(row.iter().cloned()).collect()
        };
        self.rows.iter().map(object).collect()
    }

    /// Lines that stand well below each other.
    pub(super) fn text(&self) -> String {
        let head = self.columns.iter().map(|&column| column.to_owned()).collect();
        let lines: Vec<Vec<String>> =
            [head].into_iter().chain(self.rows.iter().map(|row| row.iter().map(cell).collect())).collect();
        let width =
            |place: usize| lines.iter().filter_map(|line| line.get(place)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..self.columns.len()).map(|place| width(place).unwrap_or(0)).collect();
        let written = |line: &Vec<String>| {
            let cells = line.iter().zip(&widths).enumerate().map(|(place, (cell, &width))| match place {
                0 => format!("{cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            });
            cells.collect::<String>() + "\n"
        };
        lines.iter().map(written).collect()
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Number(number) if number.is_f64() => format!("{:.2}", number.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}
