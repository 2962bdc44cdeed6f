"""What all tests share."""

import contextlib
import gc
import signal

from hypothesis import HealthCheck, settings

# No test judges how fast a machine is; two cores shared by many are slow now and then.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# What is started in the background of a shell ignores Ctrl-C, and so does every process that it
# starts: the commands under test would wait for ever. Only a main thread may say otherwise.
with contextlib.suppress(ValueError):
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Set what collecting made aside: it stays to the end, and every collection would walk it.

    What tests make themselves is collected as ever.
    """
    gc.collect()
    gc.freeze()
