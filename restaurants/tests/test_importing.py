"""Open data becomes restaurants: what is sure is kept, and the rest is told."""

import csv
import gzip
import io
import math
from datetime import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from restaurants.models import Restaurant
from restaurants.opening import WeeklySpan
from restaurants.selectors import NearbyFilters, list_restaurants_near
from restaurants.services import refresh_open_spans, refresh_search_document
from restaurants.services.sources import BadRowError, weekly_hours
from restaurants.tests.factories import MembershipFactory

OSM = {
    "osm_type": "node",
    "osm_id": "15758157",
    "name": "Café  Übersee",
    "cuisine": "coffee_shop;ethiopian",
    "lat": "52.52",
    "lon": "13.405",
    "street": "Torstraße 1",
    "postcode": "10119",
    "city": "Berlin",
    "country": "DE",
    "phone": "030 2093 99999",
    "website": "https://uebersee.example",
    "opening_hours": "Mo-Fr 08:00-18:00; Sa 20:00-02:00",
}
CITY = {
    "business_id": "19",
    "name": "Nrgize",
    "address": "1200 Van Ness Ave",
    "city": "San Francisco",
    "postal_code": "94109",
    "latitude": "37.786848",
    "longitude": "-122.421547",
    "phone_number": "+14157763262",
}


