"""`powerwall doctor` at gateways that are well, and at each way in which one is not.

What a person reads is the promise here: the line, the remedy, and nothing secret in either.
"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.outage import logins, store_session
from support.peer import Peer, answer, answers
from support.served import PASSWORD, POWERWALL, Served, environment, free_port, until

from proxy.certificate import make_certificate
from pypowerwall_core.cli.doctor import Progress
from pypowerwall_core.cli.main import main
from pypowerwall_core.connect import certificate_fingerprint
from pypowerwall_core.doctor import report
from pypowerwall_core.doctor.checks import CHECKS, examine
from pypowerwall_core.doctor.finding import Finding, State, exit_code, is_well
from pypowerwall_core.doctor.hands import Wish
from pypowerwall_core.doctor.visitor import Clocks
from pypowerwall_core.redact import Secrets
from simulator.certificate import server_context
from simulator.gateway import Simulator

DOCTOR = (*POWERWALL, "doctor")
EMAIL = "somebody@home.example"
LOGIN = "/api/login/Basic"
OPERATION = "/api/operation"
AT_ONCE = Clocks(sleep=lambda _seconds: None)
NAMES = [check.name for check in CHECKS if check.name != "certificate"]


@dataclass(frozen=True, slots=True)
class Examined:
    findings: list[Finding]
    folder: Path

    def __getitem__(self, name: str) -> Finding:
        return next(one for one in self.findings if one.name == name)

    def states(self, state: State) -> list[str]:
        return [one.name for one in self.findings if one.state is state]

    @property
    def text(self) -> str:
        """Everything that can be printed, in both forms."""
        told = [
            line for one in self.findings for line in report.lines(one, color=True, verbose=True)
        ]
        return "\n".join([*told, report.summary(self.findings), report.document(self.findings)])


Examines = Callable[..., Examined]


@pytest.fixture
def examined(tmp_path: Path) -> Examines:
    """Examine a gateway of this process, without the pauses between requests."""

    def look(sim: Simulator | None = None, **settings: Any) -> Examined:
        save_to, force = settings.pop("save_to", None), settings.pop("force", False)
        host = {} if sim is None else {"PW_HOST": sim.address, "PW_PASSWORD": PASSWORD}
        environ = {
            "PW_AUTH_PATH": str(tmp_path),
            "PW_PORT": str(free_port()),
            "PW_EMAIL": EMAIL,
            **host,
            **settings,
        }
        wish = Wish(environ, {}, save_to, force, AT_ONCE)
        return Examined(list(examine(wish, Secrets())), tmp_path)

    return look


def secrets_in(seen: Examined, *more: str) -> list[str]:
    """Name the secrets that leaked."""
    file = seen.folder / ".powerwall"
    stored = json.loads(file.read_text("utf-8")) if file.exists() else {}
    tokens = [token.removeprefix("Bearer ") for token in stored.values()]
    return [secret for secret in (PASSWORD, EMAIL, *tokens, *more) if secret in seen.text]


def kind(sim: Simulator) -> None:
    """See to it that the gateway was treated well."""
    counters = sim.counters.snapshot()
    assert logins(counters) <= 1
    assert counters["writes"] == {}
    assert counters["most_in_flight"] <= 1
    assert counters["connections"] <= 6


# -- gateways that are well ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "login", "firmware", "master"),
    [
        (
            "pw2",
            "logged in once",
            "23.36.4 3f8a51c2, DIN 1232100-00-E--...001: 23 of 24",
            "running",
        ),
        ("old", "reads need no login", "1.20.0, DIN 1118431-00-L--...001: 10 of 24", "running"),
        ("pw3", "logged in once", "not told, as by a Powerwall 3: 3 of 24", "not served"),
        ("novitals", "logged in once", "23.44.0 9c04be16", "running"),
    ],
)
def test_a_gateway_that_is_well_is_called_well(
    gateway: Callable[..., Simulator],
    examined: Examines,
    system: str,
    login: str,
    firmware: str,
    master: str,
) -> None:
    # The clock of a frozen gateway stands still, and that is an illness.
    sim = gateway(system=system, frozen=False)
    seen = examined(sim)
    assert [one.name for one in seen.findings] == NAMES
    assert seen.states(State.FAILED) + seen.states(State.WARNING) == []
    assert exit_code(seen.findings) == 0
    assert seen["login"].says.startswith(login)
    assert seen["firmware"].says.startswith(firmware)
    assert seen["site master"].says.startswith(master)
    assert "1232100-00-E--TG122000000001" not in seen.text
    assert secrets_in(seen) == []
    kind(sim)


def test_a_login_that_would_stop_old_firmware_is_not_sent(
    gateway: Callable[..., Simulator], examined: Examines
) -> None:
    sim = gateway(system="old", frozen=False)
    examined(sim)
    assert logins(sim.counters.snapshot()) == 0
    assert sim.faults.alter(sim.plant.view()).running


def test_the_session_is_left_for_the_next_tool(
    gateway: Callable[..., Simulator], examined: Examines
) -> None:
    sim = gateway(frozen=False)
    first, second = examined(sim), examined(sim)
    assert "stored in" in first["login"].says
    assert "works: no login was sent, no password tried" in second["login"].says
    assert logins(sim.counters.snapshot()) == 1
    assert (first.folder / ".powerwall").stat().st_mode & 0o777 == 0o600


def test_a_stored_session_that_expired_costs_one_login(
    gateway: Callable[..., Simulator], examined: Examines, tmp_path: Path
) -> None:
    sim = gateway(frozen=False)
    store_session(sim, tmp_path)
    sim.expire_sessions()
    seen = examined(sim)
    assert "the stored session is no longer valid" in seen["login"].says
    assert is_well(seen.findings)
    assert secrets_in(seen) == []
    kind(sim)


def test_a_bearer_token_is_as_secret(gateway: Callable[..., Simulator], examined: Examines) -> None:
    seen = examined(gateway(frozen=False), PW_AUTH_MODE="token")
    assert is_well(seen.findings)
    assert secrets_in(seen) == []


def test_a_name_is_resolved_and_the_one_a_gateway_takes_is_sent(
    gateway: Callable[..., Simulator], examined: Examines
) -> None:
    sim = gateway(frozen=False)
    seen = examined(sim, PW_HOST=f"localhost:{sim.port}")
    assert "127.0.0.1" in seen["name resolution"].says
    assert "with the server name powerwall" in seen["TLS"].says
    assert is_well(seen.findings)


# -- gateways that are not ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Illness:
    """A fault, and what the doctor makes of it.

    Attributes:
        check: The one that tells, and `state` how.
        also: Others that may complain.
    """

    fault: str
    check: str
    says: str
    remedy: str
    path: str = ""
    options: Mapping[str, Any] | None = None
    state: State = State.FAILED
    also: tuple[str, ...] = ()
    pinned: bool = False
    timeout: str = "5"


ILLNESSES = (
    Illness("refusing", "TCP", "connection refused", "takes no connections at this port"),
    Illness("unreachable", "TCP", "no answer within", "Routers hand out new ones", timeout="0.3"),
    Illness("tls_stall", "TLS", "no TLS answer came", "overloaded or hangs", timeout="0.3"),
    Illness("tls_abort", "TLS", "the handshake was aborted", "something stands between"),
    Illness("certificate", "TLS", "not the one of PW_HOST_CERT", "-save-cert", pinned=True),
    Illness("silent", "login", "gets no answer", "overloaded or hangs", timeout="0.3"),
    Illness("dripping", "login", "gets no answer", "overloaded or hangs", timeout="0.3"),
    Illness("reset", "login", "connection reset", "overloaded or hangs"),
    Illness("truncated", "login", "the answer broke off", "overloaded or hangs"),
    Illness("html", "login", "a web page instead of JSON", "Is PW_HOST a Powerwall gateway?"),
    Illness("busy", "login", "HTTP 503: current config mode is busy", "updating"),
    Illness("empty", "login", "empty body", "restart it"),
    Illness("wrong_password", "login", "bad credentials", "last five characters"),
    Illness("physical_access", "login", "require physical access", "customer password"),
    Illness("forbidden", "login", "nothing may be read", "not the installer's"),
    Illness("limited", "login", "limits requests: HTTP 429", "wait 5 s", also=("other pollers",)),
    Illness(
        "limited",
        "login",
        "limits requests: HTTP 429",
        "wait 10 min",
        LOGIN,
        {"retry_after": 600},
        also=("other pollers",),
    ),
    Illness(
        "limited",
        "firmware",
        "the rest was not asked, as the gateway limits requests (429)",
        "Stop everything that asks the gateway",
        OPERATION,
        also=("other pollers",),
    ),
    Illness(
        "sessions_lost",
        "firmware",
        "the rest was not asked, as the session ended",
        "log out",
        OPERATION,
        also=("other pollers",),
    ),
    Illness("stopped", "site master", "stopped (StatusDown)", "Tesla's app", also=("firmware",)),
    Illness("no_aggregates", "firmware", "aggregates: HTTP 404", "another device"),
    Illness(
        "bad_vitals",
        "firmware",
        "/api/devices/vitals: broken vitals",
        "Run this again",
        options={"how": "garbage"},
        state=State.WARNING,
    ),
    Illness("clock", "clock", "2 h ahead of", "`date -u`", state=State.WARNING),
    Illness(
        "clock",
        "clock",
        "s behind",
        "`date -u`",
        options={"offset_s": -90.0},
        state=State.WARNING,
    ),
    Illness(
        "stale_meter",
        "clock",
        "solar 60 min ago",
        "has lost that meter",
        options={"meter": "solar", "seconds": 3600.0},
        state=State.WARNING,
    ),
)


def _id(illness: Illness) -> str:
    return f"{illness.fault}{illness.path.replace('/', '-')}{'+' if illness.options else ''}"


@pytest.mark.parametrize("illness", ILLNESSES, ids=_id)
def test_each_illness_is_named_with_its_remedy(
    gateway: Callable[..., Simulator], examined: Examines, tmp_path: Path, illness: Illness
) -> None:
    sim = gateway(frozen=False)
    pin = tmp_path / "gateway.pem"
    pin.write_text(sim.certificate_pem, "ascii")
    pinned = {"PW_HOST_CERT": str(pin)} if illness.pinned else {}
    sim.faults.start(illness.fault, illness.path or None, **(illness.options or {}))
    seen = examined(sim, PW_TIMEOUT=illness.timeout, **pinned)
    told = seen[illness.check]
    assert told.state is illness.state
    assert illness.says in told.says
    assert illness.remedy in told.remedy
    complaining = seen.states(State.FAILED) + seen.states(State.WARNING)
    latency = {"latency"} if seen["latency"].facts.get("silent") else set()
    assert set(complaining) == {illness.check, *illness.also} | latency
    assert exit_code(seen.findings) == (1 if illness.state is State.FAILED else 0)
    assert secrets_in(seen) == []
    kind(sim)


def test_what_depends_on_a_failure_is_skipped_with_the_reason(
    gateway: Callable[..., Simulator], examined: Examines
) -> None:
    sim = gateway()
    sim.faults.start("refusing")
    seen = examined(sim)
    after = NAMES[NAMES.index("TCP") + 1 :]
    assert seen.states(State.SKIPPED) == after
    dependent = [seen[name].says for name in after if name != "other pollers"]
    assert set(dependent) == {"not looked at, as TCP failed"}


def test_a_wrong_password_is_tried_once_and_the_firmware_is_told_all_the_same(
    gateway: Callable[..., Simulator], examined: Examines
) -> None:
    sim = gateway(frozen=False)
    seen = examined(sim, PW_PASSWORD="'not-the-one'")
    assert "bad credentials" in seen["login"].says
    assert "quotes or blanks" in seen["login"].remedy
    assert "not-the-one" not in seen.text
    assert seen["firmware"].says.startswith("23.36.4")
    assert seen["role"].says == "not looked at, as login failed"
    assert logins(sim.counters.snapshot()) == 1


def test_no_password_is_said_before_and_at_the_login(
    gateway: Callable[..., Simulator], examined: Examines
) -> None:
    sim = gateway(frozen=False)
    seen = examined(sim, PW_PASSWORD="")
    assert seen["settings"].state is State.WARNING
    assert seen["login"].says == "the gateway wants a login, and PW_PASSWORD is not set"
    assert logins(sim.counters.snapshot()) == 0


def test_a_session_file_that_cannot_be_written_is_told(
    gateway: Callable[..., Simulator], examined: Examines, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", "ascii")
    seen = examined(gateway(frozen=False), PW_AUTH_PATH=str(tmp_path / "file"))
    assert seen["login"].state is State.WARNING
    assert "cannot be written" in seen["login"].says
    assert "PW_CACHE_FILE" in seen["login"].remedy


# -- who is not a gateway -----------------------------------------------------------------------


class Router(Peer):
    """A box with a web page; its certificate has another name than gateways give themselves."""

    @staticmethod
    def context() -> Any:
        return server_context(make_certificate(), "", names=lambda *_: None)


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "404 Not Found"])
def test_who_is_no_gateway_is_not_sent_the_password(examined: Examines, status: str) -> None:
    page = answer(f"<html>{PASSWORD}</html>".encode(), status=status)
    with Router(answers(page)) as peer:
        seen = examined(PW_HOST=f"127.0.0.1:{peer.port}", PW_PASSWORD=PASSWORD)
        sent = b"".join(peer.requests)
    assert seen["TLS"].state is State.WARNING
    assert "localhost" in seen["TLS"].says
    assert seen["login"].says.startswith("no Powerwall gateway answers: /api/status says ")
    assert "The password was not sent" in seen["login"].remedy
    assert b"GET /api/status" in sent
    assert b"POST" not in sent
    assert PASSWORD.encode() not in sent
    assert secrets_in(seen) == []


def test_a_gateway_that_echoes_secrets_does_not_get_them_printed(examined: Examines) -> None:
    """A proxy of somebody's own may answer with what it was sent."""
    told = {
        "din": f"1232100-00-E--{PASSWORD}",
        "version": f"1.2.3 {PASSWORD}\x1b[2J",
        "status": PASSWORD,
        "running": True,
        PASSWORD: PASSWORD,
        "token": "t0ken-of-the-session",
        "roles": [PASSWORD],
    }
    body = json.dumps(told).encode()
    cookie = "AuthCookie=c00kie-of-the-session; Path=/"
    refused = answer(json.dumps({"error": PASSWORD}).encode(), status="403 Forbidden")
    good = answer(body, set_cookie=cookie)
    script = answers(good, refused, good)
    with Peer(lambda line: line.hold(), lambda line: line.hold(), script) as peer:
        seen = examined(PW_HOST=f"127.0.0.1:{peer.port}", PW_PASSWORD=PASSWORD, PW_TIMEOUT="1")
    assert "***" in seen.text
    assert "\x1b[2J" not in seen.text
    assert secrets_in(seen, "t0ken-of-the-session", "c00kie-of-the-session") == []


