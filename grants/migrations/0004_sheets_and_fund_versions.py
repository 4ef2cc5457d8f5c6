from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("grants", "0003_plans_and_calls")]

    operations = [migrations.RunSQL(
            "create trigger grants_fundversion_append_only before update or delete on grants_fundversion"
            " for each row execute function grants_append_only();",
            "drop trigger grants_fundversion_append_only on grants_fundversion;",
        )]
