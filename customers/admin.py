from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import (
    AdminUserCreationForm,
    ReadOnlyPasswordHashField,
)
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm

from customers.models import Address, AppSession, KnownBrowser, User
from customers.services import end_app_session, end_app_sessions

# The tokens of apps: nothing in them is for people to read, and an app is signed out
# by its session.
for token_model in apps.get_app_config("oauth2_provider").get_models():
    if admin.site.is_registered(token_model):
        admin.site.unregister(token_model)


class UserChangeForm(ModelForm[User]):
    password = ReadOnlyPasswordHashField(label=_("password"))

    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007  # the admin's fieldsets choose


class UserAddForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("email",)


class PasswordForm(AdminPasswordChangeForm):
    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's
        """Save the password, and sign the user's apps out."""
        user: User = super().save(commit)
        end_app_sessions(user=user)
        return user


class AddressInline(TabularInline[Address, User]):
    model = Address
    extra = 0
    fields = ["label", "street_address", "locality", "postal_code", "is_chosen"]
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


class KnownBrowserInline(TabularInline[KnownBrowser, User]):
    model = KnownBrowser
    extra = 0
    fields = ["label", "first_seen_at", "last_seen_at"]
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], ModelAdmin[User]):
    form = UserChangeForm
    add_form = UserAddForm
    change_password_form = PasswordForm
    inlines = [AddressInline, KnownBrowserInline]
    list_display = ["email", "name", "phone", "is_active", "is_staff", "date_joined"]
    list_filter = ["is_active", "is_guest", "is_staff", "is_superuser"]
    search_fields = ["email", "name", "phone"]
    ordering = ["email"]
    readonly_fields = ["last_login", "date_joined", "phone_verified_at", "is_guest"]
    change_form_before_template = "admin/customers/_user_links.html"
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (
            _("Person"),
            {
                "fields": (
                    *("name", "phone", "phone_verified_at", "is_guest"),
                    *("time_zone", "locale"),
                )
            },
        ),
        (
            _("Rights"),
            {
                "fields": (
                    "is_active",
                    "is_staff",
                    "is_superuser",
                    "groups",
                    "user_permissions",
                )
            },
        ),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "usable_password", "password1", "password2"),
            },
        ),
    )

    def get_inlines(
        self, request: HttpRequest, obj: User | None
    ) -> list[type[TabularInline[Any, User]]]:
        return self.inlines if obj else []

    def save_model(
        self,
        request: HttpRequest,
        obj: User,
        form: Any,
        change: bool,  # noqa: FBT001 - Django's
    ) -> None:
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            end_app_sessions(user=obj)


@admin.register(AppSession)
class AppSessionAdmin(ModelAdmin[AppSession]):
    """Shows who is signed in with which app, and signs them out."""

    list_display = ["user", "name", "created_at", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["user__email", "name"]
    fields = ["user", "name", "created_at", "last_used_at"]
    actions = ["sign_out"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: AppSession | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: AppSession | None = None
    ) -> bool:
        return False

    def has_sign_out_permission(self, request: HttpRequest) -> bool:
        """Tell whether somebody may end what users have begun."""
        return request.user.has_perm("customers.delete_appsession")

    @admin.action(description=_("Sign out"), permissions=["sign_out"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[AppSession]) -> None:
        for session in queryset.select_related("user"):
            end_app_session(user=session.user, public_id=session.public_id)


@admin.register(Address)
class AddressAdmin(ModelAdmin[Address]):
    list_display = ["street_address", "locality", "postal_code", "user", "is_chosen"]
    list_select_related = ["user"]
    search_fields = ["street_address", "postal_code", "user__email"]
    autocomplete_fields = ["user"]
