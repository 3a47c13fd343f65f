"""The colours have the contrast that people need, and every picture that a screen names is there."""

import re

import pytest

from kiosk.display.languages import FOLDER
from kiosk.display.screen import Icon, Template, Tone

PAGE = FOLDER.parent
LOOK = (PAGE / "static" / "look.css").read_text()
TEXT = 4.5
LARGE = 3.0
"""WCAG 2.2 AA, for text and for large text and pictures."""


def variables(selector: str) -> dict[str, str]:
    block = re.search(re.escape(selector) + r"\s*{([^}]*)}", LOOK)
    assert block, f"{selector} is missing from look.css"
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block[1]))


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_what_the_standard_says_it_is() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("tone", Tone)
def test_what_stands_on_a_tone_can_be_read(tone: Tone) -> None:
    colours = variables(f'[data-tone="{tone}"]')
    for ground in ("tone", "glow"):
        assert contrast(colours["on-tone"], colours[ground]) >= TEXT


@pytest.mark.parametrize("tone", Tone)
def test_a_tones_ink_can_be_read_on_paper(tone: Tone) -> None:
    paper = variables(":root")["paper"]
    assert contrast(variables(f'[data-tone="{tone}"]')["accent"], paper) >= TEXT


@pytest.mark.parametrize("ink", ["ink", "ink-soft"])
def test_ink_can_be_read_on_paper_and_on_its_watermark(ink: str) -> None:
    root = variables(":root")
    watermark = re.findall(r"#[0-9a-f]{6}", (PAGE / "static" / "paper.svg").read_text())
    assert watermark
    for ground in (root["paper"], *watermark):
        assert contrast(root[ink], ground) >= TEXT


def test_tones_differ_in_more_than_their_colour() -> None:
    lightness = [luminance(variables(f'[data-tone="{tone}"]')["tone"]) for tone in Tone]
    assert len({round(each, 3) for each in lightness}) == len(Tone)


def test_every_picture_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="(\w+)"', (PAGE / "templates" / "icons.svg").read_text()))
    assert set(Icon) <= drawn


@pytest.mark.parametrize("template", Template)
def test_every_template_is_there(template: Template) -> None:
    assert (PAGE / "templates" / "screens" / f"{template}.html").is_file()
