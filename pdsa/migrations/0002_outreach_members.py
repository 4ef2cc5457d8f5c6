from django.db import migrations

# As for member rows: forced, so that the application's own role, which owns the table, is bound too.
FORWARD = """
alter table pdsa_cyclemember enable row level security;
alter table pdsa_cyclemember force row level security;
create policy own_teams on pdsa_cyclemember using (
    team_id = any (
        (select string_to_array(nullif(current_setting('app.team_ids', true), ''), ',')::bigint[])::bigint[]
    )
);
"""

BACKWARD = """
drop policy own_teams on pdsa_cyclemember;
alter table pdsa_cyclemember no force row level security;
alter table pdsa_cyclemember disable row level security;
"""


class Migration(migrations.Migration):
    dependencies = [("pdsa", "0001_cycles")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
