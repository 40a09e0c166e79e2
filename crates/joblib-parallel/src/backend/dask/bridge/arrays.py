class Forgotten(Exception):
    """An array is not on the cluster any more."""


def worker_id(dask_scheduler, address):
    return dask_scheduler.workers[address].server_id


def host_of(shim):
    """The host that a worker is on, or "" where hosts can't be told apart; None if it does not have the program yet."""
    import sys

    return sys.modules[shim].HOST or "" if shim in sys.modules else None


async def reach(client, address):
    """Whether this host can connect to a worker, and finds that worker there."""
    if not address.startswith(("tcp://", "tls://")):
        return False
    wanted = await client.run_on_scheduler(worker_id, address=address)
    async with distributed.rpc(address, connection_args=client.connection_args) as worker:
        return (await worker.identity())["id"] == wanted


class Arrays:
    """What the cluster keeps for the caller: each array once on the cluster, once on a host, and in each agent that needs it."""

    def __init__(self, client, start, shim):
        self.client, self.start, self.shim = client, start, shim
        # The memory of arrays here, with whether workers write to their copies: workers of this host have it from here.
        self.memories = {}
        # Tasks by the array's id, each with the Dask future and whether workers write to their copies.
        self.scattered, self.delivered = {}, {}
        # The threads of each worker, the workers that have an array, and how many batches are to go to such.
        self.generation, self.workers, self.kept, self.directed = 0, {}, {}, 0
        # The host of each worker, and tasks that result in the place of an array's memory on a host, by both.
        self.hosts, self.places = {}, {}
        # Whether each worker can be reached from here; if one can't be, the scheduler passes everything on.
        self.reached, self.direct = {}, options["direct"] == "1"
        # The workers that were there when it was last found out whether all can be, and those if so: large results come straight.
        self.looked_at, self.straight = frozenset(), frozenset()
        # The host of each worker that has answered which it is, and the tasks that run at a time there, of workers that know.
        self.machines, self.told = {}, {}
        # The workers that there were when that was learned, and who learns it.
        self.learned, self.learning = {}, None
        self.shares = self.direct and shim.HOST is not None
        self.own = shim.Memory.of(memoryview(b"own")) if self.shares else None

    def add_bytes(self, number, data):
        self.scattered[number] = self.start(self.scatter(number, self.shim.Blob(data), True))

    def add_memory(self, body, descriptor):
        """Takes the memory that a descriptor stands for."""
        number, (size, written) = bytes(body[:16]), struct.unpack_from("<QQ", body, 16)
        if descriptor is None:
            return  # There are too many. As if it were forgotten: the caller sends it again when a task needs it.
        memory = self.shim.Memory(descriptor, size), bool(written)
        if not self.shares or len(self.memories) >= self.shim.MOST_SHARED or all(map(self.is_elsewhere, self.workers)):
            # The cluster keeps it.
            self.scatter_memory(number, *memory)
            return
        self.memories[number] = memory
        if any(map(self.is_elsewhere, self.workers)):
            self.scatter_memory(number, *memory)

    def add_file(self, number, body):
        """Takes where an array is in a file that workers have: nothing is to be scattered."""
        self.scattered[number] = self.start(self.result(asyncio.sleep(0, (bytes(body), False))))

    def is_elsewhere(self, worker):
        return not self.shares or self.hosts.get(worker) != self.shim.HOST

    def places_here(self, numbers):
        """Where workers of this host find arrays, and whether they write to them."""
        if not self.shares:
            return {}
        held = ((number, self.memories.get(number)) for number in numbers)
        return {number: (memory[0].place, memory[1]) for number, memory in held if memory is not None}

    def home(self):
        """A place by which a worker finds out that its memory can be had here."""
        return self.own.place if self.own is not None else None

    def unknown(self):
        """The workers that have not answered yet on which host they are: one that joins is sent the program first."""
        return [worker for worker in self.workers if worker not in self.machines]

    async def learn(self):
        """Learns on which hosts workers are, and tells those that are on one how many tasks run there."""
        workers, asked = self.workers, self.unknown()
        found = await self.client.run(host_of, SHIM, workers=asked, on_error="ignore") if asked else {}
        for table in (self.machines, self.told, self.hosts):
            for worker in table.keys() - self.workers.keys():
                del table[worker]
        answers = {worker: host for worker, host in found.items() if host is not None and worker in self.workers}
        self.machines.update(answers)
        if self.shares:
            # Those that have not answered are taken to be elsewhere.
            self.hosts.update({worker: host or None for worker, host in answers.items() if worker not in self.hosts})
        threads = collections.Counter()
        for worker, own in self.workers.items():
            threads[self.machines.get(worker) or worker] += own
        together = {worker: threads[host or worker] for worker, host in self.machines.items()}
        # What an earlier run of the program has told it may not be so any more.
        changed = {worker: count for worker, count in together.items() if self.told.get(worker) != count}
        if changed:
            heard = await self.client.run(tell, SHIM, "share", changed, workers=list(changed), on_error="ignore")
            self.told.update({worker: changed[worker] for worker in heard})
        self.learned = workers
        if self.looked_at:
            self.start(self.find_ways())

    def follow(self, cores):
        """Takes in which workers there are, with their threads."""
        if cores != self.workers:
            self.workers = dict(cores)
        if (self.workers != self.learned or self.unknown()) and (self.learning is None or self.learning.done()):
            self.learning = self.start(self.learn())

    def scatter_memory(self, number, memory, written):
        try:
            blob = self.shim.Blob(memory.map())
        except OSError:
            return  # As if it were forgotten.
        self.scattered[number] = self.start(self.scatter(number, blob, written))

    def remove(self, numbers):
        for number in numbers:
            for table in (self.memories, self.scattered, self.kept):
                table.pop(number, None)
        for place in [place for place in self.places if place[0] in numbers]:
            del self.places[place]

    def begin(self, generation):
        """The connection was made again: the scheduler has dropped what was of the old one."""
        self.generation = generation
        for table in (self.scattered, self.kept, self.places, self.machines, self.told):
            table.clear()

    async def is_reached(self, address):
        if address not in self.reached:
            self.reached[address] = self.start(reach(self.client, address))
        try:
            return await asyncio.wait_for(asyncio.shield(self.reached[address]), 2)
        except Exception:
            way = self.reached.get(address)
            if way is not None and way.done():
                del self.reached[address]
            return False

    async def reachable(self):
        """A worker that takes data from here; None if the scheduler has to pass it on."""
        workers = [worker for worker in self.workers if self.is_elsewhere(worker)]
        if not self.direct or not workers:
            return None
        address = random.choice(workers)
        reached = await self.is_reached(address)
        # A worker that has left is no reason to go another way for good.
        self.direct = reached or address not in self.workers
        return address if reached else None

    def are_straight(self):
        """Whether results come straight from their workers."""
        return self.direct and bool(self.workers) and self.workers.keys() <= self.straight

    async def find_ways(self):
        """Finds out whether results can come straight from all workers."""
        workers = frozenset(self.workers)
        if not self.direct or workers == self.looked_at:
            return
        self.looked_at = workers
        for worker in workers:
            if self.is_elsewhere(worker) and not await self.is_reached(worker):
                way = self.reached.get(worker)
                if (way is None or not way.done()) and workers == self.looked_at:
                    # That was no answer: the next large result has it looked at again.
                    self.looked_at = frozenset()
                return
        if workers == self.looked_at:
            self.straight = workers

    async def scatter(self, number, blob, written):
        address = await self.reachable()
        if address is not None:
            try:
                [future] = await self.client.scatter([blob], hash=False, direct=True, workers=[address], timeout=2)
                # It will be needed there.
                self.start(self.deliver(number, address))
                return future, written
            except Exception:
                self.reached.pop(address, None)
        [future] = await self.client.scatter([blob], hash=False, direct=False)
        return future, written

    async def find(self, numbers, missing, address, host):
        """Has a worker keep what it misses of the arrays `numbers` of a batch; returns where the batch is to go.

        That is to workers that have them all meanwhile, unless these have enough to do, and otherwise anywhere.
        """
        if self.shares:
            # One that misses what is here can't have it from here, for it is another user's or in a container.
            can_share = host != self.shim.HOST or not any(number in self.memories for number in missing)
            self.hosts[address] = host if can_share else None
        for number in missing:
            self.kept.get(number, set()).discard(address)
        own = {self.start(self.deliver(number, address)) for number in missing}
        waiting = set(own)
        while waiting & own:
            holders = set.intersection(*(self.kept.get(number, set()) for number in numbers)) & set(self.workers)
            if self.directed < 2 * sum(self.workers[holder] for holder in holders):
                return sorted(holders)
            elsewhere = {task for (number, _), task in self.delivered.items() if number in numbers and not task.done()}
            done, _ = await asyncio.wait(waiting | elsewhere, return_when=asyncio.FIRST_COMPLETED)
            for task in done & own:
                task.result()
            waiting -= done
        return None

    async def deliver(self, number, address):
        """Has a worker keep an array, once however many batches miss it there at the same time."""
        place = (number, address)
        if place not in self.delivered:
            self.delivered[place] = self.start(self.deliver_now(number, address))
        try:
            await asyncio.shield(self.delivered[place])
        finally:
            self.delivered.pop(place, None)

    async def deliver_now(self, number, address):
        host = (number, self.hosts.get(address))
        first = self.places.get(host)
        if first is not None:
            # Another worker of its host has it, or will.
            await asyncio.wait({first})
            place, written = first.result() if not first.cancelled() and first.exception() is None else (None, False)
            if place is not None and await self.keep(number, address, written, place) is not False:
                return
        task = self.start(self.deliver_over_network(number, address))
        if host[1] is not None:
            self.places[host] = task
        await task

    async def deliver_over_network(self, number, address):
        """Has a worker keep an array; returns the place of its memory there, if it has one, and whether it is written to."""
        if number not in self.scattered and number in self.memories:
            self.scatter_memory(number, *self.memories[number])
        scattered = self.scattered.get(number)
        try:
            blob, written = await scattered
        except Exception:
            self.forget(number, scattered)
        return await self.keep(number, address, written, blob, scattered), written

    async def keep(self, number, address, written, blob, scattered=None):
        """Has a worker keep an array that it has from Dask, or from the place of memory on its host; returns as there."""
        future = self.client.submit(
            entry, SHIM, "keep", SESSION, self.generation, options["mark"], number, written, blob,
            workers=[address], priority=10, pure=False, key="joblib-rs-array-" + uuid.uuid4().hex,
        )
        kept = self.start(self.result(future))
        while not (await asyncio.wait({kept}, timeout=1))[0]:
            # For a worker that is gone the scheduler would wait for ever.
            if self.workers and address not in self.workers:
                await self.client.cancel([future], force=True)
                return None
        try:
            place = kept.result()
        except BaseException:
            lost = getattr(blob, "status", None) in ("cancelled", "lost", "error") or self.client.status != "running"
            if scattered is not None and lost:
                self.forget(number, scattered)
            if address in await self.client.scheduler.ncores():
                raise
            return None
        if place is not False:
            self.kept.setdefault(number, set()).add(address)
        return place

    def forget(self, number, scattered):
        if self.scattered.get(number) is scattered:
            self.scattered.pop(number, None)
        raise Forgotten

    async def result(self, future):
        return await future