def test_an_error_in_the_settings_does_not_tell_the_password(examined: Examines) -> None:
    seen = examined(PW_HOST=f"https://{PASSWORD}/", PW_PASSWORD=PASSWORD)
    assert seen["settings"].state is State.FAILED
    assert secrets_in(seen) == []
    assert exit_code(seen.findings) == 2


# -- another proxy ------------------------------------------------------------------------------


def test_a_proxy_on_this_machine_is_found(
    gateway: Callable[..., Simulator], proxy: Callable[..., Served], examined: Examines
) -> None:
    sim = gateway(frozen=False)
    served = proxy(sim)
    seen = examined(sim, PW_PORT=str(served.port))
    assert seen["other pollers"].says == (
        f"powerwall-proxy at localhost:{served.port} polls this gateway, so let everything else "
        "ask it; nothing points to more"
    )


# -- the certificate ----------------------------------------------------------------------------


def test_a_saved_certificate_is_the_one_to_pin(
    gateway: Callable[..., Simulator], examined: Examines, tmp_path: Path
) -> None:
    sim, file = gateway(frozen=False), tmp_path / "saved.pem"
    first = examined(sim, save_to=file)
    assert f"saved to {file}" in first["certificate"].says
    shown = first["TLS"].facts["sha256"].replace(":", "").lower()
    assert certificate_fingerprint(file).hex() == shown
    pinned = examined(sim, PW_HOST_CERT=str(file), save_to=file)
    assert "the one of PW_HOST_CERT" in pinned["TLS"].says
    assert "was left as it is" in pinned["certificate"].says
    assert exit_code(pinned.findings) == 1


