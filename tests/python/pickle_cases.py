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
import ipaddress
import json
import os
import pathlib
import pickle
import re
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


@in_shop
class Count(int):
    pass


@in_shop
class Label(str):
    """A text with an attribute of its own."""


@in_shop
class Ratio(float):
    pass


@in_shop
class Blob(bytes):
    pass


@in_shop
class Pair(tuple):
    pass


@in_shop
class Money(decimal.Decimal):
    pass


@in_shop
class Lapse(dt.timedelta):
    pass


@in_shop
class Config(dict):
    """A dict with an attribute of its own."""


@in_shop
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@in_shop
class Access(enum.Flag):
    READ = 1
    WRITE = 2


@in_shop
@dataclasses.dataclass(frozen=True)
class Frozen:
    a: int
    b: dict


@in_shop
class Child(Basket):
    def __init__(self):
        super().__init__()
        self.extra = (1, None)


@in_shop
class Chosen:
    """A class with a state of its own."""

    def __getstate__(self):
        return [1, "two"]

    def __setstate__(self, state):
        pass


def with_attribute(value, **attributes):
    for name, attribute in attributes.items():
        setattr(value, name, attribute)
    return value


Point = collections.namedtuple("Point", "x y")
Point.__module__ = "shop"
shop.Point = Point


def number(v):
    return {"float": repr(float(v))}


# Those of a regular expression's flags that change what it matches.
FLAGS = [(re.ASCII, "a"), (re.IGNORECASE, "i"), (re.MULTILINE, "m"), (re.DOTALL, "s"), (re.VERBOSE, "x")]


def made_of(v, base):
    """A value of a class that is made of a number, a text or bytes."""
    attributes = [[name, canon(x)] for name, x in vars(v).items()]
    return {"object": "shop." + type(v).__name__, "args": [canon(base)], "attributes": attributes}


