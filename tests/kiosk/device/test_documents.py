"""The device's documents come through power cuts, damage and a full disk, or say that they did not."""

import errno
import os
import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kiosk.device.documents import Disk, Documents
from kiosk.errors import DocumentsDamaged, KioskError, StorageFull


class PowerCut(Exception):
    """The machine is gone in the middle of something."""


class CutDisk(Disk):
    """Loses power at the n-th step; a write then leaves ``kept`` bytes behind."""

    def __init__(self, steps: int, kept: int = 0) -> None:
        self._left = steps
        self._kept = kept

    def write(self, path: Path, data: bytes) -> None:
        if self._is_cut():
            super().write(path, data[: self._kept])
            raise PowerCut
        super().write(path, data)

    def rename(self, source: Path, target: Path) -> None:
        if self._is_cut():
            raise PowerCut
        super().rename(source, target)

    def sync_folder(self, folder: Path) -> None:
        if self._is_cut():
            raise PowerCut
        super().sync_folder(folder)

    def _is_cut(self) -> bool:
        self._left -= 1
        return self._left < 0


class FullDisk(Disk):
    """Has room for ``room`` more files, then for half a file and no more."""

    def __init__(self, code: int = errno.ENOSPC, room: int = 0) -> None:
        self._code = code
        self._room = room

    def write(self, path: Path, data: bytes) -> None:
        self._room -= 1
        if self._room < 0:
            super().write(path, data[: len(data) // 2])
            raise OSError(self._code, os.strerror(self._code))
        super().write(path, data)


STEPS_OF_A_WRITE = 6
"""Write, rename and sync, for the backup and then for the file."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "profile.json"


@pytest.fixture
def backup(path: Path) -> Path:
    return path.with_name("profile.json.backup")


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_document_is_there_again_after_reopening(path: Path) -> None:
    Documents(path).put("settings", {"language": "nl", "volume": 3})
    assert Documents(path).get("settings") == {"language": "nl", "volume": 3}


def test_a_name_without_a_document_gives_none(path: Path) -> None:
    assert Documents(path).get("settings") is None


def test_documents_of_different_names_stand_beside_each_other(path: Path) -> None:
    documents = Documents(path)
    documents.put("a", {"n": 1})
    documents.put("b", {"n": 2})
    documents.put("a", {"n": 3})
    assert (documents.get("a"), documents.get("b")) == ({"n": 3}, {"n": 2})


def test_a_deleted_document_is_gone_and_deleting_again_is_no_error(path: Path) -> None:
    documents = Documents(path)
    documents.put("a", {"n": 1})
    documents.delete("a")
    documents.delete("a")
    assert Documents(path).get("a") is None


def test_changing_a_returned_document_changes_nothing_that_is_kept(path: Path) -> None:
    documents = Documents(path)
    documents.put("a", {"list": [1]})
    (documents.get("a") or {})["list"].append(2)
    assert documents.get("a") == {"list": [1]}


def test_text_of_any_language_is_kept(path: Path) -> None:
    Documents(path).put("a", {"text": "Żółć – 日本 – 🎁"})
    assert Documents(path).get("a") == {"text": "Żółć – 日本 – 🎁"}


def test_what_json_cannot_say_is_refused_and_changes_nothing(path: Path) -> None:
    documents = Documents(path)
    documents.put("a", {"n": 1})
    with pytest.raises(ValueError, match="JSON"):
        documents.put("a", {"n": float("nan")})
    assert documents.get("a") == {"n": 1}


def test_only_the_owner_may_read_any_of_the_files(path: Path) -> None:
    old_mask = os.umask(0)
    try:
        documents = Documents(path)
        documents.put("a", {"n": 1})
        documents.put("a", {"n": 2})
    finally:
        os.umask(old_mask)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"profile.json": 0o600, "profile.json.backup": 0o600}


def test_opening_writes_nothing(path: Path) -> None:
    Documents(path)
    assert contents(path.parent) == {}


def test_a_file_cut_off_at_any_length_is_replaced_from_the_backup(path: Path) -> None:
    documents = Documents(path)
    documents.put("a", {"version": 1})
    documents.put("a", {"version": 2})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert Documents(path).get("a") == {"version": 1}, length


def test_a_flipped_bit_is_seen_wherever_it_is(path: Path) -> None:
    documents = Documents(path)
    documents.put("a", {"version": 1})
    documents.put("a", {"version": 2})
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert Documents(path).get("a") == {"version": 1}, place


def test_a_replaced_file_is_logged_as_an_error(path: Path, backup: Path) -> None:
    documents = Documents(path)
    documents.put("a", {"version": 1})
    documents.put("a", {"version": 2})
    path.write_bytes(b"")
    with capture_logs() as logs:
        Documents(path)
    assert [(entry["log_level"], entry["event"]) for entry in logs] == [
        ("error", "documents_restored_from_backup")
    ]
    assert path.read_bytes() == backup.read_bytes()


def test_a_file_that_vanished_is_replaced_from_the_backup(path: Path) -> None:
    documents = Documents(path)
    documents.put("a", {"version": 1})
    documents.put("a", {"version": 2})
    path.unlink()
    assert Documents(path).get("a") == {"version": 1}


@pytest.mark.parametrize("spoilt", [b"", b"{}", b"\x00" * 300])
def test_when_both_are_damaged_it_says_what_to_do_and_overwrites_nothing(
    path: Path, backup: Path, spoilt: bytes
) -> None:
    path.write_bytes(spoilt)
    backup.write_bytes(b"half a ba")
    before = contents(path.parent)
    with pytest.raises(DocumentsDamaged, match="must be enrolled again") as caught:
        Documents(path)
    assert isinstance(caught.value, KioskError)
    assert contents(path.parent) == before


def test_a_damaged_file_without_a_backup_is_not_taken_for_an_empty_one(path: Path) -> None:
    path.write_bytes(b"damaged")
    with pytest.raises(DocumentsDamaged):
        Documents(path)
    assert path.read_bytes() == b"damaged"


def test_a_damaged_backup_of_a_file_that_vanished_is_not_taken_for_an_empty_start(backup: Path) -> None:
    backup.write_bytes(b"damaged")
    with pytest.raises(DocumentsDamaged):
        Documents(backup.with_name("profile.json"))


def test_a_file_that_goes_bad_while_open_does_not_spoil_the_backup(path: Path) -> None:
    documents = Documents(path)
    documents.put("a", {"version": 1})
    documents.put("a", {"version": 2})
    path.write_bytes(b"went bad")
    with pytest.raises(DocumentsDamaged):
        documents.put("a", {"version": 3})
    assert Documents(path).get("a") == {"version": 1}


@pytest.mark.parametrize("step", range(STEPS_OF_A_WRITE))
@pytest.mark.parametrize("kept", [0, 1, 64, 65, 80])
def test_a_power_cut_between_any_two_steps_leaves_the_old_or_the_new_document(
    path: Path, step: int, kept: int
) -> None:
    Documents(path).put("a", {"version": 1})
    Documents(path).put("a", {"version": 2})
    with pytest.raises(PowerCut):
        Documents(path, CutDisk(step, kept)).put("a", {"version": 3})
    renamed = step == STEPS_OF_A_WRITE - 1
    assert Documents(path).get("a") == {"version": 3 if renamed else 2}


def test_a_write_has_as_many_steps_as_the_power_cuts_go_through(path: Path) -> None:
    Documents(path).put("a", {"version": 1})
    Documents(path, CutDisk(STEPS_OF_A_WRITE)).put("a", {"version": 2})
    with pytest.raises(PowerCut):
        Documents(path, CutDisk(STEPS_OF_A_WRITE - 1)).put("a", {"version": 3})


@pytest.mark.parametrize("step", range(3))
def test_a_power_cut_while_replacing_a_damaged_file_leaves_it_to_the_next_start(
    path: Path, step: int
) -> None:
    documents = Documents(path)
    documents.put("a", {"version": 1})
    documents.put("a", {"version": 2})
    path.write_bytes(b"damaged")
    with pytest.raises(PowerCut):
        Documents(path, CutDisk(step))
    assert Documents(path).get("a") == {"version": 1}


def test_work_goes_on_after_a_power_cut(path: Path) -> None:
    Documents(path).put("a", {"version": 1})
    with pytest.raises(PowerCut):
        Documents(path, CutDisk(3, kept=20)).put("a", {"version": 2})
    Documents(path).put("a", {"version": 3})
    assert Documents(path).get("a") == {"version": 3}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("room", [0, 1])
def test_a_full_disk_is_told_and_the_old_document_stays(path: Path, code: int, room: int) -> None:
    Documents(path).put("a", {"version": 1})
    documents = Documents(path, FullDisk(code, room))
    with pytest.raises(StorageFull, match=r"no room left to write .*profile\.json"):
        documents.put("a", {"version": 2})
    assert documents.get("a") == {"version": 1}
    assert Documents(path).get("a") == {"version": 1}


def test_another_error_of_the_disk_is_passed_on_as_it_is(path: Path) -> None:
    with pytest.raises(OSError, match="Input/output error") as caught:
        Documents(path, FullDisk(errno.EIO)).put("a", {"version": 1})
    assert not isinstance(caught.value, KioskError)


def test_a_missing_folder_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Documents(tmp_path / "nowhere" / "profile.json").put("a", {"n": 1})
