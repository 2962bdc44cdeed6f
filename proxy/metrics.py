"""/metrics: the catalog and the meters as Prometheus reads them.

What is unknown has no series. A scrape waits for nothing and starts nothing; being scraped is
interest, so a home that only Prometheus reads is kept fresh. Imported at the first scrape: the
client library is of no use to others and costs time at the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from pypowerwall_core.catalog import CATALOG, Fact, Kind, Unit
from pypowerwall_core.knowledge import Reading, readings
from pypowerwall_core.snapshot import Snapshot

from .desk import Desk
from .meters import METERS, Look, Meter

PREFIX = "powerwall"
OPENMETRICS = "application/openmetrics-text"
_TEXT = choose_encoder("")
_OPENED = choose_encoder(f"{OPENMETRICS}; version=1.0.0")
EVERY_S = 1.0
"""Rendered at most so often, however many scrape."""


class Exposition:
    """What is answered to scrapes."""

    def __init__(self, desk: Desk) -> None:
        self._clock = desk.site.now_s
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_House(desk))
        ProcessCollector(namespace=f"{PREFIX}_proxy", registry=self._registry)
        self._rendered: dict[str, tuple[float, bytes]] = {}

    def render(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics in the format a client asks for, and its content type.

        There are two. The library knows more, by parameters that a client chooses: each of
        them would be rendered, and a version that is no number raises.
        """
        encode, content_type = _OPENED if OPENMETRICS in accept else _TEXT
        now_s = self._clock()
        last = self._rendered.get(content_type)
        if last is None or now_s - last[0] >= EVERY_S:
            last = self._rendered[content_type] = (now_s, encode(self._registry))
        return last[1], content_type


class _House(Collector):
    """All of a desk, read anew at each rendering."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> Iterable[Metric]:
        """Yield the families."""
        look = Look.at(self._desk)
        for family in _FAMILIES:
            yield family.read(look.desk.site.name, look.snapshot)
        for meter in METERS:
            yield _of_meter(meter, look)


def metric_name(fact: Fact) -> str:
    """Name a fact as Prometheus wants it: prefix, thing, base unit."""
    unit = fact.unit
    thing = fact.metric or (fact.name if unit is Unit.NONE else fact.name.rpartition("_")[0])
    ending = "info" if fact.kind is Kind.TEXT else unit.base
    return "_".join(filter(None, (PREFIX, thing, ending)))


def label_names(fact: Fact) -> tuple[str, ...]:
    """Name the labels of a fact's series."""
    own = {Kind.TEXT: (fact.name,), Kind.STATE: ("state",)}.get(fact.kind, ())
    return ("gateway", *(name for name, _ in fact.constant), *fact.by, *own)


@dataclass(frozen=True, slots=True)
class _Family:
    """Facts that share a name for Prometheus: what does not change between two scrapes."""

    name: str
    says: str
    labels: tuple[str, ...]
    kind: type[CounterMetricFamily | GaugeMetricFamily]
    facts: tuple[Fact, ...]

    @classmethod
    def of(cls, name: str, facts: tuple[Fact, ...]) -> _Family:
        kind = CounterMetricFamily if facts[0].kind is Kind.COUNTER else GaugeMetricFamily
        says = " ".join(fact.says for fact in facts)
        return cls(name, says, label_names(facts[0]), kind, facts)

    def read(self, gateway: str, snapshot: Snapshot) -> Metric:
        """Read its facts."""
        family = self.kind(self.name, self.says, labels=self.labels)
        for fact in self.facts:
            constant = (gateway, *(value for _, value in fact.constant))
            for reading in readings(fact, snapshot):
                for labels, value in _series(reading):
                    family.add_metric((*constant, *labels), value)
        return family


_FAMILIES = tuple(
    _Family.of(name, tuple(facts))
    for name, facts in groupby(sorted(CATALOG, key=metric_name), metric_name)
)


def _series(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield the series of one reading: none while it is unknown, one for each state."""
    fact, value = reading.fact, reading.value
    if value is None:
        return
    if fact.kind is Kind.STATE:
        for state in dict.fromkeys((*fact.states, str(value))):
            yield (*reading.labels, state), float(state == value)
    elif isinstance(value, str):
        yield (*reading.labels, value), 1.0
    else:
        yield reading.labels, value * fact.unit.times


def _of_meter(meter: Meter, look: Look) -> Metric:
    gateway = (look.desk.site.name,) if meter.house else ()
    names = ("gateway", *meter.by) if meter.house else meter.by
    kind = CounterMetricFamily if meter.counts else GaugeMetricFamily
    family = kind(f"{PREFIX}_{meter.name}", meter.says, labels=names)
    for labels, value in meter.read(look):
        family.add_metric((*gateway, *labels), value)
    return family
