"""Values of each kind that tables and arrays are made of, for `pickle_fixtures.py`: `GROUPS` names functions that make them.

A case that a release of numpy, pandas or pyarrow can't make is left out of its group.
"""

import array
import datetime as dt
import decimal
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa

try:
    import ml_dtypes
except ImportError:
    ml_dtypes = None

GROUPS = {}


def case(group, name, make):
    GROUPS.setdefault(group, {})[name] = make


def arrow(values, kind):
    return pd.array(values, dtype=pd.ArrowDtype(kind))


# Python's own, in other dress.
class Moment(dt.datetime):
    """A class of somebody's own."""


class Day(dt.date):
    """Another one."""


class Clock(dt.time):
    """And another one."""


case("stdlib", "arrays", lambda: [array.array(code, [1, 2, 100]) for code in "bBhHiIlLqQ"])
case("stdlib", "arrays_of_extremes", lambda: [array.array("b", [-128, 127]), array.array("q", [-(2**63)]), array.array("Q", [2**64 - 1])])
case("stdlib", "arrays_of_floats", lambda: [array.array("f", [0.5, -1.5]), array.array("d", [1e300, 0.1]), array.array("d")])
case("stdlib", "arrays_of_characters", lambda: [array.array("u", "aé日"), array.array("u", "")])
case(
    "stdlib",
    "moments",
    lambda: [
        Moment(2024, 7, 1, 12, 30, 15, 250000),
        Moment(2024, 7, 1, 12, tzinfo=dt.timezone.utc),
        Moment(2024, 7, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=-3))),
        Day(2024, 2, 29),
        Clock(23, 59, 58),
    ],
)
case("stdlib", "moments_in_a_frame", lambda: pd.DataFrame({"n": [1, 2], "t": pd.Series([Moment(2024, 7, 1), None], dtype=object)}))
case("stdlib", "dtypes", lambda: [np.dtype(name) for name in ["f4", "i8", ">i2", "?", "U3", "S5", "O", "M8[ns]", "m8[s]", "c16"]])
case(
    "stdlib",
    "dtypes_of_pandas",
    lambda: [pd.Int64Dtype(), pd.UInt8Dtype(), pd.Float32Dtype(), pd.BooleanDtype(), pd.StringDtype("python")]
    + ([pd.PeriodDtype("M")] if pd.__version__ >= "2" else [])  # A dtype of an offset before.
    + [pd.DatetimeTZDtype("ns", "UTC"), pd.DatetimeTZDtype("ns", "Europe/Paris"), pd.IntervalDtype("int64", "left"), pd.IntervalDtype("float64", "both")],
)
case("stdlib", "categories", lambda: [pd.CategoricalDtype(["a", "b"], ordered=True)])
case("stdlib", "dtypes_of_a_frame", lambda: pd.DataFrame({"a": [1], "b": [0.5], "c": pd.array([1], dtype="Int64"), "t": pd.to_datetime(["2024-01-01"])}).dtypes)

