"""`Powerwall`: the library as scripts have always called it.

    from pypowerwall_core import Powerwall

    with Powerwall("192.168.1.50", "ABCDE") as pw:
        print(pw.level(), pw.power())

One gateway, one session, one lane and one memory lie beneath, those of the proxy: a value is
fetched at most every `pwcacheexpire` seconds however often it is asked for, and a gateway in
trouble is left alone. Names and shapes are those of pypowerwall 0.8.1 and of later ones where
a gateway can serve them.
"""

from __future__ import annotations

import logging
import threading
import weakref
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from . import payloads
from .backends.local.address import Address, parse_address
from .backends.local.session import Credentials
from .backends.local.sessionfile import BEARER
from .build import ControlConfig
from .client import Client, sentences
from .connect import GatewayConfig
from .debug import SECRETS
from .errors import BadSetting, PowerwallError
from .exceptions import PyPowerwallInvalidConfigurationParameter
from .powerwall_reads import Reads, as_text
from .powerwall_writes import Writes
from .site import Site

if TYPE_CHECKING:  # what it stands on is large, and not everybody has an account
    from .backends.cloud.connect import CloudConfig

LOCAL, CLOUD, UNKNOWN = "local", "cloud", "unknown"
SITE_NAME_PATH = "/api/site_info/site_name"
CACHE_TTL_S = 30.0
RETRY_S = 30.0
_NO_FLEET = "the Fleet API is not served: give the address of the gateway as host"
_MOOT = ("gw_pwd", "rsa_key_path", "wifi_host")
_log = logging.getLogger(__name__)


class Powerwall(Reads, Writes):
    """A Powerwall to ask.

    Making one connects, and does not raise when that fails: see `is_connected`. Its threads
    end with `close`, at the end of a `with`, or when nobody holds it any more.

    Args:
        host: The gateway: HOST, HOST:PORT or [IPv6]:PORT. Empty means cloud mode.
        password: The customer's password.
        email: Sent along with the login, nothing else.
        timezone: The same.
        pwcacheexpire: Seconds a reading counts as new; below 1 counts as 1.
        timeout: Seconds for connecting and for each read, or a pair of them, of which the
            longer counts. A question is answered within twice as long.
        poolmaxsize: Connections kept open; 0 closes each after its request.
        siteid: Which site of a Tesla account.
        authpath: Folder of the files of a Tesla account.
        authmode: How the session is shown to the gateway: cookie or token.
        cachefile: File of the gateway session; others of ours stand beside it.
        auto_select: Take what is there: the gateway if a host is given, else a Tesla account.
        retry_modes: Do not return before it is connected.
        gw_pwd, rsa_key_path, wifi_host, tedapi_api_version, tedapi_auth_mode, failover,
            wifi_v1r_fallback: Taken for scripts that give them; TEDAPI is not served.

    Raises:
        PyPowerwallInvalidConfigurationParameter: An argument cannot be used.

    Attributes:
        mode: "local", "cloud" or "unknown".
        client: What carries questions and commands out.
    """

    client: Client
    _retry_s = RETRY_S

    def __init__(  # noqa: PLR0913, PLR0917 - the order of these is a promise to scripts
        self,
        host: str = "",
        password: str = "",
        email: str = "nobody@nowhere.com",
        timezone: str = "America/Los_Angeles",
        pwcacheexpire: float = 5,
        timeout: float | tuple[float, float] = 5,
        poolmaxsize: int = 10,
        cloudmode: bool = False,
        siteid: int | str | None = None,
        authpath: str = "",
        authmode: str = "cookie",
        cachefile: str = ".powerwall",
        fleetapi: bool = False,
        auto_select: bool = False,
        retry_modes: bool = False,
        gw_pwd: str | None = None,
        rsa_key_path: str | None = None,
        wifi_host: str | None = None,
        tedapi_api_version: Any = "V2024_06",
        tedapi_auth_mode: str = "basic",
        failover: bool = True,
        wifi_v1r_fallback: bool = False,
    ) -> None:
        del tedapi_api_version, tedapi_auth_mode, failover, wifi_v1r_fallback
        _tell_moot(gw_pwd, rsa_key_path, wifi_host)
        self.host, self.email, self.timezone = host, email, timezone
        self.pwcacheexpire, self.timeout, self.poolmaxsize = pwcacheexpire, timeout, poolmaxsize
        self.siteid, self.authmode, self.cachefile = siteid, authmode, cachefile
        self.authpath = str(Path(authpath).expanduser()) if authpath else ""
        self.mode = mode_of(host, cloudmode=cloudmode, fleetapi=fleetapi, auto_select=auto_select)
        self.cloudmode = cloudmode or not host
        self.fleetapi = fleetapi
        self.tedapi = False
        self.tedapi_mode = "off"
        self.client = _client(self, password)
        self._closed = weakref.finalize(self, self.client.close)
        self.client.start()
        self.connect(retry=retry_modes)

    def __enter__(self) -> Self:
        """Return itself, to be closed at the end of the `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Say where it is, and no secret."""
        return f"<Powerwall {self.mode} {self.host}>".replace(" >", ">")

    def close(self) -> None:
        """End the threads and connections; the session stays valid for the next one."""
        self._closed()

    def connect(self, retry: bool = False) -> bool:
        """Ask the gateway for its meters and return whether it answers.

        With `retry` not before it does: a gateway that refuses or is away is asked again every
        30 s at most, and only when its rest is over.
        """
        pause = threading.Event()
        while not (known := self.is_connected()) and retry and self._may_yet_answer():
            pause.wait(self._retry_s)
        return known

    def _may_yet_answer(self) -> bool:
        return self.mode == LOCAL and self._closed.alive

    def is_connected(self) -> bool:
        """Return whether the gateway tells its meters: it answers just now, and lets us in.

        Not by its status, as the original: a Powerwall 3 has none to tell, others tell it to
        who has a wrong password, and it is remembered for a day.
        """
        known = self.client.snapshot(payloads.AGGREGATES).known
        return bool(known) and self._closed.alive and not self.client.trouble()

    # -- any path --------------------------------------------------------------------------

    def poll(
        self,
        api: str = SITE_NAME_PATH,
        jsonformat: bool = False,
        raw: bool = False,
        recursive: bool = False,  # noqa: ARG002 - as it was
        force: bool = False,
    ) -> Any:
        """Return what the gateway says at a path: JSON, or text where it is none.

        Args:
            api: A path of the gateway; documented ones are those of the proxy.
            jsonformat: Return JSON text; `null` while nothing is known.
            raw: Return the bytes; a memory of its own, so it may cost one more request.
            recursive: Without effect.
            force: Ask anew; None while the gateway is at rest.
        """
        value = self.client.poll(api, force=force, raw=raw)
        return as_text(value, like_a_page=False) if jsonformat and not raw else value

    def post(
        self,
        api: str,
        payload: Any,
        din: str | None = None,  # noqa: ARG002 - for the cloud
        jsonformat: bool = False,
        raw: bool = False,  # noqa: ARG002 - as it was
        recursive: bool = False,  # noqa: ARG002 - as it was
    ) -> Any:
        """Send a document to a path of the gateway, once, and return what it answers, or None.

        It is sent as it is: percentages of /api/operation are raw here. Nothing is read back;
        `set_operation` and the others do that.
        """
        try:
            answer = self.client.post(api, payload)
        except PowerwallError as error:
            _log.error("POST %s: %s", api, sentences(error, error.remedy))
            answer = None
        return as_text(answer, like_a_page=False) if jsonformat else answer

    # -- what scripts look at --------------------------------------------------------------

    @property
    def auth(self) -> dict[str, str]:
        """The cookies of the session: AuthCookie and UserRecord; empty without them."""
        shown = self.client.session()
        return {name: value for name, value in shown.items() if name != BEARER}

    @property
    def token(self) -> str | None:
        """The bearer token of the session, None without one."""
        return self.client.session().get(BEARER, "").removeprefix("Bearer ") or None


