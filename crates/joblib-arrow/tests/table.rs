//! Tables come back equal, hash by content, and are mapped.

use std::cell::Cell;
use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeBinaryBuilder, Int32Builder, ListBuilder, ListViewBuilder, PrimitiveRunBuilder,
    StringDictionaryBuilder, UnionBuilder,
};
use arrow_array::types::{Float64Type, Int8Type, Int32Type, Int64Type};
use arrow_array::{
    Array as _, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, StringViewArray,
    StructArray,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::{DataType, Field, Schema};
use joblib_arrow::Table;
use joblib_hash::hash;
use joblib_persist::{LoadOptions, dump, load};

/// Columns of many types, with nulls.
fn batch(rows: i64) -> RecordBatch {
    let numbers: Int64Array = (0..rows).map(|n| (n % 3 != 0).then_some(n)).collect();
    let floats = Float64Array::from_iter_values((0..rows).map(|n| n as f64 / 4.0));
    let flags: BooleanArray = (0..rows).map(|n| (n % 5 != 0).then_some(n % 2 == 0)).collect();
    let texts: StringArray = (0..rows).map(|n| (n % 4 != 0).then(|| format!("text {n}"))).collect();
    let views = StringViewArray::from_iter_values((0..rows).map(|n| format!("a text that is long: {n}")));
    let mut lists = ListBuilder::new(Int32Builder::new());
    let mut categories = StringDictionaryBuilder::<Int8Type>::new();
    for n in 0..rows {
        match n % 3 {
            0 => lists.append_null(),
            n => lists.append_value([Some(1), None, Some(n as i32)]),
        }
        categories.append_value(["a", "b", "c"][n as usize % 3]);
    }
    let inner: Float64Array = (0..rows).map(|n| (n % 2 == 0).then_some(n as f64)).collect();
    let structs = StructArray::from(vec![(
        Arc::new(Field::new("inner", DataType::Float64, true)),
        Arc::new(inner) as ArrayRef,
    )]);
    RecordBatch::try_from_iter([
        ("numbers", Arc::new(numbers) as ArrayRef),
        ("floats", Arc::new(floats)),
        ("flags", Arc::new(flags)),
        ("texts", Arc::new(texts)),
        ("views", Arc::new(views)),
        ("lists", Arc::new(lists.finish())),
        ("categories", Arc::new(categories.finish())),
        ("structs", Arc::new(structs)),
    ])
    .unwrap()
}

/// The same rows in batches of these sizes.
fn divided(batch: &RecordBatch, sizes: &[usize]) -> Table {
    let mut start = 0;
    let batches = sizes.iter().map(|&size| {
        start += size;
        batch.slice(start - size, size)
    });
    Table::new(batch.schema(), batches.collect()).unwrap()
}

#[test]
fn the_same_rows_have_one_hash_whatever_the_batches_and_where_they_begin() {
    let batch = batch(100);
    let whole = Table::from(batch.clone());
    for sizes in [&[100][..], &[1, 99], &[33, 0, 67], &[50, 25, 25]] {
        let parts = divided(&batch, sizes);
        assert_eq!(parts, whole);
        assert_eq!(hash(&parts).unwrap(), hash(&whole).unwrap(), "{sizes:?}");
    }
    for sizes in [[1, 99], [99, 1], [40, 60]] {
        assert_eq!(divided(&batch, &sizes), divided(&batch, &[33, 0, 67]), "{sizes:?}");
        let mut other = divided(&batch, &sizes).into_batches();
        other.reverse();
        assert_ne!(Table::new(batch.schema(), other).unwrap(), whole, "{sizes:?}");
    }
    let longer = self::batch(110).slice(0, 100);
    assert_eq!(hash(&Table::from(longer)).unwrap(), hash(&whole).unwrap(), "a slice of a longer one");
}

#[test]
fn what_lies_behind_a_null_does_not_count() {
    let table = |hidden: i64| {
        let values = vec![1, hidden, 3].into();
        let nulls = vec![true, false, true].into();
        let column = Int64Array::new(values, Some(nulls));
        Table::from(RecordBatch::try_from_iter([("n", Arc::new(column) as ArrayRef)]).unwrap())
    };
    assert_eq!(table(2), table(7));
    assert_eq!(hash(&table(2)).unwrap(), hash(&table(7)).unwrap());
    // Of other types: rows 10 to 19 and 20 to 29 are equal where they are not null, and differ below the nulls.
    for column in batch(40).columns() {
        let [one, other] = [10, 20].map(|start| {
            let rows = [0, 1, 0, 1].map(|at| start * at);
            let taken = arrow_select::take::take(column, &Int64Array::from(rows.to_vec()), None).unwrap();
            let nulls =
                [true, false, true, false].into_iter().map(|valid| valid && column.is_valid(0)).collect();
            let hidden = taken.to_data().into_builder().nulls(Some(nulls)).build().unwrap();
            let column = arrow_array::make_array(hidden);
            Table::from(RecordBatch::try_from_iter_with_nullable([("c", column, true)]).unwrap())
        });
        assert_eq!(one, other);
        assert_eq!(hash(&one).unwrap(), hash(&other).unwrap(), "{:?}", column.data_type());
    }
    let all = Int64Array::new(vec![1, 2, 3].into(), Some(vec![true; 3].into()));
    let without = Int64Array::from(vec![1, 2, 3]);
    let [all, without] = [all, without].map(|column| {
        let field = Field::new("n", DataType::Int64, true);
        let schema = Arc::new(Schema::new(vec![field]));
        Table::from(RecordBatch::try_new(schema, vec![Arc::new(column)]).unwrap())
    });
    assert_eq!(hash(&all).unwrap(), hash(&without).unwrap(), "a bitmap without a null");
}

#[test]
fn other_values_names_types_and_orders_are_other_tables() {
    let column = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
    let table = |columns: Vec<(&str, ArrayRef)>| Table::from(RecordBatch::try_from_iter(columns).unwrap());
    let tables = [
        table(vec![("a", column(vec![1, 2]))]),
        table(vec![("b", column(vec![1, 2]))]),
        table(vec![("a", column(vec![2, 1]))]),
        table(vec![("a", column(vec![1, 2])), ("b", column(vec![1, 2]))]),
        table(vec![("a", Arc::new(Float64Array::from(vec![1.0, 2.0])))]),
        table(vec![("a", Arc::new(Int64Array::from(vec![Some(1), None])))]),
    ];
    for (i, one) in tables.iter().enumerate() {
        for other in &tables[..i] {
            assert_ne!(one, other);
            assert_ne!(hash(one).unwrap(), hash(other).unwrap(), "{one:?} {other:?}");
        }
    }
}

#[test]
fn a_table_comes_back_from_a_file_plain_and_compressed_mapped_and_read() {
    let folder = tempfile::tempdir().unwrap();
    for rows in [0, 1, 7, 5000] {
        let table = divided(&batch(rows), &[rows as usize / 2, rows as usize - rows as usize / 2]);
        for name in ["table.joblib", "table.joblib.gz"] {
            let path = folder.path().join(name);
            dump(&vec![table.clone()], &path).unwrap();
            let back: Vec<Table> = load(&path).unwrap();
            assert_eq!(back, std::slice::from_ref(&table), "{name} {rows}");
            assert_eq!(hash(&back[0]).unwrap(), hash(&table).unwrap(), "{name} {rows}");
        }
    }
}

#[test]
fn the_columns_of_a_mapped_table_lie_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.joblib");
    dump(&Table::from(batch(5000)), &path).unwrap();
    let mapped: Table = LoadOptions::new().mmap_mode(joblib_array::MmapMode::Read).load(&path).unwrap();
    assert_eq!(mapped, Table::from(batch(5000)));
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let range = maps.lines().find(|line| line.ends_with("table.joblib")).expect("the file is mapped");
    let (start, end) = range.split_whitespace().next().unwrap().split_once('-').unwrap();
    let [start, end] = [start, end].map(|address| usize::from_str_radix(address, 16).unwrap());
    let column = mapped.batches()[0]["floats"].to_data();
    let address = column.buffers()[0].as_ptr() as usize;
    assert!((start..end).contains(&address), "the column was copied");
    assert_eq!(address % 64, 0);
}

