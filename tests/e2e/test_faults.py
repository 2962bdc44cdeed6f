"""Every way a gateway can fail: clients stay served, the gateway stays spared, the log stays short.

The stories are lived a few at a time in the background; each test judges one.
"""

import json
import re
from typing import Any

import pytest
from support.oddities import ODDITIES
from support.outage import ALWAYS, FRESH_S, GATEWAY_PATHS, PROMPT_S, YOUNG_S, Story
from support.trouble import CORE, GRID_STATUS, Trouble
from support.troubles import LANE, PATHS, UNNOTICED
from support.troubles_samples import SAMPLES
from support.troubles_writes import WRITES

from simulator.grid import GRID_STATES

TROUBLES = (*LANE, *PATHS, *UNNOTICED, *ODDITIES, *SAMPLES, *WRITES)
PAUSES_S = (1, 2, 4, 8, 16, 28)
LINES_MOST = 8


def _each(*troubles: Trouble) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("trouble", troubles, ids=lambda trouble: trouble.name)


each_trouble = _each(*TROUBLES)


def _no_number(word: str) -> None:
    raise AssertionError(f"{word} is not JSON")


def _parsed(body: bytes) -> Any:
    return json.loads(body, parse_constant=_no_number)


def _probes(trouble: Trouble, lasted_s: float) -> int:
    """How often a lane at rest is tested: the pauses double, and may be a fifth shorter."""
    agreed_s = trouble.rests_s or trouble.options.get("retry_after")
    pauses_s = (agreed_s,) if agreed_s else PAUSES_S
    probes, at_s = 0, 0.0
    while at_s <= lasted_s:
        at_s += 0.8 * pauses_s[min(probes, len(pauses_s) - 1)]
        probes += 1
    return probes


def _allowed(trouble: Trouble, story: Story, path: str) -> list[Any]:
    """What a route may read at any time: what it knew, what the gateway says, or null."""
    known = [_parsed(story.warm[path])] if path in story.warm else []
    if path in story.told and path not in trouble.ill:
        known.append(story.told[path])
    return [*known, None] if path in trouble.ill or trouble.noticed else known


# -- what clients read ------------------------------------------------------------------------


@each_trouble
def test_clients_always_get_a_quick_200_with_json(story: Story) -> None:
    for path, reply in story.during:
        assert reply.status == 200, path
        assert reply.took_s < PROMPT_S, path
        assert reply.headers["Content-Type"] == "application/json", path
        _parsed(reply.body)


@each_trouble
def test_nothing_is_invented(trouble: Trouble, story: Story) -> None:
    for path in (*CORE, trouble.device):
        documents = [_parsed(body) for body in {reply.body for reply in story.replies(path)}]
        if trouble.moves:
            assert None not in documents
            continue
        allowed = _allowed(trouble, story, path)
        assert [document for document in documents if document not in allowed] == []
    states = {(reply.document or {}).get("grid_status") for reply in story.replies(GRID_STATUS)}
    assert states <= {None, "SystemGridMeditating", *GRID_STATES}


@_each(*(trouble for trouble in TROUBLES if trouble.ill))
def test_values_are_remembered_for_a_while_then_null(trouble: Trouble, story: Story) -> None:
    detail = "not-served" if trouble.absent else "unknown"
    for path in trouble.ill:
        replies = story.replies(path)
        if not trouble.early:
            assert replies[0].body == story.warm[path], "remembered at first"
            assert max(reply.age_s or 0 for reply in replies) >= 1, "stale, and said so"
        assert replies[-1].body == b"null"
        assert replies[-1].headers["Cache-Status"].endswith(f"fwd=miss; detail={detail}")


@_each(*(trouble for trouble in TROUBLES if not trouble.noticed))
def test_whatever_is_not_ill_stays_fresh(trouble: Trouble, story: Story) -> None:
    for path in set(story.told) - set(trouble.ill):
        replies = story.replies(path)
        assert all(reply.age_s is not None for reply in replies), "known all the time"
        assert max(reply.age_s or 0 for reply in replies) < YOUNG_S
        assert any(reply.fresh and reply.document == story.told[path] for reply in replies)


@_each(*(trouble for trouble in TROUBLES if trouble.shows))
def test_an_odd_document_is_passed_through(trouble: Trouble, story: Story) -> None:
    for path, is_right in trouble.shows.items():
        warm = _parsed(story.warm[path])
        document = next(reply.document for reply in story.replies(path) if reply.document != warm)
        assert is_right(document)
        assert not is_right(warm), "it was not so before"


@each_trouble
def test_the_firmware_is_known_all_the_time(story: Story) -> None:
    assert {reply.body for reply in story.replies("/version")} == {story.warm["/version"]}


