"""powerwall.env.sample: every setting with its sentence, rendered from their table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

from proxy.settings_table import ROWS
from pypowerwall_core.settings.row import FILE_SUFFIX, Row

FILE = Path(__file__).parents[2] / "powerwall.env.sample"
WIDTH = 98
HEAD = """\
# Settings of powerwall-proxy. Copy this file to powerwall.env and set the first two; take the #
# away from others that you change. What stands behind the = is the default.
#
# A value that holds $, # or blanks belongs in single quotes, for docker compose and systemd alike;
# `docker run --env-file` takes every line as it is, without quotes.
# Rendered by `make env-sample` from the table of settings; HELP.md has the same table.
"""
FIRST = {"PW_HOST": "192.168.1.50", "PW_PASSWORD": "ABCDE"}
"""What everybody sets, with a value that looks like one."""
IN_THE_IMAGE = {
    "PW_AUTH_PATH": "In the image .auth, which is a volume.",
    "PW_CONFIG": "In the image a path inside the container.",
    "PW_PORT": "With docker-compose.yml leave it: POWERWALL_PORT is the port outside.",
}
"""What somebody who uses this file for a container has to know."""


def render() -> str:
    """Return the text of the file."""
    rows = {row.name: row for row in ROWS}
    first = [rows[name] for name in FIRST]
    rest = [row for row in ROWS if row.name not in FIRST]
    return HEAD + "".join("\n" + "\n".join(_lines(row)) + "\n" for row in (*first, *rest))


def _lines(row: Row) -> Iterator[str]:
    says = row.help.replace("; see below.", ".")  # that is said of HELP.md
    says = " ".join(filter(None, (says, IN_THE_IMAGE.get(row.name))))
    yield from (f"# {line}" for line in wrap(says, WIDTH, break_on_hyphens=False))
    if row.secret:
        yield f"# {row.name}{FILE_SUFFIX} may name a file that holds it."
    if row.name in FIRST:
        yield f"{row.name}={FIRST[row.name]}"
    else:
        yield f"#{row.name}={row.default}"


if __name__ == "__main__":
    FILE.write_text(render(), "utf-8")
