"""The words of a test as the search needs them, kept by the database itself whoever writes the row.

Not a field of the model: every page that reads tests would carry it along. The search names the column.
"""

from django.db import migrations

FORWARD = """
alter table pdsa_cycle add column search_document tsvector generated always as (
    setweight(to_tsvector('english', title), 'A')
    || setweight(to_tsvector('english', objective || ' ' || learned), 'B')
    || setweight(to_tsvector('english',
        what_happened || ' ' || problems || ' ' || surprises || ' ' || focus_result || ' '
        || next_change || ' ' || data_what), 'C')
) stored;
"""
BACKWARD = "alter table pdsa_cycle drop column search_document;"


class Migration(migrations.Migration):
    dependencies = [("pdsa", "0002_outreach_members")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
