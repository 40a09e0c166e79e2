//! Equal tables have one hash, and others have others: of columns of every kind, in any chunks.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryViewBuilder, FixedSizeBinaryBuilder, FixedSizeListBuilder, Int32Builder, LargeListViewBuilder,
    ListBuilder, ListViewBuilder, MapBuilder, PrimitiveRunBuilder, StringBuilder, StringDictionaryBuilder,
    StringViewBuilder, UnionBuilder,
};
use arrow_array::types::{Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal256Array, DictionaryArray, Float64Array, Int8Array, Int64Array,
    IntervalMonthDayNanoArray, LargeBinaryArray, LargeStringArray, ListArray, NullArray, RecordBatch,
    StringArray, StructArray, UInt64Array,
};
use arrow_buffer::{IntervalMonthDayNano, NullBuffer, OffsetBuffer, i256};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::concat;
use arrow_select::take::take;
use joblib_arrow::Table;
use joblib_hash::{Digest, hash};

/// A column of each kind, with nulls. Some of its rows are equal.
fn columns(rows: usize) -> Vec<ArrayRef> {
    let some = |row: usize| !row.is_multiple_of(3);
    let number = |row: usize| (row % 11) as i32;
    let text = |row: usize| "text that is longer than a view is ".repeat(row % 2) + &number(row).to_string();
    let some_text = |row: usize| some(row).then(|| text(row));

    let mut fixed = FixedSizeBinaryBuilder::new(3);
    let (mut texts, mut bytes) = (StringViewBuilder::new(), BinaryViewBuilder::new());
    let mut lists = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    let mut fixed_lists = FixedSizeListBuilder::new(Int32Builder::new(), 2);
    let mut views = ListViewBuilder::new(Int32Builder::new());
    let mut large_views = LargeListViewBuilder::new(StringBuilder::new());
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    let mut categories = StringDictionaryBuilder::<Int8Type>::new();
    let mut runs = PrimitiveRunBuilder::<Int16Type, Int64Type>::new();
    let (mut dense, mut sparse) = (UnionBuilder::new_dense(), UnionBuilder::new_sparse());
    for row in 0..rows {
        if some(row) {
            fixed.append_value([number(row) as u8, 1, 2]).unwrap();
        } else {
            fixed.append_null();
        }
        texts.append_option(some_text(row));
        bytes.append_option(some_text(row));
        for item in 0..number(row) % 3 {
            (0..item).for_each(|part| lists.values().values().append_option((part != 1).then(|| text(row))));
            lists.values().append(item != 1);
            views.values().append_value(item);
            large_views.values().append_value(text(row));
            maps.keys().append_value(text(item as usize));
            maps.values().append_value(number(row));
        }
        lists.append(some(row));
        views.append(some(row));
        large_views.append(some(row));
        maps.append(some(row)).unwrap();
        fixed_lists.values().append_value(number(row));
        fixed_lists.values().append_option((number(row) != 1).then_some(7));
        fixed_lists.append(some(row));
        categories.append_option(some_text(row));
        runs.append_option(some(row / 4).then_some(row as i64 / 8 % 3));
        for union in [&mut dense, &mut sparse] {
            match row % 2 {
                0 => union.append::<Int32Type>("a", number(row)).unwrap(),
                _ => union.append::<Float64Type>("b", f64::from(number(row))).unwrap(),
            }
        }
    }
    let interval = |row: usize| some(row).then(|| IntervalMonthDayNano::new(number(row), 1, 2));
    let decimal = |row: usize| some(row).then(|| i256::from(i128::from(number(row))));
    let flat: Vec<ArrayRef> = vec![
        Arc::new(NullArray::new(rows)),
        Arc::new((0..rows).map(|row| some(row).then_some(row % 5 == 1)).collect::<BooleanArray>()),
        Arc::new((0..rows).map(|row| some(row).then_some(number(row) as i8)).collect::<Int8Array>()),
        Arc::new(Float64Array::from_iter_values((0..rows).map(|row| f64::from(number(row))))),
        Arc::new((0..rows).map(decimal).collect::<Decimal256Array>()),
        Arc::new((0..rows).map(interval).collect::<IntervalMonthDayNanoArray>()),
        Arc::new((0..rows).map(some_text).collect::<StringArray>()),
        Arc::new((0..rows).map(some_text).collect::<LargeStringArray>()),
        Arc::new((0..rows).map(|row| some_text(row).map(String::into_bytes)).collect::<LargeBinaryArray>()),
        Arc::new(fixed.finish()),
        Arc::new(texts.finish()),
        Arc::new(bytes.finish()),
        Arc::new(categories.finish()),
    ];
    let inner = [3, 6, 10, 12].map(|which: usize| Arc::clone(&flat[which]));
    let fields = inner.iter().map(|array| Field::new("f", array.data_type().clone(), true));
    let valid = (0..rows).map(|row| row % 4 != 1).collect::<NullBuffer>();
    let structs = StructArray::new(fields.collect(), inner.to_vec(), Some(valid));
    let nested: Vec<ArrayRef> = vec![
        Arc::new(lists.finish()),
        Arc::new(fixed_lists.finish()),
        Arc::new(views.finish()),
        Arc::new(large_views.finish()),
        Arc::new(maps.finish()),
        Arc::new(runs.finish()),
        Arc::new(dense.build().unwrap()),
        Arc::new(sparse.build().unwrap()),
        Arc::new(structs),
    ];
    [flat, nested].concat()
}

