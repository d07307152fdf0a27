"""What makes the site an app that can be installed, told news and read in Arabic."""

import json
import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from customers.tests.factories import UserFactory
from notifications.tests.accounts import p256_key

pytestmark = pytest.mark.django_db


def test_the_manifest_names_icons_that_are_there(client: Client):
    answer = client.get(reverse("manifest"))

    described = json.loads(answer.content)
    assert answer["Content-Type"] == "application/manifest+json"
    assert described["display"] == "standalone"
    for icon in described["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/"))
    assert client.get(described["start_url"]).status_code in (200, 302)


def test_the_service_worker_keeps_the_offline_page_and_what_it_is_made_of(client):
    answer = client.get(reverse("service-worker"))

    script = answer.content.decode()
    assert answer["Content-Type"] == "text/javascript"
    assert answer["Cache-Control"] == "no-cache"
    assert 'OFFLINE = "/offline/"' in script
    for path in ("css/tiffin.css", "js/offline.js", "img/icon.svg"):
        assert f'"/static/{path}"' in script
        assert finders.find(path)
    assert client.get("/offline/").status_code == 200


def test_another_offline_page_is_another_version_of_the_worker(client):
    def version():
        script = client.get(reverse("service-worker")).content.decode()
        return re.search(r'CACHE = "(.+)"', script)[1]

    before = [version(), version()]
    # The same page, in other words.
    client.post(reverse("change-language"), {"language": "ar"})

    assert before[0] == before[1] != version()


def test_the_manifest_is_asked_for_in_the_visitors_language(client):
    page = client.get(reverse("home")).content.decode()

    link = re.search(r'<link rel="manifest"[^>]*>', page)[0]
    assert 'crossorigin="use-credentials"' in link


def test_a_visitor_reads_in_another_language_until_they_choose_again(client):
    before = client.get("/offline/").content.decode()
    client.post(reverse("change-language"), {"language": "ar", "next": "/offline/"})
    after = client.get("/offline/").content.decode()

    assert ('lang="en"' in before, 'dir="ltr"' in before) == (True, True)
    assert ('lang="ar"' in after, 'dir="rtl"' in after) == (True, True)


def test_who_is_signed_in_finds_their_language_on_another_device(client):
    ada = UserFactory.create()
    client.force_login(ada)
    client.post(reverse("change-language"), {"language": "ar", "next": "/"})

    elsewhere = Client()
    elsewhere.force_login(ada)

    assert 'dir="rtl"' in elsewhere.get("/offline/").content.decode()


@pytest.mark.parametrize("language", ["", "xx", "EN'; --", "x" * 5000])
def test_a_language_that_is_not_spoken_changes_nothing(client, language):
    ada = UserFactory.create()
    client.force_login(ada)

    answer = client.post(reverse("change-language"), {"language": language})

    ada.refresh_from_db()
    assert answer.status_code in (204, 302)
    assert ada.locale == "en"


def test_choosing_a_language_never_leads_away_from_the_site(client):
    answer = client.post(
        reverse("change-language"), {"language": "ar", "next": "https://evil.example/"}
    )

    assert answer["Location"] == "/"


def test_the_preferences_page_offers_notifications_of_this_browser(client, settings):
    settings.NOTIFICATIONS = {
        "WEB_PUSH": {"key": p256_key(), "contact": "mailto:us@tiffin.example"}
    }
    client.force_login(UserFactory.create())

    page = client.get(reverse("notifications:preferences")).content.decode()

    assert 'data-push="settings"' in page
    assert "js/push.js" in page


def test_without_an_account_for_it_no_browser_is_asked(client, settings):
    settings.NOTIFICATIONS = {}
    client.force_login(UserFactory.create())

    page = client.get(reverse("notifications:preferences")).content.decode()

    assert "data-push=" not in page
