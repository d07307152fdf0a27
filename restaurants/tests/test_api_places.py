"""Places over the API: what somebody types, and what is around."""

import pytest

pytestmark = pytest.mark.django_db
MISSION = {"latitude": 37.7599, "longitude": -122.4148}


def test_places_are_suggested_while_somebody_types(api):
    answer = api.get("/places", {"q": "Mission District, San Fr"})

    assert answer.status_code == 200
    assert 0 < len(answer.json()["results"]) <= 6
    assert answer.json()["results"][0]["label"]


def test_places_around_a_point_come_nearest_first(api):
    answer = api.get("/places/reverse", MISSION)

    assert len(answer.json()["results"]) == 30
    assert answer.json()["results"][0]["locality"] == "San Francisco"


@pytest.mark.parametrize(
    ("path", "query", "pointer"),
    [
        ("/places", {}, "/q"),
        ("/places", {"q": ""}, "/q"),
        ("/places", {"q": "x" * 201}, "/q"),
        ("/places/reverse", {"latitude": 1}, "/longitude"),
        ("/places/reverse", {"latitude": "nan", "longitude": 1}, "/latitude"),
    ],
)
def test_a_bad_question_says_where_it_is_wrong(api, path, query, pointer):
    answer = api.get(path, query)

    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_a_geocoder_that_is_down_is_a_problem_of_its_own(api, settings):
    # Nothing listens on this port.
    settings.GEOCODER_URL = "http://127.0.0.1:9"

    for path, query in (("/places", {"q": "Mission"}), ("/places/reverse", MISSION)):
        answer = api.get(path, query)
        assert answer.status_code == 503
        assert answer.json()["code"] == "geocoder_unavailable"
