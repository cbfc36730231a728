"""How often the built-in checks are wrong: the figures that the documentation promises, from a seeded simulation."""

from __future__ import annotations

from renderer.checks import MIN_REQUESTS
from tests.support.odds import Traffic, aborted, share_of, verdicts


def test_the_same_errors_on_both_sides_raise_no_alarm() -> None:
    for share, percent in ((1, 0.1), (20, 0.1), (20, 1), (50, 5)):
        _, compared = verdicts(Traffic(100, share, percent, percent))
        assert share_of(compared) < 0.1, (share, percent)


def test_five_percent_of_errors_at_a_fifth_of_a_hundred_a_second_is_caught_within_three_windows() -> None:
    plain, compared = verdicts(Traffic(100, 20, 5, 0.1))
    assert min(aborted(plain, 3), aborted(compared, 3)) >= 99


def test_five_percent_of_errors_at_a_fifth_of_five_a_second_is_caught_within_ten_windows() -> None:
    plain, compared = verdicts(Traffic(5, 20, 5, 0.1))
    assert min(aborted(plain, 10), aborted(compared, 10)) >= 95


def test_the_fewest_requests_that_are_judged_are_those_of_which_one_error_does_not_fail() -> None:
    for requests in (50, 80):
        plain, _ = verdicts(Traffic(requests / 12, 10, 0.1, 0.1), least=1)
        assert aborted(plain, 30) > 10
    plain, _ = verdicts(Traffic(MIN_REQUESTS / 12, 10, 0.1, 0.1), least=1)
    assert aborted(plain, 30) < 1
