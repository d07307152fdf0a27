from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("restaurants", "0001_initial")]

    operations = [
        migrations.RunSQL(
            # A function, so that PostgreSQL plans the question once a connection and
            # not once a list: that is a third of what planning the list costs.
            """
            CREATE FUNCTION widest_delivery_radius() RETURNS float8
            LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
            BEGIN
                RETURN (SELECT max(delivery_radius) FROM restaurants_restaurant);
            END $$
            """,
            "DROP FUNCTION widest_delivery_radius()",
        ),
    ]
