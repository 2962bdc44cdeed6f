"""/readyz: 200 while what clients would read is recent, else 503 and what to do about it."""

from __future__ import annotations

from typing import Any

import pytest
from support.desk import HERE, Client, Served
from support.homes import LANDED_S, home

from proxy.app import Application
from proxy.desk import Desk
from proxy.settings import read_settings
from pypowerwall_core.connect import open_site
from pypowerwall_core.errors import BadCredentials, Busy, Unreachable
from pypowerwall_core.redact import Secrets

CORE = ("/aggregates", "/soe", "/api/system_status/grid_status")
AWAY = Unreachable("connection refused", remedy="Look at the cable.")


@pytest.fixture
def served() -> Served:
    return home()


def site(served: Served) -> dict[str, Any]:
    found: dict[str, Any] = served.get("/readyz").json["sites"]["home"]
    return found


def live(served: Served, for_s: float, every_s: float = 5.0) -> None:
    """Let a household read the core for a while."""
    for _ in range(int(for_s / every_s)):
        for path in CORE:
            served.get(path)
        served.world.run(every_s)


def test_before_anything_was_asked_it_is_ready_and_idle_and_sends_nothing(served: Served) -> None:
    answer = served.get("/readyz")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {
        "ready": True,
        "sites": {
            "home": {
                "ready": True,
                "idle": True,
                "reasons": [],
                "remedies": [],
                "core_age_s": {"aggregates": None, "soe": None, "grid_status": None},
            }
        },
    }
    served.world.run(600.0)
    assert served.gateway.sent == []


def test_a_household_that_asks_before_the_first_landing_is_told_to_wait(served: Served) -> None:
    for _ in range(2):
        for path in CORE:
            served.get(path)
        served.world.advance(served.world.now_s + 5.0)
    answer = served.get("/readyz")
    assert answer.status_code == 503
    found = answer.json["sites"]["home"]
    assert answer.json["ready"] is found["ready"] is found["idle"] is False
    assert found["reasons"] == [
        "aggregates: no answer yet",
        "soe: no answer yet",
        "grid_status: no answer yet",
    ]
    served.world.run(LANDED_S)
    assert served.get("/readyz").status_code == 200


def test_with_a_household_it_is_ready_and_tells_the_ages(served: Served) -> None:
    live(served, 30.0)
    found = site(served)
    assert found["ready"]
    assert not found["idle"]
    assert all(0 <= age_s <= 6 for age_s in found["core_age_s"].values())


def test_a_gateway_that_is_dead_is_a_reason_and_comes_with_a_remedy(served: Served) -> None:
    live(served, 30.0)
    served.gateway.fails(AWAY)
    live(served, 10.0)
    answer = served.get("/readyz")
    assert answer.status_code == 503
    found = answer.json["sites"]["home"]
    assert found["reasons"] == ["gateway 10.0.0.5: down: connection refused"]
    assert found["remedies"] == ["Look at the cable."]
    served.gateway.fails(None)
    live(served, 30.0)
    assert site(served)["ready"]
    assert site(served)["remedies"] == []


def test_a_wrong_password_is_called_so(served: Served) -> None:
    served.gateway.session = served.gateway.has_session = False
    served.gateway.login_trouble = lambda: BadCredentials("HTTP 401", remedy="Look at the label.")
    live(served, 15.0)
    found = site(served)
    assert found["reasons"] == ["gateway 10.0.0.5: wrong password: HTTP 401"]
    assert found["remedies"] == ["Look at the label."]


def test_a_core_document_that_has_become_old_is_a_reason_of_its_own(served: Served) -> None:
    live(served, 30.0)
    served.gateway.fails(Busy("HTTP 503"), "soe")
    seen = set()
    for _ in range(20):
        live(served, 5.0)
        seen |= set(site(served)["reasons"])
    named = {reason.partition(":")[0] for reason in seen}
    assert named <= {"soe", "gateway 10.0.0.5"}
    assert any(reason.startswith("soe: ") and "s old, more than 30 s" in reason for reason in seen)
    served.gateway.fails(None, "soe")
    live(served, 400.0)
    assert site(served)["ready"]


