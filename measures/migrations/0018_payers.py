from django.db import migrations

# Whose bill a row of a group's own file went to: a stratum of the set “payer” for each fact, 0 where none is
# stated; empty where a file names no payers at all. Laid out as the other arrays of a block.
FORWARD = """
alter table measures_factblock add column payers smallint[];
alter table measures_factblock alter payers set storage external;
alter table measures_factblock add constraint measures_factblock_payers_are_even check (
    coalesce(cardinality(payers), cardinality(member_numbers)) = cardinality(member_numbers)
);
"""
BACKWARD = "alter table measures_factblock drop column payers;"


class Migration(migrations.Migration):
    dependencies = [("measures", "0017_shares_fit")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
