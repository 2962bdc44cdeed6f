"""One Tesla account: its tokens, and what the answers of Tesla's servers mean.

Rule: nothing here decides when to refresh or to try again; the lane does. A token is refreshed
when it has ended or was refused with 401, never on 403: since June 2026 Tesla refuses tokens it
has just made, and who refreshes in a loop is locked out altogether.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urljoin

import requests
import teslapy
from oauthlib.oauth2 import OAuth2Error

from pypowerwall_core.backends.local.documents import quoted
from pypowerwall_core.errors import BadSetting, LogInAgain, NotSetUp
from pypowerwall_core.fields import text
from pypowerwall_core.redact import Secrets

from .answers import (
    SETUP,
    grant_answer,
    refusal,
    unreachable,
    unwrapped,
    write_refusal,
    write_unreachable,
)
from .files import Stamp, TokenFile, expires_at_s, token
from .http2 import Http2Adapter, take_road
from .regions import login_of
from .storing import unwritable

EARLY_S = 60.0
"""A token that ends so soon might end on the way."""
REFRESH_ENDS_S = 1.0
"""What a stop waits for it; the whole proxy has 5 s to end."""
STORE_EVERY_S = 60.0
FORBIDDEN = 403
TOKENS = ("access_token", "refresh_token", "id_token")
_log = logging.getLogger(__name__)
# At debug these write tokens that nobody can have hidden yet, and each header by itself.
for _name in ("requests_oauthlib", "oauthlib", "hpack", "httpcore"):
    logging.getLogger(_name).setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Servers:
    """Where Tesla's servers are.

    Attributes:
        sso: The login's; "" is the one that the account's file names.
        api: The data's; "" is that of the account's region, see open_cloud.
        ca_file: Trust these authorities instead of the usual ones.
    """

    sso: str = ""
    api: str = ""
    ca_file: str | None = None


@dataclass(slots=True)
class CloudSession:
    """An account that asks with its token.

    Attributes:
        email: Whose account.
        tokens: Where its tokens live; others may write there too.
        _filed: What the file had when it was read or written last.
        _outdated: The same, where newer tokens could not be written.
    """

    email: str
    tokens: TokenFile
    servers: Servers
    secrets: Secrets
    timeout_s: float = 5.0
    clock: Callable[[], float] = time.time
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _tesla: teslapy.Tesla | None = None
    _forgotten: bool = False
    _forbidden: bool = False
    _filed: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _outdated: Mapping[str, Any] | None = field(default=None, repr=False)
    _tried_s: float = 0.0
    _seen: Stamp = None

    @property
    def has_session(self) -> bool:
        """Whether there is a token to show."""
        account = self._account()
        return bool(token(account, "access_token")) and self._lasts(account) and not self._forgotten

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Return what is in the envelope of an answer: the document under `response`.

        Raises:
            PowerwallError: Named by what to do, see `errors`.
        """
        try:
            answer = self._send("GET", path, params=params)
        except requests.RequestException as error:
            raise unreachable(error, self.secrets.masked) from error
        if answer.status_code != requests.codes.ok:
            raise refusal(answer, self.secrets.masked)
        return unwrapped(answer, self.secrets.masked)

    def post(self, path: str, document: Any) -> Any:
        """Send a document once and return what is in the envelope of the answer.

        Raises:
            NotSent: There was no connection.
            LogInAgain: 401, so nothing was carried out.
            NotPermitted: 403.
            Refused: Another 4xx: it was read and refused.
            PowerwallError: It may or may not have been carried out.
        """
        try:
            answer = self._send("POST", path, json=document)
        except requests.RequestException as error:
            raise write_unreachable(error, self.secrets.masked) from error
        if not 200 <= answer.status_code < 300:  # noqa: PLR2004 - the good statuses
            raise write_refusal(answer, self.secrets.masked)
        return unwrapped(answer, self.secrets.masked)

    def login(self) -> None:
        """Refresh the token, unless another program has: then take over its tokens.

        Raises:
            NotSetUp: Tesla does not take the refresh token any more.
            PowerwallError: Tesla cannot answer just now.
        """
        with self._lock:
            tesla = self._opened()
            if self._adopt() and self.has_session:
                return
            refresh_token = token(self._account(), "refresh_token")
            if not refresh_token:
                raise NotSetUp("no refresh token is stored", remedy=SETUP)
            try:
                tesla.refresh_token(refresh_token=refresh_token)
            except OAuth2Error as error:
                self._outdated = None  # what was not stored is void: the file may have better
                if self._adopt() and self.has_session:
                    return  # who has the same file was quicker, and told Tesla's answer there
                said = quoted(f"{error}", self.secrets.masked)
                raise NotSetUp(f"the token is not renewed: {said}", remedy=SETUP) from error
            except requests.RequestException as error:
                raise unreachable(error, self.secrets.masked) from error
            self._forgotten = False

    def has_news(self) -> bool:
        """Whether the file has other tokens since it was read or written last: then take them.

        Asked again and again it costs a look at the file's date.
        """
        with self._lock:
            if self.tokens.stamp() == self._seen:
                return False
            if self._tesla is not None:
                return self._adopt()
            try:
                return bool(token(self._stored(), "refresh_token"))
            except NotSetUp:
                return False

    def forget(self) -> None:
        """Show no token until the next login; the file keeps it."""
        self._forgotten = True

    def close(self) -> None:
        """Drop the connections; the tokens stay valid.

        A refresh under way is given a moment: Tesla's answer to it comes once, and the token it
        was asked with is void.
        """
        is_idle = self._lock.acquire(timeout=REFRESH_ENDS_S)
        try:
            if self._tesla is not None:
                self._tesla.close()
        finally:
            if is_idle:
                self._lock.release()

    # -- the road ------------------------------------------------------------------------------

    def _send(self, method: str, path: str, **what: Any) -> requests.Response:
        with self._lock:
            tesla = self._opened()
            # Whoever was forbidden was told to log in anew: perhaps somebody has.
            if not self._forgotten and (self._forbidden or not self.has_session):
                self._adopt()
            if self._outdated is not None:
                self._store_late()
            if not self.has_session:
                raise LogInAgain("the token has ended", ended=True)
            shown = {"Authorization": f"Bearer {token(self._account(), 'access_token')}"}
        url = f"{self.servers.api.rstrip('/')}{path}"
        # The library's own way knows one host of Tesla's by heart, returns only the text of an
        # answer, and refreshes when it thinks fit.
        answer: requests.Response = teslapy.OAuth2Session.request(
            tesla, method, url, headers=shown, withhold_token=True, **what
        )
        self._forbidden = answer.status_code == FORBIDDEN
        return answer

    def _opened(self) -> teslapy.Tesla:
        """Return the library's session, made when it is needed first."""
        if self._tesla is None:
            account = self._stored()
            sso = self.servers.sso or login_of(text(account.get("url")) or "")
            tesla = teslapy.Tesla(
                self.email,
                timeout=self.timeout_s,
                cache_loader=dict,
                cache_dumper=self._dump,
                sso_base_url=urljoin(sso, "/"),  # it tells the login by how addresses begin
            )
            take_road(tesla, Http2Adapter(timeout_s=self.timeout_s, ca_file=self.servers.ca_file))
            granted = partial(grant_answer, masked=self.secrets.masked)
            tesla.register_compliance_hook("refresh_token_response", granted)
            tesla.token = _shown(account)
            self._tesla = tesla
        return self._tesla

    # -- the tokens ----------------------------------------------------------------------------

    def _account(self) -> Mapping[str, Any]:
        if self._tesla is None:
            return self._stored()
        return {"sso": dict(self._tesla.token or {})}

    def _lasts(self, account: Mapping[str, Any]) -> bool:
        return expires_at_s(account) - EARLY_S > self.clock()

    def _stored(self) -> Mapping[str, Any]:
        self._seen = self.tokens.stamp()  # before it is read: what comes between is news
        try:
            account = self.tokens.load().get(self.email, {})
        except BadSetting as error:
            raise NotSetUp(f"{error}") from error
        self._hide(account)
        self._filed = _shown(account)
        return account

    def _adopt(self) -> bool:
        """Take over what another program has stored since; whether there was such a thing.

        Also where its access token has ended: of two refresh tokens the later one is good.
        """
        try:
            stored = _shown(self._stored())
        except NotSetUp:
            return False  # what is in memory may still be good, and replaces that file
        known = _shown(self._account())
        is_other = any(stored[name] != known[name] for name in ("access_token", "refresh_token"))
        is_outdated = stored == self._outdated or not stored["refresh_token"]
        if self._tesla is None or is_outdated or not is_other:
            return False
        self._tesla.token = stored
        self._forgotten = self._forbidden = False
        self._outdated = None
        return True

    def _dump(self, cache: Mapping[str, Any]) -> None:
        """Store what the library got: at once, as a refresh token is valid only once."""
        account = cache.get(self.email) or {}
        self._hide(account)
        if (error := self._store(account)) is not None:
            _log.warning(
                "%s cannot be written (%s): the tokens are lost when this program ends, and "
                "Tesla then wants a new login. Make PW_AUTH_PATH writable, for tokens alone.",
                self.tokens.path,
                error.strerror,
            )

    def _store(self, account: Mapping[str, Any]) -> OSError | None:
        self._tried_s = self.clock()
        try:
            self.tokens.save(self.email, account)
        except OSError as error:
            self._outdated = self._filed
            return error
        self._seen = self.tokens.stamp()
        self._filed, self._outdated = _shown(account), None
        return None

    def _store_late(self) -> None:
        """Store what could not be stored when it came, unless somebody has stored better since.

        People mend the folder as they were told, and start anew: the tokens must be there then.
        """
        waited_s = self.clock() - self._tried_s
        if self._adopt() or 0 <= waited_s < STORE_EVERY_S or self._tesla is None:
            return
        self._tried_s = self.clock()
        if unwritable(self.tokens.path.parent) is not None:
            return
        account = {"url": self._tesla.sso_base_url, "sso": self._tesla.token}
        if self._store(account) is None:
            _log.info("%s can be written again: the tokens are stored", self.tokens.path)

    def _hide(self, account: Mapping[str, Any]) -> None:
        for name in TOKENS:
            self.secrets.hide_token(token(account, name))


def _shown(account: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tokens of an account as the library takes them, whatever a file has."""
    return {
        "token_type": "Bearer",
        "access_token": token(account, "access_token"),
        "refresh_token": token(account, "refresh_token"),
        "expires_at": expires_at_s(account),
    }
