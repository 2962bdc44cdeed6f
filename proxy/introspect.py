"""What the proxy says of itself: /stats, /health, /healthz.

Keys that the pypowerwall proxy has are spelled as there; `lanes` and `streams` are ours.
Nothing here holds a secret, its length or an e-mail address.
"""

from __future__ import annotations

import platform
import resource
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from pypowerwall_core import readings
from pypowerwall_core.laneview import LaneView
from pypowerwall_core.snapshot import Snapshot
from pypowerwall_core.version import __version__

from .desk import Desk

_EMPTY = {"entries": 0, "size_bytes": 0}
_NO_FALLBACK = {
    "is_fallback_mode": False,
    "fallback_since": None,
    "fallback_duration_seconds": 0,
    "recovery_attempts": 0,
    "last_recovery_attempt": None,
    "recovery_enabled": False,
}
"""Fallback is between TEDAPI and the local login; there is no TEDAPI here."""
CLOUD_MODE = "Cloud"
_MODES = {"cloud": CLOUD_MODE}
NAME = f"{__version__} powerwall-proxy"


def healthz(desk: Desk, snapshot: Snapshot) -> Any:  # noqa: ARG001 - a row's signature
    """Whether this process answers, whatever the gateway does."""
    return {"status": "ok"}


def version(desk: Desk, snapshot: Snapshot) -> Any:  # noqa: ARG001 - a row's signature
    """What this proxy is."""
    return {
        "name": "powerwall-proxy",
        "version": __version__,
        "api": "v1",
        "python": platform.python_version(),
    }


def stats(desk: Desk, snapshot: Snapshot) -> Any:
    """Counters, settings and the lanes' own numbers."""
    start_s = desk.time_of_day(desk.started_s)
    cleared_s = desk.counters.cleared_s
    return {
        "pypowerwall": NAME,
        "mode": _mode(desk),
        "gets": desk.counters.gets,
        "posts": desk.counters.posts,
        "errors": desk.counters.errors,
        "timeout": desk.counters.unknown,
        "uri": desk.counters.uri,
        "ts": int(desk.wall_clock()),
        "start": int(start_s),
        "clear": int(start_s if cleared_s is None else desk.time_of_day(cleared_s)),
        "uptime": str(timedelta(seconds=int(desk.clock() - desk.started_s))),
        "mem": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "site_name": readings.site_name(snapshot),
        "cloudmode": _mode(desk) == CLOUD_MODE,
        "fleetapi": False,
        "tedapi": False,
        "pw3": False,
        "tedapi_mode": "off",
        "tedapi_api_version": None,
        "siteid": desk.site.tesla_site_id(),
        "counter": 0,
        "cf": str(desk.settings.session_file),
        "config": desk.settings.shown(),
        "notes": list(desk.settings.notes),
        "authmode": desk.settings.auth_mode,
        "connection_health": _connection_health(desk),
        "fallback_mode": _NO_FALLBACK,
        "mem_cache": _memory(desk),
        "streams": asdict(desk.streams),
        "lanes": _lanes(desk),
    }


def clear(desk: Desk) -> None:
    """Set the counters of /stats to nothing."""
    desk.counters.clear(desk.clock())


def reset(desk: Desk) -> None:
    """Set the counters of /health to nothing. What is remembered stays, and no rest is broken."""
    for reader in desk.site.readers:
        reader.lane.clear_counters()
    desk.counters.forget_tallies()


def health_reset(desk: Desk, snapshot: Snapshot) -> Any:  # noqa: ARG001 - a row's signature
    """What /health/reset did."""
    return {
        "status": "reset_complete",
        "health_counters_reset": True,
        "cache_cleared": False,
        "cache_entries_removed": 0,
        "endpoint_stats_cleared": desk.counters.forgotten,
    }


