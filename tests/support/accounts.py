"""A Tesla account as a user has it: a folder of files, and a session that reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pypowerwall_core.backends.cloud.files import AUTH_FILE, TokenFile
from pypowerwall_core.backends.cloud.session import CloudSession, Servers
from pypowerwall_core.redact import Secrets
from simulator.cloud import CloudSimulator
from simulator.cloud.ledger import cache_entry

TIMEOUT_S = 5.0


class Account:
    """The login is at one host and the data at another, as Tesla has it."""

    def __init__(self, cloud: CloudSimulator, folder: Path, *, access: bool = True) -> None:
        self.cloud = cloud
        self.folder = folder
        self.email = cloud.email
        self.path = folder / AUTH_FILE
        self.secrets = Secrets()
        self._open: list[CloudSession] = []
        cloud.write_auth(folder, access=access)
        self.session = self.opened()

    @property
    def servers(self) -> Servers:
        api = self.cloud.api_url.replace("127.0.0.1", "localhost")
        return Servers(api=api, ca_file=str(self.folder / "ca.pem"))

    def opened(self, timeout_s: float = TIMEOUT_S) -> CloudSession:
        """Another program that has the same files."""
        tokens = TokenFile(self.folder)
        session = CloudSession(self.email, tokens, self.servers, self.secrets, timeout_s)
        self._open.append(session)
        return session

    def close(self) -> None:
        """Hang up, all of them."""
        for session in self._open:
            session.close()

    @property
    def stored(self) -> dict[str, Any]:
        """The tokens in the file."""
        sso: dict[str, Any] = json.loads(self.path.read_text())[self.email]["sso"]
        return sso

    def store(self, **tokens: Any) -> None:
        """Write other tokens into it, as another program does."""
        document = json.loads(self.path.read_text())
        document[self.email]["sso"] |= tokens
        self.path.write_text(json.dumps(document))

    def new_login(self) -> Mapping[str, Any]:
        """Log in anew, as another program does; return what it would store."""
        cloud = self.cloud
        entry = cache_entry(cloud._ledger.login(), cloud.sso_url, cloud._wall())
        sso: Mapping[str, Any] = entry["sso"]
        return sso

    @property
    def refreshes(self) -> tuple[int, int]:
        """How many refreshes Tesla granted, and how many it refused."""
        counted = self.cloud.counters.snapshot()
        return counted["refreshes"], counted["refreshes_refused"]

    def asked(self) -> int:
        """How many requests came."""
        total: int = sum(self.cloud.counters.snapshot()["calls"].values())
        return total
