-- llm.focus: usage and cost in the columns of FOCUS 1.2, the FinOps specification that finance systems import.
--
-- A row is a day of a series. What has no price has no row, since FOCUS knows no charge without a cost: llm.unpriced has it.
-- The cost of a call that was priced late is in the series of its currency, its tokens in the one without: the row has both.
-- Columns that FOCUS lets be null, and of which a ledger knows nothing (commitments, reservations, zones), are null. Own columns
-- begin with x_, as FOCUS wants it.

CREATE FUNCTION tokenmeter.create_focus_view() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
BEGIN
  CREATE OR REPLACE VIEW llm.focus AS
  SELECT
    NULL::text AS "AvailabilityZone",
    d.cost AS "BilledCost",
    coalesce(d.tenant_id, '') AS "BillingAccountId",
    d.tenant_id AS "BillingAccountName",
    CASE WHEN d.tenant_id IS NULL THEN 'No tenant' ELSE 'Tenant' END AS "BillingAccountType",
    d.currency AS "BillingCurrency",
    (date_trunc('month', d.day::timestamp) + interval '1 month') AT TIME ZONE z.zone AS "BillingPeriodEnd",
    date_trunc('month', d.day::timestamp) AT TIME ZONE z.zone AS "BillingPeriodStart",
    NULL::text AS "CapacityReservationId",
    NULL::text AS "CapacityReservationStatus",
    'Usage' AS "ChargeCategory",
    NULL::text AS "ChargeClass",
    format('%s, %s, service tier %s', d.model, coalesce(d.provider, 'unknown provider'), d.service_tier) AS "ChargeDescription",
    'Usage-Based' AS "ChargeFrequency",
    (d.day + 1)::timestamp AT TIME ZONE z.zone AS "ChargePeriodEnd",
    d.day::timestamp AT TIME ZONE z.zone AS "ChargePeriodStart",
    NULL::text AS "CommitmentDiscountCategory",
    NULL::text AS "CommitmentDiscountId",
    NULL::text AS "CommitmentDiscountName",
    NULL::numeric AS "CommitmentDiscountQuantity",
    NULL::text AS "CommitmentDiscountStatus",
    NULL::text AS "CommitmentDiscountType",
    NULL::text AS "CommitmentDiscountUnit",
    t.quantity AS "ConsumedQuantity",
    t.unit AS "ConsumedUnit",
    d.cost AS "ContractedCost",
    NULL::numeric AS "ContractedUnitPrice",
    d.cost AS "EffectiveCost",
    NULL::text AS "InvoiceId",
    coalesce(d.provider, 'unknown') AS "InvoiceIssuerName",
    d.cost AS "ListCost",
    NULL::numeric AS "ListUnitPrice",
    'Standard' AS "PricingCategory",
    d.currency AS "PricingCurrency",
    NULL::numeric AS "PricingCurrencyContractedUnitPrice",
    d.cost AS "PricingCurrencyEffectiveCost",
    NULL::numeric AS "PricingCurrencyListUnitPrice",
    t.quantity AS "PricingQuantity",
    t.unit AS "PricingUnit",
    coalesce(d.provider, 'unknown') AS "ProviderName",
    coalesce(d.provider, 'unknown') AS "PublisherName",
    NULL::text AS "RegionId",
    NULL::text AS "RegionName",
    d.api_key_id AS "ResourceId",
    d.api_key_id AS "ResourceName",
    CASE WHEN d.api_key_id IS NOT NULL THEN 'API key' END AS "ResourceType",
    'AI and Machine Learning' AS "ServiceCategory",
    coalesce(d.provider, 'unknown') || ' language models' AS "ServiceName",
    'Generative AI' AS "ServiceSubcategory",
    d.model AS "SkuId",
    t.unit AS "SkuMeter",
    jsonb_build_object('x_ServiceTier', d.service_tier) AS "SkuPriceDetails",
    NULL::text AS "SkuPriceId",
    coalesce(d.project_id, d.team_id) AS "SubAccountId",
    coalesce(d.project_id, d.team_id) AS "SubAccountName",
    CASE WHEN d.project_id IS NOT NULL THEN 'Project' WHEN d.team_id IS NOT NULL THEN 'Team' END AS "SubAccountType",
    jsonb_strip_nulls(jsonb_build_object('team', d.team_id, 'project', d.project_id, 'user', d.user_id, 'status', d.status)) AS "Tags",
    d.calls AS "x_Calls",
    d.input_tokens AS "x_InputTokens", d.cache_read_tokens AS "x_CacheReadTokens", d.cache_write_tokens AS "x_CacheWriteTokens",
    d.cache_write_1h_tokens AS "x_CacheWrite1hTokens", d.output_tokens AS "x_OutputTokens", d.reasoning_tokens AS "x_ReasoningTokens",
    d.quantities AS "x_Quantities", d.method AS "x_Method",
    date_trunc('month', d.day::timestamp)::date AS "x_BillingMonth",
    d.unpriced_calls AS "x_UnpricedCalls"
  FROM (
    SELECT c.day, c.tenant_id, c.team_id, c.project_id, c.user_id, c.api_key_id, c.provider, c.model, c.service_tier, c.method, c.status, c.charged_in AS currency,
      sum(c.calls - c.unpriced_calls)::bigint AS calls, sum(c.input_tokens) AS input_tokens, sum(c.cache_read_tokens) AS cache_read_tokens,
      sum(c.cache_write_tokens) AS cache_write_tokens, sum(c.cache_write_1h_tokens) AS cache_write_1h_tokens,
      sum(c.output_tokens) AS output_tokens, sum(c.reasoning_tokens) AS reasoning_tokens, tokenmeter.sum(c.quantities) AS quantities,
      sum(c.cost) AS cost, sum(c.unpriced_calls)::bigint AS unpriced_calls
    FROM (
      -- What is without a currency goes to the one that has corrections, once a call of it has a price.
      SELECT u.*, CASE WHEN u.currency IS NOT NULL THEN u.currency WHEN u.calls > u.unpriced_calls THEN
        first_value(u.currency) OVER (PARTITION BY u.day, u.tenant_id, u.team_id, u.project_id, u.user_id, u.api_key_id, u.provider, u.model,
          u.service_tier, u.method, u.status
          ORDER BY u.currency IS NULL, u.entries - u.calls DESC, u.currency) END AS charged_in
      FROM llm.usage_daily u
    ) c
    WHERE c.charged_in IS NOT NULL
    GROUP BY c.day, c.tenant_id, c.team_id, c.project_id, c.user_id, c.api_key_id, c.provider, c.model, c.service_tier, c.method, c.status, c.charged_in
  ) d CROSS JOIN (SELECT tokenmeter.report_time_zone() AS zone) z
  CROSS JOIN LATERAL (
    SELECT coalesce(nullif(tokens, 0), d.calls) AS quantity, CASE WHEN tokens = 0 THEN 'Calls' ELSE 'Tokens' END AS unit
    FROM (SELECT coalesce(d.input_tokens, 0) + coalesce(d.cache_read_tokens, 0) + coalesce(d.cache_write_tokens, 0)
      + coalesce(d.cache_write_1h_tokens, 0) + coalesce(d.output_tokens, 0) + coalesce(d.reasoning_tokens, 0) AS tokens) n
  ) t;
  COMMENT ON VIEW llm.focus IS 'usage and cost by day in the columns of FOCUS 1.2; with the calls that have no price, its sums are the ledger''s';
  COMMENT ON COLUMN llm.focus."x_BillingMonth" IS 'the first day of the month, in the time zone tokenmeter.time_zone';
  COMMENT ON COLUMN llm.focus."x_UnpricedCalls" IS 'calls that have no price yet, of which the tokens are in the row: others like them on the same day were priced late';
END $create$;
COMMENT ON FUNCTION tokenmeter.create_focus_view() IS 'part of create_ledger()';
