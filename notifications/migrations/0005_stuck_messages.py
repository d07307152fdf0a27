"""What is stuck can be found among all messages, at no cost to those that are not.

On partitioned tables indexes cannot be made concurrently; adding a stored column writes
each partition anew. Where there are many messages, do this while the lanes stand still.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0004_digests_circuits_and_tallies'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='is_stuck',
            field=models.GeneratedField(db_persist=True, expression=models.Q(('status__in', ['dead', 'unknown'])), output_field=models.BooleanField()),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('is_stuck', True)), fields=['id'], name='message_stuck'),
        ),
    ]
