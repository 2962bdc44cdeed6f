"""The table of settings: those about the gateway, which are the core's, and the proxy's own.

It renders the help; a test asks that HELP.md has every row.
"""

from __future__ import annotations

from pypowerwall_core.backends.local.address import HIGHEST_PORT
from pypowerwall_core.settings.parse import choice, flag, path, seconds, whole
from pypowerwall_core.settings.row import Row
from pypowerwall_core.settings.schema import Schema
from pypowerwall_core.settings.table import CLOUD_ROWS, GATEWAY_ROWS, TOKEN_ROWS

from . import parse
from .not_yet import NOT_YET, SECRETS

STREAMS_MOST = 512
YEAR_S = 366 * 86400


def _of_core(*names: str) -> tuple[Row, ...]:
    rows = {row.name: row for row in (*GATEWAY_ROWS, *CLOUD_ROWS, *TOKEN_ROWS)}
    return tuple(rows[name] for name in names)


ROWS = (
    *_of_core("PW_CONFIG"),
    Row("PW_BIND_ADDRESS", "bind_address", "", str, "Address to listen on; empty is all of IPv4."),
    Row("PW_PORT", "port", "8675", whole(1, HIGHEST_PORT), "Port to listen on."),
    Row(
        "PW_HTTPS",
        "https",
        "no",
        choice("no", "http", "yes"),
        "yes serves HTTPS; http means behind a TLS front end, and as no answer sets a cookie "
        "it is the same as no.",
    ),
    Row(
        "PW_TLS_CERT",
        "tls_cert",
        "",
        path,
        "Certificate for PW_HTTPS=yes (PEM, with its chain); unset is one made once, "
        "powerwall-proxy.pem in PW_AUTH_PATH.",
    ),
    Row("PW_TLS_KEY", "tls_key", "", path, "Its key (PEM, without a passphrase)."),
    Row(
        "PROXY_BASE_URL",
        "base_path",
        "/",
        parse.base_path,
        "Path under which a front end shows the proxy; routes are served there and at / alike.",
    ),
    *_of_core(
        "PW_HOST", "PW_PASSWORD", "PW_EMAIL", "PW_TIMEZONE", "PW_CACHE_EXPIRE", "PW_CACHE_TTL"
    ),
    Row(
        "PW_BROWSER_CACHE",
        "browser_cache_s",
        "0",
        whole(0, YEAR_S),
        "Seconds browsers may keep the page's icons without asking again.",
    ),
    *_of_core("PW_TIMEOUT", "PW_POOL_MAXSIZE", "PW_MAX_IN_FLIGHT"),
    Row(
        "PW_CLIENT_BUDGET",
        "client_budget_s",
        "2.5",
        seconds(0, 60),
        "Seconds a client waits at most for something that is not remembered.",
    ),
    Row(
        "PW_MAX_STREAMS",
        "max_streams",
        "256",
        whole(1, STREAMS_MOST),
        "Live streams (/events) that may be open at once; one more is answered 503.",
    ),
    *_of_core("PW_AUTH_MODE", "PW_AUTH_PATH", "PW_CACHE_FILE", "PW_HOST_CERT"),
    *_of_core(
        "PW_SITEID", "PW_CLOUD_FALLBACK", "PW_CLOUD_SSO_URL", "PW_CLOUD_API_URL", "PW_CLOUD_CA"
    ),
    Row(
        "PW_STYLE",
        "style",
        "clear",
        parse.style,
        "Style of the page: clear, black, dakboard, white, grafana, grafana-dark or solar; "
        "?style= asks for another.",
        show=parse.style_file,
    ),
    *_of_core("PW_NEG_SOLAR", "PW_SITE_ZERO_THRESHOLD"),
    *_of_core("PW_CONTROL_SECRET"),
    Row(
        "PW_CONTROL_WAIT",
        "control_wait_s",
        "5",
        seconds(0, 30),
        "Seconds after which a command is answered at the latest; what comes later is in "
        "/api/v1/commands.",
    ),
    *_of_core("PW_CONTROL_VIA", "PW_ALLOW_ISLANDING"),
    *_of_core("PW_READ_TOKEN"),
    Row(
        "PW_ALLOWED_HOSTS",
        "allowed_hosts",
        "",
        parse.host_names,
        "More names under which pages that show settings may be asked for.",
        listed=True,
    ),
    Row("PW_DEBUG", "debug", "no", flag, "yes logs everything, secrets excepted."),
    Row(
        "PW_LOG_LEVEL",
        "log_level",
        "info",
        choice("debug", "info", "warning", "error"),
        "The least serious lines to log: debug, info, warning or error.",
    ),
    Row("PW_LOG_FORMAT", "log_format", "text", choice("text", "json"), "text or json lines."),
    Row(
        "PW_SUPPRESS_NETWORK_ERRORS",
        "suppress_network_errors",
        "no",
        flag,
        "yes keeps a gateway that is away or unwell, and its return, out of the log; a login "
        "that it refuses is logged all the same.",
    ),
    Row(
        "PW_NETWORK_ERROR_RATE_LIMIT",
        "network_errors_per_minute",
        "5",
        whole(0, 1_000_000),
        "Without effect: each cause is logged once per outage, at most three times an hour.",
        moot=True,
    ),
    Row(
        "PW_FAIL_FAST",
        "fail_fast",
        "no",
        flag,
        "Without effect: nobody ever waits for a gateway that is known to be away.",
        moot=True,
    ),
    Row(
        "PW_GRACEFUL_DEGRADATION",
        "graceful_degradation",
        "yes",
        flag,
        "Without effect: answers always come from memory; PW_CACHE_TTL says for how long.",
        moot=True,
    ),
    Row(
        "PW_HEALTH_CHECK",
        "health_check",
        "yes",
        flag,
        "Without effect: /health always counts, and counting costs the gateway nothing.",
        moot=True,
    ),
)

SCHEMA = Schema(ROWS, strict=True, not_yet=NOT_YET, not_yet_secrets=SECRETS)
