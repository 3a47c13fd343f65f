"""Each outcome has its own screen, in the right language, with the right words and nothing secret."""

import ast
import dataclasses
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.replica import CustomerEntry, Money, RewardLine, StampsLine, SubscriptionLine
from kiosk.display import customer_screen, formats, screen, screens, words
from kiosk.display.screen import Balance, Icon, Screen, Template, Tone
from kiosk.outcomes import Earned, Outcome, Recognised, UnknownCard, Unlinked, Unreadable
from tests.kiosk.display.samples import ANNA, FULL, LANGUAGES, NOW, OUTCOMES, REWARDED, in_language
from tests.kiosk.display.samples import screens as screens_of


def shown(outcome: Outcome, shop_language: str = "nl") -> Screen:
    return screens_of(shop_language).of(outcome, NOW)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def all_texts(shown: Screen) -> str:
    return "\n".join(texts(dataclasses.asdict(shown)))


def with_customer(**changes: object) -> CustomerEntry:
    return msgspec.structs.replace(ANNA, **changes)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", OUTCOMES)
def test_every_outcome_has_finished_words_in_every_language(name: str, language: str) -> None:
    outcome = in_language(OUTCOMES[name], language)
    screen = shown(outcome, language)
    assert screen.language == language
    assert screen.title
    assert screen.status
    assert not re.search(r"[{}]", all_texts(screen))
    assert screen.outcome == outcome.name


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_result_goes_by_itself_and_a_hint_when_it_no_longer_holds(name: str) -> None:
    outcome = OUTCOMES[name]
    assert bool(shown(outcome).hold_seconds) is not isinstance(outcome, Unreadable)


@pytest.mark.parametrize("language", LANGUAGES)
def test_waiting_invites_in_the_shops_language_and_welcomes_in_the_others(language: str) -> None:
    screen = screens_of(language).waiting()
    assert screen.title == LANGUAGES[language].waiting.title
    assert screen.footnote.split("\n") == [each.welcome for tag, each in LANGUAGES.items() if tag != language]
    assert (screen.template, screen.tone, screen.outcome) == (Template.WAITING, Tone.NEUTRAL, None)


def test_waiting_stays_until_something_comes() -> None:
    assert screens_of().waiting().hold_seconds is None


def test_no_two_outcomes_look_the_same() -> None:
    told = [
        (each.icon, each.status, each.title, each.text, each.footnote, each.balance)
        for each in map(shown, OUTCOMES.values())
    ]
    messages = [each for each in told if "Hallo" not in each[2]]
    assert len(set(messages)) == len(messages)


@pytest.mark.parametrize(
    ("name", "tone"),
    [
        ("recognised", Tone.OK),
        ("offline", Tone.OK),
        ("already_counted", Tone.NOTICE),
        ("gift_card", Tone.OK),
        ("gift_card_used_up", Tone.NOTICE),
        ("unlinked", Tone.NOTICE),
        ("provisional", Tone.NOTICE),
        ("revoked", Tone.REFUSED),
        ("archived", Tone.REFUSED),
        ("awaiting_approval", Tone.NOTICE),
        ("unknown_card", Tone.NOTICE),
        ("foreign_code", Tone.NOTICE),
        ("several_codes", Tone.NOTICE),
        ("staff_badge", Tone.NEUTRAL),
        ("unreadable_closer", Tone.NEUTRAL),
        ("not_counted", Tone.REFUSED),
    ],
)
def test_the_tone_says_how_the_result_is_meant(name: str, tone: Tone) -> None:
    assert shown(OUTCOMES[name]).tone is tone


def test_a_customer_is_greeted_in_their_own_language() -> None:
    customer = with_customer(language="fr")
    assert shown(Recognised(customer), shop_language="nl").title == "Bonjour Anna\N{NARROW NO-BREAK SPACE}!"


def test_a_customer_whose_language_is_not_spoken_here_is_greeted_in_the_shops() -> None:
    assert shown(Recognised(with_customer(language="pl")), shop_language="de").language == "de"


def test_a_customer_without_a_name_is_greeted_all_the_same() -> None:
    assert shown(Recognised(with_customer(greeting_name=" "))).title == "Hallo!"


def test_a_name_that_looks_like_a_blank_to_fill_is_left_as_it_is() -> None:
    assert shown(Recognised(with_customer(greeting_name="{points}"))).title == "Hallo {points}!"


def test_other_outcomes_speak_the_shops_language() -> None:
    assert shown(Unlinked(), shop_language="de").title == "Machen Sie diese Karte zu Ihrer"


def test_the_balance_is_a_figure_and_what_it_counts() -> None:
    balance = shown(OUTCOMES["recognised"]).balance
    assert balance is not None
    assert (balance.figure, balance.unit) == ("1.240", "punten")


