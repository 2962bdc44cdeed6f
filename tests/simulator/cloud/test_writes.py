"""What is written shows, or is refused; and what may become of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.cloud.desk import fields
from simulator.cloud.writes import WRITES, Change, capped

UPDATED = {"response": {"code": 201, "message": "Updated"}}


def reserve(person: Any) -> int:
    return int(person.site("site_info").response["backup_reserve_percent"])


@pytest.mark.parametrize(
    ("asked", "kept"), [(0, 0), (20, 20), (80, 80), (81, 80), (99, 80), (100, 100), (33.0, 33)]
)
def test_a_reserve_is_kept_but_for_what_tesla_does_not_keep(
    owner: Any, asked: float, kept: int
) -> None:
    reply = owner.write("backup", backup_reserve_percent=asked)
    assert (reply.status, reply.document) == (200, UPDATED)
    assert reserve(owner) == kept


def test_nothing_but_the_gap_is_capped() -> None:
    changed = [percent for percent in range(101) if capped(percent) != percent]
    assert changed == list(range(81, 100))


def test_mode_and_reserve_do_not_undo_each_other(owner: Any) -> None:
    owner.write("backup", backup_reserve_percent=40)
    owner.write("operation", default_real_mode="autonomous")
    info = owner.site("site_info").response
    assert (info["backup_reserve_percent"], info["default_real_mode"]) == (40, "autonomous")


def test_grid_rules_are_told_once_they_are_chosen(owner: Any) -> None:
    def told() -> list[Any]:
        components = owner.site("site_info").response["components"]
        names = ("disallow_charge_from_grid_with_solar_installed", "customer_preferred_export_rule")
        return [components.get(name) for name in names]

    assert told() == [None, None]
    both = {"disallow_charge_from_grid_with_solar_installed": True}
    owner.write("grid_import_export", **both, customer_preferred_export_rule="pv_only")
    assert told() == [True, "pv_only"]
    owner.write("grid_import_export", disallow_charge_from_grid_with_solar_installed=False)
    assert told() == [None, "pv_only"]
    owner.write("grid_import_export", customer_preferred_export_rule="never")
    assert told() == [None, "never"]


def test_the_smaller_things_are_kept_too(owner: Any) -> None:
    owner.write("storm_mode", enabled=False)
    owner.write("site_name", site_name=" Barn ")
    owner.write("off_grid_vehicle_charging_reserve", off_grid_vehicle_charging_reserve_percent=65)
    status, info = owner.site("site_status").response, owner.site("site_info").response
    assert (status["storm_mode_enabled"], status["site_name"]) == (False, "Barn")
    assert (info["user_settings"]["storm_mode_enabled"], info["site_name"]) == (False, "Barn")
    assert info["off_grid_vehicle_charging_reserve_percent"] == 65


@pytest.mark.parametrize("key", ["tariff_content_v2", "tariff_content"])
def test_a_tariff_is_kept_as_it_came(owner: Any, key: str) -> None:
    tariff = {"code": "X", "utility": "Y", "energy_charges": {"Summer": {"ON_PEAK": 0.5}}}
    owner.write("time_of_use_settings", tou_settings={key: tariff})
    assert owner.site("tariff_rate").response == tariff
    assert owner.site("site_info").response["tariff_id"] == "X"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("backup", {}),
        ("backup", {"backup_reserve_percent": 101}),
        ("backup", {"backup_reserve_percent": -1}),
        ("backup", {"backup_reserve_percent": 20.5}),
        ("backup", {"backup_reserve_percent": True}),
        ("backup", {"backup_reserve_percent": "20"}),
        ("backup", {"backup_reserve_percent": float("nan")}),
        ("backup", {"backup_reserve_percent": float("inf")}),
        ("backup", {"backup_reserve_percent": None}),
        ("operation", {"default_real_mode": "scheduler"}),
        ("operation", {"default_real_mode": ["backup"]}),
        ("operation", {"real_mode": "backup"}),
        ("grid_import_export", {}),
        ("grid_import_export", {"customer_preferred_export_rule": "always"}),
        ("grid_import_export", {"disallow_charge_from_grid_with_solar_installed": "yes"}),
        (
            "grid_import_export",
            {
                "disallow_charge_from_grid_with_solar_installed": True,
                "customer_preferred_export_rule": "x",
            },
        ),
        ("storm_mode", {"enabled": 1}),
        ("time_of_use_settings", {"tou_settings": []}),
        ("time_of_use_settings", {"tou_settings": {"tariff_content_v2": "text"}}),
        ("site_name", {"site_name": "  "}),
        ("off_grid_vehicle_charging_reserve", {"off_grid_vehicle_charging_reserve_percent": "x"}),
    ],
)
def test_nonsense_is_400_and_changes_nothing(owner: Any, name: str, fields: Any) -> None:
    before = owner.site("site_info").body
    reply = owner.write(name, **fields)
    assert (reply.status, reply.document["error"]) == (400, "invalid_request")
    assert owner.site("site_info").body == before


@pytest.mark.parametrize(
    ("name", "body"),
    [
        *(("backup", body) for body in (b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000)),
        ("site_name", b'{"site_name": "\\ud800"}'),
        ("time_of_use_settings", b'{"tou_settings": {"tariff_content": {"a": NaN}}}'),
        (
            "time_of_use_settings",
            b'{"tou_settings": {"tariff_content": {"a": %b}}}' % (b"[" * 900 + b"]" * 900),
        ),
    ],
)
def test_a_body_that_cannot_be_told_again_is_400(
    owner: Any, cloud: Any, name: str, body: bytes
) -> None:
    path = f"/api/1/energy_sites/{cloud.site_id}/{name}"
    before = owner.site("site_info").body
    assert owner.ask(path, "POST", body).status == 400
    assert owner.site("site_info").body == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
KEYS = [
    "backup_reserve_percent",
    "default_real_mode",
    "disallow_charge_from_grid_with_solar_installed",
    "customer_preferred_export_rule",
    "enabled",
    "tou_settings",
    "tariff_content",
    "site_name",
    "off_grid_vehicle_charging_reserve_percent",
]


@given(st.sampled_from(list(WRITES)), st.dictionaries(st.sampled_from(KEYS), JSON))
def test_whatever_is_written_is_a_change_or_is_refused(name: str, body: dict[str, Any]) -> None:
    try:
        change = WRITES[name](body)
    except ValueError:
        return
    assert change != Change()
    assert change.reserve_percent is None or change.reserve_percent in {*range(81), 100}


@given(st.binary(max_size=200))
def test_any_body_is_read(body: bytes) -> None:
    assert isinstance(fields(body), dict)


def test_writes_are_remembered_with_their_bodies(owner: Any, cloud: Any) -> None:
    owner.write("backup", backup_reserve_percent=30)
    (write,) = cloud.counters.writes
    assert write.document == {"backup_reserve_percent": 30}
    assert write.path == f"/api/1/energy_sites/{cloud.site_id}/backup"


def test_a_write_without_a_token_changes_nothing(guest: Any) -> None:
    assert guest.write("backup", backup_reserve_percent=70).status == 401
    guest.login()
    assert reserve(guest) == 20


@pytest.fixture
def timed(start_cloud: Any, meet: Any, clock: Any) -> Any:
    cloud = start_cloud(frozen=True, wall=clock.wall, monotonic=clock.monotonic)
    person = meet(cloud)
    person.login()
    return person


def test_what_is_written_late_shows_late_and_nothing_is_lost(timed: Any, clock: Any) -> None:
    timed.cloud.faults.start("delayed", seconds=60.0)
    timed.write("backup", backup_reserve_percent=45)
    timed.write("operation", default_real_mode="backup")
    timed.write("storm_mode", enabled=False)
    clock.advance(59.0)
    info = timed.site("site_info").response
    assert (info["backup_reserve_percent"], info["default_real_mode"]) == (20, "self_consumption")
    assert info["user_settings"]["storm_mode_enabled"] is True
    clock.advance(1.0)
    info = timed.site("site_info").response
    assert (info["backup_reserve_percent"], info["default_real_mode"]) == (45, "backup")
    assert info["user_settings"]["storm_mode_enabled"] is False


def test_a_write_may_be_acknowledged_and_forgotten(owner: Any, cloud: Any) -> None:
    cloud.faults.start("ignored", count=1)
    assert owner.write("backup", backup_reserve_percent=45).document == UPDATED
    assert reserve(owner) == 20
    owner.write("backup", backup_reserve_percent=45)
    assert reserve(owner) == 45


@pytest.mark.parametrize(("name", "kept"), [("lost", 20), ("dropped", 45)])
def test_the_answer_of_a_write_may_be_lost_before_or_after_it(
    owner: Any, meet: Any, cloud: Any, *, name: str, kept: int
) -> None:
    cloud.faults.start(name)
    for h2 in (False, True):
        person = meet(cloud, h2=h2)
        person.tokens = owner.tokens
        with pytest.raises(OSError):
            person.write("backup", backup_reserve_percent=45)
        # Reads are not its business.
        assert reserve(owner) == kept


def test_a_write_may_work_and_be_answered_500(owner: Any, cloud: Any) -> None:
    cloud.faults.start("failing_after_effect")
    assert owner.write("backup", backup_reserve_percent=45).status == 500
    assert reserve(owner) == 45
    assert owner.write("backup", backup_reserve_percent=450).status == 400


def test_every_write_needs_the_right_site(owner: Any) -> None:
    body = json.dumps({"backup_reserve_percent": 30}).encode()
    assert owner.ask("/api/1/energy_sites/1/backup", "POST", body).status == 404
    assert reserve(owner) == 20
