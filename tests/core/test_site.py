from __future__ import annotations

from support.doubtful import until_doubted
from support.world import HOUSEHOLD, Gateway, World, source

from pypowerwall_core.claims import NOT_SERVED, Claim, plain
from pypowerwall_core.errors import NotServed, Unreachable
from pypowerwall_core.lane import Lane
from pypowerwall_core.site import Reader, Site
from pypowerwall_core.snapshot import Absent, Held, Known, Unknown, counter_key

ROWS = tuple(map(source, ("aggregates", "vitals", "solar_powerwall")))


CORE_FIRST = {"aggregates": 1}
"""What a lane asks before anything that may need a session."""


def make(world: World) -> Site:
    reader = Reader(world.lane, plain({row.name: row.name for row in ROWS}))
    return Site([reader], clock=lambda: world.now_s, wall_clock=lambda: 1.5e9)


def test_what_nobody_answered_yet_is_unknown_and_worth_a_flight() -> None:
    world = World(ROWS)
    asked = make(world).ask(["aggregates"])
    assert isinstance(asked.snapshot.entries["aggregates"], Unknown)
    assert asked.snapshot.document("aggregates") is None
    assert len(asked.flights) == 1
    assert asked.snapshot.at_s == 1.5e9


def test_a_document_is_known_with_its_age_and_ttl() -> None:
    world = World(ROWS)
    site = make(world)
    site.ask(["aggregates"])
    world.run(2.0)
    entry = site.ask(["aggregates"]).snapshot.entries["aggregates"]
    assert isinstance(entry, Known)
    assert 1.9 < entry.age_s <= 2.0
    assert entry.ttl_s == 5.0 - entry.age_s
    world.run(20.0)
    stale = site.ask(["aggregates"]).snapshot.known[0]
    assert stale.ttl_s < 0


def test_solar_powerwall_is_asked_only_where_vitals_are_not_served() -> None:
    world = World(ROWS)
    site = make(world)
    site.ask(["vitals", "solar_powerwall"])
    world.run(2.0)
    asked = site.ask(["vitals", "solar_powerwall"])
    assert list(asked.snapshot.entries) == ["vitals"]
    assert world.gateway.counts() == CORE_FIRST | {"vitals": 1}


def test_solar_powerwall_stands_in_for_missing_vitals() -> None:
    world = World(ROWS)
    world.gateway.trouble["vitals"] = lambda: NotServed("HTTP 404")
    site = make(world)
    for _ in range(3):
        site.ask(["aggregates"])
        site.ask(["vitals", "solar_powerwall"])
        world.run(1.0)
    snapshot = site.ask(["vitals", "solar_powerwall"]).snapshot
    assert isinstance(snapshot.entries["vitals"], Absent)
    assert snapshot.document("solar_powerwall") is not None


def test_asked_alone_a_stand_in_is_a_source_like_any_other() -> None:
    world = World(ROWS)
    site = make(world)
    site.ask(["solar_powerwall"])
    world.run(2.0)
    assert world.gateway.counts() == CORE_FIRST | {"solar_powerwall": 1}


def test_the_first_reader_that_claims_a_payload_gives_it() -> None:
    one, two = World(ROWS), World(ROWS)
    two.gateway.documents["vitals"] = {"from": "two"}
    site = Site(
        [
            Reader(one.lane, plain({"aggregates": "aggregates"})),
            Reader(two.lane, plain({"aggregates": "aggregates", "vitals": "vitals"})),
        ],
        clock=lambda: one.now_s,
    )
    site.ask(["aggregates", "vitals"])
    one.run(1.0)
    two.run(1.0)
    assert site.ask(["vitals"]).snapshot.document("vitals") == {"from": "two"}
    assert two.gateway.counts() == CORE_FIRST | {"vitals": 1}


def test_one_site_does_not_notice_another_ones_outage() -> None:
    ill, well = World(ROWS), World(ROWS)
    ill.gateway.fails(NotServed("HTTP 404"))
    for world in (ill, well):
        world.every(5.0, "aggregates")
        world.run(60.0)
    assert well.lane.view().condition.up
    assert not ill.lane.view().condition.up


def test_without_a_gateway_everything_is_unknown_and_says_why() -> None:
    site = Site(trouble="no gateway is configured")
    asked = site.ask(["aggregates"])
    assert asked.snapshot.entries["aggregates"] == Unknown("no gateway is configured")
    assert asked.flights == ()
    site.start()
    site.stop()


def test_a_payload_nobody_claims_is_absent() -> None:
    world = World(ROWS)
    entry = make(world).ask(["operation"]).snapshot.entries["operation"]
    assert isinstance(entry, Absent)


