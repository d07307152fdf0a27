"""Where somebody signed in, and how to end it."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from customers.browsers import (
    browser_key_of,
    describe_browser,
    digest_of,
    known_key_of,
)
from customers.exceptions import TooManyAttemptsError, WrongPasswordError
from customers.forms import PasswordForm
from customers.selectors import list_known_browsers
from customers.services import sign_out_elsewhere
from customers.throttling import PASSWORDS_ASKED, spend
from customers.views.visitors import customer_of, say_too_many


@sensitive_post_parameters("password")
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def security(request: HttpRequest) -> HttpResponse:
    """Show the browsers that signed in; sign out all but this one."""
    user = customer_of(request)
    key = known_key_of(request)
    form = PasswordForm(request.POST or None, user=user)
    wait = 0
    if request.method == "POST" and form.is_valid():
        try:
            spend((PASSWORDS_ASKED, f"user {user.pk}"))
            user = sign_out_elsewhere(
                user_pk=user.pk,
                password=form.cleaned_data.get("password", ""),
                # One that signed in before there were keys gets one now.
                browser_key=browser_key_of(request),
                label=describe_browser(request.headers.get("User-Agent", "")),
            )
        except TooManyAttemptsError as error:
            messages.error(request, str(error))
            form = PasswordForm(user=user)
            wait = error.seconds
        except WrongPasswordError as error:
            form.add_error("password", str(error))
        else:
            update_session_auth_hash(request, user)
            messages.success(request, _("All your other browsers are signed out."))
            return redirect("customers:security")
    context = {
        "form": form,
        "browsers": list_known_browsers(customer=user),
        "this_browser": digest_of(key) if key else "",
    }
    page = render(request, "customers/security.html", context)
    return say_too_many(page, wait) if wait else page
