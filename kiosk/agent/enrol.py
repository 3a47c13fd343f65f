"""Enrolment: a claim from the back office becomes this kiosk's identity."""

import hashlib
import ssl
import time

import structlog

from contracts.enrolment import Claim, Enrolled, EnrolmentRequest
from contracts.topics import is_kiosk_id
from kiosk.agent.edge_client import fetch_ca, send_claim
from kiosk.config import Home
from kiosk.device import profile
from kiosk.device.identity import certifies, ensure_key, signing_request, write_private
from kiosk.directory.downlink import DownlinkWriter
from kiosk.errors import EdgeRefused, EdgeUnreachable, EnrolmentRefused

_TRY_AGAIN_SECONDS = 0.5

log = structlog.get_logger(__name__)


def enrol(home: Home, claim: Claim) -> Enrolled:
    """Enrol this kiosk. Safe to repeat with the same claim if it was interrupted.

    Raises:
        EnrolmentRefused: the edge is not the claim's, does not take it, or answers nonsense.
        EdgeUnreachable: the edge did not answer.
    """
    if profile.is_enrolled(home):
        raise EnrolmentRefused("this kiosk is enrolled already; it takes a physical reset to enrol it anew")
    ca = _pinned_ca(claim)
    key = ensure_key(home)
    try:
        enrolled = send_claim(
            claim.edge_url, ca, EnrolmentRequest(token=claim.token, csr=signing_request(key))
        )
    except EdgeRefused as refused:
        raise EnrolmentRefused(str(refused)) from refused
    if not is_kiosk_id(enrolled.kiosk) or len(enrolled.salt) != 32:
        raise EnrolmentRefused("the edge's answer is not as agreed")
    if not certifies(enrolled.certificate, key):
        raise EnrolmentRefused("the edge's answer holds no certificate for this kiosk's key")
    _keep(home, enrolled, ca)
    log.info("enrolled", kiosk=enrolled.kiosk, edge=enrolled.edge_url)
    return enrolled


def enrol_waiting(home: Home, claim: Claim, seconds: float) -> Enrolled:
    """Enrol, trying again for so many seconds while the edge does not answer.

    Raises:
        EnrolmentRefused: as in :func:`enrol`.
        EdgeUnreachable: it never answered.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return enrol(home, claim)
        except EdgeUnreachable:
            if time.monotonic() >= until:
                raise
            time.sleep(_TRY_AGAIN_SECONDS)


def _pinned_ca(claim: Claim) -> str:
    try:
        certificate = ssl.PEM_cert_to_DER_cert(fetch_ca(claim.edge_url))
    except ValueError:
        raise EnrolmentRefused(f"{claim.edge_url} offers no CA certificate") from None
    if hashlib.sha256(certificate).hexdigest() != claim.ca_sha256.lower():
        raise EnrolmentRefused(f"{claim.edge_url} is not the edge that this claim is for (another CA)")
    # Not what was fetched: behind the pinned certificate it could hold another, to be trusted too.
    return ssl.DER_cert_to_PEM_cert(certificate)


def _keep(home: Home, enrolled: Enrolled, ca: str) -> None:
    write_private(home.certificate, enrolled.certificate.encode())
    write_private(home.ca, ca.encode())
    downlink = DownlinkWriter(home.downlink)
    downlink.configure(enrolled.config)
    downlink.close()
    profile.save(home, enrolled)
