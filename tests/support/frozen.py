"""What each simulated system says, frozen: its documents as the local backend reads them."""

from __future__ import annotations

import time
from concurrent.futures import wait
from functools import cache
from typing import Any

from proxy.routes import VIEWS
from pypowerwall_core.backends.local.address import parse_address
from pypowerwall_core.backends.local.session import Credentials
from pypowerwall_core.connect import GatewayConfig, open_site
from pypowerwall_core.numbering import settle
from pypowerwall_core.redact import Secrets
from pypowerwall_core.snapshot import Absent, Known, Numbers, Snapshot
from simulator.gateway import Simulator
from simulator.systems import SYSTEMS

NEEDS = tuple(sorted({need for view in VIEWS for need in view.needs}))
SETTLES_WITHIN_S = 20.0
__all__ = ["NEEDS", "SYSTEMS", "documents", "frozen"]


@cache
def frozen(system: str) -> Snapshot:
    """Everything one system says, and what it does not have."""
    with Simulator(system=system, password="password", frozen=True) as simulator:
        config = GatewayConfig(
            parse_address(simulator.address),
            Credentials("password"),
            cache_expire_s=60.0,
            cache_ttl_s=60.0,
        )
        site = open_site(config, Secrets())
        site.start()
        try:
            ends_s = time.monotonic() + SETTLES_WITHIN_S
            for need in NEEDS:
                while not isinstance(site.ask([need]).snapshot.entries[need], Known | Absent):
                    if time.monotonic() > ends_s:
                        raise AssertionError(f"{system}: {need} is still unknown")
                    wait(site.ask([need]).flights, timeout=5)
            # One by one: asked together, what stands in for another would be left out.
            entries = {need: site.ask([need]).snapshot.entries[need] for need in NEEDS}
            return Snapshot(entries, 1.7e9, settle(Numbers(), entries).kept)
        finally:
            site.stop()


def documents(system: str) -> dict[str, Any]:
    """The documents alone, None for what the system does not have."""
    snapshot = frozen(system)
    return {name: snapshot.document(name) for name in NEEDS}
