//! The command at work: its real output, its exit statuses.

use std::path::Path;
use std::process::Output;

use joblib_array::Array;
use serde::Serialize;

fn joblib(args: &[&str]) -> Output {
    crate::joblib::joblib(args).output().expect("the command starts")
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[derive(Serialize)]
struct Model {
    name: String,
    weights: Array<f64>,
    tags: Vec<String>,
    missing: Option<u8>,
}

fn model(folder: &Path) -> (String, String) {
    let model = Model {
        name: "ridge".to_owned(),
        weights: Array::from_vec((0..10_000).map(f64::from).collect(), &[10_000]).expect("a shape"),
        tags: vec!["a".to_owned(), "b".to_owned()],
        missing: None,
    };
    let (python, native) = (folder.join("model.joblib"), folder.join("model.native"));
    joblib_persist::dump_python(&model, &python).expect("written");
    joblib_persist::dump(&model, &native).expect("written");
    (python.to_str().expect("a path").to_owned(), native.to_str().expect("a path").to_owned())
}

#[test]
fn inspect_shows_a_tree_with_types_shapes_sizes_and_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let (python, _) = model(folder.path());
    let text = stdout(&joblib(&["inspect", &python]));
    let lines: Vec<&str> = text.lines().collect();
    let first = format!("{python}: Python pickle, not compressed, 80.");
    assert!(lines[0].starts_with(&first) && lines[0].ends_with(" kB"), "{}", lines[0]);
    assert_eq!(
        &lines[1..],
        [
            "dict (4)",
            "├─ \"name\": str \"ridge\"",
            "├─ \"weights\": numpy.ndarray float64 (10000) 80.0 kB [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, …]",
            "├─ \"tags\": list (2)",
            "│  ├─ str \"a\"",
            "│  └─ str \"b\"",
            "└─ \"missing\": NoneType",
        ]
    );
    let shallow = stdout(&joblib(&["inspect", "--depth", "0", &python]));
    assert_eq!(shallow.lines().skip(1).collect::<Vec<_>>(), ["dict (4)", "└─ …"]);
    assert!(!text.contains('\x1b'), "a pipe is no terminal");
    assert!(stdout(&joblib(&["inspect", "--color", "always", &python])).contains('\x1b'));
}

#[test]
fn inspect_prints_every_value_as_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let (python, native) = model(folder.path());
    for (path, format) in [(python, "python"), (native, "native")] {
        let document: serde_json::Value =
            serde_json::from_str(&stdout(&joblib(&["inspect", "--json", &path]))).expect("JSON");
        assert_eq!(document["format"], format);
        let [value] = document["values"].as_array().expect("a list").as_slice() else { panic!("{document}") };
        assert_eq!(value["type"], "dict");
        assert_eq!(value["entries"][0], serde_json::json!(["name", "ridge"]));
        assert_eq!(value["entries"][1][1]["shape"], serde_json::json!([10_000]));
        assert_eq!(value["entries"][1][1]["elements"][9_999], 9_999.0);
        assert_eq!(value["entries"][3], serde_json::json!(["missing", null]));
    }
}

#[test]
fn a_file_of_several_values_is_shown_hashed_and_converted_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let mut writer =
        joblib_persist::Writer::create(path("two"), &joblib_persist::DumpOptions::new()).expect("created");
    writer.write("first").and_then(|()| writer.write(&2)).and_then(|()| writer.finish()).expect("written");
    let text = stdout(&joblib(&["inspect", &path("two")]));
    assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), ["1 of 2: str \"first\"", "2 of 2: int 2"]);
    stdout(&joblib(&["convert", &path("two"), &path("two.xz"), "--to", "native"]));
    let hashes = |name: &str| -> Vec<String> {
        let text = stdout(&joblib(&["hash", &path(name)]));
        text.lines().map(|line| line.split_once("  ").expect("two fields").0.to_owned()).collect()
    };
    assert_eq!(hashes("two").len(), 2);
    assert_eq!(hashes("two"), hashes("two.xz"));
    let converted = joblib(&["convert", &path("two"), &path("two.pkl")]);
    assert!(String::from_utf8_lossy(&converted.stderr).contains("2 values"), "{converted:?}");
    assert_eq!(hashes("two.pkl").len(), 2);
}