# Arrow
case("arrow", "null", lambda: pd.DataFrame({"n": arrow([None, None], pa.null())}))
case("arrow", "half", lambda: pa.table({"h": pa.array([np.float16(1.5), None], pa.float16())}))
case("arrow", "list_view", lambda: pa.table({"l": pa.array([[1, 2], None, [], [3]], pa.list_view(pa.int64()))}))
case("arrow", "large_list_view", lambda: pa.table({"l": pa.array([["1", "2"], None, [], ["3"]], pa.large_list_view(pa.string()))}))
case("arrow", "large_list", lambda: pa.table({"l": pa.array([[1, 2], None, [], [3]], pa.large_list(pa.int16()))}))
case("arrow", "fixed_list", lambda: pa.table({"l": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2))}))
case("arrow", "fixed_list_sliced", lambda: pa.table({"l": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2)).slice(1)}))
case("arrow", "list_sliced", lambda: pa.table({"l": pa.array([[1, 2], None, [3, 4], []], pa.list_(pa.int64())).slice(1, 2)}))
case(
    "arrow",
    "struct_sliced",
    lambda: pa.table({"s": pa.array([{"a": 1, "b": "x"}, None, {"a": 3, "b": None}], pa.struct([("a", pa.int64()), ("b", pa.string())])).slice(1)}),
)
case(
    "arrow",
    "struct_nested",
    lambda: pa.table(
        {
            "s": pa.array(
                [{"a": [{"b": 1}], "c": {"d": None}}, None], pa.struct([("a", pa.list_(pa.struct([("b", pa.int8())]))), ("c", pa.struct([("d", pa.date32())]))])
            )
        }
    ),
)
case(
    "arrow",
    "union_sparse",
    lambda: pa.table({"u": pa.UnionArray.from_sparse(pa.array([0, 1, 0], pa.int8()), [pa.array([1, 2, 3]), pa.array(["a", "b", "c"])])}),
)
case(
    "arrow",
    "union_dense",
    lambda: pa.table(
        {
            "u": pa.UnionArray.from_dense(
                pa.array([0, 1, 0, 1], pa.int8()), pa.array([0, 0, 1, 1], pa.int32()), [pa.array([1, None]), pa.array(["a", "b"])], ["i", "t"], [0, 1]
            )
        }
    ),
)
case(
    "arrow",
    "union_codes",
    lambda: pa.table(
        {
            "u": pa.UnionArray.from_dense(
                pa.array([5, 7, 5, 7], pa.int8()), pa.array([0, 0, 1, 1], pa.int32()), [pa.array([1, None]), pa.array(["a", "b"])], ["i", "t"], [5, 7]
            )
        }
    ),
)
case(
    "arrow",
    "union_sliced",
    lambda: pa.table({"u": pa.UnionArray.from_sparse(pa.array([0, 1, 0], pa.int8()), [pa.array([1, 2, 3]), pa.array(["a", "b", "c"])]).slice(1)}),
)
case("arrow", "map_sliced", lambda: pa.table({"m": pa.array([[("k", 1)], None, [("l", 2), ("m", None)]], pa.map_(pa.string(), pa.int64())).slice(1)}))
case("arrow", "date64", lambda: pa.table({"d": pa.array([dt.date(2024, 2, 29), None], pa.date64())}))
case(
    "arrow",
    "time32",
    lambda: pa.table({"d": pa.array([dt.time(1, 2, 3), None], pa.time32("s")), "e": pa.array([dt.time(1, 2, 3, 4000), None], pa.time32("ms"))}),
)
case("arrow", "duration", lambda: pa.table({"d": pa.array([dt.timedelta(days=1, seconds=2), None], pa.duration("us"))}))
case("arrow", "interval_mdn", lambda: pa.table({"d": pa.array([(1, 2, 3), None], pa.month_day_nano_interval())}))
case("arrow", "ts_s", lambda: pa.table({"d": pa.array([dt.datetime(2024, 1, 1), None], pa.timestamp("s"))}))
case("arrow", "decimal_neg", lambda: pa.table({"d": pa.array([decimal.Decimal("12300"), None], pa.decimal128(5, -2))}))
case("arrow", "decimal256_big", lambda: pa.table({"d": pa.array([decimal.Decimal("9" * 60), decimal.Decimal("-" + "7" * 55), None], pa.decimal256(76, 0))}))
case("arrow", "fixed_binary", lambda: pa.table({"d": pa.array([b"abc", None, b"xyz"], pa.binary(3))}))
case("arrow", "ext_uuid", lambda: pa.table({"u": pa.array([b"\x01" * 16, None], pa.uuid())}))
case("arrow", "ext_json", lambda: pa.table({"u": pa.array(['{"a":1}', None], pa.json_())}))
case("arrow", "ext_bool8", lambda: pa.table({"u": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, None, 0], pa.int8()))}))
case(
    "arrow",
    "ext_opaque",
    lambda: pa.table(
        {
            "u": (
                pa.array([b"x", None]).cast(pa.opaque(pa.binary(), "t", "v"))
                if False
                else pa.ExtensionArray.from_storage(pa.opaque(pa.binary(), "t", "v"), pa.array([b"x", None], pa.binary()))
            )
        }
    ),
)
case("arrow", "ext_tensor", lambda: pa.table({"u": pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(8.0).reshape(2, 2, 2))}))
case("arrow", "dict_of_dict", lambda: pa.table({"c": pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.uint8()), pa.array([1.5, 2.5]))}))
case("arrow", "dict_list", lambda: pa.table({"c": pa.array([["a", "b"], ["a"], None], pa.list_(pa.dictionary(pa.int8(), pa.string())))}))
case("arrow", "dict_null_value", lambda: pa.table({"c": pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.int8()), pa.array(["x", None]))}))
case("arrow", "dict_sliced", lambda: pa.table({"c": pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 1], pa.int8()), pa.array(["x", "y"])).slice(1)}))
case("arrow", "run_int16", lambda: pa.table({"r": pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int16()), pa.array([1.5, None]))}))
case("arrow", "bool_sliced", lambda: pa.table({"b": pa.array([True, None, False, True] * 5).slice(3, 9)}))
case("arrow", "view_sliced", lambda: pa.table({"b": pa.array(["a", None, "x" * 30, "q"] * 5, pa.string_view()).slice(1, 9)}))
case(
    "arrow",
    "empty",
    lambda: pa.table(
        {
            "a": pa.array([], pa.string()),
            "b": pa.array([], pa.list_(pa.int64())),
            "c": pa.array([], pa.struct([("x", pa.int64())])),
            "d": pa.array([], pa.timestamp("ns")),
        }
    ),
)
case("arrow", "chunks_mixed", lambda: pa.table({"a": pa.chunked_array([["a"], [], ["b", None]]), "b": pa.chunked_array([[1], [2, 3]])}))
case("arrow", "chunks_none", lambda: pa.table({"a": pa.chunked_array([], pa.int64())}))
case("arrow", "array", lambda: [pa.array([1, None]), pa.array(["a"])])
case(
    "arrow",
    "scalars",
    lambda: [
        pa.scalar(dt.datetime(2024, 1, 1)),
        pa.scalar(dt.date(2024, 1, 1)),
        pa.scalar(decimal.Decimal("1.5")),
        pa.scalar([1, 2]),
        pa.scalar({"a": 1}),
        pa.scalar(b"x"),
        pa.scalar(1.5),
        pa.scalar(True),
    ],
)
case("arrow", "pd_list_struct", lambda: pd.DataFrame({"l": arrow([[{"a": 1}], None, []], pa.list_(pa.struct([("a", pa.int64())])))}))
case("arrow", "pd_index", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.Index(arrow([1, None], pa.int64()), name="k")))
case("arrow", "pd_dup_labels", lambda: pd.DataFrame([[1, 2]], columns=pd.Index(arrow([1, 2], pa.int64()))))
case("arrow", "pd_bin", lambda: pd.Series(arrow([b"a", None], pa.binary())))
# StringDtype
for na in ("nan", "NA"):
    for st in ("python", "pyarrow"):

        def f(na=na, st=st):
            d = pd.StringDtype(st, na_value=np.nan if na == "nan" else pd.NA)
            return pd.DataFrame({"s": pd.array(["a", None, "é"], dtype=d)}, index=pd.Index(pd.array(["u", "v", "w"], dtype=d), name="i"))

        case("strings", f"{st}_{na}", f)
