"""Contract 1.10: what the proxy tells of itself. Known whatever the gateway does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from support.contract import (
    BOOL,
    HTML_TYPE,
    NULL,
    NUMBER,
    SETTINGS,
    TEXT,
    WHOLE,
    Documents,
    Promise,
    Shape,
    at_least,
    each,
    either,
    exactly,
    keys,
    maybe,
    said,
    told,
)

MODES = ("off", "full", "hybrid", "v1r")


def one_of(*words: str) -> Shape:
    return either(*(exactly(word) for word in words))


def anything(_value: Any, _place: str) -> Iterator[str]:
    """Let a setting have any value."""
    return iter(())


SIZE = keys({"entries": WHOLE, "size_bytes": WHOLE})
CONNECTION_HEALTH = {
    "consecutive_failures": WHOLE,
    "total_failures": WHOLE,
    "total_successes": WHOLE,
    "is_degraded": BOOL,
    "last_success_time": maybe(either(TEXT, NUMBER)),
    "cache_size": WHOLE,
}
FALLBACK = keys(
    {
        "is_fallback_mode": BOOL,
        "fallback_since": maybe(either(TEXT, NUMBER)),
        "fallback_duration_seconds": NUMBER,
        "recovery_attempts": WHOLE,
        "last_recovery_attempt": maybe(either(TEXT, NUMBER)),
        "recovery_enabled": BOOL,
    },
    ordered=False,
)
MEMORY = {
    "error_counts": SIZE,
    "network_error_summary": SIZE,
    "degradation_cache": SIZE,
    "performance_cache": SIZE,
    "endpoint_stats": SIZE,
    "total_cache_bytes": WHOLE,
    "total_cache_mb": NUMBER,
}
STATS: dict[str, Shape] = {
    "pypowerwall": TEXT,
    "mode": TEXT,
    **dict.fromkeys(("gets", "posts", "errors", "timeout"), WHOLE),
    "uri": each(WHOLE),
    **dict.fromkeys(("ts", "start", "clear"), WHOLE),
    "uptime": TEXT,
    "mem": WHOLE,
    "site_name": NULL,
    **dict.fromkeys(("cloudmode", "fleetapi", "tedapi", "pw3"), BOOL),
    "tedapi_mode": one_of(*MODES),
    "tedapi_api_version": maybe(TEXT),
    "siteid": maybe(either(TEXT, WHOLE)),
    "counter": WHOLE,
    "cf": TEXT,
    "config": at_least(dict.fromkeys(SETTINGS, anything)),
    "connection_health": at_least(CONNECTION_HEALTH),
    "fallback_mode": FALLBACK,
    "mem_cache": at_least(MEMORY),
}


def stats(documents: Documents) -> Shape:
    name = said(documents, "site_name", "site_name")
    return at_least(STATS | {"site_name": told(TEXT, name)}, {"authmode": TEXT})


ENDPOINT_STATISTICS = at_least(
    {
        "total_calls": WHOLE,
        "successful_calls": WHOLE,
        "failed_calls": WHOLE,
        "success_rate_percent": NUMBER,
    },
    {"last_success_age_seconds": maybe(NUMBER), "last_failure_age_seconds": maybe(NUMBER)},
)
HEALTH = at_least(
    {
        "pypowerwall": TEXT,
        "mode": TEXT,
        "tedapi_mode": one_of(*MODES),
        "pypowerwall_cache_expire": WHOLE,
        "degradation_cache_ttl_seconds": WHOLE,
        **dict.fromkeys(("graceful_degradation", "fail_fast_mode", "health_check_enabled"), BOOL),
        "startup_time": TEXT,
        "current_time": TEXT,
        # Of plain local mode, which has one road.
        "transports": exactly({}),
        "proxy_stats": keys(
            dict.fromkeys(("total_gets", "total_posts", "total_errors", "total_timeouts"), WHOLE)
        ),
        "connection_health": at_least(
            CONNECTION_HEALTH | {"last_success_age_seconds": maybe(NUMBER)}
        ),
        "fallback_mode": FALLBACK,
        "cached_data": at_least(
            {
                "cache_size": WHOLE,
                "endpoints": each(at_least({"age_seconds": NUMBER, "is_expired": BOOL})),
            }
        ),
    },
    # Left out while nothing has been asked.
    {"endpoint_statistics": each(ENDPOINT_STATISTICS)},
)
HEALTH_RESET = at_least(
    {
        "status": exactly("reset_complete"),
        "health_counters_reset": BOOL,
        "cache_cleared": BOOL,
        "cache_entries_removed": WHOLE,
        "endpoint_stats_cleared": WHOLE,
    }
)


def help_(_documents: Documents) -> Shape:
    """A page that renews itself and has a row for everything that /stats and its config name."""

    def check(value: Any, place: str) -> Iterator[str]:
        rows = (*(set(STATS) - {"uri", "config"}), *SETTINGS)
        for word in ('http-equiv="refresh" content="5"', "<title>", *sorted(rows)):
            if word not in value:
                yield f"{place}: {word} is missing"

    return check


PROMISES = (
    Promise("/stats", stats),
    Promise("/stats/clear", stats),
    Promise("/health", lambda _: HEALTH),
    Promise("/health/reset", lambda _: HEALTH_RESET),
    Promise("/help", help_, content_type=HTML_TYPE),
)
