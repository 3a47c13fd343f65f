"""Runs checks side by side, each with its own deadline: one that hangs or crashes costs no other.

A check looks at hardware, drivers and networks when something is wrong with them, so it may never come
back. Its thread is then left behind; the process ends soon anyway.
"""

import getpass
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from kiosk.doctor.report import Finding, Part, Report, bad, warning
from kiosk.errors import BadConfiguration, DocumentsDamaged, NotEnrolled

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """How one part is looked at, and for how many seconds at most; ``overdue`` is what to do after that."""

    part: Part
    look: Callable[[], Finding]
    seconds: float
    overdue: str


def examine(checks: Sequence[Check]) -> Report:
    """Look at everything at once, and return what was found in the order of ``checks``."""
    running = [_Running(check) for check in checks]
    return Report.of({each.part: each.finding() for each in running})


class _Running:
    """A check in its thread."""

    def __init__(self, check: Check) -> None:
        self.part = check.part
        self._check = check
        self._due = time.monotonic() + check.seconds
        self._found: Finding | None = None
        self._thread = threading.Thread(target=self._look, name=f"check-{check.part}", daemon=True)
        self._thread.start()

    def finding(self) -> Finding:
        """Wait for what is found, until the deadline."""
        self._thread.join(max(self._due - time.monotonic(), 0))
        return self._found or bad(f"no answer within {self._check.seconds:g} seconds", self._check.overdue)

    def _look(self) -> None:
        try:
            self._found = self._check.look()
        except NotEnrolled:
            self._found = warning("not looked at: this kiosk is not enrolled", "Enrol this kiosk first.")
        except (BadConfiguration, DocumentsDamaged) as error:
            self._found = warning(f"not looked at: {error}", "First put that right; it has its own check.")
        except PermissionError as error:
            self._found = _forbidden(error.filename)
        except sqlite3.Error as error:
            self._found = _unread(error)
        except Exception as error:
            log.error("a check failed", check=self.part, exc_info=error)
            self._found = bad(
                f"the check itself failed: {type(error).__name__}: {error}",
                "Send this report to whoever maintains the kiosk.",
            )


def is_closed_to_us(error: sqlite3.Error) -> bool:
    """Tell whether SQLite failed since the files belong to somebody else."""
    return error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM"))


def _unread(error: sqlite3.Error) -> Finding:
    if is_closed_to_us(error):
        return _forbidden("a database")
    return bad(f"a database cannot be read: {error}", "See what the check of the databases says.")


def _forbidden(what: object) -> Finding:
    return warning(
        f"not looked at: the user {_user()} may not use {what}",
        "Run this again with sudo, or as the kiosk's own user.",
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.geteuid())
