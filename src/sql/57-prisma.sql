-- A view in the shape of a Prisma model of token usage, as a door to the ledger.
--
-- Its columns are those of llm.message_log by the names and types that such models give them. An unchanged client
-- creates, finds, counts, aggregates and groups there as on a table of its own, and every row is a call.

-- request_id is the model's id, and occurred_at its timestamp; the other names only change their case.
CREATE FUNCTION tokenmeter.prisma_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE name WHEN 'request_id' THEN 'id' WHEN 'occurred_at' THEN 'timestamp'
  ELSE left(name, 1) || substr(replace(initcap(replace(name, '_', ' ')), ' ', ''), 2) END;
COMMENT ON FUNCTION tokenmeter.prisma_name(text) IS 'the name of a column of llm.message_log in a view for Prisma';

-- The view has a source of its own, since the ids of a model are unique: those of one source are.
CREATE FUNCTION tokenmeter.create_prisma_view(name text DEFAULT 'TokenUsage', schema text DEFAULT 'public',
  source text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
DECLARE
  view text := format('%I.%I', create_prisma_view.schema, create_prisma_view.name);
  source text := coalesce(create_prisma_view.source, create_prisma_view.name);
  inserted text;
  inserted_values text;
  selected text;
BEGIN
  -- What it makes runs with the rights of the role that calls.
  IF NOT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('llm.message_log')
    AND relowner = quote_ident(current_user)::regrole)
  THEN
    RAISE EXCEPTION 'only the owner of llm.message_log makes a view on it'
      USING ERRCODE = 'insufficient_privilege', HINT = 'SELECT tokenmeter.create_ledger() makes it.';
  END IF;

  -- Prisma's DateTime is a time in UTC without a zone, its Int an integer.
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
    string_agg(CASE attname
      WHEN 'source' THEN 'TG_ARGV[0]'
      WHEN 'occurred_at' THEN 'NEW.timestamp AT TIME ZONE ''UTC'''
      ELSE format('NEW.%I', tokenmeter.prisma_name(attname)) END, ', ' ORDER BY attnum),
    string_agg(format(CASE
      WHEN attname = 'occurred_at' THEN '(%I AT TIME ZONE ''UTC'')::timestamp(3) AS %I'
      WHEN attname LIKE '%\_tokens' THEN '%I::integer AS %I'
      ELSE '%I AS %I' END, attname, tokenmeter.prisma_name(attname)), ', ' ORDER BY attnum)
  INTO inserted, inserted_values, selected
  FROM pg_attribute WHERE attrelid = 'llm.message_log'::regclass AND attnum > 0 AND NOT attisdropped;

  EXECUTE format($function$CREATE OR REPLACE FUNCTION llm.post_prisma() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $post$
  BEGIN
    INSERT INTO llm.message_log (%s)
    VALUES (%s)
    RETURNING %s INTO NEW;
    RETURN CASE WHEN FOUND THEN NEW END;
  END $post$$function$, inserted, inserted_values, selected);
  -- One of this name that was there already may have been somebody else's.
  ALTER FUNCTION llm.post_prisma() OWNER TO CURRENT_USER;
  COMMENT ON FUNCTION llm.post_prisma() IS 'trigger: posts a call inserted into a view for Prisma';
  REVOKE ALL ON FUNCTION llm.post_prisma() FROM PUBLIC;

  EXECUTE format('CREATE VIEW %s AS SELECT %s FROM llm.message_log WHERE source = %L', view, selected, source);
  EXECUTE format('COMMENT ON VIEW %s IS %L', view, 'the calls of the source ' || source || ', as a model of Prisma');
  -- Clients leave to the database what has a default there.
  EXECUTE format('ALTER VIEW %s ALTER id SET DEFAULT gen_random_uuid()::text,
    ALTER timestamp SET DEFAULT CURRENT_TIMESTAMP AT TIME ZONE ''UTC''', view);
  EXECUTE format('CREATE TRIGGER post INSTEAD OF INSERT ON %s
    FOR EACH ROW EXECUTE FUNCTION llm.post_prisma(%L)', view, source);
  EXECUTE format('CREATE TRIGGER refuse_change INSTEAD OF UPDATE OR DELETE ON %s
    FOR EACH ROW EXECUTE FUNCTION llm.refuse_change()', view);
END $create$;
COMMENT ON FUNCTION tokenmeter.create_prisma_view(text, text, text) IS 'makes a view of the calls of one source on which an unchanged Prisma or Drizzle client works';
