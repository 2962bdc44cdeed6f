"""The files that a login leaves behind, for clients that were never there."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

AUTH_FILE: Final = ".pypowerwall.auth"
SITE_FILE: Final = ".pypowerwall.site"
CA_FILE: Final = "ca.pem"


def refuse_the_files_of_others(folder: Path, email: str) -> None:
    """Leave a login alone that was not made here: it may be somebody's real one.

    Raises:
        FileExistsError: There is such a login.
    """
    file = folder / AUTH_FILE
    try:
        logins = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return
    except ValueError:
        logins = None
    if not isinstance(logins, dict) or set(logins) - {email}:
        raise FileExistsError(f"{file} is not the simulator's: choose an empty folder")


def write_private(file: Path, text: str) -> None:
    """Write a whole file or none, for its owner only."""
    number, name = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
    temporary = Path(name)
    try:
        # mkstemp made it for its owner only.
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            stream.write(text)
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_files(
    folder: Path, *, email: str, login: Mapping[str, Any], site_id: int, ca_pem: str
) -> None:
    """Write a login, the number of a site, and whom to trust."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    refuse_the_files_of_others(folder, email)
    write_private(folder / AUTH_FILE, json.dumps({email: login}, indent=2) + "\n")
    write_private(folder / SITE_FILE, str(site_id))
    write_private(folder / CA_FILE, ca_pem)
