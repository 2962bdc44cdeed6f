"""`powerwall simulate`: run a gateway in the foreground until a signal."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn, TextIO

from simulator.faults import FAULTS, line
from simulator.gateway import Simulator
from simulator.systems import SYSTEMS


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:  # noqa: PLR2004 - the last port there is
        raise ValueError(text)
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds


_port.__name__ = "port"
_seconds.__name__ = "number of seconds"


class _Parser(argparse.ArgumentParser):
    """A wrong value is one line and exit code 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """Make what reads the command line."""
    made = _Parser(
        prog="powerwall simulate",
        description="A Powerwall gateway to try things with: its numbers move, its faults are on "
        "request, and nothing real listens.",
    )
    systems = "; ".join(f"{system.name}: {system.what}" for system in SYSTEMS.values())
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    made.add_argument("--port", type=_port, default=8443, help="port, 0 for any (%(default)s)")
    made.add_argument("--system", choices=tuple(SYSTEMS), default="pw2", help=systems)
    made.add_argument("--password", default="password", help="customer password (%(default)s)")
    made.add_argument("--site-name", default=None, help="name of the site (Home)")
    made.add_argument("--frozen", action="store_true", help="the same values for ever")
    made.add_argument("--seed", type=int, default=1, help="another seed, another weather")
    made.add_argument("--latency", type=_seconds, default=0.05, help="seconds before an answer")
    made.add_argument("--control-port", type=_port, help="plain HTTP to watch and break it")
    made.add_argument(
        "--allow-operation",
        action="store_true",
        help="let the customer write: reserve, mode and islanding; else only system old does",
    )
    made.add_argument("--faults", action="store_true", help="list the failure modes and exit")
    return made


def _ready(simulator: Simulator, password: str) -> str:
    control = simulator.control_port
    more = f", control http://127.0.0.1:{control}" if control is not None else ""
    where = f"https://{simulator.address} (system {simulator.system.name}"
    return f"ready: {where}, password {password}{more})"


def _say(line: str, stream: TextIO | None = None) -> None:
    print(line, file=stream, flush=True)


def _list_faults() -> None:
    rows = [line(fault) for fault in FAULTS.values()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, numbers, what in rows:
        _say(f"{name:{widths[0]}}  {numbers:{widths[1]}}  {what}")


def _wait_for_signal() -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


def simulator(arguments: argparse.Namespace) -> Simulator:
    """Make what the command line asks for; it does not listen yet."""
    made = Simulator(
        system=arguments.system,
        password=arguments.password,
        host=arguments.host,
        port=arguments.port,
        control_port=arguments.control_port,
        seed=arguments.seed,
        frozen=arguments.frozen,
        site_name=arguments.site_name,
        allow_operation=arguments.allow_operation,
    )
    made.set_latency(arguments.latency)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulator and return the exit code."""
    arguments = parser().parse_args(argv)
    if arguments.faults:
        _list_faults()
        return 0
    gateway = simulator(arguments)
    try:
        gateway.start()
    except OSError as error:
        gateway.stop()
        _say(f"powerwall simulate: cannot listen: {error.strerror or error}", sys.stderr)
        return 2
    with gateway, suppress(KeyboardInterrupt):
        _say(_ready(gateway, arguments.password))
        _wait_for_signal()
    return 0
