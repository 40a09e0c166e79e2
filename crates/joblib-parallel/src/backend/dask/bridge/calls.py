def size_of(part):
    """The bytes of a part of an answer that come with it."""
    data = getattr(part[1] if isinstance(part, tuple) else part, "data", b"")
    return len(data)


class Bridge:
    def __init__(self, client, output, where):
        self.client, self.output, self.where = client, output, where
        self.call, self.opening, self.threads = None, None, 0
        # How often the connection was made again, and who does that.
        self.generation, self.broken, self.again, self.over = 0, False, None, asyncio.Event()
        self.futures, self.tasks = {}, set()
        self.shim = load(SHIM, options["shim"])
        self.arrays = Arrays(client, self.start, self.shim)
        self.client.subscribe_topic(TOPIC, self.event)

    def post(self, kind, *parts):
        body = b"".join(parts)
        self.output.write(struct.pack("<IB3sQ", kind, 0, b"jlb", len(body)) + body)

    def start(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        # Who waits for it learns what failed; nobody else has to.
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return task

    def event(self, event):
        """Passes on what was logged while a task runs."""
        call, generation = event[1][:8], event[1][8:16]
        if call == self.call and generation == struct.pack("<Q", self.generation):
            self.output.write(event[1][16:])

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
            self.arrays.follow(cores)
            threads = sum(cores.values())
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
        until = loop.time() + float(options["reconnect"])
        try:
            while self.client.status not in ("closing", "closed") and loop.time() < until:
                # The client connects again by itself, and may not have noticed yet that it has to.
                if self.client.status == "running":
                    try:
                        installed = install(self.client, self.generation + 1, self.arrays.workers)
                        await asyncio.wait_for(installed, until - loop.time())
                    except Exception:
                        pass
                    else:
                        # The scheduler has dropped what was of the old connection, and may be another one.
                        self.generation, self.broken = self.generation + 1, False
                        self.arrays.begin(self.generation)
                        self.client.subscribe_topic(TOPIC, self.event)
                        return True
                await asyncio.sleep(0.1)
            return False
        finally:
            self.again = None

    async def run(self, number, tasks, name, batch, arrays, call, opening):
        lost = lambda reason, kind=LOST: self.post(kind, struct.pack("<Q", number), str(reason)[:2000].encode())
        where = None  # the workers to which it goes once, if they are not all
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
                    entry, SHIM, "run", key, SESSION, options["mark"], call + struct.pack("<Q", generation), opening,
                    number, tasks, batch, arrays, self.arrays.places_here(arrays), self.arrays.home(), key=key, pure=False,
                    workers=where, allow_other_workers=where is not None,
                )
                self.futures[number] = future
                try:
                    what, *rest = await self.answer(future, where)
                    if what == "missing":
                        where = await self.arrays.find(arrays, *rest)
                        continue
                    if what == "done":
                        if sum(map(size_of, rest[0])) >= LARGE:
                            self.start(self.arrays.find_ways())
                        parts = await self.collect(future, *rest)
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
                    await self.pass_on(parts)
                elif what == "refused":
                    self.post(FAILED, call, rest[0].encode())
                else:
                    lost(rest[0])
                return
        except Exception as error:
            lost("%s: %s" % (type(error).__name__, error), GAVE_UP if isinstance(error, KilledWorker) else LOST)
        finally:
            self.futures.pop(number, None)

    async def collect(self, future, parts, address):
        """What a batch has come to, with its memory, which comes from its worker or with the answer."""
        try:
            return [await self.memory_of(part) if isinstance(part, tuple) else part for part in parts]
        except OSError:
            # A worker of this host that is another user's, or has ended.
            self.arrays.own = None
        _, parts, _ = await self.client.submit(entry, SHIM, "unpacked", future, workers=[address], pure=False)
        if any(isinstance(part, tuple) and not isinstance(part[1], self.shim.Blob) for part in parts):
            raise LookupError("the memory of its results is gone")
        return [await self.memory_of(part) if isinstance(part, tuple) else part for part in parts]

    async def pass_on(self, parts):
        # In one turn: its memory is announced in front of what is to be read with it.
        for part in parts:
            if not isinstance(part, tuple):
                self.output.write(part.data)
                continue
            number, memory = part
            if isinstance(memory, self.shim.Memory):
                frame = struct.pack("<IB3sQ16sQQ", MEMORY, 1, b"jlb", 32, number, memory.size, 0)
                self.output.write(frame, memory)
            else:
                self.output.write(struct.pack("<IB3sQ16s", BYTES, 0, b"jlb", 16 + len(memory.data), number))
                self.output.write(memory.data)
        await self.output.drain()

    async def memory_of(self, part):
        """An array's id, and its memory: that of its worker if there is a place of it, or a copy; or its bytes."""
        number, memory = part
        if not isinstance(memory, self.shim.Blob):
            place = memory if isinstance(memory, tuple) else memory.memory.place
            return number, self.shim.Memory.at(place)
        try:
            return number, await asyncio.get_running_loop().run_in_executor(None, self.shim.Memory.of, memory.data)
        except (AttributeError, OSError):
            return part

    async def answer(self, future, where):
        self.arrays.directed += where is not None
        try:
            if not self.arrays.are_straight():
                return await future
            [answer] = await self.client.gather([future], direct=True)
            return answer
        finally:
            self.arrays.directed -= where is not None

    async def cancel(self):
        waiting, self.futures = [future for future in self.futures.values() if future is not None], {}
        if waiting:
            await self.client.cancel(waiting, force=True)

    async def serve(self, frames):
        while True:
            kind, body, descriptor = await frames.next()
            if kind == OPEN:
                await self.cancel()
                self.call = bytes(body[8:16])
                self.opening = struct.pack("<IB3sQ", kind, 0, b"jlb", len(body)) + body
            elif kind == BYTES:
                self.arrays.add_bytes(bytes(body[:16]), memoryview(body)[16:])
            elif kind == MEMORY:
                self.arrays.add_memory(body, descriptor)
            elif kind == FILE:
                self.arrays.add_file(bytes(body[:16]), body)
            elif kind == RELEASE:
                numbers = [bytes(body[at:at + 16]) for at in range(0, len(body), 16)]
                self.arrays.remove(numbers)
                self.start(self.client.run(tell, SHIM, "release", SESSION, numbers, on_error="ignore"))
            elif kind in (BATCH, ALONE):
                self.submit(kind, body)
            elif kind == CANCEL:
                await self.cancel()


