"""A report is as bad as the worst that was found, for people and for programs."""

import json

import msgspec
import pytest

from kiosk.doctor.report import Finding, Part, Report, State, bad, good, warning

WELL = good("as it should be")
SO_SO = warning("almost full", "Make room.")
BROKEN = bad("gone", "Put it back.")


@pytest.mark.parametrize(
    ("findings", "state", "code"),
    [
        ([WELL, WELL], State.GOOD, 0),
        ([WELL, SO_SO], State.WARNING, 1),
        ([BROKEN, SO_SO], State.BAD, 2),
        ([], State.GOOD, 0),
    ],
)
def test_the_worst_finding_decides(findings: list[Finding], state: State, code: int) -> None:
    report = Report.of(dict(zip(Part, findings, strict=False)))
    assert (report.state, report.state.exit_code) == (state, code)


def test_programs_get_one_object_with_a_list_of_checks() -> None:
    report = Report.of({Part.SETTINGS: WELL, Part.STORAGE: SO_SO})
    assert json.loads(msgspec.json.encode(report)) == {
        "state": "warning",
        "checks": [
            {"name": "settings", "state": "good", "found": "as it should be", "advice": ""},
            {"name": "storage", "state": "warning", "found": "almost full", "advice": "Make room."},
        ],
    }


def test_people_get_a_line_for_each_part_and_one_for_what_to_do() -> None:
    lines = Report.of({Part.SETTINGS: WELL, Part.CAMERA: BROKEN}).as_words().splitlines()
    assert [line.split(maxsplit=2) for line in lines] == [
        ["good", "settings", "as it should be"],
        ["bad", "camera", "gone"],
        ["→", "Put", "it back."],
    ]