# periods
for fr in [
    "D",
    "B",
    "h",
    "min",
    "s",
    "ms",
    "us",
    "ns",
    "M",
    "Q",
    "Q-JAN",
    "Q-FEB",
    "Q-NOV",
    "Q-OCT",
    "Y",
    "Y-MAR",
    "Y-JAN",
    "W",
    "W-MON",
    "W-SAT",
    "W-FRI",
    "W-THU",
    "W-TUE",
    "2D",
    "3M",
    "2Q",
    "5min",
    "2h",
    "12h",
    "15s",
    "3W",
    "2Y",
    "10ms",
]:

    def f(fr=fr):
        return {
            "c": pd.DataFrame({"p": pd.PeriodIndex(pd.period_range("2023-11-05 03:04:05", periods=5, freq=fr).tolist() + [pd.NaT], freq=fr)}),
            "i": pd.DataFrame({"x": range(3)}, index=pd.period_range("1968-12-30", periods=3, freq=fr, name="p")),
            "s": [pd.Period("2024-05-06 07:08:09.123456789", fr), pd.Period("1959-01-01", fr)],
        }

    case("periods", fr, f)
# intervals
for cl in ("left", "right", "both", "neither"):
    case(
        "intervals",
        "ts_" + cl,
        lambda cl=cl: {
            "c": pd.DataFrame({"i": pd.arrays.IntervalArray.from_breaks(pd.to_datetime(["2024-01-01", "2024-01-02", "2024-02-01"]), closed=cl)}),
            "x": pd.DataFrame({"x": [1, 2]}, index=pd.IntervalIndex.from_breaks([0, 1, 2], closed=cl)),
        },
    )
