"""The table of stories: what brings the lane to rest, or one path, or what nobody notices.

Documents that are merely strange are in `oddities`.
"""

from __future__ import annotations

from typing import Any

from simulator.endpoints import LOGIN_PATH

from .trouble import AGGREGATES, CORE, SOE, SOLAR_POWERWALL, VITALS, Trouble

IMPATIENT = {"PW_TIMEOUT": "1"}
DRIPS = {"seconds": 0.2}
"""Well within that, on a busy machine too: no read is to time out."""
EACH_ITS_CONNECTION = {"PW_POOL_MAXSIZE": "0"}
"""For what only new connections feel."""
NEW_PASSWORD = "N3w_4-me"
VITALS_PATH = "/api/devices/vitals"
SOE_PATH = "/api/system_status/soe"
AGGREGATES_PATH = "/api/meters/aggregates"
UNREAD_PATHS = ("/api/powerwalls/phase_usages", "other")
_NO_ANSWER = "down: no answer within 1 s"
_LATE = "down: no complete answer within 2 s"
_DENIED = "User does not have adequate access rights"
_LOGIN_REFUSED = "wrong password: the login was refused: Login Error - "
_NOT_FOR_US = f"HTTP 403: {_DENIED} - Unable to GET to resource"
_CHECK = "Check PW_HOST"


def _down(fault: str, says: str, remedy: str = "", **more: Any) -> Trouble:
    """Values are remembered for a while; the lane asks more and more rarely."""
    return Trouble(fault, **{"says": says, "remedy": remedy, "state": "down", "ill": CORE, **more})


def _shut(fault: str, state: str, says: str, remedy: str, **more: Any) -> Trouble:
    """One login is tried, then the lane rests for a minute."""
    person = {"state": state, "logins": 1, "rests_s": 60.0, "recovers": False}
    return _down(fault, says, remedy, **{**person, **more})


def _alone(
    fault: str,
    variant: str,
    rest: tuple[str, float],
    why: str,
    *,
    route: str = VITALS,
    path: str = VITALS_PATH,
    narrowed: bool = False,
    **more: Any,
) -> Trouble:
    """One path is left alone, asked once or twice; all others stay fresh."""
    state, for_s = rest
    again = f"{for_s:.0f} s" if for_s < 120 else f"{for_s / 60:.0f} min"
    usual = {
        "variant": variant,
        "path": path if narrowed else None,
        "ill": (route,),
        "rests": {path: rest},
        "asked": {path: 2},
        "says": f"{path} {state} ({why}), asked again in {again}",
        "recovers": False,
    }
    return Trouble(fault, **{**usual, **more})


LANE = (
    # The line.
    _down("silent", _NO_ANSWER, _CHECK, settings=IMPATIENT),
    _down("slow", _NO_ANSWER, _CHECK, variant="too late", settings=IMPATIENT),
    _down("stalled", _NO_ANSWER, _CHECK, settings=IMPATIENT),
    _down("dripping", _LATE, "overloaded", options=DRIPS, settings=IMPATIENT, system="novitals"),
    _down(
        "dripping",
        _LATE,
        "overloaded",
        variant="headers",
        options={"headers": True, **DRIPS},
        settings=IMPATIENT,
    ),
    _down("high_cpu", _NO_ANSWER, _CHECK, variant="too late", settings=IMPATIENT),
    _down(
        "crowded",
        _NO_ANSWER,
        _CHECK,
        variant="too late",
        options={"seconds": 3},
        settings=IMPATIENT,
    ),
    _down("refusing", "down: connection re", _CHECK),
    _down("unreachable", _NO_ANSWER, _CHECK, settings=IMPATIENT),
    _down("tls_stall", _NO_ANSWER, _CHECK, settings=IMPATIENT | EACH_ITS_CONNECTION),
    _down(
        "tls_abort",
        "down: TLS handshake failed",
        "PW_HOST is a Powerwall gateway",
        settings=EACH_ITS_CONNECTION,
    ),
    _down(
        "certificate",
        "down: the gateway's certificate is not the one in PW_HOST_CERT",
        "export its certificate",
        variant="pinned",
        pinned=True,
        settings=EACH_ITS_CONNECTION,
    ),
    _down("reset", "down: connection reset", _CHECK),
    # It broke off or was reset: which of the two is the kernel's choice.
    _down("reset", "down: ", variant="in the middle of a body", options={"after": 10}),
    # Answers that are none.
    _down("empty", "down: empty body"),
    _down("truncated", "down: the answer broke off", "overloaded", system="novitals"),
    _down("truncated", "down: broken JSON", "not well", variant="honest", options={"honest": True}),
    _down("html", "down: a web page instead of JSON", r"Is PW_HOST a Powerwall gateway\?"),
    _down("null", "down: null where an object belongs", "not well"),
    _down(
        "stopped", "down: the Powerwall is stopped", "start it in Tesla's app", system="novitals"
    ),
    _down("busy", "down: HTTP 503: current config mode is busy", "updating", system="novitals"),
    # The gateway does not want us.
    _down(
        "limited",
        "rate limited: HTTP 429",
        "what else polls",
        state="rate limited",
        options={"retry_after": 2},
    ),
    _shut(
        "limited",
        "rate limited",
        "rate limited: HTTP 429",
        "what else polls",
        variant="for a minute",
        options={"retry_after": 60},
        logins=0,
        asked={AGGREGATES_PATH: 2, SOE_PATH: 2},
    ),
    _shut(
        "limited",
        "rate limited",
        "rate limited: HTTP 429",
        "what else polls",
        variant="at the login",
        path=LOGIN_PATH,
        options={"retry_after": 60},
        forgets_sessions=True,
    ),
    _shut(
        "forbidden",
        "logged in but refused",
        f"logged in but refused: HTTP 403: {_DENIED}",
        "customer's password",
    ),
    _shut(
        "wrong_password",
        "wrong password",
        f"{_LOGIN_REFUSED}bad credentials",
        "last five characters",
        forgets_sessions=True,
        system="novitals",
    ),
    _shut(
        "wrong_password",
        "wrong password",
        f"{_LOGIN_REFUSED}bad credentials",
        "last five characters",
        variant="another one",
        options={"password": NEW_PASSWORD},
        forgets_sessions=True,
    ),
    _shut(
        "physical_access",
        "wrong password",
        f"{_LOGIN_REFUSED}roles [Provider_Engineer] require physical access",
        "last five characters",
        forgets_sessions=True,
    ),
)

