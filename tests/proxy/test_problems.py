"""Errors as problem documents (RFC 9457): under /api/v1, and for whoever asks for them."""

from __future__ import annotations

from typing import Any

import pytest
from falcon import testing
from support.desk import HERE, Served

PROBLEM = "application/problem+json"
WANTED = {"Accept": f"{PROBLEM}, application/json;q=0.5"}


@pytest.fixture
def served() -> Served:
    return Served()


def told(answer: testing.Result, status: int, title: str) -> dict[str, Any]:
    """Look at a problem and return it."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json
    assert set(found) == {"type", "title", "status", "detail", "instance"}
    assert found["type"] == "about:blank"
    assert (found["title"], found["status"]) == (title, status)
    assert found["detail"] not in ("", title), "it says more than its title"
    return found


def test_an_unknown_fact_is_404_and_says_where_they_are_listed(served: Served) -> None:
    found = told(served.get("/api/v1/state/soc"), 404, "Not Found")
    assert found["detail"] == "There is no fact of this name; /api/v1/state lists them."
    assert found["instance"] == "/api/v1/state/soc"
    served.world.run(10.0)
    assert served.gateway.sent == []


@pytest.mark.parametrize("path", ["/api/v1/", "/api/v1/states", "/api/v1/state/", "/api/v1/nope"])
def test_an_unknown_route_of_the_api_is_404(served: Served, path: str) -> None:
    found = told(served.get(path), 404, "Not Found")
    assert found["instance"] == path


@pytest.mark.parametrize("path", ["/api/v1/state", "/api/v1/state/power_w", "/api/v1/version"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_read_cannot_be_written(served: Served, path: str, method: str) -> None:
    answer = served.client.simulate_request(method, path, remote_addr=HERE)
    found = told(answer, 405, "Method Not Allowed")
    assert found["detail"] == "The Allow header names the methods of this route."
    assert "GET" in answer.headers["allow"]


def test_a_read_token_that_is_not_shown_is_401_and_nothing_is_looked_up() -> None:
    served = Served(PW_READ_TOKEN="let-me-read")
    for path in ("/api/v1/state", "/api/v1/state/power_w", "/api/v1/state/soc", "/api/v1/version"):
        answer = served.get(path)
        found = told(answer, 401, "Unauthorized")
        assert found["detail"] == "PW_READ_TOKEN is wanted"
        assert answer.headers["www-authenticate"] == "Bearer"
    served.world.run(10.0)
    assert served.gateway.sent == []
    shown = served.get("/api/v1/state", headers={"Authorization": "Bearer let-me-read"})
    assert shown.status_code == 200


@pytest.mark.parametrize("path", ["/readyz", "/metrics", "/api/v1/state"])
def test_readiness_metrics_and_state_are_reads_as_well(path: str) -> None:
    served = Served(PW_READ_TOKEN="let-me-read")
    assert served.get(path).status_code == 401
    assert served.get(path, query_string="token=let-me-read").status_code == 200


def test_a_page_of_settings_under_a_strange_name_is_421(served: Served) -> None:
    answer = served.get("/stats", host="powerwall.example.org", headers=WANTED)
    found = told(answer, 421, "Misdirected Request")
    assert "PW_ALLOWED_HOSTS" in found["detail"]


@pytest.mark.parametrize("path", ["/nope", "/api/logout", "/api/v2/state", "/api/v1"])
def test_who_accepts_problem_documents_gets_one_anywhere_and_others_the_error_they_know(
    served: Served, path: str
) -> None:
    told(served.get(path, headers=WANTED), 404, "Not Found")
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        answer = served.get(path, headers=headers)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store", "its form depends on who asks"
        assert answer.json == {"error": "404 Not Found"}


def test_a_text_of_which_nothing_is_known_says_so(served: Served) -> None:
    answer = served.get("/csv", headers=WANTED)
    assert answer.headers["retry-after"] == "5"
    assert told(answer, 503, "Service Unavailable")["detail"] == "nothing is known just now"


def test_who_may_not_act_is_told(served: Served) -> None:
    answer = served.get("/stats/clear", headers=WANTED, remote_addr="192.168.1.9")
    assert "control token" in told(answer, 403, "Forbidden")["detail"]


def test_a_bug_is_500_and_tells_nothing_of_its_cause(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    served.gateway.documents["soe"] = {"percentage": float("inf")}
    served.warm("/soe")
    found = told(served.get("/soe", headers=WANTED), 500, "Internal Server Error")
    assert found["detail"] == "This is a bug; the log of the proxy tells more."
    assert "bug while answering GET /soe" in caplog.text


def test_problems_are_counted_as_errors(served: Served) -> None:
    served.get("/api/v1/state/soc")
    served.get("/nope")
    assert served.get("/stats").json["errors"] == 2


def test_head_of_an_unknown_fact_is_404_as_well(served: Served) -> None:
    answer = served.client.simulate_head("/api/v1/state/soc", remote_addr=HERE)
    assert answer.status_code == 404
    assert answer.content == b""
