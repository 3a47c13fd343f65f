"""Looks at who this kiosk is: its settings, its enrolment, and the certificate that proves it."""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from kiosk.config import Home, load
from kiosk.device import profile
from kiosk.device.identity import certifies, load_key
from kiosk.display.languages import load_languages
from kiosk.doctor.report import Finding, bad, good, warning
from kiosk.errors import BadConfiguration, DocumentsDamaged, NotEnrolled

_SOON = timedelta(days=30)
_OTHERS = 0o077
_ENROL_ANEW = "Reset this kiosk and enrol it with a new claim from the back office."


def settings(home: Home) -> Finding:
    """Look at ``kiosk.toml``."""
    if not home.root.is_dir():
        return bad(
            f"there is no folder {home.root}", "Name the kiosk's folder by --home or WELKOM_KIOSK_HOME."
        )
    try:
        found = load(home.settings)
        languages = load_languages()
    except BadConfiguration as error:
        return bad(str(error), f"Correct {home.settings} and start the kiosk anew.")
    if found.language not in languages:
        return bad(
            f"language: takes one of {', '.join(sorted(languages))}, not {found.language!r}",
            f"Correct {home.settings} and start the kiosk anew.",
        )
    source = home.settings.name if home.settings.exists() else "defaults, without a kiosk.toml"
    return good(
        f"{source}: camera {found.camera.source}, page on port {found.page.port}, language {found.language}"
    )


def enrolment(home: Home) -> Finding:
    """Look whether this kiosk has an identity."""
    try:
        me = profile.load(home)
    except NotEnrolled as error:
        told, _, _ = str(error).partition(":")
        return bad(told, "Make a claim in the back office, under Kiosks, and run `kiosk enrol` with it.")
    except (DocumentsDamaged, msgspec.ValidationError) as error:
        return bad(f"who this kiosk is cannot be read: {error}", _ENROL_ANEW)
    return good(f"{me.kiosk} of site {me.site.name} at {me.edge_url}")


def certificate(home: Home, now: datetime) -> Finding:
    """Look whether the certificate is this kiosk's, and good at ``now``."""
    name = profile.load(home).kiosk
    missing = [path.name for path in (home.key, home.certificate, home.ca) if not path.exists()]
    if missing:
        return bad(f"missing in {home.key.parent}: {', '.join(missing)}", _ENROL_ANEW)
    try:
        found, ca = _read(home.certificate), _read(home.ca)
        wrong = _what_is_wrong(home, found, ca, name)
    except (ValueError, TypeError) as error:
        return bad(f"key or certificate cannot be read: {error}", _ENROL_ANEW)
    if wrong:
        return bad(wrong, _ENROL_ANEW)
    return _lifetime(found, now) or _privacy(home.key) or good(f"{name}, good until {_end(found)}")


def valid_from(home: Home) -> datetime | None:
    """Return since when the certificate is good, if there is one."""
    try:
        return _read(home.certificate).not_valid_before_utc
    except (OSError, ValueError):
        return None


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _what_is_wrong(home: Home, found: x509.Certificate, ca: x509.Certificate, name: str) -> str:
    if not certifies(home.certificate.read_text(), load_key(home)):
        return "the certificate belongs to another key"
    names = [each.value for each in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [name]:
        return f"the certificate is another kiosk's, not that of {name}"
    try:
        found.verify_directly_issued_by(ca)
    except (InvalidSignature, ValueError):
        return "the certificate was not made by the site's authority"
    return ""


def _lifetime(found: x509.Certificate, now: datetime) -> Finding | None:
    if now < found.not_valid_before_utc:
        return bad(
            f"the certificate is good from {found.not_valid_before_utc:%Y-%m-%d}, and the clock says"
            f" {now:%Y-%m-%d}",
            "Set the clock right: see its own check.",
        )
    if now > found.not_valid_after_utc:
        return bad(f"the certificate ended on {_end(found)}", _ENROL_ANEW)
    left = found.not_valid_after_utc - now
    if left < _SOON:
        return warning(f"the certificate ends in {left.days} days, on {_end(found)}", _ENROL_ANEW)
    return None


def _privacy(key: Path) -> Finding | None:
    if not key.stat().st_mode & _OTHERS:
        return None
    return warning(f"others than the kiosk may read {key}", f"Run `chmod 600 {key}`.")


def _end(found: x509.Certificate) -> str:
    return f"{found.not_valid_after_utc:%Y-%m-%d}"
