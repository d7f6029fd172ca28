-- Models: which encoding they have, and whose they are.

-- A pattern is a model's name in lower case, or the start of names followed by '*'. The most specific
-- pattern wins; between equal ones the user's own. src/pg/model.c reads the columns by position.
CREATE TABLE tokenmeter.model (
  pattern text NOT NULL CHECK (pattern = lower(pattern) AND pattern ~ '^[^*]+\*?$'),
  shipped boolean NOT NULL DEFAULT false,
  encoding text,
  provider text CHECK (provider = lower(provider) AND provider <> ''),
  chat_template text,
  estimator text,
  PRIMARY KEY (pattern, shipped)
);
GRANT SELECT ON tokenmeter.model TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tokenmeter.model', 'WHERE NOT shipped');
COMMENT ON TABLE tokenmeter.model IS 'which encoding models have and whose they are, by name or start of name';
COMMENT ON COLUMN tokenmeter.model.pattern IS 'name in lower case, or the start of names and *';
COMMENT ON COLUMN tokenmeter.model.shipped IS 'came with the extension';
COMMENT ON COLUMN tokenmeter.model.encoding IS 'name of the encoding; NULL: the model has no public tokenizer';
COMMENT ON COLUMN tokenmeter.model.provider IS 'whose prices a call pays that names no provider';
COMMENT ON COLUMN tokenmeter.model.chat_template IS 'name of the chat template; NULL: that of the encoding''s own models';
COMMENT ON COLUMN tokenmeter.model.estimator IS 'by what token_estimate estimates where there is no encoding; NULL: general';

CREATE TRIGGER protect_shipped_from_truncate BEFORE TRUNCATE ON tokenmeter.model
  FOR EACH STATEMENT EXECUTE FUNCTION tokenmeter.protect_shipped();
CREATE TRIGGER protect_shipped BEFORE UPDATE OR DELETE ON tokenmeter.model
  FOR EACH ROW EXECUTE FUNCTION tokenmeter.protect_shipped();
CREATE TRIGGER table_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tokenmeter.model
  FOR EACH STATEMENT EXECUTE FUNCTION tokenmeter.table_changed();
ALTER TABLE tokenmeter.model ENABLE ALWAYS TRIGGER table_changed;

INSERT INTO tokenmeter.model (encoding, provider, pattern, shipped)
SELECT encoding, provider, unnest(patterns), true
FROM (VALUES
  ('o200k_base', 'openai', ARRAY[
     'gpt-5*', 'gpt-4.5*', 'gpt-4.1*', 'gpt-4o*', 'chatgpt-4o*', 'o1', 'o1-*', 'o3', 'o3-*', 'o4', 'o4-*',
     'codex-mini*', 'computer-use-preview*', 'gpt-audio*', 'gpt-realtime*']),
  ('o200k_harmony', NULL, ARRAY['gpt-oss*']),
  ('cl100k_base', 'openai', ARRAY[
     'gpt-4', 'gpt-4-*', 'gpt-3.5-turbo', 'gpt-3.5-turbo-*', 'gpt-35-turbo', 'gpt-35-turbo-*', 'gpt-3.5',
     'text-embedding-ada-002', 'text-embedding-ada-002-*', 'text-embedding-3-small', 'text-embedding-3-large',
     'davinci-002', 'babbage-002']),
  ('p50k_base', 'openai', ARRAY[
     'text-davinci-002', 'text-davinci-003', 'code-davinci-001', 'code-davinci-002', 'code-cushman-001',
     'code-cushman-002', 'davinci-codex', 'cushman-codex']),
  ('p50k_edit', 'openai', ARRAY['text-davinci-edit-001', 'code-davinci-edit-001']),
  ('r50k_base', 'openai', ARRAY[
     'text-davinci-001', 'text-curie-001', 'text-babbage-001', 'text-ada-001', 'davinci', 'curie', 'babbage',
     'ada', 'text-similarity-*', 'text-search-*', 'code-search-*']),
  ('gpt2', NULL, ARRAY['gpt-2'])
) AS family (encoding, provider, patterns);

-- The first release of this model had a chat template of its own.
INSERT INTO tokenmeter.model (pattern, shipped, encoding, provider, chat_template)
VALUES ('gpt-3.5-turbo-0301', true, 'cl100k_base', 'openai', 'gpt-3.5-turbo-0301');

