import threading
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from structlog.testing import capture_logs

from kiosk.camera.files import FilesCamera, own_fps
from kiosk.errors import CameraError
from tests.factories.cards import Luma, as_jpeg, as_png
from tests.fakes.steps import Steps


def picture(grey: int) -> Luma:
    return np.full((48, 64), grey, np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    (folder / "03.jpg").write_bytes(as_jpeg(picture(30)))
    (folder / "01.png").write_bytes(as_png(picture(10)))
    (folder / "02.png").write_bytes(as_png(picture(20)))
    return folder


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "scans.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    for grey in (40, 80, 120, 160):
        writer.write(cv2.cvtColor(picture(grey), cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def greys(camera: FilesCamera, at_most: int = 100) -> list[float]:
    return [round(float(frame.luma.mean()), -1) for frame in islice(camera.frames(), at_most)]


def test_a_folder_is_shown_in_the_order_of_its_names(folder: Path) -> None:
    assert greys(FilesCamera(folder, None)) == [10, 20, 30]


def test_frames_are_numbered_and_carry_the_clocks_time(folder: Path) -> None:
    clock = Steps(7.0)
    seen = []
    for frame in FilesCamera(folder, None, clock=clock).frames():
        seen.append((frame.index, frame.taken_at))
        clock.forward(1)
    assert seen == [(0, 7.0), (1, 8.0), (2, 9.0)]


def test_with_a_rate_every_frame_is_shown_too(folder: Path) -> None:
    assert greys(FilesCamera(folder, 200.0)) == [10, 20, 30]


def test_in_a_loop_it_begins_again(folder: Path) -> None:
    assert greys(FilesCamera(folder, None, loop=True), 7) == [10, 20, 30, 10, 20, 30, 10]


def test_what_cannot_be_read_is_skipped_and_logged(folder: Path) -> None:
    (folder / "00.jpg").write_bytes(b"no picture")
    (folder / "02a.png").write_bytes(as_png(picture(25))[:40])
    (folder / "04").mkdir()
    with capture_logs() as logs:
        assert greys(FilesCamera(folder, None)) == [10, 20, 30]
    assert [Path(entry["path"]).name for entry in logs] == ["00.jpg", "02a.png"]
    assert all(entry["log_level"] == "warning" and entry["reason"] for entry in logs)


@pytest.mark.parametrize("loop", [False, True])
def test_a_folder_with_nothing_to_see_is_an_error(tmp_path: Path, loop: bool) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(CameraError, match="nothing there can be read"):
        list(FilesCamera(tmp_path, None, loop=loop).frames())


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="no such folder or video"):
        list(FilesCamera(tmp_path / "none", None).frames())


def test_a_file_that_is_no_video_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(b"no video")
    with pytest.raises(CameraError, match="nothing there can be read"):
        list(FilesCamera(tmp_path / "video.mp4", None).frames())


def test_a_video_is_shown_in_grey_and_knows_its_rate(video: Path, folder: Path) -> None:
    assert greys(FilesCamera(video, None)) == [40, 80, 120, 160]
    assert own_fps(video) == 25.0
    assert own_fps(folder) is None


def test_a_video_in_a_loop_begins_again(video: Path) -> None:
    assert greys(FilesCamera(video, None, loop=True), 6) == [40, 80, 120, 160, 40, 80]


def test_closing_ends_the_frames_even_while_the_next_is_waited_for(folder: Path) -> None:
    camera = FilesCamera(folder, 1 / 3600)
    shown = threading.Event()
    seen: list[int] = []

    def watch() -> None:
        for frame in camera.frames():
            seen.append(frame.index)
            shown.set()

    thread = threading.Thread(target=watch)
    thread.start()
    assert shown.wait(10)
    camera.close()
    camera.close()
    thread.join(10)
    assert not thread.is_alive()
    assert seen == [0]


def test_a_closed_camera_shows_nothing(folder: Path, video: Path) -> None:
    for path in (folder, video):
        camera = FilesCamera(path, None, loop=True)
        camera.close()
        assert list(camera.frames()) == []
