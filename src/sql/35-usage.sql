-- Usage objects of providers.

CREATE FUNCTION tokenmeter.read_usage(usage jsonb,
  OUT input bigint, OUT cache_read bigint, OUT cache_write bigint, OUT cache_write_1h bigint,
  OUT output bigint, OUT reasoning bigint)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_read_usage';
COMMENT ON FUNCTION tokenmeter.read_usage(jsonb) IS 'a provider''s usage object as disjoint token meters; NULL: not reported';
