"""What can go wrong on a kiosk, under one root."""

from contracts.errors import Problem


class KioskError(Exception):
    """Root of the kiosk's errors; its text is for the person who runs the kiosk."""


class BadConfiguration(KioskError, ValueError):
    """A configuration value is missing or wrong; the message names the key and what it takes."""


class CameraError(KioskError, OSError):
    """A camera gave no frames, or could not be opened."""


class UnreadableImage(KioskError, ValueError):
    """An image is truncated, of no known format, or larger than is taken."""


class DecoderDied(KioskError, RuntimeError):
    """The decoder's process crashed or took too long on a frame, and was replaced."""


class NotEnrolled(KioskError, RuntimeError):
    """The kiosk has no identity yet: enrol it with a claim."""


class EnrolmentRefused(KioskError, RuntimeError):
    """The edge, or what answered in its place, was not to be trusted or did not take the claim."""


class StorageFull(KioskError, OSError):
    """An event could not be kept, and so did not happen."""


class EdgeUnreachable(KioskError, OSError):
    """The edge did not answer, or not as agreed."""


class DocumentsDamaged(KioskError, OSError):
    """The device's documents and their backup can both not be read; nothing was overwritten."""


class EdgeRefused(KioskError, RuntimeError):
    """The edge answered with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.title} ({problem.status}) {problem.detail}".strip())
        self.problem = problem