_GONE = ("404, was served before", 60.0)
_NEVER_THERE = ("not served", 3600.0)
_FAILING = ("failing", 60.0)
_SUN: dict[str, Any] = {
    "route": SOLAR_POWERWALL,
    "path": "/api/solar_powerwall",
    "system": "novitals",
}
_EARLY: dict[str, Any] = {"early": True, "absent": True}

PATHS = (
    _alone("no_vitals", "", _GONE, "HTTP 404"),
    _alone("no_vitals", "always", _NEVER_THERE, "HTTP 404", quietly=True, **_EARLY),
    _alone("no_solar_powerwall", "", _GONE, "HTTP 404", **_SUN),
    _alone(
        "no_solar_powerwall", "always", _NEVER_THERE, "HTTP 404", quietly=True, **_SUN, **_EARLY
    ),
    _alone("no_aggregates", "", _GONE, "HTTP 404", route=AGGREGATES, path=AGGREGATES_PATH),
    _alone("bad_vitals", "empty", _FAILING, "empty body", options={"how": "empty"}),
    _alone("bad_vitals", "garbage", _FAILING, "broken vitals", options={"how": "garbage"}),
    _alone("bad_vitals", "cut", _FAILING, "broken vitals", options={"how": "cut"}),
    _alone(
        "failing",
        "vitals",
        _FAILING,
        "HTTP 500: Failed getting phase detection information - no phase information",
        narrowed=True,
    ),
    _alone(
        "busy",
        "vitals",
        ("busy", 60.0),
        "HTTP 503: current config mode is busy - current config mode is busy",
        narrowed=True,
    ),
    _alone(
        "silent",
        "vitals",
        _FAILING,
        "no answer within 1 s",
        narrowed=True,
        settings=IMPATIENT,
    ),
    # A role: refused from the first time on, while the session opens other doors.
    _alone(
        "forbidden",
        "a role",
        ("not for our role", 3600.0),
        _NOT_FOR_US,
        narrowed=True,
        quietly=True,
        **_EARLY,
    ),
    # Refused later: that may be an expired session, which one login tells.
    _alone(
        "forbidden",
        "one path later",
        ("refused", 30.0),
        _NOT_FOR_US,
        narrowed=True,
        logins=1,
        recovers=True,
    ),
    _alone(
        "forbidden",
        "one path of the core",
        ("refused", 30.0),
        _NOT_FOR_US,
        route=SOE,
        path=SOE_PATH,
        narrowed=True,
        logins=1,
        recovers=True,
    ),
    # Twice the lane takes it for an outage, for 1 s and 2 s; all others are remembered so long.
    Trouble(
        "failing",
        "one path of the core",
        path=SOE_PATH,
        ill=(SOE,),
        rests={SOE_PATH: ("failing", 0.0)},
        settings={"PW_CACHE_TTL": "10"},
        says=f"{SOE_PATH} failing (HTTP 500: Failed getting phase detection information",
    ),
)

UNNOTICED = (
    Trouble("slow", "in time", options={"seconds": 0.2}),
    Trouble("crowded", "in time", options={"seconds": 0.1}),
    Trouble("failing", unasked=UNREAD_PATHS),
    Trouble("certificate", settings=EACH_ITS_CONNECTION),
    Trouble("expired", "401", system="novitals", logins=1),
    Trouble("expired", "403", options={"status": 403}, logins=1),
    # Refused for the session that has just expired, not for a role.
    Trouble(
        "expired",
        "on a path not read before",
        path="/api/site_info/site_name",
        surprises=True,
        logins=1,
    ),
    Trouble("sessions_lost", logins=1),
    Trouble(
        "wrong_password",
        "we know the new one",
        options={"password": NEW_PASSWORD},
        settings={"PW_PASSWORD": NEW_PASSWORD},
        forgets_sessions=True,
        logins=1,
    ),
    *(
        Trouble("wrong_type", kind, options={"type": kind})
        for kind in ("text/plain", "text/html", "application/octet-stream", "none")
    ),
)
