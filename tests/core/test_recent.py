"""The last hour: half minutes of what landed, and nothing made up."""

from __future__ import annotations

from math import isfinite
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.world import World, source

from pypowerwall_core.claims import plain
from pypowerwall_core.errors import Unreachable
from pypowerwall_core.recent import BUCKETS, EVERY_S, FOR_S, NEEDS, Curve, Recent
from pypowerwall_core.site import Reader, Site
from pypowerwall_core.snapshot import Entry, Known, Snapshot, Unknown

NOW_S = 1.7e9 // EVERY_S * EVERY_S
HOME_S = 1.5e9


def looked(at_s: float, version: int = 1, age_s: float = 0.0, **more: Any) -> Snapshot:
    meters = {meter: {"instant_power": watts} for meter, watts in (more or {"load": 900}).items()}
    entries: dict[str, Entry] = {"aggregates": Known(meters, version, age_s, 5.0), "soe": Unknown()}
    return Snapshot(entries, at_s)


def loads(recent: Recent, now_s: float) -> list[Any]:
    found: list[Any] = recent.shown(now_s)["power_w"]["load"]
    return found


def test_before_anything_landed_every_curve_is_all_gaps() -> None:
    nothing = [None] * BUCKETS
    shown = Recent().shown(NOW_S)
    assert list(shown["power_w"]) == ["site", "battery", "load", "solar"]
    assert [*shown["power_w"].values(), shown["battery_level_app_pct"]] == [nothing] * 5


def test_a_bucket_is_the_mean_of_its_samples_and_the_last_one_runs() -> None:
    recent = Recent()
    for n, watts in enumerate((100, 200, 600)):
        recent = recent.saw(looked(NOW_S + 5 * n, n, load=watts))
    assert loads(recent, NOW_S + 10)[-2:] == [None, 300.0]
    recent = recent.saw(looked(NOW_S + EVERY_S, 9, load=50))
    assert loads(recent, NOW_S + EVERY_S)[-2:] == [300.0, 50.0]


def test_a_stale_value_that_is_shown_again_is_no_sample() -> None:
    recent = Recent().saw(looked(NOW_S, 1, load=100))
    again = recent.saw(looked(NOW_S + 2 * EVERY_S, 1, age_s=2 * EVERY_S, load=100))
    assert again is recent
    assert loads(again, NOW_S + 2 * EVERY_S)[-3:] == [100.0, None, None]


def test_a_sample_belongs_to_when_it_was_measured() -> None:
    recent = Recent().saw(looked(NOW_S + 1, 1, age_s=3.0, load=100))
    assert loads(recent, NOW_S + 1)[-2:] == [100.0, None]


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    recent = Recent().saw(looked(NOW_S, 1, load=100))
    assert loads(recent, NOW_S + FOR_S - 1)[0] == 100.0
    assert loads(recent, NOW_S + FOR_S) == [None] * BUCKETS
    assert Recent().saw(looked(NOW_S, 1, age_s=FOR_S, load=100)).shown(NOW_S) == Recent().shown(0)


def test_a_clock_that_is_set_back_leaves_no_sample_of_the_future() -> None:
    recent = Recent().saw(looked(NOW_S + 5 * EVERY_S, 1, load=900)).saw(looked(NOW_S, 2, load=100))
    assert loads(recent, NOW_S + 5 * EVERY_S)[-6:] == [100.0, None, None, None, None, None]


def test_a_meter_that_tells_nothing_leaves_a_gap() -> None:
    recent = Recent().saw(looked(NOW_S, 1, solar=None, load="?", site=0.0))
    shown = recent.shown(NOW_S)["power_w"]
    assert (shown["solar"][-1], shown["load"][-1], shown["site"][-1]) == (None, None, 0.0)


SAMPLES = st.tuples(st.floats(-1e12, 1e12), st.floats(allow_nan=False, allow_infinity=False))


@given(st.lists(SAMPLES, max_size=40))
def test_whatever_is_measured_whenever_memory_is_bounded_and_means_are_numbers(
    samples: list[tuple[float, float]],
) -> None:
    curve = Curve()
    for at_s, value in samples:
        curve = curve.plus(value, at_s, at_s)
        told = [mean for mean in curve.means(at_s) if mean is not None]
        assert told
        assert all(map(isfinite, told))
    assert len(curve.buckets) <= BUCKETS


# -- what feeds it ----------------------------------------------------------------------------


def home(world: World) -> Site:
    reader = Reader(world.lane, plain({name: name for name in NEEDS}))
    begin_s = world.now_s
    return Site(
        [reader],
        clock=lambda: world.now_s,
        wall_clock=lambda: HOME_S + world.now_s - begin_s,
    )


def samples(site: Site) -> dict[tuple[str, ...], int]:
    return {
        where: sum(count for _, count in curve.buckets.values())
        for where, curve in site.recent.curves.items()
    }


def test_each_landing_is_a_sample_though_nobody_reads_what_was_kept_fresh_for_him() -> None:
    world = World([source(name) for name in NEEDS])
    world.gateway.documents = {
        "aggregates": {"load": {"instant_power": 900}},
        "soe": {"percentage": 43.0},
    }
    site = home(world)
    world.every(2.0, *NEEDS)
    world.run(60.0)
    landed = world.gateway.counts()
    assert landed["aggregates"] >= 10
    assert samples(site) == {
        ("power_w", "load"): landed["aggregates"],
        ("battery_level_app_pct",): landed["soe"],
    }
    assert site.recent.shown(HOME_S + 60.0)["battery_level_app_pct"][-2:] == [40.0, None]


def test_an_outage_is_a_gap() -> None:
    world = World([source(name) for name in NEEDS])
    world.gateway.documents = {"aggregates": {"load": {"instant_power": 900}}}
    site = home(world)
    world.every(2.0, *NEEDS)
    world.run(10.0)
    world.gateway.fails(Unreachable("connection refused"))
    world.run(120.0)
    world.gateway.fails(None)
    world.run(60.0)
    curve = site.recent.shown(HOME_S + 190.0)["power_w"]["load"]
    known = [mean is not None for mean in curve[-7:]]
    assert known[0]
    assert known[-1]
    assert False in known[1:-1]
    assert {mean for mean in curve if mean is not None} == {900.0}


def test_a_listener_that_breaks_keeps_nobody_from_landing(caplog: Any) -> None:
    world = World([source(name) for name in NEEDS])
    site = home(world)
    calls: list[float] = []

    def broken() -> None:
        calls.append(world.now_s)
        raise ValueError("broken")

    site.listen(broken)
    world.every(2.0, "aggregates", until_s=world.now_s + 30)
    world.run(30.0)
    assert len(calls) == world.gateway.count("aggregates") >= 5
    assert "this is a bug" in caplog.text
    site.unlisten(broken)
    world.ask("aggregates")
    world.run(60.0)
    assert len(calls) < world.gateway.count("aggregates")
