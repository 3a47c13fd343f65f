"""A kiosk's folder as it is on a kiosk that has worked for a while."""

from pathlib import Path

import pytest

from contracts.replica import UnlinkedEntry
from kiosk.config import Home
from kiosk.device.reserve import Reserve
from kiosk.directory.downlink import DownlinkWriter
from kiosk.directory.replica import ReplicaWriter
from kiosk.outbox import RESERVED_BYTES, Outbox
from tests.factories.enrolled import enrolled_home
from tests.factories.front_desk import AS_OF, card, sealed


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An enrolled kiosk that knows two cards and was connected when it stopped."""
    made = enrolled_home(tmp_path / "kiosk")
    Reserve(made.reserve, RESERVED_BYTES).fill()
    Outbox(made.outbox).close()
    replica = ReplicaWriter(made.replica)
    replica.begin_staging("epoch-one")
    replica.stage([sealed(card(number), UnlinkedEntry(as_of=AS_OF), number) for number in (1, 2)], 2)
    replica.swap(2)
    replica.close()
    downlink = DownlinkWriter(made.downlink)
    downlink.set_connected(True)
    downlink.close()
    return made


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    """A kiosk that nobody has enrolled."""
    (tmp_path / "empty").mkdir()
    return Home(tmp_path / "empty")