case("intervals", "tz", lambda: pd.Series(pd.interval_range(pd.Timestamp("2024-01-01", tz="Europe/Paris"), periods=2)))
case("intervals", "td", lambda: pd.Series(pd.interval_range(pd.Timedelta("1h"), periods=2)))
case("intervals", "int_missing", lambda: pd.Series(pd.arrays.IntervalArray.from_tuples([(0, 1), None, (2, 3)])))
case("intervals", "ts_missing", lambda: pd.Series(pd.arrays.IntervalArray.from_tuples([(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")), None])))
case("intervals", "qcut", lambda: pd.DataFrame({"q": pd.qcut(pd.Series([1.0, 2.0, 3.0, 4.0]), 2)}))
case("intervals", "groupby", lambda: pd.DataFrame({"x": [1.0, 2.0, 3.0]}).groupby(pd.cut(pd.Series([1.0, 2.0, 3.0]), 2), observed=False).sum())
case("intervals", "cols", lambda: pd.DataFrame([[1, 2]], columns=pd.IntervalIndex.from_breaks(pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]))))
case("intervals", "scalars", lambda: [pd.Interval(pd.Timedelta("1h"), pd.Timedelta("2h")), pd.Interval(0.5, 2)])
# sparse
for k, (v, fv) in {
    "int": ([0, 1, 0], 0),
    "int5": ([5, 5, 1], 5),
    "f": ([0.0, 1.5, 0.0], 0.0),
    "nan": ([np.nan, 1.0, np.nan], np.nan),
    "fnan0": ([0.0, np.nan, 1.0], 0.0),
    "bool": ([True, False, True], True),
}.items():
    case("sparse", k, lambda v=v, fv=fv: pd.DataFrame({"s": pd.arrays.SparseArray(v, fill_value=fv), "n": range(len(v))}))
case("sparse", "str", lambda: pd.Series(pd.arrays.SparseArray(np.array(["a", "", "b"], dtype=object), fill_value="")))
case("sparse", "dt", lambda: pd.Series(pd.arrays.SparseArray(np.array(["2024-01-01", "NaT"], dtype="M8[ns]"))))
case("sparse", "block", lambda: pd.Series(pd.arrays.SparseArray([0, 0, 1, 2, 0, 3], kind="block", fill_value=0)))
case("sparse", "f32", lambda: pd.Series(pd.arrays.SparseArray(np.array([0, 1.5], dtype="f4"))))
case("sparse", "npfill", lambda: pd.Series(pd.arrays.SparseArray(np.array([0, 1], dtype="i4"), fill_value=np.int32(0))))
case("sparse", "frame", lambda: pd.DataFrame.sparse.from_spmatrix(__import__("scipy.sparse").sparse.csr_matrix([[0, 1], [2, 0]])))
case("sparse", "index", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.Index(pd.arrays.SparseArray([0, 1]), name="i")))
# categoricals
case("categories", "period", lambda: pd.Series(pd.Categorical(pd.period_range("2024-01", periods=3, freq="M"))))
case("categories", "interval", lambda: pd.Series(pd.Categorical(pd.interval_range(0, 3))))
case("categories", "tz", lambda: pd.Series(pd.Categorical(pd.to_datetime(["2024-01-01", "2024-01-02"]).tz_localize("Europe/Paris"))))
case("categories", "td", lambda: pd.Series(pd.Categorical(pd.to_timedelta(["1h", "2h"]))))
case("categories", "nullable", lambda: pd.Series(pd.Categorical(pd.array([1, 2], dtype="Int64"))))
case("categories", "arrow", lambda: pd.Series(pd.Categorical(pd.array(["a", "b", None], dtype="string[pyarrow]"))))
case("categories", "obj", lambda: pd.Series(pd.Categorical([1, "a", 2.5, None])))
case("categories", "tuple", lambda: pd.Series(pd.Categorical([(1, 2), (3, 4)])))
case("categories", "ordered", lambda: pd.Series(pd.Categorical(["lo", "hi", "lo"], categories=["lo", "hi"], ordered=True)))
case("categories", "unused", lambda: pd.DataFrame({"c": pd.Categorical(["a"], categories=["a", "b"])}))
case("categories", "empty", lambda: pd.Series(pd.Categorical([])))
case("categories", "allna", lambda: pd.Series(pd.Categorical([None, None])))
case("categories", "many", lambda: pd.Series(pd.Categorical([f"c{i%300}" for i in range(400)])))
case("categories", "index", lambda: pd.DataFrame({"x": [1, 2, 3]}, index=pd.CategoricalIndex(["a", "b", None], name="c")))
# MultiIndex
mi = lambda: pd.MultiIndex.from_arrays([["a", None, "b"], [1.5, 2.5, np.nan], [True, False, True]], names=["k", None, "z"])
case("multi_indexes", "nan", lambda: pd.DataFrame({"x": [1, 2, 3]}, index=mi()))
case(
    "multi_indexes",
    "both",
    lambda: pd.DataFrame(np.arange(9).reshape(3, 3), index=mi(), columns=pd.MultiIndex.from_arrays([["a", "a", None], [1, 2, np.nan]], names=["p", "q"])),
)
case(
    "multi_indexes",
    "dates",
    lambda: pd.DataFrame({"x": [1, 2]}, index=pd.MultiIndex.from_product([pd.to_datetime(["2024-01-01"]), ["u", "v"]], names=["d", "e"])),
)
case(
    "multi_indexes",
    "cat",
    lambda: pd.DataFrame(
        {"x": [1, 2]}, index=pd.MultiIndex.from_arrays([pd.Categorical(["a", "b"]), pd.period_range("2024-01", periods=2, freq="M")], names=["c", "p"])
    ),
)
case("multi_indexes", "alone", lambda: pd.MultiIndex.from_product([["a", "b"], [1, 2]]))
case("multi_indexes", "series", lambda: pd.Series([1, 2], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), name=("x", 1)))
case("multi_indexes", "one", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.MultiIndex.from_arrays([["a", "b"]], names=["only"])))
case("multi_indexes", "empty", lambda: pd.DataFrame({"x": [1, 2]}).set_index([pd.Index(["a", "b"]), pd.Index([1, 2])]).iloc[:0])
case("multi_indexes", "iv", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.MultiIndex.from_arrays([pd.interval_range(0, 2), [1, 2]])))
case("multi_indexes", "int_names", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.MultiIndex.from_arrays([["a", "b"], [1, 2]], names=[0, 1])))
case("indexes", "int_name", lambda: pd.DataFrame({0: [1, 2], 1: [3, 4]}).set_index(0))
case("indexes", "tuple_name", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.Index([5, 6], name=("a", 1))))
case("indexes", "td", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.to_timedelta(["1h", "2h"])))
case("indexes", "tz", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.date_range("2024-01-01", periods=2, tz="Europe/Paris", name="t")))
case("indexes", "range", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.RangeIndex(5, 9, 2)))
case("indexes", "range_named", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.RangeIndex(2, name="r")))
case("indexes", "float", lambda: pd.DataFrame({"x": [1, 2]}, index=[0.5, np.nan]))
case("indexes", "bool", lambda: pd.DataFrame({"x": [1, 2]}, index=[True, False]))
case("indexes", "obj", lambda: pd.DataFrame({"x": [1, 2, 3]}, index=pd.Index([1, "a", None], dtype=object)))
case("indexes", "u8", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.Index([1, 2], dtype="uint8")))
case("indexes", "same", lambda: pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="x")))
case("labels", "mixed", lambda: pd.DataFrame([[1, 2, 3, 4, 5]], columns=pd.Index([1, "a", None, 2.5, True], dtype=object)))
case("labels", "td", lambda: pd.DataFrame([[1, 2]], columns=pd.to_timedelta(["1h", "2h"])))
case("labels", "range", lambda: pd.DataFrame(np.arange(4).reshape(2, 2)))
case("labels", "tz", lambda: pd.DataFrame([[1, 2]], columns=pd.date_range("2024-01-01", periods=2, tz="UTC")))
case("labels", "nan", lambda: pd.DataFrame([[1, 2]], columns=[np.nan, 1.0]))
case("labels", "tuple", lambda: pd.DataFrame([[1, 2]], columns=pd.Index([("a", 1), ("b", 2)], tupleize_cols=False)))
case("labels", "bytes", lambda: pd.DataFrame([[1, 2]], columns=[b"a", "a"]))
# nullable & dates
case(
    "frames",
    "nullable_all",
    lambda: pd.DataFrame(
        {
            t: pd.array([1, None, 0], dtype=t)
            for t in ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64", "boolean"]
        }
    ),
)
for u in ("s", "ms", "us", "ns"):
    case(
        "dates",
        u,
        lambda u=u: pd.DataFrame(
            {
                "a": pd.Series(pd.to_datetime(["2024-07-01 12:00:01", None])).astype(f"M8[{u}]"),
                "z": pd.Series(pd.to_datetime(["2024-07-01 12:00:01", None])).dt.tz_localize("Europe/Paris").astype(f"datetime64[{u}, Europe/Paris]"),
                "d": pd.Series(pd.to_timedelta(["1h", None])).astype(f"m8[{u}]"),
            }
        ),
    )
