-- The ledger: how a call becomes a usage entry, and how the schema llm is made.
--
-- What create_ledger() makes belongs to the role that calls it and is no member of the extension, so that
-- DROP EXTENSION deletes no entry. The door's trigger function there runs with that role's rights and hands
-- every call to tokenmeter.post_call(), the only way into the ledger.

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

CREATE FUNCTION tokenmeter.check_call(call tokenmeter.call) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  number record;
BEGIN
  IF call.model IS NULL OR call.model = '' THEN
    RAISE EXCEPTION 'a call needs a model' USING ERRCODE = 'not_null_violation',
      HINT = 'Give the model''s name as the provider writes it.';
  END IF;
  IF NOT isfinite(call.occurred_at) THEN
    RAISE EXCEPTION 'occurred_at must be finite' USING ERRCODE = 'datetime_field_overflow';
  END IF;
  FOR number IN
    SELECT * FROM (VALUES
      ('input_tokens', call.input_tokens), ('cache_read_tokens', call.cache_read_tokens),
      ('cache_write_tokens', call.cache_write_tokens),
      ('cache_write_1h_tokens', call.cache_write_1h_tokens), ('output_tokens', call.output_tokens),
      ('reasoning_tokens', call.reasoning_tokens), ('latency_ms', call.latency_ms),
      ('ttft_ms', call.ttft_ms)) AS n (name, value)
    WHERE value < 0
  LOOP
    RAISE EXCEPTION '% must not be negative, but is %', number.name, number.value
      USING ERRCODE = 'numeric_value_out_of_range',
            HINT = 'Leave out a number that is not known.';
  END LOOP;
  IF length(call.request_id) > 1000 OR length(call.source) > 1000 THEN
    RAISE EXCEPTION 'request_id and source must not be longer than 1000 characters'
      USING ERRCODE = 'string_data_right_truncation';
  END IF;
  IF call.provider_cost IN ('NaN', 'Infinity', '-Infinity') OR call.currency !~ '^[A-Z]{3}$' THEN
    RAISE EXCEPTION 'provider_cost must be a number, and currency a code of three capital letters'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF jsonb_typeof(call.quantities) NOT IN ('object', 'null') THEN
    RAISE EXCEPTION 'quantities must be a JSON object' USING ERRCODE = 'sql_json_object_not_found',
      HINT = 'Give it as {"web_search": 2}.';
  END IF;
  FOR number IN
    SELECT key AS name, value FROM jsonb_each(nullif(call.quantities, 'null'))
    WHERE jsonb_typeof(value) <> 'number' OR value < '0'
      OR key IN ('input', 'cache_read', 'cache_write', 'cache_write_1h', 'output', 'reasoning')
  LOOP
    RAISE EXCEPTION 'quantity "%" must be a number from 0 on, and no token meter', number.name
      USING ERRCODE = 'sql_json_number_not_found',
            HINT = 'Numbers of tokens have columns of their own.';
  END LOOP;
END $$;
COMMENT ON FUNCTION tokenmeter.check_call(tokenmeter.call) IS 'raises an error for a call that cannot be metered';

-- What the provider reported: of input and of output each, the columns, if they have its total, else the
-- usage object. A part in a column cannot be told from one that is in a usage object's total already.
CREATE FUNCTION tokenmeter.reported_meters(call tokenmeter.call) RETURNS tokenmeter.token_meters
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  meters tokenmeter.token_meters;
BEGIN
  IF call.usage IS NOT NULL AND jsonb_typeof(call.usage) <> 'null' THEN
    meters := (tokenmeter.read_usage(call.usage)).meters;
  END IF;
  IF call.input_tokens IS NOT NULL OR meters.input IS NULL THEN
    meters.input := call.input_tokens;
    meters.cache_read := call.cache_read_tokens;
    meters.cache_write := call.cache_write_tokens;
    meters.cache_write_1h := call.cache_write_1h_tokens;
  ELSIF num_nonnulls(call.cache_read_tokens, call.cache_write_tokens, call.cache_write_1h_tokens) > 0 THEN
    RAISE EXCEPTION 'numbers of cached tokens without input_tokens, beside usage'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give all numbers of the input in columns, or all in usage.';
  END IF;
  IF call.output_tokens IS NOT NULL OR meters.output IS NULL THEN
    meters.output := call.output_tokens;
    meters.reasoning := call.reasoning_tokens;
  ELSIF call.reasoning_tokens IS NOT NULL THEN
    RAISE EXCEPTION 'reasoning_tokens without output_tokens, beside usage'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give all numbers of the output in columns, or all in usage.';
  END IF;
  RETURN meters;
