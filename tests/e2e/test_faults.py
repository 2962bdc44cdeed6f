"""Every way a gateway can fail: clients stay served, the gateway stays spared, the log stays short.

The stories are lived a few at a time in the background; each test judges one.
"""

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from support.outage import ALWAYS, CORE, Story, Trouble, live_through

TROUBLES = (
    Trouble(
        "forbidden",
        "logged in but refused: HTTP 403: User does not have adequate access rights",
        r"\w+",  # any advice will do
        state="logged in but refused",
        logins=1,
        recovers=False,
    ),
    Trouble("silent", "down: no answer within 1 s", "Check PW_HOST", timeout_s=1.0),
    Trouble(
        "dripping",
        "down: no complete answer within 2 s",
        "overloaded",
        timeout_s=1.0,
        system="novitals",
    ),
    Trouble("refusing", "down: connection re", "Check PW_HOST", asked_most=2),
    Trouble("expired", "", state="up", logins=1, asked_most=20, each_s=0.1, system="novitals"),
    Trouble(
        "limited",
        "rate limited: HTTP 429",
        "what else polls",
        state="rate limited",
        options={"retry_after": 2},
        asked_most=4,
        each_s=2.0,
    ),
    Trouble("stopped", "down: HTTP 502 with an empty body", "Tesla's app", system="novitals"),
    Trouble("busy", "down: HTTP 503: current config mode is busy", system="novitals"),
    Trouble("html", "down: a web page instead of JSON", r"Is PW_HOST a Powerwall gateway\?"),
    Trouble("truncated", "down: the answer broke off", "overloaded", system="novitals"),
    Trouble("empty", "down: empty body"),
    Trouble(
        "wrong_password",
        "wrong password: the login was refused: Login Error - bad credentials",
        "last five characters",
        state="wrong password",
        logins=1,
        recovers=False,
        forgets_sessions=True,
        system="novitals",
    ),
)
AT_ONCE = 4
PROMPT_S = 2.0

Stories = dict[str, "Future[Story]"]
each_trouble = pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.fault)


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    pool = ThreadPoolExecutor(AT_ONCE)
    yield {
        trouble.fault: pool.submit(live_through, trouble, tmp_path_factory.mktemp(trouble.fault))
        for trouble in TROUBLES
    }
    pool.shutdown(wait=True, cancel_futures=True)


@pytest.fixture
def story(trouble: Trouble, stories: Stories) -> Story:
    return stories[trouble.fault].result(55)


@each_trouble
def test_clients_always_get_a_quick_200_with_json(story: Story) -> None:
    for _, reply in story.during:
        assert reply.status == 200
        assert reply.took_s < PROMPT_S
        assert reply.headers["Content-Type"] == "application/json"
        assert reply.document is None or reply.document


@each_trouble
def test_values_are_remembered_for_a_while_then_null_and_never_invented(
    trouble: Trouble, story: Story
) -> None:
    for path in trouble.watched:
        bodies = [reply.body for reply in story.replies(path)]
        assert bodies[0] == story.warm[path], "remembered at first"
        assert set(bodies) <= {story.warm[path], b"null"}
    for path in CORE:
        replies = story.replies(path)
        if trouble.noticed:
            assert replies[-1].body == b"null"
            assert replies[-1].headers["Cache-Status"].endswith("fwd=miss; detail=unknown")
            assert max(reply.age_s or 0 for reply in replies) >= 1, "stale, and said so"
        else:
            assert {reply.body for reply in replies} == {story.warm[path]}


@each_trouble
def test_the_firmware_is_known_all_the_time(story: Story) -> None:
    assert {reply.body for reply in story.replies("/version")} == {story.warm["/version"]}


@each_trouble
def test_the_proxy_itself_is_well_and_says_what_is_wrong(trouble: Trouble, story: Story) -> None:
    assert all(story.replies(path) for path in ALWAYS)
    (lane,) = story.health["lanes"]
    assert lane["state"] == trouble.state
    assert story.health["connection_health"]["is_degraded"] == trouble.noticed
    if trouble.noticed:
        assert trouble.says.partition(": ")[2] in f"{lane['last_error']}"
    if trouble.remedy:
        assert re.search(trouble.remedy, lane["remedy"] or "")


@each_trouble
def test_the_gateway_is_spared(trouble: Trouble, story: Story) -> None:
    assert story.logins == trouble.logins
    assert story.most_in_flight <= 1
    assert story.asked <= trouble.asked_most + story.lasted_s / trouble.each_s


@each_trouble
def test_the_log_says_the_cause_once_with_a_remedy(trouble: Trouble, story: Story) -> None:
    lines = story.log.splitlines()
    about = [line for line in lines if trouble.noticed and trouble.says in line]
    assert len(about) == trouble.noticed
    assert all(" WARNING " in line for line in about)
    if trouble.remedy:
        assert re.search(rf"{re.escape(trouble.says)}.*\. .*{trouble.remedy}", about[0])
    assert "Traceback" not in story.log
    assert len(lines) <= 8, "an outage does not bury its own beginning"


@pytest.mark.parametrize(
    "trouble",
    [trouble for trouble in TROUBLES if trouble.recovers],
    ids=lambda trouble: trouble.fault,
)
def test_fresh_data_comes_back_by_itself_and_the_log_says_so_once(
    trouble: Trouble, story: Story
) -> None:
    assert {path: reply.body for path, reply in story.after.items()} == story.warm
    assert story.log.count("answers again after") == trouble.noticed
