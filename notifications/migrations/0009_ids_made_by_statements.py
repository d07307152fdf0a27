from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0008_service_tokens")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE notifications_row_seq",
            "DROP SEQUENCE notifications_row_seq",
        ),
    ]
