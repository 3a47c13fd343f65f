"""The golden examples are the agreement in writing: what the code writes and reads is what stands there."""

import msgspec
import pytest

from contracts.card_code import from_typed
from contracts.events import Event, is_proven
from contracts.replica import CustomerEntry, RowsPush
from contracts.sealing import derive, unseal
from tests.contracts.make_examples import CODE, FOLDER, SITE, examples, formatted, vectors

EXAMPLES = examples()


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_written_today_is_what_was_agreed(name: str) -> None:
    assert formatted(EXAMPLES[name]) == (FOLDER / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_was_agreed_reads_back_as_the_same_value(name: str) -> None:
    value = EXAMPLES[name]
    body = (FOLDER / f"{name}.json").read_bytes()
    assert msgspec.json.decode(body, type=type(value)) == value


def test_codes_and_keys_follow_from_known_bytes_as_agreed() -> None:
    assert formatted(vectors()) == (FOLDER / "vectors.json").read_bytes()


def test_no_example_lies_around_that_nothing_makes() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {*EXAMPLES, "vectors"}


def test_the_example_event_is_proven_by_the_example_card() -> None:
    event = msgspec.json.decode((FOLDER / "event-scan.json").read_bytes(), type=Event)
    assert is_proven(event, derive(CODE, SITE).event)


def test_the_example_row_opens_with_the_example_card() -> None:
    push = msgspec.json.decode((FOLDER / "rows-push.json").read_bytes(), type=RowsPush)
    code = from_typed("0024H36H2NCSVRH6DAQF6DVVQZ")
    entry = unseal(derive(code, SITE), SITE, push.rows[0])
    assert isinstance(entry, CustomerEntry)
    assert entry.greeting_name == "Zoë"


def test_an_event_says_which_cloudevents_it_is() -> None:
    event = msgspec.json.decode((FOLDER / "event-scan.json").read_bytes())
    assert (event["specversion"], event["datacontenttype"]) == ("1.0", "application/json")


def test_a_later_version_may_add_fields() -> None:
    body = msgspec.json.decode((FOLDER / "ack.json").read_bytes()) | {"added_later": 1}
    assert msgspec.json.decode(msgspec.json.encode(body), type=type(EXAMPLES["ack"])) == EXAMPLES["ack"]
