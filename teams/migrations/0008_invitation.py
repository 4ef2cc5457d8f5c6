from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("teams", "0007_second_reference")]

    operations = [
        migrations.AddField(
            model_name="outboxmessage",
            name="invitation",
            field=models.TextField(
                blank=True, help_text="A calendar entry (iCalendar) that goes with the e-mail."
            ),
        ),
        # A text of the whole programme belongs to no team.
        migrations.AlterField(
            model_name="fieldversion",
            name="team",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose words these are; empty: the programme's.",
                null=True,
                on_delete=models.deletion.PROTECT,
                related_name="+",
                to="teams.team",
            ),
        ),
    ]
