"""What a reader can tell: a payload, the sources it is made from, and how. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import Any, Final


class _NotServed(Enum):
    NOT_SERVED = "not served"


NOT_SERVED: Final = _NotServed.NOT_SERVED
"""What `derive` returns where this home has no such thing; None is "not known now"."""


def as_it_is(document: Any) -> Any:
    """Return the document of the one source."""
    return document


@dataclass(frozen=True, slots=True)
class Claim:
    """How one payload is made.

    Attributes:
        sources: The first tells its age, and without it nothing is known; the others are None
            for `derive` while they are not known. Without any it is a constant.
        derive: Pure: one argument for each source; returns a document of its own, None or
            NOT_SERVED, which it may also tell while the first source is unknown.
        constant: Nobody has measured it; facts made of it say so.
    """

    sources: tuple[str, ...] = ()
    derive: Callable[..., Any] = as_it_is
    constant: bool = False


@dataclass(slots=True)
class Made:
    """What claims were made into last.

    A document stays the same, and keeps its version, until one of its sources changes.
    """

    _last: dict[str, tuple[tuple[int, ...], Any, int]] = field(default_factory=dict)
    _versions: count[int] = field(default_factory=lambda: count(1))

    def of(
        self, payload: str, claim: Claim, documents: Mapping[str, tuple[Any, int]]
    ) -> tuple[Any, int]:
        """Return a payload's document and its version, from those of its sources."""
        told = [documents.get(source, (None, 0)) for source in claim.sources]
        versions = tuple(version for _, version in told)
        last = self._last.get(payload)
        if last is None or last[0] != versions:
            made = claim.derive(*(document for document, _ in told))
            last = self._last[payload] = (versions, made, next(self._versions))
        return last[1], last[2]


def plain(sources: Mapping[str, str]) -> dict[str, Claim]:
    """Return the claims of a reader whose sources are payloads already: source by payload."""
    return {payload: Claim((source,)) for payload, source in sources.items()}