def test_one_core_request_that_failed_is_enough_until_one_succeeds(served: Served) -> None:
    live(served, 30.0)
    served.gateway.fails(Busy("HTTP 503"), *("aggregates", "soe", "grid_status"))
    live(served, 10.0)
    assert served.get("/readyz").status_code == 503
    served.gateway.fails(None, *("aggregates", "soe", "grid_status"))
    live(served, 70.0)
    assert served.get("/readyz").status_code == 200


@pytest.mark.parametrize("every_s", [5.0, 60.0, 100.0, 180.0, 300.0])
def test_probes_alone_find_a_gateway_that_is_well_ready_however_rare_they_are(
    served: Served, every_s: float
) -> None:
    for _ in range(20):
        assert served.get("/readyz").status_code == 200
        served.world.run(every_s)
    requests = len(served.gateway.sent)
    assert 0 < requests <= 3 * 20, "one of each core document per probe at most"


@pytest.mark.parametrize("every_s", [10.0, 60.0, 150.0, 300.0])
def test_probes_alone_see_an_outage_begin(served: Served, every_s: float) -> None:
    for _ in range(5):
        served.get("/readyz")
        served.world.run(every_s)
    served.gateway.fails(AWAY)
    for _ in range(2):
        served.get("/readyz")
        served.world.run(every_s)
    assert served.get("/readyz").status_code == 503


@pytest.mark.parametrize("every_s", [10.0, 60.0, 150.0, 300.0])
def test_an_outage_that_only_probes_have_seen_out_is_not_for_ever(
    served: Served, every_s: float
) -> None:
    live(served, 30.0)
    served.gateway.fails(AWAY)
    live(served, 30.0)
    for _ in range(12):
        assert served.get("/readyz").status_code == 503
        served.world.run(every_s)
    served.gateway.fails(None)
    for _ in range(4):
        served.get("/readyz")
        served.world.run(every_s)
    assert served.get("/readyz").status_code == 200


def test_a_client_that_comes_every_minute_may_read_what_is_two_minutes_old(served: Served) -> None:
    live(served, 300.0, every_s=60.0)
    served.world.run(40.0)
    assert site(served)["reasons"] == []


def test_where_the_household_has_gone_the_last_it_read_may_be_old(served: Served) -> None:
    live(served, 30.0)
    served.world.run(3600.0)
    found = site(served)
    assert found["ready"]
    assert found["idle"]
    assert found["core_age_s"]["aggregates"] > 3500


def test_without_a_gateway_it_is_not_ready_and_says_why() -> None:
    desk = Desk(open_site(None, Secrets()), read_settings({}))
    answer = Client(Application(desk)).simulate_get("/readyz", remote_addr=HERE)
    assert answer.status_code == 503
    assert answer.json["sites"]["home"]["reasons"] == ["no gateway is configured"]


def test_503_is_never_answered_as_304(served: Served) -> None:
    ready = served.get("/readyz")
    etag = {"If-None-Match": ready.headers["etag"]}
    assert served.get("/readyz", headers=etag).status_code == 304
    live(served, 10.0)
    served.gateway.fails(AWAY)
    live(served, 10.0)
    for named in (served.get("/readyz").headers["etag"], "*"):
        answer = served.get("/readyz", headers={"If-None-Match": named})
        assert answer.status_code == 503
        assert answer.json["ready"] is False


def test_head_tells_the_status_alone(served: Served) -> None:
    live(served, 10.0)
    served.gateway.fails(AWAY)
    live(served, 10.0)
    answer = served.client.simulate_head("/readyz", remote_addr=HERE)
    assert answer.status_code == 503
    assert answer.content == b""


def test_it_tells_no_secret_and_no_setting() -> None:
    served = Served(PW_HOST="10.0.0.5", PW_PASSWORD="s3cret", PW_EMAIL="me@home.example")
    text = served.get("/readyz").text
    assert "s3cret" not in text
    assert "me@home" not in text
