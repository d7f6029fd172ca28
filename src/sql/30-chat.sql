-- Chats: what a list of messages costs in prompt tokens.

CREATE FUNCTION tokenmeter.count_messages(model text, messages jsonb, OUT tokens bigint, OUT exact boolean)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'tokenmeter_count_messages';
COMMENT ON FUNCTION tokenmeter.count_messages(text, jsonb) IS 'prompt tokens of a list of chat messages; not exact where it holds images, files or tool calls';
