from django.db import migrations

# What actions promise, kept by the database too: sums that tie, one payment for one decision, history that stays.
#
# The sums look at rows of other transactions, so `grants_check_fund` locks the fund's row first: two payments of
# one fund are checked one after the other. Statements in a volatile function see what was committed before them.

APPEND_ONLY = (
    "awardevent",
    "posting",
    "ledgerentry",
    "awardversion",
    "budgetversion",
    "budgetline",
    "trancheapproval",
)
NEVER_DELETED = ("fund", "budgetcategory", "award", "amendment", "grantreport", "reportversion")

FUNCTIONS = """
create function grants_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'The history of grants is append-only: % of % is refused.', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;

create function grants_never_deleted() returns trigger language plpgsql as $$
begin
    raise exception 'Rows of % are kept: delete is refused.', tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;

-- A closed award is read-only, with everything that belongs to it.
create function grants_award_closed() returns trigger language plpgsql as $$
begin
    if old.state = 'closed' then
        raise exception 'A closed award is read-only.' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;

create function grants_part_of_closed() returns trigger language plpgsql as $$
declare
    part jsonb := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
    award bigint := (part ->> 'award_id')::bigint;
begin
    if exists (select 1 from grants_award where id = award and state = 'closed') then
        raise exception 'A closed award is read-only: % of % is refused.', tg_op, tg_table_name
            using errcode = 'insufficient_privilege';
    end if;
    if tg_op = 'DELETE' then
        if not exists (
            select 1 from grants_award where id = award and state in ('draft', 'changes_requested')
        ) then
            raise exception 'Only a draft can lose a row of %.', tg_table_name
                using errcode = 'insufficient_privilege';
        end if;
        return old;
    end if;
    return new;
end
$$;

create function grants_version_frozen() returns trigger language plpgsql as $$
begin
    if old.submitted_at is not null then
        raise exception 'A submitted report stays as it was handed in.'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;

create function grants_line_frozen() returns trigger language plpgsql as $$
declare
    part jsonb := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
begin
    if exists (
        select 1 from grants_reportversion
        where id = (part ->> 'version_id')::bigint and submitted_at is not null
    ) then
        raise exception 'A submitted report stays as it was handed in.'
            using errcode = 'insufficient_privilege';
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end
$$;

create function grants_posting_balances() returns trigger language plpgsql as $$
declare
    book_of text;
    expected text[];
    found text[];
    total numeric;
    amount_of numeric;
begin
    select p.book, p.amount into book_of, amount_of
        from grants_posting p where p.id = (case when tg_table_name = 'grants_posting'
            then (to_jsonb(new) ->> 'id') else (to_jsonb(new) ->> 'posting_id') end)::bigint;
    select array_agg(e.account::text order by e.account), sum(e.amount) into found, total
        from grants_ledgerentry e where e.posting_id = (case when tg_table_name = 'grants_posting'
            then (to_jsonb(new) ->> 'id') else (to_jsonb(new) ->> 'posting_id') end)::bigint;
    expected := case book_of when 'receipts' then array['institute', 'payer'] else array['group', 'institute'] end;
    if found is distinct from expected or total <> 0 then
        raise exception 'A posting has one entry for each of its two accounts, and they add up to zero.'
            using errcode = 'check_violation';
    end if;
    if exists (
        select 1 from grants_ledgerentry e where abs(e.amount) <> amount_of
        and e.posting_id = (case when tg_table_name = 'grants_posting'
            then (to_jsonb(new) ->> 'id') else (to_jsonb(new) ->> 'posting_id') end)::bigint
    ) then
        raise exception 'The entries of a posting carry its amount.' using errcode = 'check_violation';
    end if;
    return null;
end
$$;

create function grants_check_fund(fund bigint) returns void language plpgsql as $$
declare
    committed numeric;
    fund_amount numeric;
    held numeric;
begin
    select f.amount into fund_amount from grants_fund f where f.id = fund for update;
    -- What came to an end early binds what was paid and not returned, no more.
    select coalesce(sum(case
        when a.state in ('approved', 'agreement_out', 'active', 'suspended') then a.amount
        when a.state in ('closing', 'closed', 'terminated') then (
            select coalesce(sum(t.amount), 0) from grants_tranche t
            where t.award_id = a.id and t.state not in ('cancelled', 'returned'))
        else 0 end), 0)
        into committed from grants_award a where a.fund_id = fund;
    if committed > fund_amount then
        raise exception 'The awards of the fund would add up to %, more than its % dollars.', committed, fund_amount
            using errcode = 'check_violation', constraint = 'grants_committed_within_fund';
    end if;
    select coalesce(sum(e.amount), 0) into held
        from grants_ledgerentry e join grants_posting p on p.id = e.posting_id
        where p.fund_id = fund and e.account = 'institute';
    if held < 0 then
        raise exception 'The institute would have paid more of the fund than it received.'
            using errcode = 'check_violation', constraint = 'grants_paid_within_received';
    end if;
end
$$;

create function grants_check_award(award bigint) returns void language plpgsql as $$
declare
    a record;
    planned numeric;
    budgeted numeric;
    t record;
begin
    select * into a from grants_award where id = award;
    if not found then
        return;
    end if;
    select coalesce(sum(amount), 0) into planned
        from grants_tranche where award_id = award and state <> 'cancelled';
    if a.state in ('approved', 'agreement_out', 'active', 'suspended') then
        if planned <> a.amount then
            raise exception 'The payments add up to %, the award to %.', planned, a.amount
                using errcode = 'check_violation', constraint = 'grants_tranches_make_award';
        end if;
        select coalesce(sum(l.amount), 0) into budgeted from grants_budgetline l
            where l.budget_id = (select id from grants_budgetversion
                where award_id = award order by number desc limit 1);
        if budgeted <> a.amount then
            raise exception 'The budget adds up to %, the award to %.', budgeted, a.amount
                using errcode = 'check_violation', constraint = 'grants_budget_makes_award';
        end if;
    elsif planned > a.amount then
        raise exception 'The payments add up to %, more than the award of %.', planned, a.amount
            using errcode = 'check_violation', constraint = 'grants_tranches_make_award';
    end if;
    for t in
        select tr.*,
            (select coalesce(sum(case kind when 'payment' then amount when 'failure' then -amount else 0 end), 0)
                from grants_posting where tranche_id = tr.id) as paid,
            (select coalesce(sum(amount), 0) from grants_posting
                where tranche_id = tr.id and kind = 'return') as returned,
            (select count(*) from grants_trancheapproval p where p.tranche_id = tr.id and p.round = tr.round
                and p.step in ('recommendation', 'programme', 'finance')) as steps
        from grants_tranche tr where tr.award_id = award
    loop
        if t.paid <> (case when t.state in ('paid', 'returned') then t.amount else 0 end) then
            raise exception 'Payment % is %, but % dollars are on the ledger for it.', t.number, t.state, t.paid
                using errcode = 'check_violation', constraint = 'grants_paid_as_approved';
        end if;
        if t.returned > t.paid or (t.state = 'returned') <> (t.returned = t.amount) then
            raise exception 'More was returned of payment % than was paid, or its state does not say so.', t.number
                using errcode = 'check_violation', constraint = 'grants_returned_within_paid';
        end if;
        if t.state in ('approved_finance', 'paid', 'payment_failed', 'returned') and t.steps < 3 then
            raise exception 'Payment % was not recommended and approved by three people.', t.number
                using errcode = 'check_violation', constraint = 'grants_three_people';
        end if;
    end loop;
    perform grants_check_fund(a.fund_id);
end
$$;

create function grants_check_part() returns trigger language plpgsql as $$
declare
    part jsonb := to_jsonb(coalesce(new, old));
begin
    if tg_table_name = 'grants_award' then
        perform grants_check_award((part ->> 'id')::bigint);
    elsif tg_table_name = 'grants_fund' then
        perform grants_check_fund((part ->> 'id')::bigint);
    elsif tg_table_name = 'grants_budgetline' then
        perform grants_check_award((select award_id from grants_budgetversion
            where id = (part ->> 'budget_id')::bigint));
    elsif part ->> 'award_id' is not null then
        perform grants_check_award((part ->> 'award_id')::bigint);
    else
        perform grants_check_fund((part ->> 'fund_id')::bigint);
    end if;
    return null;
end
$$;
"""