def write(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(file: Path, **options: object) -> str:
    said = io.StringIO()
    call_command(
        "import_restaurants", file, stdout=said, stderr=io.StringIO(), **options
    )
    return said.getvalue()


@pytest.mark.django_db
def test_a_place_of_openstreetmap_becomes_a_restaurant(tmp_path):
    run(write(tmp_path / "osm.csv", OSM))

    cafe = Restaurant.objects.get(source="osm", source_id="node/15758157")
    assert cafe.name == "Café Übersee"
    assert (cafe.latitude, cafe.longitude) == (52.52, 13.405)
    assert (cafe.time_zone, cafe.currency) == ("Europe/Berlin", "EUR")
    assert str(cafe.phone) == "+4930209399999"
    assert [it.slug for it in cafe.cuisines.all()] == ["coffee-shop", "ethiopian"]
    assert cafe.opening_hours.count() == 6
    assert cafe.opening_hours.get(weekday=5).closes_at == time(2)
    assert cafe.status == Restaurant.Status.LIVE
    assert not cafe.takes_orders
    spans, until = cafe.open_spans, cafe.open_spans_until
    refresh_open_spans(restaurant_pks=[cafe.pk])
    cafe.refresh_from_db()
    assert spans
    assert (cafe.open_spans, cafe.open_spans_until) == (spans, until)


@pytest.mark.django_db
def test_a_business_of_san_francisco_becomes_a_restaurant(tmp_path):
    run(write(tmp_path / "city.csv", CITY))

    restaurant = Restaurant.objects.get(source="datasf", source_id="19")
    assert restaurant.street_address == "1200 Van Ness Ave"
    assert restaurant.time_zone == "America/Los_Angeles"
    assert not restaurant.opening_hours.exists()


@pytest.mark.django_db
def test_a_second_import_changes_nothing(tmp_path):
    file = write(tmp_path / "osm.csv", OSM)
    run(file)
    before = list(Restaurant.objects.values())

    said = run(file)

    assert "created: 0\nchanged: 0\nunchanged: 1\n" in said
    assert list(Restaurant.objects.values()) == before


@pytest.mark.django_db
def test_what_changed_in_the_data_is_taken_over(tmp_path):
    run(write(tmp_path / "old.csv", OSM))

    said = run(
        write(tmp_path / "new.csv", OSM | {"name": "Neu", "opening_hours": "24/7"})
    )

    cafe = Restaurant.objects.get(source="osm")
    assert "changed: 1\n" in said
    assert cafe.name == "Neu"
    assert cafe.slug == "cafe-ubersee-osm-node-15758157"
    assert cafe.opening_hours.count() == 7


@pytest.mark.django_db
def test_a_changed_restaurant_is_found_by_its_new_name_and_its_dishes(tmp_path):
    run(write(tmp_path / "old.csv", OSM))
    cafe = Restaurant.objects.get()
    refresh_search_document(restaurant_pk=cafe.pk, dish_names=["Injera"])

    run(write(tmp_path / "new.csv", OSM | {"name": "Neu"}))

    def finds(text: str) -> bool:
        return bool(
            list_restaurants_near(
                latitude=52.52,
                longitude=13.405,
                moment=timezone.now(),
                filters=NearbyFilters(text=text),
            ).results
        )

    assert [finds(text) for text in ("neu", "injera", "übersee")] == [True, True, False]
    assert [finds(text) for text in ("ethiopian", "ethopian")] == [True, True]


@pytest.mark.django_db
def test_a_restaurant_that_takes_orders_is_left_as_it_is(tmp_path):
    run(write(tmp_path / "old.csv", OSM))
    Restaurant.objects.update(takes_orders=True)
    before = list(Restaurant.objects.values())

    said = run(write(tmp_path / "new.csv", OSM | {"opening_hours": "24/7"}))

    assert "left to their owners: 1\n" in said
    assert list(Restaurant.objects.values()) == before
    assert Restaurant.objects.get().opening_hours.count() == 6


@pytest.mark.django_db
def test_what_operators_decided_stays_when_the_data_changes(tmp_path):
    run(write(tmp_path / "old.csv", OSM))
    Restaurant.objects.update(
        status=Restaurant.Status.SUSPENDED, delivery_radius=1000, slug="cafe"
    )

    said = run(write(tmp_path / "new.csv", OSM | {"name": "Neu"}))

    cafe = Restaurant.objects.get()
    assert "changed: 1\n" in said
    assert cafe.status == Restaurant.Status.SUSPENDED
    assert (cafe.delivery_radius, cafe.slug) == (1000, "cafe")


@pytest.mark.django_db
def test_a_restaurant_that_somebody_runs_is_left_to_them(tmp_path):
    run(write(tmp_path / "old.csv", OSM))
    MembershipFactory(restaurant=Restaurant.objects.get())

    said = run(write(tmp_path / "new.csv", OSM | {"name": "Neu"}))

    assert "left to their owners: 1\n" in said
    assert Restaurant.objects.get().name == "Café Übersee"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lat": ""}, "has no coordinates"),
        ({"lat": "north"}, "has a coordinate that is no number"),
        ({"lat": "nan"}, "has a coordinate that is no number"),
        ({"lat": "5_2"}, "has a coordinate that is no number"),
        ({"lat": "52,5"}, "has a coordinate that is no number"),
        ({"lat": "1e999"}, "has impossible coordinates"),
        ({"lat": "91"}, "has impossible coordinates"),
        ({"lat": "0", "lon": "0"}, "has impossible coordinates"),
        ({"name": " "}, "has no name"),
        ({"osm_id": ""}, "has no id"),
        ({"osm_id": "1!"}, "has an id of another form"),
        ({"osm_id": "1" * 50}, "has an id of another form"),
        ({"name": "Caf\N{REPLACEMENT CHARACTER}"}, "is not in UTF-8"),
    ],
)
def test_a_bad_row_is_left_out_and_the_next_goes_on(tmp_path, change, reason):
    said = run(write(tmp_path / "osm.csv", OSM | {"osm_id": "1"} | change, OSM))

    assert "rows read: 2\ncreated: 1\n" in said
    assert "rows left out: 1\n" in said
    assert "left out: row 2 " in said
    assert reason in said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"node,7,Bad,52.5,13.4,one too many", "has more fields than the header"),
        (b"node,7,Bad,52.5", "has fewer fields than the header"),
        (b"node,7,Caf\xe9,52.5,13.4", "is not in UTF-8"),
        (b'node,7,"Bad,52.5,13.4', "has fewer fields than the header"),
        (b'node,7,"' + b"x" * 200_000, "has fewer fields than the header"),
    ],
)
def test_a_line_that_is_broken_costs_its_own_row(tmp_path, line, reason):
    file = tmp_path / "osm.csv"
    file.write_bytes(
        b"osm_type,osm_id,name,lat,lon\nnode,1,Good,52.5,13.4\n" + line + b"\n"
    )

    said = run(file)

    assert "created: 1\n" in said
    assert f"left out: row 3 (): {reason}\n" in said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("phone", "12345", "is not a valid phone number"),
        ("website", "uebersee", "is not a web address"),
        ("website", "javascript:alert(1)", "is not a web address"),
        ("country", "Germany", "is not a country code of two letters"),
        ("cuisine", "tapas,meat", "is not one cuisine"),
        ("opening_hours", "whenever", "cannot be read"),
        ("opening_hours", "Mo-Fr 10:00-12:00; PH off", "holiday rules are left out"),
    ],
)
def test_a_doubtful_field_is_left_out_and_told(tmp_path, column, value, reason):
    said = run(write(tmp_path / "osm.csv", OSM | {column: value}))

    assert "created: 1\n" in said
    assert f"row 2 (node/15758157) {column} “{value}”: {reason}" in said


