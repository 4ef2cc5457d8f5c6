from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("learning", "0009_notes_by_stream")]

    operations = [
        migrations.RemoveField(model_name="call", name="wins"),
        migrations.RemoveField(model_name="call", name="what_data_say"),
        migrations.RemoveField(model_name="call", name="stuck_on"),
        migrations.RemoveField(model_name="call", name="decisions"),
    ]
