"""What a kiosk says of itself, and what it is told to be."""

from datetime import datetime

import msgspec

from contracts.numbers import Count


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Online or not; retained, and the last will of the session that it was given in.

    ``session`` grows with every connection that a kiosk makes: a late will of an older session never
    overrides a newer one.
    """

    online: bool
    session: Count
    at: datetime


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """What seldom changes."""

    version: str
    python: str
    machine: str
    camera: str
    boot_id: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What changes all the time. ``frame_age_ms`` is None when the scanner is silent."""

    at: datetime
    uptime_ms: Count
    clock_synced: bool
    queued: Count
    epoch: str
    cursor: Count
    boot_id: str = ""
    frame_age_ms: int | None = None
    frames: int = 0
    decode_ms: float | None = None
    decoder_restarts: int = 0


class KioskConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How this kiosk is to behave, from the back office; retained, the higher revision wins.

    ``repeat_seconds`` is how long the same card shown again is told that it was already counted.
    """

    revision: Count
    shop_name: str
    location: str
    timezone: str
    languages: tuple[str, ...]
    card_hosts: tuple[str, ...]
    repeat_seconds: float = 30.0


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """What the scanner writes for the agent once a second, in the runtime folder."""

    monotonic_ms: int
    frame_age_ms: int | None
    frames: int
    decode_ms: float | None
    decoder_restarts: int
    camera: str