def mode_of(host: str, *, cloudmode: bool, fleetapi: bool, auto_select: bool) -> str:
    """Return how the Powerwall is reached: local, cloud or unknown. Pure."""
    if auto_select and host and not cloudmode and not fleetapi:
        return LOCAL
    if fleetapi:
        return UNKNOWN
    return CLOUD if cloudmode or not host else LOCAL


def _tell_moot(*values: str | None) -> None:
    for name, value in zip(_MOOT, values, strict=True):
        if value:
            _log.warning("%s has no effect: TEDAPI is not served", name)


def _client(powerwall: Powerwall, password: str) -> Client:
    """Make the client for what a Powerwall was given."""
    budget_s = 2 * _timeout_s(powerwall.timeout)
    if powerwall.mode == UNKNOWN:
        _log.warning("%s", _NO_FLEET)
        return Client(Site(trouble=_NO_FLEET), None, None, budget_s)
    if powerwall.mode == CLOUD:
        return Client.of_cloud(_account(powerwall), SECRETS, 2 * budget_s)
    config = GatewayConfig(
        address=_address(powerwall.host),
        credentials=Credentials(
            password or None,
            powerwall.email,
            powerwall.timezone,
            "token" if powerwall.authmode == "token" else "cookie",
        ),
        session_file=Path(powerwall.cachefile).expanduser() if powerwall.cachefile else None,
        cache_expire_s=max(1.0, _seconds("pwcacheexpire", powerwall.pwcacheexpire)),
        cache_ttl_s=CACHE_TTL_S,
        timeout_s=_timeout_s(powerwall.timeout),
        pool_maxsize=powerwall.poolmaxsize,
        # A proxy may have the same session file: its commands are its own.
        control=ControlConfig(allows_islanding=True, journal=""),
    )
    return Client.of(config, SECRETS, budget_s)


def _account(powerwall: Powerwall) -> CloudConfig:
    from .backends.cloud.connect import CloudConfig  # noqa: PLC0415 - its libraries are large
    from .settings.cloud import LIVE_TIMES, TIMEOUT_LEAST_S  # noqa: PLC0415 - with it

    site_id = powerwall.siteid
    return CloudConfig(
        Path(powerwall.authpath or "."),
        email=powerwall.email,
        site_id="" if site_id is None else f"{site_id}",
        live_s=LIVE_TIMES * _seconds("pwcacheexpire", powerwall.pwcacheexpire),
        timeout_s=max(TIMEOUT_LEAST_S, _timeout_s(powerwall.timeout)),
        control=ControlConfig(via=(CLOUD,), journal=""),
    )


def _address(host: str) -> Address:
    try:
        return parse_address(host)
    except (BadSetting, ValueError) as error:
        raise PyPowerwallInvalidConfigurationParameter(f"host: {error}") from error


def _timeout_s(timeout: float | tuple[float, float]) -> float:
    parts = timeout if isinstance(timeout, tuple) else (timeout,)
    longest_s = max((_seconds("timeout", part) for part in parts), default=0.0)
    if not longest_s > 0:
        raise PyPowerwallInvalidConfigurationParameter(f"timeout: {timeout!r} is no time to wait")
    return longest_s


def _seconds(name: str, value: Any) -> float:
    if not isinstance(value, int | float) or not 0 <= value < inf:
        raise PyPowerwallInvalidConfigurationParameter(f"{name}: {value!r} is no number of seconds")
    return float(value)
