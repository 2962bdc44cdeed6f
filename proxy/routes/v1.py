"""/api/v1, /readyz and /metrics: what is known, for people, programs and Prometheus."""

from __future__ import annotations

from proxy import introspect, readiness, state
from proxy.rows import Family, Live, Scrape, Stream
from pypowerwall_core.catalog import CATALOG, NEEDS

_FACT = "/api/v1/state/{fact}"

V1 = (
    Live(
        "/readyz",
        "200 while what clients would read is recent, else 503 with the reasons. Nobody reading "
        "is fine. Starts no request to the gateway.",
        readiness.readyz,
        status=readiness.status,
    ),
    Live(
        "/api/v1/state",
        "Every fact with unit, age, source and whether it is `fresh`, `stale`, `unknown` or "
        "`not_served`; `?rows` as a list of flat objects.",
        state.state,
        NEEDS,
        word="rows",
        worded=state.rows,
    ),
    Live(
        "/api/v1/recent",
        "The last hour of power and charge as curves: means of half minutes, `null` where nothing "
        "was read. Kept in memory only, of what others read; starts no request to the gateway.",
        state.recent,
    ),
    Live(
        "/api/v1/version",
        "Name and version of this proxy and of this API.",
        introspect.version,
    ),
)
FAMILIES = (
    Family(
        _FACT,
        "One fact, such as `/api/v1/state/power_w`; `?rows` as above.",
        {
            fact.name: Live(
                _FACT.format(fact=fact.name),
                fact.says,
                state.of(fact),
                fact.asks,
                word="rows",
                worded=state.rows_of(fact),
                counts_as=_FACT,
            )
            for fact in CATALOG
        },
    ),
)
STREAMS = (
    Stream(
        "/events",
        "The rows of `/api/v1/state?rows` as they change, as Server-Sent Events: first all of "
        "them, then what is new. Starts no request to the gateway; being open keeps facts fresh.",
    ),
)
SCRAPES = (
    Scrape(
        "/metrics",
        "The same facts and the proxy's own numbers for Prometheus. Starts no request to the "
        "gateway; being scraped keeps them fresh.",
    ),
)
