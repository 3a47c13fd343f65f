"""What tests of many at once share: connections to the same database as other processes would have them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import ExceptionContext, event

from edge_api.audit import By
from edge_api.config import Config
from edge_api.db import Database
from tests.edge_api.ingest.conftest import Gate
from tests.fakes.clock import FixedClock

Another = Callable[[], Database]
"""Gives the database as one more process sees it."""


@dataclass
class Neighbours:
    """The database as several processes see it, and what it refused them."""

    url: str
    opened: list[Database] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def another(self) -> Database:
        """Return the database with connections of its own."""
        made = Database(self.url)
        event.listen(made.engine, "handle_error", self._note)
        self.opened.append(made)
        return made

    def _note(self, context: ExceptionContext) -> None:
        self.refused.append(type(context.original_exception).__name__)


@pytest.fixture
def neighbours(config: Config) -> Iterator[Neighbours]:
    made = Neighbours(config.database_url)
    yield made
    for each in made.opened:
        each.close()


@pytest.fixture
def another(neighbours: Neighbours) -> Another:
    return neighbours.another


@pytest.fixture
def gate(config: Config, database: Database, clock: FixedClock, by: By) -> Gate:
    return Gate(config, database, clock, by)
