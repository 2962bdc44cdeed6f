"""What makes each system different, as a client sees it."""

from typing import Any

import pytest

from simulator.endpoints import PATHS, RUN_PATH, TEDAPI_PATH
from simulator.faults_access import STOPPED_PATHS
from simulator.plant import FROZEN_S
from simulator.systems import SYSTEMS

CORE = "/api/meters/aggregates"
GRID = "/api/system_status/grid_status"
SOE = "/api/system_status/soe"
STATUS = "/api/system_status"
VITALS = "/api/devices/vitals"


@pytest.fixture
def enter(start: Any, connect: Any) -> Any:
    """Start a system, log in, and let it run where the login stopped it."""

    def login(name: str) -> Any:
        sim = start(system=name, frozen=True)
        client = connect(sim)
        assert client.login().status == 200
        client.ask(RUN_PATH)
        return sim, client

    return login


def _signals(entry: Any) -> dict[str, Any]:
    return {one.name: getattr(one, one.WhichOneof("value") or "") for one in entry.vitals}


def _kinds(entries: dict[str, Any]) -> list[str]:
    return [din.partition("--")[0] for din in entries]


def test_no_two_systems_share_a_serial_but_for_the_first_two() -> None:
    others = [system for name, system in SYSTEMS.items() if name != "novitals"]
    packs = [pack.serial for system in others for pack in system.packs]
    gateways = [system.gateway_serial for system in others]
    assert len(set(packs)) == len(packs)
    assert len(set(gateways)) == len(gateways)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_stopped_system_has_no_figures_and_says_that_it_does_not_run(
    enter: Any, name: str
) -> None:
    sim, client = enter(name)
    healthy = {path: client.ask(path).status for path in STOPPED_PATHS}
    sim.faults.start("stopped")
    for path, status in healthy.items():
        reply = client.ask(path)
        assert (reply.status, reply.headers["content-length"] == "0") == (
            (502, True) if status == 200 else (404, False)
        )
    told = client.ask("/api/sitemaster")
    if sim.system.serves("/api/sitemaster"):
        assert told.document["running"] is False
        later = {key: told.document.get(key) for key in ("status", "can_reboot")}
        assert name == "old" or later == {"status": "StatusDown", "can_reboot": ""}
    else:
        assert told.status == 404
    sim.faults.stop("stopped")
    assert {path: client.ask(path).status for path in STOPPED_PATHS} == healthy


def test_the_site_controller_is_started_by_those_who_may(sim: Any, guest: Any) -> None:
    sim.faults.start("stopped")
    assert guest.ask(RUN_PATH).status == 403
    guest.login()
    reply = guest.ask(RUN_PATH)
    assert (reply.status, reply.body) == (202, b"")
    assert guest.ask(CORE).status == 200
    assert guest.ask("/api/sitemaster").document["status"] == "StatusUp"
    assert sim.counters.snapshot()["requests"][RUN_PATH] == 2


def test_a_powerwall_3_answers_three_paths_and_no_more(start: Any, connect: Any) -> None:
    sim = start(system="pw3", frozen=True)
    client = connect(sim)
    core = {CORE, SOE, GRID}
    assert {client.ask(path).status for path in core} == {403}
    refusal = client.ask(TEDAPI_PATH)
    assert refusal.status == 403
    assert refusal.document["message"] == "User does not have adequate access rights"
    client.login()
    gone = PATHS - core - {TEDAPI_PATH, "/api/login/Basic", "/api/logout"}
    assert {"/", "/api/status", "/api/auth/toggle/supported", STATUS, VITALS, RUN_PATH} < gone
    assert {client.ask(path).status for path in gone} == {404}
    assert {client.ask(path).status for path in core} == {200}
    assert client.ask(TEDAPI_PATH).status == 403
    assert client.ask("/api/operation", "POST", b"{}").status == 404
    assert client.ask(SOE).document == {"percentage": 50}
    assert client.ask(CORE).document["solar"]["energy_exported"] == 26_000_000


