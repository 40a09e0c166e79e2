"""The peer's side of the benchmark: Python's joblib, measured figure by figure.

Two ways to run it, over the same measurements:

    python joblib_baseline.py [--quick] [--only PREFIX] [--json FILE]
        measures everything and prints a table; the file gets
        {"versions": ..., "results": {name: {"value": ..., "unit": ...}}}

    python joblib_baseline.py --serve
        stays open and measures on request, so that the benchmark can alternate the sides. One JSON object a line,
        one answered before the next is read:
            {"sample": "persist.raw.dump"}   -> {"value": 1.7, "unit": "GB/s"}
            {"release": "persist.raw.dump"}  -> {}    ends the measurement: its pool, cache and files
            {"write": "big", "path": "/…"}   -> {}    writes a value for our side to read: see `WRITES`
            {"versions": true}               -> {"python": "3.11.7", "joblib": "1.6.0", "numpy": "2.4.6"}
            {"quit": true}                   -> {}
        a failure answers {"error": "..."}.

A measurement prepares once and then gives samples: a sample is one timing of a slow call, or the median of many
repetitions of a quick one. The work of each is described where it is declared; our side does the same.
"""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import joblib
import numpy as np
from joblib import Memory, Parallel, delayed

HERE = os.path.dirname(os.path.abspath(__file__))
FLIGHTS = os.path.join(HERE, "..", "data", "flights.csv.xz")

SMALL = {"alpha": 0.5, "name": "ridge", "weights": [1.0, 2.0, 3.0]}
COMPRESSORS = {"raw": 0, "zlib": 3, "gzip": 3, "bz2": 3, "lzma": 3, "xz": 3, "lz4": 1}


# What a run measures: a quick one is a look at all of it within a minute. Our side has the same sizes.
SIZES = {
    # items of the float64 array, lines of the flight table, records, tiny tasks
    False: {"big": 32_000_000, "flights": None, "records": 1_000_000, "tiny": 20_000},
    True: {"big": 10_000_000, "flights": 25_000, "records": 10_000, "tiny": 5_000},
}


def identity(i):
    return i


def partial_sum(data, k):
    return float(data[k * 1000 : (k + 1) * 1000].sum())


def busy(seconds):
    """Keeps its core busy for a time, as a task of that length does."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def spin(steps):
    """A fixed amount of work, however many share the core."""
    for _ in range(steps):
        pass


def seconds(fn, repeat=1):
    """The median time of a call."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        fn()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


class Data:
    """What several measurements work on, made on first use."""

    def __init__(self, folder, quick):
        self.folder = folder
        self.sizes = SIZES[quick]
        self.made = {}

    def path(self, name):
        return os.path.join(self.folder, name)

    def once(self, name, make):
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    def big(self):
        return self.once("big", lambda: np.random.default_rng(42).standard_normal(self.sizes["big"]))

    def flights(self):
        def read():
            import pandas as pd

            return pd.read_csv(FLIGHTS, nrows=self.sizes["flights"])

        return self.once("flights", read)

    def numeric(self):
        """The 14 numeric columns of the flight table as one float64 matrix of 37.7 MB."""
        return self.once(
            "numeric",
            lambda: np.ascontiguousarray(self.flights().select_dtypes("number").to_numpy(dtype="float64")),
        )

    def columns(self):
        """The 19 columns of the flight table: numbers as arrays, text as lists of str."""

        def make():
            df = self.flights()
            return {c: df[c].to_numpy() if df[c].dtype.kind in "if" else df[c].astype(str).tolist() for c in df}

        return self.once("columns", make)

    def records(self):
        return self.once(
            "records",
            lambda: [
                {"id": i, "name": f"row-{i % 1000}", "score": i * 0.5, "ok": i % 3 == 0, "tags": ["a", str(i % 7)]}
                for i in range(self.sizes["records"])
            ],
        )

    def frame(self, kind):
        """A frame of numbers, dates and text: Python's own, or in Arrow's buffers."""
        import pandas as pd

        rows = self.sizes["records"]
        random = np.random.default_rng(42)
        dtype = object if kind == "object" else "string[pyarrow]"
        return pd.DataFrame(
            {
                "id": np.arange(rows),
                "name": pd.Series([f"name {i}" for i in range(rows)], dtype=dtype),
                "at": pd.to_datetime(np.arange(rows), unit="s"),
                "x": random.random(rows),
                "y": random.random(rows),
                "city": pd.Series([["Paris", "Rome", "Oslo", "Łódź"][i % 4] for i in range(rows)], dtype=dtype),
                "ok": random.random(rows) < 0.5,
            }
        )


