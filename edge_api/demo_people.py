"""The people of the demo shop: always the same ones, with names as hard as real ones are.

Umlauts, accents, apostrophes and the small words before Dutch surnames are where programs go wrong, so
the demo has them from the start.
"""

import re
from dataclasses import dataclass

from edge_api import texts
from edge_api.config import Language
from edge_api.customers.services import CustomerDetails

PER_LANGUAGE = 50

_NAMES = {
    Language.NL: (
        "Sanne|Daan|Zoë|Joris|Noor|Jesse|Fleur|Bram|Anouk|Sjoerd|Maaike|Thijs|Renée|Wouter|Lotte|Jan-Willem|"
        "Femke|Koen|Anne-Fleur|Ruben|Yara|Casper|Tess|Gijs|Marijke",
        "de Vries|van den Berg|Jansen|van 't Hoff|Bakker|ter Horst|in 't Veld|Smit|van der Meer|Visser|"
        "Reijnders|de Boer|op den Kamp|Mulder|van Rijn|'t Hart|Dekker|Ruijters|van der Wal-Prins|Coenen|"
        "Peeters|Hendriks|uit den Boogaard|Kuipers|Schäfer-de Wit",
    ),
    Language.DE: (
        "Jürgen|Käthe|Lukas|Anneliese|Björn|Sören|Mia|Günther|Lena|Maximilian|Ännchen|Felix|Heike|Moritz|"
        "Jörg|Frieda|Till|Annegret|Ole|Clara|Rüdiger|Emma|Matthias|Götz|Ute",
        "Müller|Groß|Schröder|von Bülow|Weiß|Jäger|Köhler|Straußberger|Fischer|Löwe|Meißner|zu Guttenfels|"
        "Böhm|Krüger|Schäfer|Hübner-Lang|Vogel|Süßmilch|Brand|Kästner|Roth|Färber|Lindner|Größer|Zöller",
    ),
    Language.FR: (
        "Chloé|François|Zoé|Jérôme|Agnès|Noël|Maëlle|Benoît|Élodie|Loïc|Anaïs|Gaël|Hélène|Cédric|Inès|"
        "Jean-Baptiste|Océane|Rémi|Solène|Théo|Aurélie|Éric|Marie-Ève|Raphaël|Léa",
        "Lefèvre|D'Amico|Dubois|de La Fontaine|Bélanger|L'Hôte|Martin|Gérard|Château|d'Hondt|Lemaître|"
        "Françoise|Bouchard|Noël|Pêcheux|Saint-Léger|Moreau|Desprès|Crête|Renard|Guérin|Août|Duchêne|"
        "Leclercq|Piñol",
    ),
    Language.EN: (
        "Olivia|Siobhán|George|Amelia|Seán|Harriet|Oscar|Ciarán|Isla|Alfie|Niamh|Freya|Arthur|Mary-Jane|"
        "Leo|Aoife|Florence|Rhys|Ivy|Zadie|Archie|Beyza|Poppy|Tobias|Eilidh",
        "Smith|O'Connor|Clarke|O'Brien-Wright|Hughes|MacDonald|D'Arcy|Patel|Wood|St John|Taylor|"
        "Featherstonehaugh|Evans|O'Sullivan|Bennett|Nguyễn|Walker|Ashworth|Ferreira|Brown|Kovač|Young|"
        "Llewellyn|Ward|Brontë",
    ),
}
_PHONES = {Language.NL: "+31 6", Language.DE: "+49 151", Language.FR: "+33 6", Language.EN: "+44 7700"}
_NO_LETTER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo shop. ``row`` counts within a language, ``number`` over all of them."""

    row: int
    number: int
    details: CustomerDetails

    @property
    def email(self) -> str:
        """What the person is known by; everybody here has one."""
        return self.details.email or ""


def people() -> list[Person]:
    """Return everybody, the languages taking turns."""
    places = [(row, language) for row in range(PER_LANGUAGE) for language in _NAMES]
    return [_person(row, number, language) for number, (row, language) in enumerate(places)]


def slug(text: str) -> str:
    """Return a name as it may stand in a file's name or an e-mail address.

    >>> slug("Zoë van 't Hoff")
    'zoe-van-t-hoff'
    """
    return _NO_LETTER.sub("-", texts.folded(text)).strip("-")


def _person(row: int, number: int, language: Language) -> Person:
    first_names, last_names = (each.split("|") for each in _NAMES[language])
    first = first_names[row % len(first_names)]
    # The second round through the first names must not meet the same last names again.
    last = last_names[(row * 7 + row // len(first_names)) % len(last_names)]
    email = f"{slug(first)}.{slug(last)}@demo.example"
    phone = f"{_PHONES[language]} 555 {row:02}{row * 37 % 100:02}" if row % 3 == 0 else None
    return Person(row, number, CustomerDetails(first, last, email, phone, language))
