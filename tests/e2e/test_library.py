"""Scripts as they were written for pypowerwall 0.8.1, with nothing changed but the import.

Each runs in a process and a folder of its own, over TLS, and never closes anything.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.served import PASSWORD, environment, free_port

from simulator.gateway import Simulator

PRINTER = """
import json
import os
import pypowerwall

pw = pypowerwall.Powerwall(os.environ["GATEWAY"], os.environ["SECRET"], "me@example.com", "UTC")

def field(value):
    return "" if value is None else "%g" % value

for meter, watts in pw.power().items():
    print("powerwall,meter=%s watts=%s" % (meter, field(watts)))
print("powerwall level=%s,app=%s" % (field(pw.level()), field(pw.level(scale=True))))
print("powerwall grid=%s,word=%s" % (field(pw.grid_status(type="numeric")), pw.grid_status()))
print("powerwall solar=%s" % field(pw.solar(verbose=True)["instant_power"]))
for name, string in pw.strings().items():
    print("string,name=%s watts=%s" % (name, field(string["Power"])))
for device, celsius in pw.temps().items():
    print("pack,name=%s celsius=%s" % (device.split("--")[-1], field(celsius)))
for name, fields in sorted((json.loads(pw.vitals(jsonformat=True)) or {}).items()):
    if name.startswith("TEPINV"):
        print("inverter,name=%s hertz=%s" % (name.split("--")[-1], field(fields["PINV_Fout"])))
for alert in pw.alerts():
    print("alert,name=%s" % alert)
print("site %s, firmware %s, %s" % (pw.site_name(), pw.version(int_value=True), pw.din()))
"""
CHARGER = """
import os
import sys
import pypowerwall
from pypowerwall.exceptions import InvalidBatteryReserveLevelException

gateway, password = os.environ["GATEWAY"], os.environ["SECRET"]
pw = pypowerwall.Powerwall(gateway, password=password, timeout=(2, 5), pwcacheexpire=1)
if not pw.is_connected():
    sys.exit("no gateway")
level, reserve = pw.level(scale=True), pw.get_reserve()
print("level %.1f, reserve %s, mode %s" % (level, reserve, pw.get_mode()))
print("%s h left" % pw.get_time_remaining())
try:
    pw.set_reserve(level + 60)
except InvalidBatteryReserveLevelException:
    print("too much")
if pw.set_reserve(round(level) + 10):
    print("reserve is now %.0f" % pw.get_reserve())
else:
    print("not set")
if pw.set_operation(20, "backup", jsonformat=True) != "null":
    print("mode is now %s" % pw.get_mode())
"""
POLLER = """
import os
import pypowerwall

pypowerwall.set_debug(False)
pw = pypowerwall.Powerwall(
    host=os.environ["GATEWAY"],
    password=os.environ["SECRET"],
    cachefile="session.json",
    authmode="token",
)
print(pw.poll())
print(pw.poll("/api/system_status/soe", jsonformat=True))
print(pw.poll("/api/system_status/soe", raw=True))
print(pw.poll("/api/no/such/path", jsonformat=True))
operation = pw.poll("/api/operation")
if operation:
    wanted = {"real_mode": operation["real_mode"], "backup_reserve_percent": 47.5}
    print(pw.post("/api/operation", wanted))
    pw.poll("/api/config/completed")
    found = pw.poll("/api/operation", force=True)
    print(found["backup_reserve_percent"], "%.4f" % pw.get_reserve())
print(pw.poll("/api/devices/vitals", raw=True) is None, pw.token is None, pw.auth)
"""
HASTY = """
import os
import threading
import pypowerwall

pw = pypowerwall.Powerwall(os.environ["GATEWAY"], os.environ["SECRET"], timeout=30, poolmaxsize=0)
asked = threading.Event()

def ask():
    asked.set()
    pw.vitals()

