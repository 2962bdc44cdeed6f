"""A gateway, or what stands for it, that answers with the password: errors are on open pages."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from support.peer import Peer, answer, answers

from pypowerwall_core.backends.local.address import Address
from pypowerwall_core.backends.local.reader import LocalUpstream, sources
from pypowerwall_core.backends.local.session import Credentials, GatewaySession
from pypowerwall_core.backends.local.sessionfile import SessionFile
from pypowerwall_core.backends.local.transport import Transport
from pypowerwall_core.errors import PowerwallError
from pypowerwall_core.redact import MASK, Secrets

SECRET = "p&ss<w" + "".join(f"{number:02d}" for number in range(20))
PART = 12
"""So many letters of it in a row are no chance."""
WORDS = {"whole": f"{SECRET} is bad", "cut": "x" * 70 + SECRET}
FORMS: dict[str, Callable[[str], bytes]] = {
    "an error": lambda words: json.dumps({"error": words}).encode(),
    "an escaped error": lambda words: (
        json.dumps({"error": words}).replace("&", "\\u0026").replace("<", "\\u003c").encode()
    ),
    "a message": lambda words: json.dumps({"message": words}).encode(),
}
SOE = next(source for source in sources(5.0, 30.0) if source.name == "soe")


def raised(port: int, call: Callable[[GatewaySession], object]) -> str:
    secrets = Secrets()
    secrets.hide(SECRET)
    transport = Transport(Address("127.0.0.1", port))
    session = GatewaySession(transport, Credentials(SECRET), SessionFile(None), secrets)
    try:
        with pytest.raises(PowerwallError) as info:
            call(session)
    finally:
        session.close()
    return str(info.value)


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "500 Oops"])
def test_no_part_of_the_password_is_quoted(form: str, words: str, status: str) -> None:
    calls: dict[str, Callable[[GatewaySession], object]] = {
        "read": lambda session: LocalUpstream("gateway", session).fetch(SOE),
        "login": lambda session: session.login(),
    }
    if status != "200 OK":  # what is taken is not read
        calls["write"] = lambda session: session.post("/api/operation", {})
    for call in calls.values():
        with Peer(answers(answer(FORMS[form](words), status))) as peer:
            said = raised(peer.port, call)
        assert not any(SECRET[n : n + PART] in said for n in range(len(SECRET) - PART))
        assert MASK in said or "without a session" in said
