import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.constraints
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("restaurants", "0002_widest_delivery_radius")]

    operations = [
        migrations.RunSQL(
            # Minutes of the restaurant's own week, shifted so that no two restaurants
            # share one: ranges alone then exclude, without an extension. What runs on
            # past Sunday comes round to Monday.
            """
            CREATE FUNCTION minutes_of_week(
                restaurant bigint, weekday int, opens time, closes time
            ) RETURNS int8multirange
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
                SELECT CASE WHEN starts + lasts <= monday + 10080
                    THEN int8multirange(int8range(starts, starts + lasts))
                    ELSE int8multirange(int8range(starts, monday + 10080),
                                        int8range(monday, starts + lasts - 10080))
                    END
                  FROM (SELECT restaurant * 10080 AS monday,
                               restaurant * 10080 + weekday * 1440
                               + (extract(epoch FROM opens) / 60)::bigint AS starts,
                               CASE WHEN closes > opens
                                    THEN (extract(epoch FROM closes - opens) / 60)::bigint
                                    ELSE (extract(epoch FROM closes - opens) / 60)::bigint
                                         + 1440 END AS lasts) span
            $$
            """,
            "DROP FUNCTION minutes_of_week(bigint, int, time, time)",
        ),
        migrations.AddConstraint(
            model_name="openinghours",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                expressions=[
                    (
                        models.Func(
                            models.F("restaurant"),
                            models.F("weekday"),
                            models.F("opens_at"),
                            models.F("closes_at"),
                            function="minutes_of_week",
                            output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField(),
                        ),
                        "&&",
                    )
                ],
                name="opening_hours_do_not_overlap",
            ),
        ),
    ]
