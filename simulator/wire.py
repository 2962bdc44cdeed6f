"""How a gateway writes: its numbers, times, bodies and answers. Pure.

The gateway is a Go program: whole numbers lose their decimal point, bodies are
compact and end without a newline.
"""

import json
import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final

JSON_TYPE: Final = "application/json"
TEXT_TYPE: Final = "text/plain; charset=utf-8"
HTML_TYPE: Final = "text/html; charset=utf-8"
BINARY_TYPE: Final = "application/octet-stream"

# Go prints minus zero without a point, Python with one; what strings say stays.
_STRING_OR_MINUS_ZERO: Final = re.compile(r'("(?:[^"\\]|\\.)*")|-0\.0(?![0-9])')

NEVER: Final = "0001-01-01T00:00:00Z"
# /api/status prints the boot in this zone wherever the gateway stands.
_FACTORY_ZONE: Final = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body and the headers that are not on every answer."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = field(default=())


def _go_number(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        # Minus zero keeps its sign, which only a float has.
        return value if value == 0 and math.copysign(1.0, value) < 0 else int(value)
    if isinstance(value, dict):
        return {key: _go_number(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_go_number(item) for item in value]
    return value


def render(document: Any) -> bytes:
    """Write a document as the gateway does."""
    text = json.dumps(_go_number(document), separators=(",", ":"), ensure_ascii=False)
    return _STRING_OR_MINUS_ZERO.sub(lambda found: found[1] or "-0", text).encode()


def json_answer(
    document: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """Make a JSON answer."""
    return Answer(status, render(document), JSON_TYPE, headers)


def error_answer(
    status: int, error: str, message: str, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """Make an error as nearly every gateway endpoint words it."""
    return json_answer({"code": status, "error": error, "message": message}, status, headers)


NO_RIGHTS: Final = "User does not have adequate access rights"
NOT_FOUND: Final = Answer(404, b"404 page not found", TEXT_TYPE)


def no_access(method: str) -> Answer:
    """Refuse for want of a session or of a role: the gateway does not say which."""
    return error_answer(403, f"Unable to {method} to resource", NO_RIGHTS)


def head(answer: Answer, now_s: float, *, length: int | None = None) -> bytes:
    """Write status line and headers; length lies about the body when a fault wants it to."""
    reason = HTTPStatus(answer.status).phrase
    lines = [
        f"HTTP/1.1 {answer.status} {reason}",
        "cache-control: no-cache, no-store",
        "x-content-type-options: nosniff",
        f"date: {formatdate(now_s, usegmt=True)}",
        *(f"{name}: {value}" for name, value in answer.headers),
    ]
    if answer.content_type and answer.body:
        lines.append(f"content-type: {answer.content_type}")
    if answer.status != HTTPStatus.NO_CONTENT:
        lines.append(f"content-length: {len(answer.body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def stamp(at_s: float, utc_offset_s: int) -> str:
    """Write a time with up to nine fraction digits and the site's offset."""
    whole, nanos = int(at_s), round(at_s % 1 * 1e9) % 1_000_000_000
    local = datetime.fromtimestamp(whole, timezone(timedelta(seconds=utc_offset_s)))
    text = local.isoformat()
    fraction = f".{nanos:09}".rstrip("0").rstrip(".")
    return f"{text[:19]}{fraction}{text[19:]}"


def boot_stamp(at_s: float) -> str:
    """Write the start time of /api/status."""
    return datetime.fromtimestamp(int(at_s), _FACTORY_ZONE).strftime("%Y-%m-%d %H:%M:%S %z")


def go_duration(seconds: float) -> str:
    """Write a duration; hours never roll over to days."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}h{minutes}m{rest:.9f}".rstrip("0").rstrip(".") + "s"


def zone_name(utc_offset_s: int, home: str, home_hours: Collection[int]) -> str:
    """Name the site's zone: home where the offset fits, else a plain offset zone."""
    hours = round(utc_offset_s / 3600)
    if hours in home_hours:
        return home
    # Etc zones count westward.
    return f"Etc/GMT{-hours:+d}" if hours else UTC.tzname(None)
