-- The ledger: the doors for calls, and how the schema llm is made.
--
-- What create_ledger() makes belongs to the role that calls it and is no member of the extension, so that
-- DROP EXTENSION deletes no entry. src/pg/call.c makes an entry of a call, src/pg/post.c posts it, with the rights of the
-- ledger's owner.

-- One call as it comes through a door; the columns of the contract.
CREATE TYPE tokenmeter.call AS (
  request_id text, source text, occurred_at timestamptz,
  tenant_id text, team_id text, project_id text, user_id text, session_id text, api_key_id text,
  provider text, model text, service_tier text,
  input_text text, messages jsonb, tools jsonb, output_text text, reasoning_text text, usage jsonb,
  input_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, cache_write_1h_tokens bigint,
  output_tokens bigint, reasoning_tokens bigint,
  quantities jsonb, provider_cost numeric, currency text,
  status text, latency_ms integer, ttft_ms integer, tags jsonb
);
COMMENT ON TYPE tokenmeter.call IS 'one call of a model as it comes through a door';

-- What a call becomes: the columns of llm.usage that posting fills in. src/pg/call.h has them in this order.
CREATE TYPE tokenmeter.entry AS (
  entry_id bigint, occurred_at timestamptz, source text, request_id text, fingerprint bytea,
  tenant_id text, team_id text, project_id text, user_id text, session_id text, api_key_id text,
  provider text, model text, encoding text, service_tier text, region text,
  reported_input_tokens bigint, reported_cache_read_tokens bigint, reported_cache_write_tokens bigint,
  reported_cache_write_1h_tokens bigint, reported_output_tokens bigint, reported_reasoning_tokens bigint,
  counted_input_tokens bigint, counted_output_tokens bigint, counted_reasoning_tokens bigint,
  input_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, cache_write_1h_tokens bigint,
  output_tokens bigint, reasoning_tokens bigint,
  quantities jsonb, method text, cost numeric, currency text, price_ids bigint[], tier_assumed boolean,
  unpriced_reason text, provider_cost numeric, provider_cost_currency text,
  status text, latency_ms integer, ttft_ms integer, tags jsonb
);
COMMENT ON TYPE tokenmeter.entry IS 'a call as it goes into the ledger';

CREATE TYPE tokenmeter.problem AS (sqlstate text, problem text, call tokenmeter.call, entry tokenmeter.entry);
COMMENT ON TYPE tokenmeter.problem IS 'a call, or its entry, that could not be posted, and why';

CREATE FUNCTION tokenmeter.numbers_of(object jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT jsonb_object_agg(member.key, member.value)
  FROM jsonb_each(CASE jsonb_typeof(object) WHEN 'object' THEN object ELSE '{}' END) member
  WHERE jsonb_typeof(member.value) = 'number' AND member.key ~ '^[A-Za-z0-9_.:/-]{1,63}$');
COMMENT ON FUNCTION tokenmeter.numbers_of(jsonb) IS 'the members of an object that are numbers, and whose names are no texts';

-- Of usage and quantities only the numbers: whatever else somebody may have put there could be text.
CREATE FUNCTION tokenmeter.call_facts(call tokenmeter.call) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  call.input_text := NULL;
  call.messages := NULL;
  call.tools := NULL;
  call.output_text := NULL;
  call.reasoning_text := NULL;
  call.usage := tokenmeter.numbers_of(call.usage);
  call.quantities := tokenmeter.numbers_of(call.quantities);
  RETURN (SELECT jsonb_object_agg(f.key, f.value) FROM jsonb_each(to_jsonb(call)) f WHERE f.value <> 'null');
END $$;
COMMENT ON FUNCTION tokenmeter.call_facts(tokenmeter.call) IS 'what a call says but for its texts';

CREATE FUNCTION tokenmeter.partition_name(month timestamp) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN to_char(month, 'FM"usage_"YYYY_MM') || CASE WHEN month < '0001-01-01' THEN '_bc' ELSE '' END;
COMMENT ON FUNCTION tokenmeter.partition_name(timestamp) IS 'what the partition of llm.usage for a month, in UTC, is called';

