"""A simulated cloud that listens, and accounts of it in folders of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.accounts import Account

from simulator.cloud import CloudSimulator


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as held:
        yield held


@pytest.fixture
def cloud(stack: ExitStack) -> CloudSimulator:
    return stack.enter_context(CloudSimulator(frozen=True))


@pytest.fixture
def account(cloud: CloudSimulator, stack: ExitStack, tmp_path: Path) -> Account:
    """Whoever has logged in, with sessions that are closed for sure."""
    one = Account(cloud, tmp_path / "auth")
    stack.callback(one.close)
    return one