def test_only_a_powerwall_3_has_a_tedapi(client: Any) -> None:
    assert client.ask(TEDAPI_PATH).status == 404


def test_a_solar_inverter_alone_has_no_battery(enter: Any, vitals: Any) -> None:
    _, client = enter("solaronly")
    status = client.ask("/api/status").document
    assert status["din"].startswith("1538000-")
    assert (status["device_type"], status["teg_type"]) == ("teg", "pvinverter")
    document = client.ask(STATUS).document
    assert (document["battery_blocks"], document["available_blocks"]) == ([], 0)
    assert client.ask(SOE).document == {"percentage": 0}
    assert client.ask("/api/powerwalls").document["powerwalls"] == []
    battery = client.ask(CORE).document["battery"]
    times = {key for key, value in battery.items() if value == "0001-01-01T00:00:00Z"}
    assert all(key.endswith("communication_time") for key in times)
    assert {value for key, value in battery.items() if key not in times} == {0}
    kinds = _kinds(vitals(client))
    assert kinds == ["STSTSM", "PVAC", "PVS", "NEURIO", "TESLA"]
    (meter,) = client.ask("/api/meters/site").document
    assert meter["type"] == "neurio_w2_tcp"
    assert meter["Cached_readings"]["instant_power"] == -1800


def test_a_solar_inverter_alone_says_at_once_that_it_is_connected_and_islanded(
    enter: Any, alerts: Any
) -> None:
    sim, client = enter("solaronly")
    assert "SystemConnectedToGrid" in alerts(client)
    assert client.ask(GRID).document["grid_status"] == "SystemIslandedActive"
    assert client.ask(STATUS).document["system_island_state"] == "SystemIslandedActive"
    sim.faults.start("outage", state="islanded")
    assert "SystemConnectedToGrid" not in alerts(client)
    told = client.ask(CORE).document
    assert {meter["instant_power"] for meter in told.values()} == {0}
    assert client.ask("/api/system_status/grid_faults").document == []


def test_two_inverters_are_pairs_with_strings_of_their_own(enter: Any, vitals: Any) -> None:
    sim, client = enter("pwplus")
    entries = vitals(client)
    assert _kinds(entries) == [
        "STSTSM",
        *("TETHC", "TEPOD", "TEPINV") * 2,
        *("PVAC", "PVS") * 2,
        *("TESYNC", "TESLA", "NEURIO", "TESLA", "TESLA"),
    ]
    converters = [entry for din, entry in entries.items() if din.startswith("PVAC--")]
    boards = [entry for din, entry in entries.items() if din.startswith("PVS--")]
    patterns = [
        "".join(one for one in "ABCD" if _signals(board)[f"PVS_String{one}_Connected"])
        for board in boards
    ]
    assert patterns == ["ABD", "C"]
    assert [_signals(entry)["PVAC_Pout"] for entry in converters] == [1875, 1125]
    for number, (converter, board) in enumerate(zip(converters, boards, strict=True)):
        device = converter.device.device
        pack = sim.system.packs[number]
        assert device.componentParentDin.value == f"TETHC--{pack.part}--{pack.serial}"
        assert board.device.device.componentParentDin.value == device.din.value
        for one in "ABCD":
            used = _signals(board)[f"PVS_String{one}_Connected"]
            state = _signals(converter)[f"PVAC_PvState_{one}"]
            assert (state != "PV_Disabled") == used
    dins = [entry.device.device.din.value for entry in converters]
    assert dins != sorted(dins)
    plates = [
        entry.device.device.deviceAttributes.pvInverterAttributes.nameplateRealPowerW
        for din, entry in entries.items()
        if din.startswith("TESLA--15")
    ]
    assert plates == [7680, 3800]


