"""A trouble is named by what is behind it, where the upstream can be asked for that."""

from __future__ import annotations

from support.world import CORE, World

from pypowerwall_core.errors import RateLimited, Unexplained, Unreachable, Unwell
from pypowerwall_core.failures import LaneState


def test_a_trouble_is_named_by_its_reason_and_the_reason_is_not_asked_for_at_every_probe() -> None:
    world = World()
    world.every(5.0, *CORE)
    world.run(60.0)
    world.gateway.fails(Unexplained("HTTP 502"))
    world.gateway.reason = lambda: Unwell("the Powerwall is stopped")
    broke_s = world.now_s
    world.run(120.0)
    condition = world.lane.view().condition
    assert str(condition.error) == "the Powerwall is stopped"
    first_minute = world.gateway.count(since_s=broke_s, until_s=broke_s + 60.0)
    assert first_minute <= 12
    assert 2 <= world.gateway.count("reason", since_s=broke_s) <= 5
    assert world.lane.view().requests_per_minute == world.gateway.count(since_s=world.now_s - 60.0)


def test_a_reason_that_changes_is_noticed() -> None:
    world = World()
    world.every(5.0, *CORE)
    world.run(60.0)
    world.gateway.fails(Unexplained("HTTP 502"))
    world.gateway.reason = lambda: Unwell("the Powerwall is stopped")
    world.run(60.0)
    world.gateway.reason = lambda: None
    world.run(120.0)
    assert str(world.lane.view().condition.error) == "HTTP 502"


def test_who_cannot_be_asked_for_a_reason_changes_nothing() -> None:
    world = World()
    world.every(5.0, *CORE)
    world.run(60.0)
    world.gateway.fails(Unexplained("HTTP 502"))

    def broken() -> Exception:
        raise Unreachable("connection refused")

    world.gateway.reason = broken
    world.run(10.0)
    assert str(world.lane.view().condition.error) == "HTTP 502"


def test_only_the_core_is_worth_asking_for() -> None:
    world = World()
    world.every(5.0, *CORE, "vitals")
    world.run(60.0)
    world.gateway.fails(Unexplained("HTTP 502"), "vitals")
    world.run(60.0)
    assert world.gateway.count("reason") == 0


def test_a_429_to_the_question_rests_the_lane() -> None:
    world = World()
    world.every(5.0, *CORE)
    world.run(60.0)
    world.gateway.fails(Unexplained("HTTP 502"))

    def limited() -> Exception:
        raise RateLimited("HTTP 429", retry_after_s=600.0)

    world.gateway.reason = limited
    world.run(10.0)
    sent = world.gateway.count()
    world.run(500.0)
    assert world.lane.view().condition.state is LaneState.LIMITED
    assert world.gateway.count() == sent


def test_one_path_of_the_core_that_is_ill_for_long_is_not_asked_about_at_every_failure() -> None:
    world = World()
    world.every(5.0, *CORE)
    world.run(60.0)
    world.gateway.fails(Unexplained("HTTP 502"), "aggregates")
    world.run(600.0)
    assert world.gateway.count("reason") <= 11


def test_a_reason_is_not_pinned_on_another_trouble() -> None:
    world = World()
    world.every(5.0, *CORE)
    world.run(60.0)
    world.gateway.fails(Unwell("broken JSON"))
    world.run(60.0)
    world.gateway.fails(Unexplained("HTTP 502"))
    world.run(60.0)
    assert str(world.lane.view().condition.error) == "HTTP 502"