END $$;
COMMENT ON FUNCTION tokenmeter.reported_meters(tokenmeter.call) IS 'the token meters that came with the call';

-- A usage object's total of output has the reasoning in it, if it does not say how much that was.
CREATE FUNCTION tokenmeter.output_has_reasoning(call tokenmeter.call, reported tokenmeter.token_meters)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (call).output_tokens IS NULL AND (reported).output IS NOT NULL AND (reported).reasoning IS NULL;
COMMENT ON FUNCTION tokenmeter.output_has_reasoning(tokenmeter.call, tokenmeter.token_meters) IS 'does the reported output include the reasoning?';

-- What the texts of a call count; NULL where a text cannot be counted, as where the model has no encoding.
-- The whole prompt is input here: what of it was cached, a text cannot tell. `complete` is false where a text
-- has no number at all, neither counted nor reported.
CREATE FUNCTION tokenmeter.counted_meters(call tokenmeter.call, reported tokenmeter.token_meters,
  OUT encoding text, OUT meters tokenmeter.token_meters, OUT exact boolean, OUT complete boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  has_messages boolean := coalesce(jsonb_typeof(call.messages), 'null') <> 'null';
  has_tools boolean := coalesce(call.tools, 'null') NOT IN ('null', '[]');
  chat record;
BEGIN
  exact := NOT has_tools;
  encoding := @extschema@.token_encoding(call.model);
  IF has_messages THEN
    chat := tokenmeter.count_messages(call.model, call.messages, call.tools);
    meters.input := chat.tokens;
    exact := chat.exact IS NOT FALSE;
  END IF;
  IF encoding IS NOT NULL THEN
    IF call.input_text IS NOT NULL AND NOT (has_messages AND meters.input IS NULL) THEN
      meters.input := coalesce(meters.input, 0) + @extschema@.token_count(encoding, call.input_text);
    END IF;
    IF has_tools AND NOT has_messages AND meters.input IS NOT NULL THEN
      meters.input := meters.input + @extschema@.token_count(encoding, call.tools::text);
    END IF;
    meters.output := @extschema@.token_count(encoding, call.output_text);
    meters.reasoning := @extschema@.token_count(encoding, call.reasoning_text);
  END IF;
  complete := (
    (has_messages OR has_tools OR call.input_text <> '') IS TRUE AND coalesce(reported.input, meters.input) IS NULL
    OR call.output_text <> '' AND coalesce(reported.output, meters.output) IS NULL
    OR call.reasoning_text <> '' AND coalesce(reported.reasoning, meters.reasoning) IS NULL
      AND NOT tokenmeter.output_has_reasoning(call, reported)) IS NOT TRUE;
END $$;
COMMENT ON FUNCTION tokenmeter.counted_meters(tokenmeter.call, tokenmeter.token_meters) IS 'the tokens of the call''s texts; not exact where how they are sent is not public';

-- What is billed: the reported number where there is one, else the counted one.
CREATE FUNCTION tokenmeter.billed_meters(reported tokenmeter.token_meters, counted tokenmeter.token_meters)
RETURNS tokenmeter.token_meters
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ROW(
  coalesce((reported).input, CASE WHEN (counted).input IS NOT NULL THEN
    greatest((counted).input - coalesce((reported).cache_read, 0) - coalesce((reported).cache_write, 0)
      - coalesce((reported).cache_write_1h, 0), 0) END),
  (reported).cache_read, (reported).cache_write, (reported).cache_write_1h,
  coalesce((reported).output, (counted).output),
  coalesce((reported).reasoning, (counted).reasoning))::tokenmeter.token_meters;
COMMENT ON FUNCTION tokenmeter.billed_meters(tokenmeter.token_meters, tokenmeter.token_meters) IS 'the reported number where there is one, else the counted one';

-- Where the billed numbers of input, output and reasoning come from.
CREATE FUNCTION tokenmeter.billing_method(reported tokenmeter.token_meters,
  counted tokenmeter.token_meters, exact boolean)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE count(DISTINCT origin) WHEN 0 THEN NULL WHEN 1 THEN min(origin) ELSE 'mixed' END
  FROM (VALUES
    (CASE WHEN (reported).input IS NOT NULL THEN 'reported'
          WHEN (counted).input IS NOT NULL THEN CASE WHEN exact THEN 'counted' ELSE 'estimated' END END),
    (CASE WHEN (reported).output IS NOT NULL THEN 'reported' WHEN (counted).output IS NOT NULL THEN 'counted' END),
    (CASE WHEN (reported).reasoning IS NOT NULL THEN 'reported' WHEN (counted).reasoning IS NOT NULL THEN 'counted' END)
  ) AS meter (origin);
END;
COMMENT ON FUNCTION tokenmeter.billing_method(tokenmeter.token_meters, tokenmeter.token_meters, boolean) IS 'reported, counted, estimated or mixed; NULL where no number is known';

-- A call without its texts, as it is kept where it could not be posted.
CREATE FUNCTION tokenmeter.call_facts(call tokenmeter.call) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  call.input_text := NULL;
  call.messages := NULL;
  call.tools := NULL;
  call.output_text := NULL;
  call.reasoning_text := NULL;
  RETURN (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(call)) WHERE value <> 'null');
