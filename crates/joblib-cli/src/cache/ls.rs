//! `joblib cache ls`.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, SystemTime};

use joblib_memory::Metadata;
use joblib_store::{Item, Store};
use serde::Serialize;

use super::args::{Ls, Sort};
use super::contents;
use super::hits::{Hits, Recorded};
use super::key;
use crate::document;
use crate::failure::Failure;
use crate::style::Style;
use crate::table::Table;
use crate::text::{self, Visible};

/// Calls that are listed unless `--limit` says otherwise.
const CALLS: usize = 50;

/// What the columns beside the arguments of a call take, and what at least is left for these.
const OTHERS: usize = 52;
const LEAST: usize = 60;

const COLUMNS: [&str; 7] = ["FUNCTION", " RESULTS", " SIZE", "LAST USE", " COMPUTED IN", " HITS", " SAVED"];

pub(crate) fn run(
    options: &Ls,
    store: &dyn Store,
    json: bool,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match &options.function {
        Some(function) => {
            let mut contents = contents::of_function(store, function)?;
            calls(options, store, std::mem::take(&mut contents.items), json, style, out)?;
            contents.end()
        }
        None => functions(options, store, json, style, out),
    }
}

/// One function of the list.
#[derive(Serialize)]
struct Row {
    function: String,
    results: u64,
    /// Results of earlier code among them.
    superseded: u64,
    bytes: u64,
    /// Seconds since the Unix epoch.
    last_use: f64,
    /// What all its results took to compute: what calling each of them once more saves.
    computing_seconds: f64,
    /// What programs have recorded of their use.
    #[serde(flatten)]
    recorded: Hits,
}

#[derive(Serialize)]
struct Functions<'a> {
    cache: &'a str,
    functions: &'a [Row],
}

fn functions(
    options: &Ls,
    store: &dyn Store,
    json: bool,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let filter = options.filter.as_deref().unwrap_or_default();
    let contents = contents::of(store, |item| item.version.function().contains(filter))?;
    let recorded = Recorded::read(store)?;
    let mut functions = summed(store, &contents.items, &recorded);
    order(options.sort.unwrap_or(Sort::Name), options.reverse, &mut functions, |sort, a, b| match sort {
        Sort::Name => a.function.cmp(&b.function),
        Sort::Results => b.results.cmp(&a.results),
        Sort::Bytes => b.bytes.cmp(&a.bytes),
        Sort::Used => b.last_use.total_cmp(&a.last_use),
        Sort::Time => b.computing_seconds.total_cmp(&a.computing_seconds),
        Sort::Saved => b.recorded.saved_seconds.total_cmp(&a.recorded.saved_seconds),
    });
    let all = functions.len();
    functions.truncate(options.limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX));
    if json {
        document::print(&Functions { cache: store.location(), functions: &functions }, out)?;
        return contents.end();
    }
    // Without a record of a run nobody knows the last two.
    let columns = if recorded.runs > 0 { COLUMNS.len() } else { COLUMNS.len() - 2 };
    let mut table = Table::new(&COLUMNS[..columns]);
    for function in &functions {
        let used = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(function.last_use);
        let row = [
            function.function.clone(),
            function.results.to_string(),
            text::bytes(function.bytes),
            text::ago(used),
            text::duration(seconds(function.computing_seconds)),
            function.recorded.hits.to_string(),
            text::duration(seconds(function.recorded.saved_seconds)),
        ];
        table.row(row.into_iter().take(columns));
    }
    table.print(style, out)?;
    if all > functions.len() {
        writeln!(out, "… {} more; --limit 0 lists all", all - functions.len())?;
    }
    contents.end()
}

fn summed(store: &dyn Store, items: &[Item], recorded: &Recorded) -> Vec<Row> {
    let mut functions: BTreeMap<&str, Row> = BTreeMap::new();
    for (item, times) in items.iter().zip(contents::times(store, items)) {
        let name = item.version.function();
        let function = functions.entry(name).or_insert_with(|| Row {
            function: name.to_owned(),
            results: 0,
            superseded: 0,
            bytes: 0,
            last_use: 0.0,
            computing_seconds: 0.0,
            recorded: recorded.of(name),
        });
        function.results += 1;
        function.superseded += u64::from(!item.current);
        function.bytes += item.bytes;
        function.last_use = function.last_use.max(text::epoch(item.used));
        function.computing_seconds += times.map_or(0.0, |(_, duration)| duration.as_secs_f64());
    }
    functions.into_values().collect()
}

