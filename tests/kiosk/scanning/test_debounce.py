from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.scanning.debounce import CAPACITY, Debounce, Verdict

ABSENT = 1.0
REPEAT = 5.0


@pytest.fixture
def debounce() -> Debounce:
    return Debounce(REPEAT, ABSENT)


def test_a_card_held_still_for_an_hour_is_one_scan(debounce: Debounce) -> None:
    verdicts = [debounce.see("A", now / 2) for now in range(7200)]
    assert verdicts[0] is Verdict.NEW
    assert set(verdicts[1:]) == {Verdict.HELD}


def test_dropped_frames_do_not_end_the_presence(debounce: Debounce) -> None:
    assert [debounce.see("A", now) for now in (0.0, 0.9, 1.8)] == [Verdict.NEW, Verdict.HELD, Verdict.HELD]


def test_a_card_shown_again_shortly_after_is_a_repeat_and_then_held(debounce: Debounce) -> None:
    debounce.see("A", 0.0)
    assert [debounce.see("A", now) for now in (2.0, 2.5)] == [Verdict.REPEAT, Verdict.HELD]


def test_a_card_shown_again_late_enough_is_a_scan(debounce: Debounce) -> None:
    debounce.see("A", 0.0)
    assert debounce.see("A", 5.0) is Verdict.REPEAT
    assert debounce.see("A", 6.1) is Verdict.NEW


def test_the_time_runs_from_the_last_counted_scan_and_not_from_repeats(debounce: Debounce) -> None:
    debounce.see("A", 0.0)
    assert [debounce.see("A", now) for now in (2.0, 4.0, 6.0)] == [
        Verdict.REPEAT,
        Verdict.REPEAT,
        Verdict.NEW,
    ]


def test_a_card_held_beyond_the_time_is_not_counted_again_while_it_stays(debounce: Debounce) -> None:
    verdicts = [debounce.see("A", now / 10) for now in range(200)]
    assert verdicts.count(Verdict.NEW) == 1
    assert debounce.see("A", 21.5) is Verdict.NEW


def test_two_cards_are_told_apart(debounce: Debounce) -> None:
    assert [debounce.see(key, 0.0) for key in "AB"] == [Verdict.NEW, Verdict.NEW]
    assert [debounce.see(key, 0.5) for key in "BA"] == [Verdict.HELD, Verdict.HELD]


def test_a_scan_that_could_not_be_kept_is_tried_again_with_the_next_presence(debounce: Debounce) -> None:
    debounce.see("A", 0.0)
    debounce.forget("A")
    assert [debounce.see("A", now) for now in (0.5, 2.0, 2.5)] == [Verdict.HELD, Verdict.NEW, Verdict.HELD]


def test_forgetting_a_card_that_was_never_seen_changes_nothing(debounce: Debounce) -> None:
    debounce.forget("A")
    assert debounce.see("A", 0.0) is Verdict.NEW


def test_thousands_of_codes_at_once_take_a_bounded_memory(debounce: Debounce) -> None:
    for number in range(5 * CAPACITY):
        debounce.see(str(number), 0.0)
    assert len(debounce) == CAPACITY
    assert debounce.see(str(5 * CAPACITY - 1), 0.5) is Verdict.HELD


def test_cards_long_gone_are_not_remembered(debounce: Debounce) -> None:
    for number in range(100):
        debounce.see(str(number), float(number))
    assert len(debounce) <= REPEAT + 1


@dataclass(frozen=True)
class Sighting:
    key: str
    now: float


def sightings() -> st.SearchStrategy[list[Sighting]]:
    steps = st.tuples(st.sampled_from("ABC"), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0, 1.1, 3.0, 4.9, 6.0]))
    return st.lists(steps, max_size=60).map(_summed)


def _summed(steps: Sequence[tuple[str, float]]) -> list[Sighting]:
    now, result = 0.0, []
    for key, step in steps:
        now += step
        result.append(Sighting(key, now))
    return result


def judge(history: Sequence[Sighting], debounce: Debounce) -> list[tuple[Sighting, Verdict]]:
    return [(each, debounce.see(each.key, each.now)) for each in history]


@given(sightings())
def test_a_sighting_is_held_exactly_when_the_last_one_of_its_card_is_near(history: list[Sighting]) -> None:
    last: dict[str, float] = {}
    for each, verdict in judge(history, Debounce(REPEAT, ABSENT)):
        near = each.key in last and each.now - last[each.key] < ABSENT
        assert (verdict is Verdict.HELD) == near
        last[each.key] = each.now


@given(sightings())
def test_two_counted_scans_of_a_card_are_always_further_apart_than_the_repeat_time(
    history: list[Sighting],
) -> None:
    counted: dict[str, float] = {}
    for each, verdict in judge(history, Debounce(REPEAT, ABSENT)):
        if verdict is Verdict.NEW:
            assert each.key not in counted or each.now - counted[each.key] > REPEAT
            counted[each.key] = each.now
        if verdict is Verdict.REPEAT:
            assert each.now - counted[each.key] <= REPEAT


@given(sightings())
def test_what_happens_with_one_card_does_not_depend_on_the_others(history: list[Sighting]) -> None:
    together = [verdict for each, verdict in judge(history, Debounce(REPEAT, ABSENT)) if each.key == "A"]
    alone = judge([each for each in history if each.key == "A"], Debounce(REPEAT, ABSENT))
    assert together == [verdict for _, verdict in alone]
