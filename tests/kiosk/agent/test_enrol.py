"""Enrolment trusts the pinned CA from the first byte, can be repeated when cut, and happens once."""

import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from contracts.enrolment import Broker, Claim, Enrolled, EnrolmentRequest
from contracts.errors import Problem, ProblemType
from contracts.events import decode, encode
from kiosk.agent.enrol import enrol, enrol_waiting
from kiosk.config import Home
from kiosk.device import profile
from kiosk.device.documents import Documents
from kiosk.directory.downlink import DownlinkReader
from kiosk.errors import EdgeUnreachable, EnrolmentRefused
from tests.factories.https_edge import Answer, HttpsEdge, Request, TestAuthority, serving
from tests.fakes.edge import CONFIG

TOKEN = "t0k3n-that-is-a-secret"
SALT = bytes(range(32))


@dataclass
class Registry:
    """The edge's side of enrolment: what it offers, and what it was asked."""

    authority: TestAuthority
    offered: str
    kiosk: str = "k-entrance01"
    salt: bytes = SALT
    refuses: bool = False
    requests: int = 0

    def answer(self, request: Request) -> Answer:
        if request.path == "/api/v1/ca.pem":
            return Answer(body=self.offered.encode())
        assert request.path == "/api/v1/enrolment"
        self.requests += 1
        if self.refuses:
            return Answer(403, encode(Problem.of(ProblemType.CLAIM_REFUSED, "Used already", 403)))
        return Answer(201, encode(self.enrolled(decode(request.body, EnrolmentRequest))))

    def enrolled(self, request: EnrolmentRequest) -> Enrolled:
        return Enrolled(
            kiosk=self.kiosk,
            certificate=self.authority.certify(request.csr),
            ca=self.authority.pem,
            site="welkom",
            salt=self.salt,
            edge_url="https://edge.example.nl:8443",
            broker=Broker(host="edge.example.nl", port=8883),
            config=CONFIG,
        )


@pytest.fixture(scope="module")
def authority() -> TestAuthority:
    return TestAuthority()


@pytest.fixture
def registry(authority: TestAuthority) -> Registry:
    return Registry(authority, authority.pem)


@pytest.fixture
def edge(authority: TestAuthority, registry: Registry, tmp_path: Path) -> Iterator[HttpsEdge]:
    with serving(authority, tmp_path) as running:
        running.answer = registry.answer
        yield running


@pytest.fixture
def claim(edge: HttpsEdge, authority: TestAuthority) -> Claim:
    return Claim(edge_url=edge.url, token=TOKEN, ca_sha256=authority.sha256)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "kiosk")


def test_a_claim_becomes_an_identity(home: Home, claim: Claim, authority: TestAuthority) -> None:
    enrol(home, claim)
    me = profile.load(home)
    assert (me.kiosk, me.site.name, me.site.salt) == ("k-entrance01", "welkom", SALT)
    assert (me.edge_url, me.broker) == (
        "https://edge.example.nl:8443",
        Broker(host="edge.example.nl", port=8883),
    )
    assert home.ca.read_text().strip() == authority.pem.strip()
    downlink = DownlinkReader(home.downlink)
    assert downlink.config() == CONFIG
    downlink.close()


def test_what_is_secret_is_for_its_owner_alone(home: Home, claim: Claim) -> None:
    enrol(home, claim)
    for path in (home.key, home.certificate, home.ca, home.profile):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_the_capital_letters_of_a_claims_hash_do_not_matter(
    home: Home, claim: Claim, registry: Registry
) -> None:
    enrol(home, msgspec.structs.replace(claim, ca_sha256=claim.ca_sha256.upper()))
    assert registry.requests == 1


def test_a_host_with_another_ca_is_refused_before_anything_is_sent_to_it(
    home: Home, edge: HttpsEdge, claim: Claim
) -> None:
    another = msgspec.structs.replace(claim, ca_sha256=TestAuthority("Another").sha256)
    with pytest.raises(EnrolmentRefused, match="another CA"):
        enrol(home, another)
    assert [(asked.path, asked.body) for asked in edge.asked] == [("/api/v1/ca.pem", b"")]
    assert not any(TOKEN in str(asked.headers) for asked in edge.asked)
    assert not home.profile.exists()


def test_an_impostor_who_offers_the_right_ca_cannot_answer_for_it(
    home: Home, authority: TestAuthority, registry: Registry, tmp_path: Path
) -> None:
    with serving(TestAuthority("Impostor"), tmp_path) as impostor:
        impostor.answer = registry.answer
        with pytest.raises(EdgeUnreachable, match="certificate verify failed"):
            enrol(home, Claim(edge_url=impostor.url, token=TOKEN, ca_sha256=authority.sha256))
        assert registry.requests == 0
        assert not any(TOKEN.encode() in asked.body for asked in impostor.asked)