def test_solar_powerwall_tells_of_the_first_inverter(enter: Any, signals: Any) -> None:
    _, client = enter("pwplus")
    pvac = client.ask("/api/solar_powerwall").document["pvac_status"]
    assert pvac["p_out"] == 1875
    strings = pvac["string_vitals"]
    assert [row["connected"] for row in strings] == [True, True, False, True]
    told = signals(client, "PVAC")
    assert [row["measured_power"] for row in strings] == [
        told[f"PVAC_PVMeasuredPower_{one}"] for one in "ABCD"
    ]
    assert sum(row["measured_power"] for row in strings) == 1875


def test_a_backup_switch_meters_the_site_itself(enter: Any, vitals: Any, signals: Any) -> None:
    _, client = enter("backupswitch")
    entries = vitals(client)
    kinds = _kinds(entries)
    assert "TEMSA" in kinds
    assert "TESYNC" not in kinds
    (din,) = [one for one in entries if one.startswith("TEMSA--")]
    assert din.startswith("TEMSA--1624171-")
    assert entries[din].device.device.deviceAttributes.teslaEnergyEcuAttributes.ecuType == 300
    assert client.ask("/api/status").document["din"].startswith("1624171-")
    told = signals(client, "TEMSA")
    assert told["METER_Z_CTA_InstRealPower"] + told["METER_Z_CTB_InstRealPower"] == -300
    assert (told["METER_Z_VL1G"], told["METER_Z_VL3G"]) == (121.5, 0)
    assert told["ISLAND_GridConnected"] is True
    assert {key.split("_")[0] for key in told} == {"METER", "ISLAND"}
    assert not any(key.startswith(("METER_X", "METER_Y")) for key in told)
    powerwalls = client.ask("/api/powerwalls").document
    assert powerwalls["sync"] is None
    assert powerwalls["msa"]
    assert client.ask("/api/synchrometer/ct_voltage_references").status == 404
    assert client.ask("/api/meters/site").document[0]["type"] == "msa"


def test_three_phases_differ_from_each_other(enter: Any, signals: Any) -> None:
    _, client = enter("threephase")
    site = client.ask(CORE).document["site"]
    amperes = [site[f"i_{leg}_current"] for leg in "abc"]
    assert amperes == pytest.approx([150 / 231, 75 / 231, 75 / 231])
    assert site["instant_total_current"] == pytest.approx(300 / 231)
    told = signals(client, "TESYNC")
    assert [told[f"METER_X_CT{leg}_InstRealPower"] for leg in "ABC"] == [-150, -75, -75]
    assert [told[f"METER_X_VL{number}N"] for number in (1, 2, 3)] == [231] * 3
    assert [told[f"ISLAND_VL{number}N_Main"] for number in (1, 2, 3)] == [231] * 3
    assert [told[f"ISLAND_{pair}PhaseDelta"] for pair in ("L1L2", "L1L3", "L2L3")] == [
        120,
        -120,
        120,
    ]
    assert told["ISLAND_L3MicrogridOk"] is True
    assert [told[f"SYNC-Phase{number}Usage"] for number in (1, 2, 3)] == ["Backup"] * 3
    neurio = signals(client, "NEURIO")
    assert [neurio[f"NEURIO_CT{number}_InstRealPower"] for number in (0, 1, 2)] == [1500, 750, 750]
    info = client.ask("/api/site_info").document
    assert info["grid_code"]["grid_freq_setting"] == 50
    assert info["timezone"] == "Europe/Berlin"
    cached = client.ask("/api/meters/site").document[0]["Cached_readings"]
    assert [cached[f"real_power_{leg}"] for leg in "abc"] == [-150, -75, -75]
    assert cached["v_l3n"] == 231


