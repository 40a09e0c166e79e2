"""Runs beside the caller: speaks to the Dask cluster by the public Client. Frames come and go on the standard input."""
import asyncio
import concurrent.futures
import hashlib
import os
import socket
import struct
import sys
import uuid
import zlib

OPEN, BYTES, RELEASE, BATCH, ALONE, CANCEL, FAILED, CAPACITY, LOST = 21, 22, 28, 5, 27, 26, 25, 29, 30
options = dict(argument.split("=", 1) for argument in sys.argv[1:])
stream = socket.socket(fileno=os.dup(0))
os.dup2(2, 1)


def refuse(reason):
    stream.sendall(("joblib-node refuses: %s\n" % " ".join(str(reason).split())).encode())
    sys.exit(1)


try:
    import dask
    import distributed
    from distributed import Client, WorkerPlugin
    from distributed.security import Security
except ImportError as error:
    refuse(
        "%s can't import Dask (%s): install it with pip install distributed, or name another Python in JOBLIB_PYTHON"
        % (sys.executable, error)
    )
if tuple(int(part) for part in distributed.__version__.split(".")[:2]) < (2023, 10):
    refuse("distributed %s is too old: version 2023.10 or later is needed" % distributed.__version__)

SHIM = "joblib_rs_shim_" + hashlib.sha256(options["shim"].encode()).hexdigest()[:12]


def load(name, source):
    import sys
    import types

    module = sys.modules.get(name)
    if module is None:
        module = types.ModuleType(name)
        exec(compile(source, name, "exec"), module.__dict__)
        sys.modules[name] = module
    return module


def entry(shim, what, *arguments):
    # Unpickled by the scheduler too, which does not have the module.
    import sys

    return getattr(sys.modules[shim], what)(*arguments)


def leave(shim, session):
    import sys

    if shim in sys.modules:
        sys.modules[shim].leave(session)


def release(shim, session, numbers):
    import sys

    if shim in sys.modules:
        sys.modules[shim].release(session, numbers)


class Plugin(WorkerPlugin):
    idempotent = True

    def __init__(self, shim, source, digest, packed, mark, machine):
        self.shim, self.source, self.digest, self.packed = shim, source, digest, packed
        self.mark, self.machine, self.load = mark, machine, load

    def setup(self, worker):
        self.module = self.load(self.shim, self.source)
        self.module.install(self.digest, self.packed, worker.local_directory, worker.state.nthreads)
        self.module.probe(self.mark, self.machine)
        self.packed = None

    def transition(self, key, start, finish, **kwargs):
        # A cancelled task that runs is seen to be released.
        if finish in ("released", "cancelled", "forgotten") and start in ("executing", "long-running", "cancelled"):
            self.module.cancel(key)

    def teardown(self, worker):
        self.module.stop_all()


def has_plugin(dask_scheduler, name):
    return name in dask_scheduler.worker_plugins


def versions_of(versions):
    own = ".".join(map(str, sys.version_info[:2]))
    for where, part in [("the scheduler", versions["scheduler"])] + list(versions["workers"].items()):
        python = ".".join(part["host"]["python"].split(".")[:2])
        if python != own:
            refuse(
                "the caller's Python is %s (%s), and that of %s is %s: they have to be of one minor version; name another "
                "Python in JOBLIB_PYTHON" % (own, sys.executable, where, python)
            )


