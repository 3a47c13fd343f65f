"""What the demo tells the person who started it."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioning.demo import Demo

_WELCOME = """
Welkom is running. What to do next:

  1. Open the kiosk's page        http://127.0.0.1:{page}/
  2. Hold a card before it        http://127.0.0.1:{page}/virtual-camera
     (pick a demo card or drop a photo; or from a terminal:
      curl --data-binary {card} http://127.0.0.1:{page}/virtual-camera/frame )
  3. See it in the back office    http://127.0.0.1:{http}/
     {sign_in}
  4. Watch the messages           {watch}

Ctrl-C ends everything. All data lies in {folder}, the programs' logs in {logs}.
"""


def welcome(demo: "Demo") -> str:
    """Return what to do next."""
    sign_in = (demo.shop / "sign-in.txt").read_text().strip().replace("\n", "\n     ")
    cards = sorted((demo.shop / "cards").glob("*.png"))
    return _WELCOME.format(
        page=demo.page,
        http=demo.http,
        card=shlex.quote(f"@{cards[0]}") if cards else "@photo.jpg",
        sign_in=sign_in,
        watch=watch_line(demo),
        folder=demo.folder,
        logs=demo.logs,
    )


def watch_line(demo: "Demo") -> str:
    """Return a command that shows all traffic on the broker."""
    tls = demo.edge / "tls"
    ca, certificate, key = (shlex.quote(str(tls / name)) for name in ("ca.crt", "watcher.crt", "watcher.key"))
    return (
        f"mosquitto_sub -V 5 -h 127.0.0.1 -p {demo.service} --cafile {ca}"
        f" --cert {certificate} --key {key} -t 'welkom/v1/#' -v"
    )


def farewell(logs: Path, *, ended: str | None) -> str:
    """Return what to say at the end; ``ended`` is a program that ended by itself: "web stopped (rc=1)"."""
    if ended is None:
        return "\nThe demo has ended. Its data stays; `make demo` goes on with it."
    name = ended.partition(" ")[0]
    return f"\n{ended} by itself, so all programs were ended. What it said last is in {logs / name}.log"
