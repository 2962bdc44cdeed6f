"""METERS: the numbers of the lanes and of the server itself, one row each, for /metrics.

Facts of the house are rows of the catalog. Times of day are told instead of ages: they do not
change while nothing happens, and Prometheus computes the age itself (time() - x).
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pypowerwall_core.catalog import NEEDS
from pypowerwall_core.failures import LaneState
from pypowerwall_core.laneview import LaneView
from pypowerwall_core.snapshot import Known, Snapshot, Unknown
from pypowerwall_core.version import __version__

from .desk import Desk, StreamTally
from .readiness import judge

Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Look:
    """What meters are read from: one moment of a desk.

    Attributes:
        lanes: By the name of their reader.
        ready: What /readyz would have said.
    """

    desk: Desk
    snapshot: Snapshot
    lanes: dict[str, LaneView]
    ready: bool

    @classmethod
    def at(cls, desk: Desk) -> Look:
        """Look at a desk now."""
        # Before the look, as /readyz does: it makes whoever comes rarely find himself waiting.
        ready = judge(desk)["ready"]
        snapshot = desk.site.look(NEEDS)
        views = {reader.name: reader.lane.view() for reader in desk.site.readers}
        return cls(desk, snapshot, views, ready)

    def moment_s(self, ago_s: float) -> float:
        """When something was, seconds since 1970.

        Two clocks are read one after the other: what is finer than they agree would flicker.
        """
        return round(self.snapshot.at_s - ago_s, 1)


@dataclass(frozen=True, slots=True)
class Meter:
    """One metric of ours.

    Attributes:
        name: For Prometheus, without prefix; with `_total` for what only grows.
        by: Its labels besides `gateway`.
        read: Its values by those labels; what is unknown is left out.
        house: It belongs to a site and carries the label `gateway`.
    """

    name: str
    says: str
    read: Callable[[Look], Iterator[Sample]]
    by: tuple[str, ...] = ()
    house: bool = True

    @property
    def counts(self) -> bool:
        """Whether it only grows."""
        return self.name.endswith("_total")


def _build(look: Look) -> Iterator[Sample]:  # noqa: ARG001 - a row's signature
    yield (__version__, platform.python_version()), 1


def _of_lanes(read: Callable[[LaneView], float | None]) -> Callable[[Look], Iterator[Sample]]:
    """Return the reader of one number of each lane."""

    def of_look(look: Look) -> Iterator[Sample]:
        for name, view in look.lanes.items():
            value = read(view)
            if value is not None:
                yield (name,), value

    return of_look


def _up(view: LaneView) -> float | None:
    """Whether an upstream answers, None before it was asked: that it is well is a guess."""
    untried = view.core_well is None and view.condition.up
    return None if untried else float(view.condition.up)


def _states(look: Look) -> Iterator[Sample]:
    for name, view in look.lanes.items():
        if _up(view) is not None:
            for state in LaneState:
                yield (name, _word(state.value)), float(state is view.condition.state)


def _requests(look: Look) -> Iterator[Sample]:
    for name, view in look.lanes.items():
        for outcome, count in view.traffic.requests.items():
            yield (name, outcome), count


def _rests(look: Look) -> Iterator[Sample]:
    for name, view in look.lanes.items():
        for path, (state, _) in view.rests.items():
            yield (name, path, _word(state)), 1


def _quarantined(look: Look) -> Iterator[Sample]:
    for name, view in look.lanes.items():
        for document, count in view.traffic.quarantined.items():
            yield (name, document), count


def _last_success(look: Look) -> Iterator[Sample]:
    for name, view in look.lanes.items():
        if view.last_success_ago_s is not None:
            yield (name,), look.moment_s(view.last_success_ago_s)


def _data_times(look: Look) -> Iterator[Sample]:
    for name, view in look.lanes.items():
        for document, age_s in view.documents.items():
            # Not of what has been found missing since, as vitals are after an update.
            if isinstance(look.snapshot.entries.get(document), Known | Unknown):
                yield (name, document), look.moment_s(age_s)


def _ready(look: Look) -> Iterator[Sample]:
    yield (), float(look.ready)


def _asked(look: Look) -> Iterator[Sample]:
    for route, count in look.desk.counters.uri.items():
        yield (route,), count


def _errors(look: Look) -> Iterator[Sample]:
    yield (), look.desk.counters.errors


def _unknown(look: Look) -> Iterator[Sample]:
    yield (), look.desk.counters.unknown


def _of_streams(read: Callable[[StreamTally], int]) -> Callable[[Look], Iterator[Sample]]:
    """Return the reader of one number of the live stream."""

    def of_look(look: Look) -> Iterator[Sample]:
        yield (), read(look.desk.streams)

    return of_look


def _word(text: str) -> str:
    """Make one word of a few, as values of labels are easiest to match."""
    return "_".join(re.findall(r"\w+", text))


_LANE = ("source",)
METERS = (
    Meter("proxy_build_info", "Version of this proxy.", _build, ("version", "python"), house=False),
    Meter("up", "1 while the upstream answers.", _of_lanes(_up), _LANE),
    Meter("ready", "1 while /readyz says so.", _ready),
    Meter("upstream_state", "1 for the state of the upstream.", _states, (*_LANE, "state")),
    Meter(
        "last_success_timestamp_seconds",
        "When the upstream last gave a good answer.",
        _last_success,
        _LANE,
    ),
    Meter(
        "data_timestamp_seconds",
        "When the newest good answer was asked for, also once it is too old to be shown.",
        _data_times,
        (*_LANE, "document"),
    ),
    Meter(
        "upstream_requests_total",
        "Requests to the upstream, logins included, by what came of them.",
        _requests,
        (*_LANE, "outcome"),
    ),
    Meter(
        "upstream_request_seconds_total",
        "Time that all of them took.",
        _of_lanes(lambda view: view.traffic.seconds),
        _LANE,
    ),
    Meter(
        "upstream_latency_seconds",
        "How long an answer takes, smoothed.",
        _of_lanes(lambda view: view.mean_latency_s),
        _LANE,
    ),
    Meter(
        "upstream_requests_last_minute",
        "Requests to the upstream within the last minute.",
        _of_lanes(lambda view: view.requests_per_minute),
        _LANE,
    ),
    Meter(
        "upstream_requests_in_flight",
        "Requests under way.",
        _of_lanes(lambda view: view.in_flight),
        _LANE,
    ),
    Meter(
        "upstream_logins_total",
        "Logins that were tried.",
        _of_lanes(lambda view: view.logins),
        _LANE,
    ),
    Meter(
        "upstream_path_resting",
        "1 for each path that is left alone for a while.",
        _rests,
        (*_LANE, "path", "state"),
    ),
    Meter(
        "quarantined_samples_total",
        "Samples that were left out because they were hardly true.",
        _quarantined,
        (*_LANE, "document"),
    ),
    Meter("proxy_requests_total", "Requests answered, by route.", _asked, ("route",), house=False),
    Meter("proxy_errors_total", "Requests refused.", _errors, house=False),
    Meter(
        "proxy_unknown_answers_total",
        "Answers in which nothing was known.",
        _unknown,
        house=False,
    ),
    Meter(
        "proxy_streams",
        "Live streams that are open.",
        _of_streams(lambda tally: tally.open),
        house=False,
    ),
    Meter(
        "proxy_streams_refused_total",
        "Streams refused because PW_MAX_STREAMS were open.",
        _of_streams(lambda tally: tally.refused),
        house=False,
    ),
    Meter(
        "proxy_stream_frames_dropped_total",
        "Events that slow readers were not sent; they got the whole state instead.",
        _of_streams(lambda tally: tally.dropped),
        house=False,
    ),
)
