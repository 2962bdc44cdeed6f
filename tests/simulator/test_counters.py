"""What the gateway was asked."""

from typing import Any

from simulator.counters import OTHER, Counters


def test_requests_are_counted_by_path_and_the_unknown_together(sim: Any, client: Any) -> None:
    for path in ("/api/status", "/api/status", "/api/operation", "/x", "/y?z=1"):
        client.ask(path)
    assert sim.counters.snapshot() == {
        "requests": {"/api/login/Basic": 1, "/api/status": 2, "/api/operation": 1, OTHER: 2},
        "writes": {},
        "total": 6,
        "logins": 1,
        "logins_refused": 0,
        "most_in_flight": 1,
        "in_flight": 0,
        "connections": 1,
    }


def test_logins_are_counted_by_outcome(sim: Any, guest: Any) -> None:
    guest.login("wrong")
    guest.login()
    guest.login()
    snapshot = sim.counters.snapshot()
    assert (snapshot["logins"], snapshot["logins_refused"]) == (2, 1)


def test_a_reset_forgets_the_past_and_not_the_present() -> None:
    counters = Counters(["/a"])
    counters.began("/a")
    counters.began("/b")
    counters.ended()
    counters.connected()
    counters.login(accepted=True)
    assert counters.snapshot()["most_in_flight"] == 2
    counters.reset()
    assert counters.snapshot() == {
        "requests": {},
        "writes": {},
        "total": 0,
        "logins": 0,
        "logins_refused": 0,
        "most_in_flight": 1,
        "in_flight": 1,
        "connections": 0,
    }
