"""Makes the files in crates/joblib-pickle/tests/data: pickles of what people keep in tables and arrays, and beside each
what Python says is in it, cell by cell.

    target/venv/bin/python tests/python/pickle_fixtures.py crates/joblib-pickle/tests/data

Needs numpy 2, pandas 3, pyarrow, ml_dtypes, pydantic, python-dateutil and pytz. The files named
pandas20_* are the same cases made with pandas 2.0.3 and numpy 1.24.4. Those named kinds_* hold the groups of
pickle_kinds.py; with a prefix and a protocol behind the folder, only these are made:

    python tests/python/pickle_fixtures.py FOLDER pandas15 2    # pandas 1.5.3, numpy 1.23.5, pyarrow 11
    python tests/python/pickle_fixtures.py FOLDER pandas22 5    # pandas 2.2.3, numpy 2.0.2, pyarrow 17
    python tests/python/pickle_fixtures.py FOLDER protocol0 0 stdlib

The last makes one group alone. The files are committed: a test must not depend on which
of these packages a machine has.
"""

import array
import datetime as dt
import decimal
import ipaddress
import json
import math
import pathlib
import pickle
import sys
import uuid
import zoneinfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytz
from dateutil import tz

import pickle_kinds
from pickle_kinds import arrow, ml_dtypes

try:
    import pydantic
except ImportError:  # An older stack, with which only the groups are made.
    import types

    pydantic = types.SimpleNamespace(BaseModel=object)

k = pd.DataFrame({"k": ["a", "a", "b"], "b": [1, 2, 3], "x": [0.5, 1.5, 2.5], "y": [1.0, 2.0, 4.0]})


class Product(pydantic.BaseModel):
    name: str
    price: float


class GeoFrame(pd.DataFrame):
    """A table of a class that no reader knows."""

    _metadata = ["crs"]

    @property
    def _constructor(self):
        return GeoFrame


def geo_frame():
    frame = GeoFrame({"a": [1, 2], "t": ["x", "y"]})
    frame.crs = "EPSG:4326"
    return frame


class MoneyArray(pd.arrays.IntegerArray):
    """An extension array that no reader knows."""


