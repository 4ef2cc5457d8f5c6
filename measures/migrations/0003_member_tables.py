from django.db import migrations

# A submission's rows are one partition of each table, filled by COPY and attached or dropped whole.
# Row-level security is forced, so the application's own role, which owns the tables, is bound by it
# too: without `app.team_ids` (see teams.scoping.member_rows_of) there are no rows. The sub-select lets
# the planner read the setting once instead of once a row. Partitions get row-level security without
# a policy when they are made: reading one directly shows nothing.
FORWARD = """
create table measures_memberrow (
    submission_id integer not null,
    member_number integer not null,
    team_id bigint not null,
    member_key bytea not null,
    sealed_id bytea,
    race_codes smallint[] not null,
    race smallint not null,
    ethnicity smallint not null,
    combined smallint not null,
    language smallint not null,
    sex smallint not null,
    gender_identity smallint not null,
    sexual_orientation smallint not null,
    race_source smallint not null,
    ethnicity_source smallint not null,
    language_source smallint not null,
    birth_year smallint,
    zip_code integer,
    tract bigint,
    probabilities real[]
) partition by list (submission_id);

create table measures_memberfact (
    submission_id integer not null,
    member_number integer not null,
    team_id bigint not null,
    site_id bigint,
    measure_id smallint not null,
    period_id smallint not null,
    event_number integer not null,
    line_of_business smallint not null,
    flags smallint not null
) partition by list (submission_id);

alter table measures_memberrow enable row level security;
alter table measures_memberrow force row level security;
create policy own_teams on measures_memberrow using (
    team_id = any (
        (select string_to_array(nullif(current_setting('app.team_ids', true), ''), ',')::bigint[])::bigint[]
    )
);
alter table measures_memberfact enable row level security;
alter table measures_memberfact force row level security;
create policy own_teams on measures_memberfact using (
    team_id = any (
        (select string_to_array(nullif(current_setting('app.team_ids', true), ''), ',')::bigint[])::bigint[]
    )
);
"""

BACKWARD = """
drop table measures_memberfact;
drop table measures_memberrow;
"""


class Migration(migrations.Migration):
    dependencies = [("measures", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
