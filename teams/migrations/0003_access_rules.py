import django.db.models.functions.text
from django.db import migrations, models

# The same pairs as teams.enums.ROLES_OF_KIND when this was written; a test compares the two.
FORWARD = """
create function teams_role_fits_kind() returns trigger language plpgsql as $$
declare
    organisation_kind text;
begin
    select kind into organisation_kind from teams_organisation where id = new.organisation_id;
    if not (case organisation_kind
        when 'payer' then new.role in ('payer_analyst', 'payer_finance', 'administrator')
        when 'institute' then new.role in ('coach', 'programme_director', 'administrator')
        when 'provider_group' then new.role in ('group_member', 'group_lead', 'senior_sponsor')
        when 'evaluator' then new.role = 'evaluator'
        else false
    end) then
        raise exception 'The role % cannot be held in an organisation of kind %.', new.role, organisation_kind
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger teams_membership_role_fits_kind
    before insert or update of role, organisation_id on teams_membership
    for each row execute function teams_role_fits_kind();
create trigger teams_invitation_role_fits_kind
    before insert or update of role, organisation_id on teams_invitation
    for each row execute function teams_role_fits_kind();
"""

BACKWARD = """
drop trigger teams_membership_role_fits_kind on teams_membership;
drop trigger teams_invitation_role_fits_kind on teams_invitation;
drop function teams_role_fits_kind();
"""


class Migration(migrations.Migration):
    dependencies = [("teams", "0002_audit_append_only")]

    operations = [
        migrations.RemoveField("user", "failed_sign_ins"),
        migrations.RemoveField("user", "locked_until_at"),
        migrations.RemoveField("user", "is_superuser"),
        migrations.RemoveField("user", "groups"),
        migrations.RemoveField("user", "user_permissions"),
        migrations.AddConstraint(
            "invitation",
            models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"),
                models.F("organisation"),
                models.F("role"),
                condition=models.Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_open_once",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
