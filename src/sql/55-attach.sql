-- Attached tables: metering what somebody else's application writes into its own tables.
--
-- attach() gives a table statement-level triggers and a trigger function of its own, with the expressions of its
-- binding written into it. No error leaves the trigger function.

-- A mapping's expressions run with the rights of the role that attaches, whoever writes to the table.
CREATE FUNCTION tokenmeter.check_attachable(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  class record;
BEGIN
  SELECT c.relkind, c.relowner, c.relnamespace INTO class FROM pg_class c WHERE c.oid = relation;
  IF class.relkind NOT IN ('r', 'p') OR class.relnamespace IN (SELECT oid FROM pg_namespace
      WHERE nspname IN ('llm', 'tokenmeter', 'pg_catalog', 'information_schema')) THEN
    RAISE EXCEPTION '% is no table that can be attached', relation USING ERRCODE = 'wrong_object_type';
  ELSIF NOT pg_has_role(class.relowner, 'USAGE') THEN
    RAISE EXCEPTION 'must be owner of table %', relation USING ERRCODE = 'insufficient_privilege';
  ELSIF to_regclass('llm.usage') IS NULL THEN
    RAISE EXCEPTION 'there is no ledger' USING ERRCODE = 'undefined_table', HINT = 'Call tokenmeter.create_ledger() first.';
  ELSIF NOT pg_has_role((SELECT c.relowner FROM pg_class c WHERE c.oid = to_regclass('llm.usage')), 'USAGE') THEN
    RAISE EXCEPTION 'must be owner of the ledger' USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;
COMMENT ON FUNCTION tokenmeter.check_attachable(regclass) IS 'raises an error for a relation that the caller may not attach';

CREATE FUNCTION tokenmeter.drop_binding(binding_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
  EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', tokenmeter.attached_function(drop_binding.binding_id));
  DELETE FROM tokenmeter.binding b WHERE b.binding_id = drop_binding.binding_id;
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.drop_binding(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.drop_binding(bigint) IS 'drops a binding, its trigger function and its triggers';

-- The ledger is waited for no longer than this. A deadlock of two of the application's sessions, of which one waits
-- here, so ends before the other's deadlock_timeout, unless that began to wait long before. What was not posted is
-- listed; backfill() posts it.
CREATE FUNCTION tokenmeter.create_attached_function(binding tokenmeter.binding) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
BEGIN
  EXECUTE format('CREATE OR REPLACE FUNCTION %s RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = ''100ms'' AS %L',
    tokenmeter.attached_function(binding.binding_id), format($body$
#variable_conflict use_column
DECLARE
  tokenmeter_rows bigint;  -- that are done
  tokenmeter_calls bigint;
  tokenmeter_new refcursor;
  tokenmeter_old refcursor;
BEGIN
  BEGIN
    IF TG_OP = 'INSERT' THEN
      %s;
    ELSIF (SELECT count(*) FROM new_rows) = (SELECT count(*) FROM old_rows) THEN
      %s;
    END IF;
    IF tokenmeter_rows < 1000 THEN
      RETURN NULL;
    END IF;
  EXCEPTION
    WHEN out_of_memory THEN
      RAISE;
    WHEN OTHERS OR assert_failure THEN
      NULL;
  END;
  BEGIN
    OPEN tokenmeter_new NO SCROLL FOR SELECT * FROM new_rows OFFSET tokenmeter_rows;
    IF TG_OP = 'UPDATE' THEN
      IF (SELECT count(*) FROM new_rows) = (SELECT count(*) FROM old_rows) THEN
        OPEN tokenmeter_old NO SCROLL FOR SELECT * FROM old_rows OFFSET tokenmeter_rows;
      ELSE
        OPEN tokenmeter_old NO SCROLL FOR EXECUTE tokenmeter.old_rows_query(%L, TG_RELID);
      END IF;
    END IF;
    EXECUTE tokenmeter.cursor_query(%L, TG_RELID) USING tokenmeter_new, tokenmeter_old;
    CLOSE tokenmeter_new;
    IF TG_OP = 'UPDATE' THEN
      CLOSE tokenmeter_old;
    END IF;
  EXCEPTION
    WHEN out_of_memory THEN
      RAISE;
    WHEN OTHERS OR assert_failure THEN
      BEGIN
        PERFORM tokenmeter.list_lost_rows(%5$L, SQLSTATE, (SELECT count(*) FROM new_rows) - coalesce(tokenmeter_rows, 0));
      EXCEPTION
        WHEN out_of_memory THEN
          RAISE;
        WHEN OTHERS OR assert_failure THEN
          RAISE WARNING 'tokenmeter could not meter an %% of %% (SQLSTATE %%)', lower(TG_OP), TG_RELID::regclass, SQLSTATE;
      END;
  END;
  RETURN NULL;
END $body$,
      tokenmeter.batch_query(binding, 'INSERT'), tokenmeter.batch_query(binding, 'UPDATE'),
      binding.columns ->> 'request_id', binding, binding.source));
  EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', tokenmeter.attached_function(binding.binding_id));
  -- Without the extension the triggers could do nothing: they go with it.
  EXECUTE format('ALTER FUNCTION %s DEPENDS ON EXTENSION tokenmeter', tokenmeter.attached_function(binding.binding_id));
END $create$;
REVOKE EXECUTE ON FUNCTION tokenmeter.create_attached_function(tokenmeter.binding) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.create_attached_function(tokenmeter.binding) IS 'makes the trigger function of a binding';

CREATE FUNCTION tokenmeter.create_attached_triggers(binding tokenmeter.binding, relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF binding.event = 'insert' OR binding.on_insert = 'bill' THEN
    EXECUTE format('CREATE TRIGGER tokenmeter_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION %s', relation, tokenmeter.attached_function(binding.binding_id));
  END IF;
  IF binding.event <> 'insert' THEN
    EXECUTE format('CREATE TRIGGER tokenmeter_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION %s', relation, tokenmeter.attached_function(binding.binding_id));
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.create_attached_triggers(tokenmeter.binding, regclass) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.create_attached_triggers(tokenmeter.binding, regclass) IS 'makes the triggers of a binding on its table';

CREATE FUNCTION tokenmeter.binding_of(relation regclass) RETURNS tokenmeter.binding
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  binding tokenmeter.binding;
BEGIN
  SELECT b.* INTO binding FROM tokenmeter.attached a JOIN tokenmeter.binding b USING (binding_id)
  WHERE a.relation = binding_of.relation;
  IF NOT FOUND THEN
    RAISE EXCEPTION '% is not attached', relation USING ERRCODE = 'undefined_object';
  END IF;
  RETURN binding;
END $$;
COMMENT ON FUNCTION tokenmeter.binding_of(regclass) IS 'the binding of an attached table';

-- Whoever owns a table can change what a mapping's expressions do: the types of its columns, and their casts and operators.
CREATE FUNCTION tokenmeter.warn_superuser(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  table_owner oid := (SELECT c.relowner FROM pg_class c WHERE c.oid = relation);
BEGIN
  IF (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user)
      AND NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = table_owner) THEN
    RAISE WARNING 'role % owns table % and can use your rights as a superuser through it', table_owner::regrole, relation
      USING HINT = 'Better attach as a role that owns the ledger and is no superuser.';
  END IF;
END $$;
COMMENT ON FUNCTION tokenmeter.warn_superuser(regclass) IS 'warns a superuser of attaching another role''s table';

CREATE FUNCTION tokenmeter.attach(relation regclass, preset text DEFAULT NULL, mapping jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  binding tokenmeter.binding;
BEGIN
  PERFORM tokenmeter.check_attachable(relation);
  PERFORM tokenmeter.warn_superuser(relation);
  binding := tokenmeter.read_mapping(relation, preset, mapping);
  -- The table's own binding, and what dropped tables have left behind.
  PERFORM tokenmeter.drop_binding(b.binding_id) FROM tokenmeter.binding b LEFT JOIN tokenmeter.attached a USING (binding_id)
  WHERE a.relation IS NULL OR a.relation = attach.relation;
  INSERT INTO tokenmeter.binding AS b (preset, source, event, on_insert, placeholders, filter, columns)
  VALUES (binding.preset, binding.source, binding.event, binding.on_insert, binding.placeholders, binding.filter, binding.columns)
  RETURNING b.* INTO binding;
  PERFORM tokenmeter.create_attached_function(binding);
  PERFORM tokenmeter.create_attached_triggers(binding, relation);
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.attach(regclass, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.attach(regclass, text, jsonb) IS 'meters what is written into a table from now on. Attaching again replaces the mapping';

CREATE FUNCTION tokenmeter.detach(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM tokenmeter.check_attachable(relation);
  PERFORM tokenmeter.drop_binding((tokenmeter.binding_of(relation)).binding_id);
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.detach(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.detach(regclass) IS 'meters a table no longer; its entries stay';
