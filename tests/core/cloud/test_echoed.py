"""Who answers with what was sent: errors are shown on open pages, and none shows a token.

A secret that is cut before it is masked matches no more, so a part of one counts as well.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import teslapy
from requests.adapters import HTTPAdapter

from pypowerwall_core.backends import cloud as package
from pypowerwall_core.backends.cloud.files import TokenFile
from pypowerwall_core.backends.cloud.http2 import take_road
from pypowerwall_core.backends.cloud.login import Attempt, LoginDesk
from pypowerwall_core.backends.cloud.reader import PRODUCTS_PATH
from pypowerwall_core.backends.cloud.session import CloudSession, Servers
from pypowerwall_core.errors import PowerwallError
from pypowerwall_core.redact import MASK, Secrets

EMAIL = "someone@example.com"
SECRET = "qts-" + "".join(f"{number:03d}" for number in range(10, 35))
PART = 12
"""So many letters of a token in a row are no chance."""
WORDS = {"whole": f"{SECRET} is bad", "cut": "x" * 60 + SECRET}
"""All of the token, and one whose end is behind where words are cut."""
FORMS: dict[str, Callable[[str], bytes]] = {
    "an error": lambda words: json.dumps({"error": words}).encode(),
    "an escaped error": lambda words: json.dumps({"error": words}).replace("q", "\\u0071").encode(),
    "a message": lambda words: json.dumps({"message": words}).encode(),
    "a JSON text": lambda words: json.dumps(words).encode(),
    "text": str.encode,
}

Through = Callable[[HTTPAdapter], CloudSession]


class Echo(HTTPAdapter):
    """A box in between that has its own answer to everything."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__()
        self._status = status
        self._body = body

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer._content = self._status, self._body
        answer.request, answer.url = request, f"{request.url}"
        return answer


class Babble(HTTPAdapter):
    """A box that speaks no HTTP: the library's complaint quotes what it said."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def send(self, *_: Any, **__: Any) -> requests.Response:
        said = f"illegal status line: bytearray(b'{self._words}')"
        raise requests.ConnectionError(said)


def desk(road: HTTPAdapter) -> LoginDesk:
    """A login that is reached by another road."""

    class Desk(LoginDesk):
        def _opened(self) -> teslapy.Tesla:
            tesla = super()._opened()
            take_road(tesla, road)  # type: ignore[arg-type]
            return tesla

    return Desk("https://auth.tesla.com/", None, 1.0, Secrets())


def raised(call: Callable[[], Any]) -> PowerwallError:
    with pytest.raises(PowerwallError) as info:
        call()
    return info.value


def judge(error: PowerwallError, *, quotes: bool = True) -> None:
    said = f"{error} {error.remedy}"
    shown = [SECRET[at : at + PART] for at in range(len(SECRET) - PART)]
    assert not [part for part in shown if part in said], said
    assert said.isprintable()
    assert not quotes or MASK in said, "it tells what was said, but for the secret"


@pytest.fixture
def through(tmp_path: Path) -> Through:
    """A session whose tokens are the secret, and which is reached by a road of the test."""
    ends_s = time.time() + 3600
    tokens = {"access_token": SECRET, "refresh_token": SECRET, "expires_at": ends_s}
    account = {"url": "https://auth.tesla.com/", "sso": tokens}
    TokenFile(tmp_path).save(EMAIL, account)

    def taken(road: HTTPAdapter) -> CloudSession:
        session = CloudSession(EMAIL, TokenFile(tmp_path), Servers(api="https://api"), Secrets())
        take_road(session._opened(), road)  # type: ignore[arg-type]
        return session

    return taken


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("form", FORMS)
def test_a_refusal_that_echoes_a_token_shows_none(through: Through, form: str, words: str) -> None:
    for status in (401, 403, 404, 412, 429, 500):
        session = through(Echo(status, FORMS[form](words)))
        judge(raised(lambda: session.get(PRODUCTS_PATH)))  # noqa: B023 - called at once
        judge(raised(lambda: session.post(PRODUCTS_PATH, {})))  # noqa: B023 - as above


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("form", FORMS)
def test_an_error_in_the_clothes_of_a_success_shows_no_token(
    through: Through, form: str, words: str
) -> None:
    session = through(Echo(200, FORMS[form](words)))
    for call in (lambda: session.get(PRODUCTS_PATH), lambda: session.post(PRODUCTS_PATH, {})):
        judge(raised(call), quotes=form.endswith(("error", "message")))


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_an_error_in_the_text_of_a_document_is_not_quoted(through: Through, words: str) -> None:
    body = json.dumps({"response": json.dumps({"error": words})}).encode()
    error = raised(lambda: through(Echo(200, body)).get(PRODUCTS_PATH))
    judge(error)


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
def test_a_login_that_echoes_what_it_was_sent_shows_no_secret(
    through: Through, status: int, words: str
) -> None:
    road = Echo(status, FORMS["an error"](words))
    judge(raised(through(road).login))
    judge(raised(lambda: desk(road).refresh(SECRET)))
    judge(raised(lambda: desk(road).exchange(SECRET, Attempt.new())))


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_what_is_no_http_and_echoes_a_token_shows_none(through: Through, words: str) -> None:
    road = Babble(words)
    session = through(road)
    judge(raised(lambda: session.get(PRODUCTS_PATH)))
    judge(raised(lambda: session.post(PRODUCTS_PATH, {})))
    judge(raised(session.login))
    judge(raised(lambda: desk(road).refresh(SECRET)))


def test_words_of_others_are_cut_in_one_place_which_masks_them_first() -> None:
    files = Path(package.__file__).parents[1].glob("*/*.py")
    users = [file.name for file in files if "one_line" in file.read_text("utf-8")]
    assert users == ["documents.py"]