#[test]
fn convert_goes_both_ways_and_hash_stays_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let (python, _) = model(folder.path());
    let native = folder.path().join("converted.native").to_str().expect("a path").to_owned();
    let back = folder.path().join("back.joblib.gz").to_str().expect("a path").to_owned();
    stdout(&joblib(&["convert", &python, &native, "--compress", "xz:1"]));
    stdout(&joblib(&["convert", &native, &back, "--to", "python"]));
    assert!(stdout(&joblib(&["inspect", &native])).contains("joblib for Rust, xz"));
    assert!(stdout(&joblib(&["inspect", &back])).contains("Python pickle, gzip"));
    let hashes = stdout(&joblib(&["hash", &python, &native, &back]));
    let hashes: Vec<&str> = hashes.lines().map(|line| line.split_once("  ").expect("two fields").0).collect();
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[0], hashes[2]);
}

#[test]
fn verify_tells_damaged_files_from_sound_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let (python, native) = model(folder.path());
    assert_eq!(stdout(&joblib(&["verify", &python, &native])), format!("{python}: ok\n{native}: ok\n"));
    for path in [&python, &native] {
        let bytes = std::fs::read(path).expect("read");
        std::fs::write(path, &bytes[..bytes.len() - 100]).expect("written");
        let output = joblib(&["verify", path]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(path.as_str()), "{output:?}");
    }
}

#[test]
fn exit_statuses_tell_failure_from_misuse() {
    let missing = joblib(&["inspect", "no/such/file"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no/such/file"), "{missing:?}");
    assert_eq!(joblib(&["inspect"]).status.code(), Some(2));
    assert_eq!(joblib(&["frobnicate"]).status.code(), Some(2));
    assert!(stdout(&joblib(&["--help"])).contains("inspect"));
    assert!(stdout(&joblib(&["completions", "bash"])).contains("_joblib"));
}

#[test]
fn the_standard_input_is_a_file_like_any_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (python, native) = model(folder.path());
    let digest =
        |path: &str| stdout(&joblib(&["hash", path])).split(' ').next().unwrap_or_default().to_owned();
    for path in [python, native] {
        let piped = |command: &str| {
            let mut child = crate::joblib::joblib(&[command, "-"])
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .expect("the command starts");
            let mut input = child.stdin.take().expect("a pipe");
            let bytes = std::fs::read(&path).expect("readable");
            std::io::Write::write_all(&mut input, &bytes).expect("written");
            drop(input);
            stdout(&child.wait_with_output().expect("it ends"))
        };
        assert!(piped("hash").starts_with(&digest(&path)));
        assert!(piped("inspect").contains("weights"));
        assert!(piped("verify").ends_with(": ok\n"));
    }
}

#[test]
fn every_pickle_of_a_file_is_shown_hashed_verified_and_converted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("many.pkl");
    let mut bytes = Vec::new();
    for number in 0..3 {
        joblib_persist::PythonDumpOptions::new().dump_to(&number, &mut bytes).expect("written");
    }
    std::fs::write(&path, &bytes).expect("written");
    let path = path.to_str().expect("a path");
    assert_eq!(stdout(&joblib(&["hash", path])).lines().count(), 3);
    assert!(stdout(&joblib(&["inspect", path])).contains("3 of 3"));
    assert!(stdout(&joblib(&["verify", path])).ends_with(": ok\n"));
    let native = folder.path().join("many.native");
    stdout(&joblib(&["convert", path, native.to_str().expect("a path")]));
    let mut reader =
        joblib_persist::Reader::open(&native, &joblib_persist::LoadOptions::new()).expect("readable");
    for number in 0..3 {
        assert_eq!(reader.next::<i64>().expect("a value"), Some(number));
    }

    std::fs::write(path, [&bytes[..], b"\x80\x04}"].concat()).expect("written");
    assert!(!joblib(&["verify", path]).status.success(), "the last pickle is cut off");
}

