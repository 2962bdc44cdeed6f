"""Joins the roads to one home: its readers, who carries commands out, and the files it keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .commander import Commander
from .commandlog import CommandLog
from .controller import Controller
from .journal import Journal
from .numbering import Numbering
from .site import Reader, Site
from .totals import Bookkeeper

LOCAL, CLOUD = "local", "cloud"
COMMANDS = "commands"


@dataclass(frozen=True, slots=True)
class ControlConfig:
    """Which commands are taken.

    Attributes:
        via: Which controllers take them, in this order.
        allows_islanding: Leaving the grid is allowed.
        journal: Names its file beside the session file. Two processes must not share one: each
            would carry on what the other has begun. "" keeps it in memory, and refuses
            temporary settings.
    """

    via: tuple[str, ...] = (LOCAL,)
    allows_islanding: bool = False
    journal: str = COMMANDS


def build_site(
    readers: Sequence[Reader],
    controllers: Mapping[str, Controller],
    control: ControlConfig | None,
    session_file: Path | None,
    tesla_site_id: Callable[[], int | None] | None = None,
) -> Site:
    """Make a site; what has to outlive a restart is kept beside the session file.

    Args:
        readers: In their order: the first that has a payload gives it.
        controllers: By their names in ControlConfig.via.
        control: None takes no commands.
        session_file: None keeps nothing.
        tesla_site_id: Returns the site's number in a Tesla account, once it is known.
    """
    site = Site(
        readers,
        commander=None if control is None else _commander(control, controllers, session_file),
        numbering=Numbering(_beside(session_file, "numbers")),
        bookkeeper=Bookkeeper(_beside(session_file, "energies")),
    )
    if tesla_site_id is not None:
        site.tesla_site_id = tesla_site_id
    return site


def _commander(
    control: ControlConfig, controllers: Mapping[str, Controller], session_file: Path | None
) -> Commander:
    file = _beside(session_file, control.journal) if control.journal else None
    return Commander(
        [controllers[name] for name in control.via if name in controllers],
        Journal(file),
        CommandLog(file and file.with_name(f"{file.name}.log")),
        allows_islanding=control.allows_islanding,
    )


def _beside(session_file: Path | None, what: str) -> Path | None:
    """Where something lives: one file per session file, so that homes do not mix."""
    return session_file and session_file.with_name(f"{session_file.name}.{what}")