/// One call of the list.
#[derive(Serialize)]
pub(crate) struct Call {
    key: String,
    code: String,
    /// Whether its code is the latest of its function.
    current: bool,
    bytes: u64,
    /// Seconds since the Unix epoch.
    last_use: f64,
    /// When it had been computed, and how long that took; `null` if the result is damaged.
    computed: Option<f64>,
    seconds: Option<f64>,
    arguments: Option<Vec<Argument>>,
}

#[derive(Serialize)]
struct Argument {
    name: String,
    /// `null` if the function is redacted.
    text: Option<String>,
}

impl Call {
    pub(crate) fn new(item: &Item, metadata: Option<&Metadata>) -> Self {
        Self {
            key: item.key().call_hex(),
            code: item.version.code_folder().to_owned(),
            current: item.current,
            bytes: item.bytes,
            last_use: text::epoch(item.used),
            computed: metadata.map(|metadata| text::epoch(metadata.time())),
            seconds: metadata.map(|metadata| metadata.duration().as_secs_f64()),
            arguments: metadata.map(|metadata| {
                let arguments = metadata.arguments().iter();
                let argument = |argument: &joblib_memory::Argument| Argument {
                    name: argument.name().to_owned(),
                    text: argument.text().map(str::to_owned),
                };
                arguments.map(argument).collect()
            }),
        }
    }
}

#[derive(Serialize)]
struct OfFunction<'a> {
    cache: &'a str,
    function: &'a str,
    results: usize,
    calls: Vec<Call>,
}

fn calls(
    options: &Ls,
    store: &dyn Store,
    mut items: Vec<Item>,
    json: bool,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let function = items.first().map(|item| item.version.function().to_owned()).unwrap_or_default();
    if let Some(filter) = &options.filter {
        let metadata = contents::metadata(store, &items);
        let mut metadata = metadata.iter();
        items.retain(|_| {
            let metadata = metadata.next().and_then(Option::as_ref);
            metadata.is_some_and(|metadata| contents::arguments(metadata, usize::MAX).contains(filter))
        });
    }
    let results = items.len();
    let times = match options.sort {
        Some(Sort::Time) => contents::times(store, &items),
        _ => vec![None; items.len()],
    };
    let mut timed: Vec<_> = items.into_iter().zip(times).collect();
    order(
        options.sort.unwrap_or(Sort::Used),
        options.reverse,
        &mut timed,
        |sort, (a, a_time), (b, b_time)| match sort {
            Sort::Name => a.call.cmp(&b.call),
            Sort::Results | Sort::Used | Sort::Saved => b.used.cmp(&a.used),
            Sort::Bytes => b.bytes.cmp(&a.bytes),
            Sort::Time => {
                let seconds = |time: &Option<(SystemTime, Duration)>| time.map(|(_, duration)| duration);
                seconds(b_time).cmp(&seconds(a_time))
            }
        },
    );
    let limit = options.limit.unwrap_or(CALLS);
    timed.truncate(if limit == 0 { usize::MAX } else { limit });
    let items: Vec<Item> = timed.into_iter().map(|(item, _)| item).collect();
    let metadata = contents::metadata(store, &items);
    let listed = items.iter().zip(&metadata);
    if json {
        let calls = listed.map(|(item, metadata)| Call::new(item, metadata.as_ref())).collect();
        let cache = store.location();
        return document::print(&OfFunction { cache, function: &function, results, calls }, out);
    }
    writeln!(out, "{}: {}", style.key(Visible(&function)), text::count(results, "result", "results"))?;
    let mut table = Table::new(&["KEY", " SIZE", " COMPUTED IN", "LAST USE", "ARGUMENTS"]);
    // At a terminal each argument has its share of what the other columns leave.
    let room = style.columns().map_or(usize::MAX, |columns| columns.saturating_sub(OTHERS).max(LEAST));
    for (item, metadata) in listed {
        let took = metadata.as_ref().map(|metadata| text::duration(metadata.duration()));
        let arguments = metadata.as_ref().map(|metadata| contents::arguments(metadata, room));
        table.row([
            key::short(item),
            text::bytes(item.bytes),
            took.unwrap_or_default(),
            text::ago(item.used),
            arguments.unwrap_or_else(|| "(can't be read)".to_owned()),
        ]);
    }
    table.print(style, out)?;
    if results > items.len() {
        writeln!(out, "… {} more; --limit 0 lists all", results - items.len())?;
    }
    Ok(())
}

fn order<T>(sort: Sort, reverse: bool, rows: &mut [T], compare: impl Fn(Sort, &T, &T) -> std::cmp::Ordering) {
    rows.sort_by(|a, b| compare(sort, a, b));
    if reverse {
        rows.reverse();
    }
}

/// Seconds that came from a file, which may be anything.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