def test_what_the_visit_earned_is_told_once_it_is_known() -> None:
    screen = shown(Recognised(ANNA).with_earned(Earned(10)))
    assert (screen.gain, screen.status, screen.icon) == ("+ 10", "punten", Icon.CHECK)


def test_a_single_point_is_one_point() -> None:
    assert shown(Recognised(ANNA, earned=Earned(1))).status == "punt"


def test_until_the_edge_has_answered_the_visit_is_counted_and_no_more_is_said() -> None:
    screen = shown(Recognised(ANNA))
    assert (screen.gain, screen.status, screen.footnote) == ("", "Bezoek geteld", "")


def test_a_visit_that_earned_nothing_says_so_instead_of_plus_zero() -> None:
    screen = shown(Recognised(ANNA, earned=Earned(0)))
    assert (screen.gain, screen.status) == ("", "Geen nieuwe punten voor dit bezoek")


def test_a_visit_that_earned_only_a_reward_says_that() -> None:
    assert shown(OUTCOMES["earned_only_a_reward"]).status == "Nieuwe beloning!"


def test_offline_it_says_that_points_will_be_added_and_how_old_the_balance_is() -> None:
    screen = shown(Recognised(ANNA, offline=True))
    assert screen.status == "Komt erbij zodra er weer verbinding is"
    assert screen.footnote == "Stand van 14:05"


def test_what_was_earned_is_told_even_if_the_connection_was_lost_since() -> None:
    screen = shown(Recognised(ANNA, earned=Earned(10), offline=True))
    assert (screen.gain, screen.footnote) == ("+ 10", "Stand van 14:05")


def test_a_repeat_shows_the_balance_and_that_it_was_already_counted() -> None:
    screen = shown(Recognised(ANNA, offline=True, already_counted=True))
    assert screen.status == "Al geteld"
    assert screen.gain == ""
    assert screen.balance is not None


def test_a_reward_is_told_with_its_last_day() -> None:
    assert [(line.text, line.detail) for line in shown(Recognised(REWARDED)).rewards] == [
        ("Gratis koffie", "t/m 31-12-2026"),
        ("10% korting op een taart", ""),
    ]


def test_a_reward_that_ended_since_the_row_was_made_is_not_promised() -> None:
    ended = with_customer(rewards=(RewardLine("r", "Oud", NOW), RewardLine("s", "Nieuw", NOW + timedelta(1))))
    screen = shown(Recognised(ended))
    assert [line.text for line in screen.rewards] == ["Nieuw"]
    assert screen.rewards_title == "1 beloning voor je klaar"


def test_a_new_reward_comes_first_and_is_marked() -> None:
    screen = shown(Recognised(REWARDED, earned=Earned(0, ("10% korting op een taart",))))
    assert [(line.text, line.tag) for line in screen.rewards] == [
        ("10% korting op een taart", "Nieuw"),
        ("Gratis koffie", ""),
    ]


def test_a_new_reward_that_the_row_does_not_have_yet_is_shown_too() -> None:
    screen = shown(Recognised(ANNA, earned=Earned(0, ("Taart",))))
    assert [(line.text, line.tag) for line in screen.rewards] == [("Taart", "Nieuw")]
    assert screen.rewards_title == "1 beloning voor je klaar"


def test_of_two_rewards_of_one_name_only_as_many_are_new_as_were_earned() -> None:
    coffee = tuple(RewardLine(f"r{n}", "Koffie") for n in range(2))
    screen = shown(Recognised(with_customer(rewards=coffee), earned=Earned(0, ("Koffie",))))
    assert [line.tag for line in screen.rewards] == ["Nieuw", ""]


def test_of_many_rewards_three_are_shown_and_all_are_counted() -> None:
    screen = shown(OUTCOMES["full"])
    assert len(screen.rewards) == 3
    assert screen.rewards_title == "5 beloningen voor je klaar"


def test_a_customer_without_rewards_hears_nothing_of_them() -> None:
    assert shown(Recognised(ANNA)).rewards_title == ""


def test_credit_stamps_and_subscription_have_a_line_each() -> None:
    customer = with_customer(
        credit=Money(1250, "EUR"),
        stamps=(StampsLine("Koffiekaart", 2, 3),),
        subscription=SubscriptionLine("Onbeperkt", NOW + timedelta(days=1)),
    )
    lines = shown(Recognised(customer)).lines
    assert [(line.icon, line.text, line.detail) for line in lines] == [
        (Icon.WALLET, "Tegoed €\N{NO-BREAK SPACE}12,50", ""),
        (Icon.STAMP, "Koffiekaart", "2 van 3"),
        (Icon.CALENDAR, "Onbeperkt", "t/m 22-11-2026"),
    ]
    assert lines[1].dots == (True, True, False)


