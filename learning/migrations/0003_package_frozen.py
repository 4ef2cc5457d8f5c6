"""What was published stays as it was published: database-enforced, for a version and everything under it."""

from django.db import migrations

# One exception: a contribution whose group stopped sharing its test loses its words, once and for good.
FORWARD = """
create function learning_refuse_published(version_id bigint) returns void language plpgsql as $$
begin
    if exists (
        select 1 from learning_packageversion where id = version_id and state = 'published'
    ) then
        raise exception 'A published version of the change package is frozen: begin the next one.'
            using errcode = 'insufficient_privilege';
    end if;
end
$$;

create function learning_packageversion_frozen() returns trigger language plpgsql as $$
begin
    if old.state = 'published' then
        raise exception 'A published version of the change package is frozen: begin the next one.'
            using errcode = 'insufficient_privilege';
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end
$$;
create trigger learning_packageversion_frozen
    before update or delete on learning_packageversion
    for each row execute function learning_packageversion_frozen();

create function learning_chapter_frozen() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        perform learning_refuse_published(old.version_id);
    end if;
    if tg_op <> 'DELETE' then
        perform learning_refuse_published(new.version_id);
        return new;
    end if;
    return old;
end
$$;
create trigger learning_chapter_frozen
    before insert or update or delete on learning_chapter
    for each row execute function learning_chapter_frozen();

create function learning_chapteridea_frozen() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        perform learning_refuse_published(
            (select version_id from learning_chapter where id = old.chapter_id));
    end if;
    if tg_op <> 'DELETE' then
        perform learning_refuse_published(
            (select version_id from learning_chapter where id = new.chapter_id));
        return new;
    end if;
    return old;
end
$$;
create trigger learning_chapteridea_frozen
    before insert or update or delete on learning_chapteridea
    for each row execute function learning_chapteridea_frozen();

create function learning_contribution_frozen() returns trigger language plpgsql as $$
declare
    words text[] := array['title', 'summary', 'decision', 'afterwards', 'effects', 'withdrawn_at'];
begin
    if tg_op = 'UPDATE' and old.withdrawn_at is null and new.withdrawn_at is not null
        and to_jsonb(new) - words = to_jsonb(old) - words
    then
        return new;  -- that the words are gone, a constraint of the table says
    end if;
    if tg_op <> 'INSERT' then
        perform learning_refuse_published((
            select version_id from learning_chapter c
            join learning_chapteridea i on i.chapter_id = c.id where i.id = old.idea_id));
    end if;
    if tg_op <> 'DELETE' then
        perform learning_refuse_published((
            select version_id from learning_chapter c
            join learning_chapteridea i on i.chapter_id = c.id where i.id = new.idea_id));
        return new;
    end if;
    return old;
end
$$;
create trigger learning_contribution_frozen
    before insert or update or delete on learning_contribution
    for each row execute function learning_contribution_frozen();
"""
BACKWARD = """
drop trigger learning_contribution_frozen on learning_contribution;
drop function learning_contribution_frozen();
drop trigger learning_chapteridea_frozen on learning_chapteridea;
drop function learning_chapteridea_frozen();
drop trigger learning_chapter_frozen on learning_chapter;
drop function learning_chapter_frozen();
drop trigger learning_packageversion_frozen on learning_packageversion;
drop function learning_packageversion_frozen();
drop function learning_refuse_published(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("learning", "0002_scores_stay")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
