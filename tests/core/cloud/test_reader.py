"""What is asked of Tesla's cloud: how often for a household, and of which site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from support.world import World

from pypowerwall_core import payloads
from pypowerwall_core.backends.cloud import claims
from pypowerwall_core.backends.cloud.reader import (
    LANGUAGE,
    LIFETIME,
    LIVE_LEAST_S,
    LIVE_S,
    PRODUCTS_PATH,
    ROWS,
    CloudUpstream,
    claimed,
    sources,
)
from pypowerwall_core.catalog import CATALOG
from pypowerwall_core.errors import NotServed, NotSetUp, Unreachable, Unwell
from pypowerwall_core.policy import Freshness, Source

HOUR_S, MINUTE_S = 3600.0, 60.0
CLAIMED = claimed()
ALL = tuple(dict.fromkeys(need for fact in CATALOG for need in fact.asks if need in CLAIMED))
TELEGRAF = (payloads.AGGREGATES, payloads.SOE, payloads.GRID_STATUS, payloads.VITALS)
PAGE = (*TELEGRAF, payloads.SITEMASTER, payloads.STATUS, payloads.SITE_NAME, payloads.PROBLEMS)
LIVE = claims.LIVE_STATUS


def asked_for(needs: tuple[str, ...]) -> tuple[str, ...]:
    """The sources that payloads are made of, as a site asks for them."""
    return tuple(dict.fromkeys(one for need in needs for one in CLAIMED[need].sources))


def household(world: World) -> None:
    """Telegraf, a page that stays open, Prometheus and a reader of the state."""
    world.every(5.0, *asked_for(TELEGRAF))
    world.every(2.0, *asked_for(PAGE))
    world.every(15.0, *asked_for(ALL), looks=True)
    world.every(10.0, *asked_for(ALL), looks=True)


def most_within(world: World, for_s: float, since_s: float) -> int:
    times_s = [at_s for at_s, _ in world.gateway.sent if at_s >= since_s]
    return max(sum(t <= at_s < t + for_s for at_s in times_s) for t in times_s)


# -- how often ------------------------------------------------------------------------------


def test_a_household_costs_at_most_eight_requests_a_minute() -> None:
    world = World(sources(LIVE_S), latency_s=0.4)
    household(world)
    world.run(2 * HOUR_S)
    settled_s = world.begin_s + 5 * MINUTE_S
    assert world.gateway.count(since_s=settled_s) / (2 * HOUR_S - 300) * 60 <= 7.0
    assert most_within(world, MINUTE_S, settled_s) <= 8
    counts = world.gateway.counts()
    assert counts[LIVE] <= 2 * HOUR_S / LIVE_S + 1
    assert counts[claims.TARIFF] <= 3
    assert counts[claims.PRODUCTS] <= 3


def test_a_household_never_waits_and_never_sees_live_data_older_than_two_of_them() -> None:
    world = World(sources(LIVE_S), latency_s=0.4)
    household(world)
    world.run(HOUR_S)
    seen = world.seen(LIVE, since_s=world.begin_s + MINUTE_S)
    assert not any(ask.waits for ask in seen)
    assert {ask.value for ask in seen} <= {Freshness.FRESH, Freshness.STALE}
    assert max(ask.age_s or 0.0 for ask in seen) < 2 * LIVE_S


def test_nobody_asks_nobody_is_bothered() -> None:
    world = World(sources(LIVE_S))
    world.every(5.0, *asked_for(TELEGRAF), until_s=world.now_s + 10 * MINUTE_S)
    world.run(11 * MINUTE_S)
    ended_s = world.now_s
    world.run(24 * HOUR_S)
    assert world.gateway.count(since_s=ended_s) == 0


@pytest.mark.parametrize("live_s", [0.0, 1.0, 4.9, 5.0, 15.0])
def test_live_data_is_never_asked_for_more_often_than_every_5_s(live_s: float) -> None:
    world = World(sources(live_s), latency_s=0.1)
    world.every(0.5, *asked_for(PAGE))
    world.run(10 * MINUTE_S)
    times_s = [at_s for at_s, name in world.gateway.sent if name == LIVE]
    least_s = min(b - a for a, b in pairwise(times_s))
    assert least_s >= max(LIVE_LEAST_S, live_s)


def test_a_telegraf_every_minute_costs_a_request_a_minute_for_each_source() -> None:
    world = World(sources(LIVE_S), latency_s=0.3)
    world.every(60.0, *asked_for((payloads.AGGREGATES,)))
    world.run(HOUR_S)
    counts = world.gateway.counts()
    assert counts[LIVE] <= 62
    assert counts[claims.HISTORY] <= 5


def test_an_outage_is_probed_with_what_matters_and_more_and_more_rarely() -> None:
    world = World(sources(LIVE_S))
    household(world)
    world.run(10 * MINUTE_S)
    world.gateway.fails(Unreachable("no internet"))
    began_s = world.now_s
    world.run(HOUR_S)
    sent = Counter(name for at_s, name in world.gateway.sent if at_s > began_s + MINUTE_S)
    assert set(sent) == {LIVE}
    assert sent[LIVE] <= 60 * 60 / 25
    world.gateway.fails(None)
    world.run(MINUTE_S)
    assert world.seen(LIVE)[-1].value is Freshness.FRESH


def test_the_table_names_each_source_of_the_claims_once() -> None:
    assert sorted(row.name for row in ROWS) == sorted(claims.SOURCES)
    assert {one for claim in CLAIMED.values() for one in claim.sources} <= set(claims.SOURCES)
    assert [row.name for row in sources() if row.core] == [LIVE]


# -- of which site --------------------------------------------------------------------------

HOME = {"energy_site_id": 11, "resource_type": "battery", "site_name": "Home", "gateway_id": "D"}
CABIN = {"energy_site_id": 12, "resource_type": "battery", "site_name": "Cabin"}


class Session:
    """An account that answers as told."""

    email = "someone@example.com"
    has_session = False

    def __init__(self) -> None:
        self.products: Any = [{"vin": "5YJ"}, CABIN, HOME]
        self.sent: list[tuple[str, Mapping[str, str] | None]] = []
        self.error: Exception | None = None
        self.document: Any = {"a": 1}

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        self.sent.append((path, params))
        if path == PRODUCTS_PATH:
            return self.products
        if self.error is not None:
            raise self.error
        return self.document


def source(name: str) -> Source:
    return next(row for row in sources() if row.name == name)


@pytest.fixture
def session() -> Session:
    return Session()


def upstream(session: Session, wanted: str = "", stored: int | None = None) -> CloudUpstream:
    return CloudUpstream(session, wanted=wanted, stored=lambda: stored)  # type: ignore[arg-type]


def test_the_account_is_asked_for_its_sites_once(session: Session) -> None:
    one = upstream(session, "11")
    assert one.site is None
    assert [one.fetch(source(name)) for name in (LIVE, claims.HISTORY, claims.BACKUP_TIME)]
    site = "/api/1/energy_sites/11"
    assert session.sent == [
        (PRODUCTS_PATH, None),
        (f"{site}/live_status", LANGUAGE),
        (f"{site}/calendar_history", LIFETIME),
        (f"{site}/backup_time_remaining", {}),
    ]
    assert one.site is not None
    assert (one.site.id, one.site.din) == (11, "D")


def test_products_are_of_the_account(session: Session) -> None:
    assert upstream(session).fetch(source(claims.PRODUCTS)) == session.products
    assert len(session.sent) == 1


@pytest.mark.parametrize(("wanted", "stored"), [("13", 11), ("", 13)])
def test_a_site_that_the_account_lacks_is_an_error_and_nothing_else_is_asked(
    session: Session, wanted: str, stored: int | None
) -> None:
    one = upstream(session, wanted, stored)
    with pytest.raises(NotSetUp, match=r"12 \(Cabin, battery\), 11 \(Home, battery\)"):
        one.fetch(source(LIVE))
    assert [path for path, _ in session.sent] == [PRODUCTS_PATH]
    assert one.site is None


def test_after_a_404_the_sites_are_listed_again_and_no_other_one_is_taken(
    session: Session,
) -> None:
    one = upstream(session)
    one.fetch(source(LIVE))
    session.error = NotServed("HTTP 404")
    with pytest.raises(NotServed):
        one.fetch(source(LIVE))
    session.products = [HOME]
    with pytest.raises(NotSetUp, match="no site 12"):
        one.fetch(source(LIVE))
    session.products, session.error = [HOME, CABIN], None
    assert one.fetch(source(LIVE)) == {"a": 1}
    assert one.site is not None
    assert one.site.id == 12


@pytest.mark.parametrize("document", [[], "text", 5, True])
def test_what_is_no_document_is_none(session: Session, document: Any) -> None:
    session.document = document
    with pytest.raises(Unwell):
        upstream(session).fetch(source(LIVE))


def test_what_was_answered_was_answered_to_a_token(session: Session) -> None:
    """One that has ended just after must not make the core look open to everybody."""
    assert not session.has_session
    assert upstream(session).has_session


@pytest.mark.parametrize(
    ("email", "shown"),
    [("someone@example.com", "s***@example.com"), ("nobody", "***"), ("", "***")],
)
def test_the_name_of_an_account_is_not_its_address(
    session: Session, email: str, shown: str
) -> None:
    session.email = email
    assert upstream(session).name == f"Tesla account {shown}"
