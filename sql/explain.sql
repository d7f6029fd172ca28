-- Whatever the prices, the rows that a cost names explain it: random prices, factors and ends of all kinds, random calls.
BEGIN;
SELECT setseed(0.42);
CREATE FUNCTION pg_temp.pick(VARIADIC items text[]) RETURNS text LANGUAGE sql VOLATILE
  RETURN items[1 + floor(random() * cardinality(items))::integer];
CREATE TEMP TABLE row AS
SELECT i, pg_temp.pick('unit', 'unit', 'unit', 'factor', 'end') AS kind, pg_temp.pick('', '', '', 'eu', 'us') AS region,
  pg_temp.pick('standard', 'standard', 'batch', 'flex') AS tier, pg_temp.pick('0', '0', '0', '100', '1000')::bigint AS above,
  pg_temp.pick('', '', '', 't1', 't2') AS tenant, pg_temp.pick('', '', '', '', '03:00', '12:00', '22:00') AS hour,
  pg_temp.pick('input', 'output', 'cache_read', 'cache_write', 'cache_write_1h', 'reasoning', 'audio_input', 'web_search',
    'web_search_medium', 'zork') AS meter
FROM generate_series(1, 1500) i;
INSERT INTO tokenmeter.price (provider, model, meter, service_tier, context_above, tenant_id, region, hours_from, hours_to,
  unit_quantity, unit_price, factor, effective_from, recorded_at, origin)
SELECT 'random', pg_temp.pick('m', 'eu/m', 'm*', '*', 'm-x', 'random/m'), CASE WHEN kind <> 'unit' AND random() < 0.5 THEN '*' ELSE meter END,
  tier, CASE kind WHEN 'factor' THEN 0 ELSE above END, nullif(tenant, ''),
  CASE WHEN kind <> 'factor' OR tier = 'standard' THEN nullif(region, '') END,
  CASE WHEN hour = '' THEN '00:00' ELSE hour END::time, CASE WHEN hour = '' THEN '00:00' ELSE pg_temp.pick('05:00', '12:30', '23:00') END::time,
  CASE kind WHEN 'unit' THEN 10 END, CASE kind WHEN 'unit' THEN floor(random() * 1000) END, CASE kind WHEN 'factor' THEN floor(random() * 30 + 1) / 10 END,
  '2025-01-01'::timestamptz + floor(random() * 20) * interval '1 day', '2025-01-01'::timestamptz + i * interval '1 s', pg_temp.pick('own', 'own', 'litellm')
FROM row;
CREATE TEMP TABLE call AS
SELECT i, pg_temp.pick('m', 'eu/m', 'm-x', 'm-y', 'other', 'random/m', 'random/eu/m') AS model, pg_temp.pick('standard', 'batch', 'flex', 'priority') AS tier,
  nullif(pg_temp.pick('', 't1', 't2', 't3'), '') AS tenant, nullif(pg_temp.pick('', 'eu', 'us', 'ap'), '') AS region,
  '2025-01-01'::timestamptz + random() * 30 * interval '1 day' AS at,
  (SELECT jsonb_object_agg(meter, floor(random() * 600))
   FROM unnest('{input,output,cache_read,cache_write,cache_write_1h,reasoning,audio_input,web_search,web_search_high,zork}'::text[]) meter
   WHERE random() < 0.4 + 0 * i) AS quantities
FROM generate_series(1, 20000) i;
CREATE TEMP TABLE priced AS
SELECT c.*, p.* FROM call c, LATERAL tokenmeter.price_call('random', model, tier, at, NULL, quantities, tenant, region) p;
SELECT count(cost) > 10000 AS many_priced, count(*) FILTER (WHERE tier_assumed) > 1000 AS many_assumed, count(problem) > 100 AS some_not FROM priced;
SELECT p.i, p.model, p.cost, l.amount, p.tier_assumed, l.assumed
FROM priced p, LATERAL (SELECT coalesce(sum(amount), 0) AS amount, coalesce(bool_or(tier_assumed), false) AS assumed
  FROM tokenmeter.price_lines('random', p.model, p.tier, p.at, NULL, p.quantities, p.tenant, p.region, NULL, p.price_ids)) l
WHERE p.cost IS NOT NULL AND (l.amount <> p.cost OR l.assumed <> p.tier_assumed);
ROLLBACK;
