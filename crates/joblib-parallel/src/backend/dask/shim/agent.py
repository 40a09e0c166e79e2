

class Lost(Exception):
    """A batch is gone with its agent, or with its call."""


class Refused(Exception):
    """The agent can't go on with the call."""


class Waiting:
    """A batch that the agent has."""

    def __init__(self, tasks, call):
        self.left, self.call, self.frames, self.failure = tasks, call, [], None
        self.done = threading.Event()

    def add(self, frames, tasks):
        self.frames += frames
        self.left -= tasks
        if self.left <= 0:
            self.done.set()

    def fail(self, failure):
        self.failure = failure
        self.done.set()

    def wait(self, expected):
        """Waits for the outcomes of all tasks, which should be there after so many seconds."""
        if expected > 2 * EARLY and not self.done.wait(expected - EARLY):
            give_way()
        self.done.wait()


def give_way():
    """Has the Dask worker begin its next task: the agent has that wait for a worker process, which so never waits for it."""
    from distributed import secede

    try:
        secede()
    except Exception:
        pass  # An executor that is not Dask's own: the next task begins when this one has ended.


class Agent:
    def __init__(self, mark):
        environment = dict(os.environ, JOBLIB_PARALLEL_AGENT=mark)
        # Dask sets these to 1 for Python's own libraries; the agent knows its tasks' share.
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            environment.pop(name, None)
        # A socket, for it takes descriptors.
        self.socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [executable(), "joblib-parallel-agent"], stdin=theirs, stdout=theirs, env=environment, start_new_session=True
            )
        # Held from a look at the arrays to the end of what is sent because of it: frames are in the order of what they mean.
        self.order = threading.Lock()
        # The arrays that the agent has, each with the memory that other workers of this host are given, if they are.
        self.waiting, self.arrays, self.call, self.ended = {}, {}, None, None
        self.generation = 0  # of the caller's connection to the scheduler
        self.events, self.logged = [], 0.0  # what was logged, and when the first of it
        self.task = 0.0  # seconds that a task of the last batch took
        # Its first batch may be one of a caller that is gone.
        self.used, self.idle = time.monotonic(), SOON
        threading.Thread(target=self.read, daemon=True, name="joblib-agent").start()

    def send(self, *frames):
        try:
            for frame in frames:
                self.socket.sendall(frame)
        except OSError:
            pass  # That it has ended is noticed while reading.

    def give(self, number, blob, written):
        """Hands over an array: memory that both sides have, or its bytes where there is none. The order is held."""
        size = len(blob.data)
        self.arrays[number] = None
        if not hasattr(os, "memfd_create"):
            self.send(struct.pack("<IB3sQ", BYTES, 0, b"jlb", 16 + size), number, blob.data)
            return
        try:
            memory = Memory.of(blob.data)
            self.hand_over(number, memory, written)
            if not written:
                # One copy is enough.
                blob.data = memory.map()
                if sum(kept is not None for kept in self.arrays.values()) < MOST_SHARED:
                    self.arrays[number] = memory
        except OSError as error:
            del self.arrays[number]
            raise Lost("an array of %d bytes can't be kept: %s" % (size, error))

    def adopt(self, number, place, written):
        """Hands over the memory of another process of this host; False if it can't be had. The order is held."""
        if HOST is None or place[0] != HOST:
            return False
        try:
            memory = Memory.at(place)
        except OSError:
            return False
        if written:
            self.give(number, Blob(memory.map()), written)
            return True
        try:
            self.hand_over(number, memory, written)
        except OSError as error:
            raise Lost("an array can't be handed over: %s" % error)
        self.arrays[number] = None
        return True

    def hand_over(self, number, memory, written):
        frame = struct.pack("<IB3sQ16sQQ", MEMORY, 1, b"jlb", 32, number, memory.size, written)
        sent = socket.send_fds(self.socket, [frame], [memory.descriptor])
        self.send(frame[sent:])

    def has(self, number, places):
        """Whether the agent has an array, or could be given it because it is on this host."""
        return number in self.arrays or number in places and self.adopt(number, *places[number])

    def take_events(self, until):
        """What was logged, with the call in front, if something was before then. The lock is held."""
        if not self.events or self.logged > until or self.call is None:
            return b""
        events, self.events = self.events, []
        return b"".join([self.call] + events)

    def receive(self, size, descriptors=None):
        """So many bytes from the agent, and the descriptor that comes with them; an EOFError if there are no more."""
        data = bytearray(size)
        left = memoryview(data)
        while left:
            if descriptors is None:
                read = self.socket.recv_into(left)
            else:
                # It comes with the first bytes of a frame.
                read, ancillary, _, _ = self.socket.recvmsg_into([left], socket.CMSG_SPACE(4), CLOSED_ON_EXEC)
                for _, what, content in ancillary:
                    if what == socket.SCM_RIGHTS:
                        descriptors += struct.unpack("i", content[:4])
            if read == 0:
                raise EOFError
            left = left[read:]
        return data

    def read(self):
        pending = []
        try:
            said = b""
            while not said.endswith(GREETING):
                said += self.receive(1)
            while True:
                descriptors = []
                header = self.receive(16, descriptors)
                kind, _, size = struct.unpack("<I4sQ", header)
                body = self.receive(size)
                if kind == BYTES:
                    pending += [header, body]
                elif kind == MEMORY:
                    number, size = struct.unpack_from("<16sQ", body)
                    pending.append((number, Memory(descriptors[0], size)))
                elif kind == EVENT:
                    with lock:
                        if not self.events:
                            self.logged = time.monotonic()
                        self.events += [header, body]
                elif kind == RETURNED:
                    number, tasks, busy = struct.unpack_from("<QQQ", body)
                    with lock:
                        waiting = self.waiting.get(number)
                        if waiting is not None:
                            waiting.add(self.events + pending + [header, body], tasks)
                            self.task = busy / 1e9 / max(tasks, 1)
                        self.events, pending = [], []
                elif kind == FAILED:
                    text = bytes(body[8:]).decode(errors="replace")
                    with lock:
                        everything = list(self.waiting.values())
                        self.call = None
                    for waiting in everything:
                        waiting.fail(Refused(text))
        except (EOFError, OSError):
            pass
        finally:
            self.socket.close()
            code = self.process.wait()
            with lock:
                self.ended = "the agent has ended with exit code %s" % code
                everything = list(self.waiting.values())
            for waiting in everything:
                waiting.fail(Lost(self.ended))

    def run(self, number, tasks, call, opening, batch, arrays, places):
        """Has a batch run; returns the arrays that are missing, or the frames of its outcomes."""
        waiting = Waiting(tasks, call)
        with self.order:
            missing = [array for array in arrays if not self.has(array, places)]
            if missing:
                return missing, None
            with lock:
                if self.ended:
                    raise Lost(self.ended)
                self.waiting[number] = waiting
                first, self.call, self.idle = self.call != call, call, IDLE
                if first:
                    self.events, self.task = [], 0.0
                # It may wait for the end of the one before.
                expected = tasks * self.task + (EARLY if len(self.waiting) > threads else 0)
                over = [other for other in self.waiting.values() if other.call != call]
            for other in over:
                other.fail(Lost("its call has ended"))
            if first:
                # How many tasks may run at a time, here and on the host, is at the beginning of the frame.
                sizes = struct.pack("<Q", threads), struct.pack("<Q", max(threads, together))
                self.send(opening[:16] + sizes[0] + opening[24:32] + sizes[1] + opening[40:], batch)
            else:
                self.send(batch)
        try:
            waiting.wait(expected)
        finally:
            with lock:
                self.waiting.pop(number, None)
                self.used = time.monotonic()
        if waiting.failure is not None:
            raise waiting.failure
        return None, waiting.frames

    def cancel(self, call):
        with lock:
            if self.call != call:
                return  # The next one has ended it.
        with self.order:
            with lock:
                if self.call != call:
                    return
                self.call, self.idle = None, SOON
                everything = list(self.waiting.values())
            self.send(struct.pack("<IB3sQ", CANCEL, 0, b"jlb", 0))
        for waiting in everything:
            waiting.fail(Lost("cancelled"))

    def stop(self):
        try:
            self.process.kill()
        except OSError:
            pass
