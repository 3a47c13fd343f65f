"""The agent says what the kiosk is and has, takes what it is told, and comes through what goes wrong."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from structlog.testing import capture_logs

from common.mqtt import Message, Welcome
from contracts.events import Ack, decode, encode
from contracts.kiosk_state import Health, Info, Status, Vitals
from contracts.settlements import Settlement, Settlements, Verdict
from contracts.topics import ROWS, Down, Up, down, up
from kiosk.agent.agent import HEALTH_SECONDS, Agent
from kiosk.agent.sync import Sync
from kiosk.device.documents import Disk, Documents
from kiosk.directory.downlink import DownlinkReader, DownlinkWriter
from kiosk.directory.replica import ReplicaReader, ReplicaWriter
from kiosk.errors import StorageFull
from kiosk.outbox import Outbox
from tests.fakes.edge import CONFIG, FakeEdge
from tests.fakes.kiosk_clock import KioskClock
from tests.fakes.line import RecordingLine
from tests.fakes.patience import eventually

KIOSK = "k-entrance01"
WELCOME = Welcome(shared_subscriptions=True)


class FullDisk(Disk):
    """Has no room for anything."""

    def write(self, path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")


class Running:
    """An agent with real files, and a line and an edge that are not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = KioskClock()
        self.edge = FakeEdge()
        self.line = RecordingLine()
        self.vitals: Vitals | None = None
        self.scanner = Outbox(folder / "outbox.db")
        self.screens = DownlinkReader(folder / "settlements.db")
        self.rows = ReplicaReader(folder / "replica.db")
        self.requeued = threading.Event()
        self._opened: list[Outbox | ReplicaWriter | DownlinkWriter] = []
        self.start()

    def start(self, disk: Disk | None = None) -> None:
        """Begin as a new process does, with the files as they are."""
        self._close_files()
        self.outbox = Outbox(self.folder / "outbox.db")
        replica = ReplicaWriter(self.folder / "replica.db")
        self.downlink = DownlinkWriter(self.folder / "settlements.db")
        self._opened = [self.outbox, replica, self.downlink]
        self.sync = Sync(
            replica=replica,
            downlink=self.downlink,
            edge=self.edge,
            clock=self.clock,
            epoch_changed=self._send_again,
        )
        self.agent = Agent(
            KIOSK,
            outbox=self.outbox,
            replica=replica,
            downlink=self.downlink,
            documents=Documents(self.folder / "agent.json", disk),
            sync=self.sync,
            link=self.line,
            requeued=self.requeued,
            clock=self.clock,
            vitals=lambda: self.vitals,
        )

    def connect(self) -> Status:
        """Have the broker let the agent in; return the last will that it came with."""
        parting = self.agent.parting()
        assert parting.topic == up(KIOSK, Up.STATUS)
        self.line.is_up = True
        self.agent.connected(WELCOME)
        return decode(parting.payload, Status)

    def disconnect(self) -> None:
        self.line.is_up = False
        self.agent.disconnected("the cable")

    def scan(self, count: int = 1) -> None:
        for _ in range(count):
            self.scanner.append(lambda stream, seq: str(seq).encode())

    def receive(self, topic: str, payload: bytes) -> None:
        self.agent.received(Message(topic, payload, lambda: None))

    def acknowledge(self, first: int, last: int) -> None:
        self.receive(down(KIOSK, Down.ACK), encode(Ack(stream=self.scanner.stream, ranges=((first, last),))))

    def turn_after(self, seconds: float) -> None:
        self.clock.forward(seconds)
        self.agent.turn()

    def sent(self) -> list[int]:
        return [int(each.payload) for each in self.line.on(up(KIOSK, Up.EVENT))]

    def statuses(self) -> list[Status]:
        return [decode(each.payload, Status) for each in self.line.on(up(KIOSK, Up.STATUS))]

    def healths(self) -> list[Health]:
        return [decode(each.payload, Health) for each in self.line.on(up(KIOSK, Up.HEALTH))]

    def infos(self) -> list[Info]:
        return [decode(each.payload, Info) for each in self.line.on(up(KIOSK, Up.INFO))]

    def close(self) -> None:
        self._close_files()
        for each in (self.scanner, self.screens, self.rows):
            each.close()

    def _close_files(self) -> None:
        for each in self._opened:
            each.close()

    def _send_again(self) -> None:
        self.outbox.requeue()
        self.requeued.set()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    opened = Running(tmp_path)
    yield opened
    opened.close()


