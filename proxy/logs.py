"""Log lines: text for people, JSON for machines, secrets for nobody."""

from __future__ import annotations

import json
import logging
import time

from pypowerwall_core import lane, news
from pypowerwall_core.redact import RedactingFilter, Secrets

NOISY = ("gunicorn", "uvicorn", "urllib3", "asyncio")
"""Libraries that tell of every start, socket and broken client; at debug they may."""
PASSING = f"{lane.__name__}.{news.PASSING}"
"""Where the lanes tell of trouble that ends by itself."""


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; times are UTC."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{seconds}.{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line)


class TextFormatter(logging.Formatter):
    """Time, level, message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")


def configure_logging(
    level: str, form: str, secrets: Secrets, *, hide_passing: bool = False
) -> None:
    """Send every record of the process through one handler and one filter.

    `hide_passing` leaves out that a gateway is away or unwell, and that it is back.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    handler.addFilter(RedactingFilter(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    if level != "debug":
        for name in NOISY:
            logging.getLogger(name).setLevel(logging.ERROR)
    if hide_passing:
        logging.getLogger(PASSING).setLevel(logging.ERROR)
