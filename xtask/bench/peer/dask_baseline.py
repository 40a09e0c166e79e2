"""joblib's own backend "dask", measured on request; and the cluster on which both sides are measured.

    python dask_baseline.py
        starts a scheduler and two workers with a thread each, all processes of their own, and answers one JSON object a line:
            {"address": true}           -> {"address": "tcp://127.0.0.1:…"}
            {"sample": "one_task"}      -> {"value": 12.3, "unit": "us"}
            {"quit": true}              -> {}
        a failure answers {"error": "..."}.
"""

import json
import statistics
import sys
import time


def identity(i):
    return i


def partial_sum(data, k):
    return float(data[k * 1000 : (k + 1) * 1000].sum())


def seconds(fn, repeat=1):
    """The median time of a call."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        fn()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def one_task(parallel):
    from joblib import delayed

    return 1e6 * seconds(lambda: parallel(delayed(identity)(i) for i in range(1)), 20), "us"


def tiny(parallel, count=20_000):
    from joblib import delayed

    return 1e6 * seconds(lambda: parallel(delayed(identity)(i) for i in range(count))) / count, "us/task"


def sleeps(parallel, count=400, length=0.02):
    """What a task costs beyond its share of two workers' time."""
    from joblib import delayed

    took = seconds(lambda: parallel(delayed(time.sleep)(length) for _ in range(count)))
    return 1e6 * (took / count - length / 2), "us/task"


def shared(parallel):
    import numpy
    from joblib import delayed

    # A new one each time: one that the cluster has is not sent.
    array = numpy.random.default_rng().standard_normal(10_000_000)
    return 1e3 * seconds(lambda: parallel(delayed(partial_sum)(array, i) for i in range(100))), "ms"


def ones(size):
    import numpy

    return numpy.ones(size)


def result(parallel):
    from joblib import delayed

    def call():
        [array] = parallel(delayed(ones)(size) for size in [10_000_000])
        assert float(array[::1000].sum()) == 10_000

    return 1e3 * seconds(call), "ms"


def batch(parallel, count=500, ahead=4):
    """A task of plain Dask, with so many on their way at a time."""
    import asyncio

    from distributed import Client, default_client

    address = default_client().scheduler.address

    async def measure():
        async with Client(address, asynchronous=True, set_as_default=False) as client:
            left = iter(range(count))

            async def lane():
                for i in left:
                    await client.submit(identity, i, pure=False)

            start = time.perf_counter()
            await asyncio.gather(*(lane() for _ in range(ahead)))
            return time.perf_counter() - start

    return 1e6 * asyncio.run(measure()) / count, "us/task"


SAMPLES = {
    "one_task": one_task,
    "tiny": tiny,
    "20ms": sleeps,
    "shared_80MB_x100": shared,
    "result_80MB": result,
    "batch": batch,
}


def main():
    from distributed import Client, LocalCluster
    from joblib import Parallel, delayed, parallel_config

    # Whatever a library prints belongs to the person, not into the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster),
        parallel_config("dask"),
        Parallel() as parallel,
    ):
        parallel(delayed(identity)(i) for i in range(200))
        for line in sys.stdin:
            request = json.loads(line)
            try:
                if "sample" in request:
                    value, unit = SAMPLES[request["sample"]](parallel)
                    answer = {"value": value, "unit": unit}
                elif "address" in request:
                    answer = {"address": cluster.scheduler_address}
                else:
                    print("{}", file=answers, flush=True)
                    break
            except Exception as error:  # the asker decides what a failure means
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
