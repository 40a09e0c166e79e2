

class Blob:
    """Bytes that are not copied more than needed on their way."""

    def __init__(self, data):
        self.data = memoryview(data).cast("B")

    def __reduce_ex__(self, protocol):
        # Dask negotiates a protocol for each connection, and it may be an old one.
        return Blob, (pickle.PickleBuffer(self.data) if protocol >= 5 else bytes(self.data),)

    def __sizeof__(self):
        return len(self.data)


def host_of():
    """Equal in processes that can open each other's memory, if they are one user's; None where there is no such memory."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            boot = file.read().strip()
        return " ".join([boot] + [os.readlink("/proc/self/ns/" + name) for name in ("pid", "net")])
    except OSError:
        return None


HOST = host_of()


class Memory:
    """Bytes in memory with a descriptor, by which other processes of this host have the same memory."""

    def __init__(self, descriptor, size):
        self.descriptor, self.size = descriptor, size
        status = os.fstat(descriptor)
        # What others find it by, and know it by.
        self.place = (HOST, os.getpid(), descriptor, status.st_dev, status.st_ino, size)

    @staticmethod
    def of(data):
        memory = Memory(os.memfd_create("joblib-array"), len(data))
        while data:
            data = data[os.write(memory.descriptor, data):]
        return memory

    @staticmethod
    def at(place):
        """That of another process; an OSError if it is not there any more, or not for this one."""
        _, process, number, *identity = place
        memory = Memory(os.open("/proc/%d/fd/%d" % (process, number), os.O_RDONLY | os.O_CLOEXEC), identity[2])
        if memory.place[3:] != tuple(identity):
            raise FileNotFoundError("the memory is gone")
        return memory

    def map(self):
        return memoryview(mmap.mmap(self.descriptor, self.size, prot=mmap.PROT_READ))

    def __del__(self):
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


class Kept:
    """Memory of a result, which the caller's host has: others are told its place."""

    alive = weakref.WeakSet()

    def __init__(self, memory):
        self.memory = memory
        Kept.alive.add(self)

    def __reduce__(self):
        return tuple, (self.memory.place,)

    def __sizeof__(self):
        return self.memory.size


def is_here(home):
    """Whether the process of this place is on this host, and lets its memory be opened."""
    if home is None or home[0] != HOST:
        return False
    if home not in homes:
        try:
            Memory.at(home)
            homes[home] = True
        except OSError:
            homes[home] = False
    return homes[home]


def packed(frames, home):
    """What the caller is sent: bytes of frames, and between them the ids of arrays with their memory."""
    parts, texts = [], []
    for frame in frames:
        if not isinstance(frame, tuple):
            texts.append(frame)
            continue
        number, memory = frame
        is_kept = is_here(home) and len(Kept.alive) < MOST_SHARED
        parts += [Blob(b"".join(texts)), (number, Kept(memory) if is_kept else Blob(memory.map()))]
        texts = []
    return parts + [Blob(b"".join(texts))]


def unpacked(answer):
    """The same without memory that others can't have."""
    what, parts, address = answer
    whole = lambda part: (part[0], Blob(part[1].memory.map())) if isinstance(part, tuple) and isinstance(part[1], Kept) else part
    return what, [whole(part) for part in parts], address
