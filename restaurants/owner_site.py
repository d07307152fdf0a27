"""The owner portal: an admin site of its own, scoped to one's restaurants.

It fails closed: only an OwnerModelAdmin can be registered, everything it lists, opens,
offers or accepts belongs to a restaurant the user is a member of, and a foreign key to
a model it does not know offers nothing.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.forms import ModelChoiceField, ModelForm, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.sites import UnfoldAdminSite
from unfold.widgets import BASE_INPUT_CLASSES, INPUT_CLASSES

from customers.models import User
from restaurants.models import Cuisine, Restaurant

# Models that belong to nobody and may be chosen by everybody.
SHARED_MODELS: tuple[type[Model], ...] = (Cuisine,)


def own_restaurants(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Restaurant]:
    """Return the restaurants that somebody is a member of; none for strangers."""
    if not isinstance(user, User) or not user.is_active:
        return Restaurant.objects.none()
    return Restaurant.objects.run_by(user)


def is_member(request: HttpRequest) -> bool:
    user = request.user
    # Asked for every model on every page.
    if not hasattr(request, "is_restaurant_member"):
        request.is_restaurant_member = own_restaurants(user).exists()  # type: ignore[attr-defined]
    return bool(request.is_restaurant_member)  # type: ignore[attr-defined]


class OwnerSignInForm(AuthenticationForm):
    def __init__(self, request: HttpRequest | None = None, *args: Any, **kw: Any):
        super().__init__(request, *args, **kw)
        for name in ("username", "password"):
            self.fields[name].widget.attrs["class"] = " ".join(
                [*BASE_INPUT_CLASSES, *INPUT_CLASSES]
            )

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        super().confirm_login_allowed(user)  # type: ignore[arg-type]
        if not own_restaurants(user).exists():
            raise ValidationError(
                _(
                    "This account does not run a restaurant. To order food, use our"
                    " customer pages."
                ),
                code="no_restaurant",
            )


class Scoped:
    """What model admins and inlines of the portal share."""

    admin_site: admin.AdminSite

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        kwargs["queryset"] = self._choices(db_field.remote_field.model, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc,no-any-return]

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        kwargs["queryset"] = self._choices(db_field.remote_field.model, request)
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc,no-any-return]

    def _choices(self, model: type[Model], request: HttpRequest) -> QuerySet[Any]:
        if model is Restaurant:
            return own_restaurants(request.user)
        if model in SHARED_MODELS:
            return model._default_manager.all()  # noqa: SLF001  # public in all but name
        try:
            related = self.admin_site.get_model_admin(model)
        except NotRegistered:
            return model._default_manager.none()  # noqa: SLF001
        return related.get_queryset(request)


class AsksAgain:
    """Answers a change that met another one in the database, instead of failing.

    Forms see rows as they were when the page was opened; the constraints see the rest.
    """

    def changeform_view(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        try:
            page: HttpResponse = super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except IntegrityError:
            messages.error(
                request,
                _(
                    "Somebody changed the same thing meanwhile, so nothing was saved."
                    " Look at it as it is now and change it again."
                ),
            )
            return redirect(request.get_full_path())
        return page


class OwnerModelAdmin(AsksAgain, Scoped, ModelAdmin):
    """A model of the portal; `restaurant_path` leads from its row to the restaurant."""

    restaurant_path = "restaurant"
    can_add = True
    can_change = True
    can_delete = False
    actions: Any = []
    view_on_site = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.scope(super().get_queryset(request), request)

    def scope(self, rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        own = own_restaurants(request.user).order_by().values("pk")
        return rows.filter(**{f"{self.restaurant_path}__in": own})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_member(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.can_add and self._may(request, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.can_change and self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.can_delete and self._may(request, obj)

    def _may(self, request: HttpRequest, obj: Any) -> bool:
        if not is_member(request):
            return False
        return obj is None or self.get_queryset(request).filter(pk=obj.pk).exists()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = list(super().get_fields(request, obj))
        is_chosen = obj is None and own_restaurants(request.user).count() > 1
        if "restaurant" in fields and not is_chosen:
            fields.remove("restaurant")
        return fields

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: Any
    ) -> None:
        if self.restaurant_path == "restaurant" and obj.restaurant_id is None:
            obj.restaurant = own_restaurants(request.user).get()
        super().save_model(request, obj, form, change)


class OwnerInline(Scoped, TabularInline):
    """Rows inside a page of the portal; the page's own row decides who may."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_member(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_member(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_member(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_member(request)


class BackOffice(UnfoldAdminSite):
    """What both admin sites share: their own names, and the way in."""

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # The theme's form forgets where to go.
        if request.method == "GET" and REDIRECT_FIELD_NAME not in request.GET:
            home = urlencode({REDIRECT_FIELD_NAME: reverse(f"{self.name}:index")})
            return redirect(f"{request.path}?{home}")
        page: HttpResponse = super().login(request, extra_context)
        return page

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().each_context(request)
        context["site_title"] = self.site_title
        context["site_header"] = self.site_header
        return context


class OwnerSite(BackOffice):
    site_header = _("Your restaurant")
    site_title = _("Your restaurant on Tiffin")
    index_title = _("Your restaurant")
    # The page to start on; the app that has it sets it.
    home_url_name = ""

    def __init__(self, name: str = "owner") -> None:
        super().__init__(name)
        self.login_form = OwnerSignInForm

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and is_member(request)

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[admin.ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        if admin_class is None or not issubclass(admin_class, OwnerModelAdmin):
            raise ImproperlyConfigured(
                "The owner portal takes subclasses of OwnerModelAdmin only."
            )
        super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        # The shortcut to any object's page knows no owners.
        return [
            pattern
            for pattern in super().get_urls()
            if getattr(pattern, "name", "") != "view_on_site"
        ]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if self.home_url_name:
            return redirect(f"{self.name}:{self.home_url_name}")
        page: HttpResponse = super().index(request, extra_context)
        return page


owner_site = OwnerSite()
