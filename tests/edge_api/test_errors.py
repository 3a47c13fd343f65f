"""Each refusal is a problem of its own type, and a fault of ours tells nothing of itself."""

import pytest

from edge_api import errors
from edge_api.cards.errors import CardRevoked
from edge_api.errors import EdgeError, problem_of
from edge_api.loyalty.errors import NotEnoughPoints


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (errors.NotFound("there is no such card"), "not-found", 404),
        (errors.InvalidValue("size: takes 1"), "invalid-request", 422),
        (errors.NameTaken("taken"), "name-taken", 409),
        (CardRevoked("revoked"), "card-revoked", 409),
        (NotEnoughPoints("there are 3 points"), "not-enough-points", 409),
    ],
)
def test_a_refusal_tells_its_reason_and_its_words(error: EdgeError, kind: str, status: int) -> None:
    problem = problem_of(error)
    assert (problem.kind, problem.status, problem.detail) == (kind, status, str(error))
    assert problem.title


def test_a_fault_of_ours_keeps_its_words_to_itself() -> None:
    problem = problem_of(errors.BadConfiguration("/home/shop/secrets.toml is missing"))
    assert (problem.kind, problem.status, problem.detail) == ("internal-error", 500, "")
