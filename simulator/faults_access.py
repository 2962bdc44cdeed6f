"""How the gateway refuses: sessions, roles, limits, states, and paths that are gone."""

from typing import Final

from simulator.endpoints import AGGREGATES_PATH, CLOSED_PATHS, LOGIN_PATH, VITALS_PATH
from simulator.fault import ActiveFault, Exchange, Fault, Misbehaviour, at
from simulator.faults_plant import stop
from simulator.option import Option
from simulator.sessions import BAD_CREDENTIALS, NEEDS_SWITCH
from simulator.wire import NOT_FOUND, Answer, error_answer, json_answer, no_access

SOLAR_POWERWALL: Final = "/api/solar_powerwall"
# Without the site controller these have nothing to tell.
STOPPED_PATHS: Final = frozenset(
    {
        AGGREGATES_PATH,
        "/api/system_status",
        "/api/system_status/soe",
        "/api/system_status/grid_status",
        "/api/system_status/grid_faults",
    }
)
_BUSY: Final = "current config mode is busy"
_NO_PHASES: Final = error_answer(
    500, "no phase information", "Failed getting phase detection information"
)
_NO_WIZARD: Final = error_answer(500, "Cannot Start Wizard", "Unable to stop sitemaster")


def always(answer: Answer) -> Misbehaviour:
    """Make a misbehaviour that gives one answer."""
    return lambda exchange, _active: exchange.send(answer)


def unready(exchange: Exchange, _active: ActiveFault) -> None:
    """Have no answer yet for a path that this system has."""
    exchange.send(Answer(502) if exchange.served else NOT_FOUND)


def _expired(exchange: Exchange, active: ActiveFault) -> None:
    exchange.forget_session()
    if active.options["status"] == no_access("GET").status:
        exchange.send(no_access(exchange.method))
    else:
        exchange.send(error_answer(401, "token has expired", "Token Expired"))


def _forget(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.forget_sessions()
    exchange.send(exchange.normal())


def _forbidden(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.send(no_access(exchange.method))


def _limited(exchange: Exchange, active: ActiveFault) -> None:
    exchange.send(
        error_answer(
            429,
            "Api Limit reached for this endpoint",
            "API Limit Reached",
            (("retry-after", str(active.options["retry_after"])),),
        )
    )


def _changed_password(exchange: Exchange, active: ActiveFault) -> None:
    password = active.options["password"]
    exchange.send(exchange.normal(password) if password else BAD_CREDENTIALS)


def _is_ct_config(path: str) -> bool:
    return path.startswith("/api/meters/") and path.endswith("/ct_config")


def _fails(path: str) -> bool:
    return path == "/api/powerwalls/phase_usages" or _is_ct_config(path)


def failure(path: str) -> Answer:
    """Choose the words of a 500 by what was asked."""
    if _is_ct_config(path):
        serial = path.removeprefix("/api/meters/").removesuffix("/ct_config")
        error = f"meter type must be Neurio ({serial})"
        return error_answer(500, error, "Unable to get Amp configuration")
    return _NO_WIZARD if path.startswith("/api/sitemaster") else _NO_PHASES


def _failing(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.send(failure(exchange.path))


def _without_inverter(exchange: Exchange, active: ActiveFault) -> None:
    # Which paths exist is no secret; what they say is.
    answer = exchange.normal() if active.options["how"] == "empty" else NOT_FOUND
    known = active.options["how"] == "empty" and answer.status != no_access("GET").status
    exchange.send(json_answer({}) if known else answer)


ROWS: Final = (
    Fault(
        name="limited",
        rows=(8, 9),
        what="429 with Retry-After on data; path may be the login's",
        misbehave=_limited,
        options={"retry_after": Option(default=5)},
    ),
    Fault(
        name="no_vitals",
        rows=(10, 28),
        what="vitals are 404, as on system novitals; the logins of who misreads that are counted",
        misbehave=always(NOT_FOUND),
        concerns=at(VITALS_PATH),
    ),
    Fault(
        name="expired",
        rows=(11,),
        what="401 or 403 once, and that session is forgotten",
        misbehave=_expired,
        concerns=CLOSED_PATHS.__contains__,
        count=1,
        options={"status": Option(default=401, choices=(401, 403))},
    ),
    Fault(
        name="sessions_lost",
        rows=(11,),
        what="with the next request every session is forgotten, as after a reboot",
        misbehave=_forget,
        concerns=CLOSED_PATHS.__contains__,
        count=1,
    ),
    Fault(
        name="forbidden",
        rows=(12, 13),
        what="403 whatever the session: no token, or with a path no role for it",
        misbehave=_forbidden,
        concerns=CLOSED_PATHS.__contains__,
    ),
    Fault(
        name="wrong_password",
        rows=(14, 41),
        what="login answers 401 bad credentials whatever is sent, or accepts only the new password",
        misbehave=_changed_password,
        concerns=at(LOGIN_PATH),
        options={"password": Option(default="")},
    ),
    Fault(
        name="physical_access",
        rows=(15,),
        what="login answers 401 physical access; the installer's always does",
        misbehave=always(NEEDS_SWITCH),
        concerns=at(LOGIN_PATH),
    ),
    Fault(
        name="stopped",
        rows=(16,),
        what="site controller stopped: 502 without a body on meters and system status; "
        "GET /api/sitemaster/run starts it",
        misbehave=unready,
        concerns=STOPPED_PATHS.__contains__,
        alter=stop,
    ),
    Fault(
        name="busy",
        rows=(17,),
        what="503: current config mode is busy",
        misbehave=always(error_answer(503, _BUSY, _BUSY)),
    ),
    Fault(
        name="failing",
        rows=(18,),
        what="500 on powerwalls/phase_usages and meters/SERIAL/ct_config, each in its words",
        misbehave=_failing,
        concerns=_fails,
    ),
    Fault(
        name="no_solar_powerwall",
        rows=(29,),
        what="solar_powerwall is 404 or {}",
        misbehave=_without_inverter,
        concerns=at(SOLAR_POWERWALL),
        options={"how": Option(default="missing", choices=("missing", "empty"))},
    ),
    Fault(
        name="no_aggregates",
        rows=(30,),
        what="meters/aggregates is 404",
        misbehave=always(NOT_FOUND),
        concerns=at(AGGREGATES_PATH),
    ),
)
