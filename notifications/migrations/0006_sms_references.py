from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0005_stuck_messages'),
    ]

    operations = [
        migrations.CreateModel(
            name='SmsReference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=10)),
                ('reference', models.CharField(max_length=65)),
                ('message_id', models.BigIntegerField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'SMS reference',
                'verbose_name_plural': 'SMS references',
                'indexes': [models.Index(fields=['created_at'], name='sms_reference_age')],
                'constraints': [models.UniqueConstraint(fields=('provider', 'reference'), name='sms_reference_once')],
            },
        ),
    ]
