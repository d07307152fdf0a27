"""What operators say of a campaign."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from notifications.models import Campaign
from notifications.models.campaigns import validate_path
from notifications.segments import Segment, get_segment, has_segment, list_segments
from notifications.services.campaigns import has_passed
from notifications.topics import has_topic, list_campaign_topics


def list_audiences() -> list[tuple[str, StrOrPromise]]:
    """Return the segments with their values as choices: `segment`, `segment:value`.

    Where the value has to be typed in, it is left out: `segment:`.
    """
    return [("", "—"), *(each for one in list_segments() for each in _choices_of(one))]


def _choices_of(segment: Segment) -> list[tuple[str, StrOrPromise]]:
    if not segment.parameter:
        return [(segment.name, segment.label)]
    found = segment.choices()
    if not found:
        return [(f"{segment.name}:", segment.label)]
    return [
        (f"{segment.name}:{value}", f"{segment.label}: {name}") for value, name in found
    ]


def list_open_audiences() -> Iterator[str]:
    """Yield the choices that still need a value to be typed in."""
    for segment in list_segments():
        if segment.parameter and not segment.choices():
            yield f"{segment.name}:"


def name_audience(campaign: Campaign) -> str:
    """Say whom a campaign is for."""
    if not has_segment(campaign.segment):
        return f"{campaign.segment} {campaign.segment_value}"
    segment = get_segment(campaign.segment)
    value = dict(segment.choices()).get(campaign.segment_value, campaign.segment_value)
    return f"{segment.label}: {value}" if value else str(segment.label)


class CampaignForm(forms.ModelForm[Campaign]):
    audience = forms.ChoiceField(label=_("Recipients"), widget=UnfoldAdminSelectWidget)
    segment_value = forms.CharField(
        label=_("Of which"),
        max_length=100,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    topic = forms.ChoiceField(label=_("Kind"), widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Campaign
        fields = [
            *("name", "segment_value", "topic", "title", "body", "url"),
            *("starts_at", "is_local_time", "per_second"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topics = [(one.name, one.category.label) for one in list_campaign_topics()]
        if "audience" not in self.fields:
            return
        self._field("audience").choices = list_audiences()
        self._field("topic").choices = topics
        self.fields["segment_value"].help_text = " ".join(
            str(segment.parameter)
            for segment in list_segments()
            if segment.parameter and not segment.choices()
        )
        campaign = self.instance
        if campaign.segment:
            chosen = campaign.segment
            if f"{chosen}:" in list_open_audiences():
                chosen += ":"
            elif campaign.segment_value:
                chosen += f":{campaign.segment_value}"
            self.initial["audience"] = chosen

    def _field(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    def clean_topic(self) -> str:
        name: str = self.cleaned_data["topic"]
        if not has_topic(name):
            raise forms.ValidationError(_("Choose what kind of news it is."))
        return name

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if url:
            validate_path(url)
            try:
                resolve(url.partition("#")[0].partition("?")[0])
            except Resolver404:
                raise forms.ValidationError(_("There is no such page.")) from None
        return url

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._clean_audience(cleaned)
        starts_at, is_local = cleaned.get("starts_at"), cleaned.get("is_local_time")
        if "starts_at" in cleaned and is_local and starts_at is None:
            self.add_error("starts_at", _("Say at what time."))
        elif has_passed(starts_at, now=timezone.now(), is_local_time=bool(is_local)):
            self.add_error("starts_at", _("This has passed already."))
        return cleaned

    def _clean_audience(self, cleaned: dict[str, Any]) -> None:
        if "audience" not in cleaned or "segment_value" not in cleaned:
            return
        name, _colon, value = cleaned["audience"].partition(":")
        if cleaned["audience"] in list_open_audiences():
            value = cleaned["segment_value"].strip()
            if not value:
                self.add_error("segment_value", _("Say which."))
            elif not get_segment(name).select(value).exists():
                self.add_error("segment_value", _("Nobody is in this segment."))
        cleaned["segment_value"] = value
        self.instance.segment = name
