"""When an upstream that answers 429 wants to be asked again."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Parse Retry-After: seconds or a date (RFC 9110, 10.2.3); None where it is neither."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (ValueError, OverflowError):
        return None
