from django.db import migrations, models
from django.db.models import F, Q

# The stratum “unknown” was given what the others lack of the total; for how a stratum is known there is no
# total, and the difference came out below zero.
MEND = """
update measures_stratumresult set self_reported = greatest(self_reported, 0), indirect = greatest(indirect, 0)
where self_reported < 0 or indirect < 0;

update measures_partresult set
    self_reported = array(
        select greatest(n, 0) from unnest(self_reported) with ordinality as one (n, i) order by i
    ),
    indirect = array(select greatest(n, 0) from unnest(indirect) with ordinality as one (n, i) order by i)
where 0 > any (self_reported) or 0 > any (indirect);
"""


class Migration(migrations.Migration):
    dependencies = [("measures", "0016_deprivation")]

    operations = [
        migrations.RunSQL(MEND, migrations.RunSQL.noop),
        migrations.RemoveConstraint("stratumresult", "result_counts_fit"),
        migrations.AddConstraint(
            "stratumresult",
            models.CheckConstraint(
                condition=Q(numerator__gte=0, self_reported__gte=0, indirect__gte=0)
                & Q(denominator__gte=F("numerator"))
                & Q(denominator__gte=F("self_reported") + F("indirect")),
                name="result_counts_fit",
            ),
        ),
    ]
