"""Finds gateways on the network, and asks each no more than it takes to know it.

Never a login. A host whose port is closed gets one connection attempt; one whose port is
open gets a GET, or two when the first is a 404.
"""

from __future__ import annotations

import errno
import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Any

from .backends.local.address import HTTPS_PORT, Address
from .backends.local.transport import DEADLINES, Answer, Transport
from .errors import PowerwallError
from .scanned import Seen, Tally
from .scanning import (
    THREADS,
    TIMEOUT_S,
    Effort,
    Entry,
    Task,
    entry_of_status,
    entry_of_tedapi,
    guess_network,
    network_of,
)
from .scantalk import JsonTalk, Silent, TextTalk
from .version import __version__

ANSWER_S = 5.0
"""For a connection, and for each read."""
HOST_S = 10.0
"""For everything one host is asked: one that drips is left behind then."""
LEAST_S = 0.1
BODY_MOST = 64 * 1024
"""A gateway's answers have less than 1 KB."""
_ELSEWHERE = ("8.8.8.8", 53)
_NOT_FOUND = 404
_HEADERS = {"User-Agent": f"powerwall-proxy/{__version__}"}

# Of these this machine is the reason, not the host: nobody was looked for.
_OWN_TROUBLES = {
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOBUFS,
    errno.ENOMEM,
    errno.EADDRNOTAVAIL,
    errno.EPERM,
    errno.EACCES,
    errno.ENETUNREACH,
    errno.ENETDOWN,
}

_log = logging.getLogger(__name__)

Own = Callable[[], str | None]
Visit = Callable[[Address, float], Seen]
"""Looks at an address; the time is for the connection."""


def scan(
    cidr: str | None = None,
    ip: str | None = None,
    max_threads: int = THREADS,
    timeout: float = TIMEOUT_S,
    color: bool = False,  # noqa: FBT001, FBT002 - as callers have always written it
    interactive: bool = False,  # noqa: FBT001, FBT002 - the same
    json_output: bool = False,  # noqa: FBT001, FBT002 - the same
    ports: Iterable[int] = (HTTPS_PORT,),
) -> list[Entry]:
    """Find the gateways of a network, sorted by address.

    Args:
        cidr: The network; without a prefix length its /24.
        ip: An address in the network, when there is no cidr. Without both it is the network of
            this machine.
        max_threads: So many hosts at a time, 256 at most.
        timeout: Seconds for a connection to come about.
        color: The text has colors.
        interactive: Print text with progress, and ask for the network if none is given.
        json_output: Print the result as JSON instead.
        ports: Where to look at each host.

    Returns:
        ip, din, firmware and up_time of each (a Powerwall 3 tells no up_time), and its port
        where that is not 443.

    Raises:
        BadSetting: The network or another argument is not possible.
    """
    talk = Silent()
    if json_output:
        talk = JsonTalk()
    elif interactive:
        talk = TextTalk(color=color)
    effort = Effort(tuple(dict.fromkeys(ports)), max_threads, timeout)
    return search(cidr or ip or "", effort, talk).entries


def own_address() -> str | None:
    """Tell the address of this machine, or None; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            asked.connect(_ELSEWHERE)  # only chooses the road
            return str(asked.getsockname()[0])
    except OSError:
        return None


def search(
    network: str,
    effort: Effort,
    talk: Silent,
    *,
    own: Own | None = None,
    visit: Visit | None = None,
) -> Tally:
    """Look through a network, or the own one, and tell about it.

    Args:
        network: What a person named; blank for nothing.
        effort: How hard to look.
        talk: Is told, and may ask for the network.
        own: Tells the address of this machine.
        visit: Looks at an address.

    Raises:
        BadSetting: It is no network.
        KeyboardInterrupt: Somebody had seen enough; what was found by then has been told.
    """
    if network.strip():
        task = Task(network_of(network), effort)
    else:
        guess = guess_network((own or own_address)())
        chosen = talk.choose(guess)
        if chosen is None:
            return Tally(total=0)
        task = Task(chosen, effort, is_guess=chosen == guess.network)
    return _searched(task, talk, visit or look_at)


def _searched(task: Task, talk: Silent, visit: Visit) -> Tally:
    tally = Tally(task.count)
    talk.begin(task)
    try:
        with closing(look(task, visit)) as visits:
            for seen in visits:
                tally.add(seen)
                talk.step(tally)
    finally:
        talk.end(task, tally)
    return tally


def look(task: Task, visit: Visit) -> Generator[Seen, None, None]:
    """Visit all targets with some threads, and tell what was seen as it comes.

    The threads are nobody's to wait for: who stops looking leaves at once, and they end with
    the visit each is at.
    """
    targets, turn, enough = task.targets(), threading.Lock(), threading.Event()
    seen: queue.SimpleQueue[Seen] = queue.SimpleQueue()

    def work() -> None:
        while not enough.is_set():
            with turn:
                target = next(targets, None)
            if target is None:
                return
            seen.put(_visited(visit, target, task.effort.timeout_s))

    try:
        _start(work, task.threads)
        for _ in range(task.count):
            yield seen.get()
    finally:
        enough.set()


def _start(
    work: Callable[[], None], count: int, thread: Callable[..., Any] = threading.Thread
) -> None:
    """Start threads; a container that allows fewer gets fewer."""
    for number in range(count):
        try:
            thread(target=work, name=f"scan-{number}", daemon=True).start()
        except RuntimeError:
            if number == 0:
                raise
            return


def _visited(visit: Visit, target: Address, timeout_s: float) -> Seen:
    try:
        return visit(target, timeout_s)
    except Exception as error:  # noqa: BLE001 - whatever one host says, the others are looked at
        _log.error("%s: %s, this is a bug", target, type(error).__name__)
        return Seen(target, is_open=True)


def look_at(address: Address, timeout_s: float, host_s: float = HOST_S) -> Seen:
    """Try a connection, and ask who took it."""
    try:
        socket.create_connection((address.host, address.port), timeout_s).close()
    except OSError as error:
        trouble = os.strerror(error.errno or 0) if error.errno in _OWN_TROUBLES else ""
        return Seen(address, trouble=trouble)
    return Seen(address, is_open=True, entry=identify(address, host_s))


def identify(
    address: Address, host_s: float = HOST_S, clock: Callable[[], float] = time.monotonic
) -> Entry | None:
    """Ask who listens at an address: a gateway's entry, or None."""
    ends_s = clock() + host_s
    transport = Transport(address, timeout_s=ANSWER_S, pool_maxsize=1, body_most=BODY_MOST)

    def get(path: str) -> Answer:
        left_s = max(LEAST_S, ends_s - clock())
        timeout_s = min(ANSWER_S, left_s / DEADLINES)
        return transport.request("GET", path, headers=_HEADERS, timeout_s=timeout_s)

    try:
        answer = get("/api/status")
        if answer.status != _NOT_FOUND:
            return entry_of_status(address, answer.body)
        return entry_of_tedapi(address, get("/tedapi/din").body)
    except PowerwallError:
        return None
    finally:
        transport.close()
