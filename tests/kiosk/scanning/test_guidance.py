"""A person is helped once they need it, with one thing at a time, and never when there is nothing to help."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.scanning.guidance import Guidance, Timing
from kiosk.scanning.symbols import Hint

TIMING = Timing()
FRAME = 0.1


class Person:
    """Holds a code before a camera of ten pictures a second, and reads what they are told."""

    def __init__(self) -> None:
        self.guidance = Guidance()
        self.now = 100.0

    def struggles(self, hints: Iterable[Hint]) -> list[Hint | None]:
        """Return what was said after each picture."""
        return [self._picture(hint) for hint in hints]

    def holds(self, hint: Hint, seconds: float) -> list[Hint | None]:
        return self.struggles([hint] * round(seconds / FRAME))

    def leaves(self, seconds: float) -> Hint | None:
        self.now += seconds
        return self.guidance.advice(self.now)

    def _picture(self, hint: Hint) -> Hint | None:
        self.now += FRAME
        self.guidance.glimpsed(hint, self.now)
        return self.guidance.advice(self.now)


@pytest.fixture
def person() -> Person:
    return Person()


def test_nothing_is_said_before_there_is_a_code(person: Person) -> None:
    assert person.leaves(60) is None


def test_a_code_that_is_brought_in_is_left_alone_for_a_second(person: Person) -> None:
    assert set(person.holds(Hint.CLOSER, TIMING.begins)) == {None}
    assert person.holds(Hint.CLOSER, 0.2)[-1] is Hint.CLOSER


@pytest.mark.parametrize("hint", Hint)
def test_every_hint_is_passed_on(person: Person, hint: Hint) -> None:
    assert person.holds(hint, 2)[-1] is hint


def test_what_most_pictures_say_is_said(person: Person) -> None:
    said = person.struggles([Hint.LESS_GLARE, Hint.CLOSER, Hint.CLOSER] * 4)
    assert said[-1] is Hint.CLOSER


def test_a_hint_stands_long_enough_to_be_read(person: Person) -> None:
    person.holds(Hint.CLOSER, 1.2)
    said = person.holds(Hint.HOLD_STILL, TIMING.stands - 0.2)
    assert set(said) == {Hint.CLOSER}


def test_a_hint_that_was_followed_gives_way_to_the_next(person: Person) -> None:
    person.holds(Hint.CLOSER, 2)
    assert person.holds(Hint.LESS_TILT, 2 * TIMING.stands)[-1] is Hint.LESS_TILT


def test_it_is_gone_as_soon_as_the_code_is_read(person: Person) -> None:
    person.holds(Hint.CLOSER, 2)
    person.guidance.read()
    assert person.leaves(0) is None


def test_after_a_read_it_begins_anew(person: Person) -> None:
    person.holds(Hint.CLOSER, 2)
    person.guidance.read()
    assert set(person.holds(Hint.CLOSER, TIMING.begins)) == {None}


def test_it_is_gone_when_the_code_leaves(person: Person) -> None:
    person.holds(Hint.CLOSER, 2)
    assert person.leaves(TIMING.gone + 0.01) is None


def test_a_code_that_left_within_a_second_is_not_talked_to_afterwards(person: Person) -> None:
    person.holds(Hint.CLOSER, TIMING.begins - 0.2)
    assert person.leaves(TIMING.gone - 0.01) is None


def test_a_code_that_is_not_seen_in_a_few_pictures_has_not_left(person: Person) -> None:
    person.holds(Hint.CLOSER, 2)
    assert person.leaves(TIMING.gone - 0.01) is Hint.CLOSER


def test_a_code_that_comes_back_is_left_alone_again(person: Person) -> None:
    person.holds(Hint.CLOSER, 2)
    person.now += TIMING.gone + 0.01
    assert set(person.holds(Hint.CLOSER, TIMING.begins)) == {None}


def test_a_pattern_that_stays_in_view_is_not_talked_to_for_ever(person: Person) -> None:
    said = person.holds(Hint.CLOSER, TIMING.ends + 5)
    assert said[100] is Hint.CLOSER
    assert set(said[-40:]) == {None}
    person.now += TIMING.gone + 0.01
    assert person.holds(Hint.CLOSER, 2)[-1] is Hint.CLOSER


@given(st.lists(st.sampled_from(Hint), min_size=1, max_size=150))
def test_only_what_a_picture_of_the_last_moments_said_is_said(hints: list[Hint]) -> None:
    said = Person().struggles(hints)
    recent = round(2 * TIMING.stands / FRAME) + 2
    for number, hint in enumerate(said):
        assert hint is None or hint in hints[max(0, number - recent) : number + 1]
