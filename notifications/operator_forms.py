from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import to_python

from notifications.models import Channel, Message, Suppression
from notifications.monitoring import StuckFilter
from notifications.services.suppression import normalize

STUCK = [Message.Status.DEAD, Message.Status.UNKNOWN]
# How far back messages are kept by default, and no operator looks further.
LONGEST_AGO = timedelta(days=3650)


class StuckForm(forms.Form):
    """Which of the stuck messages; an empty field says nothing."""

    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", _("Any")), *((each.value, each.label) for each in STUCK)],
    )
    provider = forms.CharField(label=_("Provider"), required=False, max_length=10)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=80)
    since = forms.DateTimeField(
        label=_("Made since (UTC)"),
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )

    def clean_since(self) -> Any:
        since = self.cleaned_data["since"]
        if since is not None and abs(timezone.now() - since) > LONGEST_AGO:
            raise ValidationError(_("That is too long ago."))
        return since

    def get_filter(self) -> StuckFilter:
        return StuckFilter(**self.cleaned_data)


class SuppressionForm(forms.ModelForm[Suppression]):
    """An address that an operator puts on the list."""

    channel = forms.ChoiceField(
        label=_("Channel"),
        choices=[(each.value, each.label) for each in (Channel.EMAIL, Channel.SMS)],
    )

    class Meta:
        model = Suppression
        fields = ["channel", "address", "detail"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        channel, address = cleaned.get("channel"), cleaned.get("address", "")
        if channel == Channel.SMS:
            number = to_python(address)
            if not number or not number.is_valid():
                raise ValidationError({"address": _("This is not a phone number.")})
            address = number.as_e164
        elif channel == Channel.EMAIL and address:
            try:
                validate_email(address)
            except ValidationError as error:
                raise ValidationError({"address": error}) from error
        return {**cleaned, "address": normalize(channel or "", address)}
