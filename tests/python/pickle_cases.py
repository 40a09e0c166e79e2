"""Writes files of many values with the real joblib and pickle, and says what each value is.

    python pickle_cases.py FOLDER

FOLDER/cases.json is a list of {"name", "files", "expected"}. `expected` is the value spelled in JSON by `canon`,
from Python's own view of it.
"""
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import json
import os
import pathlib
import pickle
import sys
import types
import uuid

import joblib
import numpy as np
import pandas as pd
import scipy.sparse

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)

# Classes must have a module of their own to be pickled by name.
shop = types.ModuleType("shop")
sys.modules["shop"] = shop


def in_shop(cls):
    cls.__module__ = "shop"
    setattr(shop, cls.__qualname__, cls)
    return cls


@in_shop
class Color(enum.Enum):
    RED = 1
    GREEN = 2


@in_shop
class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


@in_shop
@dataclasses.dataclass
class Item:
    name: str
    price: float
    tags: list


@in_shop
class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a, self.b = a, b


@in_shop
class Basket:
    def __init__(self):
        self.items = [Item("tea", 2.5, ["hot"]), Item("ice", 1.0, [])]
        self.owner = "Ada"


@in_shop
class MyDict(dict):
    pass


@in_shop
class MyList(list):
    pass


Point = collections.namedtuple("Point", "x y")
Point.__module__ = "shop"
shop.Point = Point


def number(v):
    return {"float": repr(float(v))}


def canon(v):
    if v is None or v is pd.NA or v is pd.NaT or isinstance(v, (bool, np.bool_)):
        return None if v is None or v is pd.NA or v is pd.NaT else bool(v)
    if isinstance(v, (enum.Enum,)):
        return {"object": v.__class__.__module__ + "." + v.__class__.__qualname__, "args": [canon(v.value)]}
    if isinstance(v, np.datetime64):
        return None if np.isnat(v) else {"text": "numpy.datetime64", "is": str(v)}
    if isinstance(v, np.timedelta64):
        return None if np.isnat(v) else {"text": "numpy.timedelta64", "is": str(pd.Timedelta(v).to_pytimedelta())}
    if isinstance(v, (int, np.integer)):
        return {"int": str(int(v))}
    if isinstance(v, (float, np.floating)):
        return number(v)
    if isinstance(v, (complex, np.complexfloating)):
        return {"complex": [repr(float(v.real)), repr(float(v.imag))]}
    if type(v) in (str, np.str_):
        return str(v)
    if isinstance(v, (bytes, bytearray, np.bytes_)):
        return {"bytes": bytes(v).hex()}
    if isinstance(v, np.void):
        if v.dtype.names:
            return {"dict": [[n, canon(v[n])] for n in v.dtype.names]}
        return {"bytes": v.tobytes().hex()}
    if isinstance(v, pd.Timestamp):
        return {"text": None, "is": v.isoformat()}
    if isinstance(v, pd.Timedelta):
        return {"text": None, "is": str(v.to_pytimedelta())}
    if isinstance(v, (dt.datetime, dt.date, dt.time)):
        return {"text": "datetime." + type(v).__name__, "is": v.isoformat()}
    if isinstance(v, (dt.timedelta, decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.PurePath)):
        return {"text": None, "is": str(v)}
    if isinstance(v, np.ma.MaskedArray):
        return {"object": "numpy.ma.MaskedArray",
                "attributes": [["data", canon(v.data)], ["mask", canon(np.ma.getmaskarray(v))]]}
    if isinstance(v, np.ndarray):
        flat = np.ascontiguousarray(v).reshape(-1)
        if v.dtype.hasobject or v.dtype.names or v.dtype.kind in "mM":
            elements = [canon(flat[i]) for i in range(len(flat))]
        else:
            elements = [canon(x) for x in flat]
        return {"array": list(v.shape), "kind": v.dtype.kind, "size": v.dtype.itemsize, "elements": elements}
    if isinstance(v, pd.DataFrame):
        default = pd.RangeIndex(len(v))
        if not (isinstance(v.index, pd.RangeIndex) and v.index.equals(default)):
            v = v.reset_index()  # an index that says more than the row's number is a column
        return {"frame": [[canon(c), column(v.iloc[:, i])] for i, c in enumerate(v.columns)]}
    if isinstance(v, pd.Series):
        return {"series": column(v), "name": canon(v.name)}
    if isinstance(v, pd.Index):
        return {"column": column(v)}
    if scipy.sparse.issparse(v):
        names = {"csr": ["indices", "indptr"], "csc": ["indices", "indptr"], "coo": ["row", "col"]}[v.format]
        fields = [["data", canon(v.data)]] + [[n, canon(getattr(v, n))] for n in names]
        return {"fields": fields + [["shape", canon(tuple(map(int, v.shape)))]]}
    if type(v) is list:
        return [canon(x) for x in v]
    if type(v) is tuple:
        return {"tuple": [canon(x) for x in v]}
    if isinstance(v, (set, frozenset)):
        return {"set": sorted((canon(x) for x in v), key=json.dumps)}
    if type(v) is dict:
        return {"dict": [[canon(k), canon(x)] for k, x in v.items()]}
    if isinstance(v, (collections.OrderedDict, collections.defaultdict, collections.Counter, MyDict)):
        return {"entries": [[canon(k), canon(x)] for k, x in v.items()]}
    if isinstance(v, (collections.deque, MyList)):
        return {"items": [canon(x) for x in v]}
    if isinstance(v, range):
        return {"object": "range", "args": [canon(v.start), canon(v.stop), canon(v.step)]}
    if isinstance(v, slice):
        return {"object": "slice", "args": [canon(v.start), canon(v.stop), canon(v.step)]}
    if isinstance(v, Point):
        return {"object": "shop.Point", "args": [canon(x) for x in v]}
    if isinstance(v, Slotted):
        return {"fields": [["a", canon(v.a)], ["b", canon(v.b)]]}
    if hasattr(v, "__dict__"):
        return {"fields": [[k, canon(x)] for k, x in vars(v).items()]}
    raise TypeError(type(v))


