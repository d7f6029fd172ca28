-- Materialized views: answers that are asked for again and again, as of the last maintain().
--
-- They are made of months, never of entries, and refreshed concurrently, so that readers do not wait. Their months are those
-- of the zone that the session had that refreshed them. `row_key` stands for a row's key, of which parts may be NULL.

CREATE FUNCTION tokenmeter.create_summaries() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
BEGIN
  CREATE MATERIALIZED VIEW IF NOT EXISTS llm.monthly_statement AS
  SELECT m.month, m.tenant_id, m.provider, m.model, m.currency, sum(m.calls)::bigint AS calls,
    sum(m.input_tokens) AS input_tokens, sum(m.cache_read_tokens) AS cache_read_tokens,
    sum(m.cache_write_tokens) AS cache_write_tokens, sum(m.cache_write_1h_tokens) AS cache_write_1h_tokens,
    sum(m.output_tokens) AS output_tokens, sum(m.reasoning_tokens) AS reasoning_tokens, tokenmeter.sum(m.quantities) AS quantities,
    sum(m.cost) AS cost, sum(m.unpriced_calls)::bigint AS unpriced_calls,
    tokenmeter.series_key(m.tenant_id, m.provider, m.model, m.currency) AS row_key
  FROM llm.tenant_monthly m
  GROUP BY m.month, m.tenant_id, m.provider, m.model, m.currency;
  CREATE UNIQUE INDEX IF NOT EXISTS monthly_statement_key ON llm.monthly_statement (month, row_key);
  CREATE INDEX IF NOT EXISTS monthly_statement_tenant ON llm.monthly_statement USING hash (tenant_id);
  COMMENT ON MATERIALIZED VIEW llm.monthly_statement IS 'calls, tokens and cost by tenant, month and model, as of the last maintain()';

  -- Calls and tokens are of all currencies and of none: a call that was priced late has its tokens in one row, its cost in another.
  CREATE MATERIALIZED VIEW IF NOT EXISTS llm.top_users AS
  SELECT r.* FROM (
    SELECT c.month, c.currency, rank() OVER (PARTITION BY c.month, c.currency ORDER BY c.cost DESC) AS rank, c.tenant_id, c.user_id, c.calls, c.tokens,
      c.cost, round(c.cost / nullif(sum(c.cost) OVER (PARTITION BY c.month, c.currency), 0), 6) AS share_of_cost,
      tokenmeter.series_key(c.currency, c.tenant_id, c.user_id) AS row_key
    FROM (
      SELECT m.month, m.currency, m.tenant_id, m.user_id, sum(m.cost) AS cost, (sum(sum(m.calls)) OVER of_user)::bigint AS calls,
        sum(sum(coalesce(m.input_tokens, 0) + coalesce(m.cache_read_tokens, 0) + coalesce(m.cache_write_tokens, 0)
          + coalesce(m.cache_write_1h_tokens, 0) + coalesce(m.output_tokens, 0) + coalesce(m.reasoning_tokens, 0))) OVER of_user AS tokens
      FROM llm.usage_monthly m GROUP BY m.month, m.currency, m.tenant_id, m.user_id
      WINDOW of_user AS (PARTITION BY m.month, m.tenant_id, m.user_id)
    ) c WHERE c.currency IS NOT NULL
  ) r WHERE r.rank <= 100;
  CREATE UNIQUE INDEX IF NOT EXISTS top_users_key ON llm.top_users (month, row_key);
  COMMENT ON MATERIALIZED VIEW llm.top_users IS 'the 100 users that cost most in each month and currency, with all their calls and tokens, in whatever currency, as of the last maintain()';

  CREATE MATERIALIZED VIEW IF NOT EXISTS llm.top_models AS
  SELECT c.month, c.currency, rank() OVER (PARTITION BY c.month, c.currency ORDER BY c.cost DESC) AS rank, c.provider, c.model, c.calls, c.tokens,
    c.cost, round(c.cost / nullif(sum(c.cost) OVER (PARTITION BY c.month, c.currency), 0), 6) AS share_of_cost,
    tokenmeter.series_key(c.currency, c.provider, c.model) AS row_key
  FROM (
    SELECT m.month, m.currency, m.provider, m.model, sum(m.cost) AS cost, (sum(sum(m.calls)) OVER of_model)::bigint AS calls,
      sum(sum(coalesce(m.input_tokens, 0) + coalesce(m.cache_read_tokens, 0) + coalesce(m.cache_write_tokens, 0)
        + coalesce(m.cache_write_1h_tokens, 0) + coalesce(m.output_tokens, 0) + coalesce(m.reasoning_tokens, 0))) OVER of_model AS tokens
    FROM llm.model_monthly m GROUP BY m.month, m.currency, m.provider, m.model
    WINDOW of_model AS (PARTITION BY m.month, m.provider, m.model)
  ) c WHERE c.currency IS NOT NULL;
  CREATE UNIQUE INDEX IF NOT EXISTS top_models_key ON llm.top_models (month, row_key);
  COMMENT ON MATERIALIZED VIEW llm.top_models IS 'what each model costs in each month and currency, its rank, and all its calls and tokens, in whatever currency, as of the last maintain()';

  CREATE MATERIALIZED VIEW IF NOT EXISTS llm.model_mix AS
  SELECT t.month, t.tenant_id, t.provider, t.model, t.calls, t.tokens,
    round(t.calls / nullif(sum(t.calls) OVER of_tenant, 0), 6) AS share_of_calls,
    round(t.tokens / nullif(sum(t.tokens) OVER of_tenant, 0), 6) AS share_of_tokens,
    tokenmeter.series_key(t.tenant_id, t.provider, t.model) AS row_key
  FROM (
    SELECT m.month, m.tenant_id, m.provider, m.model, sum(m.calls)::bigint AS calls,
      coalesce(sum(m.input_tokens), 0) + coalesce(sum(m.cache_read_tokens), 0) + coalesce(sum(m.cache_write_tokens), 0)
      + coalesce(sum(m.cache_write_1h_tokens), 0) + coalesce(sum(m.output_tokens), 0) + coalesce(sum(m.reasoning_tokens), 0) AS tokens
    FROM llm.tenant_monthly m GROUP BY m.month, m.tenant_id, m.provider, m.model
  ) t WINDOW of_tenant AS (PARTITION BY t.month, t.tenant_id);
  CREATE UNIQUE INDEX IF NOT EXISTS model_mix_key ON llm.model_mix (month, row_key);
  COMMENT ON MATERIALIZED VIEW llm.model_mix IS 'which models each tenant uses in each month, as of the last maintain()';
END $create$;
COMMENT ON FUNCTION tokenmeter.create_summaries() IS 'part of create_ledger()';

CREATE FUNCTION tokenmeter.refresh_summaries() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning SET jit = off SET row_security = off AS $$
BEGIN
  PERFORM tokenmeter.begin_maintenance();
  REFRESH MATERIALIZED VIEW CONCURRENTLY llm.monthly_statement;
  REFRESH MATERIALIZED VIEW CONCURRENTLY llm.top_users;
  REFRESH MATERIALIZED VIEW CONCURRENTLY llm.top_models;
  REFRESH MATERIALIZED VIEW CONCURRENTLY llm.model_mix;
  DELETE FROM llm.summary_zone;
  INSERT INTO llm.summary_zone (zone) VALUES (tokenmeter.report_time_zone());
END $$;
COMMENT ON FUNCTION tokenmeter.refresh_summaries() IS 'refreshes the materialized views; maintain() does when buckets have changed, or the zone';
