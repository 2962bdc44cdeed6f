"""What a real gateway once answered, as a recording tells it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer; at_s counts from the first one of its path."""

    status: int
    content_type: str
    body: bytes
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RecordedPath:
    """What one path answered, in the order of time, and whether to everybody."""

    samples: tuple[Sample, ...]
    open: bool

    def at(self, elapsed_s: float) -> Sample:
        """Find the sample of a moment; the last one stays."""
        return [one for one in self.samples if one.at_s <= max(0.0, elapsed_s)][-1]


@dataclass(frozen=True, slots=True)
class Recording:
    """All that a recorded gateway answers; no other path is there."""

    paths: Mapping[str, RecordedPath]
