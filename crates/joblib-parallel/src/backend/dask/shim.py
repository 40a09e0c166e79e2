"""Runs in a Dask worker: keeps the agent of each caller, and hands it batches of bytes."""
import hashlib
import mmap
import os
import pickle
import socket
import struct
import subprocess
import tempfile
import threading
import time

BYTES, RETURNED, EVENT, FAILED, CANCEL, RELEASE, MEMORY, FILE = 22, 23, 24, 25, 26, 28, 32, 33
GREETING = b"joblib-node runs\n"

lock = threading.Lock()
agents = {}  # the caller's session -> Agent
running = {}  # key of a task -> Agent, and the call
cancelled = set()  # keys of tasks that were cancelled before they began
program = None  # the path of the executable
refusal = None  # why it can't run here
threads = 1
host = None  # the Dask worker
sweeper = None
IDLE = 300.0  # seconds after which an agent ends that nobody uses: its caller's host may be gone
SOON = 5.0  # the same after its call was cancelled, as it is when the caller is killed
LOGGED = 1.0  # seconds that events wait for the outcomes that they belong to, before they are sent alone
EARLY = 0.025  # seconds that the next batch is here before the end of one


def sweep():
    while True:
        time.sleep(1)
        now = time.monotonic()
        with lock:
            unused = [session for session, agent in agents.items() if not agent.waiting and agent.used + agent.idle < now]
            gone = [agents.pop(session) for session in unused]
            events = [(session, agent.take_events(now - LOGGED)) for session, agent in agents.items()]
        for agent in gone:
            agent.stop()
        for session, logged in events:
            if not logged:
                continue
            try:
                # The caller is subscribed to that.
                host.log_event("joblib-rs-events-" + session, logged)
            except Exception:
                pass  # The worker is closing.


class Blob:
    """Bytes that are not copied more than needed on their way."""

    def __init__(self, data):
        self.data = memoryview(data).cast("B")

    def __reduce_ex__(self, protocol):
        # Dask negotiates a protocol for each connection, and it may be an old one.
        return Blob, (pickle.PickleBuffer(self.data) if protocol >= 5 else bytes(self.data),)

    def __sizeof__(self):
        return len(self.data)


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
        self.input, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [program, "joblib-parallel-agent"],
                stdin=theirs, stdout=subprocess.PIPE, env=environment, start_new_session=True,
            )
        # Held from a look at the arrays to the end of what is sent because of it: frames are in the order of what they mean.
        self.order = threading.Lock()
        self.waiting, self.arrays, self.call, self.ended = {}, set(), None, None
        self.generation = 0  # of the caller's connection to the scheduler
        self.events, self.logged = [], 0.0  # what was logged, and when the first of it
        self.task = 0.0  # seconds that a task of the last batch took
        # Its first batch may be one of a caller that is gone.
        self.used, self.idle = time.monotonic(), SOON
        threading.Thread(target=self.read, daemon=True, name="joblib-agent").start()

    def send(self, *frames):
        try:
            for frame in frames:
                self.input.sendall(frame)
        except OSError:
            pass  # That it has ended is noticed while reading.

    def give(self, number, blob, written):
        """Hands over an array: memory that both sides have, or its bytes where there is none."""
        size = len(blob.data)
        try:
            descriptor = os.memfd_create("joblib-array")
        except (AttributeError, OSError):
            self.send(struct.pack("<IB3sQ", BYTES, 0, b"jlb", 16 + size), number, blob.data)
            return
        try:
            left = blob.data
            while left:
                left = left[os.write(descriptor, left):]
            frame = struct.pack("<IB3sQ16sQQ", MEMORY, 1, b"jlb", 32, number, size, written)
            sent = socket.send_fds(self.input, [frame], [descriptor])
            self.send(frame[sent:])
            if not written:
                # One copy is enough.
                blob.data = memoryview(mmap.mmap(descriptor, size, prot=mmap.PROT_READ))
        except OSError as error:
            raise Lost("an array of %d bytes can't be kept: %s" % (size, error))
        finally:
            os.close(descriptor)

    def take_events(self, until):
        """What was logged, with the call in front, if something was before then. The lock is held."""
        if not self.events or self.logged > until or self.call is None:
            return b""
        events, self.events = self.events, []
        return b"".join([self.call] + events)

    def read(self):
        stream, pending = self.process.stdout, []
        try:
            while stream.readline() not in (GREETING, b""):
                pass
            while True:
                header = stream.read(16)
                if len(header) < 16:
                    break
                kind, _, size = struct.unpack("<I4sQ", header)
                body = stream.read(size)
                if len(body) < size:
                    break
                if kind == BYTES:
                    pending += [header, body]
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
        finally:
            self.input.close()
            code = self.process.wait()
            with lock:
                self.ended = "the agent has ended with exit code %s" % code
                everything = list(self.waiting.values())
            for waiting in everything:
                waiting.fail(Lost(self.ended))

    def run(self, number, tasks, call, opening, batch, arrays):
        """Has a batch run; returns the arrays that are missing, or the frames of its outcomes."""
        waiting = Waiting(tasks, call)
        with self.order:
            missing = [array for array in arrays if array not in self.arrays]
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
                # The number of tasks that may run at a time here is at the beginning of the frame.
                self.send(opening[:16] + struct.pack("<Q", threads) + opening[24:], batch)
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


