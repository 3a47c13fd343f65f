"""Who this kiosk is: what enrolment gave it, kept in a document that both processes read."""

from dataclasses import dataclass

import msgspec

from contracts.enrolment import Broker, Enrolled
from contracts.sealing import Site
from kiosk.config import Home
from kiosk.device.documents import Documents
from kiosk.errors import NotEnrolled

_NAME = "profile"


@dataclass(frozen=True, slots=True)
class Profile:
    """An enrolled kiosk's name, site, and where it connects to."""

    kiosk: str
    site: Site
    edge_url: str
    broker: Broker


def load(home: Home) -> Profile:
    """Return the profile.

    Raises:
        NotEnrolled: this kiosk has none yet.
    """
    if not home.profile.exists():
        raise NotEnrolled(
            "this kiosk has no identity yet: run `kiosk enrol` with a claim from the back office"
        )
    document = Documents(home.profile).get(_NAME)
    if document is None:
        raise NotEnrolled("this kiosk's enrolment was not finished: run `kiosk enrol` with a new claim")
    enrolled = msgspec.convert(document, Enrolled)
    site = Site(enrolled.site, enrolled.salt)
    return Profile(enrolled.kiosk, site, enrolled.edge_url, enrolled.broker)


def is_enrolled(home: Home) -> bool:
    """Tell whether there is a profile; the empty file that a power cut during enrolment leaves is none.

    Raises:
        DocumentsDamaged: there is one, and it cannot be read.
    """
    return home.profile.exists() and Documents(home.profile).get(_NAME) is not None


def save(home: Home, enrolled: Enrolled) -> None:
    """Keep what enrolment gave. Written last: a profile means that everything else is there.

    Twice, so that its backup is a whole profile too.
    """
    documents = Documents(home.profile)
    for _ in range(2):
        documents.put(_NAME, msgspec.to_builtins(enrolled))