END $$;
COMMENT ON FUNCTION tokenmeter.call_facts(tokenmeter.call) IS 'what a call says but for its texts';

CREATE FUNCTION tokenmeter.text_hash(content text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN encode(sha256(convert_to(content, 'UTF8')), 'hex');
COMMENT ON FUNCTION tokenmeter.text_hash(text) IS 'SHA-256 of a text in UTF-8, in hexadecimal';

-- What makes a call with a known id the same call: all it says but when it was and how long it took. Each
-- text is hashed by itself, so that none is copied together with others.
CREATE FUNCTION tokenmeter.call_fingerprint(call tokenmeter.call) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  call.provider := lower(call.provider);
  call.provider_cost := trim_scale(call.provider_cost);
  RETURN tokenmeter.text_hash(
    (tokenmeter.call_facts(call) - '{occurred_at,latency_ms,ttft_ms}'::text[])::text
    || jsonb_build_array(tokenmeter.text_hash(call.input_text), tokenmeter.text_hash(call.messages::text),
      tokenmeter.text_hash(call.tools::text), tokenmeter.text_hash(call.output_text),
      tokenmeter.text_hash(call.reasoning_text))::text);
END $$;
COMMENT ON FUNCTION tokenmeter.call_fingerprint(tokenmeter.call) IS 'hash of a call but for its time';

CREATE FUNCTION tokenmeter.is_partition(name text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (SELECT FROM pg_inherits
  WHERE inhparent = to_regclass('llm.usage') AND inhrelid = to_regclass(format('llm.%I', name)));
COMMENT ON FUNCTION tokenmeter.is_partition(text) IS 'is the table of the schema llm a partition of llm.usage?';

-- Makes the partition of llm.usage for the month, in UTC, of a moment, if there is none yet.
CREATE FUNCTION tokenmeter.ensure_partition(at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
SET datestyle = 'ISO' SET timezone = 'UTC' AS $$
DECLARE
  month timestamp := date_trunc('month', at AT TIME ZONE 'UTC');
  month_name text := to_char(month, 'FM"usage_"YYYY_MM') || CASE WHEN month < '0001-01-01' THEN '_bc' ELSE '' END;
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
END $$;
COMMENT ON FUNCTION tokenmeter.ensure_partition(timestamptz) IS 'makes the month''s partition of llm.usage if there is none';

-- Posts one call: counts, prices and writes its entry. Returns the entry's key: of the new entry, or, for a
-- call that is known already, of its entry. NULL if another call is known under this id: that is listed in
-- llm.intake_problem. The texts end here.
CREATE FUNCTION tokenmeter.post_call(call tokenmeter.call,
  OUT occurred_at timestamptz, OUT entry_id bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  reported tokenmeter.token_meters;
  counted record;
  billable tokenmeter.token_meters;
  billed tokenmeter.token_meters;
  price tokenmeter.call_cost;
  known record;
  fingerprint text;
BEGIN
  call.occurred_at := coalesce(call.occurred_at, now());
  call.service_tier := tokenmeter.service_tier(call.service_tier);
  call.source := coalesce(call.source, '');
  call.quantities := nullif(call.quantities, 'null');
  PERFORM tokenmeter.check_call(call);

  entry_id := nextval('llm.usage_entry_id_seq');
  occurred_at := call.occurred_at;
  IF call.request_id <> '' THEN
    fingerprint := tokenmeter.call_fingerprint(call);
    INSERT INTO llm.request AS r (source, request_id, occurred_at, entry_id, fingerprint)
    VALUES (call.source, call.request_id, post_call.occurred_at, post_call.entry_id, fingerprint)
    ON CONFLICT ON CONSTRAINT request_pkey DO UPDATE
      SET duplicates = r.duplicates + (r.fingerprint = excluded.fingerprint)::integer
    RETURNING * INTO known;
    IF known.entry_id <> entry_id THEN
      IF known.fingerprint <> fingerprint THEN
        INSERT INTO llm.intake_problem (source, request_id, sqlstate, problem, call)
        VALUES (call.source, call.request_id, '23505', 'a different call is known under this request_id',
          tokenmeter.call_facts(call));
        occurred_at := NULL;
        entry_id := NULL;
        RETURN;
      END IF;
      occurred_at := known.occurred_at;
      entry_id := known.entry_id;
      RETURN;
    END IF;
  END IF;

  reported := tokenmeter.reported_meters(call);
  counted := tokenmeter.counted_meters(call, reported);
  billable := counted.meters;
  IF tokenmeter.output_has_reasoning(call, reported) THEN
    billable.reasoning := NULL;
  END IF;
  billed := tokenmeter.billed_meters(reported, billable);
  -- What is not known costs something, but not 0.
  IF counted.complete THEN
    price := tokenmeter.price_call(call.provider, call.model, call.service_tier, call.occurred_at, billed,
      call.quantities, call.tenant_id, tokenmeter.call_region(call.tags));
  ELSE
    price.problem := tokenmeter.uncounted();
  END IF;

  PERFORM tokenmeter.ensure_partition(call.occurred_at);
  INSERT INTO llm.usage (entry_id, occurred_at, source, request_id,
    tenant_id, team_id, project_id, user_id, session_id, api_key_id,
    provider, model, encoding, service_tier,
    reported_input_tokens, reported_cache_read_tokens, reported_cache_write_tokens,
    reported_cache_write_1h_tokens, reported_output_tokens, reported_reasoning_tokens,
    counted_input_tokens, counted_output_tokens, counted_reasoning_tokens,
    input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens,
    output_tokens, reasoning_tokens, quantities, method,
    cost, currency, priced, priced_at, price_ids, tier_assumed, unpriced_reason,
    provider_cost, provider_cost_currency, status, latency_ms, ttft_ms, tags)
  VALUES (post_call.entry_id, post_call.occurred_at, call.source, nullif(call.request_id, ''),
    call.tenant_id, call.team_id, call.project_id, call.user_id, call.session_id, call.api_key_id,
    call.provider, call.model, counted.encoding, call.service_tier,
    reported.input, reported.cache_read, reported.cache_write,
    reported.cache_write_1h, reported.output, reported.reasoning,
    (counted.meters).input, (counted.meters).output, (counted.meters).reasoning,
    billed.input, billed.cache_read, billed.cache_write, billed.cache_write_1h,
    billed.output, billed.reasoning, call.quantities,
    tokenmeter.billing_method(reported, billable, counted.exact),
    price.cost, price.currency, price.cost IS NOT NULL,
    CASE WHEN price.cost IS NOT NULL THEN now() END, price.price_ids, coalesce(price.tier_assumed, false),
    price.problem, call.provider_cost,
    CASE WHEN call.provider_cost IS NOT NULL THEN coalesce(call.currency, 'USD') END,
    call.status, call.latency_ms, call.ttft_ms, call.tags);
END $$;
COMMENT ON FUNCTION tokenmeter.post_call(tokenmeter.call) IS 'counts, prices and enters one call into the ledger; the only way in';

CREATE FUNCTION tokenmeter.uncounted() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'a text could not be counted';
COMMENT ON FUNCTION tokenmeter.uncounted() IS 'why a call has no cost of which a number of tokens is missing';

-- Where the call was processed, as prices name it.
CREATE FUNCTION tokenmeter.call_region(tags jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(nullif(call_region.tags ->> 'region', ''));
COMMENT ON FUNCTION tokenmeter.call_region(jsonb) IS 'the region of a call: its tag region';

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
    provider text, model text NOT NULL, encoding text, service_tier text NOT NULL DEFAULT 'standard',
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
    fingerprint text NOT NULL,
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

  CREATE OR REPLACE VIEW llm.usage_daily AS
  SELECT (occurred_at AT TIME ZONE
      coalesce(nullif(current_setting('tokenmeter.time_zone', true), ''), 'UTC'))::date AS day,
    tenant_id, team_id, project_id, user_id, provider, model, service_tier, currency,
    count(*) FILTER (WHERE corrects IS NULL) AS calls,
    sum(input_tokens) AS input_tokens, sum(cache_read_tokens) AS cache_read_tokens,
    sum(cache_write_tokens) AS cache_write_tokens, sum(cache_write_1h_tokens) AS cache_write_1h_tokens,
    sum(output_tokens) AS output_tokens, sum(reasoning_tokens) AS reasoning_tokens,
    sum(cost) AS cost,
    count(*) FILTER (WHERE NOT priced AND NOT EXISTS (SELECT FROM llm.usage c
      WHERE c.occurred_at = u.occurred_at AND c.corrects = u.entry_id)) AS unpriced_calls
  FROM llm.usage u
  GROUP BY day, tenant_id, team_id, project_id, user_id, provider, model, service_tier, currency;
  COMMENT ON VIEW llm.usage_daily IS 'usage by day in the time zone tokenmeter.time_zone';

  CREATE OR REPLACE VIEW llm.usage_monthly AS
  SELECT date_trunc('month', day::timestamp)::date AS month,
    tenant_id, team_id, project_id, user_id, provider, model, service_tier, currency,
    sum(calls)::bigint AS calls,
    sum(input_tokens) AS input_tokens, sum(cache_read_tokens) AS cache_read_tokens,
    sum(cache_write_tokens) AS cache_write_tokens, sum(cache_write_1h_tokens) AS cache_write_1h_tokens,
    sum(output_tokens) AS output_tokens, sum(reasoning_tokens) AS reasoning_tokens,
    sum(cost) AS cost,
    sum(unpriced_calls)::bigint AS unpriced_calls
  FROM llm.usage_daily
  GROUP BY month, tenant_id, team_id, project_id, user_id, provider, model, service_tier, currency;
  COMMENT ON VIEW llm.usage_monthly IS 'usage by month in the time zone tokenmeter.time_zone';
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
      AND relname ~ '^(usage.*|request|intake_problem|message_log|unpriced)$'
    UNION ALL SELECT 'llm.' || proname, proowner FROM pg_proc WHERE pronamespace = to_regnamespace('llm')
      AND proname IN ('post_message', 'refuse_change')
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
  PERFORM tokenmeter.ensure_partition(now() + months * interval '1 month') FROM generate_series(0, 2) months;
END $$;
COMMENT ON FUNCTION tokenmeter.create_ledger() IS 'makes the schema llm with the ledger and its doors; to be called once in a database';
