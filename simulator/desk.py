"""The front desk: who asked for what, and the answer a healthy gateway gives.

It knows no sockets; every rule of access is here and nowhere else.
"""

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from simulator.clerk import Clerk
from simulator.counters import Counters
from simulator.documents import login_time
from simulator.endpoints import (
    ACTING_PATHS,
    COMPLETED_PATH,
    LOGIN_PATH,
    LOGOUT_PATH,
    RESTRICTED_POSTS,
    RUN_PATH,
    find,
)
from simulator.faults import Faults
from simulator.plant import Plant
from simulator.sessions import (
    LIMITED,
    Limiter,
    Sessions,
    check,
    login_record,
    login_reply,
    logout_reply,
    parse_login,
)
from simulator.system import System
from simulator.view import View
from simulator.wire import NOT_FOUND, Answer, error_answer, no_access

# More logins than this in a minute are refused; the true figure is not known.
LOGIN_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Request:
    """A request, as far as answers depend on it, and whether it was its connection's first."""

    method: str
    path: str
    token: str | None
    body: bytes = b""
    content_type: str = ""
    first: bool = False


class Desk:
    """Answers requests for one system."""

    def __init__(
        self,
        system: System,
        plant: Plant,
        faults: Faults,
        counters: Counters,
        sessions: Sessions,
        *,
        password: str,
    ) -> None:
        self.sessions = sessions
        self.login_limit: int | None = LOGIN_LIMIT
        self.allow_operation = False
        self.clerk = Clerk(plant, faults)
        self._limiter = Limiter(sessions.monotonic)
        self._system = system
        self._plant = plant
        self._faults = faults
        self._counters = counters
        self._password = password
        self._acts = {RUN_PATH: self._run, COMPLETED_PATH: self.clerk.complete}

    def view(self) -> View:
        """Look at the plant, through the faults that bend it."""
        return self._faults.alter(self._plant.view())

    def answer(self, request: Request, password: str | None = None) -> Answer:
        """Answer as a healthy gateway does; a password may stand in for the usual one."""
        match request.method, request.path:
            case "POST", path if path == LOGIN_PATH:
                return self._login(request, password or self._password)
            case "GET", path if path == LOGOUT_PATH:
                self.sessions.forget(request.token)
                return logout_reply()
            case "GET", path if path in ACTING_PATHS and self.serves(path):
                return self._act(request)
            case "GET", path:
                return self._read(path, request.token)
            case "POST", path if self.serves(path):
                return self._write(request)
        return NOT_FOUND

    def serves(self, path: str) -> bool:
        """Say whether this system has such a path, for whomever and for whatever method."""
        system = self._now(self.view())
        if path in ACTING_PATHS | RESTRICTED_POSTS:
            return system.serves(path)
        return find(system, path) is not None

    def _now(self, view: View) -> System:
        return self._system.updated(view.firmware)

    def _act(self, request: Request) -> Answer:
        if not self.sessions.valid(request.token, self.view().up_s):
            return no_access("GET")
        self._acts[request.path]()
        return Answer(HTTPStatus.ACCEPTED)

    def _run(self) -> None:
        """Start the site controller, which a login may have stopped."""
        self._faults.stop("stopped")

    def _write(self, request: Request) -> Answer:
        """Take a write of those who may: the gateway does not say what others lack."""
        view = self.view()
        system = self._now(view)
        allowed = self.allow_operation or system.customer_writes
        if not allowed or not self.sessions.valid(request.token, view.up_s):
            return no_access("POST")
        return self.clerk.take(request.path, request.body, system)

    def _read(self, path: str, token: str | None) -> Answer:
        view = self.view()
        system = self._now(view)
        endpoint = find(system, path)
        # Which paths exist is no secret: 404 needs no session.
        if endpoint is None:
            return NOT_FOUND
        if not endpoint.open and not self.sessions.valid(token, view.up_s):
            return no_access("GET")
        seen = self._faults.alter_for(path, view)
        return endpoint.answer(system, seen, partial(self._faults.edit, path))

    def _login(self, request: Request, password: str) -> Answer:
        if not self._limiter.allows(self.login_limit):
            return LIMITED
        credentials = parse_login(request.body, request.content_type)
        if credentials is None:
            return error_answer(400, "invalid request body", "Login Error")
        refusal = check(credentials, password, self._system.gateway_serial)
        if refusal is not None:
            return refusal
        view = self.view()
        # The oldest firmware stops whatever the client says of it.
        if credentials.force_sm_off or self._now(view).old:
            # It stops the site controller, and the house's meters with it.
            self._faults.start("stopped")
        record = login_record(self.sessions.open(), credentials.email, login_time(view))
        return login_reply(self._faults.edit(LOGIN_PATH, record))

    def note(self, request: Request, answer: Answer) -> None:
        """Count a login by the answer that it got, be it from here or from a fault."""
        if request.path == LOGIN_PATH and request.method == "POST":
            self._counters.login(accepted=answer.status == HTTPStatus.OK)
