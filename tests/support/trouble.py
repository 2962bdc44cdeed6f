"""One row of the table of stories: a failure mode, and what it may do to whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

AGGREGATES, SOE = "/aggregates", "/soe"
GRID_STATUS = "/api/system_status/grid_status"
VITALS, SOLAR_POWERWALL = "/vitals", "/api/solar_powerwall"
CORE = (AGGREGATES, SOE, GRID_STATUS)
DEVICES = {"pw2": VITALS, "novitals": SOLAR_POWERWALL}

Shows = Mapping[str, Callable[[Any], bool]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure mode and what it may cost.

    Attributes:
        variant: Tells the stories of one fault apart.
        path: The one path of the gateway that it strikes.
        early: It is on before the proxy is.
        surprises: /stats asks for the site's name for the first time while it is on.
        forgets_sessions: The gateway has just lost its sessions, too.
        pinned: The proxy trusts the gateway's certificate and no other.
        shows: Routes whose document is another one, and what it shows.
        moves: The documents change by themselves.
        reads: Routes whose document is not the one that the gateway's desk wrote.
        ill: Routes that read null in the end; all others stay fresh while the lane is up.
        absent: Those are said to be not served, and not just unknown.
        state: What /health calls the lane in the end.
        says: What the log's one line about the cause holds.
        remedy: What a person is told to do (a pattern), where a person can do something.
        quietly: That line is no warning.
        rests_s: The lane rests so long for want of a person, or because it was asked to.
        rests: Paths of the gateway that rest: why, and for how many seconds; 0 for a pause
            that begins short and grows.
        logins: Logins that the gateway sees because of it, refused ones included.
        asked: Requests for a path of the gateway at most, however long it lasts.
        unasked: Paths that nobody asks the gateway for.
        recovers: All is well soon after, and not only after a minute or more.
    """

    fault: str
    variant: str = ""
    system: str = "pw2"
    path: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    early: bool = False
    surprises: bool = False
    forgets_sessions: bool = False
    pinned: bool = False
    shows: Shows = field(default_factory=dict)
    moves: bool = False
    reads: Mapping[str, Any] = field(default_factory=dict)
    ill: tuple[str, ...] = ()
    absent: bool = False
    state: str = "up"
    says: str = ""
    remedy: str = ""
    quietly: bool = False
    rests_s: float = 0.0
    rests: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    logins: int = 0
    asked: Mapping[str, int] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()
    recovers: bool = True

    @property
    def name(self) -> str:
        return f"{self.fault}, {self.variant}" if self.variant else self.fault

    @property
    def noticed(self) -> bool:
        """Whether the lane is not well in the end."""
        return self.state != "up"

    @property
    def is_long(self) -> bool:
        """Whether its end has to wait for a path's rest: such stories begin first."""
        return self.recovers and any(for_s for _, for_s in self.rests.values())

    @property
    def device(self) -> str:
        return DEVICES[self.system]

    @property
    def watched(self) -> tuple[str, ...]:
        return (*CORE, self.device, "/version")

    @property
    def warmed(self) -> tuple[str, ...]:
        """Routes that know something before it begins."""
        return tuple(path for path in self.watched if not (self.early and path in self.ill))
