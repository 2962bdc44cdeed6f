"""Is there a proxy on this machine? One request over loopback tells."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from typing import Any

from pypowerwall_core.backends.local.address import HIGHEST_PORT
from pypowerwall_core.fields import printable

from .chart import ProxySeen
from .sockets import within

USUAL_PORT = 8675
ANSWER_S = 1.0
WHOLE_S = 3.0
"""However slowly the answer drips."""
_BODY_MOST = 512 * 1024
_TEXT_MOST = 60


def port_of(environ: Mapping[str, str]) -> int:
    """Return where a proxy of this environment listens."""
    text = environ.get("PW_PORT", "")
    port = int(text) if text.isascii() and text.isdigit() else USUAL_PORT
    return port if 0 < port <= HIGHEST_PORT else USUAL_PORT


def look(port: int, masked: Callable[[str], str]) -> ProxySeen | None:
    """Ask for /stats, which no proxy asks its gateway for; None when nobody answers as one."""
    return within(WHOLE_S, lambda: _ask(port, masked), None)


def _ask(port: int, masked: Callable[[str], str]) -> ProxySeen | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/stats")
        answer = connection.getresponse()
        told = json.loads(answer.read(_BODY_MOST))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return None
    finally:
        connection.close()
    return seen_in(told, port, masked)


def seen_in(told: Any, port: int, masked: Callable[[str], str]) -> ProxySeen | None:
    """Judge an answer to /stats: both proxies tell their version under the same key."""
    if not isinstance(told, dict) or not isinstance(told.get("pypowerwall"), str):
        return None
    config = told.get("config")
    host = config.get("PW_HOST") if isinstance(config, dict) else None
    version = told["pypowerwall"]
    name = "powerwall-proxy" if version.endswith("powerwall-proxy") else "the pypowerwall proxy"
    shown = printable(masked(host))[:_TEXT_MOST] if isinstance(host, str) else ""
    return ProxySeen(port, name, shown)
