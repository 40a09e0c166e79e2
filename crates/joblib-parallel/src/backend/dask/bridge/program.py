

# What the scheduler and the workers get: the module of the folder `shim`, this program, and who ends what is left of a caller.


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


def tell(shim, what, *arguments):
    import sys

    if shim in sys.modules:
        getattr(sys.modules[shim], what)(*arguments)


class Plugin(WorkerPlugin):
    idempotent = True

    def __init__(self, shim, source, digest, packed, mark, machine):
        self.shim, self.source, self.digest, self.packed = shim, source, digest, packed
        self.mark, self.machine, self.load = mark, machine, load

    def setup(self, worker):
        self.module = self.load(self.shim, self.source)
        self.module.install(self.digest, self.packed, worker)
        self.module.probe(self.mark, self.machine)
        self.packed = None

    def transition(self, key, start, finish, **kwargs):
        # A cancelled task that runs is seen to be released.
        if finish in ("released", "cancelled", "forgotten") and start in ("executing", "long-running", "cancelled"):
            self.module.cancel(key)

    def teardown(self, worker):
        self.module.stop_all()


class Leaver(SchedulerPlugin):
    """Has the workers end the agents of a connection when the scheduler sees that it is gone."""

    idempotent = True

    def __init__(self, client, generation):
        self.client, self.topic = client, TOPIC
        self.name = "joblib-rs-leave-%s-%d" % (SESSION, generation)
        # As Client.run sends it.
        arguments = dumps((SHIM, "leave", SESSION, generation))
        self.message = dict(op="run", function=dumps(tell), args=arguments, kwargs=dumps({}), wait=True)

    def remove_client(self, scheduler, client):
        import asyncio

        if client == self.client:
            self.leaving = asyncio.ensure_future(scheduler.broadcast(msg=self.message, on_error="ignore"))
            # It keeps what was said on a topic.
            topics = getattr(getattr(scheduler, "_broker", None), "_topics", None) or getattr(scheduler, "events", {})
            topics.pop(self.topic, None)
            if self.name in scheduler.plugins:
                scheduler.remove_plugin(name=self.name)


def refusal_of(shim):
    import sys

    if shim not in sys.modules:
        return "the worker does not take plugins"
    return " ".join((sys.modules[shim].refusal or "").split())


def has_plugin(dask_scheduler, name):
    return name in dask_scheduler.worker_plugins


def is_own(address):
    """Whether an address is one of this host."""
    scheme, _, place = address.partition("://")
    if scheme == "inproc":
        return True
    host = place.rsplit(":", 1)[0].strip("[]")
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.bind((host, 0))
        return True
    except (OSError, ValueError):
        # The name of no host too.
        return False


def digest_and_pack(program, workers):
    """The digest of a program, and the program compressed for these workers: in pieces, on all processors."""
    # Within a host it takes longer to compress than to send. It may ask for a host's name, which takes time.
    level = 0 if workers and all(map(is_own, workers)) else 1
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        digest = threads.submit(lambda: hashlib.sha256(program).hexdigest())
        pieces = [memoryview(program)[at:at + PIECE] for at in range(0, len(program), PIECE)]
        packed = list(threads.map(lambda piece: zlib.compress(piece, level), pieces))
        return digest.result(), packed


async def install(client, generation, workers):
    """Has the workers get the program, now and when they join, unless they do already; returns how many bytes were sent."""
    try:
        leaver = Leaver(client.id, generation)
        await client.register_plugin(leaver, name=leaver.name)
    except Exception:
        pass  # Where the scheduler takes none, agents that nobody uses end by themselves.
    if await client.run_on_scheduler(has_plugin, name=PLUGIN):
        return 0
    with open(options["program"], "rb") as file:
        program = file.read()
    addresses = list(workers)
    digest, packed = await asyncio.get_running_loop().run_in_executor(None, digest_and_pack, program, addresses)
    if digest != options["hash"]:
        refuse("%s is not the program that the caller runs" % options["program"])
    plugin = Plugin(SHIM, options["shim"], digest, packed, options["mark"], options["machine"])
    await client.register_plugin(plugin, name=PLUGIN)
    return sum(map(len, packed))


def plugins_and_clients(dask_scheduler):
    return list(dask_scheduler.worker_plugins), list(dask_scheduler.clients)


def remove_programs(live, dask_worker):
    import os
    import sys

    for name, module in list(sys.modules.items()):
        # Of any version.
        digest = getattr(module, "digest", None) if name.startswith("joblib_rs_shim_") else None
        if digest is not None and digest[:16] not in live:
            module.close_program()

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


