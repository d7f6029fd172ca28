-- Statements: what a tenant used in a month, frozen for an invoice.
--
-- Each entry is on one statement in force at most. A statement has the entries of its own month, and of earlier months that
-- are closed those that came after: late calls and corrections, as adjustments which name the statement they belong to. A
-- statement that is reopened stays, but is no longer in force; what was on it goes on the month's next one.
--
-- What reads here reads with row_security = off: whose rows a policy would hide gets an error, never a smaller statement.

CREATE FUNCTION tokenmeter.create_statement_tables() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
BEGIN
  CREATE TABLE IF NOT EXISTS llm.statement (
    statement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    zone text NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_by text NOT NULL DEFAULT session_user,
    entries bigint NOT NULL,
    entries_hash bytea NOT NULL,
    reopened_at timestamptz, reopened_by text, reopened_reason text,
    CHECK (num_nonnulls(reopened_at, reopened_by, reopened_reason) IN (0, 3))
  );
  -- Of any length: a B-tree would not take long names.
  CREATE UNIQUE INDEX IF NOT EXISTS statement_in_force ON llm.statement (md5(tenant_id), month) NULLS NOT DISTINCT WHERE reopened_at IS NULL;
  COMMENT ON TABLE llm.statement IS 'closed months of tenants; in force unless they were reopened';
  COMMENT ON COLUMN llm.statement.entries_hash IS 'SHA-256 of the hashes of its entries, in the order of their numbers';

  CREATE TABLE IF NOT EXISTS llm.statement_line (
    statement_id bigint NOT NULL REFERENCES llm.statement DEFERRABLE INITIALLY DEFERRED,
    line integer NOT NULL,
    adjusts bigint REFERENCES llm.statement (statement_id),
    adjusted_month date,
    provider text, model text NOT NULL, service_tier text NOT NULL, currency text,
    calls bigint NOT NULL,
    input_tokens numeric, cache_read_tokens numeric, cache_write_tokens numeric, cache_write_1h_tokens numeric,
    output_tokens numeric, reasoning_tokens numeric, quantities jsonb, cost numeric,
    PRIMARY KEY (statement_id, line),
    CHECK ((adjusts IS NULL) = (adjusted_month IS NULL))
  );
  COMMENT ON TABLE llm.statement_line IS 'what is on statements, by model; a line that adjusts an earlier statement names it';
  COMMENT ON COLUMN llm.statement_line.cost IS 'NULL where a price is missing: once it is known, the cost comes as an adjustment';

  CREATE TABLE IF NOT EXISTS llm.statement_entry (
    statement_id bigint NOT NULL REFERENCES llm.statement DEFERRABLE INITIALLY DEFERRED,
    month date NOT NULL,
    entry_ids bigint[] NOT NULL,
    PRIMARY KEY (statement_id, month)
  );
  COMMENT ON TABLE llm.statement_entry IS 'the numbers of the entries that are on each statement, by their own month';

  CREATE OR REPLACE FUNCTION llm.refuse_addition() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    -- A statement comes after its lines: what has one is complete.
    IF EXISTS (SELECT FROM llm.statement s WHERE s.statement_id = NEW.statement_id) THEN
      RAISE EXCEPTION 'nothing is added to statement %', NEW.statement_id
        USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'What comes late goes on the next statement.';
    END IF;
    RETURN NEW;
  END $$;
  COMMENT ON FUNCTION llm.refuse_addition() IS 'trigger: a closed statement gets no further lines';
  REVOKE ALL ON FUNCTION llm.refuse_addition() FROM PUBLIC;

  CREATE OR REPLACE TRIGGER refuse_change
    BEFORE DELETE OR UPDATE OF statement_id, tenant_id, month, zone, closed_at, closed_by, entries, entries_hash ON llm.statement
    FOR EACH ROW EXECUTE FUNCTION llm.refuse_change();
  CREATE OR REPLACE TRIGGER refuse_second_thought BEFORE UPDATE ON llm.statement
    FOR EACH ROW WHEN (OLD.reopened_at IS NOT NULL) EXECUTE FUNCTION llm.refuse_change();
  CREATE OR REPLACE TRIGGER refuse_addition BEFORE INSERT ON llm.statement_line
    FOR EACH ROW EXECUTE FUNCTION llm.refuse_addition();
  CREATE OR REPLACE TRIGGER refuse_addition BEFORE INSERT ON llm.statement_entry
    FOR EACH ROW EXECUTE FUNCTION llm.refuse_addition();
  CREATE OR REPLACE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON llm.statement_line
    FOR EACH ROW EXECUTE FUNCTION llm.refuse_change();
  CREATE OR REPLACE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON llm.statement_entry
    FOR EACH ROW EXECUTE FUNCTION llm.refuse_change();
  CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON llm.statement EXECUTE FUNCTION llm.refuse_change();
  CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON llm.statement_line EXECUTE FUNCTION llm.refuse_change();
  CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON llm.statement_entry EXECUTE FUNCTION llm.refuse_change();

  CREATE OR REPLACE VIEW llm.statement_total AS
  SELECT s.statement_id, s.tenant_id, s.month, l.currency, s.reopened_at IS NULL AS in_force,
    sum(l.cost) FILTER (WHERE l.adjusts IS NULL) AS charges, sum(l.cost) FILTER (WHERE l.adjusts IS NOT NULL) AS adjustments,
    sum(l.cost) AS total, sum(l.calls)::bigint AS calls
  FROM llm.statement s LEFT JOIN llm.statement_line l USING (statement_id)
  GROUP BY s.statement_id, l.currency;
  COMMENT ON VIEW llm.statement_total IS 'what each statement comes to, by currency; without one: calls whose price is missing';
