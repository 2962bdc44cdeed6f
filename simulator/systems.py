"""The systems a simulator can be: one frozen row each, nothing computed at run time.

Part numbers and serials follow the patterns of real ones and belong to nobody.
To add one: write a row.
"""

from dataclasses import replace
from typing import Final

from simulator.system import Contactor, Figures, Inverter, Mains, Pack, SolarString, System

__all__ = ["SYSTEMS", "System"]

# The wire's order is not the alphabet's: sorting by serial or by DIN numbers
# these two the wrong way round, which is how a reader's mistake shows.
_PACKS: Final = (
    Pack("3012170-05-B", "TG121000000002", "1081100-13-V", "T21A0000002", 14_100, 20.9),
    Pack("2012170-25-E", "TG121000000001", "1081100-10-U", "T21A0000001", 13_900, 21.4),
)

_STRINGS: Final = (
    SolarString("A", connected=True, voltage_v=250.0, share=1000 / 3000),
    SolarString("B", connected=False, voltage_v=-2.1, share=0.0, state="PV_Disabled"),
    SolarString("C", connected=True, voltage_v=300.0, share=1050 / 3000),
    SolarString(
        "D", connected=True, voltage_v=300.0, share=1020 / 3000, state="PV_Active_Parallel"
    ),
)

# Two inverters whose strings differ in every letter; shares are exact in binary.
_EAST: Final = (
    SolarString("A", connected=True, voltage_v=250.0, share=0.5),
    SolarString("B", connected=True, voltage_v=300.0, share=0.25),
    SolarString("C", connected=False, voltage_v=-2.1, share=0.0, state="PV_Disabled"),
    SolarString("D", connected=True, voltage_v=300.0, share=0.25, state="PV_Active_Parallel"),
)
_WEST: Final = (
    SolarString("A", connected=False, voltage_v=33.0, share=0.0, state="PV_Disabled"),
    SolarString("B", connected=False, voltage_v=-1.4, share=0.0, state="PV_Disabled"),
    SolarString("C", connected=True, voltage_v=320.0, share=1.0),
    SolarString("D", connected=False, voltage_v=0.7, share=0.0, state="PV_Disabled"),
)

_PW2: Final = System(
    name="pw2",
    what="two Powerwall 2 and a Gateway 2, firmware 23.36: the last with vitals",
    release="23.36.4",
    git_hash="3f8a51c27d6e09b4a1f25c8e7730d94be6182f5a",
    packs=_PACKS,
    vitals=True,
)

_NOVITALS: Final = System(
    name="novitals",
    what="two Powerwall+ with four solar strings, firmware 23.44: vitals are gone",
    release="23.44.0",
    git_hash="9c04be16f2a78d53e0b1467fa95c3d28710e64bd",
    packs=_PACKS,
    inverters=(Inverter("1538100-00-F", "CN3210000001", 7680, _STRINGS),),
    neurio_location="solarRGM",
    vitals=False,
)

_PWPLUS: Final = System(
    name="pwplus",
    what="two Powerwall+ with a solar inverter each, firmware 23.28: vitals and solar_powerwall",
    release="23.28.2",
    git_hash="27626f98a66c4dd1e0a5b3927c81f4d60593be12",
    gateway_serial="TG122000000002",
    packs=(
        Pack("3012170-05-C", "TG121000000012", "1081100-22-U", "T21B0000012", 14_100, 23.7),
        Pack("2012170-25-E", "TG121000000011", "1081100-13-V", "T21B0000011", 13_900, 24.2),
    ),
    inverters=(
        Inverter("1538100-00-F", "CN3210000012", 7680, _EAST, share=0.625),
        Inverter("1534000-02-A", "CN3210000011", 3800, _WEST, share=0.375),
    ),
    neurio_location="solarRGM",
    vitals=True,
    solar_peak_w=9_600,
)

_PW3: Final = System(
    name="pw3",
    what="a Powerwall 3 and its follower: three data paths after a login, all else 404",
    release="24.12.6-PW3-AFCI",
    git_hash="008bf6ff4ac19d2e57b3806c1fd2e94a7b65c031",
    gateway_part="1707000-11-J",
    gateway_serial="TG124000000001",
    contactor=None,
    neurio_serial="",
    packs=(
        Pack("1707000-11-J", "TG124000000001", "1707000-11-J", "TG124000000001", 13_900, 22.0),
        Pack("1707000-21-K", "TG124000000002", "1707000-21-K", "TG124000000002", 14_100, 22.5),
    ),
    inverters=(Inverter("1707000-11-J", "TG124000000001", 11_500, ()),),
    vitals=False,
    only=frozenset(
        {
            "/api/meters/aggregates",
            "/api/system_status/soe",
            "/api/system_status/grid_status",
            "/tedapi/din",
        }
    ),
)

