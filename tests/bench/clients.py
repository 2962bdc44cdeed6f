"""Who lives in the household: what each client asks, how often, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """Sends its GETs at once, each on a connection of its own, then waits for its next turn."""

    name: str
    paths: tuple[str, ...]
    every_s: float
    timeout_s: float
    starts_s: float = 0.0
    accept: str = "*/*"


TELEGRAF = (
    "/aggregates",
    "/soe",
    "/strings",
    "/temps/pw",
    "/freq",
    "/pod",
    "/fans/pw",
    "/alerts/pw",
)
DASHBOARD = (
    "/api/meters/aggregates",
    "/api/system_status/soe",
    "/api/system_status/grid_status",
    "/api/sitemaster",
    "/api/powerwalls",
)
HOME_ASSISTANT = (
    "/aggregates",
    "/vitals",
    "/health",
    "/json",
    "/version",
    "/api/operation",
    "/api/system_status",
    "/api/sitemaster",
    "/pod",
    "/api/troubleshooting/problems",
    "/stats",
    "/control/grid_charging",
    "/control/grid_export",
    "/control/max_backup",
)
METERS = frozenset({"/aggregates", "/api/meters/aggregates"})
"""The routes whose body tells when it was measured."""

METRICS, STATE, READY = "/metrics", "/api/v1/state", "/readyz"
ACCEPTED = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
)
"""What Prometheus 3 sends."""
# Time-outs are those that each would have by itself; a probe's is that of Kubernetes.
PROMETHEUS = Client(
    "prometheus", (METRICS,), every_s=15, timeout_s=10, starts_s=1.6, accept=ACCEPTED
)
PROBE = Client("probe", (READY,), every_s=10, timeout_s=1, starts_s=2.1)
FACTS_READER = Client("facts reader", (STATE,), every_s=10, timeout_s=10, starts_s=0.1)

HOUSEHOLD = (
    Client("telegraf", TELEGRAF, every_s=5, timeout_s=4),
    Client("dashboard 1", DASHBOARD, every_s=2, timeout_s=10, starts_s=0.3),
    Client("dashboard 2", DASHBOARD, every_s=2, timeout_s=10, starts_s=1.3),
    Client("home assistant", HOME_ASSISTANT, every_s=30, timeout_s=10, starts_s=0.7),
    PROMETHEUS,
    PROBE,
    FACTS_READER,
)
HOUSEHOLD_NAMES = frozenset(client.name for client in HOUSEHOLD)
RARE = (Client("rare", ("/aggregates",), every_s=45, timeout_s=10),)


def crowd(size: int) -> tuple[Client, ...]:
    """More clients of the same things, a GET each every 2 s, evenly spread."""
    paths = (*TELEGRAF, *DASHBOARD)
    return tuple(
        Client(
            f"crowd {n}",
            (paths[n % len(paths)],),
            every_s=2,
            timeout_s=10,
            starts_s=2 * n / size,
        )
        for n in range(size)
    )
