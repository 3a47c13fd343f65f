"""A kiosk's store in a few lines, to hold the edge to what :mod:`contracts.replica` promises."""

from collections.abc import Iterable

from contracts.replica import PullEnd, PullHead, PullLine, PullRow, RowsPush, SealedRow


class ModelReplica:
    """Rows by lookup; every row up to ``cursor`` of ``epoch`` is there."""

    def __init__(self) -> None:
        self.epoch = ""
        self.cursor = 0
        self.rows: dict[bytes, SealedRow] = {}

    def push(self, push: RowsPush) -> bool:
        """Take a push or an announcement; False when something before it is missing."""
        if push.epoch != self.epoch:
            return False
        self._apply(push.rows)
        whole = push.after <= self.cursor and (bool(push.rows) or push.upto <= self.cursor)
        if whole:
            self.cursor = max(self.cursor, push.upto)
        return whole

    def pull(self, lines: Iterable[PullLine]) -> None:
        """Take a pull's lines as far as they come; the cursor follows each row, since they are in order."""
        for line in lines:
            match line:
                case PullHead():
                    self._begin(line)
                case PullRow():
                    self._apply([line.row])
                    self.cursor = max(self.cursor, line.row.revision)
                case PullEnd():
                    self.cursor = max(self.cursor, line.upto)

    def _begin(self, head: PullHead) -> None:
        if head.epoch != self.epoch:
            self.epoch, self.cursor, self.rows = head.epoch, 0, {}

    def _apply(self, rows: Iterable[SealedRow]) -> None:
        for row in rows:
            if row.lookup not in self.rows or self.rows[row.lookup].revision < row.revision:
                self.rows[row.lookup] = row