#[test]
fn what_is_no_arrow_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bytes.joblib");
    let mut bytes = Table::from(batch(50)).to_array().unwrap().to_vec();
    let wrong = |bytes: &[u8]| {
        dump(&joblib_array::Array::from(bytes.to_vec()), &path).unwrap();
        load::<Table>(&path).err().map(|error| error.to_string())
    };
    assert!(wrong(b"").unwrap().contains("too short"));
    assert!(wrong(&bytes[..bytes.len() - 1]).is_some());
    assert!(wrong(&bytes[bytes.len() / 2..]).is_some());
    // Each byte of the footer and of the first message, which say where everything is. Most changes are noticed; none may do
    // harm.
    let len = bytes.len();
    for at in (0..2000).chain(len - 700..len) {
        bytes[at] ^= 0xff;
        wrong(&bytes);
        bytes[at] ^= 0xff;
    }
    assert!(wrong(&bytes).is_none());
}

/// A column of each type whose decoder believes what a file says.
fn unions_and_others() -> RecordBatch {
    let union = |mut builder: UnionBuilder| {
        for n in 0..20 {
            match n % 2 {
                0 => builder.append::<Int32Type>("a", n).unwrap(),
                _ => builder.append::<Float64Type>("b", f64::from(n)).unwrap(),
            }
        }
        Arc::new(builder.build().unwrap()) as ArrayRef
    };
    let mut runs = PrimitiveRunBuilder::<Int32Type, Int64Type>::new();
    let mut views = ListViewBuilder::new(Int32Builder::new());
    let mut fixed = FixedSizeBinaryBuilder::new(3);
    for n in 0..20 {
        runs.append_option((n % 7 != 0).then_some(n / 5));
        views.append_value([Some(1), None]);
        fixed.append_value([1, 2, 3]).unwrap();
    }
    RecordBatch::try_from_iter_with_nullable([
        ("dense", union(UnionBuilder::new_dense()), true),
        ("sparse", union(UnionBuilder::new_sparse()), true),
        ("runs", Arc::new(runs.finish()), true),
        ("views", Arc::new(views.finish()), true),
        ("fixed", Arc::new(fixed.finish()), true),
    ])
    .unwrap()
}

