"""The pinned versions for each platform of the image: wheels on the package index, or compiled."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.shipped import DOCKERFILE, ROOT, Shipped

IMAGE = DOCKERFILE.partition("FROM python:")[2].partition("-")[0]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LEAST = PROJECT["requires-python"].removeprefix(">=")
COMPILED = {"armv7l": {"cffi"}}
"""What has no wheel there; the Dockerfile brings a compiler for it."""
GLIBC = range(17, 37)
"""Minor versions of glibc 2 up to that of Debian bookworm."""
AWAY = ("ConnectionError", "NewConnectionError", "ReadTimeout", "Network is unreachable")


def closure(shipped: Shipped, machine: str, python: str) -> dict[str, str]:
    """Everything that the package needs on a platform: pinned versions by name.

    pip decides about markers by the machine it runs on, not by the one it is asked about.
    """
    (site,) = (shipped.root / "venv").glob("lib/python*/site-packages")
    known = {canonicalize_name(one.name): one for one in distributions(path=[str(site)])}
    environment = {
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    found: dict[str, str] = {}
    todo = [Requirement("powerwall-proxy")]
    seen: set[str] = set()
    while todo:
        wanted = todo.pop()
        if str(wanted) in seen:
            continue
        seen.add(str(wanted))
        distribution = known[canonicalize_name(wanted.name)]
        found[canonicalize_name(wanted.name)] = distribution.version
        todo += needs(distribution, wanted.extras, environment)
    del found["powerwall-proxy"]
    return found


def needs(
    distribution: Distribution, extras: set[str], environment: dict[str, str]
) -> list[Requirement]:
    """What a distribution asks for there, with the extras that were wanted of it."""
    return [
        needed
        for needed in map(Requirement, distribution.requires or ())
        if needed.marker is None
        or any(needed.marker.evaluate({**environment, "extra": one}) for one in ("", *extras))
    ]


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(  # noqa: S603 - an ordinary client of the package index
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    if done.returncode and any(sign in done.stderr + done.stdout for sign in AWAY):
        pytest.skip("the package index does not answer")
    return done


def wheels(machine: str, python: str, versions: dict[str, str], folder: Path) -> str:
    """Let pip look for wheels of these versions; return what it complains about."""
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC]
    done = pip(
        *("install", "--dry-run", "--ignore-installed", "--no-deps", "--target", str(folder)),
        *("--only-binary=:all:", "--implementation=cp", f"--python-version={python}"),
        *(f"--platform={name}" for name in (*platforms, f"manylinux2014_{machine}")),
        *(f"{name}=={version}" for name, version in versions.items()),
    )
    return "" if done.returncode == 0 else done.stderr


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("machine", "python"),
    [("x86_64", LEAST), *((machine, IMAGE) for machine in ("x86_64", "aarch64", "armv7l"))],
)
def test_everything_is_a_wheel_but_what_is_compiled(
    shipped: Shipped, machine: str, python: str, tmp_path: Path
) -> None:
    versions = closure(shipped, machine, python)
    compiled = {name: versions.pop(name) for name in COMPILED.get(machine, ())}
    assert wheels(machine, python, versions, tmp_path) == ""
    for name, version in compiled.items():
        # Should it be found one day, the Dockerfile needs no compiler any more.
        complaint = wheels(machine, python, {name: version}, tmp_path)
        assert "No matching distribution found" in complaint


def test_a_32_bit_arm_does_without_what_has_no_wheel_there(shipped: Shipped) -> None:
    assert {"uvloop", "httptools"} <= set(closure(shipped, "x86_64", IMAGE))
    for machine in ("armv7l", "armv8l"):
        assert not {"uvloop", "httptools"} & set(closure(shipped, machine, IMAGE))


def test_a_64_bit_kernel_is_made_to_say_what_its_32_bit_programs_are() -> None:
    setarch = shutil.which("setarch")
    if setarch is None:
        pytest.skip("setarch is not installed (Debian has it in util-linux)")
    assert "setarch linux32" in DOCKERFILE
    asks = ("-c", "import platform; print(platform.machine())")
    done = subprocess.run(  # noqa: S603 - our own words
        [setarch, "linux32", sys.executable, *asks], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"setarch is not allowed here: {done.stderr.strip()}")
    assert done.stdout.strip() not in {"x86_64", "aarch64"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted(set().union(*COMPILED.values())))
def test_what_is_compiled_can_be(shipped: Shipped, tmp_path: Path, name: str) -> None:
    packages = set(re.findall(r"recommends (gcc [\w -]+?) \\", DOCKERFILE)[0].split())
    assert packages == {"gcc", "libc6-dev", "libffi-dev"}
    headers = [*Path("/usr/include").rglob("ffi.h")]
    if shutil.which("gcc") is None or not headers:
        pytest.skip("a compiler and the headers of libffi are not installed")
    version = closure(shipped, "armv7l", IMAGE)[name]
    done = pip(
        *("wheel", "--no-deps", "--no-cache-dir", f"--no-binary={name}"),
        *("--wheel-dir", str(tmp_path), f"{name}=={version}"),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert [*tmp_path.glob(f"{name}-{version}-*.whl")]
