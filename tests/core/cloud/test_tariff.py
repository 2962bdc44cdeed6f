"""A tariff is sent once, whole, and only where it is another; what shows is told, and no more."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from support.anyjson import JSON

from pypowerwall_core import Powerwall
from pypowerwall_core.backends.cloud.controller import READ_BACK_S, CloudController
from pypowerwall_core.backends.cloud.reader import PRODUCTS_PATH, CloudUpstream, sources
from pypowerwall_core.backends.cloud.tariff import CALL, is_so, shows, wanted_of
from pypowerwall_core.commands import Outcome
from pypowerwall_core.errors import (
    BadCommand,
    NotServed,
    PowerwallError,
    Refused,
    Unreachable,
)
from pypowerwall_core.lane import Lane
from pypowerwall_core.redact import Secrets
from simulator.cloud import CloudSimulator

V2 = "tariff_content_v2"
OLD = {
    "version": 1,
    "code": "FLAT",
    "energy_charges": {"ALL": {"ALL": 0.3}},
    "sell_tariff": {"a": 1},
}
NEW = {"code": "TOU", "energy_charges": {"Summer": {"ON_PEAK": 0.5, "OFF_PEAK": 0.1}}}


class Session:
    """An account that takes a tariff, and shows it as told."""

    email = "someone@example.com"
    has_session = True

    def __init__(self) -> None:
        self.info: dict[str, Any] = {V2: copy.deepcopy(OLD)}
        self.sent: list[tuple[str, Any]] = []
        self.reads = 0
        self.shows_after = 0
        self.answer: dict[str, Any] = {"code": 201, "message": "Updated"}
        self.secrets = Secrets()
        self.read_error: Exception | None = None
        self.post_error: Exception | None = None
        self.store: Callable[[dict[str, Any]], dict[str, Any]] = lambda sent: {"version": 1, **sent}
        self._coming: dict[str, Any] | None = None

    def get(self, path: str, _: Any = None) -> Any:
        if path == PRODUCTS_PATH:
            return [{"energy_site_id": 7, "resource_type": "battery"}]
        if path.endswith("tariff_rate"):
            return self.info[V2]
        if not path.endswith("site_info"):
            return {}
        self.reads += 1
        if self.read_error is not None:
            raise self.read_error
        if self._coming is not None and self.shows_after == 0:
            self.info = {V2: self._coming}
        self.shows_after -= self._coming is not None
        return self.info

    def post(self, path: str, document: Any) -> Any:
        self.sent.append((path, document))
        if self.post_error is not None:
            raise self.post_error
        self._coming = self.store(copy.deepcopy(document["tou_settings"][V2]))
        return self.answer

    def close(self) -> None:
        pass


class Desk:
    """The controller of such an account, and the pauses it would have made."""

    def __init__(self, stack: ExitStack) -> None:
        self.session = Session()
        self.pauses: list[float] = []
        upstream = CloudUpstream(self.session, stored=lambda: None)  # type: ignore[arg-type]
        self.lane = Lane(upstream, sources())
        self.controller = CloudController(self.lane, self.session, upstream)  # type: ignore[arg-type]
        self.lane.start()
        stack.callback(self.lane.stop)

    def set(self, tariff: Any = NEW) -> Any:
        return self.controller.set_tariff({V2: tariff}, self.pauses.append)


@pytest.fixture
def desk(stack: ExitStack) -> Desk:
    return Desk(stack)


def test_a_tariff_is_written_once_and_read_back(desk: Desk) -> None:
    change = desk.set()
    assert (change.outcome, change.code, change.message) == (Outcome.APPLIED, 201, "Updated")
    site = "/api/1/energy_sites/7"
    assert desk.session.sent == [(f"{site}/{CALL}", {"tou_settings": {V2: NEW}})]
    assert (desk.pauses, desk.session.reads) == ([0.0], 2)


def test_what_tesla_says_of_it_shows_no_token(desk: Desk) -> None:
    desk.session.secrets.hide_token("qts-0123456789")
    desk.session.answer["message"] = "Updated by qts-0123456789"
    assert desk.set().message == "Updated by ***"


def test_what_is_so_already_is_not_sent(desk: Desk) -> None:
    change = desk.set({key: value for key, value in OLD.items() if key != "version"})
    assert (change.outcome, desk.session.sent, desk.pauses) == (Outcome.APPLIED, [], [])
    assert "nothing was sent" in change.message


def test_what_shows_later_is_waited_for(desk: Desk) -> None:
    desk.session.shows_after = 2
    assert desk.set().outcome is Outcome.APPLIED
    assert desk.pauses == list(READ_BACK_S[:3])


def test_what_never_shows_as_it_was_sent_is_pending(desk: Desk) -> None:
    desk.session.store = lambda _: OLD
    change = desk.set()
    assert (change.outcome, desk.pauses) == (Outcome.PENDING, list(READ_BACK_S))
    assert "does not show it" in change.reason


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Refused("HTTP 400"), Outcome.REJECTED),
        (NotServed("HTTP 404"), Outcome.REJECTED),
        (Unreachable("the answer was lost"), Outcome.UNKNOWN),
    ],
)
def test_a_write_that_fails_is_not_repeated_and_told_as_it_is(
    desk: Desk, error: PowerwallError, outcome: Outcome
) -> None:
    desk.session.post_error = error
    change = desk.set()
    assert (change.outcome, change.reason) == (outcome, str(error))
    assert (len(desk.session.sent), desk.pauses) == (1, [])


def test_where_it_cannot_be_read_what_is_set_nothing_is_sent(desk: Desk) -> None:
    desk.session.read_error = Unreachable("no internet")
    change = desk.set()
    assert (change.outcome, desk.session.sent) == (Outcome.REJECTED, [])
    assert "nothing was sent: no internet" in change.reason


def test_the_tariff_that_was_remembered_is_forgotten_with_the_write(desk: Desk) -> None:
    desk.lane.demand("tariff").result(5.0)
    assert desk.lane.peek(["tariff"])["tariff"].memory is not None
    desk.set()
    assert desk.lane.peek(["tariff"])["tariff"].memory is None


def test_a_tariff_is_fetched_when_it_is_asked_for_and_never_ahead() -> None:
    (row,) = [row for row in sources() if row.name == "tariff"]
    assert (row.on_demand, row.fresh_s) == (True, 3600.0)


# -- what can be sent, and what proves it ---------------------------------------------------


@pytest.mark.parametrize("given", [{V2: NEW}, {"tou_settings": {V2: NEW}}])
def test_the_settings_may_come_in_their_envelope(given: Any) -> None:
    assert wanted_of(given) == {V2: NEW}


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        "text",
        {},
        {V2: None},
        {V2: {}},
        {V2: json.dumps(NEW)},
        NEW,
        {V2: NEW, "more": 1},
        {"tou_settings": None},
        {V2: {"a": float("nan")}},
        {V2: {"a": {1, 2}}},
        {V2: NEW, 5: {}},
    ],
)
def test_what_is_no_tariff_is_refused_before_anything_is_asked(desk: Desk, given: Any) -> None:
    with pytest.raises(BadCommand):
        desk.controller.set_tariff(given)
    assert (desk.session.sent, desk.session.reads) == ([], 0)


@settings(max_examples=40)
@given(JSON, JSON, JSON)
def test_whatever_tesla_shows_is_no_bug(before: Any, after: Any, tariff: Any) -> None:
    wanted = {V2: {"a": tariff}}
    shows(before, after, wanted)
    assert is_so({V2: {"a": tariff, "version": 7}}, wanted)
    assert shows(before, {V2: {"a": tariff}}, wanted)


@pytest.mark.parametrize(
    ("after", "proven"),
    [
        ({**NEW, "version": 2}, True),
        ({**NEW, "id": "Tesla's own"}, True),
        ({**NEW, "code": "OTHER"}, False),
        ({"code": "TOU"}, False),
        (OLD, False),
        (None, False),
    ],
)
def test_what_tesla_adds_is_its_own_and_what_it_changes_is_not_what_was_sent(
    after: Any, *, proven: bool
) -> None:
    assert shows({V2: OLD}, {V2: after}, {V2: NEW}) is proven


def test_what_was_left_out_has_to_be_gone() -> None:
    less = {key: value for key, value in OLD.items() if key != "sell_tariff"}
    assert not is_so({V2: OLD}, {V2: less})
    assert not shows({V2: OLD}, {V2: OLD}, {V2: less})
    assert shows({V2: OLD}, {V2: less}, {V2: less})


# -- the library ----------------------------------------------------------------------------


@pytest.fixture
def opened(
    cloud: CloudSimulator, tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> Powerwall:
    """The library in cloud mode: it has no arguments for a cloud that is not Tesla's."""
    from pypowerwall_core import powerwall as module  # noqa: PLC0415 - what is replaced
    from pypowerwall_core.backends.cloud.connect import CloudConfig  # noqa: PLC0415
    from pypowerwall_core.backends.cloud.session import Servers  # noqa: PLC0415
    from pypowerwall_core.build import CLOUD, ControlConfig  # noqa: PLC0415

    cloud.write_auth(tmp_path / "auth")
    servers = Servers(api=cloud.api_url, ca_file=str(tmp_path / "auth/ca.pem"))
    config = CloudConfig(
        tmp_path / "auth", servers=servers, control=ControlConfig((CLOUD,), journal="")
    )
    monkeypatch.setattr(module, "_account", lambda _: config)
    return stack.enter_context(Powerwall(cloudmode=True))


