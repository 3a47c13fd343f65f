"""The documentation points at what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
_LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    targets = _LINK.findall(page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_tour_names_every_package_and_every_domain_of_the_edge() -> None:
    tour = (ROOT / "docs" / "tour.md").read_text("utf-8")
    domains = [path.parent.name for path in (ROOT / "edge_api").glob("*/models.py")]
    assert [
        name for name in [*domains, "kiosk", "contracts", "common", "provisioning"] if name not in tour
    ] == []
