"""The processes of a bench: gateway, proxy, load, each its own; gone when the `with` ends."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

sys.path.append(str(Path(__file__).resolve().parents[1]))

from samples import Sample, read
from support.served import PASSWORD, Served

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENDS_WITHIN_S = 8.0
READY_WITHIN_S = 20.0
CONTROL_WITHIN_S = 10.0


class Child:
    """A process of ours; its end is asked for, then made."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, *command],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the bench, which ends the others in order
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def first_line(self) -> str:
        """Wait for the first line, bounded: a process that says nothing is ended."""
        assert self.process.stdout is not None
        timer = threading.Timer(READY_WITHIN_S, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline().decode()
        finally:
            timer.cancel()
        if not line:
            raise RuntimeError(f"{self.process.args!r} did not start")
        return line

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Gateway(Child):
    """The simulator and its control port."""

    def __init__(self, latency_s: float = 0.05, system: str = "pw2") -> None:
        ports = ("--port", "0", "--control-port", "0")
        about = ("--latency", str(latency_s), "--system", system, "--password", PASSWORD)
        super().__init__("-m", "simulator", *ports, *about)
        self._come_in()

    def _come_in(self) -> None:
        """Wait until it says how."""
        ready = self.first_line()
        found = re.search(r"https://(\S+:\d+) .*control http://127\.0\.0\.1:(\d+)", ready)
        if found is None:
            self.close()
            raise RuntimeError(f"the simulator says {ready!r}")
        self.address, self._control_port = found[1], int(found[2])

    @property
    def settings(self) -> dict[str, str]:
        """What makes a proxy read it."""
        return {"PW_HOST": self.address, "PW_PASSWORD": PASSWORD}

    def control(self, method: str, path: str) -> Any:
        return _json(self._control_port, method, path)

    def counters(self) -> dict[str, Any]:
        return dict(self.control("GET", "/counters"))

    def break_it(self, fault: str, query: str = "") -> None:
        self.control("POST", f"/faults/{fault}{query}")

    def mend(self) -> None:
        self.control("DELETE", "/faults")


class Load(Child):
    """The load generator; its samples arrive while it runs."""

    def __init__(self, port: int, *options: str) -> None:
        super().__init__(str(HERE / "load.py"), "--port", str(port), *options)
        self.samples: list[Sample] = []
        self.account: dict[str, Any] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """Close its standard input, which ends it, and hear its account of itself."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self._reader.join(ENDS_WITHIN_S)
        self.close()
        if self.account.get("broken"):
            raise RuntimeError(f"the load generator broke: {self.account['broken']}")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(b"{"):
                self.account = json.loads(line)
            else:
                self.samples.append(read(line))


@contextlib.contextmanager
def proxy(gateway: Gateway, **settings: str) -> Iterator[Served]:
    """A proxy before a gateway, in an empty folder of its own."""
    with tempfile.TemporaryDirectory(prefix="powerwall-bench-") as folder:
        about = {**gateway.settings, "PW_CACHE_EXPIRE": "5"}
        served = Served(Path(folder), **(about | settings))
        with served:
            yield served


def health(port: int) -> dict[str, Any] | None:
    """The lane's own account; asks the gateway nothing. None while the proxy is not there."""
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError, LookupError):
        return dict(_json(port, "GET", "/health")["lanes"][0])
    return None


def _json(port: int, method: str, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CONTROL_WITHIN_S)
    try:
        connection.request(method, path, headers={"Connection": "close"})
        answer = connection.getresponse()
        document = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer.status} {document}")
    return document


def say(line: str = "") -> None:
    """Tell the person at the screen; the one place that writes to it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def exits(main: Callable[[], int]) -> int:
    """Run a bench so that Ctrl-C and TERM leave nothing behind."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    try:
        return main()
    except KeyboardInterrupt:
        say("ended early")
        return 130
