-- The text functions. Each takes a model's or an encoding's name first.

CREATE FUNCTION @extschema@.token_encoding(model text) RETURNS text
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_token_encoding';
COMMENT ON FUNCTION @extschema@.token_encoding(text) IS 'the encoding a model''s name stands for; NULL where none is known';

CREATE FUNCTION @extschema@.token_count(model text, content text) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'tokenmeter_token_count';
COMMENT ON FUNCTION @extschema@.token_count(text, text) IS 'tokens of the text alone; the text of special tokens counts as ordinary text';

CREATE FUNCTION @extschema@.token_encode(model text, content text) RETURNS integer[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200 AS 'MODULE_PATHNAME', 'tokenmeter_token_encode';
COMMENT ON FUNCTION @extschema@.token_encode(text, text) IS 'the tokens of the text';

CREATE FUNCTION @extschema@.token_decode(model text, tokens integer[]) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'tokenmeter_token_decode';
COMMENT ON FUNCTION @extschema@.token_decode(text, integer[]) IS 'the text that the tokens spell, special tokens included';

CREATE FUNCTION @extschema@.token_decode_bytes(model text, tokens integer[]) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'tokenmeter_token_decode_bytes';
COMMENT ON FUNCTION @extschema@.token_decode_bytes(text, integer[]) IS 'the bytes that the tokens spell, in UTF-8 if they are text';

CREATE FUNCTION @extschema@.token_pieces(model text, content text)
RETURNS TABLE ("position" bigint, token integer, bytes bytea)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 200 ROWS 1000
BEGIN ATOMIC
  SELECT t."position", t.token, @extschema@.token_decode_bytes(token_pieces.model, ARRAY[t.token])
  FROM unnest(@extschema@.token_encode(token_pieces.model, token_pieces.content))
    WITH ORDINALITY AS t (token, "position");
END;
COMMENT ON FUNCTION @extschema@.token_pieces(text, text) IS 'one row for each token of the text: position from 1, token, bytes';

CREATE FUNCTION @extschema@.token_truncate(model text, content text, max_tokens bigint) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'tokenmeter_token_truncate';
COMMENT ON FUNCTION @extschema@.token_truncate(text, text, bigint) IS 'the longest beginning of the text, of whole characters, that has at most so many tokens by itself';

CREATE FUNCTION @extschema@.token_chunks(model text, content text, size integer, overlap integer DEFAULT 0)
RETURNS TABLE ("position" integer, chunk text, tokens integer)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200 ROWS 100 AS 'MODULE_PATHNAME', 'tokenmeter_token_chunks';
COMMENT ON FUNCTION @extschema@.token_chunks(text, text, integer, integer) IS 'the text in parts of at most `size` tokens, each beginning with up to `overlap` tokens of the one before: position from 1, part, tokens';

-- Estimates may get better from version to version.
CREATE FUNCTION @extschema@.token_estimate(model text, content text) RETURNS bigint
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'tokenmeter_token_estimate';
COMMENT ON FUNCTION @extschema@.token_estimate(text, text) IS 'tokens of the text for a model with no public tokenizer, about; for any other, its exact count';
