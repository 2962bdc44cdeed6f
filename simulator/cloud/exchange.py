"""One request to the cloud and its answer: what faults.Exchange promises to faults."""

from dataclasses import dataclass
from http import HTTPStatus

from simulator.cloud.call import TOKEN_PATH, Call, is_api
from simulator.cloud.counters import CloudCounters
from simulator.cloud.desk import CloudDesk
from simulator.cloud.login import CODE_GRANT, REFRESH_GRANT
from simulator.exchange import BaseExchange, Line, Wire
from simulator.wire import Answer


@dataclass(slots=True, kw_only=True)
class CloudHub(Line):
    """What all connections of one cloud share."""

    desk: CloudDesk
    counters: CloudCounters


class CloudExchange(BaseExchange):
    """One request by any HTTP."""

    def __init__(self, wire: Wire, hub: CloudHub, call: Call, now_s: float) -> None:
        super().__init__(wire, hub, call.method, call.path)
        self._hub = hub
        self._call = call
        self._now_s = now_s

    @property
    def now_s(self) -> float:
        """When it was asked."""
        return self._now_s

    def run(self) -> None:
        """Answer, or misbehave."""
        call, counters = self._call, self._hub.counters
        counters.called(call.method, call.path, call.http, call.tls)
        if call.method == "POST" and is_api(call.path):
            counters.wrote(call.method, call.path, call.body, first=call.first)
        super().run()

    def normal(self, password: str | None = None) -> Answer:
        """Make the answer that would have been given; no password opens anything else here."""
        del password
        return self._hub.desk.answer(self._call)

    def note(self, answer: Answer) -> None:
        """Count a login or a refresh by the answer that it got, be it from a fault."""
        if (self.method, self.path) != ("POST", TOKEN_PATH):
            return
        accepted = answer.status == HTTPStatus.OK
        match self._call.form.get("grant_type"):
            case grant if grant == CODE_GRANT:
                self._hub.counters.login(accepted=accepted)
            case grant if grant == REFRESH_GRANT:
                self._hub.counters.refreshed(accepted=accepted)

    def forget_session(self) -> None:
        """End the access token that this request came with."""
        self._hub.desk.ledger.forget(self._call.bearer)

    def forget_sessions(self) -> None:
        """End every access token."""
        self._hub.desk.ledger.forget_all()
