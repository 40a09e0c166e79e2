//! Frames and series come back equal, have the hash of their content, and are mapped.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use joblib::prelude::*;
use joblib_polars::{DataFrame, Polars, Series, Table, Tabular};
use polars::prelude::{
    CategoricalPhysical, Categories, Column, DataType, FrozenCategories, IntoColumn, IntoSeries, NamedFrom,
    StructChunked, TimeUnit, df,
};

/// Columns of many types, with nulls.
fn frame(rows: i64) -> Polars<DataFrame> {
    if rows == 0 {
        return Polars(frame(1).slice(0, 0));
    }
    let some = |every: i64| move |n: i64| (n % every != 0).then_some(n);
    let numbers: Vec<Option<i64>> = (0..rows).map(some(3)).collect();
    let floats: Vec<f64> = (0..rows).map(|n| n as f64 / 4.0).collect();
    let flags: Vec<Option<bool>> = (0..rows).map(|n| some(5)(n).map(|n| n % 2 == 0)).collect();
    let texts: Vec<Option<String>> = (0..rows)
        .map(|n| some(4)(n).map(|n| format!("a text, short or long: {}", "x".repeat(n as usize % 9))))
        .collect();
    let bytes: Vec<Vec<u8>> = (0..rows).map(|n| vec![n as u8; n as usize % 20]).collect();
    let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
    let words: Vec<Option<&str>> =
        (0..rows).map(|n| some(7)(n).map(|n| ["a", "b", "c"][n as usize % 3])).collect();
    let lists: Vec<Series> =
        (0..rows).map(|n| Series::new("".into(), (0..n % 4).map(some(2)).collect::<Vec<_>>())).collect();
    let mut frame = df!(
        "numbers" => &numbers, "floats" => &floats, "flags" => &flags, "texts" => &texts, "bytes" => &bytes,
        "lists" => &lists
    )
    .unwrap();
    let add = |frame: &mut DataFrame, column: Column| {
        frame.with_column(column).unwrap();
    };
    let typed =
        |name: &str, to: &DataType| Series::new(name.into(), &numbers).cast(to).unwrap().into_column();
    add(&mut frame, typed("days", &DataType::Int32).cast(&DataType::Date).unwrap());
    add(&mut frame, typed("times", &DataType::Datetime(TimeUnit::Microseconds, None)));
    let words = Series::new("words".into(), words);
    let frozen = FrozenCategories::new(["c", "b", "a", "d"]).unwrap();
    add(&mut frame, words.cast(&DataType::from_categories(Categories::global())).unwrap().into_column());
    let one_of = words.cast(&DataType::from_frozen_categories(frozen)).unwrap();
    add(&mut frame, one_of.with_name("one of".into()).into_column());
    let fields =
        ["numbers", "texts"].map(|name| frame.column(name).unwrap().as_materialized_series().clone());
    let fields = StructChunked::from_series("structs".into(), rows as usize, fields.iter()).unwrap();
    add(&mut frame, fields.into_series().into_column());
    add(&mut frame, Column::full_null("nothing".into(), rows as usize, &DataType::Null));
    Polars(frame)
}

/// The same rows in chunks of these sizes.
fn divided(frame: &DataFrame, sizes: &[usize]) -> Polars<DataFrame> {
    let mut start = 0;
    let parts = sizes.iter().map(|&size| {
        start += size;
        frame.slice((start - size) as i64, size)
    });
    Polars(parts.reduce(|whole, part| whole.vstack(&part).unwrap()).unwrap())
}

fn hash_of(value: &impl serde::Serialize) -> joblib::hash::Digest {
    hash(value).unwrap()
}

#[test]
fn the_same_rows_have_one_hash_whatever_the_chunks_and_where_they_begin() {
    let whole = frame(100);
    for sizes in [&[100][..], &[1, 99], &[33, 67], &[50, 25, 25]] {
        let parts = divided(&whole, sizes);
        assert_eq!(parts.first_col_n_chunks(), sizes.len());
        assert_eq!(parts, whole);
        assert_eq!(hash_of(&parts), hash_of(&whole), "{sizes:?}");
    }
    let slice = Polars(frame(110).slice(0, 100));
    assert_eq!(slice, whole);
    assert_eq!(hash_of(&slice), hash_of(&whole), "a slice of a longer one");
}

#[test]
fn the_numbers_that_categories_have_in_a_process_do_not_count() {
    let words = Series::new("w".into(), ["left", "right", "left"]);
    let [early, late] = [["left", "right"], ["right", "left"]].map(|met_before| {
        let categories = Categories::new(met_before[0].into(), "".into(), CategoricalPhysical::U32);
        let categories = DataType::from_categories(categories);
        // They have the numbers for as long as a series has them.
        let met_before = Series::new("w".into(), met_before).cast(&categories).unwrap();
        (words.cast(&categories).unwrap(), met_before)
    });
    let ((early, _early), (late, _late)) = (early, late);
    // Their names differ, which are a part of the type: what is compared are the columns themselves.
    let values = |series: &Series| {
        let table = series.to_table().unwrap();
        hash_of(&Table::from(
            RecordBatch::try_from_iter([("w", Arc::clone(table.batches()[0].column(0)))]).unwrap(),
        ))
    };
    assert_ne!(early.to_physical_repr(), late.to_physical_repr());
    assert_eq!(values(&early), values(&late));
}

