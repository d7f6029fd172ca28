-- Mappings: from the expressions that somebody gives for the columns of a call to a binding.

-- A negative latency comes of clocks that differ, and is no reason to lose a call.
CREATE FUNCTION tokenmeter.cast_expression(expression text, from_type regtype, to_type text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN to_type = 'boolean' THEN CASE from_type WHEN 'boolean'::regtype THEN format('(%s)', expression) END
  WHEN to_type = 'integer' THEN format('nullif(greatest((%s)::numeric, -1)::integer, -1)', expression)
  WHEN to_type <> 'timestamp with time zone' THEN format('(%s)::%s', expression, to_type)
  WHEN from_type IN ('timestamp'::regtype, 'date'::regtype) THEN format('((%s)::timestamp AT TIME ZONE ''UTC'')', expression)
  WHEN from_type IN ('integer'::regtype, 'bigint'::regtype, 'numeric'::regtype, 'double precision'::regtype, 'real'::regtype)
    THEN format('tokenmeter.time_from_epoch((%s)::numeric)', expression)
  WHEN from_type = 'timestamptz'::regtype THEN format('(%s)', expression) END;
COMMENT ON FUNCTION tokenmeter.cast_expression(text, regtype, text) IS 'SQL: an expression as a column of a call; NULL: its type does not fit';

-- The first of the expressions given for a column that the table can answer. The error is that of the first.
CREATE FUNCTION tokenmeter.choose_expression(relation regclass, key text, given jsonb, to_type text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  candidate text;
  from_type regtype;
  chosen text;
  problem text;
  state text;
BEGIN
  IF jsonb_typeof(given) NOT IN ('string', 'array', 'null') THEN
    RAISE EXCEPTION 'mapping "%" must be an SQL expression or a list of them', key
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR candidate IN
    SELECT value FROM jsonb_array_elements_text(CASE jsonb_typeof(given) WHEN 'array' THEN given ELSE jsonb_build_array(given) END)
  LOOP
    IF candidate IS NULL THEN
      RETURN NULL;
    END IF;
    candidate := replace(replace(candidate, '@relation@', relation::text), '@schema@',
      (SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation));
    -- The line's end ends a comment, too.
    candidate := candidate || CASE WHEN candidate LIKE '%--%' THEN E'\n' ELSE '' END;
    BEGIN
      EXECUTE format('SELECT pg_typeof((SELECT (%s) FROM %s AS "row" LIMIT 0))', candidate, relation) INTO from_type;
      chosen := tokenmeter.cast_expression(candidate, from_type, to_type);
      IF chosen IS NULL THEN
        RAISE EXCEPTION 'type % is no %', from_type, to_type USING ERRCODE = 'datatype_mismatch';
      END IF;
      EXECUTE format('SELECT FROM (SELECT %s FROM %s AS "row" LIMIT 0) AS compiled', chosen, relation);
      RETURN chosen;
    EXCEPTION WHEN OTHERS THEN
      problem := coalesce(problem, SQLERRM);
      state := coalesce(state, SQLSTATE);
    END;
  END LOOP;
  RAISE EXCEPTION 'mapping "%": %', key, problem USING ERRCODE = state;
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.choose_expression(regclass, text, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.choose_expression(regclass, text, jsonb, text) IS 'SQL: the first expression that fits the table, as a column of a call';

CREATE FUNCTION tokenmeter.choice(mapping jsonb, key text, choices text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen text := coalesce(mapping ->> key, choices[1]);
BEGIN
  IF chosen <> ALL (choices) THEN
    RAISE EXCEPTION 'mapping "%" must be one of %', key, array_to_string(choices, ', ')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN chosen;
END $$;
COMMENT ON FUNCTION tokenmeter.choice(jsonb, text, text[]) IS 'a word of a mapping; the first of the choices by default';

-- The rest of a mapping's keys are columns of a call.
CREATE FUNCTION tokenmeter.read_mapping(relation regclass, preset text, mapping jsonb) RETURNS tokenmeter.binding
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  binding tokenmeter.binding;
  wanted jsonb;
  key text;
  column_type text;
  expression text;
BEGIN
  SELECT p.mapping INTO wanted FROM tokenmeter.preset p WHERE p.name = read_mapping.preset;
  IF NOT FOUND AND read_mapping.preset IS NOT NULL THEN
    RAISE EXCEPTION 'preset "%" does not exist', read_mapping.preset
      USING ERRCODE = 'undefined_object',
            HINT = format('There are %s.', (SELECT string_agg(p.name, ', ' ORDER BY p.name) FROM tokenmeter.preset p));
  END IF;
  IF jsonb_typeof(mapping) <> 'object' OR num_nonnulls(wanted, mapping) = 0 THEN
    RAISE EXCEPTION 'give a preset, a mapping as a JSON object, or both' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  wanted := coalesce(wanted, '{}') || coalesce(mapping, '{}');
  binding.preset := read_mapping.preset;
  -- A table that was renamed since keeps its source: its calls are the same.
  binding.source := coalesce((SELECT a.source FROM tokenmeter.attached a WHERE a.relation = read_mapping.relation),
    (SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = read_mapping.relation));
  binding.event := tokenmeter.choice(wanted, 'event', ARRAY['insert', 'transition', 'cumulative']);
  binding.on_insert := tokenmeter.choice(wanted, 'on_insert', ARRAY['bill', 'ignore']);
  binding.placeholders := ARRAY(SELECT jsonb_array_elements_text(CASE jsonb_typeof(wanted -> 'placeholders')
    WHEN 'array' THEN wanted -> 'placeholders' ELSE '[]' END)) || ARRAY[''];
  binding.filter := coalesce(tokenmeter.choose_expression(relation, 'filter', coalesce(wanted -> 'filter', '"true"'), 'boolean'), 'true');
  binding.columns := '{}';
  FOR key IN SELECT jsonb_object_keys(wanted - '{event,on_insert,placeholders,filter}'::text[]) ORDER BY 1 LOOP
    SELECT format_type(a.atttypid, a.atttypmod) INTO column_type FROM pg_attribute a
    WHERE a.attrelid = (SELECT typrelid FROM pg_type WHERE oid = 'tokenmeter.call'::regtype) AND a.attname = key;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'mapping "%" is no column of a call', key
        USING ERRCODE = 'undefined_column',
              HINT = 'Besides those there are event, filter, placeholders and on_insert.';
    END IF;
    expression := tokenmeter.choose_expression(relation, key, wanted -> key, column_type);
    IF expression IS NOT NULL THEN
      binding.columns := binding.columns || jsonb_build_object(key, expression);
    END IF;
  END LOOP;
  PERFORM tokenmeter.check_binding(binding);
  IF NOT binding.columns ? 'source' THEN
    binding.columns := binding.columns || jsonb_build_object('source', format('%L::text', binding.source));
  END IF;
  RETURN binding;
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.read_mapping(regclass, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.read_mapping(regclass, text, jsonb) IS 'a preset and a mapping as a binding, its expressions checked against the table';

CREATE FUNCTION tokenmeter.check_binding(binding tokenmeter.binding) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT binding.columns ? 'model' THEN
    RAISE EXCEPTION 'mapping needs "model"'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Where the table does not say which, name it: {"model": "''gpt-4o''"}.';
  ELSIF binding.event <> 'insert' AND NOT binding.columns ? 'request_id' THEN
    RAISE EXCEPTION 'mapping needs "request_id" if rows become calls by update'
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the primary key, as text.';
  ELSIF NOT binding.columns ?| ARRAY['usage', 'input_tokens', 'output_tokens', 'output_text', 'quantities'] THEN
    RAISE EXCEPTION 'mapping needs "usage", numbers of tokens, or "output_text"' USING ERRCODE = 'invalid_parameter_value';
  END IF;
END $$;
COMMENT ON FUNCTION tokenmeter.check_binding(tokenmeter.binding) IS 'raises an error for a mapping that lacks what it must have';