fn table(chunks: Vec<ArrayRef>) -> Table {
    let field = Field::new("c", chunks[0].data_type().clone(), true);
    let schema = Arc::new(Schema::new(vec![field]));
    let batches =
        chunks.into_iter().map(|chunk| RecordBatch::try_new(Arc::clone(&schema), vec![chunk]).unwrap());
    Table::new(Arc::clone(&schema), batches.collect()).unwrap()
}

fn hash_of(chunks: &[&ArrayRef]) -> Digest {
    hash(&table(chunks.iter().map(|&chunk| Arc::clone(chunk)).collect())).unwrap()
}

#[test]
fn columns_of_every_kind_have_one_hash_in_any_chunks_and_as_copies() {
    let longer = columns(90);
    for (column, longer) in columns(70).iter().zip(&longer) {
        let kind = column.data_type();
        let whole = hash_of(&[column]);
        for cuts in [vec![1], vec![33, 34], vec![8, 8, 50], (0..70).collect()] {
            let ends = cuts.iter().copied().chain([70]);
            let starts = [0].into_iter().chain(cuts.iter().copied());
            let chunks: Vec<ArrayRef> =
                starts.zip(ends).map(|(start, end)| column.slice(start, end - start)).collect();
            assert_eq!(hash_of(&chunks.iter().collect::<Vec<_>>()), whole, "{kind} cut at {cuts:?}");
        }
        assert_eq!(hash_of(&[&longer.slice(0, 70)]), whole, "{kind}: the first rows of a longer one");
        let moved = take(column, &UInt64Array::from_iter_values((60..70).chain(0..70)), None).unwrap();
        assert_eq!(hash_of(&[&moved.slice(10, 70)]), whole, "{kind}: the last rows of a longer one");
        let stored = Table::from_array(table(vec![Arc::clone(column)]).to_array().unwrap()).unwrap();
        assert_eq!(hash(&stored).unwrap(), whole, "{kind}: from a file");
        let none = column.slice(0, 0);
        assert_eq!(hash_of(&[&none, column, &none]), whole, "{kind}: with empty chunks");
    }
}

#[test]
fn tables_that_differ_in_one_row_have_other_hashes_and_others_the_same() {
    for column in columns(30) {
        let kind = column.data_type().clone();
        let whole = hash_of(&[&column]);
        let rows: Vec<u64> = (0..30).collect();
        for row in [0_usize, 1, 2, 14, 29] {
            for other in 0..30 {
                let mut rows = rows.clone();
                rows[row] = other;
                let changed = take(&column, &UInt64Array::from(rows), None).unwrap();
                let are_equal = *changed == *column;
                assert_eq!(hash_of(&[&changed]) == whole, are_equal, "{kind}: {other} at {row}");
            }
        }
        assert_ne!(hash_of(&[&column.slice(0, 29)]), whole, "{kind}: without the last row");
    }
}

