"""A tariff that is written to Tesla: what is sent, and whether it shows afterwards. Pure.

It is written whole and read back under the same names in site_info. How Tesla rewrites one
nobody has published, so what shows otherwise than it was sent is not called applied. Nor is
anything sent that is so already: the official API has allowed one change a month.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pypowerwall_core.commands import Outcome
from pypowerwall_core.errors import BadCommand
from pypowerwall_core.fields import mapping, number, text

CALL, BODY = "time_of_use_settings", "tou_settings"
KEYS = ("tariff_content_v2", "tariff_content")
_OF_TESLA = "version"
"""Stands in a tariff of the second form whether it was sent or not."""
_USAGE = f'give {{"{KEYS[0]}": {{...}}}}, with a tariff as get_tariff returns it'
_LOOK = "Look at the rate plan in Tesla's app, or at get_tariff, in some minutes."

Tariffs = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a tariff that was to be set.

    Attributes:
        code: Tesla's answer to the write, and its words; None and "" where there was none.
        reason: Why, for every outcome but APPLIED.
    """

    outcome: Outcome
    code: int | None = None
    message: str = ""
    reason: str = ""
    remedy: str = ""


def wanted_of(tou_settings: Any) -> Tariffs:
    """Return the tariffs to write by the names they have in site_info.

    Raises:
        BadCommand: There is none, something is beside it, or it is no JSON.
    """
    given = mapping(tou_settings)
    given = mapping(given[BODY]) if list(given) == [BODY] else given
    if strange := [str(name) for name in given if name not in KEYS]:
        raise BadCommand(f"{strange[0]} is no part of a tariff's settings: {_USAGE}")
    if not given or not all(isinstance(tariff, dict) and tariff for tariff in given.values()):
        raise BadCommand(f"there is no tariff in it: {_USAGE}")
    try:
        wanted: Tariffs = json.loads(json.dumps(dict(given), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise BadCommand(f"the tariff is no JSON: {error}") from error
    return wanted


def taken(answer: Mapping[str, Any]) -> Change:
    """Return what is known once Tesla has taken a tariff and nothing has been read back."""
    code, said = number(answer.get("code")), text(answer.get("message")) or ""
    reason = "Tesla has taken it and does not show it as it was sent"
    return Change(Outcome.PENDING, None if code is None else int(code), said, reason, _LOOK)


def is_so(site_info: Any, wanted: Tariffs) -> bool:
    """Whether site_info shows these tariffs and nothing else in them."""
    shown = mapping(site_info)
    return all(_bare(shown.get(key)) == _bare(tariff) for key, tariff in wanted.items())


def shows(before: Any, after: Any, wanted: Tariffs) -> bool:
    """Whether a write shows: Tesla may add to what was sent, but not keep what was left out."""
    if is_so(after, wanted):
        return True
    return not _holds(before, wanted) and _holds(after, wanted)


def _holds(site_info: Any, wanted: Tariffs) -> bool:
    shown = mapping(site_info)
    return all(
        mapping(shown.get(key)).get(name) == value
        for key, tariff in wanted.items()
        for name, value in tariff.items()
        if name != _OF_TESLA
    )


def _bare(tariff: Any) -> Mapping[str, Any]:
    return {name: value for name, value in mapping(tariff).items() if name != _OF_TESLA}