threading.Thread(target=ask, daemon=True).start()
asked.wait()
print("asked")
"""
SCRIPTS = {"printer": PRINTER, "charger": CHARGER, "poller": POLLER}
POWERS = [
    "powerwall,meter=site watts=-300",
    "powerwall,meter=solar watts=3000",
    "powerwall,meter=battery watts=-1500",
    "powerwall,meter=load watts=1200",
    "powerwall level=50,app=47.3684",
    "powerwall grid=1,word=UP",
    "powerwall solar=3000",
]
CONNECTED = "alert,name=SystemConnectedToGrid"
NAME = "{'site_name': 'Home', 'timezone': 'America/Los_Angeles'}"
SOE = ['{"percentage": 50}', "b'{\"percentage\":50}'", "null"]
CHARGED = [
    "level 47.4, reserve 20.0, mode self_consumption",
    "11.666666666666666 h left",
    "too much",
    "reserve is now 57",
    "mode is now backup",
]
LEFT_ALONE = ["level 47.4, reserve None, mode None", "None h left", "too much", "not set"]
POSTED = [
    NAME,
    *SOE,
    "{'real_mode': 'self_consumption', 'backup_reserve_percent': 47.5}",
    "47.5 44.7368",
]
PRINTED = {
    ("printer", "pw2"): [
        *POWERS,
        "pack,name=TG121000000002 celsius=20.9",
        "pack,name=TG121000000001 celsius=21.4",
        "inverter,name=T21A0000001 hertz=60.01",
        "inverter,name=T21A0000002 hertz=60.01",
        "alert,name=FWUpdateSucceeded",
        "alert,name=GridCodesWrite",
        "alert,name=PodCommissionTime",
        "alert,name=SYNC_a001_SW_App_Boot",
        CONNECTED,
        "site Home, firmware 233604, 1232100-00-E--TG122000000001",
    ],
    ("printer", "novitals"): [
        *POWERS,
        "string,name=A watts=1000",
        "string,name=B watts=0",
        "string,name=C watts=1050",
        "string,name=D watts=1020",
        "alert,name=PVAC_a042_mppt_curve_scan_completed",
        "alert,name=PVS_a060_MciClose",
        CONNECTED,
        "site Home, firmware 234400, 1232100-00-E--TG122000000001",
    ],
    ("printer", "pw3"): [*POWERS, CONNECTED, "site None, firmware None, None"],
    ("printer", "old"): [
        *POWERS,
        CONNECTED,
        "site Home, firmware 12000, 1118431-00-L--T17A0000001",
    ],
    ("charger", "pw2"): CHARGED,
    ("charger", "novitals"): CHARGED,
    ("charger", "pw3"): LEFT_ALONE,
    ("charger", "old"): LEFT_ALONE,
    ("poller", "pw2"): [*POSTED, "False False {}"],
    ("poller", "novitals"): [*POSTED, "True False {}"],
    ("poller", "pw3"): ["None", *SOE, "True False {}"],
    ("poller", "old"): [NAME, *SOE, "True True {}"],
}
SAID = {
    ("charger", "pw3"): "not served",
    ("charger", "old"): "not for our role",
}
WRITES = {"charger": 2, "poller": 1}
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Run:
    """What a script did; `went_s` is how long its process stayed after its last line."""

    out: list[str]
    err: str
    code: int
    went_s: float
    seen: dict[str, Any]
    files: dict[str, int]


def run(script: str, sim: Simulator, folder: Path, address: str = "") -> Run:
    """Run a script with another import."""
    text = script.replace("import pypowerwall\n", "import pypowerwall_core as pypowerwall\n")
    text = text.replace("from pypowerwall.", "from pypowerwall_core.")
    given = {"GATEWAY": address or sim.address, "SECRET": PASSWORD, "PYTHONUNBUFFERED": "1"}
    folder.mkdir(exist_ok=True)
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-W", "error", "-c", text],
        env=environment(folder, given),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said_s, out = time.monotonic(), []
        for line in process.stdout:
            out.append(line.rstrip("\n"))
            said_s = time.monotonic()
        code, err = process.wait(20), process.stderr.read()
        went_s = time.monotonic() - said_s
    files = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    return Run(out, err, code, went_s, sim.counters.snapshot(), files)


def _of_system(script: str, system: str, folder: Path) -> Run:
    with Simulator(system=system, password=PASSWORD, frozen=True, allow_operation=True) as sim:
        return run(SCRIPTS[script], sim, folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Future[Run]]]:
    """Run everything, a few at a time: a lane mostly breathes between requests."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            (script, system): pool.submit(
                _of_system, script, system, tmp_path_factory.mktemp(f"{script}-{system}")
            )
            for script, system in PRINTED
        }


@pytest.mark.parametrize(("script", "system"), PRINTED)
def test_a_script_of_old_prints_what_it_printed(
    script: str, system: str, runs: dict[tuple[str, str], Future[Run]]
) -> None:
    done = runs[script, system].result()
    assert (done.out, done.code) == (PRINTED[script, system], 0)
    if said := SAID.get((script, system)):
        assert done.err.count("\n") == done.err.count(said) == 2
    else:
        assert done.err == ""


@pytest.mark.parametrize(("script", "system"), PRINTED)
def test_it_is_kind_to_the_gateway_and_leaves_nothing_but_its_files(
    script: str, system: str, runs: dict[tuple[str, str], Future[Run]]
) -> None:
    done = runs[script, system].result()
    # A login stops the oldest gateway, and what is open needs none.
    assert done.seen["logins"] == (0 if system == "old" else 1)
    assert done.seen["logins_refused"] == 0
    assert done.seen["most_in_flight"] == 1
    written = system in ("pw2", "novitals") and script in WRITES
    writes = WRITES[script] if written else 0
    assert done.seen["writes"].get("POST /api/operation", 0) == writes
    assert done.seen["writes"].get("GET /api/config/completed", 0) == writes
    session = "session.json" if script == "poller" else ".powerwall"
    assert done.files.keys() - {f"{session}.numbers"} == (set() if system == "old" else {session})
    assert set(done.files.values()) <= {0o600}
    assert done.went_s < 2.0


def test_the_next_run_needs_no_login(sim: Simulator, tmp_path: Path) -> None:
    first, second = (run(PRINTER, sim, tmp_path) for _ in range(2))
    assert first.out == second.out == PRINTED["printer", "pw2"]
    assert second.seen["logins"] == 1


def test_without_a_gateway_a_script_that_asks_can_say_so(sim: Simulator, tmp_path: Path) -> None:
    done = run(CHARGER, sim, tmp_path, f"127.0.0.1:{free_port()}")
    assert (done.code, done.out) == (1, [])
    assert done.err.endswith("no gateway\n")
    assert "connection refused. Check PW_HOST" in done.err
    assert "Traceback" not in done.err
    assert done.files == {}


def test_a_script_that_ends_while_the_gateway_is_silent_ends_at_once(
    sim: Simulator, tmp_path: Path
) -> None:
    sim.faults.start("silent", "/api/devices/vitals")
    done = run(HASTY, sim, tmp_path)
    assert (done.out, done.err, done.code) == (["asked"], "", 0)
    assert done.went_s < 2.0
    assert done.files == {".powerwall": 0o600}
