"""Refusals, as a client sees them."""

from typing import Any

import pytest

CORE = "/api/meters/aggregates"
LOGIN = "/api/login/Basic"
VITALS = "/api/devices/vitals"


@pytest.mark.parametrize(
    ("fault", "options", "system", "path", "status", "error"),
    [
        ("failing", {}, "pw2", "/api/powerwalls/phase_usages", 500, "no phase information"),
        (
            "failing",
            {},
            "pw2",
            "/api/meters/VAH1synchrometerX/ct_config",
            500,
            "meter type must be Neurio (VAH1synchrometerX)",
        ),
        (
            "failing",
            {"path": "/api/sitemaster/stop"},
            "pw2",
            "/api/sitemaster/stop",
            500,
            "Cannot Start Wizard",
        ),
        ("failing", {"path": CORE}, "pw2", CORE, 500, "no phase information"),
        ("no_vitals", {}, "pw2", VITALS, 404, None),
        ("no_solar_powerwall", {}, "novitals", "/api/solar_powerwall", 404, None),
        ("no_aggregates", {}, "pw2", CORE, 404, None),
        ("forbidden", {"path": CORE}, "pw2", CORE, 403, "Unable to GET to resource"),
    ],
)
def test_a_refusal_is_about_its_path_alone(
    start: Any,
    connect: Any,
    fault: str,
    options: dict[str, Any],
    system: str,
    path: str,
    status: int,
    error: str | None,
) -> None:
    sim = start(system=system, frozen=True)
    client = connect(sim)
    client.login()
    sim.faults.start(fault, **options)
    reply = client.ask(path)
    assert reply.status == status
    assert (
        reply.body == b"404 page not found" if error is None else reply.document["error"] == error
    )
    assert client.ask("/api/operation").status == 200
    sim.faults.stop(fault)
    assert client.ask("/api/operation").status == 200


def test_solar_powerwall_may_be_an_empty_object_for_those_who_may_see_it(
    start: Any, connect: Any
) -> None:
    sim = start(system="novitals", frozen=True)
    client = connect(sim)
    sim.faults.start("no_solar_powerwall", how="empty")
    assert client.ask("/api/solar_powerwall").status == 403
    client.login()
    assert client.ask("/api/solar_powerwall").body == b"{}"


def test_who_logs_in_because_of_a_404_is_counted_and_then_limited(sim: Any, client: Any) -> None:
    sim.faults.start("no_vitals")
    sim.counters.reset()
    statuses = []
    for _ in range(6):
        assert client.ask(VITALS).status == 404
        statuses.append(client.login().status)
    assert statuses == [200] * 4 + [429] * 2
    counted = sim.counters.snapshot()
    assert (counted["logins"], counted["logins_refused"]) == (4, 2)
    assert counted["requests"] == {VITALS: 6, LOGIN: 6}


@pytest.mark.parametrize("status", [401, 403])
def test_an_expired_token_is_refused_in_either_way(sim: Any, client: Any, status: int) -> None:
    sim.faults.start("expired", status=status)
    assert [client.ask(CORE).status, client.ask(CORE).status] == [status, 403]
    client.login()
    assert client.ask(CORE).status == 200


def test_all_sessions_are_lost_at_once(sim: Any, client: Any, connect: Any) -> None:
    other = connect(sim)
    other.login()
    sim.faults.start("sessions_lost")
    assert [client.ask(CORE).status, other.ask(CORE).status] == [403, 403]
    client.login()
    assert [client.ask(CORE).status, other.ask(CORE).status] == [200, 403]


def test_a_role_is_wanting_whatever_the_session_and_the_method(sim: Any, client: Any) -> None:
    sim.faults.start("forbidden", path="/api/v2/islanding/mode")
    for _ in range(2):
        reply = client.ask("/api/v2/islanding/mode", "POST", b"{}")
        assert (reply.status, reply.document["error"]) == (403, "Unable to POST to resource")
        assert client.login().status == 200
        assert client.ask(CORE).status == 200


def test_a_changed_password_is_the_only_one_that_opens(sim: Any, client: Any) -> None:
    sim.faults.start("wrong_password", password="VWXYZ")
    reply = client.login()
    assert (reply.status, reply.document["error"]) == (401, "bad credentials")
    assert client.login("VWXYZ").status == 200
    assert client.ask(CORE).status == 200
    sim.faults.stop("wrong_password")
    assert [client.login("VWXYZ").status, client.login().status] == [401, 200]


def test_a_login_may_need_a_hand_on_the_switch(sim: Any, guest: Any) -> None:
    said = "roles [Provider_Engineer] require physical access"
    installer = guest.login(sim.system.gateway_serial, username="installer")
    assert (installer.status, installer.document["error"]) == (401, said)
    sim.faults.start("physical_access")
    customer = guest.login()
    assert (customer.status, customer.document) == (401, installer.document)
    sim.faults.stop()
    assert guest.login().status == 200


def test_stopped_and_forbidden_may_be_on_at_once(sim: Any, client: Any) -> None:
    sim.faults.start("stopped")
    sim.faults.start("forbidden", path="/api/operation")
    assert [client.ask(path).status for path in (CORE, "/api/operation")] == [502, 403]
    assert client.ask("/api/sitemaster").document["running"] is False