def column(s):
    """The values of a pandas column; None where there is none. NaN of floats stays NaN."""
    out = []
    for x in s:
        if isinstance(x, float) and x != x:
            out.append({"float": "nan"} if s.dtype.kind == "f" and not str(s.dtype).startswith("Float") else None)
        elif isinstance(x, pd.Timestamp):
            out.append({"time": int(x.as_unit("ns").value) if hasattr(x, "as_unit") else int(x.value)})
        elif isinstance(x, pd.Timedelta):
            out.append({"seconds": repr(x.total_seconds())})
        else:
            out.append(canon(x))
    return out


shared = ["shared"]
plain = {
    "none": None,
    "bools": [True, False],
    "ints": [0, 1, -1, 255, 256, 65535, 65536, -128, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**63 - 1, -2**63,
             2**63, 2**64 - 1, 2**64, -2**63 - 1, 2**127 - 1, -2**127, 2**128, 10**40, -10**40, 3**700],
    "floats": [0.0, -0.0, 1.5, 1e300, -1e-300, 5e-324, float("inf"), float("-inf"), float("nan"), 0.1],
    "complex": [1 + 2j, -0.5j],
    "text": ["", "a", "C'est l'été !", "日本語", "\U0001f600", "a\nb\\c'd\"e\t\x00", "x" * 300, "y" * 70000],
    "bytes": [b"", b"abc", bytes(range(256)), b"z" * 70000],
    "bytearray": bytearray(b"\x00\xff\x80"),
    "lists": [[], [1], [[1, 2], [3]], [[[[]]]], list(range(2500))],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((),)],
    "sets": [set(), {1, 2, 3}, frozenset(["a"]), frozenset()],
    "dicts": [{}, {"a": 1}, {1: "x", (1, 2): "y", None: "z", 2.5: [], True and "t": 0}, {i: -i for i in range(1500)}],
    "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
    "defaults": collections.defaultdict(list, {"a": [1]}),
    "counter": collections.Counter("mississippi"),
    "deque": [collections.deque([1, 2, 3]), collections.deque([4], 7), collections.deque()],
    "shared": [shared, shared, {"again": shared}],
    "datetime": [dt.datetime(2020, 1, 2, 3, 4, 5, 6), dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
                 dt.datetime(2024, 2, 29, 12, tzinfo=dt.timezone.utc),
                 dt.datetime(2024, 7, 1, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=-3, minutes=-30)))],
    "date": [dt.date(1969, 12, 31), dt.date(2000, 2, 29)],
    "time": [dt.time(1, 2, 3), dt.time(23, 59, 59, 1), dt.time(5, tzinfo=dt.timezone.utc)],
    "timedelta": [dt.timedelta(1, 2, 3), dt.timedelta(microseconds=-1), dt.timedelta(0), dt.timedelta(days=-400, hours=5)],
    "decimal": [decimal.Decimal("1.50"), decimal.Decimal("-1E+30"), decimal.Decimal("NaN")],
    "fraction": [fractions.Fraction(1, 3), fractions.Fraction(-7, 1), fractions.Fraction(2**70, 3)],
    "uuid": [uuid.UUID(int=5), uuid.UUID("12345678-1234-5678-1234-567812345678"), uuid.UUID(int=2**128 - 1)],
    "path": [pathlib.PurePosixPath("/usr/lib/x.so"), pathlib.PurePosixPath("a/b"), pathlib.PurePosixPath("."),
             pathlib.PureWindowsPath("C:\\dir\\file")],
    "range": [range(3), range(5, -5, -2)],
    "slice": [slice(3), slice(1, 10, 2)],
    "enums": [Color.RED, Color.GREEN, Size.LARGE],
    "namedtuple": Point(1, "y"),
    "dataclass": Item("tea", 2.5, ["a", "b"]),
    "slots": Slotted(1, [2]),
    "instance": Basket(),
    "dict subclass": MyDict(a=1),
    "list subclass": MyList([1, 2]),
}
needs_protocol_2 = {"slots"}

