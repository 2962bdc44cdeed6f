"""Secrets stay inside: not in the log, not in an answer, not in the list of processes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.served import PASSWORD, Served, until

from proxy.routes import LIVE, PAGES, VIEWS
from simulator.gateway import Simulator

EMAIL = "somebody@home.example"
PATHS = [row.path for row in (*VIEWS, *LIVE, *PAGES)]


def _told(served: Served) -> str:
    """Everything a stranger on the network can read."""
    replies = [served.get(path) for path in (*PATHS, "/nowhere")]
    return "".join(f"{reply.headers}{reply.body.decode(errors='replace')}" for reply in replies)


def _command_lines(served: Served) -> str:
    pids = [served.pid, *served.workers]
    assert len(pids) == 2
    return "".join(Path(f"/proc/{pid}/cmdline").read_text("utf-8") for pid in pids)


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("auth_mode", ["cookie", "token"])
def test_no_secret_leaves_with_everything_logged(
    sim: Simulator, proxy: Callable[..., Served], auth_mode: str, log_format: str
) -> None:
    served = proxy(
        sim,
        PW_DEBUG="yes",
        PW_AUTH_MODE=auth_mode,
        PW_LOG_FORMAT=log_format,
        PW_EMAIL=EMAIL,
        PW_GW_PWD="gateway-secret",
    )
    for path in (row.path for row in VIEWS):
        served.get(path)
    served.known("/soe")
    until((served.folder / "auth" / ".powerwall").exists)
    stored = json.loads((served.folder / "auth" / ".powerwall").read_text("utf-8"))
    secrets = [PASSWORD, EMAIL, "gateway-secret"]
    secrets += [value.removeprefix("Bearer ") for value in stored.values()]
    assert len(secrets) >= 4
    everything = {
        "answers": _told(served),
        "command lines": _command_lines(served),
        "log": served.log,
        "output": served.output,
    }
    assert len(served.log.splitlines()) > 10, "debug says much"
    for place, text in everything.items():
        assert [secret for secret in secrets if secret in text] == [], place


def test_a_refused_password_is_not_told_either(
    sim: Simulator, proxy: Callable[..., Served]
) -> None:
    served = proxy(sim, PW_DEBUG="yes", PW_PASSWORD="not-the-one", PW_EMAIL=EMAIL)
    assert served.get("/soe").document is None
    until(lambda: served.lines("bad credentials"))
    for text in (served.log, _told(served), _command_lines(served)):
        assert "not-the-one" not in text
        assert EMAIL not in text


def test_the_length_of_a_secret_is_not_told(sim: Simulator, proxy: Callable[..., Served]) -> None:
    shown = [
        proxy(sim, PW_PASSWORD=password).get("/stats").document["config"]["PW_PASSWORD"]
        for password in ("abcde", "a" * 60)
    ]
    assert shown == ["***", "***"]