@pytest.mark.django_db
def test_a_row_that_stands_twice_makes_one_restaurant(tmp_path):
    said = run(write(tmp_path / "osm.csv", OSM, OSM | {"name": "Again"}))

    assert "stands in the file a second time" in said
    assert [it.name for it in Restaurant.objects.all()] == ["Café Übersee"]


@pytest.mark.django_db
def test_a_packed_file_is_read_and_the_report_written(tmp_path):
    plain = write(tmp_path / "city.csv", CITY | {"latitude": ""})
    packed = tmp_path / "city.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    run(packed, report=tmp_path / "report.csv")

    report = (tmp_path / "report.csv").read_text(encoding="utf-8").splitlines()
    assert report == ["row,id,field,value,reason", "2,19,,,has no coordinates"]


@pytest.mark.django_db
def test_a_report_that_cannot_be_written_is_told_before_the_work(tmp_path):
    file = write(tmp_path / "osm.csv", OSM)

    with pytest.raises(CommandError, match="Cannot write"):
        run(file, report=tmp_path / "missing" / "report.csv")

    assert not Restaurant.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", b"\x1f\x8bnot", b"\xff\xfe"])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    file = tmp_path / "odd"
    file.write_bytes(content)

    with pytest.raises(CommandError):
        run(file)


# Corners and landmarks, as anyone can look them up: name, latitude, longitude.
LANDMARKS = [
    ("Brandenburg Gate", "52.516275", "13.377704"),
    ("Fernsehturm", "52.520815", "13.409419"),
    ("Tempelhof", "52.473056", "13.403889"),
    ("Spandau Citadel", "52.541111", "13.212778"),
    ("Sanssouci", "52.404167", "13.038333"),
    ("Big Ben", "51.500729", "-0.124625"),
    ("Tower Bridge", "51.505456", "-0.075356"),
    ("Greenwich", "51.476852", "-0.000500"),
    ("Kew Gardens", "51.478775", "-0.295586"),
    ("Heathrow", "51.470020", "-0.454295"),
    ("Ferry Building", "37.795490", "-122.393738"),
    ("Coit Tower", "37.802395", "-122.405822"),
    ("Twin Peaks", "37.752500", "-122.447700"),
    ("Oakland City Hall", "37.805200", "-122.272700"),
    ("San Francisco Airport", "37.621313", "-122.378955"),
]


