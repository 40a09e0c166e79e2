//! `joblib report`: the structure of the page, and the page in a browser.
//!
//! The tests with a browser use the program that `JOBLIB_TEST_CHROMIUM` names, else `chromium` (Debian's package of
//! that name). They fail where there is none, unless `JOBLIB_TEST_WITHOUT` names `chromium`, as `cargo xtask test` does.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use joblib_record::{Argument, Begin, End, Hit, Outcome, Recorder, enter};

use crate::joblib::Place;

const HOSTILE: &str =
    "</script></style><script>document.title='owned'</script><img src=x onerror=alert(1)>\"'&\x1b[2J\u{202e}";

struct Runs(Place);

impl Deref for Runs {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.0
    }
}

impl Runs {
    fn new() -> Self {
        Self(Place::new("report"))
    }

    fn begin(&self) -> Recorder {
        Recorder::begin_run(&self.records()).expect("a record")
    }

    fn page(&self) -> (PathBuf, String) {
        let file = self.path().join("report.html");
        self.text(&["--output", file.to_str().expect("UTF-8")]);
        let text = fs::read_to_string(&file).expect("a page");
        (file, text)
    }
}

fn call(name: &str, x: u64, recorder: &Recorder, cause: &str, outcome: Outcome) {
    let begin = Begin { cause: cause.to_owned().into(), ..of(name, x) };
    let step = recorder.begin(&begin);
    step.end(&End { bytes: 1000, message: "no rows".into(), ..End::new(outcome) });
}

fn of(name: &str, x: u64) -> Begin<'static> {
    let arguments = vec![Argument { name: "x".into(), text: Some(x.to_string().into()) }];
    Begin { name: name.to_owned().into(), call: u128::from(x).to_be_bytes(), arguments, ..Begin::call() }
}

fn hit(name: &str, x: u64, recorder: &Recorder) {
    let Begin { name, call, arguments, .. } = of(name, x);
    let (took, computing) = (2000, 3_000_000_000);
    recorder.hit(Hit { name, call, arguments, took, computing, ..Hit::default() });
}

/// A study that is run twice; the second time one function was edited.
fn study() -> Runs {
    let runs = Runs::new();
    let before = runs.begin();
    call("study::load", 1, &before, "it was never computed", Outcome::Computed);
    call("study::fit", 1, &before, "it was never computed", Outcome::Computed);
    let run = runs.begin();
    hit("study::load", 1, &run);
    call("study::fit", 1, &run, "computed because `study::fit` changed since 29 Nov", Outcome::Computed);
    let parallel = run.begin(&Begin { name: "Parallel".into(), tasks: 2, ..Begin::parallel() });
    let entered = enter(parallel.position());
    call("study::score", 2, &run, "it was never computed", Outcome::Failed);
    run.tasks(0, 2, 10);
    drop(entered);
    parallel.end(&End {
        tasks: 2,
        failed: 1,
        message: "task 1: no rows".into(),
        ..End::new(Outcome::Failed)
    });
    runs
}

/// The part of the page between the section of this id and the next one.
fn section<'p>(page: &'p str, id: &str) -> &'p str {
    let start = page.find(&format!("<section id=\"{id}\"")).unwrap_or_else(|| panic!("no section {id}"));
    let end = page[start..].find("</section>").expect("it ends");
    &page[start..start + end]
}

