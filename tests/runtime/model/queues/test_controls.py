import re
from datetime import timedelta
from typing import Any

import pytest
from conduit_runtime.model.queues.controls import Controls, SourceLimits


def test_the_limits_of_types_that_others_handle_cost_a_worker_nothing() -> None:
    controls = Controls.of(types=["ours", "theirs"])
    assert controls.of_types({"ours", "free"}).limited_types == {"ours"}
    assert not controls.of_types({"free"}).has_limits
    assert Controls.of(limited=["mail"], types=["theirs"]).of_types({"free"}).has_limits


def test_what_the_code_says_of_a_type() -> None:
    assert SourceLimits.of(None, None, None) is None
    assert SourceLimits.of(5, None, None) == SourceLimits(5)
    assert SourceLimits.of(None, 3, None) == SourceLimits(None, 3, 1.0)
    assert SourceLimits.of(5, 3, timedelta(minutes=1)) == SourceLimits(5, 3, 60.0)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((0, None, None), "concurrency is 0: use 1 to 2147483647"),
        (("5", None, None), "concurrency is '5'"),
        ((None, True, None), "rate_limit is True"),
        ((None, None, timedelta(1)), "per needs rate_limit"),
        ((None, 1, timedelta(0)), "per is 0:00:00: use a millisecond to 365 days"),
        ((None, 1, 60), "per is 60: use a timedelta"),
    ],
)
def test_bad_limits_name_the_argument(given: tuple[Any, Any, Any], text: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(text)}"):
        SourceLimits.of(*given)
