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

OPEN, BYTES, RELEASE, BATCH, ALONE, CANCEL, FAILED, CAPACITY, LOST, FORGOTTEN = 21, 22, 28, 5, 27, 26, 25, 29, 30, 31
RECONNECT = 10.0  # seconds for a lost connection to the scheduler to be made again
options = dict(argument.split("=", 1) for argument in sys.argv[1:])
stream = socket.socket(fileno=os.dup(0))
os.dup2(2, 1)


def refuse(reason):
    stream.sendall(("joblib-node refuses: %s\n" % " ".join(str(reason).split())).encode())
    sys.exit(1)


try:
    import dask
    import distributed
    from distributed import Client, SchedulerPlugin, WorkerPlugin
    from distributed.protocol.pickle import dumps
    from distributed.security import Security
except ImportError as error:
    refuse(
        "%s can't import Dask (%s): install it with pip install distributed, or name another Python in JOBLIB_PYTHON"
        % (sys.executable, error)
    )
if tuple(int(part) for part in distributed.__version__.split(".")[:2]) < (2023, 10):
    refuse("distributed %s is too old: version 2023.10 or later is needed" % distributed.__version__)

# Of this program and this version of the module: others may be on the same cluster.
SHIM = "joblib_rs_shim_" + hashlib.sha256((options["hash"] + options["shim"]).encode()).hexdigest()[:12]
PROGRAM = "joblib-rs-" + options["hash"][:16]
PLUGIN = "%s-%s" % (PROGRAM, SHIM[-12:])
SESSION = uuid.uuid4().hex


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


class Leaver(SchedulerPlugin):
    """Has the workers end the agents of a client when the scheduler sees that it is gone."""

    idempotent = True

    def __init__(self, client, session):
        self.client, self.name = client, "joblib-rs-leave-" + session
        # As Client.run sends it.
        self.message = dict(op="run", function=dumps(leave), args=dumps((SHIM, session)), kwargs=dumps({}), wait=True)

    def remove_client(self, scheduler, client):
        import asyncio

        if client == self.client:
            self.leaving = asyncio.ensure_future(scheduler.broadcast(msg=self.message, on_error="ignore"))
            if self.name in scheduler.plugins:
                scheduler.remove_plugin(name=self.name)


def refusal_of(shim):
    import sys

    if shim not in sys.modules:
        return "the worker does not take plugins"
    return " ".join((sys.modules[shim].refusal or "").split())


def has_plugin(dask_scheduler, name):
    return name in dask_scheduler.worker_plugins


def compare(versions, cores):
    """Refuses members of the cluster that have another Python; returns a line about each."""
    own, lines = ".".join(map(str, sys.version_info[:2])), []
    for where, part in [("the scheduler", versions["scheduler"])] + sorted(versions["workers"].items()):
        full, packages = part["host"]["python"], dict(part["packages"])
        lines.append((where, ".".join(full.split(".")[:3]), packages.get("distributed"), cores.get(where, 0)))
        python = ".".join(full.split(".")[:2])
        if python != own:
            refuse(
                "the caller's Python is %s (%s), and that of %s is %s: they have to be of one minor version; name another "
                "Python in JOBLIB_PYTHON" % (own, sys.executable, where, python)
            )
    return lines


async def install(client):
    """Has the workers get the program, now and when they join, unless they do already; returns how many bytes were sent."""
    try:
        leaver = Leaver(client.id, SESSION)
        await client.register_plugin(leaver, name=leaver.name)
    except Exception:
        pass  # Where the scheduler takes none, agents that nobody uses end by themselves.
    if await client.run_on_scheduler(has_plugin, name=PLUGIN):
        return 0
    with open(options["program"], "rb") as file:
        program = file.read()
    digest = hashlib.sha256(program).hexdigest()
    if digest != options["hash"]:
        refuse("%s is not the program that the caller runs" % options["program"])
    packed = zlib.compress(program, 1)
    plugin = Plugin(SHIM, options["shim"], digest, packed, options["mark"], options["machine"])
    await client.register_plugin(plugin, name=PLUGIN)
    return len(packed)


class Forgotten(Exception):
    """An array is not on the cluster any more."""


