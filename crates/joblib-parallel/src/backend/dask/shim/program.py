

def install(its_digest, packed, worker):
    """Writes the executable, unless it is there, and sees whether it can be kept."""
    global digest, program, kept, refusal, threads, together, host, sweeper

    threads, host, refusal = max(worker.state.nthreads, 1), worker, None
    together = max(threads, together)
    try:
        path, descriptor = write_program(its_digest, packed, os.path.join(worker.local_directory, "joblib-rs"))
        old = kept
        digest, program, kept = its_digest, path, descriptor
        if old is not None:
            os.close(old)
    except Exception as error:
        refusal = "the program can't be kept there: %s: %s" % (type(error).__name__, error)
    if sweeper is None:
        sweeper = threading.Thread(target=sweep, daemon=True, name="joblib-sweep")
        sweeper.start()


def close_program():
    """As the file is to be removed."""
    global digest, program, kept

    old = kept
    digest = program = kept = None
    if old is not None:
        os.close(old)


def executable():
    path, descriptor = program, kept
    if path is None:
        raise Refused("the program was removed from the cluster while its caller connected: run it again")
    return path if os.path.exists(path) else "/proc/%d/fd/%d" % (os.getpid(), descriptor)


def write_program(its_digest, packed, folder):
    """Writes it, unless it is there; returns the path to run it by, and a descriptor of it, which is to be kept."""
    import zlib

    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, its_digest)

    def is_whole():
        try:
            with open(path, "rb") as file:
                hashed = hashlib.sha256()
                while piece := file.read(1 << 20):
                    hashed.update(piece)
            return hashed.hexdigest() == its_digest
        except OSError:
            return False

    if not is_whole():
        descriptor, temporary = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            for piece in packed:
                file.write(zlib.decompress(piece))
        os.chmod(temporary, 0o700)
        os.rename(temporary, path)
        if not is_whole():
            raise ValueError("it did not arrive as it was sent")
    if os.access(path, os.X_OK):
        return path, os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    # The file system allows no programs. This process keeps the memory, and agents open it again.
    descriptor = os.memfd_create("joblib-rs")
    try:
        with open(path, "rb") as file, open(descriptor, "wb", closefd=False) as memory:
            memory.write(file.read())
    except BaseException:
        os.close(descriptor)
        raise
    return "/proc/%d/fd/%d" % (os.getpid(), descriptor), descriptor


def probe(mark, machine):
    global refusal
    if refusal:
        return
    own = "%s %s" % (os.uname().sysname, os.uname().machine)
    if own != machine:
        refusal = "the program is for %s, and the node is %s" % (machine, own)
        return
    path = None
    try:
        path = executable()
        environment = dict(os.environ, JOBLIB_PARALLEL_AGENT=mark)
        subprocess.run(
            [path, "joblib-parallel-probe"], check=True, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        )
        return
    except subprocess.CalledProcessError as error:
        reason = error.output.decode(errors="replace").strip() or str(error)
    except (OSError, subprocess.TimeoutExpired, Refused) as error:
        reason = str(error)
        if isinstance(error, FileNotFoundError) and os.path.exists(path):
            # The file is there, and what it names as its loader is not.
            reason = "its loader, which belongs to a C library, is missing: %s" % error
    library = " ".join(filter(None, platform.libc_ver()))
    refusal = "the program does not run there: %s%s" % (reason, "; the node has %s" % library if library else "")
