"""The wheel, built from what an image is built from and installed where other users can run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.shipped import AS_STRANGER, DOCKERFILE, ROOT, Shipped


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - our own package
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


def _interpreter() -> str:
    """Return the image's Python where there is one that all may run, else another."""
    wanted = DOCKERFILE.partition("FROM python:")[2].partition("-")[0]
    names = (f"python{wanted}", "/usr/bin/python3", sys.executable)
    for found in filter(None, map(shutil.which, names)):
        if _runs_for_all(found):
            return found
    return sys.executable


def _runs_for_all(program: str) -> bool:
    """Whether other users may run it, and it is new enough: some are in somebody's home."""
    stranger = AS_STRANGER if os.getuid() == 0 else ()
    asks = "import sys, venv; sys.exit(sys.version_info < (3, 11))"
    command = [*stranger, program, "-I", "-c", asks]
    return subprocess.run(command, check=False, capture_output=True, cwd="/").returncode == 0  # noqa: S603


@pytest.fixture(scope="session")
def shipped() -> Iterator[Shipped]:
    """Build and install; about half a minute, most of it pip's."""
    # Not below pytest's own folder, which is for its owner only.
    root = Path(tempfile.mkdtemp(prefix="powerwall-shipped-"))
    try:
        root.chmod(0o755)
        context = root / "context"
        context.mkdir()
        for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, context)
        for name in ("pypowerwall_core", "proxy", "simulator", "docker"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, context / name, ignore=ignored)
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
        _run(*pip, "wheel", "--no-deps", "--wheel-dir", root / "wheels", ".", cwd=context)
        (wheel,) = (root / "wheels").glob("*.whl")
        _run(_interpreter(), "-m", "venv", "--without-pip", root / "venv")
        pinned = ("--constraint", context / "constraints.txt")
        _run(*pip, "--python", root / "venv/bin/python", "install", *pinned, wheel)
        yield Shipped(root, wheel)
    finally:
        shutil.rmtree(root)


@pytest.fixture
def app(shipped: Shipped) -> Iterator[Path]:
    """The folder the image calls /app: only .auth in it can be written, by whoever runs it."""
    folder = shipped.root / "app"
    auth = folder / ".auth"
    auth.mkdir(parents=True)
    auth.chmod(0o777)
    folder.chmod(0o555)
    try:
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def pytest_report_header() -> str:
    return f"shipping as uid {os.getuid()}"