#[test]
fn a_bucket_is_checked_where_the_command_has_a_client_for_it() {
    let checked = joblib(&["cache", "check", "memory://bucket/prefix", "--rounds", "3"]);
    if cfg!(feature = "object") {
        let text = stdout(&checked);
        assert!(text.contains("memory://bucket/prefix: can be read and written"), "{text}");
        assert!(text.contains("one of them won in 3 of 3 rounds"), "{text}");
        let folder = joblib(&["cache", "check", "cache"]);
        assert!(String::from_utf8_lossy(&folder.stderr).contains("cache is a folder"), "{folder:?}");
        let key = joblib(&["cache", "check", "s3://me:hunter@bucket"]);
        let told = String::from_utf8_lossy(&key.stderr);
        assert!(!key.status.success() && !told.contains("hunter"), "{told}");
    } else {
        let told = String::from_utf8_lossy(&checked.stderr);
        assert!(!checked.status.success() && told.contains("--features s3,gcs,azure"), "{told}");
    }
}

#[test]
fn convert_writes_json_by_the_files_extension_or_to_the_standard_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let (python, native) = model(folder.path());
    let json = folder.path().join("model.json");
    let json = json.to_str().expect("a path");
    stdout(&joblib(&["convert", &python, json]));
    let document: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(json).expect("written")).expect("JSON");
    assert!(
        document["entries"]
            .as_array()
            .is_some_and(|entries| entries[0] == serde_json::json!(["name", "ridge"]))
    );
    let printed = stdout(&joblib(&["convert", &native, "-", "--to", "json"]));
    assert!(printed.contains("ridge") && printed.ends_with("}\n"), "{printed:.100}");
    let refused = joblib(&["convert", &python, json, "--compress", "xz"]);
    assert_eq!(refused.status.code(), Some(1));

    // What was written is read again.
    let back = folder.path().join("back.native");
    stdout(&joblib(&["convert", json, back.to_str().expect("a path")]));
    let as_json = |path: &str| stdout(&joblib(&["convert", path, "-", "--to", "json"]));
    assert_eq!(as_json(back.to_str().expect("a path")), as_json(&python));
}

/// A table of three columns, as a Python file of a dict of lists.
fn table(folder: &std::path::Path) -> String {
    use joblib_persist::pickle::Value;

    let texts = |values: &[Option<&str>]| {
        Value::List(
            values.iter().map(|text| text.map_or(Value::None, |text| Value::Str(text.into()))).collect(),
        )
    };
    let column = |name: &str, values| (Value::Str(name.into()), values);
    let numbers = Array::from_vec(vec![1_i64, 2, 3], &[3]).expect("a shape");
    let value = Value::Dict(vec![
        column("n", Value::Array(numbers.into())),
        column("t", texts(&[Some("é"), None, Some("")])),
        column("x", Value::List(vec![Value::Float(0.5), Value::None, Value::Float(2.0)])),
    ]);
    let path = folder.join("table.joblib").to_str().expect("a path").to_owned();
    joblib_persist::dump_python(&value, &path).expect("written");
    path
}

#[test]
fn convert_goes_to_numpy_and_back_and_writes_each_format_to_the_standard_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let (array, npy, npz) = (path("array.native"), path("array.npy"), path("array.npz"));
    let numbers = Array::from_vec((0..6).map(f64::from).collect(), &[2, 3]).expect("a shape");
    joblib_persist::dump(&numbers, &array).expect("written");
    for (from, to) in [(&array, &npy), (&npy, &npz), (&npz, &path("back.native"))] {
        stdout(&joblib(&["convert", from, to, "--to", Format(to).name()]));
    }
    let back: std::collections::BTreeMap<String, Array<f64>> =
        joblib_persist::load(path("back.native")).expect("readable");
    assert_eq!(back["arr_0"].as_slice()[5].to_bits(), 5.0_f64.to_bits());
    for format in ["native", "python", "npy"] {
        let output = joblib(&["convert", &array, "-", "--to", format]);
        assert!(output.status.success(), "{output:?}");
        let loaded: Array<f64> = joblib_persist::load_from(&output.stdout[..]).expect("readable");
        assert_eq!(loaded[[1, 0]].to_bits(), 3.0_f64.to_bits(), "{format}");
    }
    let told = joblib(&["convert", &table(folder.path()), &npz]);
    assert!(String::from_utf8_lossy(&told.stderr).contains(".t"), "{told:?}");
}

/// The format of a name, as `--to` takes it.
struct Format<'a>(&'a str);

