//! What the README shows of the screen: a picture that the program made, and the table of keys.
//! `WIRETAPE_SNAPSHOTS=write` rewrites them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ratatui::style::{Color, Modifier, Style};
use wiretape::tui::Key;
use wiretape::tui::keys::{Group, KEYS};

use super::desk::{Desk, demo};
use crate::support::assert_file;

/// Pixels of a cell, and of the text in it.
const CELL: (usize, usize) = (8, 17);
const TEXT: usize = 13;

/// Text of a style, in one piece.
fn class(style: Style) -> &'static str {
    let is = |modifier| style.add_modifier.contains(modifier);
    match style.fg {
        Some(Color::Red) => "bad",
        Some(Color::Yellow) => "warn",
        Some(Color::Cyan) => "out",
        Some(Color::Blue) => "tool",
        _ if is(Modifier::BOLD) => "b",
        _ if is(Modifier::DIM) => "q",
        _ => "p",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The screen as a picture that GitHub shows in light and dark.
fn svg(desk: &Desk) -> String {
    let (width, height) = desk.size;
    let (wide, high) = (usize::from(width) * CELL.0 + 16, usize::from(height) * CELL.1 + 16);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" \
         width=\"{wide}\" height=\"{high}\" role=\"img\" aria-label=\"The Timeline screen\">\n\
         <style>\ntext{{font:{TEXT}px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;\
         white-space:pre}}\n.g{{fill:#fff}}.s{{fill:#d8e6f3}}.p{{fill:#1f2328}}.b{{fill:#1f2328;\
         font-weight:700}}.q{{fill:#6a737d}}.bad{{fill:#b03a00;font-weight:700}}\
         .warn{{fill:#753115}}.out{{fill:#003f98}}.tool{{fill:#006b4c}}\n\
         @media(prefers-color-scheme:dark){{.g{{fill:#1e1e1e}}.s{{fill:#35424f}}.p,.b{{fill:#e6e6e6}}\
         .q{{fill:#9aa4ae}}.bad{{fill:#ff7a4b}}.warn{{fill:#f0c841}}.out{{fill:#6cc1ea}}\
         .tool{{fill:#83bea4}}}}\n</style>\n<rect class=\"g\" width=\"{wide}\" height=\"{high}\" \
         rx=\"6\"/>\n"
    );
    let buffer = desk.buffer();
    for y in 0..height {
        let row: Vec<_> = (0..width).map(|x| (x, &buffer[(x, y)])).collect();
        let top = usize::from(y) * CELL.1 + 8;
        let alike = |a: &(u16, &ratatui::buffer::Cell), b: &(u16, &ratatui::buffer::Cell)| {
            class(a.1.style()) == class(b.1.style())
                && a.1.style().add_modifier.contains(Modifier::REVERSED)
                    == b.1.style().add_modifier.contains(Modifier::REVERSED)
        };
        for piece in row.chunk_by(alike) {
            let (x, cell) = piece[0];
            let left = usize::from(x) * CELL.0 + 8;
            let length = piece.len() * CELL.0;
            if cell.style().add_modifier.contains(Modifier::REVERSED) {
                let _ = writeln!(
                    svg,
                    "<rect class=\"s\" x=\"{left}\" y=\"{top}\" width=\"{length}\" height=\"{}\"/>",
                    CELL.1
                );
            }
            let text: String = piece.iter().map(|(_, cell)| cell.symbol()).collect();
            if text.trim().is_empty() {
                continue;
            }
            let _ = writeln!(
                svg,
                "<text class=\"{}\" x=\"{left}\" y=\"{}\" textLength=\"{length}\">{}</text>",
                class(cell.style()),
                top + TEXT,
                escaped(&text)
            );
        }
    }
    svg + "</svg>\n"
}

#[test]
fn the_picture_is_the_screen() {
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    desk.types(":E102").press(Key::Enter);
    assert_file("docs/timeline.svg", &svg(&desk));
}

#[test]
fn the_keys_are_the_table() {
    let mut table = String::from("| key | does | key | does |\n|---|---|---|---|\n");
    for group in Group::ALL {
        let rows: Vec<String> = KEYS
            .iter()
            .filter(|row| row.group == group)
            .map(|row| {
                let keys: Vec<String> =
                    row.keys.iter().map(|key| format!("`{}`", key.name())).collect();
                format!("{} | {}", keys.join(" "), row.does)
            })
            .collect();
        for pair in rows.chunks(2) {
            let second = pair.get(1).map_or(" | ", String::as_str);
            let _ = writeln!(table, "| {} | {second} |", pair[0]);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once("<!-- keys -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end of keys -->").unwrap();
    assert_file("README.md", &format!("{before}<!-- keys -->\n{table}<!-- end of keys -->{after}"));
}
