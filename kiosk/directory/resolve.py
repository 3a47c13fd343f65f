"""What a code comes to, given the entry that the replica has for it.

Pure: no clock, no input or output, no third-party package.
"""

from contracts.replica import (
    AccountState,
    CustomerEntry,
    Entry,
    GiftEntry,
    RevokedEntry,
    StaffEntry,
    UnlinkedEntry,
)
from kiosk.outcomes import (
    AccountClosed,
    GiftCard,
    Outcome,
    Provisional,
    Recognised,
    Revoked,
    StaffBadge,
    UnknownCard,
    Unlinked,
)


def resolve(
    entry: Entry | None, *, offline: bool, already_counted: bool = False, provisional: bool = False
) -> Outcome:
    """Decide the outcome for a card of ours. ``entry`` is None when this kiosk has no row for it.

    ``provisional`` says that the card was linked here and the edge has not answered: its row, if there
    is one, still calls it nobody's. A row that says anything else is the edge's answer, and goes before.
    """
    match entry:
        case CustomerEntry(state=AccountState.OPEN):
            return Recognised(entry, offline=offline, already_counted=already_counted)
        case CustomerEntry():
            return AccountClosed(entry.state)
        case GiftEntry():
            return GiftCard(entry, offline=offline)
        case StaffEntry():
            return StaffBadge()
        case RevokedEntry():
            return Revoked(entry.as_of)
        case UnlinkedEntry() | None:
            return _nobodys(entry, offline=offline, provisional=provisional)


def _nobodys(entry: UnlinkedEntry | None, *, offline: bool, provisional: bool) -> Outcome:
    if provisional:
        return Provisional()
    return UnknownCard(offline=offline) if entry is None else Unlinked()
