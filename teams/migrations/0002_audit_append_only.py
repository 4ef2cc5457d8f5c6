from django.db import migrations

FORWARD = """
create function teams_auditevent_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'The audit trail is append-only: % is refused.', tg_op
        using errcode = 'insufficient_privilege';
end
$$;
create trigger teams_auditevent_append_only
    before update or delete on teams_auditevent
    for each row execute function teams_auditevent_refuse();
create trigger teams_auditevent_no_truncate
    before truncate on teams_auditevent
    for each statement execute function teams_auditevent_refuse();
"""

BACKWARD = """
drop trigger teams_auditevent_append_only on teams_auditevent;
drop trigger teams_auditevent_no_truncate on teams_auditevent;
drop function teams_auditevent_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("teams", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
