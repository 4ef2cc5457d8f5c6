from django.db import migrations

# The rows of one slice side by side in arrays (measures/ingest/fact_blocks.py, decision 0017); what was called
# `measures_memberfact` becomes a view that takes them apart again. The view asks as whoever reads it, so the
# row-level security of the table holds for it too. Arrays are stored as they are: packing them takes
# longer than writing them.
FORWARD = """
create table measures_factblock (
    submission_id integer not null,
    team_id bigint not null,
    measure_id smallint not null,
    period_id smallint not null,
    member_numbers integer[] not null,
    site_ids integer[] not null,
    event_numbers integer[],
    lines_of_business smallint[] not null,
    flags smallint[] not null,
    constraint measures_factblock_arrays_are_even check (
        cardinality(member_numbers) > 0
        and cardinality(site_ids) = cardinality(member_numbers)
        and coalesce(cardinality(event_numbers), cardinality(member_numbers)) = cardinality(member_numbers)
        and cardinality(lines_of_business) = cardinality(member_numbers)
        and cardinality(flags) = cardinality(member_numbers)
    )
) partition by list (submission_id);
alter table measures_factblock alter member_numbers set storage external;
alter table measures_factblock alter site_ids set storage external;
alter table measures_factblock alter event_numbers set storage external;
alter table measures_factblock alter lines_of_business set storage external;
alter table measures_factblock alter flags set storage external;

alter table measures_memberfact no force row level security;
do $$
declare
    number integer;
    part text;
begin
    for number in select distinct submission_id from measures_memberfact order by 1 loop
        part := 'measures_factblock_s' || number;
        execute format(
            'create table %1$I (like measures_factblock including defaults including storage'
            ' including constraints, check (submission_id = %2$s))', part, number
        );
        execute format(
            'insert into %1$I select submission_id, team_id, measure_id, period_id,'
            ' array_agg(member_number order by member_number, event_number),'
            ' array_agg(coalesce(site_id, 0)::integer order by member_number, event_number),'
            ' case when max(event_number) > 0'
            ' then array_agg(event_number order by member_number, event_number) end,'
            ' array_agg(line_of_business order by member_number, event_number),'
            ' array_agg(flags order by member_number, event_number)'
            ' from measures_memberfact where submission_id = %2$s group by 1, 2, 3, 4', part, number
        );
        execute format('alter table %I enable row level security', part);
        execute format('alter table %I force row level security', part);
        execute format(
            'alter table measures_factblock attach partition %I for values in (%s)', part, number
        );
    end loop;
end $$;
drop table measures_memberfact;

alter table measures_factblock enable row level security;
alter table measures_factblock force row level security;
create policy own_teams on measures_factblock using (
    team_id = any (
        (select string_to_array(nullif(current_setting('app.team_ids', true), ''), ',')::bigint[])::bigint[]
    )
);

create view measures_memberfact with (security_invoker = true) as
select
    b.submission_id, f.member_number, b.team_id, nullif(f.site_id, 0)::bigint as site_id,
    b.measure_id, b.period_id, coalesce(f.event_number, 0) as event_number, f.line_of_business, f.flags
from measures_factblock b
cross join lateral unnest(b.member_numbers, b.site_ids, b.event_numbers, b.lines_of_business, b.flags)
    as f (member_number, site_id, event_number, line_of_business, flags);
"""


class Migration(migrations.Migration):
    dependencies = [("measures", "0013_reference_settings")]

    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