def test_the_library_reads_a_tariff_and_sets_it(
    opened: Powerwall, cloud: CloudSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    tariff = opened.get_tariff()
    assert tariff["currency"] == "USD"
    tariff["energy_charges"]["Summer"]["OFF_PEAK"] = 0.21
    assert opened.get_tariff()["energy_charges"]["Summer"]["OFF_PEAK"] == 0.3
    result = json.loads(opened.set_tariff({V2: tariff}, jsonformat=True))
    assert result == {"Message": "Updated", "Code": 201, "outcome": "applied"}
    assert opened.get_tariff() == tariff
    assert opened.set_tariff({V2: tariff})["outcome"] == "applied"
    assert len(cloud.counters.writes) == 1
    assert opened.set_tariff("no tariff") is None
    cloud.faults.start("failing", path=cloud.counters.writes[0].path)
    assert opened.set_tariff({V2: {**tariff, "code": "X"}}, jsonformat=True) == "null"
    said = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert [line.split(":")[0] for line in said] == ["nothing was sent", "unknown"]
    assert len(cloud.counters.writes) == 2


def test_where_nobody_tells_a_tariff_there_is_none(caplog: pytest.LogCaptureFixture) -> None:
    with Powerwall(fleetapi=True) as none:
        assert none.get_tariff() is None
        assert none.set_tariff({V2: NEW}) is None
    assert "nothing was sent" in caplog.text