CASES = {
    # Arrow-backed labels and values.
    "arrow_labels": lambda: pd.DataFrame({"id": [1, 2], "x": [0.5, 1.5]}),
    "arrow_text": lambda: pd.DataFrame({"name": ["é", "", None], "n": [1, 2, 3]}),
    "arrow_series": lambda: pd.Series(["x", "yy"], index=["p", "q"], name="s"),
    "arrow_index": lambda: pd.Index(["u", "v", "w"]),
    "arrow_sliced": lambda: pd.DataFrame({"t": ["a", "bb", "ccc", None, "e"]}).iloc[1:4],
    "arrow_integers": lambda: pd.DataFrame({"i": arrow([1, None, 3], pa.int64()), "u": arrow([1, 2, 255], pa.uint8())}),
    "arrow_floats": lambda: pd.DataFrame({"f": arrow([0.5, None], pa.float32()), "d": arrow([1e300, -0.0], pa.float64())}),
    "arrow_bool": lambda: pd.DataFrame({"b": arrow([True, None, False], pa.bool_())}),
    "arrow_times": lambda: pd.DataFrame({
        "t": arrow([dt.datetime(2024, 1, 1, 12), None], pa.timestamp("us")),
        "d": arrow([dt.date(2024, 2, 29), None], pa.date32()),
        "c": arrow([dt.time(1, 2, 3), dt.time(1, 2, 3, 500000)], pa.time64("us")),
    }),
    "arrow_zoned": lambda: pd.DataFrame({"t": arrow([pd.Timestamp("2024-07-01", tz="Europe/Paris")], pa.timestamp("ns", "Europe/Paris"))}),
    "arrow_dictionary": lambda: pd.DataFrame({"c": arrow(["a", "b", None, "a"], pa.dictionary(pa.int8(), pa.string()))}),
    "arrow_lists": lambda: pd.DataFrame({"l": arrow([[1, 2], None, []], pa.list_(pa.int64()))}),
    "arrow_structs": lambda: pd.DataFrame({"s": arrow([{"a": 1, "b": "x"}, None], pa.struct([("a", pa.int64()), ("b", pa.string())]))}),
    "arrow_decimal": lambda: pd.DataFrame({"d": arrow([decimal.Decimal("-0.05"), decimal.Decimal("12.30"), None], pa.decimal128(10, 2))}),
    "arrow_binary": lambda: pd.DataFrame({"b": arrow([b"x", None, b""], pa.large_binary())}),
    "arrow_string_dtype": lambda: pd.DataFrame({"s": pd.array(["a", None], dtype="string[pyarrow]"), "p": pd.array(["a", None], dtype="string[python]")}),
    "arrow_table": lambda: pa.table({"x": [1, 2, None], "t": ["a", None, "c"]}),
    "arrow_chunks": lambda: pa.chunked_array([["a", "b"], [], ["c"]]),
    "arrow_views": lambda: pa.table({"t": pa.array(["a", None, "longer than twelve bytes"], pa.string_view()), "b": pa.array([b"x", b"0123456789abcdef", None], pa.binary_view())}),
    "arrow_map": lambda: pd.DataFrame({"m": arrow([[("k", 1), ("l", 2)], None, []], pa.map_(pa.string(), pa.int64()))}),
    "arrow_runs": lambda: pa.table({"r": pa.RunEndEncodedArray.from_arrays(pa.array([2, 3, 6]), pa.array(["a", None, "b"]))[1:5]}),
    "arrow_small_decimals": lambda: pa.table({"d": pa.array([decimal.Decimal("-1.50"), None], pa.decimal32(5, 2)), "e": pa.array([decimal.Decimal("12345.6"), None], pa.decimal64(9, 1)), "f": pa.array([decimal.Decimal("-0.001"), None], pa.decimal256(50, 3))}),
    "arrow_record_batch": lambda: pa.record_batch({"x": [1, 2], "t": ["a", None]}),
    "arrow_scalars": lambda: [pa.scalar(3), pa.scalar("x"), pa.scalar(None)],
    # Labels of every kind.
    "labels_bool": lambda: pd.DataFrame([[1, 2]], columns=[True, False]),
    "labels_float": lambda: pd.DataFrame([[1, 2]], columns=[0.1, 1.0]),
    "labels_dates": lambda: pd.DataFrame([[1, 2]], columns=pd.to_datetime(["2024-01-01", "2024-01-02"])),
    "labels_period": lambda: pd.DataFrame([[1, 2]], columns=pd.period_range("2024-01", periods=2, freq="M")),
    "labels_categories": lambda: pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["b", "a"])),
    "labels_intervals": lambda: pd.DataFrame([[1, 2]], columns=pd.interval_range(0, 2)),
    "labels_nullable": lambda: pd.DataFrame([[1, 2]], columns=pd.Index([7, 8], dtype="Int64")),
    "labels_multi": lambda: k.groupby("k")[["x", "y"]].agg(["mean", "std"]),
    "labels_tuples_of_three": lambda: pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1, True), ("b", 2, False)])),
    "labels_twice": lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "labels_integers": lambda: pd.DataFrame([[1, 2]], columns=[10, 20]),
    # Indexes.
    "index_multi": lambda: k.set_index(["k", "b"]),
    "index_named": lambda: k.set_index("k"),
    "index_dates": lambda: pd.DataFrame({"x": [1, 2]}, index=pd.date_range("2024-01-01", periods=2, name="day")),
    "index_unnamed_text": lambda: pd.DataFrame({"x": [1, 2]}, index=["p", "q"]),
    "index_unnamed_multi": lambda: pd.DataFrame({"x": [1, 2]}, index=pd.MultiIndex.from_tuples([("p", 1), ("q", 2)])),
    "index_period": lambda: pd.DataFrame({"x": [1, 2]}, index=pd.period_range("2024Q1", periods=2, freq="Q", name="quarter")),
    "index_interval": lambda: pd.DataFrame({"x": [1, 2]}, index=pd.interval_range(0.0, 1.0, periods=2, closed="left", name="bin")),
    # Columns of pandas' own types.
    "column_cut": lambda: pd.DataFrame({"x": [1.0, 2.0, 3.0], "bin": pd.cut(pd.Series([1.0, 2.0, None]), 3)}),
    "column_interval": lambda: pd.DataFrame({"x": [1, 2], "i": pd.arrays.IntervalArray.from_breaks([0, 1, 2], closed="both")}),
    "column_interval_missing": lambda: pd.Series(pd.arrays.IntervalArray.from_tuples([(0.5, 1.0), None])),
    "column_interval_dates": lambda: pd.Series(pd.interval_range(pd.Timestamp("2024-01-01"), periods=2)),
    "column_sparse": lambda: pd.DataFrame({"s": pd.arrays.SparseArray([0.0, 0.0, 1.5, 0.0], fill_value=0.0), "n": [1, 2, 3, 4]}),
    "column_sparse_missing": lambda: pd.DataFrame({"s": pd.arrays.SparseArray([np.nan, 2.0, np.nan])}),
    "column_sparse_blocks": lambda: pd.Series(pd.arrays.SparseArray([0, 5, 5, 0, 7], fill_value=0, kind="block")),
    "column_sparse_bool": lambda: pd.Series(pd.arrays.SparseArray([False, True, False], fill_value=False)),
    "column_sparse_all": lambda: pd.Series(pd.arrays.SparseArray([0, 0], fill_value=0)),
    "column_period": lambda: pd.DataFrame({"p": pd.period_range("2024-01-01", periods=3, freq="D")}),
    "column_period_missing": lambda: pd.Series(pd.PeriodIndex(["2024-01", None], freq="M")),
    "column_period_hours": lambda: pd.Series(pd.period_range("2024-01-01 22:00", periods=3, freq="h")),
    "column_period_weeks": lambda: pd.Series(pd.period_range("2024-01-01", periods=3, freq="W-WED")),
    "column_period_business": lambda: pd.Series(pd.period_range("2024-01-04", periods=4, freq="B")),
    "column_period_years": lambda: pd.Series(pd.period_range("1969", periods=3, freq="Y")),
    "column_period_micros": lambda: pd.Series(pd.period_range("2024-01-01 00:00:00.5", periods=2, freq="us")),
    "column_categories_numbers": lambda: pd.DataFrame({"c": pd.Categorical([1.5, None, 2.5])}),
    "column_categories_dates": lambda: pd.Series(pd.Categorical(pd.to_datetime(["2024-01-01", "2024-01-02"]))),
    "column_categories_bool": lambda: pd.Series(pd.Categorical([True, False])),
    "column_nullable": lambda: pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "f": pd.array([None, 0.5], dtype="Float64"), "b": pd.array([True, None], dtype="boolean")}),
    "column_zoned": lambda: pd.DataFrame({"t": pd.to_datetime(["2024-07-01 12:00", None]).tz_localize("Europe/Paris")}),
    "column_unknown": lambda: pd.DataFrame({"n": [1, 2], "o": [Fraction_like(1), Fraction_like(2)]}),
    # numpy's arrays.
    "array_records": lambda: np.rec.array([(1, 2.5, b"x")], dtype=[("id", "i4"), ("v", "f8"), ("t", "S3")]),
    "array_to_records": lambda: k[["b", "x"]].to_records(),
    "array_object_field": lambda: np.array([(1, "a"), (2, [1])], dtype=[("n", "i4"), ("o", "O")]),
    "array_strings": lambda: {"t": np.array(["a", "bé", ""], dtype="T"), "n": np.arange(3.0)},
    "array_strings_missing": lambda: np.array(["a", None], dtype=np.dtypes.StringDType(na_object=None)),
    "array_bfloat16": lambda: {"w": np.array([1.0, -2.5, 0.0], ml_dtypes.bfloat16), "n": 3},
    "array_float8": lambda: [np.array([1.0, 0.5, -448.0], ml_dtypes.float8_e4m3fn), np.array([1.0, 57344.0], ml_dtypes.float8_e5m2)],
    "array_float4": lambda: [np.array([1.0, -1.5, 6.0], ml_dtypes.float4_e2m1fn), np.array([1.0, -7.5], ml_dtypes.float6_e2m3fn), np.array([0.0625, 28.0], ml_dtypes.float6_e3m2fn)],
    "array_masked_records": lambda: np.ma.array([(1, 2.0), (3, 4.0)], mask=[(0, 1), (0, 0)], dtype=[("a", "i4"), ("b", "f8")]),
    # Classes and zones, which the test knows itself.
    "class_pydantic": lambda: [Product(name="a", price=1.0)],
    "zones": lambda: [
        dt.datetime(2024, 7, 1, 12, tzinfo=zone)
        for zone in [tz.tzutc(), tz.tzoffset(None, 3600), tz.gettz("Europe/Paris"), pytz.FixedOffset(90)]
    ],
    "zones_more": lambda: [
        dt.datetime(2024, 7, 1, 12, tzinfo=zone)
        for zone in [zoneinfo.ZoneInfo("Asia/Tokyo"), pytz.utc, tz.tzstr("EST5EDT"), dt.timezone(dt.timedelta(hours=-3), "BRT")]
    ] + [pytz.timezone("Europe/Paris").localize(dt.datetime(2024, 7, 1, 12)), pd.Timestamp("2024-07-01 12:00", tz="Asia/Tokyo")],
    "scalar_addresses": lambda: [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("2001:db8::1"), ipaddress.ip_network("10.0.0.0/8")],
    "column_extension": lambda: pd.DataFrame({"n": [1, 2], "o": MoneyArray(np.array([3, 4]), np.array([False, False]))}),
    "labels_multi_plain": lambda: k.groupby("k")[["x", "y"]].agg(["mean", "std"]).reset_index(drop=True),
    # The second of two times that the clocks show, in a zone that has two of them.
    "zones_fold": lambda: [
        dt.datetime(2024, 10, 27, 2, 30, fold=fold, tzinfo=zone)
        for zone in [zoneinfo.ZoneInfo("Europe/Paris"), tz.gettz("Europe/Paris"), dt.timezone.utc, None]
        for fold in [0, 1]
    ],
    # Keys and levels that are one text.
    "keys_alike": lambda: [{"a": 1, b"a": 2}, {("a", 1): 1, (b"a", 1): 2}, {"1.5": 1, decimal.Decimal("1.5"): 2}],
    "index_like_a_column": lambda: pd.DataFrame({"x": [1, 2]}, index=pd.Index(["p", "q"], name="x")),
    "index_named_by_a_number": lambda: pd.DataFrame({0: ["p", "q"], 1: [3, 4]}).set_index(0),
    "attrs": lambda: (lambda frame: (frame.attrs.update(unit="m", n=3), frame)[1])(pd.DataFrame({"x": [1]})),
    "table_subclass": geo_frame,
    # Scalars.
    "scalar_interval": lambda: [pd.Interval(0, 1), pd.Interval(0.5, 1.5, closed="both")],
    "scalar_period": lambda: [pd.Period("2024-01", "M"), pd.Period("2024Q3", "Q"), pd.Period("2024-05-06", "D")],
}


ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network)