case(
    "dates",
    "tz_fixed",
    lambda: pd.DataFrame({"z": pd.Series(pd.to_datetime(["2024-07-01 12:00:01", None])).dt.tz_localize(dt.timezone(dt.timedelta(hours=2)))}),
)
case("dates", "2d", lambda: pd.DataFrame({"a": pd.to_datetime(["2024-01-01", "2024-01-02"]), "b": pd.to_datetime(["2023-01-01", None])}))
case(
    "frames",
    "obj_mixed",
    lambda: pd.DataFrame(
        {"o": [1, "a", None, 2.5, True, b"x", [1], (2,), {"k": 1}, dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, 1), dt.timedelta(1), decimal.Decimal("1.5")]}
    ),
)
case("frames", "complex_col", lambda: pd.DataFrame({"c": [1.5, 2.5]}))
case("frames", "empty_frame", lambda: pd.DataFrame())
case("frames", "empty_cols", lambda: pd.DataFrame({"a": pd.Series([], dtype="float64"), "b": pd.Series([], dtype="str")}))
case("frames", "no_cols", lambda: pd.DataFrame(index=["a", "b"]))
case("frames", "attrs", lambda: (lambda d: (d.attrs.update(unit="m", n=3), d)[1])(pd.DataFrame({"x": [1]})))
case("frames", "series_name_int", lambda: pd.Series([1, 2], name=5))
case("frames", "series_name_tuple", lambda: pd.Series([1, 2], name=("a", 1)))
case("frames", "series_empty", lambda: pd.Series([], dtype="float64"))
case("frames", "series_obj", lambda: pd.Series([1, "a", None], dtype=object))
case("frames", "frame_dup_block", lambda: pd.DataFrame([[1, 2.5, 3]], columns=["a", "b", "a"]))
case("frames", "frame_fortran", lambda: pd.DataFrame(np.asfortranarray(np.arange(6).reshape(2, 3)), columns=list("abc")))
case("frames", "frame_sliced", lambda: pd.DataFrame({"a": range(10), "t": [str(i) for i in range(10)]}).iloc[2:8:2])
case("frames", "frame_int8_many", lambda: pd.DataFrame({f"c{i}": np.array([i], dtype="i1") for i in range(20)}))
# numpy
case(
    "numpy", "masked_struct", lambda: np.ma.array([(1, 2.0, b"x"), (3, 4.0, b"y")], mask=[(0, 1, 1), (0, 0, 0)], dtype=[("a", "i4"), ("b", "f8"), ("c", "S2")])
)
case("numpy", "masked_f", lambda: np.ma.array([1.5, 2.5], mask=[True, False]))
case("numpy", "masked_nomask", lambda: np.ma.array([1, 2]))
case("numpy", "masked_str", lambda: np.ma.array(["a", "b"], mask=[True, False]))
case("numpy", "masked_dt", lambda: np.ma.array(np.array(["2024-01-01", "2024-01-02"], "M8[D]"), mask=[True, False]))
case("numpy", "struct_nested", lambda: np.array([((1, 2.5), "x")], dtype=[("p", [("a", "i4"), ("b", "f8")]), ("t", "U3")]))
case("numpy", "struct_sub", lambda: np.array([([1, 2], "x")], dtype=[("p", "i4", (2,)), ("t", "U3")]))
case("numpy", "struct_title", lambda: np.array([(1, 2)], dtype=[(("title", "a"), "i4"), ("b", "i8")]))
case("numpy", "struct_pad", lambda: np.array([(1, 2)], dtype=np.dtype([("a", "i1"), ("b", "i8")], align=True)))
case("numpy", "struct_offsets", lambda: np.array([(1, 2)], dtype=np.dtype({"names": ["a", "b"], "formats": ["i4", "i4"], "offsets": [4, 0], "itemsize": 16})))
case("numpy", "rec_obj", lambda: np.rec.array([(1, "a"), (2, None)], dtype=[("n", "i4"), ("o", "O")]))
case(
    "numpy", "record_scalar", lambda: [np.rec.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])[0], np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])[0]]
)
case(
    "numpy",
    "scalars",
    lambda: [
        np.int8(1),
        np.uint64(2**63),
        np.float32(0.5),
        np.float16(1.5),
        np.bool_(True),
        np.str_("x"),
        np.bytes_(b"y"),
        np.datetime64("2024-01-01", "D"),
        np.datetime64("NaT"),
        np.float64(2.5),
    ],
)
case(
    "numpy",
    "T_variants",
    lambda: [
        np.array(["a", "b" * 40, ""], dtype=np.dtypes.StringDType()),
        np.array(["a", np.nan], dtype=np.dtypes.StringDType(na_object=np.nan)),
        np.array(["a"], dtype=np.dtypes.StringDType(coerce=False)),
    ],
)
case(
    "numpy",
    "T_na",
    lambda: [
        np.array(["a", pd.NA], dtype=np.dtypes.StringDType(na_object=pd.NA)),
        np.array(["a", "__nan__"], dtype=np.dtypes.StringDType(na_object="__nan__")),
    ],
)
case("numpy", "chararray", lambda: np.char.array(["a", "bc"]))
case("numpy", "matrix1", lambda: {"m": np.array([1, 2])})
case("numpy", "dt_units", lambda: [np.array(["2024-01-01", "NaT"], f"M8[{u}]") for u in ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns"]])
case("numpy", "bigendian", lambda: [np.arange(3, dtype=d) for d in (">i2", ">u4", ">f4", ">f8", ">f2")])
for n in [
    "bfloat16",
    "float8_e3m4",
    "float8_e4m3",
    "float8_e4m3b11fnuz",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
    "float6_e2m3fn",
    "float6_e3m2fn",
    "float4_e2m1fn",
]:

    def f(n=n):
        t = getattr(ml_dtypes, n)
        bits = 4 if "float4" in n else 6 if "float6" in n else 8
        if n == "bfloat16":
            return np.arange(0, 65536, 97, dtype="u2").view(t)
        return np.arange(2**bits, dtype="u1").view(t)

    case("ml_dtypes", n, f)
case("ml_dtypes", "scalar", lambda: [ml_dtypes.bfloat16(1.5), ml_dtypes.float8_e5m2(2.0)])
case("ml_dtypes", "int4", lambda: [np.array([1, -8, 7], ml_dtypes.int4), np.array([1, 15], ml_dtypes.uint4)])
case("ml_dtypes", "int2", lambda: [np.array([1, -2], ml_dtypes.int2), np.array([1, 3], ml_dtypes.uint2)])
case("ml_dtypes", "struct", lambda: np.array([(1.5, 2)], dtype=[("w", ml_dtypes.bfloat16), ("n", "i4")]))
case("ml_dtypes", "2d", lambda: {"w": np.array([1.5, 2], ml_dtypes.bfloat16)})
# Labels, columns and arrays of types within types.


def labels(make):
    def frame():
        index = pd.Index(make())
        return pd.DataFrame([list(range(len(index)))], columns=index)

    return frame


case("odd_labels", "unsigned", labels(lambda: pd.array([1, 2], dtype="UInt8")))
case("odd_labels", "missing", labels(lambda: pd.array([1, None], dtype="Int64")))
case("odd_labels", "nullable_bool", labels(lambda: pd.array([True, False], dtype="boolean")))
case("odd_labels", "nullable_float", labels(lambda: pd.array([0.5, 1.0], dtype="Float64")))
case("odd_labels", "arrow_int", labels(lambda: arrow([1, 2], pa.int16())))
case("odd_labels", "arrow_date", labels(lambda: arrow([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], pa.date32())))
case("odd_labels", "arrow_bool", labels(lambda: arrow([True, False], pa.bool_())))
case("odd_labels", "arrow_span", labels(lambda: arrow([dt.timedelta(1), dt.timedelta(2)], pa.duration("us"))))
case("odd_labels", "arrow_dictionary", labels(lambda: arrow(["x", "y"], pa.dictionary(pa.int8(), pa.string()))))
case("odd_labels", "decimal", labels(lambda: np.array([decimal.Decimal("1.5"), decimal.Decimal("2")], dtype=object)))
case("odd_labels", "uuid", labels(lambda: np.array([uuid.UUID(int=1), uuid.UUID(int=2)], dtype=object)))
case("odd_labels", "date", labels(lambda: np.array([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], dtype=object)))
case("odd_labels", "not_a_time", labels(lambda: pd.to_datetime(["2024-01-01", None])))
case("odd_labels", "empty_text", labels(lambda: ["", "a"]))
case("odd_labels", "categories_of_periods", labels(lambda: pd.CategoricalIndex(pd.period_range("2024-01", periods=2, freq="M"))))
case("odd_labels", "categories_of_intervals", labels(lambda: pd.CategoricalIndex(pd.interval_range(0, 2))))
case("odd_labels", "levels_of_periods", labels(lambda: pd.MultiIndex.from_arrays([pd.period_range("2024-01", periods=2, freq="M"), [True, False]])))
case("odd_labels", "levels_of_intervals", labels(lambda: pd.MultiIndex.from_arrays([pd.interval_range(0, 2), ["a", "b"]])))
case("odd_labels", "levels_of_arrow", labels(lambda: pd.MultiIndex.from_arrays([pd.Index(arrow([1, 2], pa.int64())), ["a", "b"]])))
case("odd_labels", "levels_twice", labels(lambda: pd.MultiIndex.from_tuples([("a", 1), ("a", 1)])))
none = [None, None]
case("odd_columns", "nothing", lambda: pd.DataFrame({kind: pd.array(none, dtype=kind) for kind in ("Int64", "boolean", "string")}))
case("odd_columns", "concatenated", lambda: pd.concat([pd.DataFrame({"s": ["a", None]}), pd.DataFrame({"s": ["é"]})], ignore_index=True))
case("odd_columns", "dictionary_of_numbers", lambda: pd.DataFrame({"c": arrow([10, 20, None, 10], pa.dictionary(pa.int32(), pa.int64()))}))
case("odd_columns", "lists_of_lists", lambda: pd.DataFrame({"c": arrow([[[1], [2, 3]], [], None], pa.list_(pa.list_(pa.int8())))}))
list_and_date = lambda: pa.struct([("a", pa.list_(pa.int64())), ("d", pa.date32())])
case("odd_columns", "structs_of_lists", lambda: pd.DataFrame({"c": arrow([{"a": [1, None], "d": dt.date(2024, 1, 1)}, None], list_and_date())}))
case("odd_columns", "maps_of_maps", lambda: pd.DataFrame({"c": arrow([[("k", [("l", 1)])]], pa.map_(pa.string(), pa.map_(pa.string(), pa.int64())))}))
case("odd_columns", "decimals", lambda: pd.DataFrame({"c": arrow([decimal.Decimal("1.50"), None], pa.decimal256(40, 2))}))
case("odd_columns", "long_text", lambda: pd.DataFrame({"c": arrow(["a", None, "é" * 100], pa.large_string())}))
case("odd_columns", "sparse_short", lambda: pd.DataFrame({"c": pd.arrays.SparseArray(np.array([0, 3, 0], "i2"))}))
case("odd_columns", "sparse_spans", lambda: pd.DataFrame({"c": pd.arrays.SparseArray(np.array([1_000_000_000, "NaT"], "m8[ns]"))}))
case("odd_columns", "turned", lambda: pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}).T)
case("odd_columns", "moved", lambda: (lambda f: (f.pop("b"), f.insert(0, "z", [9, 8]), f)[2])(pd.DataFrame({"a": [1, 2], "b": [3, 4], "c": [5.0, 6.0], "d": ["x", "y"]})))
case("odd_columns", "every_third", lambda: pd.DataFrame(np.arange(20).reshape(2, 10)).iloc[:, ::3])
case("odd_columns", "described", lambda: pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]}).describe())
case("odd_columns", "pivot", lambda: pd.DataFrame({"k": ["a", "a", "b"], "l": ["x", "y", "x"], "v": [1, 2, 3]}).pivot_table(index="k", columns="l", values="v"))
case("odd_columns", "crossed", lambda: pd.crosstab(pd.Series([True, False, True], name="t"), pd.Series([1, 2, 2], name="n"), margins=True))
case("odd_columns", "resampled", lambda: pd.DataFrame({"v": range(4)}, index=pd.date_range("2024-01-01", periods=4, freq="12h")).resample("D").sum())
case("odd_columns", "dummies", lambda: pd.get_dummies(pd.Series(["a", "b"])))
case("odd_columns", "arrow_index", lambda: pd.Series([1.5, 2.5], index=pd.Index(arrow([dt.date(2024, 1, 1), None], pa.date32()), name="d"), name="v"))
case("odd_arrays", "times_in_records", lambda: np.array([("2024-01-01", 5)], dtype=[("d", "M8[D]"), ("t", "m8[s]")]))
case("odd_arrays", "no_records", lambda: np.zeros(0, dtype=[("a", "i4"), ("o", "O")]))
case("odd_arrays", "record_texts", lambda: np.rec.array([(1, "a"), (2, "bb")], names="n,t"))
case("odd_arrays", "empty_texts", lambda: [np.array(["", ""]), np.array([b"", b""])])
case("odd_arrays", "finest_times", lambda: [np.array([7, -1], "M8[ps]"), np.array([7, -1], "M8[fs]"), np.array([10**18, -1], "M8[as]")])
case("odd_arrays", "other_end_texts", lambda: np.array(["é日"], ">U3"))
case("odd_arrays", "reversed", lambda: [np.array([True, False])[::-1], np.array([1.5, 2.5], ">f2"), np.arange(6)[::2]])
case("odd_arrays", "masked_objects", lambda: np.ma.array(["a", "c", "b"], mask=[0, 0, 1], dtype=object))
case("odd_arrays", "masked_bytes", lambda: np.ma.array([b"a", b"b"], mask=[1, 0]))
case("odd_arrays", "no_small_floats", lambda: np.zeros(0, ml_dtypes.float8_e5m2))
