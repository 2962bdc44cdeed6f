"""A gateway, or a Tesla account, that this process asks itself."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from pypowerwall_core import payloads
from pypowerwall_core.build import CLOUD, ControlConfig
from pypowerwall_core.client import Client
from pypowerwall_core.commands import Command, Value
from pypowerwall_core.debug import SECRETS
from pypowerwall_core.errors import BadCommand, BadSetting
from pypowerwall_core.powerwall_reads import Reads
from pypowerwall_core.privatefile import make_private_folder
from pypowerwall_core.settings.gateway import GatewaySettings

from .home import CALLS, Told

if TYPE_CHECKING:  # what it stands on is large, and not everybody has an account
    from pypowerwall_core.backends.cloud.connect import CloudConfig

JOURNAL = "cli.commands"
"""Beside the session file: a proxy that has the same file has a journal of its own."""
_log = logging.getLogger(__name__)


class Direct(Reads):
    """A gateway, or a site of a Tesla account; see Home."""

    def __init__(self, client: Client, lock: IO[bytes] | None = None, mode: str = "local") -> None:
        self.client = client
        self.mode = mode
        self._lock = lock
        client.start()

    @classmethod
    def of(cls, settings: GatewaySettings, *, changes: bool) -> Self:
        """Open the gateway of some settings.

        Raises:
            BadSetting: There is none.
            BadCommand: Another process is changing something there.
        """
        config = settings.gateway()
        if config is None or config.control is None:
            raise BadSetting("PW_HOST: no gateway is named")
        lock = _alone(settings.session_file) if changes else None
        control = replace(config.control, journal=JOURNAL) if changes else None
        _log.debug("asks the gateway at %s", config.address)
        client = Client.of(replace(config, control=control), SECRETS, 2 * config.timeout_s)
        return cls(client, lock)

    @classmethod
    def of_account(cls, config: CloudConfig, *, changes: bool) -> Self:
        """Open a site of a Tesla account.

        Raises:
            BadCommand: Another process is changing something there.
        """
        session_file = config.session_file or config.folder / ".powerwall"
        lock = _alone(session_file) if changes else None
        control = ControlConfig((CLOUD,), journal=JOURNAL) if changes else None
        client = Client.of_cloud(replace(config, control=control), SECRETS, 2 * config.timeout_s)
        return cls(client, lock, CLOUD)

    @property
    def keeper(self) -> Self:
        """Itself: nobody else puts anything back."""
        return self

    def ask(self, call: str) -> Any:
        """Return what a call of the library returns."""
        value = _CALLS[call](self)
        _log.debug("%s: %r", call, value)
        return value

    def trouble(self) -> str:
        """Say what the lane says."""
        return self.client.trouble()

    def change(self, command: Command) -> Told:
        """Carry it out here."""
        return self.client.command(command).document()

    def records(self) -> list[Told]:
        """Return those that this process, or one before it, has carried out."""
        commander = self.client.site.commander
        return [] if commander is None else [one.document() for one in commander.records()]

    def promises(self) -> list[Told]:
        """Return the temporary settings of this process, and of one that was interrupted."""
        commander = self.client.site.commander
        return [] if commander is None else list(commander.temporary())

    def setting(self, knob: str) -> Value | None:
        """Return what one thing is set to now."""
        return self.client.setting(knob)

    def close(self) -> None:
        """End the lane."""
        self.client.close()
        if self._lock is not None:
            self._lock.close()


def _alone(session_file: Path) -> IO[bytes] | None:
    """Return the lock that keeps a second process off the journal; None where none can be made.

    Without a writable folder there is no journal either, and nothing is put back later.

    Raises:
        BadCommand: Another process holds it.
    """
    path = session_file.with_name(f"{session_file.name}.{JOURNAL}.lock")
    try:
        make_private_folder(path.parent)  # the journal would make it, and have no lock
        lock = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise BadCommand(
            "another `powerwall set` is at work here",
            remedy="Wait for it, or end the one that stays for its -for.",
        ) from error
    except OSError:  # no such place, or a file system that has no locks
        return None
    return lock


def _grid(home: Reads) -> Any:
    return home.client.document(payloads.GRID_STATUS)


def _site_id(home: Reads) -> int | None:
    return home.client.site.tesla_site_id()


_OWN: Mapping[str, Callable[[Reads], Any]] = {"grid_status": _grid, "site_id": _site_id}
_CALLS: Mapping[str, Callable[[Reads], Any]] = {
    **{name: getattr(Reads, name) for name in CALLS if name not in _OWN},
    **_OWN,
}
