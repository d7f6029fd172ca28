-- Encodings that are loaded, beside those that are linked into the library.

-- src/pg/encoding.c reads the columns by position.
CREATE TABLE tokenmeter.encoding (
  name text PRIMARY KEY CHECK (name <> ''),
  hash bytea NOT NULL,
  format text NOT NULL,
  definition bytea NOT NULL,
  pattern text,
  special_tokens text,
  loaded_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT (name, hash, format, loaded_at) ON tokenmeter.encoding TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tokenmeter.encoding', '');
COMMENT ON TABLE tokenmeter.encoding IS 'encodings that were loaded, as their tokenizer files define them';
COMMENT ON COLUMN tokenmeter.encoding.hash IS 'SHA-256 of the definition with its format, pattern and special tokens';
COMMENT ON COLUMN tokenmeter.encoding.format IS 'huggingface, tiktoken, sentencepiece, tekken or gguf';
COMMENT ON COLUMN tokenmeter.encoding.definition IS 'the tokenizer file';
COMMENT ON COLUMN tokenmeter.encoding.pattern IS 'a rank file''s regular expression';
COMMENT ON COLUMN tokenmeter.encoding.special_tokens IS 'a rank file''s special tokens: JSON object of text to id';

CREATE TRIGGER table_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tokenmeter.encoding
  FOR EACH STATEMENT EXECUTE FUNCTION tokenmeter.table_changed();
-- Sessions of replicas must hear of changes, too.
ALTER TABLE tokenmeter.encoding ENABLE ALWAYS TRIGGER table_changed;

CREATE FUNCTION tokenmeter.encodings() RETURNS text[]
LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_encodings';
COMMENT ON FUNCTION tokenmeter.encodings() IS 'names of all encodings: those that came with the extension, and those that were loaded';

CREATE FUNCTION tokenmeter.detect_format(definition bytea) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_detect_format';
REVOKE EXECUTE ON FUNCTION tokenmeter.detect_format(bytea) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.detect_format(bytea) IS 'the format that a tokenizer file seems to be of; NULL if it is none of those known';

CREATE FUNCTION tokenmeter.prepare_encoding(definition bytea, format text, pattern text, special_tokens text) RETURNS bytea
LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tokenmeter_prepare_encoding';
REVOKE EXECUTE ON FUNCTION tokenmeter.prepare_encoding(bytea, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.prepare_encoding(bytea, text, text, text) IS 'compiles a tokenizer file into the server''s cache of images; its hash';

CREATE FUNCTION tokenmeter.discard_encoding(hash bytea) RETURNS void
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tokenmeter_discard_encoding';
REVOKE EXECUTE ON FUNCTION tokenmeter.discard_encoding(bytea) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.discard_encoding(bytea) IS 'deletes an image from the server''s cache; it is made again when it is needed';

CREATE FUNCTION tokenmeter.load_encoding(name text, definition bytea, format text DEFAULT 'auto',
  pattern text DEFAULT NULL, special_tokens jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_format text := CASE load_encoding.format
    WHEN 'auto' THEN tokenmeter.detect_format(load_encoding.definition)
    ELSE load_encoding.format END;
  new_hash bytea;
BEGIN
  IF load_encoding.name IS NULL OR load_encoding.definition IS NULL OR load_encoding.format IS NULL THEN
    RAISE EXCEPTION 'name, definition and format must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF btrim(load_encoding.name) <> load_encoding.name OR load_encoding.name = '' THEN
    RAISE EXCEPTION 'invalid encoding name: %', quote_literal(load_encoding.name)
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF found_format IS NULL THEN
    RAISE EXCEPTION 'format of the definition cannot be told from its content'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give it: huggingface, tiktoken, sentencepiece, tekken or gguf.';
  END IF;
  IF found_format = 'tiktoken' AND load_encoding.pattern IS NULL THEN
    RAISE EXCEPTION 'a rank file needs a pattern'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give the regular expression that cuts text into pieces as "pattern", and special tokens as "special_tokens".';
  END IF;
  IF found_format <> 'tiktoken' AND (load_encoding.pattern IS NOT NULL OR load_encoding.special_tokens IS NOT NULL) THEN
    RAISE EXCEPTION 'pattern and special tokens are given for rank files only'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('The definition is of the format %s, which has its own.', found_format);
  END IF;
  new_hash := tokenmeter.prepare_encoding(load_encoding.definition, found_format, load_encoding.pattern,
                                          load_encoding.special_tokens::text);
  IF load_encoding.name = ANY (tokenmeter.encodings()) THEN
    IF EXISTS (SELECT FROM tokenmeter.encoding AS e WHERE e.name = load_encoding.name AND e.hash = new_hash) THEN
      RETURN;  -- it is there already
    END IF;
    RAISE EXCEPTION 'encoding "%" already exists', load_encoding.name
      USING ERRCODE = 'duplicate_object',
            HINT = 'An encoding never changes. Load the new one by another name, or use tokenmeter.drop_encoding() first.';
  END IF;
  INSERT INTO tokenmeter.encoding (name, hash, format, definition, pattern, special_tokens)
  VALUES (load_encoding.name, new_hash, found_format, load_encoding.definition, load_encoding.pattern,
          load_encoding.special_tokens::text);
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.load_encoding(text, bytea, text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.load_encoding(text, bytea, text, text, jsonb) IS 'loads an encoding from a published tokenizer file: tokenizer.json, .tiktoken, .model, tekken.json or GGUF';

CREATE FUNCTION tokenmeter.drop_encoding(name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  users text;
  old_hash bytea;
BEGIN
  -- No model takes it up meanwhile.
  LOCK TABLE tokenmeter.model IN SHARE ROW EXCLUSIVE MODE;
  SELECT e.hash INTO old_hash FROM tokenmeter.encoding AS e WHERE e.name = drop_encoding.name;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'encoding "%" is not loaded', drop_encoding.name USING ERRCODE = 'undefined_object';
  END IF;
  SELECT string_agg(quote_literal(m.pattern), ', ' ORDER BY m.pattern) INTO users
  FROM tokenmeter.model AS m WHERE m.encoding = drop_encoding.name;
  IF users IS NOT NULL THEN
    RAISE EXCEPTION 'encoding "%" cannot be dropped because models have it', drop_encoding.name
      USING ERRCODE = 'dependent_objects_still_exist',
            DETAIL = format('In tokenmeter.model: %s.', users);
  END IF;
  DELETE FROM tokenmeter.encoding AS e WHERE e.name = drop_encoding.name;
  IF NOT EXISTS (SELECT FROM tokenmeter.encoding AS e WHERE e.hash = old_hash) THEN
    PERFORM tokenmeter.discard_encoding(old_hash);
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION tokenmeter.drop_encoding(text) FROM PUBLIC;
COMMENT ON FUNCTION tokenmeter.drop_encoding(text) IS 'drops a loaded encoding that no model has any more';
