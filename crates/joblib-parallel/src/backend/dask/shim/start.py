"""Runs in a Dask worker: keeps the agent of each caller, and hands it batches of bytes.

The files of this folder are one module, in the order in which `launch.rs` names them.
"""
import hashlib
import mmap
import os
import pickle
import platform
import socket
import struct
import subprocess
import tempfile
import threading
import time
import weakref

BYTES, RETURNED, EVENT, FAILED, CANCEL, RELEASE, MEMORY, FILE = 22, 23, 24, 25, 26, 28, 32, 33
GREETING = b"joblib-node runs\n"
CLOSED_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

lock = threading.Lock()
agents = {}  # the caller's session -> Agent
homes = {}  # places of callers' memory, and whether it can be had here
running = {}  # key of a task -> Agent, and the call
cancelled = set()  # keys of tasks that were cancelled before they began
digest = program = None  # of the executable: what it is known by, and its path
kept = None  # its descriptor: it runs although somebody has removed its file
refusal = None  # why it can't run here
threads = 1
together = 1  # tasks that run at a time on this host, in all of its Dask workers
host = None  # the Dask worker
sweeper = None
IDLE = 300.0  # seconds after which an agent ends that nobody uses: its caller's host may be gone
SOON = 5.0  # the same after its call was cancelled, as it is when the caller is killed
LOGGED = 1.0  # seconds that events wait for the outcomes that they belong to, before they are sent alone
MOST_SHARED = 256  # arrays of a caller whose descriptors are kept for other workers of this host
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
