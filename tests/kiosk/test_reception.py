"""Whoever shows a code is counted once, sees at once what it is, and sees no more than that."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.card_code import CardCode
from contracts.events import OutcomeName, hash_of_foreign
from contracts.replica import AccountState, Entry, GiftEntry, Money, RevokedEntry, StaffEntry, UnlinkedEntry
from contracts.sealing import derive
from contracts.settlements import Verdict
from kiosk.outcomes import (
    AccountClosed,
    Earned,
    ForeignCode,
    GiftCard,
    NotCounted,
    Outcome,
    Recognised,
    Revoked,
    SeveralCodes,
    StaffBadge,
    UnknownCard,
    Unlinked,
)
from kiosk.reception import Rules
from tests.factories.front_desk import AS_OF, HOSTS, REPEAT_SECONDS, SITE, FrontDesk, card, customer, shown
from tests.fakes.display import STAYS

ZOE, MAX, POSTER = card(1), card(2), "https://elsewhere.example/menu"
UNKNOWN = card(99)
MALFORMED = "HTTPS://KAART.EXAMPLE.NL/C/NOT-A-CODE"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    opened = FrontDesk(tmp_path)
    opened.row(ZOE, customer("Zoë"))
    opened.row(MAX, customer("Max"))
    yield opened
    opened.close()


def recognised(
    name: str = "Zoë", points: int = 100, *, earned: Earned | None = None, already_counted: bool = False
) -> Recognised:
    return Recognised(customer(name, points), earned, already_counted=already_counted)


# What a code comes to

GIFT = GiftEntry(as_of=AS_OF, balance=Money(100, "EUR"))

ENTRIES: list[tuple[Entry, Outcome]] = [
    (customer(), Recognised(customer())),
    (UnlinkedEntry(as_of=AS_OF), Unlinked()),
    (RevokedEntry(as_of=AS_OF), Revoked(AS_OF)),
    (GIFT, GiftCard(GIFT)),
    (StaffEntry(as_of=AS_OF, staff_id="s-1", role="owner", pin_hash="$argon2id$x"), StaffBadge()),
]


@pytest.mark.parametrize(("entry", "outcome"), ENTRIES)
def test_a_card_is_shown_and_reported_as_what_its_row_says(
    desk: FrontDesk, entry: Entry, outcome: Outcome
) -> None:
    revision = desk.row(ZOE, entry)
    desk.see(shown(ZOE))
    assert desk.display.screens == [outcome]
    (scan,) = desk.scans()
    assert (scan.outcome, scan.lookup, scan.row_revision) == (
        outcome.name,
        derive(ZOE, SITE).lookup,
        revision,
    )


@pytest.mark.parametrize("state", [AccountState.ARCHIVED, AccountState.AWAITING_APPROVAL])
def test_a_customer_whose_account_is_closed_is_told_so(desk: FrontDesk, state: AccountState) -> None:
    entry = customer()
    desk.row(ZOE, type(entry)(as_of=AS_OF, greeting_name="", language="nl", state=state))
    desk.see(shown(ZOE))
    assert desk.display.screens == [AccountClosed(state)]
    assert desk.scans()[0].outcome is OutcomeName.ACCOUNT_CLOSED


def test_a_card_without_a_row_is_unknown_and_reported_with_its_lookup(desk: FrontDesk) -> None:
    desk.see(shown(UNKNOWN))
    assert desk.display.screens == [UnknownCard()]
    (scan,) = desk.scans()
    assert (scan.outcome, scan.lookup) == (OutcomeName.UNKNOWN_CARD, derive(UNKNOWN, SITE).lookup)
    assert scan.row_revision is None


def test_a_foreign_code_is_reported_by_hash_and_length_alone(desk: FrontDesk) -> None:
    desk.see(POSTER)
    assert desk.display.screens == [ForeignCode()]
    (scan,) = desk.scans()
    assert (scan.code_hash, scan.code_length) == (hash_of_foreign(POSTER), len(POSTER))
    assert scan.lookup is None


def test_a_malformed_code_on_our_host_is_an_unknown_card(desk: FrontDesk) -> None:
    desk.see(MALFORMED)
    assert desk.display.screens == [UnknownCard()]
    (scan,) = desk.scans()
    assert (scan.outcome, scan.lookup) == (OutcomeName.UNKNOWN_CARD, None)
    assert scan.code_hash == hash_of_foreign(MALFORMED)


def test_a_code_of_ten_thousand_characters_is_foreign(desk: FrontDesk) -> None:
    desk.see("A" * 10_000)
    assert desk.display.screens == [ForeignCode()]
    assert desk.scans()[0].code_length == 10_000


def test_two_cards_at_once_are_told_apart_from_one(desk: FrontDesk) -> None:
    desk.see(shown(ZOE), shown(MAX))
    assert desk.display.screens == [SeveralCodes()]
    (scan,) = desk.scans()
    assert (scan.outcome, scan.lookup, scan.code_hash) == (OutcomeName.SEVERAL_CODES, None, None)


def test_the_same_card_twice_in_a_frame_is_one_card(desk: FrontDesk) -> None:
    desk.see(shown(ZOE), shown(ZOE).lower())
    assert desk.display.screens == [recognised()]


def test_a_frame_without_a_code_changes_nothing(desk: FrontDesk) -> None:
    desk.see()
    assert (desk.display.screens, desk.events()) == ([], [])


@pytest.mark.parametrize("code", [ZOE, UNKNOWN])
def test_offline_is_said_and_said_no_more_once_the_agent_is_back(desk: FrontDesk, code: CardCode) -> None:
    desk.downlink.set_connected(False)
    desk.see(shown(code))
    first = desk.display.screen
    assert isinstance(first, Recognised | UnknownCard)
    assert first.offline
    desk.downlink.set_connected(True)
    desk.tick()
    now = desk.display.screen
    assert isinstance(now, Recognised | UnknownCard)
    assert not now.offline


# Durable before shown


def test_a_scan_is_on_disk_before_its_result_is_shown(desk: FrontDesk) -> None:
    kept_at_showing: list[int] = []
    desk.display.before = lambda: kept_at_showing.append(desk.outbox.count_pending())
    for text in (shown(ZOE), shown(UNKNOWN), POSTER, MALFORMED):
        desk.nothing_for(STAYS + 1)
        desk.see(text)
    assert kept_at_showing == [1, 2, 3, 4]


@pytest.mark.parametrize("text", [shown(ZOE), shown(UNKNOWN), POSTER, MALFORMED])
def test_what_cannot_be_kept_is_shown_as_not_counted_and_tried_again_at_the_next_presence(
    desk: FrontDesk, text: str
) -> None:
    desk.outbox.disk_is_full = True
    desk.hold(text, seconds=3)
    assert desk.display.screens == [NotCounted()]
    assert desk.events() == []
    desk.outbox.disk_is_full = False
    desk.nothing_for(2)
    desk.see(text)
    assert len(desk.events()) == 1
    assert not isinstance(desk.display.screen, NotCounted)


def test_a_card_that_was_not_counted_never_comes_back_as_counted(desk: FrontDesk) -> None:
    desk.outbox.disk_is_full = True
    desk.see(shown(ZOE))
    desk.outbox.disk_is_full = False
    for other in (MAX, card(3)):
        desk.see(shown(ZOE), shown(other))
        desk.see(shown(other))
    desk.hold(shown(ZOE), seconds=1)
    assert desk.display.screen == NotCounted()


# Presence


def test_a_card_held_still_is_one_scan_and_one_screen(desk: FrontDesk) -> None:
    desk.hold(shown(ZOE), seconds=2 * REPEAT_SECONDS)
    assert desk.display.screens == [recognised()]
    assert len(desk.events()) == 1


def test_a_card_shown_again_soon_is_told_and_not_counted(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.nothing_for(3)
    desk.hold(shown(ZOE), seconds=2)
    assert desk.display.screens == [recognised(), recognised(already_counted=True)]
    assert len(desk.events()) == 1


def test_a_card_shown_again_late_is_counted_again(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.nothing_for(REPEAT_SECONDS + 1)
    desk.see(shown(ZOE))
    assert desk.display.screens == [recognised(), None, recognised()]
    assert len(desk.events()) == 2


def test_the_next_person_is_received_at_once(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.see(shown(MAX))
    assert desk.display.screens == [recognised(), recognised("Max")]
    assert len(desk.events()) == 2


def test_the_screen_waits_again_after_its_time_once_the_card_has_gone(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.nothing_for(STAYS - 0.5)
    assert desk.display.screen == recognised()
    desk.nothing_for(1)
    assert desk.display.screens == [recognised(), None]
    desk.nothing_for(20)
    assert desk.display.screens == [recognised(), None]


def test_the_screen_does_not_wait_while_the_card_is_held(desk: FrontDesk) -> None:
    desk.hold(shown(ZOE), seconds=3 * STAYS)
    assert None not in desk.display.screens


# Several things before the camera


def test_a_held_card_comes_back_with_its_result_once_the_other_has_gone(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.see(shown(ZOE), shown(MAX))
    desk.settle(desk.events()[0].id, earned=11)
    desk.hold(shown(ZOE), seconds=1)
    assert desk.display.screens == [recognised(), SeveralCodes(), recognised(earned=Earned(11))]
    assert [scan.outcome for scan in desk.scans()] == [OutcomeName.RECOGNISED, OutcomeName.SEVERAL_CODES]


def test_a_held_card_that_two_others_hid_comes_back_as_counted_already(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.see(shown(ZOE), shown(MAX))
    desk.see(shown(MAX))
    desk.hold(shown(ZOE), seconds=1)
    assert desk.display.screen == recognised(already_counted=True)
    assert len(desk.events()) == 3


def test_two_cards_that_are_not_both_read_in_every_frame_do_not_flicker(desk: FrontDesk) -> None:
    for _ in range(20):
        desk.see(shown(ZOE), shown(MAX))
        desk.see(shown(ZOE))
    assert desk.display.screens == [SeveralCodes(), recognised()]
    assert len(desk.events()) == 2


@pytest.mark.parametrize("other", [POSTER, MALFORMED])
def test_a_card_beside_another_code_counts_as_the_card(desk: FrontDesk, other: str) -> None:
    desk.hold(other, shown(ZOE), seconds=2)
    assert desk.display.screens == [recognised()]
    assert [scan.outcome for scan in desk.scans()] == [OutcomeName.RECOGNISED]


def test_a_poster_in_view_does_not_disturb_a_card_that_some_frames_do_not_show(desk: FrontDesk) -> None:
    for _ in range(10):
        desk.see(POSTER, shown(ZOE))
        desk.see(POSTER)
        desk.see(POSTER)
        desk.tick()
    assert desk.display.screens == [recognised()]
    assert len(desk.events()) == 1


def test_a_poster_in_view_leaves_a_result_its_time_and_is_told_once(desk: FrontDesk) -> None:
    desk.hold(POSTER, seconds=2)
    desk.hold(POSTER, shown(ZOE), seconds=1)
    desk.hold(POSTER, seconds=STAYS - 1)
    assert desk.display.screens == [ForeignCode(), recognised()]
    desk.hold(POSTER, seconds=60)
    assert desk.display.screens == [ForeignCode(), recognised(), None, ForeignCode()]
    assert len(desk.events()) == 2


def test_a_card_takes_the_screen_from_a_poster_at_once(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.nothing_for(0.7)
    desk.see(POSTER)
    desk.see(shown(ZOE))
    assert desk.display.screens == [recognised(), ForeignCode(), recognised()]
    assert len(desk.events()) == 2


def test_a_foreign_code_shown_after_a_card_has_its_own_screen(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.nothing_for(1)
    desk.see(POSTER)
    assert desk.display.screens == [recognised(), ForeignCode()]


# What changes while the person stands there


def test_what_the_visit_earned_appears_once_while_the_person_stands_there(desk: FrontDesk) -> None:
    desk.hold(shown(ZOE), seconds=1)
    desk.settle(desk.events()[0].id, earned=11, rewards=("Koffie",))
    desk.hold(shown(ZOE), seconds=2)
    assert desk.display.screens == [recognised(), recognised(earned=Earned(11, ("Koffie",)))]


def test_it_appears_after_the_card_was_taken_away_too_as_long_as_the_result_is_on(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.nothing_for(3)
    desk.settle(desk.events()[0].id, earned=11)
    desk.tick()
    assert desk.display.screen == recognised(earned=Earned(11))
    desk.nothing_for(STAYS)
    assert desk.display.screen is None


def test_the_new_balance_and_what_was_earned_come_in_any_order(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.row(ZOE, customer(points=111))
    desk.tick()
    desk.settle(desk.events()[0].id, earned=11)
    desk.tick()
    assert desk.display.screens[1:] == [recognised(points=111), recognised(points=111, earned=Earned(11))]
    desk.row(ZOE, customer(points=120))
    desk.tick()
    assert desk.display.screen == recognised(points=120, earned=Earned(11))


def test_an_unknown_card_that_becomes_known_is_greeted_and_told_what_it_earned(desk: FrontDesk) -> None:
    desk.hold(shown(UNKNOWN), seconds=1)
    desk.row(UNKNOWN, customer("Ada"))
    desk.hold(shown(UNKNOWN), seconds=1)
    desk.settle(desk.events()[0].id, earned=5)
    desk.hold(shown(UNKNOWN), seconds=1)
    assert desk.display.screens == [UnknownCard(), recognised("Ada"), recognised("Ada", earned=Earned(5))]
    assert len(desk.events()) == 1


def test_an_unknown_card_shown_again_that_becomes_known_is_counted_already(desk: FrontDesk) -> None:
    desk.see(shown(UNKNOWN))
    desk.nothing_for(2)
    desk.see(shown(UNKNOWN))
    desk.row(UNKNOWN, customer("Ada"))
    desk.tick()
    assert desk.display.screen == recognised("Ada", already_counted=True)


def test_a_card_revoked_while_it_is_held_is_told_so(desk: FrontDesk) -> None:
    desk.hold(shown(ZOE), seconds=1)
    desk.row(ZOE, RevokedEntry(as_of=AS_OF))
    desk.tick()
    desk.settle(desk.events()[0].id, earned=11)
    desk.tick()
    assert desk.display.screens == [recognised(), Revoked(AS_OF)]


@pytest.mark.parametrize("verdict", [Verdict.NOTED, Verdict.REFUSED])
def test_a_scan_that_was_not_booked_earns_nothing_on_the_screen(desk: FrontDesk, verdict: Verdict) -> None:
    desk.see(shown(ZOE))
    desk.settle(desk.events()[0].id, earned=0, verdict=verdict)
    desk.tick()
    assert desk.display.screens == [recognised()]


def test_what_another_visit_earned_changes_nothing(desk: FrontDesk) -> None:
    desk.see(shown(MAX))
    desk.see(shown(ZOE))
    desk.settle(desk.events()[0].id, earned=11)
    desk.tick()
    assert desk.display.screens == [recognised("Max"), recognised()]


def test_a_repeat_is_not_told_what_the_counted_visit_earned(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.nothing_for(2)
    desk.see(shown(ZOE))
    desk.settle(desk.events()[0].id, earned=11)
    desk.tick()
    assert desk.display.screen == recognised(already_counted=True)


def test_ticks_without_news_show_nothing_again(desk: FrontDesk) -> None:
    desk.hold(shown(ZOE), seconds=1)
    for _ in range(50):
        desk.tick()
    assert len(desk.display.screens) == 1


# New rules


def test_new_rules_do_not_forget_who_stands_there(desk: FrontDesk) -> None:
    desk.hold(shown(ZOE), seconds=1)
    desk.reception.follow(Rules(HOSTS, 2.0))
    desk.hold(shown(ZOE), seconds=5)
    assert len(desk.events()) == 1


def test_a_shorter_repeat_time_counts_from_now_on(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.reception.follow(Rules(HOSTS, 2.0))
    desk.nothing_for(3)
    desk.see(shown(ZOE))
    assert len(desk.events()) == 2


def test_a_longer_repeat_time_counts_from_now_on(desk: FrontDesk) -> None:
    desk.see(shown(ZOE))
    desk.reception.follow(Rules(HOSTS, 300.0))
    desk.nothing_for(REPEAT_SECONDS + 1)
    desk.see(shown(ZOE))
    assert len(desk.events()) == 1


def test_cards_of_a_new_host_are_cards_from_now_on(desk: FrontDesk) -> None:
    elsewhere = shown(ZOE).replace("KAART.EXAMPLE.NL", "CARD.EXAMPLE.COM")
    desk.see(elsewhere)
    desk.reception.follow(Rules((*HOSTS, "card.example.com"), REPEAT_SECONDS))
    desk.see(elsewhere)
    assert desk.display.screens == [ForeignCode(), recognised()]


# Threads


def test_frames_and_ticks_from_two_threads_lose_nothing_and_count_nothing_twice(desk: FrontDesk) -> None:
    codes = [card(number) for number in range(1000, 1060)]
    done = threading.Event()

    def tick_and_follow() -> None:
        while not done.is_set():
            desk.reception.tick(desk.clock.monotonic())
            desk.reception.follow(Rules(HOSTS, REPEAT_SECONDS))

    with ThreadPoolExecutor(1) as other:
        ticking = other.submit(tick_and_follow)
        for code in codes:
            for _ in range(3):
                desk.see(shown(code), after=0.01)
                desk.row(code, customer())
        done.set()
        ticking.result()
    assert len(desk.events()) == len(codes)
    # A row may arrive between the frame and the tick, so each card has one screen or two.
    results = [screen for screen in desk.display.screens if screen is not None]
    assert len(codes) <= len(results) <= 2 * len(codes)


def test_the_new_balance_stands_beside_what_was_earned_also_before_the_new_row_is_there(
    desk: FrontDesk,
) -> None:
    desk.see(shown(ZOE))
    desk.settle(desk.events()[0].id, earned=11, balance=111)
    desk.tick()
    assert desk.display.screen == recognised(points=111, earned=Earned(11))
    desk.row(ZOE, customer(points=90))
    desk.tick()
    assert desk.display.screen == recognised(points=90, earned=Earned(11))


def test_offline_a_result_is_as_of_when_the_edge_was_last_heard_though_the_row_is_older(
    desk: FrontDesk,
) -> None:
    heard = AS_OF + timedelta(days=40)
    desk.downlink.set_whole_at(heard)
    desk.downlink.set_connected(False)
    desk.see(shown(ZOE))
    (screen,) = desk.display.screens
    assert isinstance(screen, Recognised)
    assert (screen.customer.as_of, screen.offline) == (heard, True)


def test_another_code_held_up_right_after_a_card_has_its_own_screen_and_event(desk: FrontDesk) -> None:
    """Three frames of a picture at ten a second, the first of them a tenth of a second after the card."""
    desk.see(shown(ZOE))
    for _ in range(3):
        desk.see(POSTER, after=0.1)
    assert desk.display.screen == ForeignCode()
    assert [scan.outcome for scan in desk.scans()] == [OutcomeName.RECOGNISED, OutcomeName.FOREIGN_CODE]
