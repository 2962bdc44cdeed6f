"""What a stranger sees first: the demo, and the dashboard over it."""

from __future__ import annotations

import re
from pathlib import Path

from support import examples
from support.served import request, until
from support.shipped import Shipped, as_stranger, boxed

STRINGS = "string_"
"""The demo's home tells of none."""


def test_every_field_of_the_dashboard_comes_from_a_running_demo(
    shipped: Shipped, app: Path
) -> None:
    with boxed(shipped, app, (*as_stranger(), shipped.powerwall, "serve", "--demo")) as box:

        def told() -> dict[str, float | str]:
            return examples.stored(request(box.port, "/api/v1/state").document)

        # Telegraf asks every ten seconds; the slowest fact is there after the second time.
        until(lambda: "pack_full_wh_PW1_value" in told() and "reserve_app_pct_value" in told())
        fields = told()
        assert box.end() == 0
    queries = [target["query"] for _, target in examples.targets("powerwall")]
    for name, pattern in map(examples.asked, queries):
        if name is not None:
            assert name in fields
        elif STRINGS not in (pattern or ""):
            assert any(re.search(pattern or "", field) for field in fields), pattern
