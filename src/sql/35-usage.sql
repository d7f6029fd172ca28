-- Usage objects of providers.

CREATE TYPE tokenmeter.token_meters AS (
  input bigint, cache_read bigint, cache_write bigint, cache_write_1h bigint, output bigint, reasoning bigint
);
COMMENT ON TYPE tokenmeter.token_meters IS 'the disjoint token meters of one call, as reported, counted or billed; NULL: not known';

-- All that a usage object says. Quantities are the meters besides those six, of which there is any.
CREATE TYPE tokenmeter.usage_report AS (
  meters tokenmeter.token_meters, quantities jsonb, service_tier text, region text,
  provider_cost numeric, currency text
);
COMMENT ON TYPE tokenmeter.usage_report IS 'what a provider''s usage object says; NULL: not reported';

CREATE FUNCTION tokenmeter.read_usage(usage jsonb) RETURNS tokenmeter.usage_report
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_read_usage';
COMMENT ON FUNCTION tokenmeter.read_usage(jsonb) IS 'a provider''s usage object as disjoint meters, with its service tier, region and cost';
