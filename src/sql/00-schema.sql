-- The extension's own schema. The text functions of 20-token.sql go to the schema that CREATE EXTENSION
-- names; the ledger (50-ledger.sql) is no member of the extension.

\echo Use "CREATE EXTENSION tokenmeter" to load this file. \quit

-- Whatever stands in the schema that CREATE EXTENSION names must not be taken for ours or for pg_catalog's,
-- neither while this script runs nor in the functions it makes.
SET LOCAL search_path = pg_catalog, pg_temp;

CREATE SCHEMA tokenmeter;
GRANT USAGE ON SCHEMA tokenmeter TO PUBLIC;
COMMENT ON SCHEMA tokenmeter IS 'administration and configuration of the meter for language models';

-- Rows that come with the extension are not dumped; CREATE EXTENSION makes them again. So they stay as
-- they are, and a row of the user's own goes before them.
CREATE FUNCTION tokenmeter.protect_shipped() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' OR OLD.shipped THEN
    RAISE EXCEPTION 'rows of %.% that came with the extension cannot be changed', TG_TABLE_SCHEMA, TG_TABLE_NAME
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Insert a row of your own; it takes precedence.';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
COMMENT ON FUNCTION tokenmeter.protect_shipped() IS 'trigger: rows that came with the extension stay as they are';

CREATE FUNCTION tokenmeter.table_changed() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'tokenmeter_table_changed';
COMMENT ON FUNCTION tokenmeter.table_changed() IS 'trigger: tells every session that a table it keeps in memory has changed';