FUNCTION_NAMES = (
    "grants_check_part()",
    "grants_check_award(bigint)",
    "grants_check_fund(bigint)",
    "grants_posting_balances()",
    "grants_line_frozen()",
    "grants_version_frozen()",
    "grants_part_of_closed()",
    "grants_award_closed()",
    "grants_never_deleted()",
    "grants_append_only()",
)

#: Table, name, when, function.
TRIGGERS = (
    *((t, "append_only", "before update or delete", "grants_append_only") for t in APPEND_ONLY),
    *((t, "never_deleted", "before delete", "grants_never_deleted") for t in NEVER_DELETED),
    ("award", "closed", "before update", "grants_award_closed"),
    *(
        (t, "part_of_closed", "before insert or update or delete", "grants_part_of_closed")
        for t in ("tranche", "milestone")
    ),
    *(
        (t, "part_of_closed", "before insert or update", "grants_part_of_closed")
        for t in ("amendment", "grantreport", "awardversion", "budgetversion", "posting")
    ),
    ("reportversion", "frozen", "before update", "grants_version_frozen"),
    ("actualline", "frozen", "before insert or update or delete", "grants_line_frozen"),
)
#: Table, when: checked at the end of the transaction.
CHECKED = (
    ("award", "insert or update"),
    ("tranche", "insert or update or delete"),
    ("budgetline", "insert"),
    ("posting", "insert"),
    ("fund", "update"),
)

FORWARD = [
    FUNCTIONS,
    *(
        f"create trigger grants_{table}_{name} {when} on grants_{table}"
        f" for each row execute function {function}();"
        for table, name, when, function in TRIGGERS
    ),
    *(
        f"create constraint trigger grants_{table}_checked after {when} on grants_{table}"
        " deferrable initially deferred for each row execute function grants_check_part();"
        for table, when in CHECKED
    ),
    *(
        f"create constraint trigger grants_{table}_balances after insert on grants_{table}"
        " deferrable initially deferred for each row execute function grants_posting_balances();"
        for table in ("posting", "ledgerentry")
    ),
]
BACKWARD = [
    *(f"drop trigger grants_{table}_balances on grants_{table};" for table in ("posting", "ledgerentry")),
    *(f"drop trigger grants_{table}_checked on grants_{table};" for table, _ in CHECKED),
    *(f"drop trigger grants_{table}_{name} on grants_{table};" for table, name, _, _ in TRIGGERS),
    *(f"drop function {name};" for name in FUNCTION_NAMES),
]


class Migration(migrations.Migration):
    dependencies = [("grants", "0001_awards")]

    operations = [migrations.RunSQL("\n".join(FORWARD), "\n".join(BACKWARD))]
