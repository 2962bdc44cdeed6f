"""Laws over the catalog and the meters: HELP.md has each, as it is, and no other."""

from __future__ import annotations

from support.helptext import fact_row, meter_row, table

from proxy.meters import METERS
from pypowerwall_core.catalog import CATALOG


def test_the_help_has_a_line_for_every_fact_and_no_other() -> None:
    assert table("Facts") == [fact_row(fact) for fact in CATALOG]


def test_the_help_has_a_line_for_each_of_the_proxys_own_numbers_and_no_other() -> None:
    assert table("The proxy's own numbers") == [meter_row(meter) for meter in METERS]


def test_no_fact_is_told_twice_and_each_sentence_stands_alone() -> None:
    names = [fact.name for fact in CATALOG]
    assert len(names) == len(set(names))
    for fact in CATALOG:
        assert fact.says.endswith(".")
        assert fact.says[0].isupper() or fact.says[0] == "1"
        assert not fact.says.startswith(("The same", "That", "It ", "And ")), fact.name
