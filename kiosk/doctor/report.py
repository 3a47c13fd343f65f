"""What a check found, and all of them together.

Pure: no clock, no input or output.
"""

from enum import StrEnum

import msgspec


class State(StrEnum):
    """How a part is doing. The order is from best to worst."""

    GOOD = "good"
    WARNING = "warning"
    """It works, or could not be looked at; somebody should."""
    BAD = "bad"
    """It does not work."""

    @property
    def exit_code(self) -> int:
        return list(State).index(self)


class Part(StrEnum):
    """What is looked at, in the order in which one thing depends on another."""

    SETTINGS = "settings"
    ENROLMENT = "enrolment"
    CERTIFICATE = "certificate"
    CLOCK = "clock"
    STORAGE = "storage"
    DATABASES = "databases"
    OUTBOX = "outbox"
    REPLICA = "replica"
    CAMERA = "camera"
    DECODER = "decoder"
    PAGE = "page"
    BROKER = "broker"
    EDGE = "edge"


class Finding(msgspec.Struct, frozen=True):
    """What was found of a part, and the one thing to do about it: nothing where all is good."""

    state: State
    found: str
    advice: str = ""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with the name of its part."""

    name: Part
    state: State
    found: str
    advice: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All checks; ``state`` is the worst of theirs."""

    state: State
    checks: tuple[Checked, ...]

    @classmethod
    def of(cls, findings: dict[Part, Finding]) -> "Report":
        checks = tuple(
            Checked(name=part, state=each.state, found=each.found, advice=each.advice)
            for part, each in findings.items()
        )
        worst = max((each.state for each in checks), key=lambda state: state.exit_code, default=State.GOOD)
        return cls(state=worst, checks=checks)

    def as_words(self) -> str:
        """Return the report as a person reads it: a line for each check, and one for what to do."""
        return "\n".join(_lines(each) for each in self.checks)


def good(found: str) -> Finding:
    """A part that does what it should."""
    return Finding(State.GOOD, found)


def warning(found: str, advice: str) -> Finding:
    """A part that somebody should look after."""
    return Finding(State.WARNING, found, advice)


def bad(found: str, advice: str) -> Finding:
    """A part that does not work."""
    return Finding(State.BAD, found, advice)


def _lines(check: Checked) -> str:
    line = f"{check.state:8} {check.name:12} {check.found}"
    return f"{line}\n{'':21} → {check.advice}" if check.advice else line