class Bridge:
    def __init__(self, client, writer, where):
        self.client, self.writer, self.where = client, writer, where
        self.session, self.mark = SESSION, options["mark"]
        self.call, self.opening, self.threads, self.workers = None, None, 0, set()
        # How often the connection was made again, and who does that.
        self.generation, self.broken, self.again, self.over = 0, False, None, asyncio.Event()
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
        # Who waits for it learns what failed; nobody else has to.
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return task

    async def watch(self):
        while True:
            await asyncio.sleep(2)
            try:
                cores = await self.client.scheduler.ncores()
            except Exception:
                if self.client.status == "closed" and not self.futures:
                    # The next call finds another bridge, and maybe another scheduler.
                    self.over.set()
                continue
            self.workers, threads = set(cores), sum(cores.values())
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
        self.futures[number] = None
        self.start(self.run(number, tasks, name, frame, arrays, self.call, self.opening))

    async def is_connected(self):
        """Whether there is a connection to the scheduler. One that was lost is waited for, if it can be made again."""
        if self.again is None:
            if self.client.status == "running" and not self.broken:
                return True
            self.again = self.start(self.reconnect())
        return await asyncio.shield(self.again)

    async def reconnect(self):
        loop = asyncio.get_running_loop()
        until = loop.time() + RECONNECT
        try:
            while self.client.status not in ("closing", "closed") and loop.time() < until:
                # The client connects again by itself, and may not have noticed yet that it has to.
                if self.client.status == "running":
                    try:
                        await asyncio.wait_for(install(self.client), until - loop.time())
                    except Exception:
                        pass
                    else:
                        # The scheduler has dropped what was of the old connection, and may be another one.
                        self.generation, self.broken = self.generation + 1, False
                        self.arrays.clear()
                        return True
                await asyncio.sleep(0.1)
            return False
        finally:
            self.again = None

    async def run(self, number, tasks, name, batch, arrays, call, opening):
        lost = lambda reason: self.post(LOST, struct.pack("<Q", number), str(reason)[:2000].encode())
        try:
            while True:
                connected = await self.is_connected()
                if number not in self.futures:
                    return
                if not connected:
                    self.post(FAILED, call, ("the connection to the scheduler at %s was lost" % self.where).encode())
                    self.over.set()
                    return
                key, generation = "%s-%s" % (name, uuid.uuid4().hex), self.generation
                future = self.client.submit(
                    entry, SHIM, "run", key, self.session, self.mark, call + struct.pack("<Q", generation), opening,
                    number, tasks, batch, arrays, key=key, pure=False,
                )
                self.futures[number] = future
                try:
                    what, *rest = await future
                    if what == "missing":
                        missing, address = rest
                        await asyncio.gather(*(self.deliver(array, address) for array in missing))
                        continue
                except Forgotten:
                    self.post(FORGOTTEN, struct.pack("<Q", number), *arrays)
                    return
                except (asyncio.CancelledError, concurrent.futures.CancelledError, OSError) as error:
                    if self.futures.get(number) is not future:
                        return
                    reason = str(getattr(error, "reason", None) or error)
                    if "connection" not in reason and not isinstance(error, OSError) and self.client.status == "running":
                        return lost("cancelled by the cluster %s" % reason)
                    self.broken = self.broken or generation == self.generation
                    continue
                if self.futures.get(number) is not future:
                    return
                if what == "done":
                    self.writer.write(rest[0].data)
                    await self.writer.drain()
                elif what == "refused":
                    self.post(FAILED, call, rest[0].encode())
                else:
                    lost(rest[0])
                return
        except Exception as error:
            lost("%s: %s" % (type(error).__name__, error))
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
        scattered = self.arrays.get(array)
        try:
            blob = await scattered
        except Exception:
            self.forget(array, scattered)
        future = self.client.submit(
            entry, SHIM, "keep", self.session, self.mark, array, blob,
            workers=[address], priority=10, pure=False, key="joblib-rs-array-" + uuid.uuid4().hex,
        )
        kept = self.start(self.result(future))
        while not (await asyncio.wait({kept}, timeout=1))[0]:
            # For a worker that is gone the scheduler would wait for ever.
            if self.workers and address not in self.workers:
                return await self.client.cancel([future], force=True)
        try:
            kept.result()
        except BaseException:
            if blob.status in ("cancelled", "lost", "error") or self.client.status != "running":
                self.forget(array, scattered)
            if address in await self.client.scheduler.ncores():
                raise

    def forget(self, array, scattered):
        if self.arrays.get(array) is scattered:
            self.arrays.pop(array, None)
        raise Forgotten

    async def result(self, future):
        return await future

    async def scatter(self, blob):
        [future] = await self.client.scatter([blob], hash=False)
        return future

    async def cancel(self):
        waiting, self.futures = [future for future in self.futures.values() if future is not None], {}
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