-- Models whose tokenizer does not come with the extension. Claude's have had another one since Opus 4.7.
INSERT INTO tokenmeter.model (estimator, provider, pattern, shipped)
SELECT estimator, provider, unnest(patterns), true
FROM (VALUES
  ('claude-4.7', 'anthropic', ARRAY['claude*', 'anthropic*']),
  ('gemini', 'google', ARRAY['gemini*', 'google/gemini*']),
  ('general', 'xai', ARRAY['grok*', 'xai/*']),
  -- Those of these are public: tokenmeter.load_encoding() takes the file.
  ('general', 'deepseek', ARRAY['deepseek*']), ('general', 'moonshot', ARRAY['kimi*', 'moonshot*']),
  ('general', 'dashscope', ARRAY['qwen*', 'qwq*']), ('general', 'zai', ARRAY['glm*']),
  ('general', 'mistral', ARRAY['mistral*', 'ministral*', 'magistral*', 'codestral*', 'devstral*', 'pixtral*'])
) AS family (estimator, provider, patterns)
UNION ALL
SELECT 'claude', 'anthropic', path || version || '*', true
FROM unnest(ARRAY['claude-', 'anthropic/claude-', 'anthropic.claude-']) AS path,
  unnest(ARRAY['v', 'instant', '1', '2', '3', 'opus-4-0', 'opus-4-1', 'opus-4.1', 'opus-4-2025', 'opus-4@', 'opus-4-5',
               'opus-4.5', 'opus-4-6', 'opus-4.6', 'sonnet-4', 'haiku-4']) AS version;

CREATE FUNCTION tokenmeter.provider_name(provider text) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_provider_name';
COMMENT ON FUNCTION tokenmeter.provider_name(text) IS 'the name under which a provider''s prices stand: lower case, one of several names; NULL if it is empty or too long';

CREATE FUNCTION tokenmeter.service_tier(service_tier text) RETURNS text
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_service_tier';
COMMENT ON FUNCTION tokenmeter.service_tier(text) IS 'a service tier as prices name it: lower case; standard for auto, default and none';

CREATE FUNCTION tokenmeter.model_provider(model text) RETURNS text
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_model_provider';
COMMENT ON FUNCTION tokenmeter.model_provider(text) IS 'whose a model is: the provider that its name begins with, else that of tokenmeter.model';

CREATE FUNCTION tokenmeter.add_model(pattern text, encoding text, provider text DEFAULT NULL,
  chat_template text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (lower(add_model.pattern) ~ '^[^*]+\*?$') IS NOT TRUE THEN
    RAISE EXCEPTION 'invalid model name: %', quote_nullable(add_model.pattern)
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give a name, or the start of names and a final *.';
  END IF;
  -- drop_encoding() waits for this.
  LOCK TABLE tokenmeter.model IN ROW EXCLUSIVE MODE;
  IF add_model.encoding <> ALL (tokenmeter.encodings()) THEN
    RAISE EXCEPTION 'encoding "%" is not known', add_model.encoding
      USING ERRCODE = 'undefined_object',
            HINT = format('The encodings are %s.', array_to_string(tokenmeter.encodings(), ', '));
  END IF;
  IF add_model.chat_template <> ALL (tokenmeter.chat_templates()) THEN
    RAISE EXCEPTION 'chat template "%" is not known', add_model.chat_template
      USING ERRCODE = 'undefined_object',
            HINT = format('The chat templates are %s.', array_to_string(tokenmeter.chat_templates(), ', '));
  END IF;
  INSERT INTO tokenmeter.model AS m (pattern, encoding, provider, chat_template)
  VALUES (lower(add_model.pattern), add_model.encoding,
    coalesce(nullif(lower(add_model.provider), ''), tokenmeter.model_provider(add_model.pattern)),
    add_model.chat_template)
  ON CONFLICT ON CONSTRAINT model_pkey DO UPDATE
    SET encoding = excluded.encoding, provider = excluded.provider, chat_template = excluded.chat_template;
END $$;
COMMENT ON FUNCTION tokenmeter.add_model(text, text, text, text) IS 'says which encoding a model has, whose it is and which chat template it has, or all models whose names start with what stands before a final *';