impl Format<'_> {
    fn name(&self) -> &str {
        self.0.rsplit_once('.').map_or("native", |(_, extension)| extension)
    }
}

#[test]
fn convert_keeps_all_of_several_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let (native, python) = (path("many.native"), path("many.joblib.gz"));
    let mut writer =
        joblib_persist::Writer::create(&native, &joblib_persist::DumpOptions::new()).expect("created");
    for number in 0..3 {
        writer.write(&number).expect("written");
    }
    writer.finish().expect("finished");
    let told = joblib(&["convert", &native, &python]);
    assert!(told.status.success() && String::from_utf8_lossy(&told.stderr).contains("3 values"), "{told:?}");
    let mut reader =
        joblib_persist::Reader::open(&python, &joblib_persist::LoadOptions::new()).expect("readable");
    assert_eq!(reader.compressor(), Some("gzip"));
    for number in 0..3 {
        assert_eq!(reader.next::<i64>().expect("a value"), Some(number));
    }
    assert_eq!(reader.next::<i64>().expect("the end"), None);
    let told = joblib(&["convert", &native, &path("many.npz")]);
    assert!(String::from_utf8_lossy(&told.stderr).contains("holds one"), "{told:?}");
}

#[test]
fn convert_writes_tables_for_arrow_and_parquet() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let table = table(folder.path());
    let as_json = |path: &str| stdout(&joblib(&["convert", path, "-", "--to", "json"]));
    for (name, magic) in [("table.parquet", "PAR1"), ("table.arrow", "ARROW1")] {
        let file = path(name);
        let converted = joblib(&["convert", &table, &file]);
        if cfg!(feature = "arrow") {
            assert!(converted.status.success(), "{converted:?}");
            assert!(std::fs::read(&file).expect("written").starts_with(magic.as_bytes()));
            assert_eq!(as_json(&file), as_json(&table));
            // Rows of JSON are a table, too.
            let rows = path("rows.jsonl");
            std::fs::write(&rows, r#"[{"n": 1, "l": [1, 2], "s": {"a": null}}, {"n": 2.5, "s": null}]"#)
                .expect("written");
            stdout(&joblib(&["convert", &rows, &file]));
            let document: serde_json::Value = serde_json::from_str(&as_json(&file)).expect("JSON");
            assert_eq!(document["entries"][1], serde_json::json!(["l", [[1, 2], null]]), "{document}");
            assert_eq!(document["entries"][0][1]["elements"], serde_json::json!([1.0, 2.5]), "{document}");
        } else {
            let told = String::from_utf8_lossy(&converted.stderr);
            assert!(!converted.status.success() && told.contains("--features arrow"), "{told}");
        }
    }
}

#[test]
fn hostile_files_and_names_do_not_reach_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let hostile = "\x1b]0;owned\x07\u{9b}31m\u{202e}";
    let path =
        |name: &str| folder.path().join(format!("{name}{hostile}")).to_str().expect("UTF-8").to_owned();
    let (text, class, cut) = (path("text"), path("class"), path("cut"));
    joblib_persist::dump_python(&vec![hostile.to_owned()], &text).expect("written");
    // A list with an object of the class `m\x1b[2J` of the module `m\x1b[2J`, which nothing checks, and its name alone.
    let mut pickle = b"\x80\x02](cm\x1b[2J\nm\x1b[2J\n)\x81cm\x1b[2J\nm\x1b[2J\ne.".to_vec();
    std::fs::write(&class, &pickle).expect("written");
    pickle.truncate(9);
    std::fs::write(&cut, &pickle).expect("written");
    let mut shown = 0;
    for file in [&text, &class, &cut, &path("nothing")] {
        for args in
            [&["inspect"][..], &["inspect", "--json"], &["verify"], &["hash"], &["convert", "--to", "json"]]
        {
            let output = match args {
                ["convert", ..] => joblib(&[args, &[file, "-"]].concat()),
                _ => joblib(&[args, &[file]].concat()),
            };
            shown += usize::from(output.status.success());
            for stream in [output.stdout, output.stderr] {
                let text = String::from_utf8(stream).expect("UTF-8");
                let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
                assert!(!text.chars().any(obeyed), "{args:?} {file:?}: {text:?}");
            }
        }
    }
    assert!(shown >= 8, "two files are sound: {shown}");
}
