"""Runs beside the caller: speaks to the Dask cluster by the public Client. Frames come and go on the standard input.

The files of this folder are one program, in the order in which `launch.rs` names them.
"""
import array
import asyncio
import collections
import concurrent.futures
import hashlib
import os
import random
import socket
import struct
import sys
import uuid
import zlib

OPEN, BYTES, BATCH, ALONE, CANCEL, FAILED, RELEASE, CAPACITY, LOST, FORGOTTEN = 21, 22, 5, 27, 26, 25, 28, 29, 30, 31
MEMORY, FILE, GAVE_UP = 32, 33, 34
# Bytes of the program that are compressed at a time, and of a result that is to come by the shortest way.
PIECE, LARGE = 4 << 20, 1 << 20
CLOSED_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
options = dict(argument.split("=", 1) for argument in sys.argv[1:])
stream = socket.socket(fileno=os.dup(0))
os.dup2(2, 1)


def refuse(reason):
    stream.sendall(("joblib-node refuses: %s\n" % " ".join(str(reason).split())).encode())
    sys.exit(1)


try:
    import dask
    import distributed
    from distributed import Client, KilledWorker, SchedulerPlugin, WorkerPlugin
    from distributed.protocol.pickle import dumps
    from distributed.security import Security
except ImportError as error:
    refuse(
        "%s can't import Dask (%s): install it with pip install distributed, or name another Python in JOBLIB_PYTHON"
        % (sys.executable, error)
    )
if tuple(int(part) for part in distributed.__version__.split(".")[:2]) < (2023, 10):
    refuse("distributed %s is too old: version 2023.10 or later is needed" % distributed.__version__)

# Of this program and this version of the module: others may be on the same cluster.
SHIM = "joblib_rs_shim_" + hashlib.sha256((options["hash"] + options["shim"]).encode()).hexdigest()[:12]
PROGRAM = "joblib-rs-" + options["hash"][:16]
PLUGIN = "%s-%s" % (PROGRAM, SHIM[-12:])
SESSION = uuid.uuid4().hex
# Of what is logged while a task runs.
TOPIC = "joblib-rs-events-" + SESSION
