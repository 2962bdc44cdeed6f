"""The control token: who shows it, and who has shown too many wrong ones."""

from __future__ import annotations

import logging
from collections.abc import Collection
from math import ceil

import falcon
from falcon.asgi import Request

from proxy.access import address_of, bearers, is_one_of, shown
from proxy.desk import Desk

from .denied import Denied
from .throttle import REST_S, TRIES, home_of

INVALID_TOKEN = "Control Command Token Invalid"  # noqa: S105 - what clients know
BEARER = {"WWW-Authenticate": "Bearer"}
_log = logging.getLogger(__name__)


def let_rest(desk: Desk, request: Request) -> None:
    """Refuse whoever is at rest, whatever is shown: else guessing would go on.

    Raises:
        Denied: 429, with the time to wait.
    """
    for_s = desk.throttle.rests_for_s(home_of(address_of(request)), desk.site.now_s())
    if for_s > 0:
        wait_s = str(ceil(for_s))
        raise Denied(
            f"Control Command Error: {TRIES} wrong tokens",
            reason=f"listened to again in {wait_s} s",
            status=falcon.HTTP_429,
            headers={"Retry-After": wait_s},
        )


def require_token(desk: Desk, request: Request, tokens: Collection[bytes]) -> None:
    """Ask a command for the token: a field of its body or a bearer; the query does not count.

    Raises:
        Denied: It is not shown, or it is wrong, or its address is at rest.
    """
    if not _knows(desk, request, [*bearers(request), *tokens]):
        raise Denied(
            INVALID_TOKEN,
            reason="show PW_CONTROL_SECRET as the field token or as Authorization: Bearer",
            status=falcon.HTTP_401,
            more={"unauthorized": INVALID_TOKEN},
            headers=BEARER,
            counts=False,
        )


def shows_token(desk: Desk, request: Request) -> bool:
    """Whether a read shows the control token, as a bearer or in the query.

    Raises:
        Denied: Its address is at rest.
    """
    return _knows(desk, request, shown(request))


def _knows(desk: Desk, request: Request, tokens: Collection[bytes]) -> bool:
    settings = desk.settings
    secret, read_token = settings.control_secret, settings.read_token
    # Who has to show the read token as well does not guess the other one.
    guesses = [
        one
        for one in tokens
        if one and (is_one_of(secret, [one]) or not is_one_of(read_token, [one]))
    ]
    if not guesses or not secret:
        return False
    let_rest(desk, request)
    if is_one_of(secret, guesses):
        return True
    address, now_s = home_of(address_of(request)), desk.site.now_s()
    if any([desk.throttle.wrong(address, now_s) for _ in guesses]):  # noqa: C419 - each counts
        _log.warning(
            "%s has shown %d wrong control tokens within a minute: its commands rest for %.0f s",
            address,
            TRIES,
            REST_S,
        )
    return False
