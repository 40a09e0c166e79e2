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