def test_a_new_certificate_can_replace_the_one_that_is_pinned(
    gateway: Callable[..., Simulator], examined: Examines, tmp_path: Path
) -> None:
    sim, file = gateway(frozen=False), tmp_path / "saved.pem"
    file.write_text(sim.certificate_pem, "ascii")
    sim.faults.start("certificate")
    seen = examined(sim, PW_HOST_CERT=str(file), save_to=file, force=True)
    assert seen.states(State.FAILED) == ["TLS"]
    assert is_well(examined(sim, PW_HOST_CERT=str(file)).findings)


# -- the command itself -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def doctor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ended]:
    """Type the command, with nothing of the tester's own settings around it."""
    for name in (*filter(lambda name: name.startswith("PW_"), os.environ), "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def typed(*options: str, **settings: str) -> Ended:
        given = {"PW_AUTH_PATH": str(tmp_path), "PW_PORT": str(free_port()), **settings}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        code = main(["doctor", *options])
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    return typed


def test_text_is_for_people(sim: Simulator, doctor: Callable[..., Ended]) -> None:
    ended = doctor("-host", sim.address, PW_PASSWORD="not-the-one")
    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (1, "")
    assert lines[0].startswith(
        f"ok   settings        PW_HOST {sim.address} (flag); PW_PASSWORD ***"
    )
    assert any(line.startswith("FAIL login           the login was refused") for line in lines)
    assert any(line.startswith(f"{' ' * 21}-> Set PW_PASSWORD") for line in lines)
    assert lines[-1].startswith("1 failed")
    assert "\x1b" not in ended.out
    assert "not-the-one" not in ended.out


def test_json_is_all_there_is_on_stdout(doctor: Callable[..., Ended]) -> None:
    host = f"127.0.0.1:{free_port()}"
    ended = doctor("-json", PW_HOST=host, PW_PASSWORD=PASSWORD)
    told = json.loads(ended.out)
    assert (ended.code, ended.err, told["ok"]) == (1, "", False)
    assert [one["name"] for one in told["findings"]] == NAMES
    assert told["findings"][2]["facts"]["attempts"][0]["trouble"] == "refused"
    assert PASSWORD not in ended.out


def test_verbose_has_every_setting(doctor: Callable[..., Ended]) -> None:
    ended = doctor("-verbose", PW_HOST=f"127.0.0.1:{free_port()}")
    assert f"{' ' * 21}   PW_CACHE_EXPIRE 5 (default)" in ended.out.splitlines()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "PW_HOST: no gateway is named"),
        (("-host", "a", "-timeout", "soon"), "--timeout: 'soon' is not a number of seconds"),
        (("-json", "-host", "https://a"), '"says": "--host: \'https://a\' is not HOST'),
    ],
)
def test_wrong_settings_end_with_2(
    doctor: Callable[..., Ended], options: tuple[str, ...], says: str
) -> None:
    ended = doctor(*options)
    assert (ended.code, ended.err) == (2, "")
    assert says in ended.out


