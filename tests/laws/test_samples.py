"""HELP.md shows what every route answers, as it answers now."""

from support import helpsamples

from proxy.openapi import samples


def test_the_samples_of_help_are_what_is_answered() -> None:
    text = helpsamples.FILE.read_text("utf-8")
    assert text == helpsamples.written(text), "make golden"


def test_every_route_that_has_a_sample_is_shown() -> None:
    lines = [line.partition(helpsamples.NOTE)[0] for line in helpsamples.section().splitlines()]
    asked = [request if " " in request else f"GET {request}" for request in samples()["routes"]]
    assert set(asked) <= set(lines)