def authority_whose_pem_ends_in_padding() -> TestAuthority:
    """Base64 readers stop at padding, so what follows it is not part of what they compare."""
    while len((made := TestAuthority()).der) % 3 == 0:
        continue
    return made


def test_a_ca_smuggled_in_behind_the_pinned_one_is_not_trusted(home: Home, tmp_path: Path) -> None:
    pinned, impostor = authority_whose_pem_ends_in_padding(), TestAuthority("Impostor")
    registry = Registry(impostor, pinned.pem.strip() + "\n" + impostor.pem)
    with ExitStack() as stack:
        edge = stack.enter_context(serving(impostor, tmp_path))
        edge.answer = registry.answer
        with pytest.raises((EdgeUnreachable, EnrolmentRefused)):
            enrol(home, Claim(edge_url=edge.url, token=TOKEN, ca_sha256=pinned.sha256))
    assert registry.requests == 0
    assert not home.ca.exists()


@pytest.mark.parametrize(
    "offered", ["", "<html>", "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----"]
)
def test_a_host_that_offers_no_ca_is_refused(
    home: Home, claim: Claim, registry: Registry, offered: str
) -> None:
    registry.offered = offered
    with pytest.raises(EnrolmentRefused):
        enrol(home, claim)
    assert registry.requests == 0


def test_a_claim_that_the_edge_does_not_take_is_told_in_its_words(
    home: Home, claim: Claim, registry: Registry
) -> None:
    registry.refuses = True
    with pytest.raises(EnrolmentRefused, match="Used already"):
        enrol(home, claim)
    assert not home.profile.exists()


@pytest.mark.parametrize("wrong", [{"kiosk": "boss"}, {"kiosk": "k-../x"}, {"salt": b"short"}])
def test_an_identity_that_cannot_be_right_is_refused(
    home: Home, claim: Claim, registry: Registry, wrong: dict[str, object]
) -> None:
    for name, value in wrong.items():
        setattr(registry, name, value)
    with pytest.raises(EnrolmentRefused, match="not as agreed"):
        enrol(home, claim)
    assert not home.profile.exists()


def test_a_certificate_for_another_key_is_refused(
    home: Home, claim: Claim, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry.authority, "certify", lambda csr: registry.authority.pem)
    with pytest.raises(EnrolmentRefused, match="no certificate for this kiosk's key"):
        enrol(home, claim)
    assert not home.profile.exists()


def test_a_kiosk_enrols_once(home: Home, claim: Claim, registry: Registry) -> None:
    enrol(home, claim)
    with pytest.raises(EnrolmentRefused, match="enrolled already"):
        enrol(home, claim)
    assert registry.requests == 1


def test_a_kiosk_whose_profile_was_never_written_whole_enrols_again(home: Home, claim: Claim) -> None:
    home.profile.parent.mkdir(parents=True, exist_ok=True)
    Documents(home.profile).put("something else", {})
    assert enrol(home, claim).kiosk == profile.load(home).kiosk


def test_an_enrolment_that_was_cut_is_repeated_with_the_same_key(
    home: Home, claim: Claim, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(home: Home, enrolled: Enrolled) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(profile, "save", power_cut)
        with pytest.raises(KeyboardInterrupt):
            enrol(home, claim)
    key = home.key.read_bytes()
    enrol(home, claim)
    assert home.key.read_bytes() == key
    assert profile.load(home).kiosk == "k-entrance01"
    assert registry.requests == 2


def test_an_edge_that_starts_later_is_waited_for(
    home: Home, claim: Claim, edge: HttpsEdge, registry: Registry
) -> None:
    def answer_from_the_third_time_on(request: Request) -> Answer:
        late = len(edge.asked) < 3
        return Answer(promised=10) if late else registry.answer(request)

    edge.answer = answer_from_the_third_time_on
    assert enrol_waiting(home, claim, 30.0).kiosk == "k-entrance01"


def test_an_edge_that_never_answers_is_given_up(home: Home, authority: TestAuthority) -> None:
    nobody = Claim(edge_url="https://127.0.0.1:9", token=TOKEN, ca_sha256=authority.sha256)
    with pytest.raises(EdgeUnreachable):
        enrol_waiting(home, nobody, 0.0)
    shutil.rmtree(home.root, ignore_errors=True)
