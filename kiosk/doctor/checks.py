"""All checks of a kiosk, each with the time it may take."""

from collections.abc import Callable
from pathlib import Path

from kiosk.config import Home
from kiosk.device.clock import Clock, SystemClock
from kiosk.doctor import clocks, identity, network, page, reading, storage
from kiosk.doctor.examine import Check
from kiosk.doctor.patient import Patient, installed_at
from kiosk.doctor.report import Finding, Part

_DISK = "The disk may be failing: back the kiosk's folder up and replace the memory card."
_NETWORK = "Check the kiosk's network cable or Wi-Fi."
_CAMERA = "Take the power off the kiosk and on again: the camera's driver hangs."
_BUSY = "See with `top` what keeps the machine busy."


def checks_of(home: Home, clock: Clock | None = None) -> list[Check]:
    """Return the checks of a kiosk, in the order in which they are told; ``clock`` is the system's."""
    patient = Patient(home, clock or SystemClock(), installed_at(Path(__file__)))
    return [
        *_of_the_device(patient),
        *_of_the_storage(patient),
        *_of_the_scanner(patient),
        *_of_others(patient),
    ]


def _of_the_device(patient: Patient) -> list[Check]:
    home, clock = patient.home, patient.clock
    return [
        Check(Part.SETTINGS, lambda: identity.settings(home), 10, _DISK),
        Check(Part.ENROLMENT, lambda: identity.enrolment(home), 10, _DISK),
        Check(Part.CERTIFICATE, lambda: identity.certificate(home, clock.now()), 10, _DISK),
        Check(Part.CLOCK, lambda: clocks.clock(patient, lambda: network.edge_time(home)), 20, _NETWORK),
    ]


def _of_the_storage(patient: Patient) -> list[Check]:
    home, clock = patient.home, patient.clock
    looks: dict[Part, Callable[[], Finding]] = {
        Part.STORAGE: lambda: storage.storage(home),
        Part.DATABASES: lambda: storage.databases(home),
        Part.OUTBOX: lambda: storage.outbox(home, clock.now()),
        Part.REPLICA: lambda: storage.replica(home, clock.now()),
    }
    return [Check(part, look, 60, _DISK) for part, look in looks.items()]


def _of_the_scanner(patient: Patient) -> list[Check]:
    home = patient.home
    return [
        Check(
            Part.CAMERA,
            lambda: reading.camera(home, patient.vitals(), reading.try_in_own_process),
            reading.PROBE_SECONDS + 5,
            _CAMERA,
        ),
        Check(Part.DECODER, lambda: reading.decoder(home), 60, _BUSY),
        Check(Part.PAGE, lambda: page.page(home), 15, "Start the scanner anew: its page hangs."),
    ]


def _of_others(patient: Patient) -> list[Check]:
    home, clock = patient.home, patient.clock
    agent = network.is_agent_connected(home)
    return [
        Check(Part.BROKER, lambda: network.broker(home, agent), 20, _NETWORK),
        Check(Part.EDGE, lambda: network.edge(home, clock), 30, _NETWORK),
    ]
