"""Imports Dask once, and then forks: each fork becomes one of Dask's commands, or a program that uses Dask.

Who connects to the socket sends a request, with standard streams or without, and is told the number of the process and, when it
has ended, how. A process whose connection is closed is killed; all are when the standard input ends.
"""
import gc
import importlib
import os
import selectors
import shutil
import signal
import socket
import struct
import sys
import types

import dask.cli
import dask.config
import distributed
import distributed.cli.dask_scheduler
import distributed.cli.dask_worker

folder = sys.argv[1]


class Request:
    """What a fork is to become; its words are as in `process.rs` and `ask.py`."""

    def __init__(self, words, streams):
        self.name, self.folder, group, count, *rest = words
        self.group, count = int(group), int(count)
        self.arguments = [os.fsdecode(word) for word in rest[:count]]
        self.environment, self.streams = rest[count:], streams


def receive(connection):
    """A request; None from who leaves without one."""
    head, streams, _, _ = socket.recv_fds(connection, 4, 3)
    pieces = []
    if len(head) == 4:
        (left,) = struct.unpack("<I", head)
        while left > 0 and (piece := connection.recv(left)):
            pieces.append(piece)
            left -= len(piece)
        if left == 0:
            return Request(b"".join(pieces).split(b"\0"), streams)
    for stream in streams:
        os.close(stream)
    return None


class Server:
    def __init__(self, listener):
        self.listener, self.selector = listener, selectors.DefaultSelector()
        # The connections of processes.
        self.processes = {}
        self.woken, self.wakes = os.pipe()
        for end in (self.woken, self.wakes):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wakes, warn_on_full_buffer=False)
        for source in (0, self.woken, listener):
            self.selector.register(source, selectors.EVENT_READ)

    def serve(self):
        """Returns in each fork what it is to become."""
        while True:
            for key, _ in self.selector.select():
                if key.fileobj == 0:
                    self.end()
                elif key.fileobj == self.woken:
                    os.read(self.woken, 1000)
                    self.collect()
                elif key.fileobj is self.listener:
                    request = self.fork()
                    if request is not None:
                        return request
                elif key.data in self.processes:
                    # Nothing else comes from there than its end.
                    self.selector.unregister(key.fileobj)
                    os.kill(key.data, signal.SIGKILL)

    def fork(self):
        connection, _ = self.listener.accept()
        request = receive(connection)
        if request is None:
            connection.close()
            return None
        process = os.fork()
        if process == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.selector.close()
            for other in (self.listener, connection, *self.processes.values()):
                other.close()
            os.close(self.woken)
            os.close(self.wakes)
            return request
        for stream in request.streams:
            os.close(stream)
        self.processes[process] = connection
        self.selector.register(connection, selectors.EVENT_READ, process)
        self.say(connection, process)
        return None

    def collect(self):
        while self.processes:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            connection = self.processes.pop(process)
            if connection in self.selector.get_map():
                self.selector.unregister(connection)
            self.say(connection, os.waitstatus_to_exitcode(status))
            connection.close()

    def say(self, connection, number):
        try:
            connection.sendall(b"%d\n" % number)
        except OSError:
            pass  # Who asked is gone.

    def end(self):
        for process in self.processes:
            os.kill(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit()


def become(request):
    try:
        os.setpgid(0, request.group)
    except OSError:
        pass  # Who asked is gone.
    streams = request.streams or [os.open(os.devnull, os.O_RDWR)] * 3
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for stream in set(streams):
        os.close(stream)
    try:
        with open("/proc/self/comm", "wb") as name:
            name.write(request.name)
    except OSError:
        pass  # Where processes have other names.
    os.chdir(request.folder)
    os.environ.clear()
    for variable in request.environment:
        name, _, value = variable.partition(b"=")
        os.environb[name] = value
    dask.config.refresh()
    if request.arguments[0] != "-c":
        sys.argv = ["dask"] + request.arguments
        return dask.cli.run_cli()
    program = types.ModuleType("__main__")
    sys.modules["__main__"] = program
    sys.argv = ["-c"] + request.arguments[2:]
    exec(compile(request.arguments[1], "<string>", "exec"), program.__dict__)


own = sys.modules["__main__"]
for routes in ("distributed.scheduler.http.routes", "distributed.worker.http.routes"):
    for module in dask.config.get(routes):
        # As each scheduler and each worker does.
        importlib.import_module(module)
listener = socket.socket(socket.AF_UNIX)
# Its name comes last: who finds it can connect.
listener.bind(os.path.join(folder, "new"))
listener.listen(64)
os.rename(os.path.join(folder, "new"), os.path.join(folder, "socket"))
gc.freeze()
become(Server(listener).serve())