# What the test looks at in its own way.
UNCOMPARED = ["class_pydantic", "zones", "zones_more", "zones_fold", "keys_alike", "attrs", "column_extension", "table_subclass"]


class Fraction_like:
    def __init__(self, n):
        self.n = n


def number(value):
    """A float; JSON has no infinite ones."""
    return value if math.isfinite(value) else None if math.isnan(value) else str(value)


def missing(value):
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    if value is np.ma.masked:
        return True
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, (float, np.floating)) and math.isnan(value))


def cell(value):
    """A value as the test compares it."""
    if type(value).__module__ == "ml_dtypes":
        return number(float(value)) if "float" in type(value).__name__ else int(value)
    if isinstance(value, (list, tuple, pa.Array)):
        return [cell(item) for item in value]
    if isinstance(value, dict):
        return {key: cell(item) for key, item in value.items()}
    if isinstance(value, array.array):
        return value.tounicode() if value.typecode == "u" else value.tolist()
    if isinstance(value, pd.CategoricalDtype):
        return {"categories": cell(list(value.categories)), "ordered": value.ordered}
    if isinstance(value, (np.dtype, pd.api.extensions.ExtensionDtype)):
        return str(value)
    if missing(value):
        return None
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (pd.Interval, pd.Period, uuid.UUID, *ADDRESSES)):
        if isinstance(value, pd.Interval) and isinstance(value.left, (pd.Timestamp, pd.Timedelta)):
            return interval_of_times(value)
        return str(value)
    if isinstance(value, (dt.timedelta, np.timedelta64)):
        return str(pd.Timedelta(value).to_pytimedelta())
    if isinstance(value, np.datetime64):
        return str(value)
    if isinstance(value, pd.Timestamp):
        # As numpy prints it; with a zone, in UTC.
        return str(value.to_datetime64()) + ("+00:00" if value.tz else "")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, np.void):
        return {name: cell(value[name]) for name in value.dtype.names}
    if isinstance(value, np.ndarray):
        if value.dtype.names and value.dtype.hasobject:
            return [cell(tuple(row)) for row in value]
        return [cell(item) for item in value]
    if isinstance(value, np.generic):
        return cell(value.item())
    if isinstance(value, Fraction_like):
        return {"n": value.n}
    if hasattr(value, "as_py"):
        return cell(value.as_py())
    return value


