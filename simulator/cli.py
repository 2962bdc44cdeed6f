"""`powerwall simulate`: run a gateway in the foreground until a signal."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TextIO

from simulator.cloud import CloudSimulator, command
from simulator.cloud.faults import FAULTS as CLOUD_FAULTS
from simulator.faults import FAULTS, line
from simulator.gateway import Simulator
from simulator.recording import is_recording, load
from simulator.system import System
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


def _system(text: str) -> str | System:
    if text in SYSTEMS:
        return text
    folder = Path(text)
    if not is_recording(folder):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a folder of `powerwall record` nor one of {', '.join(SYSTEMS)}"
        )
    try:
        return load(folder)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


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
    made.add_argument(
        "--system",
        type=_system,
        metavar="SYSTEM",
        default="pw2",
        help=f"a folder of `powerwall record`, or one of these: {systems}",
    )
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
    command.add_arguments(made, _seconds)
    return made


def _ready(simulator: Simulator, password: str) -> str:
    control = simulator.control_port
    more = f", control http://127.0.0.1:{control}" if control is not None else ""
    where = f"https://{simulator.address} (system {simulator.system.name}"
    return f"ready: {where}, password {password}{more})"


def _say(line: str, stream: TextIO | None = None) -> None:
    print(line, file=stream, flush=True)


def _list_faults() -> None:
    """List the gateway's, then the cloud's, those that both have twice."""
    tables = [[line(fault) for fault in table.values()] for table in (FAULTS, CLOUD_FAULTS)]
    widths = [max(map(len, column)) for column in zip(*tables[0], *tables[1], strict=True)]
    for heading, rows in zip(("gateway", "cloud (--cloud)"), tables, strict=True):
        _say(f"# {heading}")
        for name, numbers, what in rows:
            _say(f"{name:{widths[0]}}  {numbers:{widths[1]}}  {what}")


def _signalled() -> threading.Event:
    """Wait for a signal from now on."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    return ended


def _serve(machine: Simulator | CloudSimulator, ready: Callable[[], list[str]]) -> int:
    """Run until a signal; the last of the lines says that it is ready."""
    doing = "listen"
    try:
        machine.start()
        doing = "write"
        lines = ready()
    except OSError as error:
        machine.stop()
        what = f" {error.filename}" if error.filename else ""
        _say(f"powerwall simulate: cannot {doing}{what}: {error.strerror or error}", sys.stderr)
        return 2
    with machine, suppress(KeyboardInterrupt):
        # Before it says so: who reads that may send one at once.
        ended = _signalled()
        for one in lines:
            _say(one)
        ended.wait()
    return 0


def _serve_cloud(arguments: argparse.Namespace) -> int:
    try:
        running = command.cloud(arguments)
    except ValueError as error:
        parser().error(str(error))
    return _serve(running, lambda: command.ready(running, arguments.write_auth))


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
    if arguments.site_name is not None and isinstance(arguments.system, System):
        parser().error("--site-name: a recording has a name of its own")
    stray = command.stray(arguments)
    if stray is not None:
        parser().error(f"{stray} needs --cloud")
    if arguments.cloud:
        return _serve_cloud(arguments)
    gateway = simulator(arguments)
    return _serve(gateway, lambda: [_ready(gateway, arguments.password)])
