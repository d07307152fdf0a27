from django import forms
from phonenumber_field.formfields import PhoneNumberField

from delivery.services import Position


class PositionForm(forms.Form):
    latitude = forms.FloatField(min_value=-90, max_value=90)
    longitude = forms.FloatField(min_value=-180, max_value=180)

    def get_position(self) -> Position:
        return Position(self.cleaned_data["latitude"], self.cleaned_data["longitude"])


class CourierForm(forms.Form):
    """Who of the restaurant's own people carries an order."""

    name = forms.CharField(max_length=120)
    phone = PhoneNumberField()