-- As it is now, whatever the transaction's snapshot: another session may have made it since.
CREATE FUNCTION tokenmeter.is_partition(name text) RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN coalesce(pg_partition_root(to_regclass(format('llm.%I', name))) = to_regclass('llm.usage'), false);
COMMENT ON FUNCTION tokenmeter.is_partition(text) IS 'is the table of the schema llm a partition of llm.usage?';

-- Makes the partition of llm.usage for the month, in UTC, of a moment, if there is none yet.
CREATE FUNCTION tokenmeter.ensure_partition(at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
SET datestyle = 'ISO' SET timezone = 'UTC' AS $$
DECLARE
  month timestamp := date_trunc('month', at AT TIME ZONE 'UTC');
  month_name text := tokenmeter.partition_name(month);
  name text := month_name;
BEGIN
  IF tokenmeter.is_partition(name) THEN
    RETURN;
  END IF;
  -- One session makes partitions at a time; those that waited find it made. It is the lock that attaching
  -- takes: others go on inserting.
  LOCK TABLE ONLY llm.usage IN SHARE UPDATE EXCLUSIVE MODE;
  -- A table of that name that is no partition is one that was detached: it is left alone.
  FOR i IN 2 .. 1000 LOOP
    IF tokenmeter.is_partition(name) THEN
      RETURN;
    END IF;
    EXIT WHEN to_regclass(format('llm.%I', name)) IS NULL;
    name := format('%s_%s', month_name, i);
  END LOOP;
  -- Made first and attached then: CREATE TABLE ... PARTITION OF would stop them.
  EXECUTE format('CREATE TABLE llm.%I (LIKE llm.usage INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED)', name);
  EXECUTE format('ALTER TABLE llm.usage ATTACH PARTITION llm.%I FOR VALUES FROM (%L) TO (%L)', name,
    month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON llm.%I EXECUTE FUNCTION llm.refuse_change()', name);
  PERFORM tokenmeter.note_retired(month);
END $$;
COMMENT ON FUNCTION tokenmeter.ensure_partition(timestamptz) IS 'makes the month''s partition of llm.usage if there is none';

-- Whoever posts makes next month's partition, so that at the turn of a month nobody waits for the session that makes it.
-- Nothing is lost if it cannot be made yet.
CREATE FUNCTION tokenmeter.make_next_partition() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  next timestamp := date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month';
BEGIN
  IF tokenmeter.is_partition(tokenmeter.partition_name(next)) THEN
    RETURN;
  END IF;
  LOCK TABLE ONLY llm.usage IN SHARE UPDATE EXCLUSIVE MODE NOWAIT;
  PERFORM tokenmeter.ensure_partition(next AT TIME ZONE 'UTC');
EXCEPTION
  WHEN out_of_memory THEN
    RAISE;
  WHEN OTHERS THEN
    RETURN;
END $$;
COMMENT ON FUNCTION tokenmeter.make_next_partition() IS 'makes next month''s partition of llm.usage if there is none, and nobody else is at it';

-- The ways into the ledger. Strict: raises what is wrong with the call; returns the number and time of its entry, or, of a
-- call that is known already, of that one's; NULL if another call is known under this id.
CREATE FUNCTION tokenmeter.post_call(call tokenmeter.call, OUT occurred_at timestamptz, OUT entry_id bigint)
LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'tokenmeter_post_call';
COMMENT ON FUNCTION tokenmeter.post_call(tokenmeter.call) IS 'counts, prices and enters one call into the ledger; raises what is wrong with it';

-- Lenient: what is wrong with a call is written into llm.intake_problem.
CREATE FUNCTION tokenmeter.post_calls(calls tokenmeter.call[]) RETURNS void
LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'tokenmeter_post_calls';
COMMENT ON FUNCTION tokenmeter.post_calls(tokenmeter.call[]) IS 'counts, prices and enters calls into the ledger; lists those that cannot be';

CREATE FUNCTION tokenmeter.receive_call() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'tokenmeter_receive_call';
COMMENT ON FUNCTION tokenmeter.receive_call() IS 'trigger before a row of llm.inbox: takes the call, and suppresses the row';

CREATE FUNCTION tokenmeter.post_received() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'tokenmeter_post_received';
COMMENT ON FUNCTION tokenmeter.post_received() IS 'trigger after an insert into llm.inbox: posts the calls that it took, leniently';

CREATE FUNCTION tokenmeter.uncounted() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'a text could not be counted';
COMMENT ON FUNCTION tokenmeter.uncounted() IS 'why a call has no cost of which a number of tokens is missing';

-- The functions of the schema llm.
CREATE FUNCTION tokenmeter.create_ledger_functions() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
BEGIN
  CREATE OR REPLACE FUNCTION llm.refuse_change() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    RAISE EXCEPTION 'rows of %.% are not changed or deleted', TG_TABLE_SCHEMA, TG_TABLE_NAME
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'A mistake is mended by an entry that corrects it.';
  END $$;
  COMMENT ON FUNCTION llm.refuse_change() IS 'trigger: the ledger is append-only';

  CREATE OR REPLACE FUNCTION llm.post_message() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    posted record;
  BEGIN
    posted := tokenmeter.post_call(ROW(NEW.request_id, NEW.source, NEW.occurred_at,
      NEW.tenant_id, NEW.team_id, NEW.project_id, NEW.user_id, NEW.session_id, NEW.api_key_id,
      NEW.provider, NEW.model, NEW.service_tier,
      NEW.input_text, NEW.messages, NEW.tools, NEW.output_text, NEW.reasoning_text, NEW.usage,
      NEW.input_tokens, NEW.cache_read_tokens, NEW.cache_write_tokens, NEW.cache_write_1h_tokens,
      NEW.output_tokens, NEW.reasoning_tokens, NEW.quantities, NEW.provider_cost, NEW.currency,
      NEW.status, NEW.latency_ms, NEW.ttft_ms, NEW.tags)::tokenmeter.call);
    SELECT m.* INTO NEW FROM llm.message_log m
    WHERE m.occurred_at = posted.occurred_at AND m.entry_id = posted.entry_id;
    RETURN CASE WHEN FOUND THEN NEW END;
  END $$;
  COMMENT ON FUNCTION llm.post_message() IS 'trigger: posts a call inserted into llm.message_log';
  -- Triggers call these whoever inserts; nobody else has to.
  REVOKE ALL ON FUNCTION llm.post_message(), llm.refuse_change() FROM PUBLIC;
END $create$;
COMMENT ON FUNCTION tokenmeter.create_ledger_functions() IS 'part of create_ledger()';

CREATE FUNCTION tokenmeter.create_ledger_tables() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
BEGIN
  CREATE SEQUENCE IF NOT EXISTS llm.usage_entry_id_seq;
  CREATE TABLE IF NOT EXISTS llm.usage (
    entry_id bigint NOT NULL DEFAULT nextval('llm.usage_entry_id_seq'),
    occurred_at timestamptz NOT NULL,
    posted_at timestamptz NOT NULL DEFAULT now(),
    corrects bigint, revision integer NOT NULL DEFAULT 0,
    correction text CHECK (correction IN ('priced_late', 'price_wrong', 'price_changed')), correction_reason text,
    source text NOT NULL DEFAULT '', request_id text,
    tenant_id text, team_id text, project_id text, user_id text, session_id text, api_key_id text,
    provider text, model text NOT NULL, encoding text, service_tier text NOT NULL DEFAULT 'standard', region text,
    reported_input_tokens bigint, reported_cache_read_tokens bigint, reported_cache_write_tokens bigint,
    reported_cache_write_1h_tokens bigint, reported_output_tokens bigint, reported_reasoning_tokens bigint,
    counted_input_tokens bigint, counted_output_tokens bigint, counted_reasoning_tokens bigint,
    input_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, cache_write_1h_tokens bigint,
    output_tokens bigint, reasoning_tokens bigint, quantities jsonb,
    method text CHECK (method IN ('reported', 'counted', 'estimated', 'mixed')),
    cost numeric, currency text, priced boolean NOT NULL, priced_at timestamptz,
    price_ids bigint[], tier_assumed boolean NOT NULL DEFAULT false, unpriced_reason text,
    provider_cost numeric, provider_cost_currency text,
    status text, latency_ms integer, ttft_ms integer, tags jsonb,
    CHECK (priced = (cost IS NOT NULL) AND (cost IS NULL) = (currency IS NULL)),
    CHECK ((corrects IS NULL) = (revision = 0) AND (corrects IS NULL) = (correction IS NULL)),
    PRIMARY KEY (occurred_at, entry_id)
  ) PARTITION BY RANGE (occurred_at);
  ALTER SEQUENCE llm.usage_entry_id_seq OWNED BY llm.usage.entry_id;
  -- Entries are found by their number, corrections by what they correct: once for each revision and currency.
  CREATE INDEX IF NOT EXISTS usage_entry_id ON llm.usage USING brin (entry_id)
    WITH (pages_per_range = 32, autosummarize = on);
  CREATE UNIQUE INDEX IF NOT EXISTS usage_correction ON llm.usage (occurred_at, corrects, revision, currency)
    WHERE corrects IS NOT NULL;
  CREATE INDEX IF NOT EXISTS usage_unpriced ON llm.usage (occurred_at) WHERE NOT priced;
  COMMENT ON TABLE llm.usage IS 'the ledger: one immutable entry for each call';
  COMMENT ON COLUMN llm.usage.input_tokens IS 'billed: prompt tokens neither read from nor written to a cache';
  COMMENT ON COLUMN llm.usage.output_tokens IS 'billed: answer tokens without reasoning';
  COMMENT ON COLUMN llm.usage.counted_input_tokens IS 'tokens of the whole prompt, counted here';
  COMMENT ON COLUMN llm.usage.method IS 'where the billed token numbers come from';
  COMMENT ON COLUMN llm.usage.cost IS 'exact, in currency; of a correction the difference; NULL: a price is missing';
  COMMENT ON COLUMN llm.usage.corrects IS 'of a correction: the entry that it corrects; all its numbers of tokens are NULL';
  COMMENT ON COLUMN llm.usage.revision IS 'of a correction: 1 for the first of its entry, and so on';
  COMMENT ON COLUMN llm.usage.correction IS 'priced_late: there was no price; price_wrong: a price was recorded wrongly; price_changed: a change of price was recorded late';
  COMMENT ON COLUMN llm.usage.price_ids IS 'the rows of tokenmeter.price that the cost comes from; tokenmeter.explain_cost() shows how';
  COMMENT ON COLUMN llm.usage.tier_assumed IS 'priced at standard prices, since none are known for the service tier';
  CREATE OR REPLACE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON llm.usage
    FOR EACH ROW EXECUTE FUNCTION llm.refuse_change();
  CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON llm.usage
    EXECUTE FUNCTION llm.refuse_change();

  CREATE TABLE IF NOT EXISTS llm.request (
    source text NOT NULL,
    request_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    entry_id bigint NOT NULL,
    fingerprint bytea NOT NULL,
    duplicates bigint NOT NULL DEFAULT 0,
    CONSTRAINT request_pkey PRIMARY KEY (source, request_id)
  );
  COMMENT ON TABLE llm.request IS 'the ids of all calls ever posted: a call is billed once';
  CREATE OR REPLACE TRIGGER refuse_change
    BEFORE UPDATE OF source, request_id, occurred_at, entry_id, fingerprint OR DELETE ON llm.request
    FOR EACH ROW EXECUTE FUNCTION llm.refuse_change();
  CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON llm.request
    EXECUTE FUNCTION llm.refuse_change();

  CREATE TABLE IF NOT EXISTS llm.intake_problem (
    problem_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    noticed_at timestamptz NOT NULL DEFAULT now(),
    source text,
    request_id text,
    sqlstate text NOT NULL,
    problem text NOT NULL,
    call jsonb
  );
  COMMENT ON COLUMN llm.intake_problem.call IS 'what the call says but for its texts';

  -- It has rows for no longer than their statement: they are posted and suppressed. Without that, none gets in.
  CREATE TABLE IF NOT EXISTS llm.inbox (
    LIKE tokenmeter.call,
    CONSTRAINT inbox_pkey PRIMARY KEY (request_id),
    CONSTRAINT inbox_stays_empty CHECK (false)
  );
  COMMENT ON TABLE llm.inbox IS 'insert calls here, as a queue does: they are posted to the ledger, and the table stays empty';
  CREATE OR REPLACE TRIGGER receive_call BEFORE INSERT ON llm.inbox
    FOR EACH ROW EXECUTE FUNCTION tokenmeter.receive_call();
  CREATE OR REPLACE TRIGGER post_received AFTER INSERT ON llm.inbox
    FOR EACH STATEMENT EXECUTE FUNCTION tokenmeter.post_received();
  ALTER TABLE llm.inbox ENABLE ALWAYS TRIGGER receive_call;
  ALTER TABLE llm.inbox ENABLE ALWAYS TRIGGER post_received;
  COMMENT ON TABLE llm.intake_problem IS 'calls that could not be posted, without their text';
END $create$;
COMMENT ON FUNCTION tokenmeter.create_ledger_tables() IS 'part of create_ledger()';

CREATE FUNCTION tokenmeter.create_ledger_views() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
BEGIN
  -- The door, and what it answers: inserted texts are counted and gone, so they read as NULL.
  CREATE OR REPLACE VIEW llm.message_log AS
  SELECT request_id, source, occurred_at, tenant_id, team_id, project_id, user_id, session_id, api_key_id,
    provider, model, service_tier,
    NULL::text AS input_text, NULL::jsonb AS messages, NULL::jsonb AS tools, NULL::text AS output_text,
    NULL::text AS reasoning_text, NULL::jsonb AS usage,
    input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens,
    reasoning_tokens, quantities, provider_cost, currency, status, latency_ms, ttft_ms, tags,
    entry_id, encoding, counted_input_tokens, counted_output_tokens, counted_reasoning_tokens, method,
    cost, priced
  FROM llm.usage WHERE corrects IS NULL;
  CREATE OR REPLACE TRIGGER post_message INSTEAD OF INSERT ON llm.message_log
    FOR EACH ROW EXECUTE FUNCTION llm.post_message();
  COMMENT ON VIEW llm.message_log IS 'insert one row for each call; RETURNING gives the counted and priced entry';

  CREATE OR REPLACE VIEW llm.unpriced AS
  SELECT provider, model, service_tier, unpriced_reason AS reason, count(*) AS calls,
    min(occurred_at) AS first_call, max(occurred_at) AS last_call
  FROM llm.usage u
  WHERE NOT priced AND NOT EXISTS (SELECT FROM llm.usage c WHERE c.occurred_at = u.occurred_at AND c.corrects = u.entry_id)
  GROUP BY provider, model, service_tier, reason;
  COMMENT ON VIEW llm.unpriced IS 'models whose calls have no cost, and why; tokenmeter.price_pending() prices them later';

  -- A producer numbers its calls in the tag seq: what is missing between the first and the last was lost, or is late.
  CREATE OR REPLACE VIEW llm.delivery AS
  WITH posted AS (
    SELECT source, count(*) AS calls, min(seq) AS first_seq, max(seq) AS last_seq,
      max(seq) - min(seq) + 1 - count(DISTINCT seq) AS missing, max(posted_at) AS last_seen
    FROM (SELECT source, posted_at, CASE WHEN tags ->> 'seq' ~ '^[0-9]{1,18}$' THEN (tags ->> 'seq')::bigint END AS seq
      FROM llm.usage WHERE corrects IS NULL) entry
    GROUP BY source
  ), repeated AS (
    SELECT source, sum(duplicates)::bigint AS duplicates FROM llm.request GROUP BY source
  ), problem AS (
    SELECT coalesce(source, '') AS source, count(*) FILTER (WHERE sqlstate = '23505') AS conflicts,
      count(*) FILTER (WHERE sqlstate <> '23505') AS problems, max(noticed_at) AS last_seen
    FROM llm.intake_problem GROUP BY coalesce(source, '')
  )
  SELECT source, coalesce(p.calls, 0) + coalesce(r.duplicates, 0) + coalesce(i.conflicts, 0) + coalesce(i.problems, 0) AS received,
    coalesce(p.calls, 0) AS posted, coalesce(r.duplicates, 0) AS duplicates, coalesce(i.conflicts, 0) AS conflicts,
    coalesce(i.problems, 0) AS problems, p.first_seq, p.last_seq, p.missing, greatest(p.last_seen, i.last_seen) AS last_seen
  FROM posted p FULL JOIN repeated r USING (source) FULL JOIN problem i USING (source);
  COMMENT ON VIEW llm.delivery IS 'what has arrived from each source, and what became of it; missing numbers of its sequence';
END $create$;
COMMENT ON FUNCTION tokenmeter.create_ledger_views() IS 'part of create_ledger()';

-- Makes the ledger, owned by the role that calls; what is there already stays as it is. Partitions are made
-- for this month and the next two; others as calls arrive.
CREATE FUNCTION tokenmeter.create_ledger() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
  foreign_object text;
BEGIN
  -- What is there already is kept, so it must be the caller's: another's could be anything.
  SELECT object INTO foreign_object FROM (
    SELECT 'schema llm', nspowner FROM pg_namespace WHERE nspname = 'llm'
    UNION ALL SELECT 'llm.' || relname, relowner FROM pg_class WHERE relnamespace = to_regnamespace('llm')
      AND relname ~ ('^(usage.*|request|intake_problem|inbox.*|message_log|unpriced|delivery|series.*|unfolded|tail|bucket_.*'
        '|report_zone.*|retired.*|(tenant|model|top)_.*|monthly_statement.*|statement.*|focus|drift|anomaly|forecast|alert.*)$')
    UNION ALL SELECT 'llm.' || proname, proowner FROM pg_proc WHERE pronamespace = to_regnamespace('llm')
      AND proname ~ '^(post_message|refuse_change|refuse_addition|days|hours|(require_)?quarters|usage_.*|(anomaly|forecast)_at)$'
  ) AS present (object, owner)
  WHERE owner <> quote_ident(current_user)::regrole LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% belongs to another role', foreign_object
      USING ERRCODE = 'insufficient_privilege',
            HINT = 'Call create_ledger() as the owner of the schema llm and all in it.';
  END IF;
  CREATE SCHEMA IF NOT EXISTS llm;
  COMMENT ON SCHEMA llm IS 'the usage ledger for language models';
  PERFORM tokenmeter.create_ledger_functions();
  PERFORM tokenmeter.create_ledger_tables();
  PERFORM tokenmeter.create_ledger_views();
  PERFORM tokenmeter.create_bucket_tables();
  PERFORM tokenmeter.create_calendars();
  PERFORM tokenmeter.create_usage_views();
  PERFORM tokenmeter.create_summaries();
  PERFORM tokenmeter.create_statement_tables();
  PERFORM tokenmeter.create_focus_view();
  PERFORM tokenmeter.create_watch_views();
  PERFORM tokenmeter.ensure_partition(now() + months * interval '1 month') FROM generate_series(0, 2) months;
END $$;
COMMENT ON FUNCTION tokenmeter.create_ledger() IS 'makes the schema llm with the ledger and its doors; to be called once in a database';