# A measurement is a generator function of the data: what stands before its first `yield` prepares, each `yield` gives
# one sample, and what stands in a `finally` cleans up. Its unit stands beside its name.
MEASUREMENTS = {}


def measures(name, unit, **arguments):
    def declare(generator):
        MEASUREMENTS[name] = (lambda data: generator(data, **arguments), unit)
        return generator

    return declare


def gigabytes(array):
    return array.nbytes / 1e9


# -- persist: one float64 array of 256 MB, a small dict, the flight table ------------------------------------------


@measures("persist.raw.dump", "GB/s")
def raw_dump(data):
    big, path = data.big(), data.path("raw-dump.joblib")
    try:
        joblib.dump(big, path)
        while True:
            yield gigabytes(big) / seconds(lambda: joblib.dump(big, path))
    finally:
        os.remove(path)


@measures("persist.raw.load", "GB/s")
@measures("python.raw.load", "GB/s")
def raw_load(data):
    big, path = data.big(), data.path("raw-load.joblib")
    joblib.dump(big, path)
    try:
        while True:
            yield gigabytes(big) / seconds(lambda: joblib.load(path))
    finally:
        os.remove(path)


@measures("persist.raw.load_mmap", "us")
def raw_load_mmap(data):
    path = data.path("raw-mmap.joblib")
    joblib.dump(data.big(), path)
    try:
        while True:
            yield 1e6 * seconds(lambda: joblib.load(path, mmap_mode="r"), 20)
    finally:
        os.remove(path)


@measures("persist.small.dump", "us")
def small_dump(data):
    path = data.path("small.joblib")
    joblib.dump(SMALL, path)
    while True:
        yield 1e6 * seconds(lambda: joblib.dump(SMALL, path), 60)


@measures("persist.small.dump_new", "us")
def small_dump_new(data):
    count = 0

    def dump():
        nonlocal count
        count += 1
        joblib.dump(SMALL, data.path(f"new-{count}.joblib"))

    while True:
        yield 1e6 * seconds(dump, 60)


@measures("persist.small.load", "us")
def small_load(data):
    path = data.path("small-load.joblib")
    joblib.dump(SMALL, path)
    while True:
        yield 1e6 * seconds(lambda: joblib.load(path), 100)


def flights_compress(method):
    level = COMPRESSORS[method]
    return level if method == "raw" else (method, level)


def flights_dump(data, method):
    table, path = data.numeric(), data.path(f"dump.{method}")
    while True:
        yield table.nbytes / 1e6 / seconds(lambda: joblib.dump(table, path, compress=flights_compress(method)))


def flights_load(data, method):
    table, path = data.numeric(), data.path(f"load.{method}")
    joblib.dump(table, path, compress=flights_compress(method))
    while True:
        yield table.nbytes / 1e6 / seconds(lambda: joblib.load(path))


def flights_size(data, method):
    path = data.path(f"load.{method}")
    if not os.path.exists(path):
        joblib.dump(data.numeric(), path, compress=flights_compress(method))
    while True:
        yield os.path.getsize(path) / 1e6


for _method in COMPRESSORS:
    measures(f"persist.flights.{_method}.dump", "MB/s", method=_method)(flights_dump)
    measures(f"persist.flights.{_method}.load", "MB/s", method=_method)(flights_load)
    measures(f"persist.flights.{_method}.size", "MB", method=_method)(flights_size)


@measures("persist.flights.bytes", "MB")
def flights_bytes(data):
    while True:
        yield data.numeric().nbytes / 1e6


@measures("persist.columns.dump", "ms")
def columns_dump(data):
    columns, path = data.columns(), data.path("columns.joblib")
    while True:
        yield 1e3 * seconds(lambda: joblib.dump(columns, path))


@measures("persist.columns.load", "ms")
def columns_load(data):
    columns, path = data.columns(), data.path("columns-load.joblib")
    joblib.dump(columns, path)
    while True:
        yield 1e3 * seconds(lambda: joblib.load(path))


# -- python: files that both languages read; the array is as above, the records are 1,000,000 dicts of five fields ---


@measures("python.records.dump", "ms")
def records_dump(data):
    records, path = data.records(), data.path("records.joblib")
    while True:
        yield 1e3 * seconds(lambda: joblib.dump(records, path))


@measures("python.records.load", "ms")
def records_load(data):
    path = data.path("records-load.joblib")
    joblib.dump(data.records(), path)
    while True:
        yield 1e3 * seconds(lambda: joblib.load(path))


@measures("python.frame.load.object", "ms", kind="object")
def frame_load(data, kind):
    path = data.path(f"frame-{kind}.joblib")
    joblib.dump(data.frame(kind), path)
    while True:
        yield 1e3 * seconds(lambda: joblib.load(path))


