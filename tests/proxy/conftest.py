"""What tests of commands share."""

import pytest
from support.commander import Commanded


@pytest.fixture(scope="module")
def one() -> Commanded:
    return Commanded()


@pytest.fixture
def refusing(one: Commanded) -> Commanded:
    """One application for all that is refused: nothing of it may stay."""
    return one.forget()
