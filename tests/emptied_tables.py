"""Tables are emptied after a test that needs real transactions.

Django truncates all of them and writes the content types anew: half a second of a processor for each such
test, most of it for files of tables that hold nothing. Here only what holds rows is emptied.
"""

from __future__ import annotations

from django.db import connection, transaction

#: Written by migrating, the same for every test.
_KEPT = ("django_migrations", "django_content_type", "auth_permission", "django_site")

# Guarded: with triggers of ours, which may refuse to delete. Hidden: with rows that row-level security keeps from
# their owner too, and partitions, which nothing refers to.
_FILLED = """
select oid::regclass::text,
       exists (select from pg_trigger where tgrelid = pg_class.oid and not tgisinternal),
       relrowsecurity or relispartition
from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0
  and not relname = any(%s)
"""


def empty_filled_tables() -> None:
    """Every row of a test is gone. References are looked at when all is deleted; guards stand again at the end."""
    with connection.cursor() as cursor:
        cursor.execute(_FILLED, [list(_KEPT)])
        filled = cursor.fetchall()
        guarded = [table for table, is_guarded, is_hidden in filled if is_guarded and not is_hidden]
        for table in guarded:
            cursor.execute(f"alter table {table} disable trigger user")
        with transaction.atomic():
            cursor.execute("set constraints all deferred")
            for table, _, is_hidden in filled:
                cursor.execute(f"truncate {table}" if is_hidden else f"delete from {table}")
        for table in guarded:
            cursor.execute(f"alter table {table} enable trigger user")
