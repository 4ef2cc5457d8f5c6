import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

FORWARD = """
create function teams_fieldversion_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'The history of a field is append-only: % is refused.', tg_op
        using errcode = 'insufficient_privilege';
end
$$;
create trigger teams_fieldversion_append_only
    before update or delete on teams_fieldversion
    for each row execute function teams_fieldversion_refuse();
"""

BACKWARD = """
drop trigger teams_fieldversion_append_only on teams_fieldversion;
drop function teams_fieldversion_refuse();
"""


class Migration(migrations.Migration):

    dependencies = [
        ("teams", "0005_notifications"),
    ]

    operations = [
        migrations.CreateModel(
            name="FieldVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("target_type", models.CharField(max_length=60)),
                ("target_id", models.BigIntegerField()),
                ("field", models.CharField(max_length=60)),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField(blank=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                (
                    "by",
                    models.ForeignKey(
                        help_text="Empty: stood there before the history began.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="teams.team"),
                ),
            ],
            options={
                "ordering": ["target_type", "target_id", "field", "number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("target_type", "target_id", "field", "number"), name="fieldversion_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="fieldversion_number_from_one"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