class Bridge:
    def __init__(self, client, writer, where):
        self.client, self.writer, self.where = client, writer, where
        self.session, self.mark = uuid.uuid4().hex, options["mark"]
        self.call, self.opening, self.threads = None, None, 0
        self.futures, self.arrays, self.delivered, self.tasks = {}, {}, {}, set()
        self.shim = load(SHIM, options["shim"])

    def post(self, kind, *parts):
        size = sum(len(part) for part in parts)
        self.writer.write(struct.pack("<IB3sQ", kind, 0, b"jlb", size))
        for part in parts:
            self.writer.write(part)

    def start(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def watch(self):
        while True:
            await asyncio.sleep(2)
            try:
                threads = sum((await self.client.scheduler.ncores()).values())
            except Exception:
                continue
            if threads != self.threads:
                self.threads = threads
                self.post(CAPACITY, struct.pack("<Q", threads))

    def submit(self, kind, body):
        number, first, size = struct.unpack_from("<QQQ", body)
        end = 24 + size
        (table,) = struct.unpack_from("<Q", body, end)
        parts = body[end + 8:end + 8 + table]
        arrays = list(dict.fromkeys(bytes(parts[at:at + 16]) for at in range(0, table, 32)))
        tasks, length = struct.unpack_from("<QQ", body, end + 8 + table)
        name = bytes(body[end + 24 + table:end + 24 + table + length]).decode(errors="replace")
        frame = struct.pack("<IB3sQ", kind, 0, b"jlb", len(body)) + body
        self.start(self.run(number, tasks, name, frame, arrays, self.call, self.opening))

    async def run(self, number, tasks, name, batch, arrays, call, opening):
        try:
            while True:
                key = "%s-%s" % (name, uuid.uuid4().hex)
                future = self.client.submit(
                    entry, SHIM, "run", key, self.session, self.mark, call, opening, number, tasks, batch, arrays,
                    key=key, pure=False,
                )
                self.futures[number] = future
                what, *rest = await future
                if what != "missing":
                    break
                missing, address = rest
                await asyncio.gather(*(self.deliver(array, address) for array in missing))
            if self.futures.get(number) is not future:
                return
            if what == "done":
                self.writer.write(rest[0].data)
                await self.writer.drain()
            elif what == "refused":
                self.post(FAILED, call, rest[0].encode())
            else:
                self.post(LOST, struct.pack("<Q", number), rest[0].encode())
        except (asyncio.CancelledError, concurrent.futures.CancelledError) as error:
            if number not in self.futures:
                return
            reason = str(getattr(error, "reason", None) or "")
            if "connection" in reason or self.client.status != "running":
                self.post(FAILED, call, ("the connection to the scheduler at %s was lost" % self.where).encode())
            else:
                self.post(LOST, struct.pack("<Q", number), ("cancelled by the cluster %s" % reason).encode())
        except Exception as error:
            text = "%s: %s" % (type(error).__name__, error)
            self.post(LOST, struct.pack("<Q", number), text[:2000].encode())
        finally:
            self.futures.pop(number, None)

    async def deliver(self, array, address):
        """Has a worker keep an array, once however many batches miss it there at the same time."""
        place = (array, address)
        if place not in self.delivered:
            self.delivered[place] = self.start(self.deliver_now(array, address))
        try:
            await asyncio.shield(self.delivered[place])
        finally:
            self.delivered.pop(place, None)

    async def deliver_now(self, array, address):
        future = self.client.submit(
            entry, SHIM, "keep", self.session, self.mark, array, await self.arrays[array],
            workers=[address], priority=10, pure=False, key="joblib-rs-array-" + uuid.uuid4().hex,
        )
        await future

    async def scatter(self, blob):
        [future] = await self.client.scatter([blob], hash=False)
        return future

    async def cancel(self):
        waiting, self.futures = list(self.futures.values()), {}
        if waiting:
            await self.client.cancel(waiting, force=True)

    async def serve(self, reader):
        while True:
            kind, _, size = struct.unpack("<I4sQ", await reader.readexactly(16))
            body = await reader.readexactly(size)
            if kind == OPEN:
                await self.cancel()
                self.call = body[8:16]
                self.opening = struct.pack("<IB3sQ", kind, 0, b"jlb", size) + body
            elif kind == BYTES:
                self.arrays[bytes(body[:16])] = self.start(self.scatter(self.shim.Blob(body[16:])))
            elif kind == RELEASE:
                numbers = [bytes(body[at:at + 16]) for at in range(0, size, 16)]
                for number in numbers:
                    self.arrays.pop(number, None)
                self.start(self.client.run(release, SHIM, self.session, numbers, on_error="ignore"))
            elif kind in (BATCH, ALONE):
                self.submit(kind, body)
            elif kind == CANCEL:
                await self.cancel()


async def connect():
    security = None
    if "ca" in options:
        security = Security(
            tls_ca_file=options["ca"], tls_client_cert=options["cert"], tls_client_key=options["key"],
            require_encryption=True,
        )
    address = options.get("address")
    file = options.get("scheduler_file")
    configured = dask.config.get("scheduler-address", None)
    where = address or file or configured
    timeout = float(options["wait"])
    if where is None:
        if "local" not in options:
            refuse(
                "there is no address of a Dask scheduler: set JOBLIB_DASK_ADDRESS or DASK_SCHEDULER_ADDRESS, use Dask::at, or "
                "Dask::local(true) to start a cluster on this machine"
            )
        from distributed import LocalCluster

        cluster = await LocalCluster(
            n_workers=1, threads_per_worker=int(options["local"]), processes=False, dashboard_address=None, asynchronous=True
        )
        return await Client(cluster, asynchronous=True, set_as_default=False), "this machine"
    try:
        client = await Client(
            address, scheduler_file=None if address else file, asynchronous=True, set_as_default=False,
            timeout=timeout, security=security, name="joblib-rs",
        )
    except Exception as error:
        refuse("there is no Dask scheduler at %s, or it does not answer: %s: %s" % (where, type(error).__name__, error))
    return client, where


async def main():
    client, where = await connect()
    until = asyncio.get_running_loop().time() + float(options["wait"])
    wanted = int(options.get("workers", "1"))
    while len(cores := await client.scheduler.ncores()) < wanted:
        if asyncio.get_running_loop().time() > until:
            refuse(
                "the Dask scheduler at %s has %d of %d workers after %s seconds: start workers, or raise JOBLIB_DASK_WAIT"
                % (where, len(cores), wanted, options["wait"])
            )
        await asyncio.sleep(0.05)
    versions_of(await client.get_versions(check=False))
    with open(options["program"], "rb") as file:
        program = file.read()
    digest = hashlib.sha256(program).hexdigest()
    if digest != options["hash"]:
        refuse("%s is not the program that the caller runs" % options["program"])
    name = "joblib-rs-%s-%s" % (digest[:16], SHIM[-12:])
    if not await client.run_on_scheduler(has_plugin, name=name):
        plugin = Plugin(SHIM, options["shim"], digest, zlib.compress(program, 1), options["mark"], options["machine"])
        await client.register_plugin(plugin, name=name)
    reader, writer = await asyncio.open_unix_connection(sock=stream, limit=1 << 24)
    bridge = Bridge(client, writer, where)
    bridge.threads = sum(cores.values())
    writer.write(("joblib-node cluster %d %s\njoblib-node runs\n" % (bridge.threads, where)).encode())
    bridge.start(bridge.watch())
    try:
        await bridge.serve(reader)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    try:
        await asyncio.wait_for(bridge.cancel(), 2)
        await asyncio.wait_for(client.run(leave, SHIM, bridge.session, on_error="ignore"), 2)
    except Exception:
        pass
    await client.close(1)


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
