"""Metrics are spelled byte for byte as the client library spells them."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, nan

import pytest
from prometheus_client import exposition as text
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from support.golden import SYSTEMS
from support.homes import settled

from proxy.exposition import REMEMBERED, _series, spelled
from proxy.metrics import Exposition

LIBRARY = {False: text.generate_latest, True: openmetrics.generate_latest}


class Told(Collector):
    """Families that are told twice the same."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self.families


def odd() -> Told:
    gauge = GaugeMetricFamily("odd", 'A "word", a \\ and a\nline.', labels=("name", "a_first"))
    for value in (0, -0.0, 1, 1e-7, 123456.0, 1234567.5, 1.7e9, -2e21, inf, -inf, nan, True):
        gauge.add_metric((f'"{value}" \\ \n € {{x="y"}}', ""), value)
    counter = CounterMetricFamily("grown", "Without labels.", value=3)
    return Told((gauge, counter, GaugeMetricFamily("empty", "Nothing is known.")))


@pytest.mark.parametrize("opened", [False, True], ids=["text", "openmetrics"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_is_spelled_as_by_the_library(system: str, *, opened: bool) -> None:
    told = Told(Exposition(settled(system).desk)._registry.collect())
    assert spelled(told.collect(), opened=opened) == LIBRARY[opened](told)


@pytest.mark.parametrize("opened", [False, True], ids=["text", "openmetrics"])
def test_odd_labels_and_odd_numbers_are_spelled_as_by_the_library(*, opened: bool) -> None:
    told = odd()
    assert spelled(told.collect(), opened=opened) == LIBRARY[opened](told)


def test_labels_that_come_and_go_are_not_remembered_without_end() -> None:
    gauge = GaugeMetricFamily("came", "Came and went.", labels=("name",))
    for n in range(REMEMBERED + 100):
        gauge.add_metric((str(n),), 1)
    spelled([gauge], opened=False)
    assert _series.cache_info().currsize <= REMEMBERED
