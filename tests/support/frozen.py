"""What each simulated or recorded system says, frozen, as the local backend reads it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from proxy.routes import VIEWS
from pypowerwall_core.backends.cloud.connect import CloudConfig
from pypowerwall_core.backends.cloud.session import Servers
from pypowerwall_core.backends.local.address import parse_address
from pypowerwall_core.backends.local.reader import ROWS
from pypowerwall_core.backends.local.session import Credentials
from pypowerwall_core.connect import GatewayConfig, open_site
from pypowerwall_core.numbering import settle
from pypowerwall_core.redact import Secrets
from pypowerwall_core.site import Site
from pypowerwall_core.snapshot import Absent, Entry, Known, Numbers, Snapshot, Unknown
from simulator.cloud import CloudSimulator
from simulator.cloud.writes import Change
from simulator.gateway import Simulator
from simulator.recording import load
from simulator.system import System
from simulator.systems import SYSTEMS

from . import recordings

NEEDS = tuple(sorted({need for view in VIEWS for need in view.needs}))
SETTLES_WITHIN_S = 20.0
CLOUDS = {"cloud": "one", "cloud-solar": "solar-only"}
"""Homes that only Tesla's cloud tells of, and what sites their accounts have."""
HOMES = (*SYSTEMS, *CLOUDS, *recordings.RECORDINGS)
"""All that laws and promises are held against; golden files are of the simulated ones."""
__all__ = ["HOMES", "NEEDS", "SYSTEMS", "documents", "frozen", "of_documents", "of_recording"]


@cache
def frozen(system: str) -> Snapshot:
    """Everything one system says, and what it does not have."""
    if system in recordings.RECORDINGS:
        return of_recording(recordings.RECORDINGS[system])
    return _simulated()[system]


@cache
def _simulated() -> dict[str, Snapshot]:
    """Read all systems at once: each read is mostly the pauses that a lane keeps.

    One after the other they cost every test process a quarter of a minute before its first test.
    """
    homes = (*SYSTEMS, *CLOUDS)
    with ThreadPoolExecutor(len(homes)) as pool:
        return dict(zip(homes, pool.map(_simulate, homes), strict=True))


def _simulate(system: str) -> Snapshot:
    if system in CLOUDS:
        return of_cloud(CLOUDS[system])
    with Simulator(system=system, password="password", frozen=True) as simulator:
        config = GatewayConfig(
            parse_address(simulator.address),
            Credentials("password"),
            cache_expire_s=60.0,
            cache_ttl_s=60.0,
        )
        return _settled(open_site(config, Secrets()))


def of_cloud(sites: str) -> Snapshot:
    """Everything Tesla's cloud says of the home of an account."""
    with TemporaryDirectory() as name, CloudSimulator(frozen=True, sites=sites) as cloud:
        folder = Path(name)
        cloud.write_auth(folder)
        cloud.sites[0].change(Change(preferences={"export_rule": "pv_only"}), 0.0)
        servers = Servers(cloud.sso_url, cloud.api_url, str(folder / "ca.pem"))
        return _settled(open_site(None, Secrets(), CloudConfig(folder, servers=servers)))


def _settled(site: Site) -> Snapshot:
    """Everything a site comes to know."""
    site.start()
    try:
        ends_s = time.monotonic() + SETTLES_WITHIN_S
        for need in NEEDS:
            while not isinstance(site.ask([need]).snapshot.entries[need], Known | Absent):
                if time.monotonic() > ends_s:
                    raise AssertionError(f"{need} is still unknown")
                wait(site.ask([need]).flights, timeout=5)
        # One by one: asked together, what stands in for another would be left out.
        entries = {need: site.ask([need]).snapshot.entries[need] for need in NEEDS}
        return Snapshot(entries, 1.7e9, settle(Numbers(), entries).kept)
    finally:
        site.stop()


def of_recording(folder: Path) -> Snapshot:
    """Everything a recorded gateway said."""
    return of_documents(load(folder))


def of_documents(system: System) -> Snapshot:
    """Everything a system says, without a network between; nothing of what is never recorded."""
    told = recordings.documents(system)
    entries: dict[str, Entry] = {
        need: Absent() if told.get(need) is None else Known(told[need], 1, 0.0, 60.0)
        for need in NEEDS
    }
    return Snapshot(entries, 1.7e9, settle(Numbers(), entries).kept)


def documents(system: str) -> dict[str, Any]:
    """The documents alone, None for what the system does not have."""
    snapshot = frozen(system)
    return {name: snapshot.document(name) for name in NEEDS}


def of_nothing() -> dict[str, Entry]:
    """What is known of a gateway that has not answered: what it never tells is no secret."""
    gateway = {row.payload for row in ROWS}
    return {need: Unknown() if need in gateway else Absent() for need in NEEDS}
