class Forgotten(Exception):
    """An array is not on the cluster any more."""


def worker_id(dask_scheduler, address):
    return dask_scheduler.workers[address].server_id


async def reach(client, address):
    """Whether this host can connect to a worker, and finds that worker there."""
    if not address.startswith(("tcp://", "tls://")):
        return False
    wanted = await client.run_on_scheduler(worker_id, address=address)
    async with distributed.rpc(address, connection_args=client.connection_args) as worker:
        return (await worker.identity())["id"] == wanted


class Arrays:
    """What the cluster keeps for the caller: each array once on the cluster, and in each agent that needs it."""

    def __init__(self, client, start, shim):
        self.client, self.start, self.shim = client, start, shim
        # Tasks by the array's id, each with the Dask future and whether workers write to their copies.
        self.scattered, self.delivered = {}, {}
        # The threads of each worker, the workers that have an array, and how many batches are to go to such.
        self.generation, self.workers, self.kept, self.directed = 0, {}, {}, 0
        # Whether each worker can be reached from here; if one can't be, the scheduler passes everything on.
        self.reached, self.direct = {}, options["direct"] == "1"

    def add_bytes(self, number, data):
        self.scattered[number] = self.start(self.scatter(number, self.shim.Blob(data), True))

    def add_memory(self, body, descriptor):
        """Takes the memory that a descriptor stands for."""
        number, (size, written) = bytes(body[:16]), struct.unpack_from("<QQ", body, 16)
        try:
            data = mmap.mmap(descriptor, size, prot=mmap.PROT_READ)
        except OSError:
            return  # As if it were forgotten: the caller sends it again when a task needs it.
        finally:
            os.close(descriptor)
        self.scattered[number] = self.start(self.scatter(number, self.shim.Blob(data), bool(written)))

    def add_file(self, number, body):
        """Takes where an array is in a file that workers have: nothing is to be scattered."""
        self.scattered[number] = self.start(self.result(asyncio.sleep(0, (bytes(body), False))))

    def remove(self, numbers):
        for number in numbers:
            self.scattered.pop(number, None)
            self.kept.pop(number, None)

    def begin(self, generation):
        """The connection was made again: the scheduler has dropped what was of the old one."""
        self.generation = generation
        self.scattered.clear()
        self.kept.clear()

    async def reachable(self):
        """A worker that takes data from here; None if the scheduler has to pass it on."""
        if not self.direct or not self.workers:
            return None
        address = random.choice(tuple(self.workers))
        if address not in self.reached:
            self.reached[address] = self.start(reach(self.client, address))
        try:
            self.direct = await asyncio.wait_for(asyncio.shield(self.reached[address]), 2)
        except Exception:
            # A worker that has left is no reason to go another way for good.
            self.direct = address not in self.workers
            self.reached.pop(address, None)
            return None
        return address if self.direct else None

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

    async def find(self, numbers, missing, address):
        """Has a worker keep what it misses of the arrays `numbers` of a batch; returns where the batch is to go.

        That is to workers that have them all meanwhile, unless these have enough to do, and otherwise anywhere.
        """
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
        scattered = self.scattered.get(number)
        try:
            blob, written = await scattered
        except Exception:
            self.forget(number, scattered)
        future = self.client.submit(
            entry, SHIM, "keep", SESSION, self.generation, options["mark"], number, written, blob,
            workers=[address], priority=10, pure=False, key="joblib-rs-array-" + uuid.uuid4().hex,
        )
        kept = self.start(self.result(future))
        while not (await asyncio.wait({kept}, timeout=1))[0]:
            # For a worker that is gone the scheduler would wait for ever.
            if self.workers and address not in self.workers:
                return await self.client.cancel([future], force=True)
        try:
            kept.result()
            self.kept.setdefault(number, set()).add(address)
        except BaseException:
            if getattr(blob, "status", None) in ("cancelled", "lost", "error") or self.client.status != "running":
                self.forget(number, scattered)
            if address in await self.client.scheduler.ncores():
                raise

    def forget(self, number, scattered):
        if self.scattered.get(number) is scattered:
            self.scattered.pop(number, None)
        raise Forgotten

    async def result(self, future):
        return await future


