"""The operators' pages for campaigns."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from notifications.campaign_admin import say_how_long
from notifications.models import Campaign, Chunk, Event, Priority
from notifications.services.campaigns import (
    finish_campaigns,
    launch_due_campaigns,
    pause_campaign,
    schedule_campaign,
)
from notifications.services.working import work_lane
from notifications.tests.factories import (
    CampaignFactory,
    EventFactory,
    RecipientFactory,
)
from notifications.tests.topics import TEST_CAMPAIGN, TEST_GUESTS

pytestmark = pytest.mark.django_db
STATUS = Campaign.Status
FORM = {
    "name": "Soup week",
    "topic": TEST_CAMPAIGN.name,
    "audience": TEST_GUESTS.name,
    "segment_value": "",
    "title": "Soup for two",
    "body": "Today all soups come twice.",
    "url": "/restaurants/",
    "starts_at_0": "",
    "starts_at_1": "",
    "per_second": "",
}


@pytest.fixture(autouse=True)
def _no_doorbell(monkeypatch):
    monkeypatch.setattr("notifications.services.campaigns.ring", lambda lane: None)


@pytest.fixture
def operator():
    return get_user_model().objects.create_superuser(
        email="operator@example.com", password="correct-horse-battery"
    )


@pytest.fixture
def office(client, operator):
    client.force_login(operator)
    return client


def url(name, *args):
    return reverse(f"admin:notifications_campaign_{name}", args=args)


def running():
    campaign = CampaignFactory.create()
    schedule_campaign(campaign_pk=campaign.pk)
    launch_due_campaigns()
    campaign.refresh_from_db()
    return campaign


def test_operator_composes_a_draft_and_sees_whom_it_reaches(office, operator):
    RecipientFactory.create_batch(3)

    page = office.post(url("add"), FORM, follow=True)

    campaign = Campaign.objects.get()
    assert page.redirect_chain == [(url("change", campaign.pk), 302)]
    assert (campaign.status, campaign.created_by) == (STATUS.DRAFT, operator)
    assert (campaign.segment, campaign.segment_value) == ("test_guests", "")
    assert page.context["count"] == 4
    assert "Soup for two" in page.content.decode()


def test_draft_is_changed_and_keeps_its_author(office):
    author = RecipientFactory.create()
    campaign = CampaignFactory.create(created_by=author)

    page = office.get(url("change", campaign.pk))
    assert page.context["adminform"].form.initial["audience"] == "test_guests"
    office.post(url("change", campaign.pk), {**FORM, "title": "Soup for three"})

    campaign.refresh_from_db()
    assert (campaign.title, campaign.created_by) == ("Soup for three", author)


@pytest.mark.parametrize(
    ("field", "wrong", "said"),
    [
        ("url", {"url": "https://example.com/"}, "path of this site"),
        ("url", {"url": "//example.com/"}, "path of this site"),
        ("url", {"url": "/\\example.com/"}, "path of this site"),
        ("url", {"url": "/no-such-page/"}, "no such page"),
        ("audience", {"audience": "everywhere"}, "valid choice"),
        ("segment_value", {"audience": "test_named:"}, "Say which"),
        (
            "segment_value",
            {"audience": "test_named:", "segment_value": "zoe"},
            "Nobody",
        ),
        ("topic", {"topic": "test_news"}, "valid choice"),
        ("per_second", {"per_second": "0"}, "greater than or equal to 1"),
        ("per_second", {"per_second": "100001"}, "less than or equal to 100000"),
        ("starts_at", {"is_local_time": "on"}, "at what time"),
        (
            "starts_at",
            {"starts_at_0": "2020-01-01", "starts_at_1": "12:00"},
            "passed already",
        ),
    ],
)
def test_mistakes_are_told_beside_the_field(office, field, wrong, said):
    page = office.post(url("add"), {**FORM, **wrong})

    errors = page.context["adminform"].form.errors
    assert list(errors) == [field]
    assert said in errors[field][0]
    assert not Campaign.objects.exists()


def test_value_of_a_segment_is_typed_and_shown_again(office):
    RecipientFactory.create(email="zoe@example.com")
    typed = {**FORM, "audience": "test_named:", "segment_value": " zoe "}

    page = office.post(url("add"), typed, follow=True)

    campaign = Campaign.objects.get()
    assert (campaign.segment, campaign.segment_value) == ("test_named", "zoe")
    form = page.context["adminform"].form
    assert (form.initial["audience"], page.context["count"]) == ("test_named:", 1)


def test_scheduling_asks_first_and_names_people_and_time(office):
    RecipientFactory.create_batch(2)
    start = timezone.now().replace(second=0, microsecond=0) + timedelta(days=1)
    campaign = CampaignFactory.create(starts_at=start, is_local_time=True)

    page = office.get(url("schedule", campaign.pk)).content.decode()
    campaign.refresh_from_db()
    assert campaign.status == STATUS.DRAFT
    assert "3 people" in page
    assert f"{start:%H:%M} in each recipient" in page
    page = office.post(url("schedule", campaign.pk), follow=True).content.decode()

    campaign.refresh_from_db()
    assert campaign.status == STATUS.SCHEDULED
    assert "“Soup week” is scheduled." in page
    history = office.get(url("history", campaign.pk)).content.decode()
    assert "is scheduled" in history


def test_start_that_has_passed_is_told_and_not_scheduled(office):
    campaign = CampaignFactory.create(starts_at=datetime(2020, 1, 1, tzinfo=UTC))

    page = office.post(url("schedule", campaign.pk), follow=True).content.decode()

    campaign.refresh_from_db()
    assert campaign.status == STATUS.DRAFT
    assert "Its start has passed" in page


def test_operator_pauses_resumes_and_cancels(office):
    campaign = running()

    for step, status in (
        ("pause", STATUS.PAUSED),
        ("resume", STATUS.RUNNING),
        ("cancel", STATUS.CANCELLED),
    ):
        page = office.post(url(step, campaign.pk), follow=True)
        campaign.refresh_from_db()
        assert campaign.status == status
        assert page.context["campaign"].status == status
    assert Event.objects.get().cancelled_at
    assert not Chunk.objects.exists()


def test_cancelling_asks_first(office):
    campaign = running()

    page = office.get(url("cancel", campaign.pk)).content.decode()

    assert "cannot be taken back" in page
    campaign.refresh_from_db()
    assert campaign.status == STATUS.RUNNING


def test_step_that_is_too_late_is_told(office):
    campaign = CampaignFactory.create(status=STATUS.CANCELLED)

    page = office.post(url("resume", campaign.pk), follow=True).content.decode()

    assert "The campaign is cancelled." in page


@pytest.mark.parametrize("step", ["pause", "resume", "test"])
def test_looking_at_a_step_does_nothing(office, step):
    campaign = CampaignFactory.create()

    assert office.get(url(step, campaign.pk)).status_code == 405


def test_progress_is_shown_and_refreshed(office):
    RecipientFactory.create_batch(2)
    campaign = running()
    work_lane(lane=Priority.BULK, seconds=20)

    fragment = office.get(url("progress", campaign.pk)).content.decode()

    assert "3 of 3 people, 100 %" in fragment
    assert "data-live" in fragment
    assert "Accepted" in fragment
    finish_campaigns()
    fragment = office.get(url("progress", campaign.pk)).content.decode()
    assert "data-live" not in fragment
    assert url("cancel", campaign.pk) not in fragment


def test_campaign_that_has_begun_is_read_only(office):
    campaign = running()
    pause_campaign(campaign_pk=campaign.pk)

    page = office.get(url("change", campaign.pk))
    assert page.status_code == 200
    assert not page.context["has_change_permission"]
    answer = office.post(url("change", campaign.pk), {**FORM, "title": "Other"})

    assert answer.status_code == 403
    campaign.refresh_from_db()
    assert campaign.title == "Soup for two"
    assert office.get(url("delete", campaign.pk)).status_code == 403


def test_preview_shows_inbox_and_mail(office):
    campaign = CampaignFactory.create(
        title="Soup & <b>bread</b>", body="Twice. <script>alert(1)</script>"
    )

    page = office.get(url("change", campaign.pk), {"language": "xx"})

    preview = page.context["preview"]
    assert (preview.title, preview.channels) == (campaign.title, ("in_app", "email"))
    assert "Soup &amp; &lt;b&gt;bread&lt;/b&gt;" in preview.mail_html
    assert "Twice. <script>alert(1)</script>" in preview.mail_text
    html = page.content.decode()
    assert "<b>bread</b>" not in html
    assert "<script>alert" not in html
    assert 'srcdoc="\n\n&lt;!DOCTYPE html&gt;' in html
    assert page.context["language"] == "en"


def test_operator_gets_a_test_alone(office, operator):
    RecipientFactory.create_batch(2)
    campaign = CampaignFactory.create()

    office.post(url("test", campaign.pk))
    work_lane(lane=Priority.BULK, seconds=20)

    assert [each.to for each in mail.outbox] == [[operator.email]]
    campaign.refresh_from_db()
    assert campaign.status == STATUS.DRAFT


def test_list_costs_the_same_for_many(office, django_assert_max_num_queries):
    CampaignFactory.create_batch(10)
    campaign = CampaignFactory.create(event=EventFactory.create(recipient_count=12345))

    with django_assert_max_num_queries(12):
        page = office.get(url("changelist")).content.decode()

    assert campaign.name in page
    assert "12345" in page


def sign_in_with(client, *codenames):
    clerk = get_user_model().objects.create_user(email="c@example.com", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(clerk)


PAGES = ["change", "schedule", "cancel", "pause", "resume", "test", "progress"]


@pytest.mark.parametrize("name", PAGES)
def test_operator_without_the_permission_is_refused(client, name):
    campaign = CampaignFactory.create()
    sign_in_with(client, "view_event")

    assert client.post(url(name, campaign.pk)).status_code == 403
    campaign.refresh_from_db()
    assert campaign.status == STATUS.DRAFT


@pytest.mark.parametrize("name", PAGES)
def test_customer_is_sent_to_the_operators_sign_in(client, name):
    campaign = CampaignFactory.create()
    client.force_login(RecipientFactory.create())

    answer = client.post(url(name, campaign.pk))

    assert answer.status_code == 302
    assert answer.url.startswith("/admin/login/")


def test_who_may_only_look_sees_no_buttons(client):
    campaign = CampaignFactory.create()
    sign_in_with(client, "view_campaign")

    page = client.get(url("change", campaign.pk))

    assert page.status_code == 200
    assert url("test", campaign.pk) not in page.content.decode()
    assert client.post(url("schedule", campaign.pk)).status_code == 403
    assert client.get(url("progress", campaign.pk)).status_code == 200


@pytest.mark.parametrize(
    ("pace", "count", "said"),
    [
        (None, 1_000_000, "as fast as it goes"),
        (100, 5, "less than a minute"),
        (100, 1_000_000, "about 2\xa0hours, 46\xa0minutes"),
    ],
)
def test_pace_says_how_long_it_takes(pace, count, said):
    assert say_how_long(CampaignFactory.build(per_second=pace), count) == said
    local = CampaignFactory.build(per_second=pace, is_local_time=True)
    assert say_how_long(local, count) == f"{said}, and until the last clocks show it"