def canon(v):
    for base in (int, float, str, bytes, tuple):
        if isinstance(v, base) and type(v) in (Count, Ratio, Label, Blob, Pair):
            return made_of(v, base(v))
    if isinstance(v, Money):
        return made_of(v, str(v))
    if isinstance(v, Lapse):
        return {"object": "shop.Lapse", "args": [canon(v.days), canon(v.seconds), canon(v.microseconds)]}
    if isinstance(v, Chosen):
        return {"object": "shop.Chosen", "state": canon(v.__getstate__())}
    if isinstance(v, re.Pattern):
        letters = "".join(letter for flag, letter in FLAGS if v.flags & flag)
        return {"text": "re.Pattern", "is": (f"(?{letters})" if letters else "") + v.pattern}
    if isinstance(v, (ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network)):
        return {"text": None, "is": str(v)}
    if isinstance(v, BaseException):
        return {"object": type(v).__name__, "args": [canon(x) for x in v.args]}
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
    if isinstance(v, (collections.OrderedDict, collections.defaultdict, collections.Counter, MyDict, Config)):
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
    "dict subclass with an attribute": with_attribute(Config(a=1, b=[2]), owner="Ada"),
    "number subclasses": [Count(5), Count(-(2**70)), Ratio(0.5), with_attribute(Count(7), unit="m")],
    "text subclasses": [Label("é"), with_attribute(Label("x"), language="fr"), Blob(b"\xff"), Pair((1, "a"))],
    "decimal and timedelta subclasses": [Money("12.30"), Lapse(days=-1, seconds=5, microseconds=7)],
    "regular expressions": [
        re.compile("a+b"),
        re.compile("(?i)x"),
        re.compile(r"^é\b", re.MULTILINE | re.DOTALL | re.VERBOSE | re.ASCII),
        re.compile(""),
    ],
    "addresses": [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("2001:db8::1"),
        ipaddress.ip_network("10.0.0.0/8"),
    ],
    "exceptions": [ValueError("bad", 3), KeyError("k"), Exception()],
    "int enum": [Level.HIGH, {Level.LOW: "low"}],
    "flag": Access.WRITE,
    "frozen dataclass": Frozen(1, {"k": [None]}),
    "class made of another": Child(),
    "state that is no dict": Chosen(),
    "namespace": types.SimpleNamespace(a=1, b=types.SimpleNamespace(c=[2.5])),
    "chain map": collections.ChainMap({"a": 1}, {"b": 2}),
    "user containers": [collections.UserDict(a=1), collections.UserList([1, 2]), collections.UserString("t")],
    "keys of many types": {0: "int", "0": "text", b"0": "bytes", (0,): "tuple", frozenset([0]): "set", 0.5: "float"},
    "nested forty deep": __import__("functools").reduce(lambda inner, _: {"in": [inner]}, range(20), None),
    "text of every plane": ["\x7f\x80\xff", "\u07ff\u0800", "\ufffd\uffff", "\U00010000\U0010ffff", "\r\n\x1a"],
    "times at their ends": [dt.time(0), dt.time(23, 59, 59, 999999), dt.date(1, 1, 1), dt.date(9999, 12, 31)],
    "offsets with seconds": [
        dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1, minutes=2, seconds=3))),
        dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(seconds=-1))),
        dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=45), "Asia")),
    ],
    "decimals at their ends": [decimal.Decimal(x) for x in ("Infinity", "-0", "0E-10", "1E+400", "9" * 50)],
}
needs_protocol_2 = {"slots"}
# Before, an instance of these is written with a state that Python itself can't read, or as another object.
needs_protocol_2 |= {"number subclasses", "text subclasses", "flag"}

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
    "scalars that are records": [np.array([(1, 2.5, "x")], [("a", "i4"), ("b", "f8"), ("t", "U3")])[0], np.void(b"abc")],
    "array of objects of no dimensions": [np.array({"a": 1}, dtype=object), np.array(None, dtype=object)],
    "array of objects in three dimensions": np.array([[[1, None], ["a", 2.5]], [[(1,), b"x"], [{}, []]]], dtype=object),
    "array of empty text": [np.zeros(2, "U1"), np.zeros(2, "S1"), np.zeros((2, 0), "U4")],
    "array of records of records": np.array([((1, (2, 3)), [4.0, 5.0])], [("p", [("a", "i1"), ("q", [("b", ">i2"), ("c", "u8")])]), ("v", "f4", (2,))]),
    "array of records with times": np.array([("2024-02-29", 5, True)], [("d", "M8[D]"), ("s", "m8[s]"), ("ok", "?")]),
    "array of records in two dimensions": np.array([[(1, 0.5), (2, 1.5)], [(3, 2.5), (4, 3.5)]], [("n", "i8"), ("x", "f8")]),
    "array of records, some fields": np.array([(1, 2.0, b"x"), (3, 4.0, b"y")], [("a", "i4"), ("b", "f8"), ("c", "S1")])[["a", "c"]],
    "array of many times a unit": [np.array([0, 1, "NaT"], "M8[25s]"), np.array(["2024-01-01"], "M8[3D]")],
    "array of times at their ends": [np.array([2**63 - 1, -(2**63) + 1], "M8[ns]"), np.array(["9999-12-31", "-0044-03-15"], "M8[D]")],
    "array broadcast": [np.broadcast_to(np.arange(3), (2, 3)), np.broadcast_to(np.float32(1.5), (2, 2))],
    "array with steps back": [np.arange(10)[::-1], np.arange(12.0).reshape(3, 4)[::-1, ::-2], np.arange(8)[1::3]],
    "array masked in two dimensions": np.ma.array([[1.5, 2.5], [3.5, 4.5]], mask=[[True, False], [False, True]]),
    "array masked with a value of its own": np.ma.array([1, 2, 3], mask=[False, True, False], fill_value=-9),
    "array of a record's class": np.rec.array([(1, "a", 0.5), (2, "é", 1.5)], dtype=[("n", "i8"), ("t", "U2"), ("x", "f4")]),
    "array of whole numbers at their ends": [
        np.array([np.iinfo(k).min, np.iinfo(k).max], k) for k in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
    ],
    "array of floats at their ends": [
        np.array([np.finfo(k).max, np.finfo(k).tiny, -0.0, np.inf, -np.inf, np.nan], k) for k in ("f2", "f4", "f8")
    ],
    "array of one long text": [np.array(["x" * 5000, "y"]), np.array([b"z" * 3000])],
    "array of sixteen dimensions": np.arange(65536, dtype="u2").reshape((2,) * 16)[(0,) * 10],
    "arrays of one memory": (lambda a: [a[:3], a[3:], a.reshape(2, 3), a])(np.arange(6.0)),
    "sparse arrays": [scipy.sparse.csr_array([[0, 1.5], [2, 0]]), scipy.sparse.csc_array([[0, 1], [2, 0]])],
    "sparse of many types": [scipy.sparse.csr_matrix(np.eye(3, dtype=k)) for k in ("i1", "f4", "c16", "?")],
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
    "frame of objects": pd.DataFrame({"b": [b"x", None], "t": [(1, 2), ()], "d": [{"k": 1}, {}], "l": [[1], [[2]]], "n": [decimal.Decimal("1.5"), 2**70]}, dtype=object),
    "frame of one row": pd.DataFrame([[1, "a", 2.5, None, True]], columns=list("vwxyz")),
    "frame of three hundred columns": pd.DataFrame(np.arange(600).reshape(2, 300), columns=[f"c{i}" for i in range(300)]),
    "frame of types by turns": pd.DataFrame({f"{k}{i}": np.array([i, i + 1]).astype(k) for i in range(4) for k in ("i8", "f4", "u2", "?", "f8", "i1")}),
    "frame turned": pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}).T,
    "frame described": pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [3, 2, 1]}).describe(),
    "frame grouped": pd.DataFrame({"k": ["a", "b", "a"], "x": [1, 2, 3]}).groupby("k").sum(),
    "frame pivoted": pd.DataFrame({"k": ["a", "b", "a"], "j": ["u", "u", "v"], "x": [1.0, 2.0, 3.0]}).pivot_table(index="k", columns="j", values="x"),
    "frame joined": pd.DataFrame({"k": [1, 2], "x": ["a", "b"]}).merge(pd.DataFrame({"k": [2, 3], "y": [0.5, 1.5]}), how="outer"),
    "frame stacked": pd.concat([pd.DataFrame({"a": [1], "b": ["x"]}), pd.DataFrame({"b": ["y"], "c": [2.5]})], ignore_index=True),
    "frame with an index of days": pd.DataFrame({"x": [1, 2, 3]}, index=pd.date_range("2024-02-28", periods=3, name="day")),
    "frame with repeated labels of rows": pd.DataFrame({"x": [1, 2, 3]}, index=["a", "a", "b"]),
    "frame with a column set later": (lambda d: (d.__setitem__("z", [9, 8]), d.insert(0, "first", ["p", "q"]), d)[2])(pd.DataFrame({"x": [1, 2]})),
    "frame of nullable ones without a value": pd.DataFrame({k: pd.array([None, None], dtype=k) for k in ("Int8", "UInt64", "Float32", "boolean")}),
    "frame of times with zones": pd.DataFrame({z: pd.to_datetime(["2024-03-31 00:30", "2024-10-27 00:30", None]).tz_localize("UTC").tz_convert(z) for z in ("Europe/Paris", "Asia/Kathmandu", "America/St_Johns")}),
    "frame of categories of numbers": pd.DataFrame({"i": pd.Categorical([3, 1, 3]), "f": pd.Categorical([0.5, None, 0.5]), "o": pd.Categorical(["lo", "hi", "lo"], ["lo", "hi"], ordered=True)}),
    "frame of numbers at their ends": pd.DataFrame({"u": np.array([2**64 - 1, 0], "u8"), "i": np.array([-(2**63), 2**63 - 1]), "f": [np.inf, 5e-324]}),
    "frame of complex numbers": pd.DataFrame({"c": [1 + 2j, -0.5j]}),
    "series of sizes": pd.Series(["a", "b", "a"], name="k").value_counts(),
    "series of nothing": pd.Series([None, None], dtype=object, name="none"),
    "series of spans": pd.Series(pd.to_timedelta(["-1 day", "90 s", None])),
    "series of lists": pd.Series([[1, 2], [], None], name="l"),
    "index of repeated text": [pd.Index(["a", "a", None], dtype=object), pd.Index([0.5, np.nan]), pd.Index([True, False])],
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
