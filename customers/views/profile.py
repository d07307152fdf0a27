"""Who a customer is to us: name, language, time zone, email and phone."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from customers.exceptions import CustomerError, TooManyAttemptsError
from customers.forms import CodeForm, NewEmailForm, ProfileForm
from customers.services import (
    can_send_codes,
    change_email,
    change_profile,
    mail_email_changed,
    mail_new_email_link,
    read_email_token,
    send_phone_code,
    verify_phone,
)
from customers.throttling import LINKS_BY_ONE, PASSWORDS_ASKED, spend
from customers.views.visitors import customer_of, say_too_many


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = customer_of(request)
    form = ProfileForm(
        request.POST or None,
        initial={
            "name": user.name,
            "phone": user.phone,
            "time_zone": user.time_zone,
            "locale": user.locale,
        },
    )
    if request.method == "POST" and form.is_valid():
        phone = str(form.cleaned_data["phone"])
        change_profile(user_pk=user.pk, **form.cleaned_data | {"phone": phone})
        messages.success(request, _("Your profile is saved."))
        return redirect("customers:profile")
    context = {"form": form, "can_send_codes": can_send_codes()}
    return render(request, "customers/user_profile.html", context)


@sensitive_post_parameters("password")
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def email_change(request: HttpRequest) -> HttpResponse:
    """Mail a link to a new email; nothing changes before it is followed."""
    user = customer_of(request)
    form = NewEmailForm(request.POST or None, user=user)
    wait = 0
    if request.method == "POST":
        who = f"user {user.pk}"
        try:
            spend((PASSWORDS_ASKED, who))
            if form.is_valid():
                spend((LINKS_BY_ONE, who))
                mail_new_email_link(user=user, email=form.cleaned_data["email"])
                return redirect("customers:email-change-sent")
        except TooManyAttemptsError as error:
            messages.error(request, str(error))
            # Not what was sent: to look at it would tell whether it is right.
            typed = {"email": request.POST.get("email", "")}
            form = NewEmailForm(user=user, initial=typed)
            wait = error.seconds
    page = render(request, "customers/email_change.html", {"form": form})
    return say_too_many(page, wait) if wait else page


@login_required
@require_GET
def email_change_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "customers/email_change_sent.html")


@never_cache
@require_http_methods(["GET", "POST"])
def email_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Give an account the email that this link was mailed to, once asked to."""
    template = "customers/email_confirm.html"
    try:
        user, email = read_email_token(token)
        if request.method == "POST":
            user, before = change_email(token=token)
            mail_email_changed(user=user, before=before)
            messages.success(request, _("Your email is changed."))
            is_own = request.user.is_authenticated
            return redirect("customers:profile" if is_own else "customers:sign-in")
    except CustomerError as error:
        context = {"error": str(error)}
        return render(request, template, context, status=HTTPStatus.GONE)
    return render(request, template, {"email": email, "before": user.email})


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def phone_verify(request: HttpRequest) -> HttpResponse:
    """Ask for the code that was texted."""
    user = customer_of(request)
    if user.phone_verified_at is not None or not user.phone:
        return redirect("customers:profile")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            verify_phone(user_pk=user.pk, code=form.cleaned_data["code"])
        except CustomerError as error:
            form.add_error("code", str(error))
        else:
            messages.success(request, _("Your phone is verified."))
            return redirect("customers:profile")
    return render(request, "customers/phone_verify.html", {"form": form})


@login_required
@require_POST
def phone_send_code(request: HttpRequest) -> HttpResponse:
    """Text a code, and lead to where it is typed in."""
    try:
        send_phone_code(user_pk=customer_of(request).pk)
    except CustomerError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("A code is on its way to your phone."))
    return redirect("customers:phone-verify")
