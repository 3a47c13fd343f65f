"""The demo refuses in words what it cannot do, and says which program ended."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from honcho.printer import Message

from provisioning.demo import Demo, DemoFailed, _Quiet, main, prepare
from provisioning.demo_words import farewell, watch_line

SETTINGS = """
public_url = "HTTP://127.0.0.1:8000"
[http]
port = 8000
[kiosk_api]
port = 8443
[mqtt]
kiosk_port = 8883
service_port = 8884
"""


def test_a_folder_that_was_set_up_with_other_ports_says_which(tmp_path: Path) -> None:
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "edge.toml").write_text(SETTINGS)
    with pytest.raises(DemoFailed, match="--http 8000 --kiosk-api 8443 --mqtt 8883 --service 8884"):
        prepare(Demo(tmp_path, 18000, 8443, 8883, 8884, 8070))


def test_a_refusal_is_a_line_and_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "edge.toml").write_text(SETTINGS)
    done = CliRunner().invoke(main, ["--dir", str(tmp_path), "--http", "18000"])
    assert done.exit_code == 1
    assert "another folder with --dir" in done.output
    assert "Traceback" not in done.output


def test_the_first_program_that_ended_is_named_with_its_log(tmp_path: Path) -> None:
    printer = _Quiet()
    for line in ("web started (pid=1)", "broker stopped (rc=-9)", "web stopped (rc=0)"):
        printer.write(Message("line", line + "\n", None, "system", None))
    told = farewell(tmp_path, ended=printer.ended)
    assert "broker stopped (rc=-9)" in told
    assert str(tmp_path / "broker.log") in told


def test_a_folder_with_a_blank_in_its_name_is_quoted_in_what_is_to_be_typed() -> None:
    demo = Demo(Path("/home/anna/my shop"), 1, 2, 3, 4, 5)
    assert "--cafile '/home/anna/my shop/edge/tls/ca.crt'" in watch_line(demo)
