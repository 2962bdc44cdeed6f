"""Where temporary files go on a root that is read-only."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pypowerwall_core.errors import BadSetting

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn's heartbeat file, which it opens safely


def make_room(auth_path: Path, shared_memory: Path = SHARED_MEMORY) -> None:
    """Have temporary files written beside the sessions where there is no other folder for them.

    A container may have a read-only root and nothing but one volume.

    Raises:
        BadSetting: There is nothing at all, and not even the heartbeat file has a place.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        if os.access(auth_path, os.W_OK):
            tempfile.tempdir = str(auth_path)
        elif not os.access(shared_memory, os.W_OK):
            raise BadSetting(
                "no folder can be written: the proxy needs one of /tmp, /dev/shm and PW_AUTH_PATH"
            ) from None
