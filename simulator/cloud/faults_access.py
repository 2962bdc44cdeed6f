"""How the cloud refuses: tokens, by how they were come by, and logins."""

from http import HTTPStatus
from typing import Final

from simulator.cloud.call import REFUSED, SUNSET, TOKEN_PATH, UNAUTHORIZED, is_api, oauth_error
from simulator.cloud.login import NOT_ROTATED, VOID_REFUSED, page
from simulator.fault import ActiveFault, Exchange, Fault, at
from simulator.option import Option
from simulator.wire import TEXT_TYPE, Answer

DENIED: Final = page("Access Denied", "<h1>Access Denied</h1>", HTTPStatus.FORBIDDEN)


def _forbidden(exchange: Exchange, active: ActiveFault) -> None:
    answers = {
        "json": REFUSED,
        "text": Answer(HTTPStatus.FORBIDDEN, SUNSET.encode(), TEXT_TYPE),
        "html": DENIED,
    }
    exchange.send(answers[active.options["form"]])


def _unauthorized(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.send(UNAUTHORIZED)


def _expired(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.forget_session()
    exchange.send(exchange.normal())


def _rejected(exchange: Exchange, active: ActiveFault) -> None:
    error, status = active.options["error"], active.options["status"]
    exchange.send(oauth_error(error, "The refresh_token is invalid", status))


def _edge(exchange: Exchange, _active: ActiveFault) -> None:
    exchange.send(DENIED)


# What a token call has to be like so that the API takes its tokens: asked for by the desk.
ROWS: Final = (
    Fault(
        name="require_h2",
        rows=(51,),
        what="the API refuses tokens that were not asked for by HTTP/2: 403, see fleet-api",
    ),
    Fault(
        name="require_tls13",
        rows=(51,),
        what="the API refuses tokens that were not asked for by TLS 1.3",
    ),
    Fault(
        name="refuse_cold_refresh",
        rows=(51,),
        what="the API refuses refreshed tokens until it has accepted one that came from a code",
    ),
    Fault(
        name="refuse_all_refreshed",
        rows=(51,),
        what="the API refuses every refreshed token; the login goes on giving them",
    ),
    Fault(
        name="forbidden",
        rows=(51,),
        what="403 on the API whatever the token",
        concerns=is_api,
        misbehave=_forbidden,
        options={"form": Option(default="json", choices=("json", "text", "html"))},
    ),
    Fault(
        name="unauthorized",
        rows=(52,),
        what="401 on the API whatever the token",
        concerns=is_api,
        misbehave=_unauthorized,
    ),
    Fault(
        name="expired",
        rows=(52,),
        what="the access token of the next request is over, and stays so",
        concerns=is_api,
        misbehave=_expired,
        count=1,
    ),
    Fault(
        name="refresh_rejected",
        rows=(53,),
        what="the token endpoint refuses",
        concerns=at(TOKEN_PATH),
        misbehave=_rejected,
        options={
            "error": Option(
                default="login_required",
                choices=("login_required", "invalid_grant", "invalid_request"),
            ),
            "status": Option(default=401, choices=(400, 401)),
        },
    ),
    Fault(
        name="fingerprint",
        rows=(53,),
        what="the token endpoint answers 403 and a web page: the edge does not like the client",
        concerns=at(TOKEN_PATH),
        misbehave=_edge,
    ),
    Fault(
        name=NOT_ROTATED,
        rows=(53,),
        what="a refresh gives no new refresh token: the old one stays good",
    ),
    Fault(
        name=VOID_REFUSED,
        rows=(53,),
        what="authorize knows only tesla://auth/callback, no longer /void/callback",
    ),
)
