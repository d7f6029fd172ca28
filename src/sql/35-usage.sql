-- Usage objects of providers.

CREATE TYPE tokenmeter.token_meters AS (
  input bigint, cache_read bigint, cache_write bigint, cache_write_1h bigint, output bigint, reasoning bigint
);
COMMENT ON TYPE tokenmeter.token_meters IS 'the disjoint token meters of one call, as reported, counted or billed; NULL: not known';

CREATE FUNCTION tokenmeter.read_usage(usage jsonb,
  OUT input bigint, OUT cache_read bigint, OUT cache_write bigint, OUT cache_write_1h bigint,
  OUT output bigint, OUT reasoning bigint)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_read_usage';
COMMENT ON FUNCTION tokenmeter.read_usage(jsonb) IS 'a provider''s usage object as disjoint token meters; NULL: not reported';