def test_a_punch_card_with_many_places_is_told_in_figures_only() -> None:
    line = shown(Recognised(with_customer(stamps=(StampsLine("Lang", 3, 30),)))).lines[0]
    assert (line.dots, line.detail) == ((), "3 van 30")


def test_a_subscription_whose_payment_is_behind_says_that_instead_of_its_end() -> None:
    behind = SubscriptionLine("Onbeperkt", NOW, behind=True)
    assert shown(Recognised(with_customer(subscription=behind))).lines[0].detail == "betaling loopt achter"


def test_a_gift_card_shows_its_balance_in_money_as_the_shops_language_writes_it() -> None:
    dutch, german = shown(OUTCOMES["gift_card"]), shown(OUTCOMES["gift_card"], "de")
    assert dutch.balance == Balance("€\N{NO-BREAK SPACE}12,50", "te besteden")
    assert german.balance == Balance("12,50\N{NO-BREAK SPACE}€", "verfügbar")


def test_an_empty_gift_card_says_so_beside_its_zero() -> None:
    screen = shown(OUTCOMES["gift_card_used_up"])
    assert screen.title == "Deze cadeaukaart is op"
    assert screen.balance == Balance("€\N{NO-BREAK SPACE}0,00", "te besteden")


def test_a_gift_cards_balance_is_dated_only_while_the_kiosk_is_offline() -> None:
    assert shown(OUTCOMES["gift_card"]).footnote == ""
    assert shown(OUTCOMES["gift_card_offline"]).footnote == "Stand van 14:05"


def test_a_staff_badge_says_what_to_do_next() -> None:
    assert "kaart van de klant" in shown(OUTCOMES["staff_badge"]).text


def test_a_provisionally_linked_card_is_told_when_its_visits_count() -> None:
    assert "zodra de koppeling bevestigd is" in shown(OUTCOMES["provisional"]).text


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("unreadable_closer", "Houd je kaart iets dichterbij"),
        ("unreadable_further", "Houd je kaart iets verder weg"),
        ("unreadable_hold_still", "Houd je kaart even stil"),
        ("unreadable_less_tilt", "Houd je kaart wat rechter"),
        ("unreadable_less_glare", "Draai je kaart iets: het licht spiegelt erop"),
        ("unreadable_brighter", "Maak je scherm helderder of zoek meer licht"),
    ],
)
def test_each_hint_says_in_its_title_what_to_do(name: str, title: str) -> None:
    assert shown(OUTCOMES[name]).title == title


def test_an_unlinked_card_is_linked_by_staff() -> None:
    lines = [(line.icon, line.text) for line in shown(Unlinked()).lines]
    assert lines == [(Icon.STAFF, "Vraag het een medewerker")]


def test_an_unknown_card_is_explained_by_the_missing_connection_when_there_is_none() -> None:
    assert "zonder verbinding" in shown(UnknownCard(offline=True)).text
    assert "zonder verbinding" not in shown(UnknownCard()).text


@given(
    points=st.integers(min_value=-(2**63), max_value=2**63),
    earned=st.none() | st.builds(Earned, st.integers(-(2**31), 2**31)),
    offline=st.booleans(),
    language=st.sampled_from(sorted(LANGUAGES)),
    name=st.text(max_size=60),
)
def test_any_balance_and_gain_is_written_in_full(
    points: int, earned: Earned | None, offline: bool, language: str, name: str
) -> None:
    customer = with_customer(points=points, language=language, greeting_name=name)
    screen = shown(Recognised(customer, earned, offline))
    style = LANGUAGES[language].format
    assert screen.balance is not None
    assert screen.balance.figure == formats.number(points, style)
    assert name.strip() in screen.title
    assert bool(screen.gain) == (earned is not None and earned.points > 0)


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_punch_card_never_shows_more_dots_than_places(stamps: int, needed: int) -> None:
    line = shown(Recognised(with_customer(stamps=(StampsLine("Kaart", stamps, needed),)))).lines[0]
    assert len(line.dots) in {0, needed}
    assert sum(line.dots) <= stamps


def test_a_full_row_gives_no_more_lines_than_fit() -> None:
    screen = shown(Recognised(FULL, offline=True))
    assert len(screen.rewards) + len(screen.lines) <= 7


@pytest.mark.parametrize("module", [screens, screen, customer_screen, formats, words])
def test_deciding_screens_needs_no_clock_no_files_and_nothing_from_outside(module: object) -> None:
    tree = ast.parse(Path(str(vars(module)["__file__"])).read_text())
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        )
    }
    assert imported <= {"collections", "contracts", "dataclasses", "datetime", "enum", "kiosk"}
