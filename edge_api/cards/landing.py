"""The page that opens when somebody reads a card's code with their own phone.

It says the same for every code, so that nobody learns from it which codes are cards, or whose. Pure.
"""

from html import escape
from string import Template

from edge_api.config import Language

_PAGE = Template("""<!doctype html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>$shop</title>
<link rel="icon" href="data:,">
</head>
<body>
<main>
<h1>$shop</h1>
<p>$welcome</p>
<p>$link</p>
</main>
</body>
</html>
""")

_WORDS = {
    Language.NL: (
        "Dit is een klantenkaart van ons. Houd hem in de winkel voor de camera van de kiosk.",
        "Staat de kaart nog niet op uw naam? Vraag het personeel om hem aan u te koppelen.",
    ),
    Language.EN: (
        "This is one of our customer cards. Hold it in front of the kiosk's camera in the shop.",
        "Is the card not yours yet? Ask the shop's staff to link it to you.",
    ),
    Language.FR: (
        "Ceci est une de nos cartes client. Présentez-la à la caméra de la borne, au magasin.",
        "La carte n'est pas encore à votre nom ? Demandez au personnel de la lier à votre compte.",
    ),
    Language.DE: (
        "Das ist eine unserer Kundenkarten. Halten Sie sie im Laden vor die Kamera des Kiosks.",
        "Gehört die Karte noch nicht Ihnen? Bitten Sie das Personal, sie mit Ihnen zu verknüpfen.",
    ),
}


def landing_page(shop: str, language: Language) -> str:
    """Return the page in HTML."""
    welcome, link = _WORDS[language]
    return _PAGE.substitute(language=language, shop=escape(shop), welcome=escape(welcome), link=escape(link))
