-- llm.focus: usage and cost in the columns of FOCUS 1.2, the FinOps specification that finance systems import.
--
-- A row is a day of a series. What has no price has no row, since FOCUS knows no charge without a cost: llm.unpriced has it.
-- Columns that FOCUS lets be null, and of which a ledger knows nothing (commitments, reservations, zones), are null. Own columns
-- begin with x_, as FOCUS wants it.

CREATE FUNCTION tokenmeter.create_focus_view() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
BEGIN
  CREATE OR REPLACE VIEW llm.focus AS
  SELECT
    NULL::text AS "AvailabilityZone",
    d.cost AS "BilledCost",
    coalesce(d.tenant_id, 'none') AS "BillingAccountId",
    d.tenant_id AS "BillingAccountName",
    'Tenant' AS "BillingAccountType",
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
    d.quantities AS "x_Quantities", d.method AS "x_Method"
  FROM llm.usage_daily d CROSS JOIN (SELECT tokenmeter.report_time_zone() AS zone) z
  CROSS JOIN LATERAL (
    SELECT coalesce(nullif(tokens, 0), d.calls) AS quantity, CASE WHEN tokens = 0 THEN 'Calls' ELSE 'Tokens' END AS unit
    FROM (SELECT coalesce(d.input_tokens, 0) + coalesce(d.cache_read_tokens, 0) + coalesce(d.cache_write_tokens, 0)
      + coalesce(d.cache_write_1h_tokens, 0) + coalesce(d.output_tokens, 0) + coalesce(d.reasoning_tokens, 0) AS tokens) n
  ) t
  WHERE d.currency IS NOT NULL;
  COMMENT ON VIEW llm.focus IS 'usage and cost by day in the columns of FOCUS 1.2; its sums are the ledger''s';
END $create$;
COMMENT ON FUNCTION tokenmeter.create_focus_view() IS 'part of create_ledger()';
