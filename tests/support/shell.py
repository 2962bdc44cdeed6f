"""What shell scripts make of an answer: the cutting of sed, grep, jq, bc, read and printf.

Only as far as the scripts of contract and consumers go, and as strict as the tools are: what a
tool would refuse is an error here as well.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .served import request

HTTP_ERROR = 22
"""curl's exit code for a status of 400 and more, if asked to fail on one."""
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)")


@dataclass(frozen=True, slots=True)
class Curled:
    """How curl ended, what it printed and the status it was told (-w '%{http_code}')."""

    exit_code: int
    output: str
    status: int


def curl(
    port: int, path: str, *, fail: bool = False, limit_s: float = 10.0, form: str | None = None
) -> Curled:
    """Ask as `curl -s` does: with -f an error status prints nothing; with -d it posts a form."""
    headers = {"User-Agent": "curl/7.88.1", "Accept": "*/*"}
    if form is None:
        reply = request(port, path, headers)
    else:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        reply = request(port, path, headers, method="POST", body=form.encode())
    assert reply.took_s < limit_s, f"{path} took {reply.took_s:.1f} s"
    assert not 300 <= reply.status < 400, "--location is not replayed"
    if fail and reply.status >= 400:
        return Curled(HTTP_ERROR, "", reply.status)
    return Curled(0, reply.body.decode(), reply.status)


def curl_in_a_row(port: int, *paths: str, limit_s: float = 10.0) -> str:
    """Ask as `curl -s URL1 URL2 ...` does: on one connection, bodies one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=limit_s)
    try:
        connection.connect()
        socket = connection.sock
        bodies = []
        for path in paths:
            connection.request("GET", path)
            bodies.append(connection.getresponse().read().decode())
            assert connection.sock is socket, "the connection was not kept"
        return "".join(bodies)
    finally:
        connection.close()


def grep_o(pattern: str, text: str) -> list[str]:
    """Print each match, as `grep -o` does: line by line."""
    return [found[0] for line in text.splitlines() for found in re.finditer(pattern, line)]


def sed(pattern: str, text: str) -> str:
    """Print what `sed -n 's/.*PATTERN.*/\\1/p'` does; the first .* takes all it can."""
    found = [re.fullmatch(f".*{pattern}.*", line) for line in text.splitlines()]
    return "\n".join(one[1] for one in found if one)


def jq_slurp(text: str) -> list[Any]:
    """Read one JSON value after the other, with or without blanks between, as `jq -s` does."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    values, rest = [], text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        values.append(value)
        rest = rest[end:].lstrip()
    return values


def jq_r(name: str, value: Any) -> str:
    """Print `.name` as `jq -r` does: null has every key, a text or a number has none."""
    if value is not None and not isinstance(value, Mapping):
        raise TypeError(f"Cannot index {type(value).__name__} with {name}")
    found = None if value is None else value.get(name)
    return found if isinstance(found, str) else json.dumps(found)


def bc(text: str) -> Decimal:
    """Read a number as `bc` does, which knows no exponent, no plus and no NaN."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"(standard_in) 1: syntax error near {text!r}")
    return Decimal(text)


def read_ifs(text: str, count: int) -> list[str]:
    """Split the first line as `IFS=, read -r` does into that many names."""
    line = text.split("\n", 1)[0]
    columns = line.split(",", count - 1)
    return columns + [""] * (count - len(columns))


def printf_0f(text: str) -> str:
    """Print as `printf %.0f` of bash does: nothing counts as zero."""
    return f"{bc(text) if text else 0:.0f}"


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
