"""Hostile requests in bulk: are answers clean, is the gateway spared, does memory stay flat?"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random

from conditions import MEMORY_MB
from figures import Figure, table
from rig import Gateway, exits, proxy, say
from support.hostile import conversation
from support.hostile_answers import Unclean, exchange, judge
from support.served import Served
from usage import Usage, usage

from pypowerwall_core.backends.local.reader import ROWS
from simulator.endpoints import LOGIN_PATH

COUNT = 100_000
GROUP = "hostile"
WARM_UP_SHARE, WARM_UP_LEAST = 0.1, 3000
AT_ONCE = 8
IN_A_ROW = 25
"""At most so many requests of sound framing before one that ends the connection."""
SEEN_EVERY_S = 0.5
MEMORY_MORE_MB = 3
SETTLES_WITHIN_S = 5.0
SHOWN = 5
ALLOWED = {LOGIN_PATH, *(row.path for row in ROWS)}


@dataclass(slots=True)
class Tally:
    """What all senders did together."""

    left: int
    sent: int = 0
    answered: int = 0
    connections: int = 0
    unserved: int = 0
    unclean: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, sent: int, answered: int, wrong: str | None, *, served: bool) -> bool:
        """Add one conversation; say whether there are more to hold."""
        with self._lock:
            self.sent += sent
            self.answered += answered
            self.connections += 1
            self.unserved += not served
            if wrong is not None:
                self.unclean.append(wrong)
            return self.sent < self.left


def attack(served: Served, random: Random, tally: Tally) -> None:
    """Hold conversations until all senders together have sent enough."""
    more = True
    while more:
        held = conversation(random, most=IN_A_ROW)
        answered, wrong = 0, None
        try:
            answered = judge(held, exchange(served.port, held))
        except (Unclean, OSError, ValueError) as error:
            wrong = f"{error!r}"
        served_well = tally.connections % 50 > 0 or _serves(served)
        more = tally.note(len(held.asked), answered, wrong, served=served_well)


def _serves(served: Served) -> bool:
    """Whether somebody else is served at this moment."""
    try:
        return served.get("/soe").status == 200
    except OSError:
        return False


def bulk(served: Served, count: int, seed: int) -> tuple[Tally, float]:
    """Send so many requests over a few connections at once; watch the memory meanwhile."""
    tally, most_mb = Tally(count), 0.0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        senders = [
            pool.submit(attack, served, Random(AT_ONCE * seed + n), tally) for n in range(AT_ONCE)
        ]
        while not all(sender.done() for sender in senders):
            most_mb = max(most_mb, _usage(served).pss_mb)
            time.sleep(SEEN_EVERY_S)
        for sender in senders:
            sender.result()
    return tally, most_mb


def _usage(served: Served) -> Usage:
    return usage([served.pid, *served.workers])


def _settled(served: Served, before: Usage | None = None) -> Usage:
    """Usage once the last connections are gone, bounded."""
    ends_s = time.monotonic() + SETTLES_WITHIN_S
    while True:
        time.sleep(SEEN_EVERY_S)
        now = _usage(served)
        if before is None or now.descriptors <= before.descriptors or time.monotonic() > ends_s:
            return now


def judged(
    served: Served, gateway: Gateway, tally: Tally, before: Usage, after: Usage, most_mb: float
) -> list[Figure]:
    asked = Counter(gateway.counters()["requests"])
    strange = sum(number for path, number in asked.items() if path not in ALLOWED)
    lines = served.log.splitlines()
    return [
        Figure(GROUP, "requests sent", tally.sent, least=tally.left),
        Figure(GROUP, "connections", tally.connections),
        # Else this would measure a server that refuses everything at the door.
        Figure(GROUP, "requests answered", tally.answered, least=tally.sent // 2),
        Figure(GROUP, "conversations with an unclean answer", len(tally.unclean), most=0),
        Figure(GROUP, "good requests between that failed", tally.unserved, most=0),
        Figure(GROUP, "requests at the gateway, all kinds", asked.total()),
        Figure(GROUP, "... of paths not on the list", strange, most=0),
        Figure(GROUP, "tracebacks in the log", _with(lines, "Traceback"), most=0),
        Figure(GROUP, "errors in the log", _with(lines, " ERROR "), most=0),
        Figure(GROUP, "memory (PSS) before", before.pss_mb, "MB"),
        Figure(GROUP, "memory, most", most_mb, "MB", MEMORY_MB),
        Figure(GROUP, "memory, growth", after.pss_mb - before.pss_mb, "MB", MEMORY_MORE_MB),
        Figure(GROUP, "more threads", after.threads - before.threads, most=0),
        Figure(GROUP, "more descriptors", after.descriptors - before.descriptors, most=0),
        Figure(GROUP, "CPU of the proxy", after.cpu_s - before.cpu_s, "s"),
    ]


def _with(lines: list[str], word: str) -> int:
    return sum(word in line for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="hostile", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="requests to send")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other requests")
    said = parser.parse_args()
    with Gateway() as gateway, proxy(gateway) as served:
        served.known("/soe")
        # Routes that need something of the gateway are asked here too; memory levels off after.
        bulk(served, max(WARM_UP_LEAST, int(WARM_UP_SHARE * said.count)), said.seed + 1)
        before = _settled(served)
        say(f"{said.count} requests, seed {said.seed} ...")
        began_s = time.monotonic()
        tally, most_mb = bulk(served, said.count, said.seed)
        took_s = time.monotonic() - began_s
        after = _settled(served, before)
        figures = judged(served, gateway, tally, before, after, most_mb)
    say("\n" + table([*figures, Figure(GROUP, "time", took_s, "s")]))
    for wrong in tally.unclean[:SHOWN]:
        say(f"unclean: {wrong[:300]}")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(exits(main))
