"""An edge that kiosks pull from: with a database that can be restored, and answers that can break off."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from contracts.errors import Problem, ProblemType
from contracts.kiosk_state import KioskConfig
from contracts.replica import PullEnd, PullHead, PullLine, PullRow, RowsPush, SealedRow
from contracts.settlements import Settlement, Settlements, Verdict
from kiosk.errors import EdgeRefused, EdgeUnreachable

CONFIG = KioskConfig(
    revision=1,
    shop_name="De Hoek",
    location="de-hoek",
    timezone="Europe/Amsterdam",
    languages=("nl",),
    card_hosts=("kaart.example.nl",),
)


@dataclass
class FakeEdge:
    """Rows by card, each with the revision that it was published with; ``asked`` is what kiosks asked for.

    The next pull breaks off after ``cut_after`` lines; ``between`` is called ahead of each of its lines.
    ``garbage`` and ``stuck`` are answered in place of what is right.
    """

    epoch: str = "e1"
    revision: int = 0
    rows: dict[bytes, SealedRow] = field(default_factory=dict)
    told: list[Settlement] = field(default_factory=list)
    configured: KioskConfig = CONFIG
    is_reachable: bool = True
    cut_after: int | None = None
    between: Callable[[], None] = lambda: None
    asked: list[tuple[str, int]] = field(default_factory=list)
    piece: int = 3
    garbage: list[PullLine] | None = None
    stuck: Settlements | None = None

    def publish(self, *cards: int) -> RowsPush:
        """Give each card a new row; return the push that tells of them."""
        after = self.revision
        fresh = [self._new_row(card) for card in cards]
        return RowsPush(epoch=self.epoch, after=after, upto=self.revision, rows=tuple(fresh))

    def settle(self, count: int = 1) -> list[Settlement]:
        """Decide on as many events; return the verdicts."""
        fresh = [
            Settlement(number=len(self.told) + 1 + n, event=uuid.uuid4(), verdict=Verdict.BOOKED)
            for n in range(count)
        ]
        self.told += fresh
        return fresh

    # What kiosks ask

    def pull_rows(self, epoch: str, after: int) -> Iterator[PullLine]:
        self.asked.append((epoch, after))
        self._must_be_reachable()
        if self.garbage is not None:
            yield from self.garbage
            return
        if epoch and (epoch != self.epoch or after > self.revision):
            raise EdgeRefused(Problem.of(ProblemType.EPOCH_CHANGED, "Pull everything anew", 409))
        cut, self.cut_after = self.cut_after, None
        for number, line in enumerate(self._lines(after if epoch else 0)):
            if number == cut:
                raise EdgeUnreachable("the pull broke off")
            self.between()
            yield line

    def settlements(self, after: int) -> Settlements:
        self._must_be_reachable()
        if self.stuck is not None:
            return self.stuck
        found = [each for each in self.told if each.number > after]
        return Settlements(settlements=tuple(found[: self.piece]))

    def config(self) -> KioskConfig:
        self._must_be_reachable()
        return self.configured

    def _lines(self, after: int) -> list[PullLine]:
        upto = self.revision
        rows = sorted(self.rows.values(), key=lambda row: row.revision)
        found = [PullRow(row=row) for row in rows if after < row.revision <= upto]
        return [PullHead(epoch=self.epoch, after=after, upto=upto), *found, PullEnd(upto=upto)]

    def _new_row(self, card: int) -> SealedRow:
        self.revision += 1
        lookup = card.to_bytes(16)
        box = f"{self.epoch}:{card}:{self.revision}".encode()
        self.rows[lookup] = SealedRow(lookup=lookup, revision=self.revision, nonce=bytes(12), box=box)
        return self.rows[lookup]

    def _must_be_reachable(self) -> None:
        if not self.is_reachable:
            raise EdgeUnreachable("no route to the edge")