def test_a_snapshots_identity_changes_with_its_documents_and_with_nothing_else() -> None:
    world = World(ROWS)
    site = make(world)
    nothing = site.ask(["aggregates"]).snapshot.identity
    world.run(1.0)
    first = site.ask(["aggregates"]).snapshot.identity
    world.run(1.0)
    again = site.ask(["aggregates"]).snapshot.identity
    world.run(30.0)
    site.ask(["aggregates"])
    world.run(1.0)
    later = site.ask(["aggregates"]).snapshot.identity
    assert first == again
    assert len({nothing, first, later}) == 3


def test_a_lane_names_its_upstream() -> None:
    world = World(ROWS)
    assert Lane(Gateway(world), ROWS).name == "gateway 10.0.0.5"


def test_what_is_known_names_its_reader() -> None:
    world = World(ROWS)
    reader = Reader(world.lane, plain({"aggregates": "aggregates"}), name="cloud")
    site = Site([reader], clock=lambda: world.now_s)
    site.ask(["aggregates"])
    world.run(1.0)
    assert [entry.source for entry in site.ask(["aggregates"]).snapshot.known] == ["cloud"]


BOUGHT = counter_key("site", "energy_imported")


def a_meter() -> tuple[World, Site]:
    """A home with one meter, asked every 5 s, that has bought 1 MWh."""
    world = World(tuple(row for row in HOUSEHOLD if row.name == "aggregates"))
    site = make(world)
    tells(world, 1e6)
    world.every(5.0, "aggregates")
    world.run(20.0)
    assert bought(site) == (1e6, "")
    return world, site


def tells(world: World, wh: float) -> None:
    world.gateway.documents["aggregates"] = {"site": {"energy_imported": wh}}


def bought(site: Site) -> tuple[float, str]:
    """Return what is shown of the counter, and what is doubted about it."""
    snapshot = site.look(["aggregates"])
    entry = snapshot.entries["aggregates"]
    assert isinstance(entry, Known)
    return snapshot.totals.of(BOUGHT, entry.document["site"]["energy_imported"]), entry.doubt


def test_a_counter_that_dips_is_doubted_once_and_held_afterwards() -> None:
    world, site = a_meter()
    tells(world, 1e6 - 500)
    until_doubted(world, "aggregates")
    shown, doubt = bought(site)
    assert (shown, isinstance(shown, Held)) == (1e6, False)
    assert "went back from 1000000 to 999500 Wh; the one before is shown" in doubt
    world.run(20.0)
    shown, doubt = bought(site)
    assert (shown, isinstance(shown, Held)) == (1e6, True)
    assert doubt.endswith("went back from 1000000 to 999500 Wh")
    tells(world, 1e6 + 1)
    world.run(20.0)
    assert bought(site)[0] == 1e6 + 1


def test_a_counter_that_begins_anew_is_doubted_once_and_then_shown() -> None:
    world, site = a_meter()
    tells(world, 12.0)
    until_doubted(world, "aggregates")
    assert bought(site)[0] == 1e6
    world.run(20.0)
    assert bought(site)[0] == 12.0


def test_since_when_the_grid_is_as_it_is_does_not_depend_on_who_looks() -> None:
    world = World((source("grid_status"),))
    reader = Reader(world.lane, plain({"grid_status": "grid_status"}))
    site = Site([reader], clock=lambda: world.now_s, wall_clock=lambda: 1.7e9 + world.now_s)
    world.gateway.documents["grid_status"] = {"grid_status": "SystemGridConnected"}
    world.every(5.0, "grid_status")
    assert site.look(["grid_status"]).grid.state == "unknown"
    world.run(60.0)
    up = site.ask(["grid_status"]).snapshot.grid
    world.gateway.fails(Unreachable("connection refused"))
    world.run(120.0)
    assert site.look(["grid_status"]).grid.state == "unknown"
    world.gateway.fails(None)
    world.run(60.0)
    assert site.look(["grid_status"]).grid == up
    world.gateway.documents["grid_status"] = {"grid_status": "SystemIslandedActive"}
    down_s = world.now_s
    world.run(60.0)
    down = site.look(["grid_status"]).grid
    assert down.state == "islanded"
    assert down.since_s is not None
    assert 0 <= down.since_s - 1.7e9 - down_s <= 60.0


# -- payloads made of several sources --------------------------------------------------------


def _charge(live: object, info: object) -> object:
    """A document made of two; only the first has to be there."""
    if not isinstance(live, dict):
        return None
    return {"percentage": live.get("reading"), "of": (info or {}).get("reading")}  # type: ignore[attr-defined]