#[test]
fn the_page_has_every_table_and_stands_alone() {
    let runs = study();
    let (_, page) = runs.page();
    let row = |id: &str, part: &str| {
        let rows = section(&page, id).lines().filter(|line| line.contains(part));
        rows.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(
        row("functions", "title=\"study::load\"")[0].contains("<td class=\"n\">1</td><td class=\"n\">0</td>")
    );
    assert!(row("functions", "title=\"study::load\"")[0].contains("3.0 s saved"));
    assert!(row("comparison", "fit: 1 call computed in this run and not before").is_empty());
    let edited = section(&page, "comparison");
    assert!(edited.contains("score: 1 call failed in this run and not before"), "{edited}");
    assert!(edited.contains("load: 1 call computed before and not in this run"), "{edited}");
    let failed = edited.lines().find(|line| line.contains("score(x=2)")).expect("the call that failed");
    assert!(failed.contains("</code> failed in ") && failed.contains("not called before"), "{failed}");
    assert!(failed.contains("<span class=\"message\">no rows</span>"), "{failed}");
    let failures = section(&page, "failures");
    assert!(failures.contains("score(x=2)") && failures.contains("no rows"), "{failures}");
    assert!(section(&page, "slowest").contains("`study::fit` changed since 29 Nov"));
    let timeline = section(&page, "timeline");
    for class in ["hit", "computed", "failed", "tasks"] {
        assert!(timeline.contains(&format!("<rect class=\"{class}\"")), "{class}: {timeline}");
    }
    assert_eq!(section(&page, "growth").matches("<rect ").count(), 2);
    assert_eq!(section(&page, "steps").matches("<tr id=\"s").count(), 4);
    // Nothing is fetched, whatever the policy.
    for outside in ["http:", "https:", "src=", "url(", "@import", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
}

#[test]
fn what_a_record_says_is_only_ever_text() {
    let runs = Runs::new();
    let recorder = runs.begin();
    for outcome in [Outcome::Computed, Outcome::Failed] {
        let arguments = vec![Argument { name: HOSTILE.into(), text: Some(HOSTILE.into()) }];
        let name = format!("study::{HOSTILE}");
        let begin = Begin { name: name.into(), arguments, cause: HOSTILE.into(), ..Begin::call() };
        recorder.begin(&begin).end(&End { message: HOSTILE.into(), ..End::new(outcome) });
    }
    let (_, page) = runs.page();
    assert_eq!(page.matches("<script>").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(!page.contains("<img") && !page.contains('\x1b') && !page.contains('\u{202e}'));
    assert!(page.contains("&lt;img"));
}

#[test]
fn what_can_not_be_written_or_found_is_told() {
    let runs = Runs::new();
    let output = runs.run(&["--output", "-"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no record of a run here"));
    drop(runs.begin());
    assert_eq!(runs.run(&[]).status.code(), Some(2), "where to is to be said");
    assert_eq!(runs.run(&["--output", "-", "--open"]).status.code(), Some(2));
    let output = runs.run(&["--output", "/nowhere/report.html"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/report.html: "));
    let output = runs.run(&["--output", "-"]);
    assert!(output.status.success() && output.stdout.starts_with(b"<!doctype html>"));
}

/// 10,000 calls, of which each has a parent, arguments and a cause of its own.
fn large() -> Runs {
    let runs = Runs::new();
    let recorder = runs.begin();
    let outer = recorder.begin(&of("study::outer", 0));
    let entered = enter(outer.position());
    for x in 0..10_000 {
        if x % 2 == 0 {
            hit("study::features::of_a_row_with_a_long_name", x, &recorder);
        } else {
            let cause = "it was not computed with these arguments; the nearest call differs in x";
            call("study::features::of_a_row_with_a_long_name", x, &recorder, cause, Outcome::Computed);
        }
    }
    drop(entered);
    outer.end(&End::new(Outcome::Computed));
    runs
}

#[test]
fn ten_thousand_calls_are_less_than_five_megabytes() {
    let runs = large();
    let (file, page) = runs.page();
    let size = page.len();
    assert!(size < 5_000_000, "{size} bytes in {}", file.display());
    assert!(section(&page, "steps").contains("1 more steps are left out"));
    assert_eq!(section(&page, "steps").matches("<tr id=\"s").count(), 10_000);
}

/// The browser; `None` where the tests are told to do without.
fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("JOBLIB_TEST_CHROMIUM") {
        return Some(named.into());
    }
    let without = std::env::var("JOBLIB_TEST_WITHOUT").unwrap_or_default();
    (!without.split(',').any(|name| name == "chromium")).then(|| "chromium".into())
}

/// The document of the page after its script has run, at a width; and the picture, if it is wanted.
fn browse(browser: &Path, page: &Path, args: &[&str]) -> String {
    let profile = tempfile::tempdir().expect("a folder");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(args)
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("a browser: set JOBLIB_TEST_CHROMIUM, install `chromium`, or name it in JOBLIB_TEST_WITHOUT");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn in_a_browser_the_script_of_the_page_runs_and_no_other() {
    let Some(browser) = chromium() else { return };
    let runs = study();
    let (file, _) = runs.page();
    let document = browse(&browser, &file, &["--window-size=400,900"]);
    assert!(document.contains("data-script=\"ready\""), "{document}");
    assert!(document.contains("<button type=\"button\">Zoom in (+)</button>"));
    assert!(document.contains("<th class=\"n\"><button type=\"button\">Hits</button>"));

    let runs = Runs::new();
    let recorder = runs.begin();
    call(HOSTILE, 1, &recorder, HOSTILE, Outcome::Failed);
    let (file, page) = runs.page();
    // Even what was not escaped would not run: the policy allows one script.
    let broken =
        page.replace("<main>", "<main><script>document.documentElement.dataset.owned = 'yes'</script>");
    fs::write(&file, broken).expect("written");
    let document = browse(&browser, &file, &[]);
    assert!(document.contains("data-script=\"ready\"") && !document.contains("data-owned"), "{document}");
    assert!(!document.contains("<title>owned"));
}

#[test]
fn in_a_browser_ten_thousand_calls_open() {
    let Some(browser) = chromium() else { return };
    let runs = large();
    let (file, _) = runs.page();
    let empty = runs.path().join("empty.html");
    fs::write(&empty, "<!doctype html><title>empty</title>").expect("written");
    let time = |page: &Path| {
        let since = Instant::now();
        let document = browse(&browser, page, &[]);
        (document, since.elapsed())
    };
    let (_, start) = time(&empty);
    let (document, all) = time(&file);
    assert!(document.contains("data-script=\"ready\"") && document.contains("id=\"s10000\""));
    eprintln!("opening took {:?} more than an empty page", all.saturating_sub(start));
}
