from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from proxy.logs import NOISY, PASSING, configure_logging
from pypowerwall_core.redact import Secrets


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in (*NOISY, PASSING)}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def caught(text: str) -> ValueError:
    """An error as it was raised, with its traceback."""
    with pytest.raises(ValueError, match=r".") as info:
        raise ValueError(text)
    return info.value


def test_text_lines_are_for_people(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "text", Secrets())
    logging.getLogger("x").warning("gateway %s is away", "10.0.0.5")
    logging.getLogger("x").debug("nothing")
    assert capfd.readouterr().err.rstrip().endswith("WARNING gateway 10.0.0.5 is away")


def test_json_lines_parse_and_hold_the_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging("debug", "json", Secrets())
    logging.getLogger("x").error("odd", exc_info=caught("two\nlines"))
    (line,) = capfd.readouterr().err.splitlines()
    parsed = json.loads(line)
    assert (parsed["level"], parsed["logger"], parsed["message"]) == ("error", "x", "odd")
    assert "ValueError: two" in parsed["traceback"]
    assert parsed["time"].endswith("Z")


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_gets_through_whoever_logs_it(
    form: str, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = Secrets()
    secrets.hide("s3cret")
    configure_logging("debug", form, secrets)
    for name in ("x", "urllib3.connectionpool", "gunicorn.error"):
        logging.getLogger(name).error("password=%s", "s3cret")
    logging.getLogger("x").error("with s3cret", exc_info=caught("s3cret"))
    err = capfd.readouterr().err
    assert "s3cret" not in err
    assert err.count("***") >= 5


def test_passing_trouble_of_a_lane_can_be_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "text", Secrets(), hide_passing=True)
    logging.getLogger(PASSING).warning("away")
    logging.getLogger(PASSING.rpartition(".")[0]).warning("wrong password")
    err = capfd.readouterr().err
    assert "away" not in err
    assert "wrong password" in err
