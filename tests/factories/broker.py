"""A real Mosquitto as `edge init` sets it up, on free ports, to be killed and started again."""

import shutil
import socket
import subprocess
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from common.mqtt import Credentials
from edge_api import config as configuration
from edge_api.config import Config
from edge_api.fleet.ca import Authority
from edge_api.fleet.setup import prepare_site
from tests.end_to_end.site import eventually, free_ports
from tests.factories.fleet import FieldKiosk, signing_request


class Broker:
    """A site's broker with its certificates, and those of whoever may come in."""

    def __init__(self, folder: Path) -> None:
        kiosk_port, service_port = free_ports(2)
        ports = {"kiosk_port": kiosk_port, "service_port": service_port}
        configuration.write_new(folder / "edge", "http://127.0.0.1:8000", {"mqtt": ports})
        self.config: Config = configuration.load(folder / "edge")
        self.tls = self.config.home / "tls"
        prepare_site(self.config, datetime.now(UTC))
        self.authority = Authority(self.tls)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def kiosk_port(self) -> int:
        return self.config.mqtt.kiosk_port

    @property
    def service_port(self) -> int:
        return self.config.mqtt.service_port

    def start(self) -> None:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", str(self.config.home / "broker" / "mosquitto.conf")], stdout=log, stderr=log
            )
        for port in (self.kiosk_port, self.service_port):
            eventually(partial(_listens, port), "the broker listens")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def kiosk(self, name: str, authority: Authority | None = None) -> Credentials:
        """Return what a kiosk shows the broker, made out by our CA or by another one."""
        field = FieldKiosk(name)
        now = datetime.now(UTC)
        certificate, _ = (authority or self.authority).issue_kiosk(name, signing_request(field.key), now)
        return field.save(self._folder, self.authority.certificate_pem, certificate)

    def program(self, user: str = "edge") -> Credentials:
        """Return what one of our own programs shows the broker."""
        return Credentials(self.tls / "ca.crt", self.tls / f"{user}.crt", self.tls / f"{user}.key")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
