"""The wheel: everything in it that is needed, and nothing else; exactly what constraints say."""

from __future__ import annotations

import re
import zipfile
from importlib.metadata import distributions

from support.shipped import ROOT, Shipped

from pypowerwall_core.version import __version__

PACKAGES = ("proxy", "pypowerwall_core", "simulator")
DEVELOPERS = {"pytest", "ruff", "mypy", "hypothesis", "schemathesis"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    lines = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    return {canonical(name): version for name, version in lines}


def installed(shipped: Shipped) -> dict[str, str]:
    (site,) = (shipped.root / "venv").glob("lib/python*/site-packages")
    return {canonical(found.name): found.version for found in distributions(path=[str(site)])}


def test_it_holds_every_file_of_the_packages_and_nothing_else(shipped: Shipped) -> None:
    with zipfile.ZipFile(shipped.wheel) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    context = shipped.root / "context"
    ours = {
        str(path.relative_to(context))
        for package in PACKAGES
        for path in (context / package).rglob("*")
        if path.is_file()
    }
    assert ours - held == set()
    assert held - ours == set()


def test_exactly_the_pinned_versions_are_installed(shipped: Shipped) -> None:
    found = installed(shipped)
    assert found.pop("powerwall-proxy") == __version__
    assert found == {name: pinned()[name] for name in found}
    assert not DEVELOPERS & set(found)


def test_the_command_is_there(shipped: Shipped) -> None:
    done = shipped.run("powerwall", "version")
    assert (done.returncode, __version__ in done.stdout) == (0, True)


def test_the_old_name_is_understood_in_the_image(shipped: Shipped) -> None:
    ours = shipped.run("powerwall", "version")
    done = shipped.run("python3", "-m", "pypowerwall", "version")
    assert (done.returncode, done.stdout, done.stderr) == (0, ours.stdout, "")
    for command in ("setup", "scan"):
        done = shipped.run("python3", "-m", "pypowerwall", command, "-h")
        assert (done.returncode, f"{command} [-h]" in done.stdout) == (0, True)
    assert shipped.run("python3", "-m", "pypowerwall").returncode == 1
    assert shipped.run("python3", "-m", "pypowerwall", "nonsense").returncode == 2


def test_the_old_name_is_no_part_of_the_package(shipped: Shipped) -> None:
    done = shipped.run("python3", "-m", "pypowerwall", "version", PYTHONPATH="")
    assert done.returncode == 1
    assert "No module named pypowerwall" in done.stderr
