"""Changing a password, and choosing a new one by a link."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy

from customers.exceptions import TooManyAttemptsError
from customers.forms import (
    ForgottenPasswordForm,
    NewPasswordForm,
    OtherPasswordForm,
)
from customers.throttling import PASSWORDS_ASKED, spend
from customers.views.visitors import customer_of, say_too_many, spend_link


class PasswordChangeView(SuccessMessageMixin[Any], auth_views.PasswordChangeView):
    form_class = OtherPasswordForm
    template_name = "customers/password_change.html"
    success_url = reverse_lazy("customers:security")
    success_message = gettext_lazy(
        "Your password is changed, and all your other browsers are signed out."
    )

    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        """Change it, unless the old one was guessed at too often."""
        user = customer_of(request)
        try:
            spend((PASSWORDS_ASKED, f"user {user.pk}"))
        except TooManyAttemptsError as error:
            messages.error(request, str(error))
            # Not what was sent: to look at it would tell whether it is right.
            form = self.get_form_class()(user=user)
            return say_too_many(self.form_invalid(form), error.seconds)
        return super().post(request, *args, **kwargs)


class PasswordResetView(auth_views.PasswordResetView):
    form_class = ForgottenPasswordForm
    template_name = "customers/password_reset.html"
    success_url = reverse_lazy("customers:password-reset-sent")

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        email = form.cleaned_data["email"]
        try:
            spend_link(self.request, email)
        except TooManyAttemptsError as error:
            form.add_error(None, str(error))
            return say_too_many(self.form_invalid(form), error.seconds)
        return super().form_valid(form)


class PasswordResetSentView(auth_views.PasswordResetDoneView):
    template_name = "customers/password_reset_sent.html"


class PasswordResetConfirmView(
    SuccessMessageMixin[Any], auth_views.PasswordResetConfirmView
):
    form_class = NewPasswordForm
    template_name = "customers/password_reset_confirm.html"
    success_url = reverse_lazy("customers:sign-in")
    success_message = gettext_lazy("Your password is changed. Sign in with it.")
