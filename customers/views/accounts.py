"""Signing up, in and out."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from customers.exceptions import (
    CustomerError,
    LinkExpiredError,
    TooManyAttemptsError,
)
from customers.forms import EmailForm, SignInForm, SignUpForm
from customers.models import User
from customers.services import (
    find_by_sign_in_link,
    mail_sign_in_link,
    register_user,
    use_sign_in_link,
)
from customers.throttling import SIGN_UPS_PER_PLACE, place_of, spend
from customers.views.visitors import (
    FIRST_BACKEND,
    asked_next,
    next_url,
    say_too_many,
    spend_link,
)

AFTER_SIGN_IN = "restaurants:restaurant-list"


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    after = next_url(request, AFTER_SIGN_IN)
    if request.user.is_authenticated:
        return redirect(after)
    form = SignUpForm(request.POST or None)
    wait = 0
    if request.method == "POST":
        try:
            # Whatever comes of it, since a form that is refused may tell that an email
            # has an account.
            spend((SIGN_UPS_PER_PLACE, place_of(request)))
            if form.is_valid():
                login(request, _register(form), backend=FIRST_BACKEND)
                messages.success(request, _("Welcome to Tiffin."))
                return redirect(after)
        except TooManyAttemptsError as error:
            messages.error(request, str(error))
            form = SignUpForm(initial=request.POST.dict())
            wait = error.seconds
        except CustomerError as error:
            form.add_error("email", str(error))
    context = {"form": form, "next": asked_next(request)}
    page = render(request, "customers/user_sign_up.html", context)
    return say_too_many(page, wait) if wait else page


def _register(form: SignUpForm) -> User:
    return register_user(
        **form.cleaned_data | {"phone": str(form.cleaned_data["phone"])},
        locale=get_language() or "en",
    )


class SignInView(auth_views.LoginView):
    form_class = SignInForm
    template_name = "customers/user_sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, "next": asked_next(self.request)}

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        page = super().form_invalid(form)
        for error in form.non_field_errors().as_data():
            if error.code == TooManyAttemptsError.code and error.params:
                return say_too_many(page, int(error.params["seconds"]))
        return page


class SignOutView(auth_views.LogoutView):
    pass


@require_http_methods(["GET", "POST"])
def sign_in_link(request: HttpRequest) -> HttpResponse:
    """Mail a link that signs in; the answer is the same for whoever asks."""
    sent = request.POST.copy()
    # The sign-in page's second button sends the field as that page calls it.
    sent.setdefault("email", sent.get("username", ""))
    form = EmailForm(sent if request.method == "POST" else None)
    wait = 0
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            spend_link(request, email)
        except TooManyAttemptsError as error:
            form.add_error(None, str(error))
            wait = error.seconds
        else:
            mail_sign_in_link(email=email, next_url=asked_next(request))
            return redirect("customers:sign-in-link-sent")
    context = {"form": form, "next": asked_next(request)}
    page = render(request, "customers/sign_in_link.html", context)
    return say_too_many(page, wait) if wait else page


@require_GET
def sign_in_link_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "customers/sign_in_link_sent.html")


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_by_link(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Sign in once a button is pressed: mail programs open links by themselves."""
    try:
        if request.method == "POST":
            user = use_sign_in_link(uid=uid, token=token)
            login(request, user, backend=FIRST_BACKEND)
            return redirect(next_url(request, AFTER_SIGN_IN))
        user = find_by_sign_in_link(uid=uid, token=token)
    except LinkExpiredError:
        return render(
            request,
            "customers/sign_in_by_link.html",
            {"next": asked_next(request)},
            status=HTTPStatus.GONE,
        )
    context = {"account": user, "next": asked_next(request)}
    return render(request, "customers/sign_in_by_link.html", context)
