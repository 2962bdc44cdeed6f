"""What a gateway answered, and what becomes of it before anybody sees it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pypowerwall_core import payloads
from pypowerwall_core.backends.local.reader import ROWS

from . import jsontext, protobuf
from .anonymiser import Anonymiser
from .pseudonyms import Pseudonyms

VITALS = next(row.path for row in ROWS if row.payload == payloads.VITALS)
STATUS = next(row.path for row in ROWS if row.payload == payloads.STATUS)
_GOOD = 200
_LISTS = frozenset({"grid_codes", "brands"})
"""Paths that answer a bare list of what their last name says."""
_CONTENT_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+(; ?charset=[A-Za-z0-9-]{1,12})?")
Text = Callable[[str, str], Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer.

    Attributes:
        status: Of HTTP; None where no answer came.
        trouble: Why none came, in one word of `errors.outcome_of`.
        session: It was asked for with a session.
        after_s: Since the recording began.
    """

    path: str
    status: int | None = None
    content_type: str = ""
    body: bytes = b""
    latency_s: float = 0.0
    session: bool = False
    after_s: float = 0.0
    trouble: str = ""

    @property
    def is_vitals(self) -> bool:
        """Whether the body is the protobuf."""
        return self.path == VITALS and self.status == _GOOD


@dataclass(frozen=True, slots=True)
class Redacted:
    """A recording as it may be written.

    Attributes:
        replaced: How many different texts of each kind.
        unknown: The fields that were replaced because nobody knows what they hold.
        replacements: All that now stands for something else.
    """

    answers: tuple[Heard, ...]
    replaced: Mapping[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    replacements: tuple[str, ...] = ()


def redacted(answers: Sequence[Heard], key: bytes, secrets: Iterable[str] = ()) -> Redacted:
    """Replace what is private in all answers, the same by the same.

    Args:
        answers: As the gateway gave them.
        key: Drawn for this recording alone, and forgotten after it.
        secrets: What is known to be private because we were told it: the password.
    """
    names = Pseudonyms(key)
    anonymiser = Anonymiser(names, secrets)
    for answer in answers:
        # A look: learning returns what it is given, so the copy is thrown away.
        _mapped(answer, anonymiser.learn, anonymiser.learn_key, str)
    made = tuple(_rewritten(answer, anonymiser) for answer in answers)
    unknown = tuple(sorted(anonymiser.unknown))
    return Redacted(made, names.counts(), unknown, tuple(sorted(names.given)))


def suspicious(answers: Sequence[Heard], replacements: Collection[str]) -> list[str]:
    """Say what in a recording looks private and is no replacement: one line each, no value."""
    anonymiser = Anonymiser(Pseudonyms(b"", replacements))
    for answer in answers:
        _mapped(answer, anonymiser.learn, anonymiser.learn_key, str)
    return [line for answer in answers for line in _suspicions(answer, anonymiser)]


def _suspicions(answer: Heard, anonymiser: Anonymiser) -> list[str]:
    found: list[str] = []

    def text(key: str, value: str) -> Any:
        made = anonymiser.rewritten(key, value)
        if made != value:
            found.append(f"the field {anonymiser.key(key)!r}" if key else "a text")
        return value

    def key(name: str) -> str:
        if anonymiser.key(name) != name:
            found.append("the name of a field")
        return name

    def talk(said: str) -> str:
        if anonymiser.talk(said) != said:
            found.append("the text")
        return said

    same = _mapped(answer, text, key, talk)
    if answer.is_vitals and same != answer.body:
        found.append("bytes that no field explains")
    return [f"{answer.path}: {line}" for line in dict.fromkeys(found)]


def _rewritten(answer: Heard, anonymiser: Anonymiser) -> Heard:
    body = _mapped(answer, anonymiser.rewritten, anonymiser.key, anonymiser.talk)
    known = _CONTENT_TYPE.fullmatch(answer.content_type)
    return replace(answer, body=body, content_type=answer.content_type if known else "")


def _mapped(
    answer: Heard, text: Text, key: Callable[[str], str], talk: Callable[[str], str]
) -> bytes:
    """Return the body with other texts, in whatever form it is."""
    if answer.is_vitals:
        return protobuf.mapped(answer.body, text, key) if answer.body else b""
    said = answer.body.decode("utf-8", "replace")
    try:
        document = jsontext.loads(said)
    except (ValueError, RecursionError):
        return talk(said).encode()
    last = answer.path.rpartition("/")[2]
    under = last if last in _LISTS else ""
    return jsontext.dumps(jsontext.mapped(document, text, key, under)).encode()


def firmware(answers: Sequence[Heard]) -> str:
    """Return the firmware that the gateway tells; "" where it tells none."""
    for answer in answers:
        if answer.path == STATUS and answer.status == _GOOD:
            try:
                version = jsontext.loads(answer.body.decode("utf-8", "replace"))["version"]
            except (ValueError, KeyError, TypeError):
                continue
            return version.strip() if isinstance(version, str) else ""
    return ""
