class Frames:
    """The caller's frames, each with at most one descriptor."""

    def __init__(self, source):
        self.source, self.loop = source, asyncio.get_running_loop()

    async def next(self):
        """The kind of the next frame, its contents, and the descriptor that came with it or None."""
        header, descriptors = bytearray(16), array.array("i")
        await self.fill(header, descriptors)
        kind, _, size = struct.unpack("<I4sQ", header)
        body = bytearray(size)
        await self.fill(body, None)
        return kind, body, descriptors[0] if descriptors else None

    async def fill(self, space, descriptors):
        left = memoryview(space)
        while left:
            try:
                if descriptors is None:
                    read = self.source.recv_into(left)
                else:
                    # They come with the first bytes of a frame.
                    read, ancillary, _, _ = self.source.recvmsg_into([left], socket.CMSG_SPACE(4), CLOSED_ON_EXEC)
                    for _, what, data in ancillary:
                        if what == socket.SCM_RIGHTS:
                            descriptors.frombytes(data[:4])
            except BlockingIOError:
                await self.something()
                continue
            if read == 0:
                raise EOFError("the caller is gone")
            left = left[read:]

    async def something(self):
        waiting = self.loop.create_future()
        self.loop.add_reader(self.source, lambda: waiting.done() or waiting.set_result(None))
        try:
            await waiting
        finally:
            self.loop.remove_reader(self.source)




class Output:
    """What the caller is sent: bytes, and memory by its descriptor."""

    def __init__(self, target):
        self.target, self.loop, self.queue, self.empty = target, asyncio.get_running_loop(), collections.deque(), asyncio.Event()
        target.setblocking(False)
        self.empty.set()

    def write(self, data, memory=None):
        """Sends bytes, the first of which the memory's descriptor comes with. Nothing comes between those of one turn."""
        self.queue.append((memoryview(data), memory))
        if self.empty.is_set():
            self.empty.clear()
            self.flush()

    def flush(self):
        while self.queue:
            data, memory = self.queue[0]
            try:
                sent = socket.send_fds(self.target, [data], [memory.descriptor]) if memory else self.target.send(data)
            except BlockingIOError:
                self.loop.add_writer(self.target, self.flush)
                return
            except OSError:
                self.queue.clear()  # The caller is gone.
                break
            if sent < len(data):
                self.queue[0] = data[sent:], None
            else:
                self.queue.popleft()
        self.loop.remove_writer(self.target)
        self.empty.set()

    async def drain(self):
        await self.empty.wait()
