"""What all tests share."""

import contextlib
import gc
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No test judges how fast a machine is; two cores shared by many are slow now and then.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# What is started in the background of a shell ignores Ctrl-C, and so does every process that it
# starts: the commands under test would wait for ever. Only a main thread may say otherwise.
with contextlib.suppress(ValueError):
    signal.signal(signal.SIGINT, signal.default_int_handler)

APART = ("browser", "shipping")
"""Folders with a target of their own: they install more than `make test` has time for."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave them to who asks for them by name."""
    name = collection_path.name
    return True if name in APART and not any(name in asked for asked in config.args) else None


def pytest_collection_finish() -> None:
    """Set what collecting made aside: it stays to the end, and every collection would walk it.

    What tests make themselves is collected as ever.
    """
    gc.collect()
    gc.freeze()
