"""Writes Mosquitto's configuration: TLS with client certificates, and who may say what.

Two listeners: kiosks come in by ``kiosk_port``, where the certificate's name is the user name and the
client id; our own programs and watchers by ``service_port``, where several may share one certificate and
choose their client ids. That one trusts another CA: a kiosk let in there could take over any client id.
"""

import getpass
from pathlib import Path

from edge_api.config import Config
from edge_api.files import make_private_folder, write_private
from edge_api.fleet.ca import SERVICE_USER, WATCHER_USER, Trust

_CONFIGURATION = """\
# Written by `edge init`; changes are overwritten by `edge broker-config`.
per_listener_settings false
allow_anonymous false
acl_file {folder}/acl
user {user}
persistence true
persistence_location {folder}/data/
autosave_interval 60
max_inflight_messages 100
max_queued_messages 20000
max_packet_size 1048576
log_dest stdout
log_type error
log_type warning
log_type notice

listener {kiosk_port} {host}
use_username_as_clientid true
{kiosks}
listener {service_port} {host}
{programs}"""

_TLS = """\
cafile {tls}/{trust}.crt
certfile {tls}/broker.crt
keyfile {tls}/broker.key
require_certificate true
use_identity_as_username true
tls_version tlsv1.2
"""

_ACL = f"""\
# Written by `edge init`. A kiosk's user name is its id; the ids of kiosks begin with k-.
pattern write welkom/v1/%u/up/#
pattern read welkom/v1/%u/down/#
pattern read welkom/v1/all/down/#

user {SERVICE_USER}
topic readwrite welkom/v1/#
topic readwrite homeassistant/#

user {WATCHER_USER}
topic read welkom/v1/#
"""


def write_broker_files(config: Config) -> Path:
    """Write ``mosquitto.conf`` and its ACL under the home; return the configuration's path."""
    folder = make_private_folder(config.home / "broker")
    make_private_folder(folder / "data")
    text = _CONFIGURATION.format(
        folder=folder,
        user=getpass.getuser(),
        host=config.mqtt.host,
        kiosk_port=config.mqtt.kiosk_port,
        service_port=config.mqtt.service_port,
        kiosks=_TLS.format(tls=config.home / "tls", trust=Trust.SITE),
        programs=_TLS.format(tls=config.home / "tls", trust=Trust.PROGRAMS),
    )
    write_private(folder / "mosquitto.conf", text.encode())
    write_private(folder / "acl", _ACL.encode())
    return folder / "mosquitto.conf"
