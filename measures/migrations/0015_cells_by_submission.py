import django.db.models.deletion
from django.db import migrations, models

# Cells of a submission become a partition of their own: filled by COPY before it has an index, dropped whole.
# They had a number each that nobody asked for; counting it up and keeping its index took longer than the rest.
FORWARD = """
alter table measures_cell rename to measures_cell_old;
create table measures_cell (
    submission_id integer not null,
    team_id bigint not null,
    measure_id smallint not null,
    period_id smallint not null,
    by_site boolean not null,
    site_id bigint,
    line_of_business smallint,
    stratum_id smallint not null,
    denominator integer not null,
    numerator integer not null,
    excluded integer not null,
    self_reported integer not null,
    indirect integer not null,
    constraint cell_counts_fit check (
        numerator >= 0 and denominator >= numerator and denominator >= self_reported + indirect
    ),
    constraint cell_is_by_site_or_by_line check (
        (by_site and line_of_business is null)
        or (not by_site and site_id is null and line_of_business is not null)
    )
) partition by list (submission_id);
create index cell_family on measures_cell (measure_id, period_id);

do $$
declare
    number integer;
    part text;
begin
    for number in select distinct submission_id from measures_cell_old order by 1 loop
        part := 'measures_cell_s' || number;
        execute format(
            'create table %I partition of measures_cell for values in (%s)', part, number
        );
        execute format(
            'insert into %1$I (submission_id, team_id, measure_id, period_id, by_site, site_id,'
            ' line_of_business, stratum_id, denominator, numerator, excluded, self_reported, indirect)'
            ' select submission_id, team_id, measure_id, period_id, by_site, site_id,'
            ' line_of_business, stratum_id, denominator, numerator, excluded, self_reported, indirect'
            ' from measures_cell_old where submission_id = %2$s', part, number
        );
    end loop;
end $$;
drop table measures_cell_old;
"""


def key(to: str, on_delete: object, **more: object) -> models.ForeignKey:
    return models.ForeignKey(
        to,
        on_delete=on_delete,
        db_index=False,
        db_constraint=False,
        **{"related_name": "+", **more},
    )


PROTECT = django.db.models.deletion.PROTECT
CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [("measures", "0014_fact_blocks")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)],
            [
                migrations.DeleteModel("Cell"),
                migrations.CreateModel(
                    "Cell",
                    [
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "submission",
                                "team",
                                "measure",
                                "period",
                                "stratum",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("submission", key("measures.submission", CASCADE, related_name="cells")),
                        ("team", key("teams.team", PROTECT)),
                        ("measure", key("measures.measure", PROTECT)),
                        ("period", key("measures.period", PROTECT)),
                        ("by_site", models.BooleanField()),
                        ("site", key("teams.site", PROTECT, null=True)),
                        ("line_of_business", models.SmallIntegerField(null=True)),
                        ("stratum", key("measures.stratum", PROTECT)),
                        ("denominator", models.IntegerField()),
                        ("numerator", models.IntegerField()),
                        ("excluded", models.IntegerField()),
                        (
                            "self_reported",
                            models.IntegerField(
                                help_text="Of the denominator: the stratum is known from the person."
                            ),
                        ),
                        (
                            "indirect",
                            models.IntegerField(
                                help_text="Of the denominator: the stratum is imputed."
                            ),
                        ),
                    ],
                    options={"managed": False, "db_table": "measures_cell"},
                ),
            ],
        )
    ]
