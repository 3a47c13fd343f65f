"""A row opens with its card and with nothing else; a proof holds for what was proven and for nothing else."""

import os
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.card_code import CardCode
from contracts.errors import SealBroken
from contracts.events import Event, is_proven, proof_of
from contracts.replica import CustomerEntry, RewardLine, SealedRow, UnlinkedEntry
from contracts.sealing import PADDING, Site, derive, lookup, prove, proves, seal, unseal
from tests.contracts.make_examples import CODE, ENTRIES, SITE, scan_event

codes = st.binary(min_size=16, max_size=16).map(CardCode)
KEYS = derive(CODE, SITE)
AT = datetime(2026, 1, 1, tzinfo=UTC)


@given(codes, st.integers(1, 2**40), st.sampled_from(sorted(ENTRIES)))
def test_a_row_opens_with_its_card(code: CardCode, revision: int, name: str) -> None:
    keys = derive(code, SITE)
    row = seal(keys, SITE, revision, ENTRIES[name], os.urandom)
    assert unseal(keys, SITE, row) == ENTRIES[name]


@given(codes, codes)
def test_a_row_opens_with_no_other_card(code: CardCode, other: CardCode) -> None:
    if code == other:
        return
    row = seal(derive(code, SITE), SITE, 1, UnlinkedEntry(as_of=AT), os.urandom)
    with pytest.raises(SealBroken):
        unseal(derive(other, SITE), SITE, row)


@given(st.integers(0, 2**16), st.sampled_from(["lookup", "nonce", "box"]))
def test_a_row_that_was_tampered_with_does_not_open(bit: int, field: str) -> None:
    row = seal(KEYS, SITE, 1, UnlinkedEntry(as_of=AT), os.urandom)
    body = bytearray(getattr(row, field))
    body[bit // 8 % len(body)] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        unseal(KEYS, SITE, msgspec.structs.replace(row, **{field: bytes(body)}))


def test_an_older_row_cannot_be_passed_off_as_a_newer_one() -> None:
    row = seal(KEYS, SITE, 1, UnlinkedEntry(as_of=AT), os.urandom)
    with pytest.raises(SealBroken):
        unseal(KEYS, SITE, msgspec.structs.replace(row, revision=2))


@pytest.mark.parametrize("other", [Site("elsewhere", SITE.salt), Site(SITE.name, bytes(32))])
def test_another_sites_row_does_not_open(other: Site) -> None:
    row = seal(KEYS, SITE, 1, UnlinkedEntry(as_of=AT), os.urandom)
    with pytest.raises(SealBroken):
        unseal(derive(CODE, other), other, row)


def test_a_tombstone_does_not_open() -> None:
    with pytest.raises(SealBroken):
        unseal(KEYS, SITE, SealedRow(lookup=KEYS.lookup, revision=3))


def test_each_sealing_draws_a_nonce_of_its_own() -> None:
    rows = [seal(KEYS, SITE, 1, UnlinkedEntry(as_of=AT), os.urandom) for _ in range(50)]
    assert len({row.nonce for row in rows}) == 50


@given(st.text(max_size=300), st.integers(0, 5))
def test_a_rows_size_tells_only_its_number_of_steps(name: str, rewards: int) -> None:
    entry = CustomerEntry(
        as_of=AT,
        greeting_name=name,
        language="nl",
        rewards=tuple(RewardLine(id=str(n), name="Koffie") for n in range(rewards)),
    )
    row = seal(KEYS, SITE, 1, entry, os.urandom)
    assert (len(row.box) - 16) % PADDING == 0
    assert unseal(KEYS, SITE, row) == entry


def test_a_lookup_and_every_key_differ_and_the_keys_stay_out_of_logs() -> None:
    assert len({KEYS.lookup, KEYS.seal[:16], KEYS.event[:16], KEYS.staff[:16]}) == 4
    assert lookup(CODE, SITE) == KEYS.lookup
    for secret in (KEYS.seal, KEYS.event, KEYS.staff, SITE.salt):
        assert repr(secret) not in repr((KEYS, SITE))


@given(st.lists(st.binary(max_size=20), max_size=4), st.lists(st.binary(max_size=20), max_size=4))
def test_a_proof_holds_for_exactly_its_parts(parts: list[bytes], others: list[bytes]) -> None:
    proof = prove(KEYS.event, *parts)
    assert proves(proof, KEYS.event, *parts)
    assert proves(proof, KEYS.event, *others) == (parts == others)


@pytest.mark.parametrize(
    "change",
    [
        {"source": "k-other00001"},
        {"type": "welkom.claim.v1"},
        {"time": AT},
        {"data": msgspec.Raw(b"{}")},
        {"cardproof": bytes(32)},
        {"cardproof": b""},
        {"cardproof": msgspec.UNSET},
    ],
)
def test_an_events_proof_breaks_with_anything_in_it(change: dict[str, object]) -> None:
    event = scan_event()
    assert is_proven(event, KEYS.event)
    assert not is_proven(msgspec.structs.replace(event, **change), KEYS.event)
    assert not is_proven(event, KEYS.staff)


def test_a_proof_survives_the_wire() -> None:
    event = scan_event()
    read = msgspec.json.decode(msgspec.json.encode(event), type=Event)
    assert proof_of(KEYS.event, read) == event.cardproof
