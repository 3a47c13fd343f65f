"""Whatever is lost, doubled or cut on the way, a kiosk ends up with exactly what the edge has published."""

from datetime import timedelta
from enum import StrEnum

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.replica import PullEnd, PullHead, PullLine, PullRow, RowsPush
from contracts.topics import ROWS
from edge_api.cards import services as cards
from edge_api.cards.models import Card
from edge_api.feed import FeedKind, touch
from edge_api.sync import services
from edge_api.sync.worker import FeedWorker
from tests.edge_api.sync.conftest import Site
from tests.fakes.replica import ModelReplica


class Step(StrEnum):
    """What can happen next, in any order."""

    NEW_CARDS = "new cards"
    TOUCH = "touch"
    REVOKE = "revoke"
    UNREVOKE = "unrevoke"
    ROLLED_BACK = "a change that is rolled back"
    TURN_ONE = "the first worker's turn"
    TURN_TWO = "the second worker's turn"
    LEASE_RUNS_OUT = "the lease runs out"
    DELIVER = "a push arrives"
    DOUBLE = "a push arrives twice"
    LOSE = "a push is lost"
    LATE = "the newest push overtakes the others"
    PULL = "a pull"
    CUT_PULL = "a pull that is cut"
    SLOW_PULL = "a pull while something is published"


class Story:
    """An edge with two workers, and one kiosk at the end of a bad line."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.workers: tuple[FeedWorker, FeedWorker] = (site.worker(), site.worker())
        self.replica = ModelReplica()
        self.on_the_way: list[RowsPush] = []
        self.cards: list[Card] = site.cards(2)
        self._next = 0

    def take(self, step: Step) -> None:
        match step:
            case Step.NEW_CARDS:
                self.cards += self.site.cards(3)
            case Step.TOUCH | Step.REVOKE | Step.UNREVOKE | Step.ROLLED_BACK:
                self._change(step)
            case Step.TURN_ONE | Step.TURN_TWO:
                self._turn(self.workers[step is Step.TURN_TWO])
            case Step.LEASE_RUNS_OUT:
                self.site.clock.forward(services.LEASE + timedelta(seconds=1))
            case Step.PULL | Step.CUT_PULL | Step.SLOW_PULL:
                self._pull(step)
            case _:
                self._arrive(step)
        self.check_cursor()

    def end(self) -> None:
        """Everything is published, announced and pulled, as it is within half a minute."""
        self.site.clock.forward(timedelta(seconds=31))
        for worker in self.workers:
            while self._turn(worker):
                pass
        announced = self.on_the_way[-1]
        if not self.replica.push(announced):
            self._pull(Step.PULL)

    def check_cursor(self) -> None:
        """Nothing is missing up to the cursor, ever; and nothing is there that was not published."""
        published = self.site.published()
        for lookup, row in published.items():
            if row.revision <= self.replica.cursor:
                assert self.replica.rows[lookup] == row
        for lookup, row in self.replica.rows.items():
            assert row.revision <= published[lookup].revision

    def _change(self, step: Step) -> None:
        card = self._some_card()
        with self.site.database.transaction() as session:
            if step is Step.REVOKE:
                cards.revoke_card(session, card.id, self.site.by)
            elif step is Step.UNREVOKE:
                cards.unrevoke_card(session, card.id, self.site.by)
            else:
                touch(session, FeedKind.CARD, card.id)
            if step is Step.ROLLED_BACK:
                session.rollback()

    def _some_card(self) -> Card:
        self._next += 1
        return self.cards[self._next % len(self.cards)]

    def _turn(self, worker: FeedWorker) -> bool:
        more = worker.turn()
        self.on_the_way += self.site.wire.heard(ROWS, RowsPush)
        return more

    def _arrive(self, step: Step) -> None:
        if not self.on_the_way:
            return
        push = self.on_the_way.pop(-1 if step is Step.LATE else 0)
        if step is Step.LOSE:
            return
        for _ in range(2 if step is Step.DOUBLE else 1):
            self.replica.push(push)

    def _pull(self, step: Step) -> None:
        replica = self.replica
        with self.site.database.reading() as session:
            state = services.ensure_state(session)
            known = state.epoch == replica.epoch
            head = PullHead(epoch=state.epoch, after=replica.cursor if known else 0, upto=state.revision)
        replica.pull([head])
        if step is Step.SLOW_PULL:
            self._change(Step.TOUCH)
            self._turn(self.workers[0])
        replica.pull(self._rows(head, cut=step is Step.CUT_PULL))

    def _rows(self, head: PullHead, *, cut: bool) -> list[PullLine]:
        with self.site.database.reading() as session:
            rows = services.rows_after(session, head.after, head.upto)
        lines: list[PullLine] = [PullRow(row=row) for row in rows]
        return lines[: len(lines) // 2] if cut else [*lines, PullEnd(upto=head.upto)]


@pytest.mark.databases("sqlite")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(steps=st.lists(st.sampled_from(Step), min_size=5, max_size=30))
def test_a_kiosk_ends_up_with_what_was_published(site: Site, steps: list[Step]) -> None:
    story = Story(site)
    for step in steps:
        story.take(step)
    story.end()
    assert story.replica.rows == site.published()
    assert story.replica.cursor == site.state().revision
    revisions = sorted(row.revision for row in story.replica.rows.values())
    assert len(set(revisions)) == len(revisions)


def test_a_kiosk_that_only_hears_pushes_has_them_all(site: Site) -> None:
    replica = ModelReplica()
    replica.epoch = site.state().epoch
    for count in (2, 1, 4):
        site.cards(count)
        assert all(replica.push(push) for push in site.publish())
    assert replica.rows == site.published()
