"""The program behind forked.py: imports what a proxy needs, then forks one for each order.

Orders come over a socket, with the descriptors of the child's output and of a pipe that is told
how it ended. It ends when the socket is closed. Single-threaded, or forking would not be safe.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from proxy.cli import main

PRELOADED = (
    "proxy.app",
    "proxy.server",
    "proxy.tls",
    "pypowerwall_core.connect",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
)
ORDER_MOST = 64 * 1024

Children = dict[int, int]
"""Process to the pipe that is told how it ended."""


def serve(orders: socket.socket, wakes: int, children: Children) -> None:
    """Fork until there are no more orders; returns in the parent only then, in a child at once."""
    while True:
        ready, _, _ = select.select([orders, wakes], [], [])
        if wakes in ready:
            os.read(wakes, 1024)
            reap(children)
        if orders in ready:
            order, descriptors, _, _ = socket.recv_fds(orders, ORDER_MOST, 3)
            if not order:
                return
            out, err, ended = descriptors
            pid = os.fork()
            if pid == 0:
                orders.close()
                become(json.loads(order), out, err)
                return
            os.close(out)
            os.close(err)
            children[pid] = ended
            orders.send(b"%d" % pid)


def reap(children: Children) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        ended = children.pop(pid)
        os.write(ended, b"%d" % os.waitstatus_to_exitcode(status))
        os.close(ended)


def become(order: dict[str, Any], out: int, err: int) -> None:
    """Turn the forked process into one that a shell might have started."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()


def nurse(orders: socket.socket) -> int:
    """Return the exit code of whichever process this is in the end."""
    nurse_pid = os.getpid()
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    signal.set_wakeup_fd(writes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    serve(orders, reads, {})
    return 0 if os.getpid() == nurse_pid else main(["serve"])


if __name__ == "__main__":
    for name in PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    sys.exit(nurse(socket.socket(fileno=int(sys.argv[1]))))