# -- what the proxy says of it ----------------------------------------------------------------


@each_trouble
def test_the_proxy_itself_is_well_and_says_what_is_wrong(trouble: Trouble, story: Story) -> None:
    assert all(story.replies(path) for path in ALWAYS)
    lane = story.lane
    assert lane["state"] == trouble.state
    assert story.health["connection_health"]["is_degraded"] == trouble.noticed
    if trouble.noticed:
        assert trouble.says.partition(": ")[2] in f"{lane['last_error']}"
    if trouble.remedy:
        assert re.search(trouble.remedy, lane["remedy"] or "")


@each_trouble
def test_what_rests_rests_as_long_as_the_table_says(trouble: Trouble, story: Story) -> None:
    lane, rests = story.lane, story.lane["resting_paths"]
    if trouble.rests_s:
        assert trouble.rests_s - story.lasted_s - 0.1 <= lane["resting_for_s"] <= trouble.rests_s
    for path, (state, for_s) in trouble.rests.items():
        assert rests[path]["state"] == state
        most_s = for_s or PAUSES_S[-1]
        least_s = for_s - story.lasted_s - 0.1 if for_s else 0.0
        assert least_s <= rests[path]["for_s"] <= most_s
    if not trouble.noticed:
        assert set(rests) == set(trouble.rests)


@each_trouble
def test_the_log_says_the_cause_once_with_a_remedy(trouble: Trouble, story: Story) -> None:
    lines = story.log.splitlines()
    about = [line for line in lines if trouble.says and trouble.says in line]
    assert len(about) == bool(trouble.says)
    assert all((" INFO " if trouble.quietly else " WARNING ") in line for line in about)
    if trouble.remedy:
        assert re.search(rf"{re.escape(trouble.says)}.*\. .*{trouble.remedy}", about[0])
    if not trouble.says:
        assert [line for line in lines if " WARNING " in line or " ERROR " in line] == []
    assert "Traceback" not in story.log
    assert trouble.early or len(lines) <= LINES_MOST, "an outage does not bury its own beginning"


# -- what the gateway sees --------------------------------------------------------------------


@each_trouble
def test_the_gateway_is_spared(trouble: Trouble, story: Story) -> None:
    requests = story.seen["requests"]
    assert story.logins == trouble.logins
    assert story.seen["most_in_flight"] <= 1
    for path, most in trouble.asked.items():
        assert requests.get(path, 0) <= most, path
    assert [path for path in trouble.unasked if path in requests] == []
    assert story.seen["writes"] == {}
    # Each source leaves once per freshness, a core path at most twice more after a login.
    each = 2 + 2 * trouble.logins + story.lasted_s / FRESH_S
    assert max((requests.get(path, 0) for path in GATEWAY_PATHS.values()), default=0) <= each


@_each(*LANE)
def test_a_gateway_in_trouble_is_asked_more_and_more_rarely(trouble: Trouble, story: Story) -> None:
    # Until the lane is down each of the other four paths may fail once; one request may be
    # on its way, and one that met a dropped connection is sent again. A refusal is told from
    # an expired session by a login and by asking the other core paths.
    before = 4 + 1 + 1 + 4 * trouble.logins
    assert story.seen["total"] <= before + _probes(trouble, story.lasted_s)


# -- afterwards -------------------------------------------------------------------------------


@_each(*(trouble for trouble in TROUBLES if trouble.recovers))
def test_fresh_data_comes_back_by_itself_and_the_log_says_so_once(
    trouble: Trouble, story: Story
) -> None:
    assert {path: reply.body for path, reply in story.after.items()} == story.warm
    assert all(reply.fresh for reply in story.after.values())
    if trouble.noticed:
        assert story.log.count("answers again after") == 1
    for path in trouble.rests:
        assert story.log.count(f"{path} answers again") == 1


@_each(*(trouble for trouble in TROUBLES if not trouble.recovers))
def test_who_rests_long_rests_on_and_all_others_are_fresh(trouble: Trouble, story: Story) -> None:
    (lane,) = story.health_after["lanes"]
    assert lane["state"] == trouble.state
    for path, reply in story.after.items():
        if path in trouble.ill:
            assert reply.body == b"null"
        elif not trouble.noticed:
            assert reply.fresh
            assert reply.body == story.warm[path]
    if trouble.rests_s:
        assert lane["resting_for_s"] >= trouble.rests_s - story.after_s - 0.1
    for path, (_, for_s) in trouble.rests.items():
        assert lane["resting_paths"][path]["for_s"] >= for_s - story.after_s - 0.1
