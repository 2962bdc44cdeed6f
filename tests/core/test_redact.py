"""Secrets in every corner of a log record."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypowerwall_core.redact import MASK, MOST, SHORTEST, RedactingFilter, Secrets

SECRET = "s3cret"


def secrets(*texts: str) -> Secrets:
    known = Secrets()
    for text in texts:
        known.hide(text)
    return known


def written(msg: Any, *args: Any, known: Secrets | None = None, **more: Any) -> str:
    """A record as a handler prints it."""
    record = logging.LogRecord("x", logging.INFO, __file__, 1, msg, args, more.pop("exc", None))
    for name, value in more.items():
        setattr(record, name, value)
    assert RedactingFilter(known or secrets(SECRET)).filter(record)
    return logging.Formatter().format(record)


class Careless:
    """Something that tells its secret when printed."""

    def __str__(self) -> str:
        return f"<{SECRET}>"


@pytest.mark.parametrize(
    ("msg", "args", "line"),
    [
        ("password=s3cret", (), "password=***"),
        ("password=%s", (SECRET,), "password=***"),
        ("%s%s", ("s3c", "ret"), "***"),
        ("%(a)s", ({"a": SECRET},), "***"),
        ("%r", ({"AuthCookie": SECRET},), "{'AuthCookie': '***'}"),
        ("%s", (Careless(),), "<***>"),
        (Careless(), (), "<***>"),
        ("s3crets3cret 100%", (), "****** 100%"),
        ("nothing of %d", (5,), "nothing of 5"),
    ],
)
def test_a_message_is_written_without_the_secret(
    msg: Any, args: tuple[Any, ...], line: str
) -> None:
    assert written(msg, *args) == line


def test_a_traceback_is_written_without_the_secret() -> None:
    error = KeyError(f"with {SECRET}")
    error.__cause__ = ValueError(SECRET)
    text = written("odd", exc=(KeyError, error, None))
    assert SECRET not in text
    assert "ValueError: ***" in text
    assert "with ***" in text


def test_a_traceback_that_was_formatted_before_is_masked_too() -> None:
    assert written("odd", exc_text=f"Error: {SECRET}") == "odd\nError: ***"


def test_a_stack_is_written_without_the_secret() -> None:
    assert written("odd", stack_info=f"Stack:\n {SECRET}") == "odd\nStack:\n ***"


@pytest.mark.parametrize(
    ("msg", "args"), [(f"{SECRET} %d", ("x",)), (f"{SECRET} %s %s", (1,)), (f"%z {SECRET}", (1,))]
)
def test_a_careless_log_call_does_not_break_its_caller(msg: str, args: tuple[Any, ...]) -> None:
    assert SECRET not in written(msg, *args)
    assert "do not fit" in written(msg, *args)


def test_secrets_that_hold_one_another_leave_nothing() -> None:
    known = secrets("cookie", "cookie-and-more", "more", "Bearer cookie")
    text = written("Bearer cookie cookie-and-more cookie more", known=known)
    assert text == "*** *** *** ***"


@pytest.mark.parametrize("short", ["", "a", "ab", None])
def test_what_is_too_short_to_be_a_secret_is_left(short: str | None) -> None:
    known = Secrets()
    known.hide(short)
    known.hide_token(short)
    assert known.masked("ab a b") == "ab a b"


def test_a_secret_of_the_least_length_is_hidden() -> None:
    assert secrets("x" * SHORTEST).masked("<" + "x" * SHORTEST + ">") == f"<{MASK}>"


def test_the_newest_tokens_are_kept() -> None:
    known = Secrets()
    tokens = [f"token-{n:04}." for n in range(10 * MOST)]
    for token in tokens:
        known.hide_token(token)
    masked = known.masked(" ".join(tokens)).split()
    assert masked[-MOST:] == [MASK] * MOST
    assert masked[:-MOST] == tokens[:-MOST]


def test_a_token_that_comes_again_is_new_again() -> None:
    known = Secrets()
    for n in range(3 * MOST):
        known.hide_token("lasting")
        known.hide_token(f"token-{n:04}.")
    assert known.masked("lasting") == MASK


def test_a_password_outlives_any_number_of_tokens() -> None:
    known = secrets(SECRET)
    for n in range(10 * MOST):
        known.hide_token(f"token-{n:04}.")
    assert known.masked(SECRET) == MASK


def test_threads_that_learn_do_not_disturb_one_that_writes() -> None:
    known = secrets(SECRET)

    def learn(lane: int) -> None:
        for n in range(300):
            known.hide_token(f"token-{lane}-{n:04}.")

    with ThreadPoolExecutor() as pool:
        learning = [pool.submit(learn, lane) for lane in range(4)]
        while not all(one.done() for one in learning):
            assert known.masked(SECRET) == MASK
    assert [one.exception() for one in learning] == [None] * 4


@given(st.lists(st.text("abc", min_size=SHORTEST, max_size=6), max_size=8), st.text("abc"))
def test_no_secret_is_left_in_any_text(texts: list[str], text: str) -> None:
    masked = secrets(*texts).masked(text)
    assert not any(secret in masked for secret in texts)
