from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    BigIntegerRangeField,
    RangeOperators,
)
from django.db import models
from django.utils.translation import gettext_lazy as _

from restaurants.models.restaurants import Restaurant


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class OpeningHours(models.Model):
    """One span of a weekday, local to the restaurant.

    A span that closes at or before it opens runs past midnight; equal times mean the
    whole day.
    """

    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="opening_hours"
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    opens_at = models.TimeField(_("opens at"))
    closes_at = models.TimeField(_("closes at"))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["weekday", "opens_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["restaurant", "weekday", "opens_at"],
                name="opening_hours_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(weekday__range=(0, 6)), name="opening_hours_weekday"
            ),
            # Deferred, since one save of the page may swap two spans.
            ExclusionConstraint(
                name="opening_hours_do_not_overlap",
                expressions=[
                    (
                        models.Func(
                            models.F("restaurant"),
                            models.F("weekday"),
                            models.F("opens_at"),
                            models.F("closes_at"),
                            function="minutes_of_week",
                            output_field=BigIntegerRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    )
                ],
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_weekday_display()} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"
        )


class SpecialHours(models.Model):
    """What replaces the weekly hours of one date: a span, or closed all day."""

    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="special_hours"
    )
    date = models.DateField(_("date"))
    opens_at = models.TimeField(_("opens at"), null=True, blank=True)
    closes_at = models.TimeField(_("closes at"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("special hours")
        verbose_name_plural = _("special hours")
        ordering = ["date", "opens_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["restaurant", "date", "opens_at"],
                name="special_hours_unique",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(opens_at__isnull=True, closes_at__isnull=True)
                | models.Q(opens_at__isnull=False, closes_at__isnull=False),
                name="special_hours_closed_or_span",
                violation_error_message=_(
                    "Give both times, or neither for a day that is closed."
                ),
            ),
        ]

    def __str__(self) -> str:
        if self.opens_at is None or self.closes_at is None:
            return f"{self.date} {_('closed')}"
        return f"{self.date} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"
