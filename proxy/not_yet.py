"""Settings of the pypowerwall proxy that this release does not serve: never silence.

Each says what still works. A row leaves this table in the release that serves it.
"""

from __future__ import annotations

_TEDAPI = "TEDAPI is not served; the local customer login (PW_HOST, PW_PASSWORD) works."

NOT_YET = {
    "PW_FAILOVER": _TEDAPI,
    "PW_FIRMWARE_CHECK_INTERVAL": "a new firmware is noticed by itself.",
    "PW_GW_PWD": _TEDAPI,
    "PW_RSA_KEY_PATH": _TEDAPI,
    "PW_TEDAPI_API_VERSION": _TEDAPI,
    "PW_TEDAPI_AUTH_MODE": _TEDAPI,
    "PW_TEDAPI_PROBE_INTERVAL": _TEDAPI,
    "PW_TEDAPI_RECOVERY": _TEDAPI,
    "PW_WIFI_HOST": _TEDAPI,
}
SECRETS = ("PW_GW_PWD",)
"""Of these; the others name paths, hosts and modes."""