def arc(latitude: float, longitude: float, name: str) -> float:
    """Return the metres to a landmark by vectors, not by the haversine in the code."""
    lat1, lon1 = math.radians(latitude), math.radians(longitude)
    [there] = [it for it in LANDMARKS if it[0] == name]
    lat2, lon2 = math.radians(float(there[1])), math.radians(float(there[2]))
    one = (
        math.cos(lat1) * math.cos(lon1),
        math.cos(lat1) * math.sin(lon1),
        math.sin(lat1),
    )
    other = (
        math.cos(lat2) * math.cos(lon2),
        math.cos(lat2) * math.sin(lon2),
        math.sin(lat2),
    )
    return 2 * 6_371_008.8 * math.asin(math.dist(one, other) / 2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("latitude", "longitude", "within"),
    [(52.52, 13.405, 4), (51.5074, -0.1278, 4), (37.7749, -122.4194, 4)],
    ids=["Berlin", "London", "San Francisco"],
)
def test_the_list_shows_what_was_imported_within_ten_miles_nearest_first(
    tmp_path, latitude, longitude, within
):
    rows = [
        OSM | {"osm_id": f"{n}", "name": name, "lat": lat, "lon": lon, "country": ""}
        for n, (name, lat, lon) in enumerate(LANDMARKS, 1)
    ]
    run(write(tmp_path / "osm.csv", *(it | {"opening_hours": "24/7"} for it in rows)))

    found = list_restaurants_near(
        latitude=latitude, longitude=longitude, moment=timezone.now()
    ).results

    reach = {name: arc(latitude, longitude, name) for name, *_ in LANDMARKS}
    expected = sorted(
        (name for name in reach if reach[name] <= 16_093.44), key=lambda it: reach[it]
    )
    assert [it.restaurant.name for it in found] == expected
    assert [it.distance for it in found] == pytest.approx([reach[n] for n in expected])
    assert len(found) == within


def spans(*rows: tuple[int, str, str]) -> tuple[WeeklySpan, ...]:
    return tuple(
        WeeklySpan(day, time.fromisoformat(opens), time.fromisoformat(closes))
        for day, opens, closes in rows
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mo 11:00-14:30,17:00-22:00", [(0, "11:00", "14:30"), (0, "17:00", "22:00")]),
        ("Fr 20:00-02:00", [(4, "20:00", "02:00")]),
        ("Su 20:00-02:00", [(6, "20:00", "02:00")]),
        ("Fr 20:00-26:00", [(4, "20:00", "02:00")]),
        ("24/7", [(day, "00:00", "00:00") for day in range(7)]),
        (
            "Sa 00:00-24:00; Su 00:00-05:00",
            [(5, "00:00", "00:00"), (6, "00:00", "05:00")],
        ),
        (
            "Mo 10:00-24:00; Tu 00:00-12:00",
            [(0, "10:00", "00:00"), (1, "00:00", "12:00")],
        ),
        ("Mo-Tu 18:00-03:00", [(0, "18:00", "03:00"), (1, "18:00", "03:00")]),
    ],
)
def test_hours_of_openstreetmap_become_spans_of_a_week(text, expected):
    assert weekly_hours(text) == spans(*expected)


@pytest.mark.parametrize(
    "text",
    [
        "open",
        "closed",
        "off",
        "sunrise-sunset",
        "Mo 10:00+",
        "Jun-Aug: Mo-Fr 10:00-18:00",
        "week 1-53/2 Mo 10:00-12:00",
        'Mo 10:00-12:00 "on request"',
        "Mo 10:00-12:00 unknown",
        'Mo, We-Fr 11:00-22:00; Tu off || "by arrangement"',
        "Mo-Fr 11:00-22:00 || unknown",
        "2019 Jan-Mar Mo-Fr 10:00-12:00",
        "Mo-Fr 8.00-12.00",
    ],
)
def test_hours_that_no_week_can_tell_are_refused(text):
    with pytest.raises(BadRowError):
        weekly_hours(text)
