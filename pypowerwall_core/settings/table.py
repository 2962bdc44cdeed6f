"""The settings about reaching a gateway and treating it, the same for every program."""

from __future__ import annotations

from pathlib import Path

from . import parse
from .row import Row

GATEWAY_ROWS = (
    Row("PW_CONFIG", "config", "", parse.path, "TOML file of settings; see below."),
    Row("PW_HOST", "host", "", parse.address, "The gateway: HOST, HOST:PORT or [IPv6]:PORT."),
    Row(
        "PW_PASSWORD",
        "password",
        "",
        str,
        "Customer password; unless changed, the last five characters of the one on the label.",
        secret=True,
    ),
    Row(
        "PW_EMAIL",
        "email",
        "",
        str,
        "Which Tesla account, in cloud mode; a gateway only gets it along with the login.",
        private=True,
    ),
    Row(
        "PW_TIMEZONE", "timezone", "America/Los_Angeles", str, "Sent along with the login as well."
    ),
    Row(
        "PW_CACHE_EXPIRE",
        "cache_expire_s",
        "5",
        parse.seconds(0, 3600),
        "Seconds a reading counts as new; below 1 counts as 1.",
    ),
    Row(
        "PW_CACHE_TTL",
        "cache_ttl_s",
        "30",
        parse.seconds(0, 86400),
        "Seconds a reading is shown when the gateway gives no newer one.",
    ),
    Row(
        "PW_TIMEOUT",
        "timeout_s",
        "5",
        parse.seconds(0.1, 300),
        "Seconds to wait for a connection and for each read; a whole request gets twice as long.",
    ),
    Row(
        "PW_POOL_MAXSIZE",
        "pool_maxsize",
        "15",
        parse.whole(0, 100),
        "Connections kept open to the gateway at most; 0 closes each after its request.",
    ),
    Row(
        "PW_MAX_IN_FLIGHT",
        "max_in_flight",
        "1",
        parse.whole(1, 4),
        "Requests to the gateway at the same time. One is kind.",
    ),
    Row(
        "PW_AUTH_MODE",
        "auth_mode",
        "cookie",
        parse.choice("cookie", "token"),
        "How the session is shown to the gateway: cookie or token.",
    ),
    Row(
        "PW_AUTH_PATH",
        "auth_path",
        ".",
        parse.folder,
        "Folder of sessions, tokens and what is remembered.",
    ),
    Row(
        "PW_CACHE_FILE",
        "cache_file",
        "",
        parse.path,
        "File of the gateway session; unset is .powerwall in PW_AUTH_PATH.",
    ),
    Row(
        "PW_HOST_CERT",
        "host_cert",
        "",
        parse.path,
        "The gateway's exported certificate (PEM): trust this one and no other.",
    ),
    Row(
        "PW_NEG_SOLAR",
        "negative_solar",
        "yes",
        parse.flag,
        "no shows solar below zero as 0 and adds what the inverter draws to the home.",
    ),
    Row(
        "PW_SITE_ZERO_THRESHOLD",
        "site_zero_threshold_w",
        "0",
        parse.whole(0, 1_000_000),
        "Watts of grid power, in or out, up to which it is shown as 0.",
    ),
    Row(
        "PW_CONTROL_VIA",
        "control_via",
        "cloud,local",  # without an account that is the gateway; gateways refuse more every year
        parse.roads,
        "Who carries commands out, the first that can; cloud only where an account is set up.",
    ),
    Row(
        "PW_ALLOW_ISLANDING",
        "allow_islanding",
        "no",
        parse.flag,
        "yes lets a command take the home off the grid.",
    ),
)

CLOUD_ROWS = (
    Row(
        "PW_SITEID",
        "site_id",
        "",
        parse.site,
        "Which site of a Tesla account; unset is the one that `powerwall setup` stored.",
    ),
    Row(
        "PW_CLOUD_FALLBACK",
        "cloud_fallback",
        "no",
        parse.flag,
        "yes has Tesla's cloud tell what the gateway does not serve; its account has to be set up.",
    ),
    Row(
        "PW_CLOUD_SSO_URL",
        "cloud_sso_url",
        "",
        parse.server,
        "Another login than Tesla's, for tests: https://HOST[:PORT].",
    ),
    Row(
        "PW_CLOUD_API_URL",
        "cloud_api_url",
        "",
        parse.server,
        "Other data than Tesla's, for tests: https://HOST[:PORT].",
    ),
    Row(
        "PW_CLOUD_CA",
        "cloud_ca",
        "",
        parse.path,
        "Authorities (PEM) to trust there instead of the usual ones.",
    ),
)
"""How to reach a Tesla account, beside its e-mail address and the folder of its tokens."""

TOKEN_ROWS = (
    Row(
        "PW_CONTROL_SECRET",
        "control_secret",
        "",
        str,
        "Token that commands have to show; unset, there are none. It opens /stats/clear as well.",
        secret=True,
    ),
    Row(
        "PW_READ_TOKEN",
        "read_token",
        "",
        str,
        "Token that reads of data have to show; unset leaves them open.",
        secret=True,
    ),
)
"""What opens a running proxy: it compares them, and a command that asks it shows them."""


def session_file(cache_file: Path | None, auth_path: Path) -> Path:
    """Return where the gateway session survives a restart."""
    return cache_file or auth_path / ".powerwall"
