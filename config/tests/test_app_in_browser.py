"""The installed app: without a connection, and told news while no page is open."""

import json

import pytest
from push_notifications.models import WebPushDevice

from config.tests.conftest import session_of
from customers.models import User
from customers.tests.factories import UserFactory
from notifications.tests.accounts import p256_key

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(browser, live_server):
    context = browser.new_context(permissions=["notifications"])
    context.add_cookies(session_of(UserFactory.create(), live_server.url))
    page = context.new_page()
    page.goto(f"{live_server.url}/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    yield page
    context.close()


def test_without_a_connection_a_page_says_so_and_comes_back(page, live_server):
    page.reload()  # From now on the service worker answers.
    page.context.set_offline(True)
    page.goto(f"{live_server.url}/restaurants/", wait_until="load")
    offline = page.locator("h1").inner_text()
    is_styled = page.evaluate("getComputedStyle(document.body).margin")

    page.context.set_offline(False)
    page.wait_for_load_state()
    page.locator("h1:not(:text('You are offline'))").wait_for()

    assert offline == "You are offline"
    assert is_styled == "0px"
    assert "/offline/" not in page.url


def test_news_is_shown_while_no_page_asks_for_it(page, live_server):
    session = page.context.new_cdp_session(page)
    found = {}
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.update(event["registrations"][0]),
    )
    session.send("ServiceWorker.enable")
    page.wait_for_timeout(100)
    news = {
        "title": "On its way",
        "body": "12 minutes",
        "tag": "order-1",
        "url": "/orders/",
    }

    session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": live_server.url,
            "registrationId": found["registrationId"],
            "data": json.dumps(news),
        },
    )

    shown = page.evaluate(
        """async () => {
          const worker = await navigator.serviceWorker.ready;
          for (let turn = 0; turn < 50; turn += 1) {
            const [one] = await worker.getNotifications();
            if (one) {
              const { title, body, tag, data } = one;
              return { title, body, tag, url: data.url };
            }
            await new Promise((done) => setTimeout(done, 50));
          }
        }"""
    )
    assert shown == news


ENDPOINT = "https://push.example/of-this-browser"
# No push service is there to subscribe at.
SUBSCRIBED = """
  const kept = {
    endpoint: "%s",
    options: {},
    toJSON: () => ({ endpoint: kept.endpoint, keys: { p256dh: "p", auth: "a" } }),
    unsubscribe: async () => {
      localStorage.setItem("is-off", "yes");
      return true;
    },
  };
  PushManager.prototype.getSubscription = async () =>
    localStorage.getItem("is-off") ? null : kept;
"""


@pytest.fixture
def subscribed(page, settings):
    settings.NOTIFICATIONS = {
        "WEB_PUSH": {"key": p256_key(), "contact": "mailto:us@tiffin.example"}
    }
    page.add_init_script(SUBSCRIBED % ENDPOINT)
    return page


def is_off(page):
    return page.evaluate("localStorage.getItem('is-off')") == "yes"


def test_signing_out_ends_the_news_of_this_browser(subscribed, live_server):
    subscribed.goto(f"{live_server.url}/account/profile/")
    before = is_off(subscribed)

    subscribed.locator("main").get_by_role("button", name="Sign out").click()
    subscribed.wait_for_url(f"{live_server.url}/")

    assert (before, is_off(subscribed)) == (False, True)
    assert subscribed.get_by_role("link", name="Sign in").is_visible()


def test_news_of_who_was_here_before_is_not_taken_over(subscribed, live_server):
    before = UserFactory.create()
    WebPushDevice.objects.create(user=before, registration_id=ENDPOINT)

    subscribed.goto(f"{live_server.url}/inbox/preferences/")
    subscribed.get_by_role("button", name="Turn on notifications").wait_for()

    assert WebPushDevice.objects.get().user == before
    assert is_off(subscribed)


def test_news_of_this_browser_stay_on_for_whose_they_are(subscribed, live_server):
    WebPushDevice.objects.create(user=User.objects.get(), registration_id=ENDPOINT)

    subscribed.goto(f"{live_server.url}/inbox/preferences/")
    subscribed.get_by_role("button", name="Turn off on this device").wait_for()

    assert not is_off(subscribed)
