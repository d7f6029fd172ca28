-- Chats: what a conversation costs in prompt tokens.

-- `tools` may be NULL, so the functions cannot be STRICT; NULL for the others gives NULL all the same.
CREATE FUNCTION @extschema@.token_count_chat(model text, messages jsonb, tools jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'tokenmeter_token_count_chat';
COMMENT ON FUNCTION @extschema@.token_count_chat(text, jsonb, jsonb) IS 'prompt tokens of a conversation and its tools: texts, and what the model''s chat format adds to them';

CREATE FUNCTION tokenmeter.count_messages(model text, messages jsonb, tools jsonb DEFAULT NULL,
  OUT tokens bigint, OUT exact boolean)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'tokenmeter_count_messages';
COMMENT ON FUNCTION tokenmeter.count_messages(text, jsonb, jsonb) IS 'the same of what can be counted; not exact where anything else is in it, or a rule is not known to be the provider''s';

CREATE FUNCTION tokenmeter.chat_templates() RETURNS text[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_chat_templates';
COMMENT ON FUNCTION tokenmeter.chat_templates() IS 'names of all chat templates, for tokenmeter.model';
