"""The kiosk's own settings, read once at start from ``kiosk.toml``; a bad one is refused by its key."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from kiosk.errors import BadConfiguration


class CameraName(StrEnum):
    """The cameras there are to choose from, by name."""

    FILES = "files"
    VIRTUAL = "virtual"
    PI = "pi"
    V4L2 = "v4l2"


class Subject(StrEnum):
    """What people mostly hold up to the camera."""

    PAPER = "paper"
    PHONE = "phone"


class UsbFormat(StrEnum):
    """How a USB camera sends its pictures, by Video4Linux's names."""

    MJPG = "MJPG"
    YUYV = "YUYV"
    GREY = "GREY"


Side = Annotated[int, Meta(ge=64, le=8192, multiple_of=2)]
"""Pixels; cameras have even sizes alone."""

Fps = Annotated[float, Meta(gt=0, le=240)]


class PiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A camera at the Pi's own connector.

    Without ``focus_metres`` a camera that can focus does so by itself, at close range. ``phone`` keeps
    screens from being too bright to be read, at the cost of darker paper. ``mains_hz`` is the mains'
    frequency, which lamps flicker with; 0 leaves that alone.
    """

    number: Annotated[int, Meta(ge=0)] = 0
    width: Side = 1280
    height: Side = 720
    fps: Fps = 30.0
    focus_metres: Annotated[float, Meta(gt=0, le=10)] | None = None
    subject: Subject = Subject.PHONE
    mains_hz: Annotated[int, Meta(ge=0, le=60)] = 50


class V4l2Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A USB camera: its number, or better a path below /dev/v4l/by-id, which stays when others come."""

    device: Annotated[int, Meta(ge=0)] | Annotated[str, Meta(min_length=1)] = 0
    width: Side = 1280
    height: Side = 720
    fps: Fps = 30.0
    format: UsbFormat = UsbFormat.MJPG


class CameraSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which camera, and for ``files`` the folder or video and its frames a second (0: no waiting)."""

    source: CameraName = CameraName.VIRTUAL
    path: str = ""
    fps: Annotated[float, Meta(ge=0, le=240)] = 10.0
    pi: PiSettings = PiSettings()
    v4l2: V4l2Settings = V4l2Settings()


class PageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the kiosk's page listens, always on loopback; ``demo_cards`` is a folder that the virtual
    camera's page lists.
    """

    port: Annotated[int, Meta(ge=0, le=65_535)] = 8070
    demo_cards: str = ""


class DecoderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the decoder's process may use before it is replaced."""

    deadline_ms: Annotated[int, Meta(ge=50, le=60_000)] = 800
    memory_mb: Annotated[int, Meta(ge=256, le=65_536)] = 1024


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in ``kiosk.toml``."""

    camera: CameraSettings = CameraSettings()
    page: PageSettings = PageSettings()
    decoder: DecoderSettings = DecoderSettings()
    language: str = "nl"


class Home:
    """The kiosk's folder: what lies where."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = root / "kiosk.toml"
        self.profile = root / "profile.json"
        self.agent_documents = root / "agent.json"
        self.key = root / "identity" / "key.pem"
        self.certificate = root / "identity" / "certificate.pem"
        self.ca = root / "identity" / "ca.pem"
        self.replica = root / "shared" / "replica.db"
        self.downlink = root / "shared" / "settlements.db"
        self.outbox = root / "shared" / "outbox.db"
        self.reserve = root / "shared" / "outbox.reserve"
        self.vitals = root / "run" / "vitals.json"


def load(path: Path) -> Settings:
    """Read the settings; a missing file means the defaults.

    Raises:
        BadConfiguration: a key is unknown or its value wrong; the message names the key.
    """
    if not path.exists():
        return Settings()
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Settings)
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        raise BadConfiguration(f"{path}: {error}") from None