def vitals_at(clock: KioskClock) -> Vitals:
    return Vitals(
        monotonic_ms=int(clock.monotonic() * 1000),
        frame_age_ms=33,
        frames=100,
        decode_ms=4.5,
        decoder_restarts=2,
        camera="virtual",
    )


# Sessions


def test_the_last_will_says_offline_for_a_session_that_grows_with_every_connection(running: Running) -> None:
    wills = [running.connect() for _ in range(3)]
    assert [will.session for will in wills] == [1, 2, 3]
    assert not any(will.online for will in wills)


def test_sessions_go_on_growing_after_a_restart(running: Running) -> None:
    running.connect()
    running.start()
    assert running.connect().session == 2


def test_a_full_disk_does_not_keep_the_agent_from_connecting(running: Running) -> None:
    running.connect()
    running.start(FullDisk())
    with capture_logs() as logs:
        assert [running.connect().session for _ in range(2)] == [2, 3]
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "the session's number could not be kept"
    ] * 2


def test_at_every_connect_it_subscribes_and_says_everything_anew(running: Running) -> None:
    for _ in range(2):
        running.line.subscribed.clear()
        running.line.published.clear()
        running.connect()
        running.turn_after(0.02)
        kinds = (Down.ACK, Down.CONFIG, Down.SETTLED)
        assert running.line.subscribed == [ROWS, *(down(KIOSK, kind) for kind in kinds)]
        retained = [each.topic for each in running.line.published if each.retain]
        assert retained == [up(KIOSK, Up.STATUS), up(KIOSK, Up.INFO)]
        assert running.statuses()[0].online
        assert len(running.healths()) == 1


def test_a_clean_stop_says_offline_for_its_session_and_tells_the_screens(running: Running) -> None:
    running.connect()
    stop = threading.Event()
    thread = threading.Thread(target=running.agent.run, args=(stop,))
    thread.start()
    eventually(running.healths, "the agent works")
    stop.set()
    thread.join(10)
    last = running.line.published[-1]
    assert (last.topic, last.retain) == (up(KIOSK, Up.STATUS), True)
    assert decode(last.payload, Status) == Status(online=False, session=1, at=running.clock.now())
    assert not running.screens.connected()


def test_the_screens_know_whether_the_broker_is_there(running: Running) -> None:
    seen = [running.screens.connected()]
    for step in (running.connect, running.disconnect, running.connect):
        step()
        seen.append(running.screens.connected())
    assert seen == [False, True, False, True]