/// An Arrow IPC file as others write it.
fn compressed(batch: &RecordBatch, codec: CompressionType) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(Some(codec)).unwrap();
    let mut writer = FileWriter::try_new_with_options(Vec::new(), batch.schema_ref(), options).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

/// The lengths of compressed buffers are numbers of 64 bits: memory is not allocated for what can't be there.
#[test]
fn damaged_files_are_errors_without_a_panic() {
    thread_local! {
        static PANICS: Cell<usize> = const { Cell::new(0) };
    }
    std::panic::set_hook(Box::new(|_| PANICS.set(PANICS.get() + 1)));
    let files = [
        Table::from(unions_and_others()).to_array().unwrap().to_vec(),
        Table::from(batch(20)).to_array().unwrap().to_vec(),
        compressed(&batch(20), CompressionType::ZSTD),
        compressed(&batch(20), CompressionType::LZ4_FRAME),
    ];
    for file in files {
        let whole = Table::from_array(file.clone().into()).unwrap();
        assert_eq!(whole.num_rows(), 20);
        let mut errors = 0;
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0x80;
            errors += usize::from(Table::from_array(damaged.into()).is_err());
            assert_eq!(PANICS.get(), 0, "byte {at} of {}", file.len());
        }
        assert!(errors > file.len() / 10, "{errors} of {}", file.len());
    }
    let _ = std::panic::take_hook();
}

#[test]
fn batches_of_another_schema_are_an_error() {
    let batch = batch(3);
    let other = batch.project(&[0, 1]).unwrap();
    let error = Table::new(batch.schema(), vec![batch.clone(), other]).unwrap_err();
    assert!(error.to_string().contains("batch 1"), "{error}");
}

#[test]
fn a_table_is_bytes_for_formats_of_others() {
    let table = Table::from(batch(10));
    let text = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<Table>(&text).unwrap(), table);
}

#[test]
fn messages_show_the_rows_and_columns_of_a_table() {
    let table = Table::from(batch(10));
    assert_eq!(joblib_encoding::Preview::of(&(table, 2.5)).text(80), "(Table[10, 8], 2.5)");
}
