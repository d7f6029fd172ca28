-- Rows that an attached table has already: what would be metered of them, and metering them once.

-- The calls among rows that are there, without those before `since`. Of a table whose rows are each metered
-- once, those in the ledger are left out: a row may have been edited since, but its call is the same.
CREATE FUNCTION tokenmeter.history(binding tokenmeter.binding, data anyarray, since timestamptz) RETURNS tokenmeter.call[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT c.*::tokenmeter.call FROM unnest(tokenmeter.read_rows(binding, data, quiet => false)) c
    WHERE tokenmeter.call_state(binding, c) IS NOT NULL AND (since IS NULL OR c.occurred_at >= since)
      AND (binding.event = 'cumulative' OR (SELECT true FROM llm.request r
        WHERE r.source = coalesce(c.source, '') AND r.request_id = c.request_id) IS NOT TRUE));
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.history(tokenmeter.binding, anyarray, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.history(tokenmeter.binding, anyarray, timestamptz) IS 'rows of a table as calls that are to be posted';

-- What would be metered, found out by metering it and taking that back.
CREATE FUNCTION tokenmeter.attach_check(relation regclass, preset text DEFAULT NULL, mapping jsonb DEFAULT NULL,
  row_limit bigint DEFAULT 1000)
RETURNS TABLE (request_id text, occurred_at timestamptz, tenant_id text, user_id text, session_id text, provider text,
  model text, input_tokens bigint, cache_read_tokens bigint, output_tokens bigint, reasoning_tokens bigint,
  method text, cost numeric, currency text, problem text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  binding tokenmeter.binding;
  calls tokenmeter.call[];
  last_entry bigint;
  last_problem bigint;
  found jsonb;
BEGIN
  PERFORM tokenmeter.check_attachable(relation);
  IF num_nulls(preset, mapping) = 2 THEN
    binding := tokenmeter.binding_of(relation);
  ELSE
    binding := tokenmeter.read_mapping(relation, preset, mapping);
  END IF;
  BEGIN
    last_entry := nextval('llm.usage_entry_id_seq');
    last_problem := nextval(pg_get_serial_sequence('llm.intake_problem', 'problem_id'));
    EXECUTE format('SELECT tokenmeter.history($1, array_agg(ROW("row".*)::%s), NULL) FROM (SELECT * FROM %1$s LIMIT $2) AS "row"',
      relation) INTO calls USING binding, row_limit;
    PERFORM tokenmeter.post_attached(calls, binding.event = 'cumulative');
    SELECT jsonb_agg(f ORDER BY f.occurred_at, f.request_id, f.problem) INTO found FROM (
      SELECT u.request_id, u.occurred_at, u.tenant_id, u.user_id, u.session_id, u.provider, u.model, u.input_tokens,
        u.cache_read_tokens, u.output_tokens, u.reasoning_tokens, u.method, u.cost, u.currency, u.unpriced_reason AS problem
      FROM llm.usage u WHERE u.entry_id > last_entry AND u.posted_at = now()
      UNION ALL
      SELECT c.request_id, c.occurred_at, c.tenant_id, c.user_id, c.session_id, c.provider, c.model, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, p.sqlstate || ' ' || p.problem
      FROM llm.intake_problem p, jsonb_populate_record(NULL::tokenmeter.call, p.call) c
      WHERE p.problem_id > last_problem AND p.noticed_at = now()) f;
    RAISE EXCEPTION USING ERRCODE = 'TMBCK';
  EXCEPTION WHEN SQLSTATE 'TMBCK' THEN
    NULL;  -- taken back
  END;
  RETURN QUERY SELECT f.* FROM jsonb_to_recordset(found) AS f (request_id text, occurred_at timestamptz, tenant_id text,
    user_id text, session_id text, provider text, model text, input_tokens bigint, cache_read_tokens bigint,
    output_tokens bigint, reasoning_tokens bigint, method text, cost numeric, currency text, problem text);
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.attach_check(regclass, text, jsonb, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.attach_check(regclass, text, jsonb, bigint) IS 'what of the rows that are in a table already would be metered, and the problems; keeps nothing';

-- SQL that posts the next rows by primary key: their number, that of their calls, and the last one's key.
CREATE FUNCTION tokenmeter.backfill_query(relation regclass, at_start boolean) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format('SELECT count(*), tokenmeter.post_attached(tokenmeter.history($1, array_agg(ROW("row".*)::%1$s), $2), $3), '
      '(array_agg(ARRAY[%2$s]::text))[count(*)::integer]::text[] FROM (SELECT * FROM %1$s %3$s ORDER BY %4$s LIMIT 1000) AS "row"',
    relation, string_agg(format('%I::text', a.attname), ', ' ORDER BY k.n),
    CASE WHEN NOT at_start THEN format('WHERE (%s) > (%s)', string_agg(quote_ident(a.attname), ', ' ORDER BY k.n),
      string_agg(format('$4[%s]::%s', k.n, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY k.n)) END,
    string_agg(quote_ident(a.attname), ', ' ORDER BY k.n))
  FROM pg_index i, unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n), pg_attribute a
  WHERE i.indrelid = relation AND i.indisprimary AND a.attrelid = relation AND a.attnum = k.attnum
  HAVING count(*) > 0;
END;
COMMENT ON FUNCTION tokenmeter.backfill_query(regclass, boolean) IS 'SQL: posts the next rows of a table; NULL: it has no primary key';

CREATE FUNCTION tokenmeter.backfill_batch(relation regclass) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  binding tokenmeter.binding := tokenmeter.binding_of(relation);
  read bigint;
  posted bigint;
  position text[];
BEGIN
  EXECUTE tokenmeter.backfill_query(relation, binding.backfill_position IS NULL) INTO read, posted, position
    USING binding, binding.backfill_since, binding.event = 'cumulative', binding.backfill_position;
  UPDATE tokenmeter.binding b
  SET backfill_position = coalesce(position, b.backfill_position), backfill_rows = b.backfill_rows + read,
    backfill_calls = b.backfill_calls + coalesce(posted, 0), backfill_done_at = CASE WHEN read < 1000 THEN clock_timestamp() END
  WHERE b.binding_id = binding.binding_id;
  RETURN read = 1000;
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.backfill_batch(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.backfill_batch(regclass) IS 'posts the next 1,000 rows of an attached table; are there more?';

-- Goes on where it was left, if it was; from the start if it was finished or is for another time.
CREATE FUNCTION tokenmeter.start_backfill(relation regclass, since timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  binding tokenmeter.binding := tokenmeter.binding_of(relation);
BEGIN
  PERFORM tokenmeter.check_attachable(relation);
  IF tokenmeter.backfill_query(relation, true) IS NULL OR NOT binding.columns ? 'request_id' THEN
    RAISE EXCEPTION 'a backfill needs a primary key, and a mapping with "request_id"'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  ELSIF since IS NOT NULL AND NOT binding.columns ? 'occurred_at' THEN
    RAISE EXCEPTION 'a backfill since a time needs a mapping with "occurred_at"' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE tokenmeter.binding b
  SET backfill_since = since, backfill_position = NULL, backfill_rows = 0, backfill_calls = 0, backfill_done_at = NULL
  WHERE b.binding_id = binding.binding_id
    AND (b.backfill_rows IS NULL OR b.backfill_done_at IS NOT NULL OR b.backfill_since IS DISTINCT FROM since);
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.start_backfill(regclass, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.start_backfill(regclass, timestamptz) IS 'makes the binding ready for a backfill';

-- A procedure that commits cannot fix its search_path; what it calls does.
CREATE PROCEDURE tokenmeter.backfill(relation regclass, since timestamptz DEFAULT NULL)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM tokenmeter.start_backfill(relation, since);
  COMMIT;
  WHILE tokenmeter.backfill_batch(relation) LOOP
    COMMIT;
  END LOOP;
END $$;
REVOKE EXECUTE ON PROCEDURE tokenmeter.backfill(regclass, timestamptz) FROM PUBLIC;
COMMENT ON PROCEDURE tokenmeter.backfill(regclass, timestamptz) IS 'meters the rows that were in an attached table before, once; commits every 1,000 rows, and goes on where it was stopped';
