"""The login: authorize, its form, and the token endpoint with PKCE checked."""

import hmac
from collections.abc import Callable, Mapping
from html import escape
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from simulator.cloud.call import (
    AUTHORIZE_PATH,
    LOGOUT_PATH,
    TOKEN_PATH,
    VOID_PATH,
    Call,
    oauth_error,
)
from simulator.cloud.ledger import Invalid, Ledger
from simulator.cloud.tokens import CLIENT_ID, CODE, REFRESH, How
from simulator.faults import Faults
from simulator.wire import HTML_TYPE, NOT_FOUND, Answer, json_answer

APP_CALLBACK: Final = "tesla://auth/callback"
CODE_GRANT: Final = "authorization_code"
REFRESH_GRANT: Final = "refresh_token"
VOID_REFUSED: Final = "void_callback_refused"
NOT_ROTATED: Final = "not_rotated"
_UNREGISTERED: Final = "redirect_uri not registered for this client_id"
_WANTED: Final = {
    "client_id": CLIENT_ID,
    "response_type": "code",
    "code_challenge_method": "S256",
}


def page(title: str, body: str, status: int = HTTPStatus.OK) -> Answer:
    """Write a small web page; the body is HTML."""
    text = f"<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>"
    return Answer(status, text.encode(), HTML_TYPE)


def login_form(email: str, trouble: str, status: int) -> Answer:
    """Write the form; it is sent to the address that it has."""
    return page(
        "Tesla SSO (simulated)",
        f"<h1>Sign in (simulated)</h1><p>{escape(trouble)}</p><form method=post>"
        f'<input name=identity type=email value="{escape(email)}"> '
        "<input name=credential type=password> <button>Sign in</button></form>",
        status,
    )


# Where a browser of the older way ends: there is nothing but its address.
_VOID_PAGE: Final = page("Page Not Found", "<h1>Page Not Found</h1>", HTTPStatus.NOT_FOUND)
_LOGGED_OUT: Final = page("Tesla SSO (simulated)", "<p>Signed out</p>")


def request_trouble(query: Mapping[str, str]) -> str:
    """Say what is wrong with a request to authorize; nothing where all is well."""
    for name, value in _WANTED.items():
        if query.get(name) != value:
            return f"{name} must be {value}"
    for name in ("state", "code_challenge"):
        if not query.get(name):
            return f"{name} is missing"
    return ""


class Login:
    """Answers what is not the API's.

    The form takes the account's e-mail and its password, any where it has none. At
    once means no form: a redirect there is what clients with a login_hint take for
    the way to another region's host.
    """

    def __init__(
        self,
        ledger: Ledger,
        faults: Faults,
        *,
        password: str | None,
        at_once: bool,
        sso_url: Callable[[], str],
    ) -> None:
        self._ledger = ledger
        self._faults = faults
        self._password = password
        self._at_once = at_once
        self._sso_url = sso_url
        self._rows: dict[tuple[str, str], Callable[[Call], Answer]] = {
            ("GET", AUTHORIZE_PATH): self._ask,
            ("POST", AUTHORIZE_PATH): self._take,
            ("POST", TOKEN_PATH): self._token,
            ("GET", LOGOUT_PATH): lambda _call: _LOGGED_OUT,
            ("GET", VOID_PATH): lambda _call: _VOID_PAGE,
        }
        self._grants: dict[str, Callable[[Mapping[str, str], Call], Answer]] = {
            CODE_GRANT: self._redeem,
            REFRESH_GRANT: self._refresh,
        }

    def answer(self, call: Call) -> Answer:
        """Answer one request."""
        row = self._rows.get((call.method, call.path))
        return NOT_FOUND if row is None else row(call)

    def _ask(self, call: Call) -> Answer:
        query = call.query
        refusal = self._refusal(query)
        if refusal is not None:
            return refusal
        if self._at_once:
            return self._send_back(query)
        return login_form(query.get("login_hint", ""), "", HTTPStatus.OK)

    def _take(self, call: Call) -> Answer:
        query, form = call.query, call.form
        refusal = self._refusal(query)
        if refusal is not None:
            return refusal
        email, password = form.get("identity", ""), form.get("credential", "")
        right = self._password is None or hmac.compare_digest(
            password.encode(), self._password.encode()
        )
        if not right or email.lower() != self._ledger.email.lower():
            trouble = "We could not sign you in: e-mail or password is wrong."
            return login_form(email, trouble, HTTPStatus.UNAUTHORIZED)
        return self._send_back(query)

    def _refusal(self, query: Mapping[str, str]) -> Answer | None:
        """Refuse on a page: nobody is sent to an address that is not known to be good."""
        trouble = request_trouble(query)
        if not trouble and query.get("redirect_uri", "") not in self._callbacks():
            trouble = _UNREGISTERED
        if not trouble:
            return None
        return page("Error", f"<p>{escape(trouble)}</p>", HTTPStatus.BAD_REQUEST)

    def _callbacks(self) -> set[str]:
        if self._faults.find(VOID_REFUSED):
            return {APP_CALLBACK}
        return {APP_CALLBACK, f"{self._sso_url()}{VOID_PATH}"}

    def _send_back(self, query: Mapping[str, str]) -> Answer:
        callback = query["redirect_uri"]
        code = self._ledger.authorize(query["code_challenge"], callback)
        more = urlencode({"code": code, "state": query["state"], "issuer": self._issuer()})
        return Answer(HTTPStatus.FOUND, headers=(("location", f"{callback}?{more}"),))

    def _issuer(self) -> str:
        return f"{self._sso_url()}/oauth2/v3"

    def _token(self, call: Call) -> Answer:
        form = call.form
        if form.get("client_id") != CLIENT_ID:
            return oauth_error("invalid_request", f"client_id must be {CLIENT_ID}, in a form")
        grant = self._grants.get(form.get("grant_type", ""))
        if grant is None:
            return oauth_error("invalid_request", "grant_type is missing or unknown")
        return grant(form, call)

    def _redeem(self, form: Mapping[str, str], call: Call) -> Answer:
        shown = [form.get(name, "") for name in ("code", "code_verifier", "redirect_uri")]
        if not all(shown):
            return oauth_error("invalid_request", "code, code_verifier or redirect_uri is missing")
        code, verifier, callback = shown
        try:
            reply = self._ledger.redeem(code, verifier, callback, How(CODE, call.http, call.tls))
        except Invalid as error:
            return oauth_error("invalid_grant", str(error))
        return _tokens(reply)

    def _refresh(self, form: Mapping[str, str], call: Call) -> Answer:
        token = form.get("refresh_token", "")
        if not token:
            return oauth_error("invalid_request", "refresh_token is missing")
        rotate = self._faults.find(NOT_ROTATED) is None
        how = How(REFRESH, call.http, call.tls)
        try:
            reply = self._ledger.refresh(token, how, rotate=rotate)
        except Invalid as error:
            return oauth_error("login_required", str(error), HTTPStatus.UNAUTHORIZED)
        return _tokens(reply)


def _tokens(reply: Mapping[str, Any]) -> Answer:
    return json_answer(reply)
