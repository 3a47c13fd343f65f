"""Both web servers answer, one by TLS alone, and they stand and fall together."""

import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from edge_api import config as configuration
from edge_api.clock import SystemClock
from edge_api.config import Config
from edge_api.errors import BadConfiguration
from edge_api.serving import Server, servers, supervise
from edge_api.setup import init_site

PATIENCE = 30


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture
def site(tmp_path: Path) -> Config:
    http, kiosk_api = _free_ports(2)
    options = {"http": {"port": http}, "kiosk_api": {"port": kiosk_api}}
    return init_site(
        tmp_path / "home", f"http://127.0.0.1:{http}", options, "baas@winkel.example.nl", SystemClock()
    )


@pytest.fixture
def serving(site: Config) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-m", "edge_api", "serve", "--home", str(site.home)])
    yield process
    process.terminate()
    process.wait(PATIENCE)


def _answers(pool: urllib3.PoolManager, url: str) -> int:
    """The status once the server is there."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            answer = pool.request("GET", url, retries=False, timeout=5)
        except urllib3.exceptions.HTTPError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return answer.status


def _pool(site: Config) -> urllib3.PoolManager:
    context = ssl.create_default_context(cafile=str(site.home / "tls" / "ca.crt"))
    return urllib3.PoolManager(ssl_context=context)


def test_people_are_served_plainly_and_kiosks_by_tls_until_told_to_stop(
    site: Config, serving: "subprocess.Popen[bytes]"
) -> None:
    with _pool(site) as pool:
        assert _answers(pool, f"http://127.0.0.1:{site.http.port}/healthz") == 200
        assert _answers(pool, f"https://127.0.0.1:{site.kiosk_api.port}/healthz") == 200
        assert _answers(pool, f"http://127.0.0.1:{site.http.port}/C/x") == 200
        assert _answers(pool, f"https://127.0.0.1:{site.kiosk_api.port}/C/x") == 404
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(PATIENCE) == 0
    for port in (site.http.port, site.kiosk_api.port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5).close()


def _program(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True)


def test_when_one_ends_the_other_is_stopped_and_the_code_says_so() -> None:
    ends, stays = _program("raise SystemExit(3)"), _program("import time; time.sleep(600)")
    assert supervise([ends, stays], threading.Event()) == 1
    assert stays.returncode == -signal.SIGTERM


def test_one_that_does_not_stop_is_ended() -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print(flush=True); time.sleep(600)"
    )
    stop = threading.Event()
    stop.set()
    with subprocess.Popen(
        [sys.executable, "-c", deaf], start_new_session=True, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert supervise([process], stop, patience=0.2) == 0
        assert process.returncode == -signal.SIGKILL


def test_without_a_certificate_it_does_not_start(tmp_path: Path) -> None:
    configuration.write_new(tmp_path, "http://127.0.0.1:8000")
    with pytest.raises(BadConfiguration, match=r"kiosk-api\.crt is missing; `edge init` makes it"):
        servers(configuration.load(tmp_path))


def test_an_ipv6_address_is_bound_in_brackets(site: Config) -> None:
    people, kiosks = servers(site)
    assert not any("certfile" in each for each in people.arguments())
    assert any("certfile" in each for each in kiosks.arguments())
    six = Server("back_office", configuration.Listener(host="::1", port=80))
    assert "--bind=[::1]:80" in six.arguments()
