"""Laws over what an image is made of; the steps themselves are walked in tests/shipping."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from support import envsample

from proxy.settings import read_settings
from proxy.settings_table import ROWS
from pypowerwall_core.version import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
STEPS = [
    (word, re.sub(r"\s*\\\n\s*", " ", rest))
    for word, rest in re.findall(
        r"^([A-Z]+) ((?:.*\\\n)*.*)$", re.sub(r"(?m)^#.*\n", "", DOCKERFILE), re.MULTILINE
    )
]
FINAL = STEPS[max(n for n, (word, _) in enumerate(STEPS) if word == "FROM") :]


def of(word: str, steps: list[tuple[str, str]] = FINAL) -> list[str]:
    return [rest for found, rest in steps if found == word]


# -- powerwall.env.sample -------------------------------------------------------------------


def test_the_sample_of_settings_is_what_the_table_says() -> None:
    assert envsample.FILE.read_text("utf-8") == envsample.render(), "run `make env-sample`"


def test_every_line_of_the_sample_is_a_setting_and_its_default() -> None:
    lines = re.findall(r"^#?([A-Z_]+)=(.*)$", envsample.render(), re.MULTILINE)
    assert sorted(name for name, _ in lines) == sorted(row.name for row in ROWS)
    given = dict(lines)
    read = read_settings(given)
    assert read.notes == ()
    assert {**read.shown(), "PW_HOST": None, "PW_PASSWORD": None} == read_settings({}).shown()


# -- Dockerfile -----------------------------------------------------------------------------


def test_both_stages_are_of_one_pinned_python_that_the_package_allows() -> None:
    bases = {rest.split()[0] for rest in of("FROM", STEPS)}
    (base,) = bases
    version = re.fullmatch(r"python:(3\.\d+)-slim-\w+", base)
    assert version is not None
    least = re.fullmatch(r">=(3\.\d+)", PROJECT["requires-python"])
    assert least is not None
    assert float(version[1].replace("3.", "")) >= float(least[1].replace("3.", ""))
    assert labels()["org.opencontainers.image.base.name"].endswith(base)


def labels() -> dict[str, str]:
    return dict(re.findall(r'([\w.]+)="([^"]*)"', " ".join(of("LABEL"))))


def test_the_labels_say_what_the_package_says() -> None:
    told = labels()
    assert told["org.opencontainers.image.title"] == PROJECT["name"]
    assert told["org.opencontainers.image.description"] == PROJECT["description"]
    assert told["org.opencontainers.image.licenses"] == PROJECT["license"]
    assert f"VERSION={__version__}" in of("ARG")


def admitted(path: str) -> bool:
    """Whether .dockerignore lets a file into the build."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").split()
    verdict = True
    for line in lines:
        pattern = line.removeprefix("!")
        if fnmatch(path, pattern) or path.startswith(f"{pattern}/"):
            verdict = line.startswith("!")
    return verdict


def test_what_is_copied_exists_and_is_sent_to_the_builder() -> None:
    for copied in of("COPY", STEPS):
        for source in copied.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert admitted(source), source
    needed = {f"{name.removesuffix('*')}" for name in packages()}
    assert needed <= {source for copied in of("COPY", STEPS) for source in copied.split()}


def packages() -> list[str]:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    found: list[str] = tool["setuptools"]["packages"]["find"]["include"]
    return found


@pytest.mark.parametrize("path", [".git/config", "powerwall.env", ".auth/.powerwall", "tests/x.py"])
def test_nothing_private_is_sent_to_the_builder(path: str) -> None:
    assert not admitted(path)


def test_sessions_are_in_the_one_folder_that_can_be_written() -> None:
    (workdir,), (volume,) = of("WORKDIR"), of("VOLUME")
    environ = dict(re.findall(r"(\w+)=(\S+)", " ".join(of("ENV"))))
    assert f"{workdir}/{environ['PW_AUTH_PATH']}" == volume
    assert any(f"install -d -m 0777 {volume}" in run for run in of("RUN"))
    assert f"COPY docker/pypowerwall {environ['PYTHONPATH']}/pypowerwall" in DOCKERFILE


def test_it_runs_as_a_number_that_orchestrators_can_check() -> None:
    assert of("USER") == ["1000:1000"]
    assert '["powerwall", "healthcheck"]' in " ".join(of("HEALTHCHECK"))
    assert of("CMD") == ['["powerwall", "serve"]']
    assert any(" curl " in run for run in of("RUN"))