if importlib.util.find_spec("pyarrow"):
    measures("python.frame.load.arrow", "ms", kind="arrow")(frame_load)


# -- hash ------------------------------------------------------------------------------------------------------------


@measures("hash.array", "GB/s", algorithm="md5")  # md5 is joblib's default
@measures("hash.array.xxh3", "GB/s", algorithm="md5")
@measures("hash.array.sha1", "GB/s", algorithm="sha1")
def hash_array(data, algorithm):
    big = data.big()
    while True:
        yield gigabytes(big) / seconds(lambda: joblib.hash(big, algorithm))


@measures("hash.map.u64", "ms", key=lambda i: i)
@measures("hash.map.string", "ms", key=lambda i: f"key-{i}")
def hash_map(data, key):
    numbers = {key(i): float(i) for i in range(100_000)}
    while True:
        yield 1e3 * seconds(lambda: joblib.hash(numbers))


@measures("hash.small", "us")
def hash_small(data):
    small = (1, "two", 3.0, [4, 5, 6], {"seven": 8})
    while True:
        yield 1e6 * seconds(lambda: joblib.hash(small), 500)


# -- memory: calls of a cached function --------------------------------------------------------------------------------


def memory(data, **options):
    return Memory(data.path("cache"), verbose=0, **options)


@measures("memory.hit.tiny", "us")
@measures("memory.sqlite.hit", "us")
def hit_tiny(data):
    cached = memory(data).cache(identity)
    cached(1)
    while True:
        yield 1e6 * seconds(lambda: cached(1), 100)


@measures("memory.miss.tiny", "us", argument=10)
@measures("memory.sqlite.miss", "us", argument=10_000_000)
def miss_tiny(data, argument):
    cached = memory(data).cache(identity)

    def miss():
        nonlocal argument
        argument += 1
        cached(argument)

    while True:
        yield 1e6 * seconds(miss, 60)


@measures("memory.hit.8MB", "us", mmap_mode=None)
@measures("memory.hit.8MB.mmap", "us", mmap_mode="r")
def hit_8mb(data, mmap_mode):
    memory(data).cache(np.ones)(1_000_000)
    cached = memory(data, mmap_mode=mmap_mode).cache(np.ones)
    cached(1_000_000)
    while True:
        yield 1e6 * seconds(lambda: cached(1_000_000), 20)


@measures("memory.hit.80MB_argument", "us")
@measures("memory.hit.80MB_argument.written", "us")
def hit_80mb_argument(data):
    cached, argument = memory(data).cache(np.size), data.big()[:10_000_000]
    cached(argument)
    while True:
        yield 1e6 * seconds(lambda: cached(argument), 3)


# -- parallel: many fast tasks, one task, and one 80 MB array that 100 tasks read, on two workers -------------------


def tiny(data, backend):
    k = data.sizes["tiny"]
    with Parallel(n_jobs=2, backend=backend) as parallel:
        parallel(delayed(identity)(i) for i in range(200))
        while True:
            yield 1e6 * seconds(lambda: parallel(delayed(identity)(i) for i in range(k))) / k


def one_task(data, backend):
    with Parallel(n_jobs=2, backend=backend) as parallel:
        parallel(delayed(identity)(i) for i in range(200))
        while True:
            yield 1e6 * seconds(lambda: parallel(delayed(identity)(i) for i in range(1)), 7)


def shared_80mb(data, backend):
    array = data.big()[:10_000_000]
    with Parallel(n_jobs=2, backend=backend) as parallel:
        parallel(delayed(identity)(i) for i in range(200))
        while True:
            yield 1e3 * seconds(lambda: parallel(delayed(partial_sum)(array, i) for i in range(100)))


def task_length(data, backend, length, count):
    """What a task costs beyond its own length, of `count` tasks that each keep a core busy for `length` seconds."""
    ideal = count * length / 2
    with Parallel(n_jobs=2, backend=backend) as parallel:
        parallel(delayed(identity)(i) for i in range(200))
        while True:
            took = seconds(lambda: parallel(delayed(busy)(length) for _ in range(count)))
            yield 1e6 * (took - ideal) / count


# Task lengths of the overhead figure, with the number of tasks for each.
LENGTHS = {"1us": (1e-6, 20_000), "10us": (1e-5, 10_000), "100us": (1e-4, 4_000), "1ms": (1e-3, 400), "10ms": (1e-2, 60)}

