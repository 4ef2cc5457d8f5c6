from django.db import migrations

# What was published was read by others: it can be replaced by a newer card, and nothing else.
FORWARD = """
create function reports_reportcard_frozen() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        if old.state in ('published', 'superseded') then
            raise exception 'A published report card is kept: it cannot be deleted.'
                using errcode = 'insufficient_privilege';
        end if;
        return old;
    end if;
    if old.state not in ('published', 'superseded') then
        return new;
    end if;
    if new.state not in ('published', 'superseded')
        or (old.state = 'superseded' and new.state = 'published')
        or (to_jsonb(new) - 'state' - 'superseded_by_id') is distinct from
           (to_jsonb(old) - 'state' - 'superseded_by_id')
        or (old.superseded_by_id is not null and new.superseded_by_id is distinct from old.superseded_by_id)
    then
        raise exception 'A published report card is frozen: it cannot be changed.'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
create trigger reports_reportcard_frozen
    before update or delete on reports_reportcard
    for each row execute function reports_reportcard_frozen();
"""

BACKWARD = """
drop trigger reports_reportcard_frozen on reports_reportcard;
drop function reports_reportcard_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_report_cards")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