def reasons(error):
    texts = []
    while error is not None and len(texts) < 5:
        texts.append("%s: %s" % (type(error).__name__, error))
        error = error.__cause__ or error.__context__
    return "; because of ".join(texts)


def advice(where, error):
    """What to do where it is about encryption."""
    if str(where).startswith("tls://"):
        return ". A tls:// address needs certificates that both sides trust: Dask::tls, or Dask's own configuration"
    if "CommClosedError" in reasons(error):
        return ". A scheduler that closes the connection may be an encrypted one: its address begins with tls:// then"
    return ""


async def connect():
    security = None
    if "ca" in options:
        security = Security(
            tls_ca_file=options["ca"], tls_client_cert=options["cert"], tls_client_key=options["key"],
            require_encryption=True,
        )
        try:
            security.get_connection_args("client")
        except Exception as error:
            refuse("the certificates of Dask::tls can't be used: %s" % reasons(error))
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
            timeout=timeout, security=security, name="joblib-clean" if "clean" in options else PROGRAM,
        )
    except Exception as error:
        refuse("there is no Dask scheduler at %s, or it does not answer: %s%s" % (where, reasons(error), advice(where, error)))
    return client, where


def plugins_and_clients(dask_scheduler):
    return list(dask_scheduler.worker_plugins), list(dask_scheduler.clients)


def remove_programs(live, dask_worker):
    import os

    folder, removed = os.path.join(dask_worker.local_directory, "joblib-rs"), []
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        # Others are being written.
        if len(name) == 64 and name[:16] not in live:
            path = os.path.join(folder, name)
            removed.append(os.path.getsize(path))
            os.remove(path)
    return removed


async def clean(client):
    """Removes what programs have left on the cluster that are not connected to it."""
    plugins, clients = await client.run_on_scheduler(plugins_and_clients)
    # A client has the name that it was given in its id: `joblib-rs-`, and what the program's digest begins with.
    live = {name.split("joblib-rs-", 1)[1][:16] for name in clients if "joblib-rs-" in name}
    dead = [name for name in plugins if name.startswith("joblib-rs-") and name[10:26] not in live]
    for name in dead:
        await client.unregister_worker_plugin(name)
    removed = [size for sizes in (await client.run(remove_programs, live)).values() for size in sizes]
    stream.sendall(("joblib-node cleaned\t%d\t%d\t%d\njoblib-node runs\n" % (len(dead), len(removed), sum(removed))).encode())
    await client.close(1)


async def main():
    client, where = await connect()
    if "clean" in options:
        return await clean(client)
    until = asyncio.get_running_loop().time() + float(options["wait"])
    wanted = int(options.get("workers", "1"))
    while len(cores := await client.scheduler.ncores()) < wanted:
        if asyncio.get_running_loop().time() > until:
            refuse(
                "the Dask scheduler at %s has %d of %d workers after %s seconds: start workers, or raise JOBLIB_DASK_WAIT"
                % (where, len(cores), wanted, options["wait"])
            )
        await asyncio.sleep(0.05)
    members = compare(await client.get_versions(check=False), cores)
    sent = await install(client)
    reader, writer = await asyncio.open_unix_connection(sock=stream, limit=1 << 24)
    bridge = Bridge(client, writer, where)
    bridge.threads, bridge.workers = sum(cores.values()), set(cores)
    own = "%s\t%s\t%s" % (sys.executable, ".".join(map(str, sys.version_info[:3])), distributed.__version__)
    refusals = await client.run(refusal_of, SHIM) if "probe" in options else {}
    lines = ["caller\t%s\t%d" % (own, sent)]
    lines += ["member\t%s\t%s\t%s\t%s\t%d" % (refusals.get(member[0], ""), *member) for member in members]
    lines += ["cluster\t%d\t%s" % (bridge.threads, where), "runs"]
    writer.write("".join("joblib-node %s\n" % line for line in lines).encode())
    bridge.start(bridge.watch())
    serving = bridge.start(bridge.serve(reader))
    await asyncio.wait({serving, bridge.start(bridge.over.wait())}, return_when=asyncio.FIRST_COMPLETED)
    serving.cancel()


    async def say_the_rest():
        # To a caller that is gone that is an error.
        try:
            await writer.drain()
        finally:
            writer.close()

    for step in (say_the_rest, bridge.cancel, lambda: client.run(leave, SHIM, bridge.session, on_error="ignore")):
        try:
            await asyncio.wait_for(step(), 10)
        except Exception:
            pass
    await client.close(1)


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
