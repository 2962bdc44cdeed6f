"""One answer that is hardly true: nobody reads it, and nobody is troubled by it.

What the gateway insists on is believed: those stories are in `test_faults`.
"""

import pytest
from support.outage import FRESH_S, PROMPT_S, YOUNG_S
from support.special import PLOTS, OneSample, Sampled

each_sample = pytest.mark.parametrize(
    "plot", [plot for plot in PLOTS if isinstance(plot, OneSample)], ids=lambda plot: plot.name
)


@each_sample
def test_one_bad_sample_is_never_read(lived: Sampled) -> None:
    assert lived.bad != lived.warm
    documents = [reply.document for reply in lived.replies]
    assert lived.bad not in documents
    assert [document for document in documents if document not in (lived.warm, None)] == []


@each_sample
def test_clients_read_on_beside_a_bad_sample(lived: Sampled) -> None:
    for reply in lived.replies:
        assert reply.status == 200
        assert reply.took_s < PROMPT_S
        assert (reply.age_s or 0) < YOUNG_S
    assert lived.replies[-1].fresh
    assert lived.replies[-1].document == lived.warm


@each_sample
def test_one_bad_sample_is_no_trouble_of_the_lane(plot: OneSample, lived: Sampled) -> None:
    assert lived.lane["state"] == "up"
    assert lived.lane["resting_paths"] == {}
    lines = lived.log.splitlines()
    assert [line for line in lines if " WARNING " in line or " ERROR " in line] == []
    assert len([line for line in lines if plot.path in line]) <= 1
    assert "Traceback" not in lived.log


@each_sample
def test_a_bad_sample_is_not_asked_for_again_at_once(lived: Sampled) -> None:
    # One may have been on its way as the story began, and one leaves as it ends.
    assert lived.asked <= 2 + lived.lasted_s / FRESH_S
    assert lived.seen["logins"] + lived.seen["logins_refused"] == 0
    assert lived.seen["most_in_flight"] <= 1
