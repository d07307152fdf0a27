"""Pages on which people take their data with them, and go."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from config.account import (
    DOWNLOADS,
    DataEncoder,
    ObstructedError,
    collect_data,
    delete_account,
    find_obstacles,
)
from customers.exceptions import TooManyAttemptsError, WrongPasswordError
from customers.forms import PasswordForm
from customers.models import User
from customers.services import mail_account_deleted
from customers.throttling import PASSWORDS_ASKED, spend
from customers.views.visitors import customer_of, say_too_many


@never_cache
@login_required
@require_GET
def account_data(request: HttpRequest) -> HttpResponse:
    """Give somebody a file of all that is kept of them."""
    user = customer_of(request)
    try:
        spend((DOWNLOADS, f"user {user.pk}"))
    except TooManyAttemptsError as error:
        page = HttpResponse(str(error), content_type="text/plain; charset=utf-8")
        return say_too_many(page, error.seconds)
    name = f"tiffin-{timezone.localdate():%Y-%m-%d}.json"
    return JsonResponse(
        collect_data(user=user),
        encoder=DataEncoder,
        json_dumps_params={"indent": 2, "ensure_ascii": False},
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class DeleteAccountForm(PasswordForm):
    """Asks for the password; of who has none, for the email."""

    email = forms.EmailField(
        label=_("Your email, to be sure"),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        if user.has_usable_password():
            del self.fields["email"]

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise ValidationError(str(WrongPasswordError()), code="wrong_password")
        return password

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        if email.lower() != self.user.email.lower():
            raise ValidationError(gettext("That is not your email."), code="wrong")
        return email


@sensitive_post_parameters("password")
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def account_delete(request: HttpRequest) -> HttpResponse:
    """Say what deleting an account means, and do it for who is sure."""
    user = customer_of(request)
    form = DeleteAccountForm(request.POST or None, user=user)
    wait = 0
    obstacles = find_obstacles(user=user)
    if request.method == "POST" and not obstacles:
        try:
            spend((PASSWORDS_ASKED, f"user {user.pk}"))
            if form.is_valid():
                delete_account(user_pk=user.pk)
                mail_account_deleted(user=user)
                logout(request)
                return redirect("account-deleted")
        except TooManyAttemptsError as error:
            messages.error(request, str(error))
            # Not what was sent: to look at it would tell whether it is right.
            form = DeleteAccountForm(user=user)
            wait = error.seconds
        except ObstructedError as error:
            obstacles = error.obstacles
    context = {"form": form, "obstacles": obstacles}
    page = render(request, "account/delete.html", context)
    return say_too_many(page, wait) if wait else page


@require_GET
def account_deleted(request: HttpRequest) -> HttpResponse:
    return render(request, "account/deleted.html")