#[test]
fn bytes_that_no_row_shows_do_not_count() {
    let valid = || Some(NullBuffer::from(vec![true, false, true]));
    let texts = |hidden: &str| {
        let bytes = format!("a{hidden}c").into_bytes();
        let offsets = OffsetBuffer::from_lengths([1, hidden.len(), 1]);
        Arc::new(StringArray::new(offsets, bytes.into(), valid())) as ArrayRef
    };
    assert_eq!(hash_of(&[&texts("")]), hash_of(&[&texts("hidden")]));
    let lists = |hidden: &[i64]| {
        let items = [&[1][..], hidden, &[3]].concat();
        let offsets = OffsetBuffer::from_lengths([1, hidden.len(), 1]);
        let field = Arc::new(Field::new_list_field(DataType::Int64, true));
        Arc::new(ListArray::new(field, offsets, Arc::new(Int64Array::from(items)), valid())) as ArrayRef
    };
    assert_eq!(hash_of(&[&lists(&[])]), hash_of(&[&lists(&[4, 5])]));
    assert_ne!(hash_of(&[&lists(&[])]), hash_of(&[&lists(&[]).slice(0, 2)]));
}

/// What a dictionary numbers is a value's place in it, which a function can see.
#[test]
fn chunks_with_dictionaries_of_their_own_count_by_all_of_them() {
    let [one, other, empty] = [vec![Some("a"), Some("b")], vec![Some("c"), Some("a")], vec![None]]
        .map(|texts| Arc::new(texts.into_iter().collect::<DictionaryArray<Int8Type>>()) as ArrayRef);
    let both = hash_of(&[&one, &other, &empty]);
    assert_eq!(both, hash_of(&[&one.slice(0, 1), &one.slice(1, 1), &other, &empty]));
    assert_ne!(both, hash_of(&[&one, &one, &empty]));
    assert_ne!(both, hash_of(&[&other, &one, &empty]));
}

/// Pieces of a column are hashed on all cores. A piece is of one chunk, or of several.
#[test]
fn long_columns_have_one_hash_in_any_chunks() {
    let rows = 700_000;
    let mut fixed = FixedSizeBinaryBuilder::new(3);
    let mut texts = StringViewBuilder::new();
    for row in 0..rows {
        fixed.append_value([row as u8, (row >> 8) as u8, (row >> 16) as u8]).unwrap();
        texts.append_option((row % 7 != 0).then(|| format!("text number {row}")));
    }
    let columns: [ArrayRef; 4] = [
        Arc::new((0..rows).map(|row| (row % 7 != 0).then_some(row)).collect::<Int64Array>()),
        Arc::new((0..rows).map(|row| (row % 7 != 0).then(|| row.to_string())).collect::<StringArray>()),
        Arc::new(fixed.finish()),
        Arc::new(texts.finish()),
    ];
    for column in columns {
        let whole = hash_of(&[&column]);
        for size in [1000, 131_072, 131_073, 500_000] {
            let starts = (0..column.len()).step_by(size);
            let chunks: Vec<ArrayRef> =
                starts.map(|start| column.slice(start, size.min(column.len() - start))).collect();
            assert_eq!(hash_of(&chunks.iter().collect::<Vec<_>>()), whole, "{} {size}", column.data_type());
        }
        let last = column.len() - 1;
        let changed = concat(&[&column.slice(0, last), &column.slice(last - 1, 1)]).unwrap();
        assert_ne!(hash_of(&[&changed]), whole, "{}: another last row", column.data_type());
    }
}

#[test]
fn names_types_and_metadata_of_all_levels_count() {
    let list = |item: Field| Field::new("c", DataType::List(Arc::new(item)), true);
    let item = || Field::new("item", DataType::Int32, true);
    let with = |field: Field, value: &str| field.with_metadata([("key".to_owned(), value.to_owned())]);
    let fields = [
        list(item()),
        list(item().with_name("other")),
        list(item().with_nullable(false)),
        list(item().with_data_type(DataType::Int64)),
        list(with(item(), "1")),
        list(with(item(), "2")),
        with(list(item()), "1"),
    ];
    let hashes = fields
        .map(|field| hash(&Table::new(Arc::new(Schema::new(vec![field])), Vec::new()).unwrap()).unwrap());
    for (number, one) in hashes.iter().enumerate() {
        assert!(!hashes[..number].contains(one), "{number}");
    }
}
