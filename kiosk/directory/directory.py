"""Asks the replica what a card shown to the kiosk is: derives its keys, finds its row, opens it."""

from dataclasses import dataclass

from contracts.card_code import CardCode
from contracts.errors import SealBroken
from contracts.replica import Entry
from contracts.sealing import CardKeys, Site, derive, unseal
from kiosk.directory.replica import ReplicaReader


@dataclass(frozen=True, slots=True)
class Found:
    """A card's keys, and what the replica knows: nothing where this kiosk has no row that opens."""

    keys: CardKeys
    entry: Entry | None
    revision: int | None


class Directory:
    """The way from a card's code to its entry."""

    def __init__(self, replica: ReplicaReader, site: Site) -> None:
        self._replica = replica
        self._site = site

    def find(self, code: CardCode) -> Found:
        """Look a card up by its code."""
        return self.again(derive(code, self._site))

    def again(self, keys: CardKeys) -> Found:
        """Look the same card up once more, for what changed meanwhile."""
        row = self._replica.find(keys.lookup)
        if row is None:
            return Found(keys, None, None)
        try:
            return Found(keys, unseal(keys, self._site, row), row.revision)
        except SealBroken:
            # A row that its own card does not open was damaged or forged: as good as none.
            return Found(keys, None, None)

    def change_number(self) -> int:
        """Return a number that changes when rows have changed."""
        return self._replica.change_number()
