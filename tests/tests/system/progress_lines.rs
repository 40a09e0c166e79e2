//! Lines that are printed while a progress bar is on the terminal: they stay whole, and so does the bar.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use joblib::parallel::{ProgressWriter, suspend_progress};
use joblib::prelude::*;

const TITLE: &str = "the bar";

const BACKENDS: [&str; 4] = ["threading", "sequential", "loky", "multiprocessing"];

#[cached(verbose = 10)]
fn remembered(n: u32) -> u32 {
    n
}

/// Prints in every way that is meant to pass a bar.
fn talk(n: u32) -> u32 {
    std::thread::sleep(std::time::Duration::from_millis(10));
    remembered(n / 2);
    if n.is_multiple_of(2) {
        suspend_progress(|| println!("line {n} of a task"));
    } else {
        writeln!(ProgressWriter::stderr(), "line {n} of a logger").unwrap();
    }
    n
}

#[test]
#[ignore = "run by lines_pass_a_progress_bar_whole"]
fn a_program_that_prints_beside_a_bar() {
    let folder = tempfile::tempdir().unwrap();
    Memory::new(folder.path().join("cache")).unwrap().install().unwrap();
    for backend in BACKENDS {
        let tasks = (0..12).map(|n| delayed(talk, (n,)));
        let parallel = Parallel::new().backend(backend).n_jobs(2).verbose(100).progress(TITLE);
        assert_eq!(parallel.run(tasks).unwrap().len(), 12);
    }
}

/// Columns of the terminal.
const WIDTH: u16 = 100;

/// A screen that knows what the bar writes: lines that are wrapped, carriage returns, the erasing of lines and moves.
#[derive(Default)]
struct Screen {
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    fn show(&mut self, text: &str) {
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            self.lines.resize(self.lines.len().max(self.row + 1), Vec::new());
            match c {
                '\n' => self.row += 1,
                '\r' => self.column = 0,
                '\u{1b}' => {
                    assert_eq!(rest.next(), Some('['), "an escape sequence that the test does not know");
                    let mut argument = String::new();
                    while let Some(digit) = rest.next_if(|c| c.is_ascii_digit() || *c == '?' || *c == ';') {
                        argument.push(digit);
                    }
                    let count = argument.parse().unwrap_or(1);
                    match rest.next() {
                        Some('K') if argument == "2" => self.lines[self.row].clear(),
                        Some('K') => self.lines[self.row].truncate(self.column),
                        Some('A') => self.row = self.row.saturating_sub(count),
                        Some('B') => self.row += count,
                        Some('D') => self.column = self.column.saturating_sub(count),
                        // Colours, and whether the cursor is seen.
                        Some('m' | 'h' | 'l') => {}
                        other => {
                            panic!("an escape sequence that the test does not know: {argument}{other:?}")
                        }
                    }
                }
                c => {
                    // A full line is wrapped when more comes.
                    if self.column == usize::from(WIDTH) {
                        (self.row, self.column) = (self.row + 1, 0);
                        self.lines.resize(self.lines.len().max(self.row + 1), Vec::new());
                    }
                    let line = &mut self.lines[self.row];
                    line.resize(line.len().max(self.column + 1), ' ');
                    line[self.column] = c;
                    self.column += 1;
                }
            }
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn lines_pass_a_progress_bar_whole() {
    let nix::pty::OpenptyResult { master, slave } = nix::pty::openpty(
        Some(&nix::pty::Winsize { ws_row: 60, ws_col: WIDTH, ws_xpixel: 0, ws_ypixel: 0 }),
        None,
    )
    .unwrap();
    let terminal = || Stdio::from(slave.try_clone().unwrap());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "progress_lines::a_program_that_prints_beside_a_bar", "--ignored", "--nocapture"])
        .env("TERM", "xterm")
        .stdin(terminal())
        .stdout(terminal())
        .stderr(terminal())
        .spawn()
        .unwrap();
    drop(slave);
    let mut written = Vec::new();
    let mut terminal = std::fs::File::from(master);
    // A terminal whose last user is gone ends in an error.
    let _ = terminal.read_to_end(&mut written);
    let written = String::from_utf8(written).unwrap();
    assert!(child.wait().unwrap().success(), "{written}");
    let mut screen = Screen::default();
    screen.show(&written);
    let lines: Vec<String> =
        screen.lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned()).collect();
    let text = lines.join("\n");
    for n in 0..12 {
        let by = if n % 2 == 0 { "a task" } else { "a logger" };
        let line = format!("line {n} of {by}");
        assert_eq!(lines.iter().filter(|other| **other == line).count(), BACKENDS.len(), "{line}:\n{text}");
    }
    assert!(lines.iter().any(|line| line.starts_with("[Parallel(n_jobs=2)]: Done")), "{text}");
    assert!(lines.iter().any(|line| line.starts_with("[Memory] ")), "{text}");
    assert!(lines.iter().all(|line| line.rfind("[Memory] ").is_none_or(|at| at == 0)), "{text}");
    // Each bar is there once, where it ended.
    let bars: Vec<&String> = lines.iter().filter(|line| line.contains(TITLE)).collect();
    assert_eq!(bars.len(), BACKENDS.len(), "{text}");
    assert!(bars.iter().all(|bar| bar.starts_with(TITLE) && bar.contains("12/12")), "{text}");
}