def health(desk: Desk, snapshot: Snapshot) -> Any:  # noqa: ARG001 - a row's signature
    """The connection to the gateway, without asking it anything. Always 200."""
    counters = desk.counters
    return {
        "pypowerwall": NAME,
        "mode": _mode(desk),
        "tedapi_mode": "off",
        "pypowerwall_cache_expire": int(desk.settings.cache_expire_s),
        "degradation_cache_ttl_seconds": int(desk.settings.cache_ttl_s),
        "graceful_degradation": desk.settings.graceful_degradation,
        "fail_fast_mode": desk.settings.fail_fast,
        "health_check_enabled": desk.settings.health_check,
        "startup_time": _local_time(int(desk.time_of_day(desk.started_s))),
        "current_time": _local_time(desk.wall_clock()),
        "transports": {},
        "proxy_stats": {
            "total_gets": counters.gets,
            "total_posts": counters.posts,
            "total_errors": counters.errors,
            "total_timeouts": counters.unknown,
        },
        "connection_health": _connection_health(desk),
        "fallback_mode": _NO_FALLBACK,
        "cached_data": _cached(desk),
        **({"endpoint_statistics": tracked} if (tracked := _tracked(desk)) else {}),
        "lanes": _lanes(desk),
    }


def _cached(desk: Desk) -> dict[str, Any]:
    """What is remembered, by the gateway's path."""
    endpoints = {
        path: {"age_seconds": round(age_s, 1), "is_expired": expired}
        for reader in desk.site.readers
        for path, (age_s, expired) in reader.lane.view().remembered.items()
    }
    return {"cache_size": len(endpoints), "endpoints": endpoints}


def _tracked(desk: Desk) -> dict[str, Any]:
    """How often the four most read routes knew something."""
    return {
        path: {
            "total_calls": tally.calls,
            "successful_calls": tally.calls - tally.failed,
            "failed_calls": tally.failed,
            "success_rate_percent": round(100 - 100 * tally.failed / tally.calls, 2),
        }
        for path, tally in desk.counters.tracked.items()
    }


def _mode(desk: Desk) -> str:
    """The first reader says it: the others only fill in what it does not have."""
    return _MODES.get(desk.site.readers[0].name, "Local") if desk.site.readers else "Unknown"


def _connection_health(desk: Desk) -> dict[str, Any]:
    lanes = [reader.lane.view() for reader in desk.site.readers]
    successes_s = [v.last_success_ago_s for v in lanes if v.last_success_ago_s is not None]
    ago_s = min(successes_s, default=None)
    return {
        "consecutive_failures": sum(lane.failed_in_a_row for lane in lanes),
        "total_failures": sum(lane.failed for lane in lanes),
        "total_successes": sum(lane.landed for lane in lanes),
        "is_degraded": any(not lane.condition.up for lane in lanes),
        "last_success_time": None if ago_s is None else _local_time(desk.wall_clock() - ago_s),
        "last_success_age_seconds": None if ago_s is None else round(ago_s, 1),
        "cache_size": sum(len(lane.remembered) for lane in lanes),
    }


def _memory(desk: Desk) -> dict[str, Any]:
    """What is kept for clients; caches that the original has and we need not are empty."""
    bodies = desk.bodies.values()
    return {
        "error_counts": _EMPTY,
        "network_error_summary": _EMPTY,
        "degradation_cache": _EMPTY,
        "performance_cache": {"entries": len(bodies), "size_bytes": sum(bodies)},
        "endpoint_stats": _EMPTY,
        "total_cache_bytes": sum(bodies),
        "total_cache_mb": round(sum(bodies) / 2**20, 2),
    }


def _lanes(desk: Desk) -> list[dict[str, Any]]:
    return [_lane(reader.lane.view()) for reader in desk.site.readers]


def _lane(lane: LaneView) -> dict[str, Any]:
    return {
        "upstream": lane.name,
        "state": lane.condition.state.value,
        "resting_for_s": round(lane.resting_for_s, 1),
        "next_due_s": None if lane.next_due_s is None else round(lane.next_due_s, 1),
        "requests_per_minute": lane.requests_per_minute,
        "mean_latency_s": None if lane.mean_latency_s is None else round(lane.mean_latency_s, 3),
        "in_flight": lane.in_flight,
        "flights": lane.flights,
        "logins": lane.logins,
        "last_error": lane.last_error,
        "remedy": lane.remedy,
        "resting_paths": {
            path: {"state": state, "for_s": round(for_s, 1)}
            for path, (state, for_s) in lane.rests.items()
        },
    }


def _local_time(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).astimezone().replace(tzinfo=None).isoformat()
