"""The table of settings: a row is a name, a default, a parser and a sentence.

It renders the help; a test asks that HELP.md has every row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypowerwall_core.backends.local.address import Address

from . import parse

MASK = "***"
FILE_SUFFIX = "_FILE"
YEAR_S = 366 * 86400


@dataclass(frozen=True, slots=True)
class Row:
    """A setting.

    Attributes:
        field: Its name in Settings.
        default: As it would be written in the environment; "" means unset.
        parse: Text to value; raises ValueError or BadSetting with the reason.
        secret: Never shown, and NAME_FILE may name a file that holds it.
        private: Shown as set or not set only.
        moot: Accepted and shown, but nothing depends on it; its help says why.
    """

    name: str
    field: str
    default: str
    parse: Callable[[str], Any]
    help: str
    secret: bool = False
    private: bool = False
    moot: bool = False

    @property
    def key(self) -> str:
        """Its name in a file of settings."""
        return file_key(self.name)

    def shown(self, value: Any) -> object:
        """Return its value as anybody may see it: of a secret not even the length."""
        if self.secret or self.private:
            return MASK if value else None
        if self.parse is parse.style:
            return f"{value}.js"  # as the pypowerwall proxy shows it
        if isinstance(value, tuple):
            return ",".join(value)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return str(value) if isinstance(value, Address | Path) else value


def file_key(name: str) -> str:
    """Return what a file of settings calls an environment variable."""
    return name.removeprefix("PW_").lower()


ROWS = (
    Row("PW_CONFIG", "config", "", parse.path, "TOML file of settings; see below."),
    Row("PW_BIND_ADDRESS", "bind_address", "", str, "Address to listen on; empty is all of IPv4."),
    Row("PW_PORT", "port", "8675", parse.whole(1, parse.HIGHEST_PORT), "Port to listen on."),
    Row(
        "PW_HTTPS",
        "https",
        "no",
        parse.choice("no", "http", "yes"),
        "yes serves HTTPS; http means behind a TLS front end, and as no answer sets a cookie "
        "it is the same as no.",
    ),
    Row(
        "PW_TLS_CERT",
        "tls_cert",
        "",
        parse.path,
        "Certificate for PW_HTTPS=yes (PEM, with its chain); unset is one made once, "
        "powerwall-proxy.pem in PW_AUTH_PATH.",
    ),
    Row("PW_TLS_KEY", "tls_key", "", parse.path, "Its key (PEM, without a passphrase)."),
    Row(
        "PROXY_BASE_URL",
        "base_path",
        "/",
        parse.base_path,
        "Path under which a front end shows the proxy; routes are served there and at / alike.",
    ),
    Row("PW_HOST", "host", "", parse.address, "The gateway: HOST, HOST:PORT or [IPv6]:PORT."),
    Row(
        "PW_PASSWORD",
        "password",
        "",
        str,
        "Customer password; unless changed, the last five characters of the one on the label.",
        secret=True,
    ),
    Row("PW_EMAIL", "email", "", str, "Sent along with the login, nothing else.", private=True),
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
        "PW_BROWSER_CACHE",
        "browser_cache_s",
        "0",
        parse.whole(0, YEAR_S),
        "Seconds browsers may keep the page's style, script and pictures without asking again.",
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
        "PW_CLIENT_BUDGET",
        "client_budget_s",
        "2.5",
        parse.seconds(0, 60),
        "Seconds a client waits at most for something that is not remembered.",
    ),
    Row(
        "PW_AUTH_MODE",
        "auth_mode",
        "cookie",
        parse.choice("cookie", "token"),
        "How the session is shown to the gateway: cookie or token.",
    ),
    Row("PW_AUTH_PATH", "auth_path", ".", parse.folder, "Folder of session files."),
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
        "PW_STYLE",
        "style",
        "clear",
        parse.style,
        "Style of the page: clear, black, dakboard, white, grafana, grafana-dark or solar; so far "
        "they look alike.",
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
        "PW_CONTROL_SECRET",
        "control_secret",
        "",
        str,
        "Token that commands have to show; unset, there are none. It opens /stats/clear as well.",
        secret=True,
    ),
    Row(
        "PW_CONTROL_WAIT",
        "control_wait_s",
        "5",
        parse.seconds(0, 30),
        "Seconds after which a command is answered at the latest; what comes later is in "
        "/api/v1/commands.",
    ),
    Row(
        "PW_CONTROL_VIA",
        "control_via",
        "local,cloud",
        parse.roads,
        "Who carries commands out, the first that can: local, cloud, or both in order.",
    ),
    Row(
        "PW_ALLOW_ISLANDING",
        "allow_islanding",
        "no",
        parse.flag,
        "yes lets a command take the home off the grid.",
    ),
    Row(
        "PW_READ_TOKEN",
        "read_token",
        "",
        str,
        "Token that every read has to show, except /healthz; unset leaves reads open.",
        secret=True,
    ),
    Row(
        "PW_ALLOWED_HOSTS",
        "allowed_hosts",
        "",
        parse.host_names,
        "More names under which pages that show settings may be asked for.",
    ),
    Row("PW_DEBUG", "debug", "no", parse.flag, "yes logs everything, secrets excepted."),
    Row(
        "PW_LOG_LEVEL",
        "log_level",
        "info",
        parse.choice("debug", "info", "warning", "error"),
        "The least serious lines to log: debug, info, warning or error.",
    ),
    Row("PW_LOG_FORMAT", "log_format", "text", parse.choice("text", "json"), "text or json lines."),
    Row(
        "PW_SUPPRESS_NETWORK_ERRORS",
        "suppress_network_errors",
        "no",
        parse.flag,
        "yes keeps a gateway that is away or unwell, and its return, out of the log; a login "
        "that it refuses is logged all the same.",
    ),
    Row(
        "PW_NETWORK_ERROR_RATE_LIMIT",
        "network_errors_per_minute",
        "5",
        parse.whole(0, 1_000_000),
        "Without effect: each cause is logged once per outage, at most three times an hour.",
        moot=True,
    ),
    Row(
        "PW_FAIL_FAST",
        "fail_fast",
        "no",
        parse.flag,
        "Without effect: nobody ever waits for a gateway that is known to be away.",
        moot=True,
    ),
    Row(
        "PW_GRACEFUL_DEGRADATION",
        "graceful_degradation",
        "yes",
        parse.flag,
        "Without effect: answers always come from memory; PW_CACHE_TTL says for how long.",
        moot=True,
    ),
    Row(
        "PW_HEALTH_CHECK",
        "health_check",
        "yes",
        parse.flag,
        "Without effect: /health always counts, and counting costs the gateway nothing.",
        moot=True,
    ),
)
