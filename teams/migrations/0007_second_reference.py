from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("teams", "0006_field_history")]

    operations = [
        migrations.AddField(
            model_name="programme",
            name="second_reference",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "Nobody else"),
                    ("best", "The group with the best rate in the period before"),
                    ("largest", "The group with the most people"),
                    ("overall", "Everybody together"),
                    ("benchmark", "The measure’s benchmark, where it has one"),
                ],
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="programme",
            name="simulation_seed",
            field=models.PositiveIntegerField(
                default=20250101, help_text="Intervals that are simulated start from it."
            ),
        ),
        migrations.AddConstraint(
            model_name="programme",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("second_reference__in", ["", "best", "largest", "overall", "benchmark"])
                ),
                name="programme_second_reference_known",
            ),
        ),
    ]