def test_three_phases_keep_fifty_hertz_through_an_outage(enter: Any, signals: Any) -> None:
    sim, client = enter("threephase")
    assert client.ask(STATUS).document["battery_blocks"][0]["f_out"] == 50.01
    sim.faults.start("outage", state="to_grid")
    told = signals(client, "TESYNC")
    assert (told["ISLAND_FreqL3_Load"], told["ISLAND_FreqL3_Main"]) == (50, 50)
    (low,) = [
        row["decoded_alert"]
        for row in client.ask("/api/system_status/grid_faults").document
        if "UnderFrequency" in row["alert_name"]
    ]
    assert '"value":48.4' in low


def test_a_split_phase_has_no_third_leg(client: Any, signals: Any) -> None:
    told = signals(client, "TESYNC")
    assert told["METER_X_CTC_InstRealPower"] == told["METER_X_VL3N"] == 0
    assert told["ISLAND_L1L3PhaseDelta"] == -180.5
    assert not any(key.startswith("SYNC-") for key in told)


def test_a_disabled_pack_is_there_from_the_start(enter: Any, vitals: Any, alerts: Any) -> None:
    sim, client = enter("disabledpack")
    document = client.ask(STATUS).document
    block, other = document["battery_blocks"]
    pack = sim.system.packs[0]
    assert block == {
        "Type": "",
        "PackagePartNumber": pack.part,
        "PackageSerialNumber": pack.serial,
        "disabled_reasons": ["DisabledExcessiveVoltageDrop"],
        "pinv_state": "",
        "pinv_grid_state": "",
        "nominal_energy_remaining": 0,
        "nominal_full_pack_energy": 14_100,
        "p_out": None,
        "q_out": None,
        "v_out": None,
        "f_out": None,
        "i_out": None,
        "energy_charged": None,
        "energy_discharged": None,
        "off_grid": False,
        "vf_mode": False,
        "wobble_detected": False,
        "charge_power_clamped": False,
        "backup_ready": False,
        "OpSeqState": "Standby",
        "version": sim.system.part_version,
    }
    assert list(block) == list(other)
    assert (other["p_out"], other["nominal_energy_remaining"]) == (-1500, 6950)
    assert document["available_blocks"] == 1
    assert document["max_charge_power"] == document["max_discharge_power"] == 5800
    assert client.ask(SOE).document["percentage"] == 100 * 6950 / 28_000
    assert {"BatteryFault", "SystemConnectedToGrid"} <= alerts(client)
    entries = vitals(client)
    for kind in ("TEPOD", "TEPINV"):
        failed = entries[f"{kind}--{pack.module_part}--{pack.module_serial}"]
        assert not failed.vitals
        assert failed.device.device.lastCommunicationTime.seconds == int(FROZEN_S) - 7200
    assert len(alerts(client, "TEPOD")) > 1
    assert _signals(entries[f"TETHC--{pack.part}--{pack.serial}"])


def test_a_disabled_pack_counts_no_more(start: Any, connect: Any, clock: Any) -> None:
    sim = start(system="disabledpack", monotonic=clock.monotonic, wall=clock.wall)
    client = connect(sim)
    client.login()
    before, other = sim.plant.view().packs
    clock.advance(1800.0)
    after, still = sim.plant.view().packs
    assert (after.charged_wh, after.discharged_wh) == (before.charged_wh, before.discharged_wh)
    assert after.heard_s == before.heard_s
    moved_wh = still.charged_wh + still.discharged_wh - other.charged_wh - other.discharged_wh
    assert moved_wh > 0
    assert client.ask(STATUS).document["battery_blocks"][0]["p_out"] is None


def test_the_last_packs_work_is_the_grids_when_it_fails(enter: Any) -> None:
    sim, client = enter("backupswitch")
    sim.faults.start("disabled_pack")
    told = client.ask(CORE).document
    watts = {meter: told[meter]["instant_power"] for meter in told}
    assert watts == {"site": -1800, "battery": 0, "load": 1200, "solar": 3000}
    sim.faults.start("outage", state="islanded")
    assert client.ask(CORE).document["load"]["instant_power"] == 0
