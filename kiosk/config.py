"""The kiosk's own settings, read once at start from ``kiosk.toml``; a bad one is refused by its key."""

from enum import StrEnum
from pathlib import Path

import msgspec

from kiosk.errors import BadConfiguration


class CameraName(StrEnum):
    """The cameras there are to choose from, by name."""

    FILES = "files"
    VIRTUAL = "virtual"


class CameraSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which camera, and for ``files`` the folder or video and its frames a second (0: no waiting)."""

    source: CameraName = CameraName.VIRTUAL
    path: str = ""
    fps: float = 10.0


class PageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the kiosk's page listens, always on loopback; ``demo_cards`` is a folder that the virtual
    camera's page lists.
    """

    port: int = 8070
    demo_cards: str = ""


class DecoderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the decoder's process may use before it is replaced."""

    deadline_ms: int = 800
    memory_mb: int = 1024


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
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{path}: {error}") from None