#[test]
fn other_values_names_types_and_orders_are_other_frames() {
    let frames = [
        df!("a" => [1_i64, 2]),
        df!("b" => [1_i64, 2]),
        df!("a" => [2_i64, 1]),
        df!("a" => [1_i64, 2], "b" => [1_i64, 2]),
        df!("b" => [1_i64, 2], "a" => [1_i64, 2]),
        df!("a" => [1.0, 2.0]),
        df!("a" => [Some(1_i64), None]),
        df!("a" => ["1", "2"]),
    ]
    .map(|frame| Polars(frame.unwrap()));
    for (i, one) in frames.iter().enumerate() {
        for other in &frames[..i] {
            assert_ne!(one, other);
            assert_ne!(hash_of(one), hash_of(other), "{one:?} {other:?}");
        }
    }
}

#[test]
fn a_frame_comes_back_from_a_file_plain_and_compressed_mapped_and_read() {
    let folder = tempfile::tempdir().unwrap();
    for rows in [0, 1, 7, 3000] {
        let frame = divided(&frame(rows), &[rows as usize / 2, rows as usize - rows as usize / 2]);
        for name in ["frame.joblib", "frame.joblib.gz"] {
            let path = folder.path().join(name);
            dump(&vec![frame.clone()], &path).unwrap();
            let back: Vec<Polars<DataFrame>> = load(&path).unwrap();
            assert_eq!(back[0].schema(), frame.schema(), "{name} {rows}");
            assert!(back[0].equals_missing(&frame), "{name} {rows}");
            assert_eq!(back[0], frame, "{name} {rows}");
            assert_eq!(hash_of(&back[0]), hash_of(&frame), "{name} {rows}");
        }
    }
    let path = folder.path().join("no columns.joblib");
    dump(&Polars(DataFrame::empty_with_height(5)), &path).unwrap();
    assert_eq!(load::<Polars<DataFrame>>(&path).unwrap().shape(), (5, 0));
}

#[test]
fn the_columns_of_a_mapped_frame_lie_in_the_file_and_are_copied_before_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frame.joblib");
    dump(&frame(5000), &path).unwrap();
    let mut mapped: Polars<DataFrame> = LoadOptions::new().mmap_mode(MmapMode::Read).load(&path).unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let range = maps.lines().find(|line| line.ends_with("frame.joblib")).expect("the file is mapped");
    let (start, end) = range.split_whitespace().next().unwrap().split_once('-').unwrap();
    let [start, end] = [start, end].map(|address| usize::from_str_radix(address, 16).unwrap());
    let lies = |series: &Series| {
        let physical = series.to_physical_repr();
        let address = match physical.dtype() {
            DataType::Int32 => {
                physical.i32().unwrap().downcast_iter().next().unwrap().values().as_ptr() as usize
            }
            DataType::Int64 => {
                physical.i64().unwrap().downcast_iter().next().unwrap().values().as_ptr() as usize
            }
            DataType::String => {
                physical.str().unwrap().downcast_iter().next().unwrap().views().as_ptr() as usize
            }
            _ => physical.f64().unwrap().downcast_iter().next().unwrap().values().as_ptr() as usize,
        };
        (start..end).contains(&address)
    };
    for name in ["numbers", "floats", "texts", "days", "times"] {
        assert!(lies(mapped.column(name).unwrap().as_materialized_series()), "{name} was copied");
    }
    mapped.apply("floats", |floats| floats * 2.0).unwrap();
    let mut sorted = mapped.column("numbers").unwrap().as_materialized_series().clone();
    sorted.append(&Series::new("numbers".into(), [1_i64])).unwrap();
    assert_eq!(sorted.rechunk().len(), 5001);
    assert_eq!(load::<Polars<DataFrame>>(&path).unwrap(), frame(5000));
}

#[test]
fn a_series_comes_back_and_a_table_of_two_columns_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("series.joblib");
    for column in frame(50).columns() {
        let series = Polars(column.as_materialized_series().clone());
        dump(&series, &path).unwrap();
        let back: Polars<Series> = load(&path).unwrap();
        assert_eq!(back, series);
        assert_eq!((back.name(), back.dtype()), (series.name(), series.dtype()));
    }
    dump(&Polars(df!("a" => [1], "b" => [2]).unwrap()), &path).unwrap();
    let error = load::<Polars<Series>>(&path).unwrap_err();
    assert!(error.to_string().contains("this one has 2"), "{error}");
}

#[test]
fn a_frame_is_a_table_of_arrow_and_the_other_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.joblib");
    dump(&frame(20), &path).unwrap();
    let table: Table = load(&path).unwrap();
    assert_eq!(table.num_rows(), 20);
    assert!(DataFrame::from_table(&table).unwrap().equals_missing(&frame(20)));

    let column = Int64Array::from(vec![Some(1), None, Some(3)]);
    let batch = RecordBatch::try_from_iter([("n", Arc::new(column) as ArrayRef)]).unwrap();
    let parts = Table::new(batch.schema(), vec![batch.slice(0, 1), batch.slice(1, 2)]).unwrap();
    let expected = df!("n" => [Some(1_i64), None, Some(3)]).unwrap();
    assert!(DataFrame::from_table(&parts).unwrap().equals_missing(&expected));
    assert_eq!(DataFrame::from_table(&parts).unwrap().first_col_n_chunks(), 2);
    let none = Table::new(batch.schema(), Vec::new()).unwrap();
    assert_eq!(DataFrame::from_table(&none).unwrap().shape(), (0, 1));
    dump(&parts, &path).unwrap();
    assert!(load::<Polars<DataFrame>>(&path).unwrap().equals_missing(&expected));
}

#[test]
fn a_type_that_polars_has_no_feature_for_is_an_error_that_names_the_column() {
    let column: ArrayRef = Arc::new(arrow_array::Int8Array::from(vec![1, 2]));
    let table = Table::from(RecordBatch::try_from_iter([("small", column)]).unwrap());
    let error = DataFrame::from_table(&table).unwrap_err().to_string();
    assert!(error.contains("`small`"), "{error}");
}
