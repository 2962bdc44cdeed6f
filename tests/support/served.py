"""A proxy process as a user starts it: on a port of its own, its output in files.

Whatever a test does, the process and its worker are gone when the `with` ends.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

STARTS_WITHIN_S = 30.0
ANSWERS_WITHIN_S = 20.0
ENDS_WITHIN_S = 20.0
_GLANCE_S = 0.02

PROXY = (sys.executable, "-m", "proxy")
POWERWALL = (str(Path(sys.executable).parent / "powerwall"),)
"""The command as it is installed beside the interpreter."""
PASSWORD = "K3y_4-me"
"""Of simulated gateways; no word that a log line could hold by chance."""

Seen = TypeVar("Seen")


def lives(pid: int) -> bool:
    """Whether a process has not ended yet; what is left of one holds neither files nor ports."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def until(check: Callable[[], Seen], limit_s: float = 20.0) -> Seen:
    """Ask again and again until something true comes, and return it."""
    ends_s = time.monotonic() + limit_s
    while not (seen := check()):
        if time.monotonic() > ends_s:
            raise AssertionError(f"not within {limit_s:g} s: {seen!r}")
        time.sleep(_GLANCE_S)
    return seen


_BELOW_THE_KERNELS_OWN = range(20_000, 32_000)
_claims: list[socket.socket] = []


def free_port() -> int:
    """Take a TCP port that nobody listens on, and that no other caller is given meanwhile.

    A port that the kernel chose for a moment can be chosen again before the process under
    test has bound it: two proxies once had one port, and a story read the other's answers. So
    numbers come from below those the kernel hands out, and the UDP port of the same number,
    held until this process ends, tells all test processes that one is taken.
    """
    while True:
        port = random.choice(_BELOW_THE_KERNELS_OWN)
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                claim.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                claim.close()
                continue
        _claims.append(claim)
        return port


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the tester's own environment but what a process needs to start."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    return {**kept, "HOME": str(folder), "PYTHONUTF8": "1", **settings}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    took_s: float

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def age_s(self) -> int | None:
        age = self.headers["Age"]
        return None if age is None else int(age)

    @property
    def fresh(self) -> bool:
        return "; hit; " in (self.headers["Cache-Status"] or "")


def request(
    port: int,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    body: bytes | None = None,
) -> Reply:
    """Send one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWERS_WITHIN_S)
    began_s = time.monotonic()
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        content = answer.read()
        return Reply(answer.status, answer.headers, content, time.monotonic() - began_s)
    finally:
        connection.close()


class Served:
    """One process; settings are its environment."""

    def __init__(self, folder: Path, command: tuple[str, ...] = PROXY, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.cwd = folder / "cwd"
        self.cwd.mkdir(exist_ok=True)
        self.port = int(settings.setdefault("PW_PORT", str(free_port())))
        settings.setdefault("PW_BIND_ADDRESS", "127.0.0.1")
        settings.setdefault("PW_AUTH_PATH", str(folder / "auth"))
        self.environment = environment(folder, settings)
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    # -- life -----------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.launch()
        try:
            until(self._answers, STARTS_WITHIN_S)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def launch(self) -> None:
        """Start without waiting for anything."""
        with (
            (self.folder / "stdout").open("ab") as out,
            (self.folder / "stderr").open("ab") as err,
        ):
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                self._command,
                env=self.environment,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def workers(self) -> list[int]:
        """The processes it has started."""
        return children(self.pid)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self, limit_s: float = ENDS_WITHIN_S) -> int:
        """Ask it to end as an init system does, and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(limit_s)

    def close(self) -> None:
        """End it, whatever state it is in, and its worker with it."""
        if self._process is None or self._process.returncode is not None:
            return
        workers = self.workers
        try:
            self.end()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            for pid in workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            raise

    # -- what it says ---------------------------------------------------------------------

    @property
    def log(self) -> str:
        return (self.folder / "stderr").read_text("utf-8")

    @property
    def output(self) -> str:
        return (self.folder / "stdout").read_text("utf-8")

    def lines(self, text: str) -> list[str]:
        """The lines of the log that hold a text."""
        return [line for line in self.log.splitlines() if text in line]

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return request(self.port, path, headers)

    def known(self, path: str, limit_s: float = 20.0) -> Reply:
        """Ask until a route knows something."""
        return until(lambda: _if_known(self.get(path)), limit_s)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=ANSWERS_WITHIN_S)

    def send(self, data: bytes) -> bytes:
        """Send raw bytes and read until the server closes."""
        with self.connect() as connection:
            with contextlib.suppress(OSError):  # it may close before it has read all
                connection.sendall(data)
            return received(connection)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"exit code {self.process.returncode}: {self.log}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/healthz").status == 200
        return False


def received(connection: socket.socket) -> bytes:
    """Read until the other side closes; a reset is a close."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while more := connection.recv(65536):
            data += more
    return data


def children(pid: int) -> list[int]:
    """The living child processes of one process."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(entry.parent.name))
    return found


def run(
    folder: Path, command: tuple[str, ...] = PROXY, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        env=environment(folder, settings),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=STARTS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.terminate()  # not killed: that would leave a worker behind
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _if_known(reply: Reply) -> Reply | None:
    return None if "fwd=miss" in (reply.headers["Cache-Status"] or "") else reply