def test_a_full_disk_where_the_screens_look_does_not_end_the_agent(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(connected: bool) -> None:
        raise StorageFull("no room to write")

    monkeypatch.setattr(running.downlink, "set_connected", refuse)
    running.scan()
    running.connect()
    running.turn_after(0.02)
    assert running.sent() == [1]


# Events


def test_events_are_sent_until_the_edge_acknowledges_them(running: Running) -> None:
    running.connect()
    running.scan(3)
    running.turn_after(0.02)
    assert running.sent() == [1, 2, 3]
    running.acknowledge(1, 2)
    running.turn_after(5)
    assert running.sent() == [1, 2, 3, 3]
    running.acknowledge(3, 3)
    running.turn_after(100)
    assert running.sent() == [1, 2, 3, 3]
    assert running.outbox.count_pending() == 0


def test_offline_it_sends_nothing_and_on_the_new_connection_everything(running: Running) -> None:
    running.connect()
    running.scan(2)
    running.turn_after(0.02)
    running.disconnect()
    running.scan(1)
    running.turn_after(100)
    assert running.sent() == [1, 2]
    running.connect()
    running.turn_after(0.02)
    assert running.sent() == [1, 2, 1, 2, 3]


def test_an_ack_that_finds_no_room_is_waited_for_again(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(ack: Ack, now: float) -> int:
        raise StorageFull("no room to write")

    running.connect()
    running.scan(1)
    running.turn_after(0.02)
    with monkeypatch.context() as patched:
        patched.setattr(running.outbox, "acknowledge", refuse)
        running.acknowledge(1, 1)
        running.turn_after(0.02)
    running.turn_after(5)
    assert running.sent() == [1, 1]
    running.acknowledge(1, 1)
    running.turn_after(0.02)
    assert running.outbox.count_pending() == 0


def test_an_edge_restored_from_a_backup_gets_kept_events_again(running: Running) -> None:
    running.connect()
    running.sync.turn()
    running.scan(2)
    running.turn_after(0.02)
    running.acknowledge(1, 2)
    running.turn_after(0.02)
    running.edge.epoch = "e2"
    running.connect()
    running.sync.turn()
    running.turn_after(0.02)
    assert running.sent() == [1, 2, 1, 2]


def test_acknowledged_events_are_kept_a_week_and_settlements_a_day(running: Running) -> None:
    settled = Settlement(number=1, event=uuid4(), verdict=Verdict.BOOKED)
    running.connect()
    running.scan(1)
    running.turn_after(0.02)
    running.acknowledge(1, 1)
    running.turn_after(0.02)
    running.receive(down(KIOSK, Down.SETTLED), encode(Settlements(settlements=(settled,))))
    running.sync.turn()
    for hours, kept, told in ((23, 1, settled), (2, 1, None), (6 * 24, 0, None)):
        running.turn_after(timedelta(hours=hours).total_seconds())
        assert running.screens.settlement(settled.event) == told
        assert event_count(running) == kept


def event_count(running: Running) -> int:
    (count,) = running.scanner._connection.execute("SELECT count(*) FROM events").fetchone()
    return int(count)


# What it is told


def test_rows_settlements_and_configuration_reach_the_scanners_files(running: Running) -> None:
    running.connect()
    running.sync.turn()
    push = running.edge.publish(5)
    told = Settlement(number=1, event=uuid4(), verdict=Verdict.BOOKED, earned=3)
    newer = msgspec.structs.replace(CONFIG, revision=4)
    running.receive(ROWS, encode(push))
    running.receive(down(KIOSK, Down.SETTLED), encode(Settlements(settlements=(told,))))
    running.receive(down(KIOSK, Down.CONFIG), encode(newer))
    running.sync.turn()
    assert running.rows.find(push.rows[0].lookup) == push.rows[0]
    assert running.screens.settlement(told.event) == told
    assert running.screens.config() == newer


def test_a_connection_starts_a_pull(running: Running) -> None:
    running.edge.publish(1, 2)
    running.connect()
    running.sync.turn()
    assert running.rows.count() == 2


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b"[]", b'{"stream": 7}', b"null" * 1000])
@pytest.mark.parametrize(
    "topic", [ROWS, *(down(KIOSK, kind) for kind in (Down.ACK, Down.SETTLED, Down.CONFIG))]
)
def test_a_malformed_message_is_logged_and_changes_nothing(
    running: Running, topic: str, payload: bytes
) -> None:
    running.connect()
    running.sync.turn()
    config = running.screens.config()
    with capture_logs() as logs:
        running.receive(topic, payload)
    assert [entry["topic"] for entry in logs if entry["log_level"] == "warning"] == [topic]
    running.turn_after(0.02)
    running.sync.turn()
    assert running.screens.config() == config


def test_a_message_of_a_kind_that_this_version_does_not_know_is_left_alone(running: Running) -> None:
    running.connect()
    with capture_logs() as logs:
        running.receive(down(KIOSK, Down.COMMAND), b"{}")
    assert logs == []


# What it says of itself


def test_health_tells_of_queue_rows_and_scanner_once_a_minute(running: Running) -> None:
    running.edge.publish(1, 2)
    running.vitals = vitals_at(running.clock)
    running.connect()
    running.sync.turn()
    running.scan(2)
    running.turn_after(1)
    (health,) = running.healths()
    assert (health.queued, health.epoch, health.cursor) == (2, "e1", 2)
    assert (health.frame_age_ms, health.frames, health.decode_ms, health.decoder_restarts) == (
        33,
        100,
        4.5,
        2,
    )
    assert (health.uptime_ms, health.clock_synced) == (running.clock.uptime_ms(), True)
    running.turn_after(HEALTH_SECONDS - 1)
    assert len(running.healths()) == 1
    running.turn_after(1)
    assert len(running.healths()) == 2


@pytest.mark.parametrize("seconds", [6.0, -20.0])
def test_vitals_of_a_silent_scanner_or_an_earlier_start_are_not_told_as_of_now(
    running: Running, seconds: float
) -> None:
    running.vitals = vitals_at(running.clock)
    running.clock.forward(seconds)
    running.connect()
    running.turn_after(0)
    (health,) = running.healths()
    assert (health.frame_age_ms, health.frames) == (None, 0)


def test_info_is_told_again_when_the_scanner_has_named_its_camera(running: Running) -> None:
    running.connect()
    running.turn_after(0.02)
    running.vitals = vitals_at(running.clock)
    for _ in range(5):
        running.turn_after(1)
        running.vitals = vitals_at(running.clock)
    running.vitals = None
    running.turn_after(10)
    assert [info.camera for info in running.infos()] == ["", "virtual"]
    assert running.infos()[0].boot_id == running.clock.boot