def interval_of_times(value):
    opening = "[" if value.closed in ("left", "both") else "("
    closing = "]" if value.closed in ("right", "both") else ")"
    return f"{opening}{cell(value.left)}, {cell(value.right)}{closing}"


def expected(value):
    if isinstance(value, pd.DataFrame):
        columns = []
        index = value.index
        if not (isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1 and index.name is None):
            names = index.names if isinstance(index, pd.MultiIndex) else [index.name]
            for number, name in enumerate(names):
                if name is None:
                    name = "index" if len(names) == 1 else f"level_{number}"
                columns.append([name, [cell(item) for item in index.get_level_values(number)]])
        for place, label in enumerate(value.columns):
            columns.append([cell(label), [cell(item) for item in value.iloc[:, place]]])
        return {"frame": columns}
    if isinstance(value, (pa.Table, pa.RecordBatch)):
        return {"frame": [[name, cell(value[name].to_pylist())] for name in value.column_names]}
    if isinstance(value, pd.Series):
        parts = {}
        if value.name is not None:
            parts["name"] = cell(value.name)
        if not isinstance(value.index, pd.RangeIndex):
            parts["index"] = [cell(item) for item in value.index]
        parts["values"] = [cell(item) for item in value]
        return parts
    if isinstance(value, np.ma.MaskedArray):
        return {"data": cell(value.data), "mask": cell(np.ma.getmaskarray(value)), "fill_value": None}
    if isinstance(value, (pd.Index, pa.ChunkedArray)):
        return [cell(item) for item in value]
    if isinstance(value, dict):
        return {key: expected(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expected(item) for item in value]
    return cell(value)


def write(folder, name, value, protocol):
    (folder / f"{name}.pkl").write_bytes(pickle.dumps(value, protocol))
    if name not in UNCOMPARED:
        text = json.dumps(expected(value), ensure_ascii=False, allow_nan=False)
        (folder / f"{name}.json").write_text(text + "\n")


def write_groups(folder, prefix, protocol, only=()):
    for group, cases in pickle_kinds.GROUPS.items():
        if only and group not in only:
            continue
        made = {}
        for name, make in cases.items():
            try:
                made[name] = make()
            except (AttributeError, TypeError, ValueError) as error:
                print(f"{prefix}{group}: {name} is left out: {error}", file=sys.stderr)
        if made:
            write(folder, f"{prefix}kinds_{group}", made, protocol)


def main(folder, prefix=None, protocol=4, *only):
    if prefix:
        return write_groups(folder, prefix + "_", int(protocol), only)
    for name, make in CASES.items():
        write(folder, name, make(), 4)
    write_groups(folder, "", 4)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), *sys.argv[2:])
