import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import perf_counter
from urllib.parse import parse_qs, urlparse

import pytest
from pytest_django import Settings

from customers.geocoding import GeocoderUnavailableError, Place, get_geocoder
from customers.geocoding.nominatim import NominatimGeocoder
from customers.geocoding.offline import OfflineGeocoder, fold

FERRY_BUILDING = {
    "display_name": "Ferry Building, 1, The Embarcadero, San Francisco",
    "lat": "37.7955",
    "lon": "-122.3937",
    "address": {
        "house_number": "1",
        "road": "The Embarcadero",
        "city": "San Francisco",
        "postcode": "94111",
        "country_code": "us",
    },
}


@pytest.fixture(scope="module")
def offline() -> OfflineGeocoder:
    return OfflineGeocoder()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("San Francisco", "San Francisco, CA"),
        ("  sAn fRanC ", "San Francisco, CA"),
        ("Berlin", "Berlin, Germany"),
        ("berlin germany", "Berlin, Germany"),
        ("London", "London, United Kingdom"),
        ("london, uk", "London, United Kingdom"),
        ("munchen", "Munich, Germany"),
        ("MÜNCHEN", "Munich, Germany"),
        ("sao paulo", "São Paulo, Brazil"),
        ("Portland, ME", "Portland, ME"),
        ("portland or", "Portland, OR"),
        ("Mission, San Francisco", "Mission District, San Francisco"),
        ("noe valley san francisco", "Noe Valley, San Francisco"),
        ("94110", "94110 San Francisco, CA"),
        ("10001", "10001 New York, NY"),
        ("10001-1234", "10001 New York, NY"),
        ("12345 Mission Street, San Francisco, CA 94110", "94110 San Francisco, CA"),
        ("2100 Mission Street, San Francisco", "San Francisco, CA"),
        ("221B Baker Street, London, UK", "London, United Kingdom"),
    ],
)
def test_the_best_place_for_what_people_type_comes_first(
    offline: OfflineGeocoder, text: str, label: str
) -> None:
    assert offline.search(text, limit=5)[0].label == label


def test_a_short_neighbourhood_name_is_among_the_places(
    offline: OfflineGeocoder,
) -> None:
    for name, label in [("soma", "South of Market"), ("castro", "The Castro")]:
        labels = [place.label for place in offline.search(name, limit=5)]

        assert f"{label}, San Francisco" in labels


@pytest.mark.parametrize("text", ["", "   ", ",,", "qqqqzzz", "00000", "\x00", "!"])
def test_what_is_no_place_finds_nothing(offline: OfflineGeocoder, text: str) -> None:
    assert offline.search(text, limit=5) == []


def test_no_more_places_than_asked_for_and_none_twice(offline: OfflineGeocoder) -> None:
    labels = [place.label for place in offline.search("san", limit=50)]

    assert len(labels) == 50
    assert len(set(labels)) == 50


def test_a_postal_code_has_coordinates_city_and_country(
    offline: OfflineGeocoder,
) -> None:
    [place] = offline.search("94110", limit=5)

    assert (round(place.latitude, 2), round(place.longitude, 2)) == (37.75, -122.42)
    assert (place.locality, place.postal_code, place.country) == (
        "San Francisco",
        "94110",
        "US",
    )


def test_the_nearest_places_come_first_also_across_the_date_line(
    offline: OfflineGeocoder,
) -> None:
    mission = offline.list_around(latitude=37.7599, longitude=-122.4148, limit=1)
    fiji = offline.list_around(latitude=-17.7, longitude=-179.99, limit=3)

    assert mission[0].locality in {"San Francisco", "Mission District"}
    assert "Fiji" in {place.label.split(", ")[1] for place in fiji}


def test_a_warm_search_answers_while_someone_types(offline: OfflineGeocoder) -> None:
    offline.search("94110", limit=1)
    offline.search("s", limit=1)

    start = perf_counter()
    for text in ["s", "sa", "san", "941", "mission, san francisco"]:
        offline.search(text, limit=6)

    assert perf_counter() - start < 5 * 0.02


def test_folding_drops_accents_case_and_punctuation() -> None:
    assert fold("  Straße-São  ÉCOLE's ") == "strasse sao ecole s"


class _Nominatim(BaseHTTPRequestHandler):
    """Speaks just enough of Nominatim's JSON."""

    def do_GET(self) -> None:
        url = urlparse(self.path)
        query = parse_qs(url.query)
        assert query["format"] == ["jsonv2"]
        text = query.get("q", [""])[0]
        if text == "broken":
            body = b"<html>"
        elif text == "odd":
            body = json.dumps([{"display_name": "Nowhere"}]).encode()
        elif url.path.endswith("/reverse"):
            is_sea = query["lat"] == ["0.0"]
            body = json.dumps(
                {"error": "Unable to geocode"} if is_sea else FERRY_BUILDING
            ).encode()
        else:
            body = json.dumps([FERRY_BUILDING] * 3).encode()
        self.send_response(500 if text == "down" else 200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep the tests' output clean."""


@pytest.fixture
def nominatim_url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Nominatim) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_nominatim_answers_become_places(nominatim_url: str) -> None:
    places = NominatimGeocoder(nominatim_url).search("Ferry Building", limit=1)

    assert places == [
        Place(
            label="Ferry Building, 1, The Embarcadero, San Francisco",
            latitude=37.7955,
            longitude=-122.3937,
            street_address="1 The Embarcadero",
            locality="San Francisco",
            postal_code="94111",
            country="US",
        )
    ]


def test_nominatim_names_a_point_and_nothing_at_sea(nominatim_url: str) -> None:
    geocoder = NominatimGeocoder(nominatim_url)

    ferry = geocoder.list_around(latitude=37.7955, longitude=-122.3937, limit=9)
    sea = geocoder.list_around(latitude=0.0, longitude=0.0, limit=9)

    assert [place.postal_code for place in ferry] == ["94111"]
    assert sea == []


@pytest.mark.parametrize("text", ["broken", "odd", "down"])
def test_nonsense_from_nominatim_is_one_clear_error(
    nominatim_url: str, text: str
) -> None:
    with pytest.raises(GeocoderUnavailableError):
        NominatimGeocoder(nominatim_url).search(text, limit=1)


def test_a_nominatim_that_is_away_is_the_same_error() -> None:
    with pytest.raises(GeocoderUnavailableError):
        NominatimGeocoder("http://127.0.0.1:1").search("Berlin", limit=1)


def test_the_setting_chooses_the_geocoder(settings: Settings) -> None:
    settings.GEOCODER_URL = ""
    assert isinstance(get_geocoder(), OfflineGeocoder)

    settings.GEOCODER_URL = "http://127.0.0.1:1"
    assert isinstance(get_geocoder(), NominatimGeocoder)
