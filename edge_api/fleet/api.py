"""What kiosks ask before they have a certificate: the CA, and their enrolment; and who is asking after."""

import msgspec
from flask import Blueprint, Response, request

from contracts.enrolment import EnrolmentRequest
from contracts.errors import InvalidMessage
from contracts.events import decode
from edge_api.clock import Clock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.errors import InvalidValue
from edge_api.fleet import services
from edge_api.fleet.ca import Authority
from edge_api.fleet.errors import TokenRefused

MAX_REQUEST = 16_384


def enrolment_routes(config: Config, database: Database, clock: Clock) -> Blueprint:
    """Make the routes of enrolment, under ``/api/v1``."""
    routes = Blueprint("enrolment", __name__, url_prefix="/api/v1")

    @routes.get("/ca.pem")
    def ca() -> Response:
        return Response(Authority(config.home / "tls").certificate_pem, mimetype="application/x-pem-file")

    @routes.post("/enrolment")
    def enrol() -> Response:
        asked = _enrolment_request(request.get_data())
        authority = Authority(config.home / "tls")
        with database.transaction() as session:
            enrolled = services.enrol(session, asked, config, authority, clock.now())
        return json_answer(enrolled, status=201)

    return routes


def asking_kiosk(config: Config, database: Database, clock: Clock) -> str:
    """Return the id of the kiosk whose token the request carries.

    Raises:
        TokenRefused: there is no token, or it does not hold.
        KioskRevoked: the kiosk is let in no more.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRefused("a kiosk's token is missing")
    with database.transaction() as session:
        return services.authenticate(session, token.strip(), config, clock.now()).id


def json_answer(value: object, status: int = 200) -> Response:
    """Return a contract's value as a JSON answer."""
    return Response(msgspec.json.encode(value), status, mimetype="application/json")


def _enrolment_request(body: bytes) -> EnrolmentRequest:
    if len(body) > MAX_REQUEST:
        raise InvalidValue(f"the request takes at most {MAX_REQUEST} bytes")
    try:
        return decode(body, EnrolmentRequest)
    except InvalidMessage as error:
        raise InvalidValue(str(error)) from None
    except RecursionError:
        raise InvalidValue("the request is nested too deep") from None