END $create$;
COMMENT ON FUNCTION tokenmeter.create_statement_tables() IS 'part of create_ledger()';

-- The entries of a tenant and month. The month of a call is that of its quarter of an hour, as in the buckets.
CREATE FUNCTION tokenmeter.entries_of_month(tenant text, month date, zone text)
RETURNS TABLE (entry_id bigint, occurred_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
BEGIN
  RETURN QUERY SELECT u.entry_id, u.occurred_at FROM llm.usage u
  WHERE u.occurred_at >= (entries_of_month.month::timestamp - interval '2 days') AT TIME ZONE 'UTC'
    AND u.occurred_at < (entries_of_month.month::timestamp + interval '1 month 2 days') AT TIME ZONE 'UTC'
    AND date_trunc('month', date_bin('15 minutes', u.occurred_at, '2000-01-01 00:00:00+00') AT TIME ZONE zone) = entries_of_month.month
    AND u.tenant_id IS NOT DISTINCT FROM tenant;
END $$;
COMMENT ON FUNCTION tokenmeter.entries_of_month(text, date, text) IS 'the entries of a tenant in a month';

-- How many entries a tenant has in each month, by the buckets.
CREATE FUNCTION tokenmeter.count_entries(tenant text, zone text) RETURNS TABLE (month date, entries bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off SET tokenmeter.time_zone = 'UTC' AS $$
BEGIN
  PERFORM set_config('tokenmeter.time_zone', zone, true);
  RETURN QUERY SELECT m.month, sum(m.entries)::bigint FROM llm.tenant_monthly m
  WHERE m.tenant_id IS NOT DISTINCT FROM tenant GROUP BY m.month;
END $$;
COMMENT ON FUNCTION tokenmeter.count_entries(text, text) IS 'how many entries a tenant has in each month';

-- Of all columns that an entry has of its call, its cost and its correction; NULL if some of the entries are no longer there.
CREATE FUNCTION tokenmeter.hash_of_entries(statement_id bigint) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO' SET jit = off AS $$
DECLARE
  said text := (SELECT string_agg('u.' || c.name, ', ' ORDER BY c.place) FROM (
    SELECT a.attname, a.attnum FROM pg_attribute a WHERE a.attrelid = 'tokenmeter.entry'::regclass AND a.attname <> 'fingerprint'
    UNION ALL SELECT * FROM unnest('{posted_at,corrects,revision,correction,correction_reason,priced,priced_at}'::text[]) WITH ORDINALITY x (name, place)
  ) c (name, place));
  entries bigint;
  hash bytea;
BEGIN
  EXECUTE format('SELECT count(*), sha256(coalesce(string_agg(sha256(convert_to(ROW(%s)::text, ''UTF8'')), '''' ORDER BY u.entry_id, u.occurred_at), ''''))
    FROM llm.statement_entry e CROSS JOIN LATERAL unnest(e.entry_ids) id JOIN llm.usage u ON u.entry_id = id
      AND u.occurred_at >= (e.month::timestamp - interval ''2 days'') AT TIME ZONE ''UTC''
      AND u.occurred_at < (e.month::timestamp + interval ''1 month 2 days'') AT TIME ZONE ''UTC''
    WHERE e.statement_id = $1', said) INTO entries, hash USING hash_of_entries.statement_id;
  RETURN CASE WHEN entries = (SELECT coalesce(sum(cardinality(e.entry_ids)), 0) FROM llm.statement_entry e
    WHERE e.statement_id = hash_of_entries.statement_id) THEN hash END;
END $$;
COMMENT ON FUNCTION tokenmeter.hash_of_entries(bigint) IS 'a hash of all that the entries of a statement say, from the ledger; NULL if they are not all there';

-- The months that go on a statement: its own, and earlier closed ones that have entries which are on no statement in force.
CREATE FUNCTION tokenmeter.months_to_close(tenant text, month date)
RETURNS TABLE (month date, zone text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
  SELECT months_to_close.month, tokenmeter.report_time_zone()
  UNION ALL
  SELECT s.month, s.zone FROM llm.statement s
  WHERE s.tenant_id IS NOT DISTINCT FROM tenant AND s.month < months_to_close.month AND s.reopened_at IS NULL
    AND (SELECT coalesce(sum(cardinality(e.entry_ids)), 0) FROM llm.statement_entry e JOIN llm.statement o USING (statement_id)
        WHERE o.tenant_id IS NOT DISTINCT FROM tenant AND o.reopened_at IS NULL AND e.month = s.month)
      < (SELECT c.entries FROM tokenmeter.count_entries(tenant, s.zone) c WHERE c.month = s.month);
$$;
COMMENT ON FUNCTION tokenmeter.months_to_close(text, date) IS 'the months of which entries go on a statement';

-- Puts a month's entries that are on no statement in force on this one. Returns how many more the buckets have of the tenant
-- and month: their partition of llm.usage was detached or dropped. All is counted in one snapshot, and an entry gets into
-- llm.usage and llm.unfolded by the same transaction, so what others post meanwhile is on both sides or on neither.
CREATE FUNCTION tokenmeter.add_statement_entries(statement_id bigint, tenant text, month date, zone text) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
  WITH stated AS (
    SELECT id FROM llm.statement_entry e JOIN llm.statement s USING (statement_id) CROSS JOIN LATERAL unnest(e.entry_ids) id
    WHERE s.tenant_id IS NOT DISTINCT FROM tenant AND s.reopened_at IS NULL AND e.month = add_statement_entries.month
  ), found AS (
    SELECT array_agg(e.entry_id ORDER BY e.entry_id) AS entry_ids, count(*) AS entries
    FROM tokenmeter.entries_of_month(tenant, add_statement_entries.month, zone) e
    WHERE NOT EXISTS (SELECT FROM stated WHERE stated.id = e.entry_id)
  ), kept AS (
    INSERT INTO llm.statement_entry (statement_id, month, entry_ids)
    SELECT add_statement_entries.statement_id, add_statement_entries.month, f.entry_ids FROM found f WHERE f.entries > 0
  )
  SELECT coalesce((SELECT c.entries FROM tokenmeter.count_entries(tenant, zone) c WHERE c.month = add_statement_entries.month), 0)
    - f.entries - (SELECT count(*) FROM stated)
  FROM found f;
$$;
COMMENT ON FUNCTION tokenmeter.add_statement_entries(bigint, text, date, text) IS 'part of close_statement()';

-- The lines of a statement, of what its entries say in the ledger. A month at a time, so that only its partitions are read.
CREATE FUNCTION tokenmeter.lines_of_entries(statement_id bigint)
RETURNS TABLE (month date, provider text, model text, service_tier text, currency text, calls bigint, input_tokens numeric,
  cache_read_tokens numeric, cache_write_tokens numeric, cache_write_1h_tokens numeric, output_tokens numeric, reasoning_tokens numeric,
  quantities jsonb, cost numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
DECLARE
  part record;
BEGIN
  FOR part IN SELECT e.* FROM llm.statement_entry e WHERE e.statement_id = lines_of_entries.statement_id LOOP
    RETURN QUERY SELECT part.month, u.provider, u.model, u.service_tier, u.currency, count(*) FILTER (WHERE u.corrects IS NULL),
      sum(u.input_tokens), sum(u.cache_read_tokens), sum(u.cache_write_tokens), sum(u.cache_write_1h_tokens),
      sum(u.output_tokens), sum(u.reasoning_tokens), tokenmeter.sum(tokenmeter.addable_quantities(u.quantities)), sum(u.cost)
    FROM unnest(part.entry_ids) id JOIN llm.usage u ON u.entry_id = id
    WHERE u.occurred_at >= (part.month::timestamp - interval '2 days') AT TIME ZONE 'UTC'
      AND u.occurred_at < (part.month::timestamp + interval '1 month 2 days') AT TIME ZONE 'UTC'
    GROUP BY u.provider, u.model, u.service_tier, u.currency;
  END LOOP;
END $$;
COMMENT ON FUNCTION tokenmeter.lines_of_entries(bigint) IS 'the lines of a statement, made of its entries in the ledger';

CREATE FUNCTION tokenmeter.require_month(month date) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (month BETWEEN '0001-01-01' AND '9999-12-31') IS NOT TRUE THEN
    RAISE EXCEPTION 'month must be a day of the month that is meant' USING ERRCODE = 'invalid_parameter_value';
  END IF;
END $$;
COMMENT ON FUNCTION tokenmeter.require_month(date) IS 'part of close_statement() and reopen_statement()';

-- In two zones, an hour between two months would be on both of their statements, or on none.
CREATE FUNCTION tokenmeter.require_statement_zone(tenant text, zone text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
  other text := (SELECT s.zone FROM llm.statement s
    WHERE s.tenant_id IS NOT DISTINCT FROM tenant AND s.reopened_at IS NULL AND s.zone <> require_statement_zone.zone LIMIT 1);
BEGIN
  IF other IS NOT NULL THEN
    RAISE EXCEPTION 'statements of this tenant are closed in the time zone "%"', other
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('Set tokenmeter.time_zone to ''%s'', or reopen them.', other);
  END IF;
  IF NOT EXISTS (SELECT FROM llm.report_zone z WHERE z.zone = require_statement_zone.zone) THEN
    RAISE EXCEPTION 'no days and months are kept in the time zone "%"', zone
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'tokenmeter.maintain() makes those of tokenmeter.time_zone.';
  END IF;
END $$;
COMMENT ON FUNCTION tokenmeter.require_statement_zone(text, text) IS 'part of close_statement(): an error if a tenant''s statements are in another zone';

-- Freezes a tenant's month, in the zone of tokenmeter.time_zone. Returns the number of the statement.
CREATE FUNCTION tokenmeter.close_statement(tenant text, month date) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
  loaded uuid := tokenmeter.series_key('');  -- loads the library, which checks the settings
  first_day date := date_trunc('month', month::timestamp);
  zone text := tokenmeter.report_time_zone();
  closed bigint;
  part record;
  retired bigint;
BEGIN
  PERFORM tokenmeter.require_month(month);
  PERFORM tokenmeter.require_read_committed();
  LOCK TABLE llm.statement IN SHARE ROW EXCLUSIVE MODE;
  PERFORM tokenmeter.require_statement_zone(tenant, zone);
  -- A statement cannot be taken back: a name that is misspelt gets none.
  IF tenant IS NOT NULL AND NOT EXISTS (SELECT FROM tokenmeter.count_entries(tenant, zone)) THEN
    RAISE EXCEPTION 'there are no calls of the tenant "%"', tenant
      USING ERRCODE = 'undefined_object', HINT = 'Name the tenant as calls do.';
  END IF;
  IF now() AT TIME ZONE zone < first_day + interval '1 month' THEN
    RAISE EXCEPTION 'the month % is not over', to_char(first_day, 'YYYY-MM')
      USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('In the time zone %s it is %s.', zone, to_char(now() AT TIME ZONE zone, 'YYYY-MM-DD'));
  END IF;
  SELECT s.statement_id INTO closed FROM llm.statement s
  WHERE s.tenant_id IS NOT DISTINCT FROM tenant AND s.month = first_day AND s.reopened_at IS NULL;
  IF FOUND THEN
    RAISE EXCEPTION 'the month % is closed already, by statement %', to_char(first_day, 'YYYY-MM'), closed
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'What came after goes on the next statement; tokenmeter.reopen_statement() opens this one again.';
  END IF;
  -- A statement is never changed, and says what its entries are: it comes after them.
  closed := nextval(pg_get_serial_sequence('llm.statement', 'statement_id'));
  FOR part IN SELECT m.* FROM tokenmeter.months_to_close(tenant, first_day) m LOOP
    retired := tokenmeter.add_statement_entries(closed, tenant, part.month, part.zone);
    IF retired > 0 THEN
      RAISE EXCEPTION 'entries of the month % have been retired', to_char(part.month, 'YYYY-MM')
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = format('Entries that the buckets have, but neither llm.usage nor a statement in force: %s.', retired),
              HINT = 'Attach the partition of llm.usage that has them, and close the month again.';
    END IF;
  END LOOP;
  INSERT INTO llm.statement_line (statement_id, line, adjusts, adjusted_month, provider, model, service_tier, currency, calls,
    input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, quantities, cost)
  SELECT closed, row_number() OVER (ORDER BY s.statement_id NULLS FIRST, l.provider, l.model, l.service_tier, l.currency),
    s.statement_id, s.month, l.provider, l.model, l.service_tier, l.currency, l.calls,
    l.input_tokens, l.cache_read_tokens, l.cache_write_tokens, l.cache_write_1h_tokens, l.output_tokens, l.reasoning_tokens, l.quantities, l.cost
  FROM tokenmeter.lines_of_entries(closed) l
  LEFT JOIN llm.statement s ON s.month = l.month AND s.tenant_id IS NOT DISTINCT FROM tenant AND s.reopened_at IS NULL;
  INSERT INTO llm.statement (statement_id, tenant_id, month, zone, entries, entries_hash) OVERRIDING SYSTEM VALUE
  VALUES (closed, tenant, first_day, zone,
    (SELECT coalesce(sum(cardinality(e.entry_ids)), 0) FROM llm.statement_entry e WHERE e.statement_id = closed),
    tokenmeter.hash_of_entries(closed));
  RETURN closed;
END $$;
COMMENT ON FUNCTION tokenmeter.close_statement(text, date) IS 'freezes a tenant''s month with its lines and the hash of its entries, and what came late for earlier ones; returns the statement''s number';

CREATE FUNCTION tokenmeter.reopen_statement(tenant text, month date, reason text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
  first_day date := date_trunc('month', month::timestamp);
  reopened bigint;
BEGIN
  PERFORM tokenmeter.require_month(month);
  IF coalesce(btrim(reason), '') = '' THEN
    RAISE EXCEPTION 'reopening a statement needs a reason'
      USING ERRCODE = 'null_value_not_allowed', HINT = 'It is kept with the statement.';
  END IF;
  LOCK TABLE llm.statement IN SHARE ROW EXCLUSIVE MODE;
  SELECT s.statement_id INTO reopened FROM llm.statement s
  WHERE s.tenant_id IS NOT DISTINCT FROM tenant AND s.month = first_day AND s.reopened_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the month % is not closed', to_char(first_day, 'YYYY-MM') USING ERRCODE = 'undefined_object';
  END IF;
  -- Its entries would be on no statement for ever.
  IF tokenmeter.hash_of_entries(reopened) IS NULL THEN
    RAISE EXCEPTION 'statement % cannot be reopened', reopened
      USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'Entries on it have been retired, so that its month could not be closed again.',
            HINT = 'What is to be changed goes on the next statement.';
  END IF;
  UPDATE llm.statement s SET reopened_at = clock_timestamp(), reopened_by = session_user, reopened_reason = reason
  WHERE s.statement_id = reopened;
  RETURN reopened;
END $$;
COMMENT ON FUNCTION tokenmeter.reopen_statement(text, date, text) IS 'takes a statement out of force, with a trace; its month can be closed again';

CREATE FUNCTION tokenmeter.statement_is_intact(statement_id bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
  statement record;
  hash bytea := tokenmeter.hash_of_entries(statement_is_intact.statement_id);
BEGIN
  SELECT s.* INTO statement FROM llm.statement s WHERE s.statement_id = statement_is_intact.statement_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'statement % does not exist', statement_is_intact.statement_id USING ERRCODE = 'undefined_object';
  END IF;
  IF hash IS DISTINCT FROM statement.entries_hash THEN
    RETURN hash = statement.entries_hash;
  END IF;
  RETURN NOT EXISTS (
    WITH kept AS (
      SELECT coalesce(l.adjusted_month, statement.month), l.provider, l.model, l.service_tier, l.currency, l.calls, l.input_tokens, l.cache_read_tokens,
        l.cache_write_tokens, l.cache_write_1h_tokens, l.output_tokens, l.reasoning_tokens, l.quantities, l.cost
      FROM llm.statement_line l WHERE l.statement_id = statement_is_intact.statement_id
    ), made AS (
      SELECT * FROM tokenmeter.lines_of_entries(statement_is_intact.statement_id)
    )
    (TABLE kept EXCEPT ALL TABLE made) UNION ALL (TABLE made EXCEPT ALL TABLE kept));
END $$;
COMMENT ON FUNCTION tokenmeter.statement_is_intact(bigint) IS 'are the entries of a statement in the ledger as they were when it was closed, and its lines what they add up to? NULL: some have been retired';
