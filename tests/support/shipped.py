"""An installed wheel, and boxes to run it in: another user, no HOME, a root that is read-only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from .served import children, free_port, request, until

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
STRANGER = 43210
"""A uid that no passwd file knows, as `docker run --user 43210` has it."""
GONE_WITHIN_S = 5.0
AS_STRANGER = (
    *("setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups"),
    *("--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"),
)
_ALL_READ_ONLY = """
set -e
mount -t proc proc /proc
mount --bind "$AUTH" "$AUTH"
while read -r _ _ _ _ target _; do
    case "$target" in
        "$AUTH" | /proc | /proc/* | /sys | /sys/* | /dev | /dev/pts) ;;
        "$WRITABLE") ;;
        *) mount -o remount,bind,ro "$target" 2>/dev/null || true ;;
    esac
done < /proc/self/mountinfo
exec "$@"
"""


@dataclass(frozen=True)
class Shipped:
    """What was built and installed."""

    root: Path
    wheel: Path

    @property
    def bin(self) -> Path:
        return self.root / "venv" / "bin"

    @property
    def powerwall(self) -> str:
        return str(self.bin / "powerwall")

    def environment(self, **settings: str) -> dict[str, str]:
        """As in the image: no HOME of its own, no passwd entry, and little else."""
        path = f"{self.bin}:{os.environ['PATH']}"
        alias = str(self.root / "context" / "docker")
        return {"PATH": path, "HOME": "/", "PYTHONPATH": alias, **settings}

    def run(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run one of its programs to the end."""
        program = str(self.bin / command[0])
        return subprocess.run(  # noqa: S603 - our own program
            [program, *command[1:]],
            env=self.environment(**settings),
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )


def as_stranger() -> tuple[str, ...]:
    """Return what comes before a command so that a user runs it whom nobody knows."""
    if os.getuid() == 0:
        return AS_STRANGER
    mapped = ("unshare", "--user", f"--map-user={STRANGER}", f"--map-group={STRANGER}")
    return _allowed(mapped)


def as_pid_1() -> tuple[str, ...]:
    """Return what comes before a command so that it is the first process there is."""
    unshare = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
    return _allowed(unshare if os.getuid() == 0 else (*unshare, "--user", "--map-root-user"))


def read_only() -> tuple[str, ...]:
    """Return what comes, after as_pid_1, before a command that may write to $AUTH alone."""
    shell = ("sh", "-c", _ALL_READ_ONLY, "--")
    return (*shell, *AS_STRANGER) if os.getuid() == 0 else shell


def _allowed(prefix: tuple[str, ...]) -> tuple[str, ...]:
    if shutil.which(prefix[0]) is None:
        pytest.skip(f"{prefix[0]} is not installed (Debian has it in util-linux)")
    done = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        pytest.skip(f"not allowed here: {' '.join(prefix)}: {done.stderr.strip()}")
    return prefix


@dataclass(frozen=True)
class Boxed:
    """A proxy that runs in a box.

    Attributes:
        outer: What was started: the proxy itself, or what holds it in a namespace.
        pid: Of the proxy's master, as it is numbered out here.
    """

    outer: subprocess.Popen[bytes]
    pid: int
    port: int
    errors: Path

    @property
    def log(self) -> str:
        return self.errors.read_text("utf-8")

    def answers(self) -> bool:
        assert self.outer.poll() is None, self.log
        try:
            return request(self.port, "/healthz").status == 200
        except OSError:
            return False

    def end(self) -> int:
        """Ask it to end as `docker stop` does, and return its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.outer.wait(GONE_WITHIN_S)


@contextmanager
def boxed(
    shipped: Shipped,
    app: Path,
    command: tuple[str, ...],
    settings: Mapping[str, str] | None = None,
    *,
    within: bool = False,
    waits: bool = True,
) -> Iterator[Boxed]:
    """Start a command that ends in a proxy; whatever happens, it is gone when the `with` ends.

    Args:
        within: The command holds the proxy as its child, in namespaces.
        waits: Until it answers.
    """
    port = free_port()
    fixed = {"PW_PORT": str(port), "PW_BIND_ADDRESS": "127.0.0.1", "PW_AUTH_PATH": ".auth"}
    boxes = {"AUTH": str(app / ".auth"), "WRITABLE": "/dev/shm"}  # noqa: S108 - docker's own
    errors = shipped.root / f"stderr-{port}"
    with errors.open("wb") as err:
        outer = subprocess.Popen(  # noqa: S603 - our own program
            command,
            env=shipped.environment(**{**boxes, **fixed, **(settings or {})}),
            cwd=app,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
    try:
        pid = until(lambda: children(outer.pid))[0] if within else outer.pid
        box = Boxed(outer, pid, port, errors)
        if waits:
            until(box.answers, 30.0)
        yield box
    finally:
        if outer.poll() is None:
            outer.terminate() if not within else outer.kill()  # --kill-child does the rest
            outer.wait(GONE_WITHIN_S)
