"""What a code comes to, given the entry that the replica has for it.

Pure: no clock, no input or output, no third-party package.
"""

from contracts.replica import AccountState, CustomerEntry, Entry, RevokedEntry, UnlinkedEntry
from kiosk.outcomes import AccountClosed, Outcome, Recognised, Revoked, UnknownCard, Unlinked


def resolve(entry: Entry | None, *, offline: bool, already_counted: bool = False) -> Outcome:
    """Decide the outcome for a card of ours. ``entry`` is None when this kiosk has no row for it."""
    match entry:
        case CustomerEntry(state=AccountState.OPEN):
            return Recognised(entry, offline=offline, already_counted=already_counted)
        case CustomerEntry():
            return AccountClosed(entry.state)
        case UnlinkedEntry():
            return Unlinked()
        case RevokedEntry():
            return Revoked(entry.as_of)
        case _:
            return UnknownCard(offline=offline)