def install(digest, packed, worker):
    """Writes the executable, unless it is there, and sees whether it runs."""
    global program, refusal, threads, host, sweeper

    threads, host = max(worker.state.nthreads, 1), worker
    try:
        program = write_program(digest, packed, os.path.join(worker.local_directory, "joblib-rs"))
    except Exception as error:
        refusal = "the program can't be kept there: %s: %s" % (type(error).__name__, error)
    if sweeper is None:
        sweeper = threading.Thread(target=sweep, daemon=True, name="joblib-sweep")
        sweeper.start()


def write_program(digest, packed, folder):
    import zlib

    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, digest)

    def is_whole():
        try:
            with open(path, "rb") as file:
                hashed = hashlib.sha256()
                while piece := file.read(1 << 20):
                    hashed.update(piece)
            return hashed.hexdigest() == digest
        except OSError:
            return False

    if not is_whole():
        descriptor, temporary = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(zlib.decompress(packed))
        os.chmod(temporary, 0o700)
        os.rename(temporary, path)
        if not is_whole():
            raise ValueError("it did not arrive as it was sent")
    if os.access(path, os.X_OK):
        return path
    # The file system allows no programs. This process keeps the memory, and agents open it again.
    descriptor = os.memfd_create("joblib-rs")
    with open(path, "rb") as file, open(descriptor, "wb", closefd=False) as memory:
        memory.write(file.read())
    return "/proc/%d/fd/%d" % (os.getpid(), descriptor)


def probe(mark, machine):
    global refusal
    if refusal:
        return
    own = "%s %s" % (os.uname().sysname, os.uname().machine)
    if own != machine:
        refusal = "the program is for %s, and the node is %s" % (machine, own)
        return
    try:
        environment = dict(os.environ, JOBLIB_PARALLEL_AGENT=mark)
        subprocess.run(
            [program, "joblib-parallel-probe"], check=True, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        )
    except subprocess.CalledProcessError as error:
        refusal = "the program does not run there: " + error.output.decode(errors="replace").strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        refusal = "the program does not run there: %s" % error


def agent_of(session, generation, mark):
    with lock:
        agent = agents.get(session)
    if agent is None or agent.ended:
        new = Agent(mark)
        with lock:
            agent = agents.get(session)
            if agent is None or agent.ended:
                agent = agents[session] = new
            else:
                new.stop()
    with lock:
        agent.generation = max(agent.generation, generation)
    return agent


def keep(session, generation, mark, number, written, blob):
    """Gives an array to the agent. To each its own if tasks write to it, which is not what other workers are to get."""
    if refusal:
        return
    agent = agent_of(session, generation, mark)
    with agent.order:
        if number not in agent.arrays:
            if isinstance(blob, bytes):
                # Where it is in a file.
                agent.send(struct.pack("<IB3sQ", FILE, 0, b"jlb", len(blob)), blob)
            else:
                agent.give(number, blob, written)
            agent.arrays.add(number)
            agent.used, agent.idle = time.monotonic(), IDLE


def run(key, session, mark, call, opening, number, tasks, batch, arrays):
    """Has a batch run; returns what the caller is to be sent, or the arrays that are missing."""
    from distributed import get_worker

    if refusal:
        return ("refused", "%s: %s" % (get_worker().address, refusal))
    with lock:
        is_cancelled = key in cancelled
    # That of a caller that is gone is not started again.
    agent = None if is_cancelled else agent_of(session, *struct.unpack("<Q", call[8:16]), mark)
    with lock:
        if key in cancelled:
            cancelled.discard(key)
            return ("lost", "cancelled")
        running[key] = agent, call
    try:
        missing, frames = agent.run(number, tasks, call, opening, batch, arrays)
    except Lost as error:
        return ("lost", "%s: %s" % (get_worker().address, error))
    except Refused as error:
        return ("refused", "%s: %s" % (get_worker().address, error))
    finally:
        with lock:
            running.pop(key, None)
            cancelled.discard(key)
    if missing:
        return ("missing", missing, get_worker().address)
    return ("done", Blob(b"".join(frames)))


def release(session, numbers):
    """Has the agent forget arrays."""
    with lock:
        agent = agents.get(session)
    if agent is None:
        return
    with agent.order:
        numbers = [number for number in numbers if number in agent.arrays]
        agent.arrays.difference_update(numbers)
        if numbers:
            agent.send(struct.pack("<IB3sQ", RELEASE, 0, b"jlb", 16 * len(numbers)), b"".join(numbers))


def cancel(key):
    with lock:
        agent, call = running.get(key, (None, None))
        if agent is None:
            # Its thread may be about to begin it. Few are never asked for.
            if len(cancelled) >= 1000:
                cancelled.clear()
            cancelled.add(key)
    if agent is not None:
        agent.cancel(call)


def leave(session, generation):
    """The caller is gone, or needs nothing more; or only this connection of it is, and nothing that a later one uses."""
    with lock:
        agent = agents.get(session)
        if agent is None or agent.generation > generation:
            return
        del agents[session]
    agent.stop()


def stop_all():
    with lock:
        everybody = list(agents.values())
        agents.clear()
    for agent in everybody:
        agent.stop()
