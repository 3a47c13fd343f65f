"""A kiosk's folder as enrolment leaves it, without an edge to enrol with."""

from pathlib import Path

from contracts.enrolment import Broker, Enrolled
from kiosk.config import Home
from kiosk.device import profile
from kiosk.device.identity import ensure_key, signing_request, write_private
from kiosk.directory.downlink import DownlinkWriter
from tests.factories.front_desk import HOSTS, KIOSK, SITE
from tests.factories.https_edge import TestAuthority
from tests.fakes.edge import CONFIG

assert CONFIG.card_hosts == HOSTS


def enrolled_home(root: Path, edge_url: str = "https://127.0.0.1:9") -> Home:
    """Make the folder of an enrolled kiosk whose broker does not answer."""
    home, authority = Home(root), TestAuthority()
    certificate = authority.certify(signing_request(ensure_key(home)), KIOSK)
    write_private(home.certificate, certificate.encode())
    write_private(home.ca, authority.pem.encode())
    downlink = DownlinkWriter(home.downlink)
    downlink.configure(CONFIG)
    downlink.close()
    enrolled = Enrolled(
        kiosk=KIOSK,
        certificate=certificate,
        ca=authority.pem,
        site=SITE.name,
        salt=SITE.salt,
        edge_url=edge_url,
        broker=Broker(host="127.0.0.1", port=9),
        config=CONFIG,
    )
    profile.save(home, enrolled)
    return home
