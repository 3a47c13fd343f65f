"""Private files are for their owner alone, and never half there."""

import stat
from pathlib import Path

from edge_api import files


def test_a_private_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "made" / "secret"
    files.write_private(file, b"one")
    files.write_private(file, b"two")
    assert file.read_bytes() == b"two"
    assert [each.name for each in file.parent.iterdir()] == ["secret"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_creating_a_private_file_again_keeps_what_is_in_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    files.create_private(file)
    assert files.is_private(file)
    file.write_bytes(b"one")
    files.create_private(file)
    assert file.read_bytes() == b"one"
    file.chmod(0o640)
    assert not files.is_private(file)
