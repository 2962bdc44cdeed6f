"""A lane that rests for a person notices within seconds that the person has acted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.accounts import Account
from support.world import World

from pypowerwall_core.backends.cloud import claims
from pypowerwall_core.backends.cloud.files import AUTH_FILE, TokenFile, store_site, stored_site
from pypowerwall_core.backends.cloud.reader import CloudUpstream, sources
from pypowerwall_core.backends.cloud.session import CloudSession, Servers
from pypowerwall_core.errors import Forbidden, NotSetUp, PowerwallError, Unreachable
from pypowerwall_core.failures import LaneState
from pypowerwall_core.policy import Freshness
from pypowerwall_core.redact import Secrets
from simulator.cloud import CloudSimulator

LIVE = claims.LIVE_STATUS
MINUTE_S, HOUR_S = 60.0, 3600.0
REFUSED = NotSetUp("the token is not renewed: login_required", remedy="Run `powerwall setup`.")
TROUBLES = (REFUSED, Forbidden("HTTP 403"))


class Home:
    """A lane whose person may act, and how often anybody looked."""

    def __init__(self) -> None:
        self.glances: list[float] = []
        self.acted = False
        self.world = World(sources(), is_mended=self._is_mended)

    def _is_mended(self) -> bool:
        self.glances.append(self.world.now_s)
        acted, self.acted = self.acted, False
        return acted

    def rest(self, error: PowerwallError, *, asked: bool = True) -> World:
        if asked:
            self.world.every(5.0, LIVE)
        else:
            self.world.ask(LIVE)
        self.world.gateway.fails(error)
        self.world.run(30.0)
        assert not self.world.lane.view().condition.up
        return self.world


@pytest.fixture
def home() -> Home:
    return Home()


@pytest.mark.parametrize("error", TROUBLES)
def test_who_has_logged_in_anew_has_data_within_seconds(home: Home, error: PowerwallError) -> None:
    world = home.rest(error)
    world.run(HOUR_S)
    sent = world.gateway.count()
    home.acted = True
    world.gateway.fails(None)
    world.run(8.0)
    assert world.gateway.count() > sent
    assert world.seen(LIVE)[-1].value is Freshness.FRESH


@pytest.mark.parametrize("error", TROUBLES)
def test_while_nobody_acts_pauses_are_as_long_as_ever(home: Home, error: PowerwallError) -> None:
    world = home.rest(error)
    world.run(2 * HOUR_S)
    gaps_s = [b - a for (a, _), (b, _) in pairwise(world.gateway.sent)]
    assert [round(gap_s / 60) for gap_s in gaps_s[:5]] == [1, 5, 15, 30, 30]
    between_s = [b - a for a, b in pairwise(home.glances)]
    assert min(between_s) >= 2.0
    assert len(home.glances) > 2 * HOUR_S / 2.5


def test_nothing_is_looked_at_in_good_order_nor_where_a_person_does_not_help(home: Home) -> None:
    home.world.every(5.0, LIVE)
    home.world.run(HOUR_S)
    home.world.gateway.fails(Unreachable("no internet"))
    home.world.run(HOUR_S)
    assert home.glances == []


def test_it_is_noticed_where_nobody_reads_and_only_a_command_would_come(home: Home) -> None:
    world = home.rest(REFUSED, asked=False)
    assert isinstance(world.lane.demand(claims.SITE_INFO).exception(0), NotSetUp)
    home.acted = True
    world.gateway.fails(None)
    sent = world.gateway.count()
    world.run(5.0)
    assert world.gateway.count() == sent
    answer = world.lane.demand(claims.SITE_INFO)
    world.run(1.0)
    assert answer.result(0)


def test_a_login_that_does_not_help_either_is_noticed_ever_more_rarely(home: Home) -> None:
    world = home.rest(REFUSED)
    sent = world.gateway.count()

    def always() -> None:
        home.acted = True
        world.at(world.now_s + 1.0, always)

    always()
    world.run(10 * MINUTE_S)
    assert world.gateway.count() - sent <= 14
    world.gateway.fails(None)
    world.run(MINUTE_S + 5.0)
    assert world.lane.view().condition.up
    world.gateway.fails(REFUSED)
    world.run(20.0)
    world.gateway.fails(None)
    world.run(8.0)
    assert world.lane.view().condition.up


def test_a_refresh_token_alone_is_tried_at_once_though_a_login_has_just_failed() -> None:
    home = Home()
    world, gateway = home.world, home.world.gateway
    gateway.has_session, gateway.login_trouble = False, lambda: REFUSED
    world.every(5.0, LIVE)
    world.run(10.0)
    assert world.lane.view().condition.state is LaneState.NOT_SET_UP
    gateway.login_trouble = lambda: None
    home.acted = True
    world.run(8.0)
    assert (len(gateway.logins), world.seen(LIVE)[-1].value) == (2, Freshness.FRESH)


# -- what counts as having acted ------------------------------------------------------------


class Files:
    """A folder as `powerwall setup` and other programs write it, and who looks at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / AUTH_FILE
        self.session = CloudSession("me@example.com", TokenFile(folder), Servers(), Secrets())

    def write(self, **tokens: str) -> None:
        # Elsewhere on the disk, as every careful writer does.
        other = self.folder / "other"
        other.write_text(json.dumps({"me@example.com": {"sso": tokens}}))
        other.replace(self.path)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    found = Files(tmp_path)
    yield found
    found.session.close()


def test_a_file_that_was_not_there_or_not_readable_is_news_once_it_holds_tokens(
    files: Files,
) -> None:
    assert not files.session.has_news()
    files.path.write_text("{")
    assert not files.session.has_news()
    files.write(refresh_token="r1")
    assert files.session.has_news()
    assert not files.session.has_news()


def test_the_same_tokens_written_again_are_no_news(account: Account) -> None:
    session = account.session
    session.login()
    assert not session.has_news()
    document = json.loads(account.path.read_text())
    account.path.write_text(json.dumps(document, indent=8))
    assert not session.has_news()
    account.path.unlink()
    assert not session.has_news()
    account.path.write_text(json.dumps({"someone@else.com": document[account.email]}))
    assert not session.has_news()
    account.path.write_text(json.dumps(document))
    account.store(**account.new_login())
    assert session.has_news()
    assert session.has_session
    assert not session.has_news()


class Told:
    """A session that never has news."""

    email = "me@example.com"

    def has_news(self) -> bool:
        return False

    def get(self, *_: Any) -> Any:
        return [{"energy_site_id": 7, "resource_type": "battery"}]


def test_another_choice_of_site_is_news_where_the_first_was_refused(tmp_path: Path) -> None:
    upstream = CloudUpstream(Told(), stored=lambda: stored_site(tmp_path))  # type: ignore[arg-type]
    store_site(tmp_path, 8)
    assert not upstream.is_mended()
    with pytest.raises(NotSetUp):
        upstream.chosen()
    assert not upstream.is_mended()
    store_site(tmp_path, 7)
    assert [upstream.is_mended(), upstream.is_mended()] == [True, False]
    assert upstream.chosen().id == 7
    store_site(tmp_path, 8)
    assert not upstream.is_mended()


def test_what_was_refused_is_not_asked_about_again_while_it_is_looked_at(
    account: Account, cloud: CloudSimulator
) -> None:
    cloud.faults.start("refresh_rejected")
    account.store(access_token="", expires_at=0)
    with pytest.raises(NotSetUp):
        account.session.login()
    asked = account.asked()
    assert not any(account.session.has_news() for _ in range(5))
    assert account.asked() == asked
