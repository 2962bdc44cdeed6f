"""The options of a failure mode."""

from typing import Any

import pytest

from simulator.option import Option, parse_options

KNOWN = {
    "much": Option(default=1.5, least=-2.0, most=9.0),
    "many": Option(default=3, most=9),
    "loud": Option(default=False),
    "word": Option(default=""),
    "how": Option(default="so", choices=("so", "otherwise")),
    "code": Option(default=401, choices=(401, 403)),
}


def test_what_is_not_given_has_its_default() -> None:
    assert parse_options("x", KNOWN, {}) == {key: row.default for key, row in KNOWN.items()}


@pytest.mark.parametrize(
    ("name", "given", "parsed"),
    [
        ("much", "2", 2.0),
        ("much", -2, -2.0),
        ("many", "9", 9),
        ("loud", "TRUE", True),
        ("loud", 0, False),
        ("word", "Geheimnis 2", "Geheimnis 2"),
        ("how", "otherwise", "otherwise"),
        ("code", "403", 403),
        ("code", 403, 403),
    ],
)
def test_values_get_the_type_of_the_default(name: str, given: Any, parsed: Any) -> None:
    value = parse_options("x", KNOWN, {name: given})[name]
    assert (value, type(value)) == (parsed, type(parsed))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("much", "nan"),
        ("much", "inf"),
        ("much", 9.1),
        ("much", None),
        ("many", "1.5"),
        ("many", float("inf")),
        ("many", -1),
        ("loud", "perhaps"),
        ("word", "a\nb"),
        ("how", "no"),
        ("code", 402),
        ("strange", 1),
    ],
)
def test_a_wrong_value_is_a_value_error_that_names_the_option(name: str, given: Any) -> None:
    with pytest.raises(ValueError, match=name):
        parse_options("x", KNOWN, {name: given})


@pytest.mark.parametrize(
    ("name", "shown"),
    [("much", "much=1.5"), ("loud", "loud=false"), ("how", "how=so|otherwise")],
)
def test_an_option_is_shown_with_its_default_first(name: str, shown: str) -> None:
    assert KNOWN[name].show(name) == shown
