from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from notifications.models import Channel, RecipientSettings
from notifications.selectors import CategoryChoices
from notifications.topics import Kind

CHANNEL_NAMES: dict[str, StrPromise] = {
    Channel.IN_APP: _("Inbox"),
    Channel.PUSH: _("Push"),
    Channel.SMS: _("Text"),
    Channel.EMAIL: _("Email"),
}
# What a checkbox is called where the table's headings are not seen.
CHECKBOX_LABELS: dict[str, StrPromise] = {
    Channel.IN_APP: _("%(category)s in the inbox"),
    Channel.PUSH: _("%(category)s by push"),
    Channel.SMS: _("%(category)s by text message"),
    Channel.EMAIL: _("%(category)s by email"),
}
EXPLANATIONS: dict[Kind, StrPromise] = {
    Kind.SYSTEM: _("About your account's security. These are always sent."),
    Kind.TRANSACTIONAL: _("About something you did."),
    Kind.PROMOTIONAL: _("Offers and news. They wait for your quiet hours to end."),
}


class PreferencesForm(forms.Form):
    """Which categories come over which channels, and the quiet hours."""

    quiet_from = forms.TimeField(
        label=_("From"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_until = forms.TimeField(
        label=_("Until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def __init__(
        self,
        sent: QueryDict | None,
        *,
        table: list[CategoryChoices],
        rest: RecipientSettings,
    ) -> None:
        times = {"quiet_from": rest.quiet_from, "quiet_until": rest.quiet_until}
        super().__init__(sent, initial=times)
        self._table = table
        for row in table:
            for choice in row.choices:
                label = CHECKBOX_LABELS[choice.channel]
                self.fields[_name(row, choice.channel)] = forms.BooleanField(
                    label=label % {"category": row.category.label},
                    initial=choice.is_on,
                    disabled=choice.is_fixed,
                    required=False,
                )

    @property
    def channels(self) -> list[Channel]:
        """The channels that any category uses: the table's columns."""
        used = {choice.channel for row in self._table for choice in row.choices}
        return [channel for channel in Channel if channel in used]

    @property
    def columns(self) -> list[StrPromise]:
        return [CHANNEL_NAMES[channel] for channel in self.channels]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each category with a field, or none, for each column."""
        for row in self._table:
            names = [_name(row, channel) for channel in self.channels]
            yield {
                "label": row.category.label,
                "explanation": EXPLANATIONS[row.category.kind],
                "fields": [self[n] if n in self.fields else None for n in names],
            }

    def wishes(self) -> dict[tuple[str, str], bool]:
        """Return what is not as it was: (category, channel) -> on or off."""
        return {
            (row.category.name, choice.channel): not choice.is_on
            for row in self._table
            for choice in row.choices
            if _name(row, choice.channel) in self.changed_data
        }

    def refuse_quiet_hours(self) -> None:
        """Say beside the field what is wrong with the two times."""
        times = self.cleaned_data
        if times["quiet_from"] is None:
            self.add_error("quiet_from", _("Give both times, or leave both empty."))
        elif times["quiet_until"] is None:
            self.add_error("quiet_until", _("Give both times, or leave both empty."))
        else:
            self.add_error("quiet_until", _("The two times must differ."))


def _name(row: CategoryChoices, channel: str) -> str:
    return f"{row.category.name}-{channel}"
