"""What the person at the hardware says of it: WELKOM_PI_WIDTH is the ``width`` of PiSettings."""

import os
from typing import TypeVar

import msgspec

from kiosk.errors import BadConfiguration

Settings = TypeVar("Settings", bound=msgspec.Struct)


def settings_from_environment(prefix: str, kind: type[Settings]) -> Settings:
    """Return settings as the environment has them, and else their defaults.

    Raises:
        BadConfiguration: a value is wrong; the message names it.
    """
    names = {field: f"{prefix}_{field.upper()}" for field in kind.__struct_fields__}
    said = {field: os.environ[name] for field, name in names.items() if name in os.environ}
    try:
        return msgspec.convert(said, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadConfiguration(f"{prefix}_…: {error}") from None


def seconds() -> float:
    """Return how long a camera is watched."""
    return float(os.environ.get("WELKOM_SECONDS", "10"))
