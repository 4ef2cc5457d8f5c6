from django.db import migrations


# Versions of plans stay; what was handed in with an application and what a reviewer handed in stays too.
FORWARD = """
create trigger grants_planversion_append_only before update or delete on grants_planversion
    for each row execute function grants_append_only();
create function grants_application_frozen() returns trigger language plpgsql as $$
begin
    if old.submitted_at is not null and (new.title, new.amount, new.answers, new.submitted_at)
        is distinct from (old.title, old.amount, old.answers, old.submitted_at) then
        raise exception 'An application stays as it was handed in.'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
create trigger grants_application_frozen before update on grants_application
    for each row execute function grants_application_frozen();
create trigger grants_review_frozen before update on grants_review
    for each row execute function grants_version_frozen();
"""
BACKWARD = """
drop trigger grants_review_frozen on grants_review;
drop trigger grants_application_frozen on grants_application;
drop function grants_application_frozen();
drop trigger grants_planversion_append_only on grants_planversion;
"""


class Migration(migrations.Migration):
    dependencies = [("grants", "0002_guards")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