_SOLARONLY: Final = System(
    name="solaronly",
    what="a Tesla solar inverter without a battery, firmware 23.28 with vitals",
    release="23.28.2",
    git_hash="27626f98a66c4dd1e0a5b3927c81f4d60593be12",
    gateway_part="1538000-45-A",
    gateway_serial="CN322000000001",
    teg_type="pvinverter",
    contactor=None,
    neurio_serial="VAH2200AB0002",
    neurio_location="site",
    packs=(),
    # The gateway is a board in the inverter: one part, one serial.
    inverters=(Inverter("1538000-45-A", "CN322000000001", 7680, _EAST),),
    figures=Figures(
        site_w=-1800.0,
        battery_w=0.0,
        battery_exported_wh=0.0,
        battery_imported_wh=0.0,
        load_imported_wh=28_500_000.0,
        soe_percent=0.0,
    ),
    vitals=True,
    # It cannot island, and says that it has: beside SystemConnectedToGrid in its alerts.
    island_state="SystemIslandedActive",
    nameplate_w=0,
    nameplate_wh=0,
    max_charge_w=0,
    reserve_percent=0.0,
)

_OLD: Final = System(
    name="old",
    what="one Powerwall 2 and a Gateway 1, firmware 1.20: most reads are open, and a login stops "
    "it until GET /api/sitemaster/run",
    release="1.20.0",
    git_hash="dc337851c6cf15a7e2b49d083f60e51d9a7482bc",
    gateway_part="1118431-00-L",
    gateway_serial="T17A0000001",
    device_type="hec",
    sync_type="v1",
    contactor=Contactor("TESYNC", "1449782-01-B", "JBL17000000001"),
    neurio_serial="OBB1700000001",
    packs=(Pack("1092170-03-E", "T17B0000001", "1081100-01-A", "T17C0000001", 13_500, 19.8),),
    vitals=False,
    nameplate_w=5_000,
    nameplate_wh=13_500,
    max_charge_w=5_000,
)

_BACKUPSWITCH: Final = System(
    name="backupswitch",
    what="one Powerwall+ behind a backup switch, firmware 23.36 with vitals: TEMSA, no TESYNC",
    release="23.36.3-msa",
    git_hash="b81d0c35e9f7462aa4d75be20316f98c7d5a1e04",
    gateway_part="1624171-00-E",
    gateway_serial="TG122000000003",
    contactor=Contactor("TEMSA", "1624171-00-E", "TG122000000003"),
    neurio_serial="",
    packs=(Pack("3012170-05-B", "TG121000000021", "1081100-22-U", "T21C0000021", 14_000, 26.1),),
    inverters=(Inverter("1538100-00-F", "CN3210000021", 7680, _EAST),),
    vitals=True,
    nameplate_w=5_400,
    nameplate_wh=13_500,
    max_charge_w=5_000,
)

_THREEPHASE: Final = System(
    name="threephase",
    what="three Powerwall 2 and a Gateway 1 on three phases in Europe, firmware 23.28 with vitals",
    release="23.28.1",
    git_hash="fe55682a13d9c07b5e468f21ad7094cb3e815d60",
    gateway_part="1152100-13-J",
    gateway_serial="CN319000000001",
    device_type="hec",
    sync_type="v1",
    contactor=Contactor("TESYNC", "1449782-01-B", "JBL19000000001"),
    neurio_serial="OBB1900000001",
    # One pack on each phase, and none where the alphabet would put it.
    packs=(
        Pack("2012170-03-E", "TG119000000032", "1081100-10-U", "T19A0000032", 13_800, 17.9),
        Pack("1092170-03-E", "TG119000000033", "1081100-01-A", "T19A0000033", 13_600, 18.3),
        Pack("2012170-03-E", "TG119000000031", "1081100-10-U", "T19A0000031", 14_000, 18.6),
    ),
    mains=Mains(
        code="50Hz_230V_3_VDE4105:2018_Germany",
        setting_v=230,
        hz=50,
        phases="Three",
        country="Germany",
        state="*",
        utility="*",
        zone="Europe/Berlin",
        zone_hours=(2, 1),
        volts=231.0,
        leg_part=1.0,
        shares=(0.5, 0.25, 0.25),
        angles_deg=(120.0, -120.0, 120.0),
    ),
    vitals=True,
    nameplate_w=15_000,
    nameplate_wh=40_500,
    max_charge_w=15_000,
)

_DISABLEDPACK: Final = replace(
    _PW2,
    name="disabledpack",
    what="as pw2, but the first of its two packs is disabled",
    gateway_serial="TG122000000004",
    packs=(
        replace(
            _PACKS[0],
            serial="TG121000000042",
            module_serial="T21A0000042",
            disabled="DisabledExcessiveVoltageDrop",
        ),
        replace(_PACKS[1], serial="TG121000000041", module_serial="T21A0000041"),
    ),
    alerts=("BatteryFault", "BatteryDisabled", "ExcessiveVoltageDrop"),
)

SYSTEMS: Final[dict[str, System]] = {
    system.name: system
    for system in (
        _PW2,
        _NOVITALS,
        _PWPLUS,
        _PW3,
        _SOLARONLY,
        _OLD,
        _BACKUPSWITCH,
        _THREEPHASE,
        _DISABLEDPACK,
    )
}
