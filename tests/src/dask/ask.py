"""In place of Python: has a process that has imported Dask become the program, with the streams of this one."""
import os
import socket
import struct
import sys

_, path, *arguments = sys.argv
connection = socket.socket(socket.AF_UNIX)
connection.connect(path)
words = ["joblib-bridge", os.getcwd(), str(os.getpgrp()), str(len(arguments)), *arguments]
words = [os.fsencode(word) for word in words] + [b"%s=%s" % pair for pair in os.environb.items()]
request = b"\0".join(words)
socket.send_fds(connection, [struct.pack("<I", len(request))], [0, 1, 2])
connection.sendall(request)
# Who is at their other ends is to notice when the program ends.
for stream in (0, 1, 2):
    os.close(stream)
_, *code = connection.makefile("rb").read().split()
code = int(code[0]) if code else 1
if code < 0:
    os.kill(os.getpid(), -code)
os._exit(code)