for _backend in ("threading", "loky", "multiprocessing"):
    measures(f"parallel.{_backend}.tiny", "us/task", backend=_backend)(tiny)
    measures(f"parallel.{_backend}.one_task", "us", backend=_backend)(one_task)
    if _backend != "threading":
        measures(f"parallel.{_backend}.shared_80MB_x100", "ms", backend=_backend)(shared_80mb)
    for _label, (_length, _count) in LENGTHS.items():
        measures(
            f"overhead.{_backend}.{_label}", "us/task", backend=_backend, length=_length, count=_count
        )(task_length)


@measures("parallel.none.tiny", "us/task")
def none_tiny(data):
    k = 200_000
    parallel = Parallel(n_jobs=1)
    while True:
        yield 1e6 * seconds(lambda: parallel(delayed(identity)(i) for i in range(k))) / k


# -- growth: the same work at several sizes, for the curves; `growth.persist.dump.8` is an array of 8 MB -------------


def growth_persist(data, kind, size):
    array = np.random.default_rng(42).standard_normal(int(size * 125_000))
    path = data.path(f"growth-{kind}")
    joblib.dump(array, path)
    repeat = max(1, min(50, int(64 / size)))
    work = {
        "dump": lambda: joblib.dump(array, path),
        "load": lambda: joblib.load(path),
        "hash": lambda: joblib.hash(array),
    }[kind]
    try:
        while True:
            yield 1e3 * seconds(work, repeat)
    finally:
        os.remove(path)


def fill(folder, count):
    """A function with `count` results."""
    cached = Memory(folder, verbose=0).cache(identity)
    for i in range(count):
        cached(i)
    return cached


