"""The people who run a restaurant: who they are, invitations, roles, goodbyes."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from customers.models import User
from restaurants.exceptions import RefusedError
from restaurants.forms import InvitationForm, RoleForm
from restaurants.models import Duty, Invitation, Membership, Restaurant
from restaurants.owner_site import Page, owner_site
from restaurants.selectors import list_invitations, list_members
from restaurants.services.people import (
    ONLY_MEMBERS,
    change_role,
    decides_people,
    invite_member,
    link_of,
    remove_member,
    send_invitation,
    withdraw_invitation,
)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@require_http_methods(["GET", "POST"])
def people(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    """Show who runs the restaurant; invite one more."""
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            invitation = invite_member(
                restaurant_pk=restaurant.pk, actor=_user(request), **form.cleaned_data
            )
        except RefusedError as error:
            form.add_error("email", str(error.message))
        else:
            _send(request, invitation)
            return redirect("owner:people", restaurant.pk)
    if not form.is_bound and not decides_people(restaurant.pk, _user(request)):
        form.fields["email"].help_text = ONLY_MEMBERS
    context = owner_site.page_context(
        request,
        restaurant,
        form=form,
        members=list_members(restaurant),
        roles=Membership.Role.choices,
        invitations=[
            {"row": one, "link": link_of(one), "is_over": _is_over(one)}
            for one in list_invitations(restaurant)
        ],
    )
    return TemplateResponse(request, "owner/team/people.html", context)


def _is_over(invitation: Invitation) -> bool:
    return invitation.expires_at <= timezone.now()


def _send(request: HttpRequest, invitation: Invitation) -> None:
    if send_invitation(invitation):
        messages.success(
            request, _("The invitation is on its way to %s.") % invitation.email
        )
    else:
        messages.error(
            request,
            _("The mail to %(email)s was not sent. Send the link yourself: %(url)s")
            % {"email": invitation.email, "url": link_of(invitation)},
        )


@require_POST
def invitation_step(
    request: HttpRequest, restaurant: Restaurant, pk: int, step: str
) -> HttpResponse:
    """Send an open invitation again, or withdraw it."""
    invitation = get_object_or_404(
        Invitation, pk=pk, restaurant=restaurant, accepted_at=None
    )
    try:
        if step == "again":
            again = invite_member(
                restaurant_pk=restaurant.pk,
                actor=_user(request),
                email=invitation.email,
                role=invitation.role,
            )
            _send(request, again)
        elif step == "withdraw":
            withdraw_invitation(
                restaurant_pk=restaurant.pk, actor=_user(request), invitation_pk=pk
            )
            messages.success(request, _("The invitation is withdrawn."))
        else:
            raise Http404
    except RefusedError as error:
        messages.error(request, str(error.message))
    except Invitation.DoesNotExist:
        messages.error(request, _("The invitation was accepted meanwhile."))
    return redirect("owner:people", restaurant.pk)


@require_POST
def role(request: HttpRequest, restaurant: Restaurant, pk: int) -> HttpResponse:
    """Give a member another role."""
    member = _member(restaurant, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the roles."))
        return redirect("owner:people", restaurant.pk)
    try:
        changed = change_role(
            restaurant_pk=restaurant.pk,
            actor=_user(request),
            membership_pk=member.pk,
            role=form.cleaned_data["role"],
        )
    except RefusedError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(
            request,
            _("%(name)s is now: %(role)s.")
            % {"name": _name(member.user), "role": changed.get_role_display()},
        )
    return redirect("owner:people", restaurant.pk)


@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest, restaurant: Restaurant, pk: int) -> HttpResponse:
    """Ask whether somebody is to leave, then let them go."""
    member = _member(restaurant, pk)
    is_self = member.user_id == _user(request).pk
    if request.method == "POST":
        try:
            remove_member(
                restaurant_pk=restaurant.pk,
                actor=_user(request),
                membership_pk=member.pk,
            )
        except RefusedError as error:
            messages.error(request, str(error.message))
        else:
            text = _("%(name)s no longer runs %(restaurant)s.")
            names = {"name": _name(member.user), "restaurant": restaurant.name}
            messages.success(request, text % names)
            if is_self:
                return redirect("home")
        return redirect("owner:people", restaurant.pk)
    if not decides_people(restaurant.pk, _user(request)):
        messages.error(request, str(ONLY_MEMBERS))
        return redirect("owner:people", restaurant.pk)
    context: dict[str, Any] = owner_site.page_context(
        request,
        restaurant,
        title=_("Leave %s") % restaurant.name
        if is_self
        else _("Remove %s") % _name(member.user),
        member=member,
        is_self=is_self,
    )
    return TemplateResponse(request, "owner/team/remove.html", context)


def _member(restaurant: Restaurant, pk: int) -> Membership:
    members = Membership.objects.select_related("user")
    return get_object_or_404(members, pk=pk, restaurant=restaurant)


def _name(user: User) -> str:
    return user.name or user.email


PAGES = [
    Page(
        path="people/",
        name="people",
        view=people,
        duty=Duty.PEOPLE,
        label=gettext_lazy("People"),
        icon="group",
        position=70,
    ),
    Page(path="people/<int:pk>/role/", name="people-role", view=role, duty=Duty.PEOPLE),
    Page(
        path="people/<int:pk>/remove/",
        name="people-remove",
        view=remove,
        duty=Duty.PEOPLE,
    ),
    Page(
        path="people/invitation/<int:pk>/<slug:step>/",
        name="people-invitation",
        view=invitation_step,
        duty=Duty.PEOPLE,
    ),
]