def test_a_way_that_is_not_served_is_refused(doctor: Callable[..., Ended]) -> None:
    ended = doctor("-cloud")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("powerwall: -cloud: not served")


def test_ctrl_c_ends_it_at_once_with_what_it_knows(sim: Simulator, tmp_path: Path) -> None:
    sim.faults.start("silent")
    settings = {"PW_HOST": sim.address, "PW_PASSWORD": PASSWORD, "PW_TIMEOUT": "30"}
    process = subprocess.Popen(  # noqa: S603 - the command under test
        DOCTOR,
        env=environment(tmp_path, settings),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: sim.counters.snapshot()["total"])
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (130, "")
    assert "ok   TLS" in told


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    with ExitStack() as stack:
        ends = pty.openpty()
        for end in ends:
            stack.callback(os.close, end)
        yield ends


@pytest.mark.parametrize(
    ("options", "settings", "colored"),
    [
        ((), {"TERM": "xterm"}, True),
        (("-nocolor",), {"TERM": "xterm"}, False),
        ((), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        ((), {"TERM": "dumb"}, False),
    ],
)
def test_colors_are_for_terminals_that_want_them(
    terminal: tuple[int, int],
    doctor: Callable[..., Ended],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    settings: dict[str, str],
    *,
    colored: bool,
) -> None:
    master, slave = terminal
    with open(slave, "w", closefd=False) as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert doctor(*options, **settings).code == 2
    told = os.read(master, 65536).decode()
    assert ("\x1b[1;31mFAIL\x1b[0m" in told) is colored
    assert "FAIL" in told


def test_a_terminal_sees_what_is_looked_at_and_then_no_longer(
    terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = terminal
    with open(slave, "w", closefd=False) as out:
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, out)
        progress = Progress(on=True)
        progress.show("login")
        progress.close()
        Progress(on=False).show("never")
    expected = "     login ...\r" + " " * 14 + "\r"
    shown = ""
    while len(shown) < len(expected):  # a terminal hands on what has come so far
        shown += os.read(master, 1000).decode()
    assert shown == expected