kinds = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
arrays = {}
for kind in kinds:
    base = (np.arange(12) % 2 == 0) if kind == "?" else np.arange(12).astype(kind) * np.array(3, kind)
    base = base.reshape(3, 4)
    arrays["array " + kind] = [base, np.asfortranarray(base), base[0], base[:, 1], base[::2, ::-1]]
    if kind not in ("?", "i1", "u1"):
        arrays["array big-endian " + kind] = [base.astype(">" + kind), np.asfortranarray(base.astype(">" + kind))]
arrays.update({
    "array of three dimensions": [np.arange(24.).reshape(2, 3, 4), np.asfortranarray(np.arange(24.).reshape(2, 3, 4))],
    "array of no dimensions": np.array(3.5),
    "array empty": [np.zeros((0,)), np.zeros((3, 0)), np.zeros((0, 4), "i4")],
    "array large": np.arange(5000.),
    "array longdouble": np.array([0, 1.5, -2.25, 1e300, float("inf"), float("nan"), 5e-324], "longdouble"),
    "array datetime64": [np.array(["2020-01-02T03:04:05.123456789", "NaT", "1969-12-31T23:59:59"], "M8[ns]"),
                         np.array(["2020-01-02", "0001-01-01"], "M8[D]"), np.array(["2020-02", "1969-12"], "M8[M]"),
                         np.array(["2020", "NaT"], "M8[Y]"), np.array(["2020-01-02T03"], "M8[h]"),
                         np.array(["2020-01-02T03:04:05.678"], "M8[ms]"), np.array(["2020-01-02T03:04:05"], ">M8[s]")],
    "array timedelta64": [np.array([1, -1, "NaT"], "m8[s]"), np.array([36], "m8[h]"), np.array([10**12], "m8[us]")],
    "array fixed bytes": [np.array([b"abc", b"", b"\xff\x00\x01"]), np.array([[b"a", b"bc"]])],
    "array fixed text": [np.array(["abc", "", "é日\U0001f600"]), np.array(["big"], ">U5")],
    "array void": np.array([b"ab", b"\x00c"], "V2"),
    "array of records": [np.array([(1, 2.5, b"x", "y"), (2, -1, b"zz", "é")],
                                  [("id", "i4"), ("score", ">f8"), ("tag", "S3"), ("name", "U2")]),
                         np.array([(1, (2, [3, 4]))], np.dtype([("a", "u1"), ("b", [("c", "i8"), ("d", "f4", (2,))])],
                                                               align=True))],
    "array of objects": [np.array([1, "two", None, [3]], dtype=object),
                         np.array([[1, "a"], [None, 2.5]], dtype=object),
                         np.asfortranarray(np.array([[1, "a", 2], [None, 2.5, 3]], dtype=object)), np.zeros(0, object)],
    "array masked": [np.ma.array([1, 2, 3], mask=[0, 1, 0]), np.ma.array([1.5, 2.5])],
    "array shared": [np.arange(3.)] * 3,
    "array in containers": {"a": [np.arange(3), (np.ones(2),)], "b": {"c": np.zeros((2, 2))}},
    "matrix": np.matrix([[1, 2], [3, 4]]),
    "scalars": [np.float64(1.5), np.float32(0.1), np.float16(2), np.int8(-1), np.uint64(2**64 - 1), np.bool_(True),
                np.complex64(1 + 2j), np.str_("é"), np.bytes_(b"ab"), np.datetime64("2020-01-02"), np.datetime64("NaT"),
                np.timedelta64(5, "s")],
    "sparse": [scipy.sparse.csr_matrix([[0, 1.5], [2, 0]]), scipy.sparse.csc_matrix([[0, 1], [2, 0]]),
               scipy.sparse.coo_matrix([[0, 1], [2, 0]]), scipy.sparse.csr_matrix((0, 3))],
})