def growth_entries(data, count):
    """A hit among `count` results of one function."""
    folder = data.path(f"entries-{count}")
    cached = fill(folder, count)
    try:
        while True:
            yield 1e6 * seconds(lambda: cached(count // 2), 100)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def growth_tasks(data, count):
    with Parallel(n_jobs=2, backend="loky") as parallel:
        parallel(delayed(identity)(i) for i in range(200))
        while True:
            yield 1e3 * seconds(lambda: parallel(delayed(identity)(i) for i in range(count)))


def growth_workers(data, count):
    """200 tasks of one millisecond on `count` workers."""
    steps = int(1e-3 / min(seconds(lambda: spin(100_000)) / 100_000 for _ in range(5)))
    with Parallel(n_jobs=count, backend="loky") as parallel:
        parallel(delayed(identity)(i) for i in range(200))
        while True:
            yield 1e3 * seconds(lambda: parallel(delayed(spin)(steps) for _ in range(200)))


def growth_peak(data, compressor, kind, size):
    """The peak memory of a fresh process that does nothing else, beyond what it holds before the work."""
    if kind == "entries":
        fill(data.path(f"probe-{size:.0f}"), int(size))
    while True:
        out = subprocess.run(
            [sys.executable, __file__, "--peak", compressor, kind, str(size), data.folder],
            capture_output=True,
            text=True,
            check=True,
        )
        yield float(out.stdout)


def peak(compressor, kind, size, folder):
    """In a process of its own: what memory the work takes, in MB."""
    path = os.path.join(folder, f"peak-{compressor}-{size}")
    compress = (compressor, 3) if compressor else 0
    match kind:
        case "load":
            if not os.path.exists(path):
                joblib.dump(np.arange(size * 125_000), path, compress=compress)
                # What was freed would hide a rise.
                os.execv(sys.executable, [sys.executable, __file__, "--peak", compressor, kind, str(size), folder])
            print(rise(lambda: joblib.load(path)))
        case "dump":
            array = np.arange(size * 125_000)
            print(rise(lambda: joblib.dump(array, path + ".dump", compress=compress)))
        case "hash":
            array = np.arange(size * 125_000)
            print(rise(lambda: joblib.hash(array)))
        case "entries":
            cached = os.path.join(folder, f"probe-{size:.0f}")
            print(rise(lambda: Memory(cached, verbose=0).cache(identity)(int(size) // 2)))
        case "tasks" | "workers":
            with Parallel(n_jobs=2 if kind == "tasks" else int(size), backend="loky") as parallel:
                parallel(delayed(identity)(i) for i in range(200))
                if kind == "tasks":
                    print(rise(lambda: parallel(delayed(identity)(i) for i in range(int(size)))))
                else:
                    print(resident_of_descendants())


def rise(work):
    """How far the resident memory of this process rises above its start while some work is done, in MB."""
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")  # from here on the peak is counted
    before = megabytes("/proc/self/status", "VmRSS:")
    work()
    return megabytes("/proc/self/status", "VmHWM:") - before


def resident_of_descendants():
    """The memory of the processes that this one started, and they: a page that several of them share counts once."""
    total, parents = 0, [os.getpid()]
    for parent in parents:
        for task in os.listdir(f"/proc/{parent}/task"):
            with open(f"/proc/{parent}/task/{task}/children") as f:
                children = f.read().split()
            parents.extend(children)
            total += sum(megabytes(f"/proc/{child}/smaps_rollup", "Pss:") for child in children)
    return total


def megabytes(file, name):
    """A line of a file of /proc, in MB."""
    with open(file) as f:
        return next(int(line.split()[1]) for line in f if line.startswith(name)) * 1024 / 1e6


def growth(name):
    """The measurement of a point of a curve: `growth.WHAT.SIZE`."""
    *what, size = name.removeprefix("growth.").split(".")
    match what:
        case ["persist" | "hash" as area, *rest]:
            kind = rest[0] if area == "persist" else "hash"
            return lambda d: growth_persist(d, kind, float(size)), "ms"
        case ["peak", *compressor, kind]:
            return lambda d: growth_peak(d, "".join(compressor), kind, float(size)), "MB"
        case ["entries"]:
            return lambda d: growth_entries(d, int(size)), "us"
        case ["tasks"]:
            return lambda d: growth_tasks(d, int(size)), "ms"
        case ["workers"]:
            return lambda d: growth_workers(d, int(size)), "ms"
    raise KeyError(f"no measurement is called {name}")


def find(name):
    if name in MEASUREMENTS:
        return MEASUREMENTS[name]
    if name.startswith("growth."):
        return growth(name)
    raise KeyError(f"no measurement is called {name}")


def versions():
    return {"python": platform.python_version(), "joblib": joblib.__version__, "numpy": np.__version__}


# What our side reads: the numbers of the array as plain bytes, and files as joblib writes them.
WRITES = {
    "numbers": lambda data, path: data.big().tofile(path),
    "big": lambda data, path: joblib.dump(data.big(), path),
    "records": lambda data, path: joblib.dump(data.records(), path),
    "frame.object": lambda data, path: joblib.dump(data.frame("object"), path),
    "frame.arrow": lambda data, path: joblib.dump(data.frame("arrow"), path),
}


def serve(data):
    """Answers one request a line until the input ends."""
    running = {}
    # Whatever a library prints belongs to the person, not into the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "sample" in request:
                name = request["sample"]
                generator, unit = find(name)
                if name not in running:
                    running[name] = generator(data)
                answer = {"value": next(running[name]), "unit": unit}
            elif "release" in request:
                generator = running.pop(request["release"], None)
                if generator:
                    generator.close()
                answer = {}
            elif "write" in request:
                WRITES[request["write"]](data, request["path"])
                answer = {}
            elif "quit" in request:
                print("{}", file=answers, flush=True)
                break
            else:
                answer = versions()
        except Exception as error:  # the asker decides what a failure means
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
    for generator in running.values():
        generator.close()


def measure_all(data, only):
    results = {}
    for name, (generator, unit) in sorted(MEASUREMENTS.items()):
        if not name.startswith(only) or (name.startswith("overhead") and not only):
            continue
        samples = generator(data)
        value = statistics.median(next(samples) for _ in range(1 if quick else 3))
        samples.close()
        results[name] = {"value": value, "unit": unit}
        print(f"{name:44s} {value:12.4f} {unit}", file=sys.stderr)
    return results


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--quick", action="store_true", help="fewer samples, and less data")
    ap.add_argument("--only", default="", metavar="PREFIX", help="only measurements whose name starts so")
    ap.add_argument("--json", metavar="FILE", help="where to write the results")
    ap.add_argument("--serve", action="store_true", help="measure on request, one JSON object a line")
    ap.add_argument("--folder", help="where the files of the measurements go (default: a temporary folder)")
    ap.add_argument("--peak", nargs=4, metavar=("COMPRESSOR", "KIND", "MB", "FOLDER"), help=argparse.SUPPRESS)
    a = ap.parse_args()
    if a.peak:
        return peak(a.peak[0], a.peak[1], float(a.peak[2]), a.peak[3])
    # Cached numpy functions have no source to compare; joblib says so on each first call.
    warnings.filterwarnings("ignore", category=UserWarning, module="joblib")
    folder = tempfile.mkdtemp(prefix="joblib-baseline-", dir=a.folder)
    try:
        if a.serve:
            serve(Data(folder, a.quick))
        else:
            results = measure_all(Data(folder, a.quick), a.quick, a.only)
            if a.json:
                with open(a.json, "w") as f:
                    json.dump({"versions": versions(), "results": results}, f, indent=1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
