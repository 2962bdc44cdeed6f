"""The proxy starts and stays up, whatever it finds; what it finds later, it uses."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.outage import store_session
from support.served import PASSWORD, Served, free_port, until
from support.unknown import CSV, UNKNOWN

from proxy.routes import VIEWS
from simulator.gateway import Simulator

Gateways = Callable[..., Simulator]
Proxies = Callable[..., Served]


def _session_file(proxy: Served) -> Path:
    return proxy.folder / "auth" / ".powerwall"


def _stored(proxy: Served) -> dict[str, str]:
    stored: dict[str, str] = json.loads(_session_file(proxy).read_text("utf-8"))
    return stored


def _lane(proxy: Served) -> dict[str, Any]:
    (lane,) = proxy.get("/health").document["lanes"]
    return dict(lane)


def _logins(sim: Simulator) -> tuple[int, int]:
    seen = sim.counters.snapshot()
    return seen["logins"], seen["logins_refused"]


def test_without_a_gateway_every_value_is_null_and_one_line_says_what_is_missing(
    proxy: Proxies,
) -> None:
    served = proxy()
    for view in VIEWS:
        reply = served.get(view.path)
        assert reply.status == (503 if view.path in CSV else 200)
        assert reply.document == UNKNOWN.get(view.path)
        assert reply.headers["Cache-Status"].startswith("powerwall-proxy; fwd=miss")
    assert served.get("/health").status == 200
    assert served.get("/").status == 200
    (line,) = served.lines("no gateway is configured")
    assert "PW_HOST" in line
    assert "PW_PASSWORD" in line


def test_a_gateway_that_appears_later_is_found(gateway: Gateways, proxy: Proxies) -> None:
    port = free_port()
    served = proxy(PW_HOST=f"127.0.0.1:{port}", PW_PASSWORD=PASSWORD)
    assert served.get("/soe").document is None
    until(lambda: served.lines("down: connection refused"))
    sim = gateway(port=port)
    assert served.known("/soe", 40).document == {"percentage": 50}
    assert len(served.lines("down: connection refused")) == 1
    assert len(served.lines("answers again after")) == 1
    assert _logins(sim) == (1, 0)


def test_a_gateway_in_reboot_is_waited_for(sim: Simulator, proxy: Proxies) -> None:
    sim.faults.start("stopped")
    served = proxy(sim)
    assert served.get("/aggregates").document is None
    until(lambda: "502" in (_lane(served)["last_error"] or ""))
    sim.faults.stop()
    assert served.known("/aggregates", 40).document["solar"]["instant_power"] == 3000


def test_a_wrong_password_is_tried_once_and_said_once(sim: Simulator, proxy: Proxies) -> None:
    served = proxy(sim, PW_PASSWORD="wrong-one")
    for _ in range(10):
        assert served.get("/soe").document is None
        assert served.get("/aggregates").document is None
    assert served.known("/version").document["vint"] == 233604
    assert _lane(served)["state"] == "wrong password"
    assert "last five characters" in _lane(served)["remedy"]
    assert _logins(sim) == (0, 1)
    assert len(served.lines("wrong password")) == 1


def test_a_password_that_is_missing_is_said_and_nothing_is_tried(
    sim: Simulator, proxy: Proxies
) -> None:
    served = proxy(sim, PW_PASSWORD="")
    assert served.get("/soe").document is None
    assert served.known("/version").document["vint"] == 233604
    (line,) = served.lines("the gateway wants a login")
    assert "PW_PASSWORD" in line
    assert _logins(sim) == (0, 0)


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[1]", '{"AuthCookie": 5}', "\0\xff", '{"AuthCookie": "old"}']
)
def test_a_broken_or_old_session_file_is_replaced(
    sim: Simulator, proxy: Proxies, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "session"
    file.write_text(text, "latin-1")
    file.chmod(0o644)
    served = proxy(sim, PW_CACHE_FILE=str(file))
    assert served.known("/soe").document == {"percentage": 50}
    assert _logins(sim) == (1, 0)
    assert set(json.loads(file.read_text("utf-8"))) == {"AuthCookie", "UserRecord"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Traceback" not in served.log


def test_a_place_that_cannot_be_written_is_said_once_and_no_failure(
    sim: Simulator, proxy: Proxies, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("here")
    served = proxy(sim, PW_CACHE_FILE=str(tmp_path / "file" / "session"))
    assert served.known("/soe").document == {"percentage": 50}
    (line,) = served.lines("cannot be written")
    assert "PW_CACHE_FILE" in line
    assert "Traceback" not in served.log


def test_a_session_of_an_earlier_run_is_used_without_a_login(
    sim: Simulator, proxy: Proxies, tmp_path: Path
) -> None:
    store_session(sim, tmp_path / "auth")
    served = proxy(sim, PW_AUTH_PATH=str(tmp_path / "auth"))
    assert served.known("/soe").document == {"percentage": 50}
    assert _logins(sim) == (0, 0)
    assert sim.counters.snapshot()["total"] == 1


def test_a_restart_does_not_log_in_again(sim: Simulator, proxy: Proxies, tmp_path: Path) -> None:
    folder = str(tmp_path / "auth")
    first = proxy(sim, PW_AUTH_PATH=folder)
    first.known("/soe")
    first.close()
    second = proxy(sim, PW_AUTH_PATH=folder)
    assert second.known("/soe").document == {"percentage": 50}
    assert _logins(sim) == (1, 0)


def test_a_token_session_is_shown_and_stored_as_a_bearer(sim: Simulator, proxy: Proxies) -> None:
    served = proxy(sim, PW_AUTH_MODE="token")
    assert served.known("/soe").document == {"percentage": 50}
    until(_session_file(served).exists)
    stored = _stored(served)
    assert set(stored) == {"Authorization"}
    assert stored["Authorization"].startswith("Bearer ")
    assert _logins(sim) == (1, 0)


def test_a_cookie_session_is_stored_for_nobody_else(sim: Simulator, proxy: Proxies) -> None:
    served = proxy(sim)
    served.known("/soe")
    until(_session_file(served).exists)
    assert set(_stored(served)) == {"AuthCookie", "UserRecord"}
    assert stat.S_IMODE(_session_file(served).stat().st_mode) == 0o600
    assert [file.name for file in _session_file(served).parent.iterdir()] == [".powerwall"]


def test_a_pool_of_none_uses_a_connection_per_request(sim: Simulator, proxy: Proxies) -> None:
    served = proxy(sim, PW_POOL_MAXSIZE="0")
    assert [served.known(path).status for path in ("/soe", "/aggregates", "/vitals")] == [200] * 3
    seen = sim.counters.snapshot()
    assert seen["connections"] >= seen["total"] > 3


def test_connections_to_the_gateway_are_kept_and_used_again(sim: Simulator, proxy: Proxies) -> None:
    served = proxy(sim)
    assert [served.known(path).status for path in ("/soe", "/aggregates", "/vitals")] == [200] * 3
    assert sim.counters.snapshot()["connections"] == 1


def test_the_right_certificate_is_trusted(sim: Simulator, proxy: Proxies, tmp_path: Path) -> None:
    pem = tmp_path / "gateway.pem"
    pem.write_text(f"exported by hand\n{sim.certificate_pem}")
    served = proxy(sim, PW_HOST_CERT=str(pem))
    assert served.known("/soe").document == {"percentage": 50}


def test_a_changed_certificate_is_refused_before_anything_is_sent(
    gateway: Gateways, sim: Simulator, proxy: Proxies, tmp_path: Path
) -> None:
    pem = tmp_path / "other.pem"
    pem.write_text(gateway().certificate_pem)
    served = proxy(sim, PW_HOST_CERT=str(pem))
    assert served.get("/soe").document is None
    until(lambda: served.lines("certificate is not the one in PW_HOST_CERT"))
    for path in ("/soe", "/aggregates", "/version"):
        assert served.get(path).document == UNKNOWN.get(path)
    (line,) = served.lines("certificate is not the one in PW_HOST_CERT")
    assert "export its certificate again" in line
    assert sim.counters.snapshot()["total"] == 0


def test_the_password_may_come_from_a_file(sim: Simulator, proxy: Proxies, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    served = proxy(sim, PW_PASSWORD="", PW_PASSWORD_FILE=str(file))
    assert served.known("/soe").document == {"percentage": 50}


@pytest.mark.parametrize("password", ['p"a\\ß w%0', "a" * 200, "日本語-key", "x'&=+;"])
def test_any_password_is_sent_as_it_is(gateway: Gateways, proxy: Proxies, password: str) -> None:
    served = proxy(gateway(password=password), PW_PASSWORD=password)
    assert served.known("/soe").document == {"percentage": 50}
