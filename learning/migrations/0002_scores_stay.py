"""A score that was given stays as it was given: a new view is a new row."""

from django.db import migrations

FORWARD = """
create function learning_score_stays() returns trigger language plpgsql as $$
begin
    raise exception 'A score stays as it was given: add another one.'
        using errcode = 'insufficient_privilege';
end
$$;
create trigger learning_score_stays
    before update or delete on learning_score
    for each row execute function learning_score_stays();
"""
BACKWARD = """
drop trigger learning_score_stays on learning_score;
drop function learning_score_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("learning", "0001_learning")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
