

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