frame = pd.DataFrame({
    "id": [1, 2, 3], "score": [0.5, float("nan"), -1.0], "name": ["a", None, "é"], "ok": [True, False, True],
    "small": np.array([1, 2, 3], "i1"), "other": [1.25, 2.5, 3.75], "kind": pd.Categorical(["x", "y", "x"]),
    "some": pd.Categorical(["p", None, "q"]), "when": pd.to_datetime(["2020-01-02 03:04:05", None, "1969-12-31 00:00:00"]),
    "zoned": pd.to_datetime(["2020-01-02 03:04:05", None, "1969-12-31 00:00:00"]).tz_localize("UTC"),
    "span": pd.to_timedelta(["1 day", None, "2 s"]), "nullable": pd.array([1, None, 3], "Int64"),
    "maybe": pd.array([True, None, False], "boolean"), "float32": np.array([1, 2, 3], "f4"),
    "string": pd.array(["s", None, "t"], "string[python]"), "mixed": [1, "two", None],
})
pandas_cases = {
    "frame": frame,
    "frame sliced": frame[["score", "id"]].iloc[1:],
    "frame with labels": pd.DataFrame(np.arange(6).reshape(2, 3), columns=[10, 20, 30], index=["r", "s"]),
    "frame empty": pd.DataFrame({"a": []}),
    "series": pd.Series([1.5, 2.5], name="x"),
    "series of text": pd.Series(["a", None, "c"]),
    "index": [pd.Index([3, 1, 2]), pd.Index(["a", "b"]), pd.RangeIndex(2, 10, 3),
              pd.DatetimeIndex(["2020-01-02", "2021-01-01"])],
    "timestamps": [pd.Timestamp("2020-01-02 03:04:05.000000006"), pd.NaT, pd.Timestamp("2020-01-02", tz="UTC"),
                   pd.Timedelta("1 day 00:00:01"), pd.NA],
}

cases = []


def write(name, value, files):
    cases.append({"name": name, "files": files, "expected": canon(value)})


def file(name):
    return os.path.join(folder, name.replace(" ", "_").replace("?", "bool"))


for name, value in plain.items():
    files = []
    for protocol in range(6):
        if protocol < 2 and name in needs_protocol_2:
            continue
        path = file(f"{name}.p{protocol}.pkl")
        with open(path, "wb") as f:
            pickle.dump(value, f, protocol)
        files.append(path)
        path = file(f"{name}.p{protocol}.joblib")
        joblib.dump(value, path, protocol=protocol)
        files.append(path)
    write(name, value, files)

for name, value in {**arrays, **pandas_cases}.items():
    files = []
    # Some of pandas' classes have no pickles of protocols 0 and 1.
    for protocol in range(2 if name in pandas_cases else 0, 6):
        path = file(f"{name}.p{protocol}.pkl")
        with open(path, "wb") as f:
            pickle.dump(value, f, protocol)
        files.append(path)
        path = file(f"{name}.p{protocol}.joblib")
        joblib.dump(value, path, protocol=protocol)
        files.append(path)
    write(name, value, files)

everything = {"plain": [plain["ints"], plain["text"], plain["dicts"]], "arrays": [np.arange(50000.), np.arange(6).reshape(2, 3)]}
files = []
for method in ["zlib", "gzip", "bz2", "lzma", "xz", "lz4"]:
    path = file(f"everything.{method}")
    joblib.dump(everything, path, compress=(method, 3))
    files.append(path)
write("compressed", everything, files)

with open(os.path.join(folder, "cases.json"), "w") as f:
    json.dump(cases, f)