def _home_of(world: World, **claims: Claim) -> Site:
    return Site([Reader(world.lane, claims, name="cloud")], clock=lambda: world.now_s)


def test_a_made_payload_is_as_old_as_its_first_source_and_the_others_may_be_missing() -> None:
    world = World(ROWS)
    world.gateway.documents |= {"aggregates": {"reading": 7}, "vitals": {"reading": 8}}
    world.gateway.trouble["vitals"] = lambda: Unreachable("away")
    site = _home_of(world, soe=Claim(("aggregates", "vitals"), _charge))
    site.ask(["soe"])
    world.run(1.0)
    world.run(1.0)
    (known,) = site.ask(["soe"]).snapshot.known
    assert known.document == {"percentage": 7, "of": None}
    assert (known.source, 1.9 < known.age_s <= 2.0) == ("cloud", True)


def test_a_made_payload_is_unknown_without_its_first_source() -> None:
    world = World(ROWS)
    world.gateway.trouble["aggregates"] = lambda: Unreachable("away")
    site = _home_of(world, soe=Claim(("aggregates", "vitals"), _charge))
    site.ask(["soe"])
    world.run(5.0)
    assert isinstance(site.ask(["soe"]).snapshot.entries["soe"], Unknown)


def test_a_made_payload_is_made_anew_only_when_a_source_has_changed() -> None:
    world = World(ROWS)
    made: list[object] = []

    def derive(live: object) -> object:
        made.append(live)
        return None if live is None else {"made": sum(one is not None for one in made)}

    site = _home_of(world, soe=Claim(("aggregates",), derive))
    site.ask(["soe"])
    world.run(1.0)
    first, again = (site.ask(["soe"]).snapshot for _ in range(2))
    assert first.document("soe") is again.document("soe")
    assert (first.identity, made[:-1]) == (again.identity, [None])
    world.run(20.0)
    site.ask(["soe"])
    world.run(1.0)
    later = site.ask(["soe"]).snapshot
    assert later.document("soe") == {"made": 2}
    assert later.identity != first.identity


def test_what_a_home_does_not_have_is_absent_and_what_cannot_be_said_is_unknown() -> None:
    world = World(ROWS)
    site = _home_of(
        world,
        soe=Claim(("aggregates",), lambda _: NOT_SERVED),
        operation=Claim(("aggregates",), lambda _: None),
    )
    site.ask(["soe", "operation"])
    world.run(1.0)
    entries = site.ask(["soe", "operation"]).snapshot.entries
    assert isinstance(entries["soe"], Absent)
    assert isinstance(entries["operation"], Unknown)


def test_a_constant_is_known_at_once_asks_nobody_and_says_what_it_is() -> None:
    world = World(ROWS)
    site = _home_of(world, problems=Claim((), lambda: {"problems": []}))
    asked = site.ask(["problems"])
    (known,) = asked.snapshot.known
    assert (known.document, known.source, asked.flights) == ({"problems": []}, "constant", ())
    world.run(5.0)
    assert world.gateway.counts() == {}


def test_what_one_reader_does_not_have_the_next_one_gives() -> None:
    gateway, cloud = World(ROWS), World(ROWS)
    gateway.gateway.trouble["vitals"] = lambda: NotServed("HTTP 404")
    cloud.gateway.documents["vitals"] = {"from": "cloud"}
    site = Site(
        [
            Reader(gateway.lane, plain({"aggregates": "aggregates", "vitals": "vitals"})),
            Reader(cloud.lane, plain({"vitals": "vitals"}), name="cloud"),
        ],
        clock=lambda: gateway.now_s,
    )
    for _ in range(4):
        site.ask(["aggregates", "vitals"])
        gateway.run(1.0)
        cloud.run(1.0)
    snapshot = site.ask(["aggregates", "vitals"]).snapshot
    assert snapshot.document("vitals") == {"from": "cloud"}
    assert [entry.source for entry in snapshot.known] == ["gateway", "cloud"]


def test_a_reader_that_is_away_is_not_replaced_by_the_next_one() -> None:
    gateway, cloud = World(ROWS), World(ROWS)
    gateway.gateway.trouble["vitals"] = lambda: Unreachable("away")
    site = Site(
        [
            Reader(gateway.lane, plain({"vitals": "vitals"})),
            Reader(cloud.lane, plain({"vitals": "vitals"}), name="cloud"),
        ],
        clock=lambda: gateway.now_s,
    )
    site.ask(["vitals"])
    gateway.run(2.0)
    assert isinstance(site.ask(["vitals"]).snapshot.entries["vitals"], Unknown)
    cloud.run(2.0)
    assert cloud.gateway.counts() == {}
