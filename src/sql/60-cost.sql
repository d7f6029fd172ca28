-- Costs over time: how an entry's cost came about, and entries that correct it when prices become known later.

-- The lines of a cost by the prices given, with the rule that chose each.
CREATE FUNCTION tokenmeter.explain_pricing(provider text, model text, service_tier text, at timestamptz,
  meters tokenmeter.token_meters, quantities jsonb, tenant_id text, region text, price_ids bigint[])
RETURNS TABLE (meter text, quantity numeric, unit_quantity numeric, unit_price numeric, currency text,
  price_id bigint, rule text, amount numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT line.meter, line.quantity, p.unit_quantity, p.unit_price, p.currency::text, line.price_id,
    CASE WHEN p.price_id IS NULL THEN 'not priced' ELSE concat_ws('; ',
      format('%s price of %s', p.service_tier, p.meter),
      CASE WHEN line.tier_assumed THEN format('none is known of service tier %s', explain_pricing.service_tier) END,
      CASE WHEN p.model LIKE '%*' THEN format('models %s', p.model) END,
      CASE WHEN p.context_above > 0 THEN format('prompt of more than %s tokens', p.context_above) END,
      CASE WHEN p.tenant_id IS NOT NULL THEN format('tenant %s', p.tenant_id) END,
      CASE WHEN p.region IS NOT NULL THEN format('region %s', p.region) END,
      CASE WHEN p.hours_from <> p.hours_to THEN format('from %s to %s UTC', p.hours_from, p.hours_to) END,
      (SELECT string_agg(format('x %s (%s, price_id %s)', trim_scale(f.factor), concat_ws(', ',
            CASE WHEN f.service_tier <> 'standard' THEN 'service tier ' || f.service_tier END,
            'region ' || f.region, 'tenant ' || f.tenant_id,
            CASE WHEN f.hours_from <> f.hours_to THEN format('from %s to %s UTC', f.hours_from, f.hours_to) END,
            CASE WHEN f.meter = '*' THEN 'every token meter' ELSE 'meter ' || f.meter END), f.price_id),
          '; ' ORDER BY array_position(line.factor_ids, f.price_id))
       FROM tokenmeter.price f WHERE f.price_id = ANY (line.factor_ids))) END,
    line.amount
  FROM tokenmeter.price_lines(explain_pricing.provider, explain_pricing.model, explain_pricing.service_tier,
    explain_pricing.at, explain_pricing.meters, explain_pricing.quantities, explain_pricing.tenant_id,
    explain_pricing.region, NULL, explain_pricing.price_ids) line
  LEFT JOIN tokenmeter.price p USING (price_id);
END;
COMMENT ON FUNCTION tokenmeter.explain_pricing(text, text, text, timestamptz, tokenmeter.token_meters, jsonb, text, text, bigint[]) IS 'what each meter of a call costs by the prices given, and by which rule';

-- Of an entry that corrects another, the new lines and, negative, those that they replace.
CREATE FUNCTION tokenmeter.explain_cost(entry_id bigint)
RETURNS TABLE (meter text, quantity numeric, unit_quantity numeric, unit_price numeric, currency text,
  price_id bigint, rule text, amount numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  entry record;
  called record;
  replaced_ids bigint[];
BEGIN
  SELECT u.* INTO entry FROM llm.usage u WHERE u.entry_id = explain_cost.entry_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'entry % does not exist', explain_cost.entry_id USING ERRCODE = 'undefined_object';
  END IF;
  SELECT u.*, ROW(u.input_tokens, u.cache_read_tokens, u.cache_write_tokens, u.cache_write_1h_tokens,
      u.output_tokens, u.reasoning_tokens)::tokenmeter.token_meters AS meters INTO called
  FROM llm.usage u WHERE u.occurred_at = entry.occurred_at AND u.entry_id = coalesce(entry.corrects, entry.entry_id);
  IF entry.corrects IS NOT NULL THEN
    SELECT u.price_ids INTO replaced_ids FROM llm.usage u
    WHERE u.occurred_at = entry.occurred_at AND coalesce(u.corrects, u.entry_id) = entry.corrects
      AND u.revision < entry.revision
    ORDER BY u.revision DESC LIMIT 1;
  END IF;
  RETURN QUERY
  SELECT line.meter, line.quantity, line.unit_quantity, line.unit_price, line.currency, line.price_id,
    pricing.note || line.rule, pricing.sign * line.amount
  FROM (VALUES ('', 1, coalesce(entry.price_ids, '{}')), ('replaces ', -1, replaced_ids)) pricing (note, sign, ids),
    tokenmeter.explain_pricing(called.provider, called.model, called.service_tier, called.occurred_at, called.meters,
      called.quantities, called.tenant_id, called.region, pricing.ids) line
  WHERE pricing.ids IS NOT NULL AND (line.currency = entry.currency OR entry.currency IS NULL);
END $$;
COMMENT ON FUNCTION tokenmeter.explain_cost(bigint) IS 'every meter of an entry with its quantity, price, rule and amount; the amounts add up to its cost';

-- Why a cost is another one. It has changed where prices have come that are effective later than those they replace, or
-- where one of these has ended since.
CREATE FUNCTION tokenmeter.correction_kind(old_ids bigint[], new_ids bigint[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN old_ids IS NULL THEN 'priced_late'
  WHEN (SELECT max(p.effective_from) FROM tokenmeter.price p WHERE p.price_id = ANY (new_ids) AND p.price_id <> ALL (old_ids))
     > (SELECT max(p.effective_from) FROM tokenmeter.price p WHERE p.price_id = ANY (old_ids) AND p.price_id <> ALL (new_ids))
    OR EXISTS (SELECT FROM tokenmeter.price p JOIN tokenmeter.price e USING (origin, provider, model, meter, service_tier,
        context_above, hours_from, hours_to)
      WHERE p.price_id = ANY (old_ids) AND p.price_id <> ALL (new_ids) AND num_nonnulls(e.unit_price, e.factor) = 0
        AND e.tenant_id IS NOT DISTINCT FROM p.tenant_id AND e.region IS NOT DISTINCT FROM p.region
        AND e.effective_from > p.effective_from)
  THEN 'price_changed' ELSE 'price_wrong' END;
COMMENT ON FUNCTION tokenmeter.correction_kind(bigint[], bigint[]) IS 'price_changed: a later price, or end, is known now; price_wrong: another one for the same time; priced_late: there was none';

-- The entries of a time whose cost by the prices known now is another than the one in the ledger: a row for each
-- currency in which it differs.
CREATE FUNCTION tokenmeter.find_repriced(from_time timestamptz, to_time timestamptz, model text, unpriced_only boolean,
  known_at timestamptz)
RETURNS TABLE (occurred_at timestamptz, entry_id bigint, revision integer, kind text, currency text, old_cost numeric,
  new_cost numeric, price_ids bigint[], tier_assumed boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT u.occurred_at, u.entry_id, last.revision + 1, tokenmeter.correction_kind(last.price_ids, new.price_ids),
    side.currency, sum(side.old_cost), sum(side.new_cost), new.price_ids, new.tier_assumed
  FROM llm.usage u
  CROSS JOIN LATERAL (
    -- What was priced elsewhere has no ids of prices: it was priced, by none that is known.
    SELECT e.revision, coalesce(e.price_ids, CASE WHEN u.priced OR e.revision > 0 THEN '{}'::bigint[] END) AS price_ids FROM (
      SELECT u.revision, u.price_ids
      UNION ALL SELECT c.revision, c.price_ids FROM llm.usage c
      WHERE c.occurred_at = u.occurred_at AND c.corrects = u.entry_id) e
    ORDER BY e.revision DESC LIMIT 1
  ) last
  CROSS JOIN LATERAL tokenmeter.price_call(u.provider, u.model, u.service_tier, u.occurred_at,
    ROW(u.input_tokens, u.cache_read_tokens, u.cache_write_tokens, u.cache_write_1h_tokens,
      u.output_tokens, u.reasoning_tokens)::tokenmeter.token_meters,
    u.quantities, u.tenant_id, u.region, find_repriced.known_at) new
  CROSS JOIN LATERAL (
    SELECT u.currency, u.cost AS old_cost, NULL::numeric AS new_cost WHERE u.priced
    UNION ALL SELECT c.currency, c.cost, NULL FROM llm.usage c
    WHERE c.occurred_at = u.occurred_at AND c.corrects = u.entry_id
    UNION ALL SELECT new.currency, NULL, new.cost
  ) side
  WHERE u.corrects IS NULL
    AND u.occurred_at >= find_repriced.from_time AND u.occurred_at < find_repriced.to_time
    AND (find_repriced.model IS NULL OR lower(u.model) = lower(find_repriced.model)
      OR find_repriced.model LIKE '%*' AND starts_with(lower(u.model), lower(left(find_repriced.model, -1))))
    AND (NOT find_repriced.unpriced_only OR NOT u.priced)
    AND (NOT find_repriced.unpriced_only OR last.revision = 0)
    AND u.unpriced_reason IS DISTINCT FROM tokenmeter.uncounted()
    AND new.cost IS NOT NULL
  GROUP BY u.occurred_at, u.entry_id, last.revision, last.price_ids, side.currency, new.price_ids, new.tier_assumed
  HAVING coalesce(sum(side.old_cost), 0) <> coalesce(sum(side.new_cost), 0) OR last.price_ids IS NULL;
END $$;
COMMENT ON FUNCTION tokenmeter.find_repriced(timestamptz, timestamptz, text, boolean, timestamptz) IS 'entries whose cost by the prices known now is another than in the ledger';

-- Posts a correction for each of them, and returns them. One session at a time, each of which sees what the one before has
-- posted; all by the prices that are known when it begins.
CREATE FUNCTION tokenmeter.post_repriced(from_time timestamptz, to_time timestamptz, model text, unpriced_only boolean,
  reason text)
RETURNS TABLE (entry_id bigint, model_name text, kind text, currency text, old_cost numeric, new_cost numeric)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
#variable_conflict use_column
BEGIN
  PERFORM tokenmeter.require_read_committed();
  PERFORM pg_advisory_xact_lock(hashtextextended('tokenmeter.post_repriced', 0));
  RETURN QUERY
  WITH found AS MATERIALIZED (
    SELECT f.* FROM tokenmeter.find_repriced(post_repriced.from_time, post_repriced.to_time, post_repriced.model,
      post_repriced.unpriced_only, clock_timestamp()) f
  ), posted AS (
    INSERT INTO llm.usage (occurred_at, corrects, revision, correction, correction_reason, source,
      tenant_id, team_id, project_id, user_id, session_id, api_key_id, provider, model, encoding, service_tier, region, method,
      cost, currency, priced, priced_at, price_ids, tier_assumed, status, tags)
    SELECT u.occurred_at, u.entry_id, f.revision, f.kind, post_repriced.reason, u.source,
      u.tenant_id, u.team_id, u.project_id, u.user_id, u.session_id, u.api_key_id, u.provider, u.model, u.encoding,
      u.service_tier, u.region, u.method, trim_scale(coalesce(f.new_cost, 0) - coalesce(f.old_cost, 0)), f.currency, true, now(), f.price_ids,
      f.tier_assumed, u.status, u.tags
    FROM found f JOIN llm.usage u USING (occurred_at, entry_id)
    RETURNING corrects, usage.model
  )
  SELECT f.entry_id, p.model, f.kind, f.currency, f.old_cost, f.new_cost
  FROM found f JOIN (SELECT DISTINCT posted.corrects, posted.model FROM posted) p ON p.corrects = f.entry_id;
END $$;
COMMENT ON FUNCTION tokenmeter.post_repriced(timestamptz, timestamptz, text, boolean, text) IS 'posts corrections of entries whose cost has become another';

CREATE FUNCTION tokenmeter.price_pending(from_time timestamptz DEFAULT '-infinity', to_time timestamptz DEFAULT 'infinity')
RETURNS bigint
LANGUAGE sql
RETURN (SELECT count(*) FROM tokenmeter.post_repriced(from_time, to_time, NULL, true, 'price_pending'));
COMMENT ON FUNCTION tokenmeter.price_pending(timestamptz, timestamptz) IS 'prices the entries that had no price when they were posted; returns how many now have one';

CREATE FUNCTION tokenmeter.reprice(from_time timestamptz, to_time timestamptz, model text DEFAULT NULL,
  reason text DEFAULT NULL, dry_run boolean DEFAULT true)
RETURNS TABLE (model_name text, currency text, correction text, entries bigint, old_cost numeric, new_cost numeric,
  difference numeric)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF reprice.from_time IS NULL OR reprice.to_time IS NULL OR reprice.dry_run IS NULL THEN
    RAISE EXCEPTION 'from_time, to_time and dry_run must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF NOT reprice.dry_run AND coalesce(btrim(reprice.reason), '') = '' THEN
    RAISE EXCEPTION 'corrections need a reason'
      USING ERRCODE = 'null_value_not_allowed', HINT = 'Give it as "reason"; it is kept with each of them.';
  END IF;
  RETURN QUERY
  SELECT r.name, r.currency, r.kind, count(*), coalesce(sum(r.old_cost), 0), coalesce(sum(r.new_cost), 0),
    trim_scale(coalesce(sum(r.new_cost), 0) - coalesce(sum(r.old_cost), 0))
  FROM (
    SELECT u.model AS name, f.currency, f.kind, f.old_cost, f.new_cost
    FROM tokenmeter.find_repriced(reprice.from_time, reprice.to_time, reprice.model, false, clock_timestamp()) f
    JOIN llm.usage u USING (occurred_at, entry_id)
    WHERE reprice.dry_run
    UNION ALL
    SELECT p.model_name, p.currency, p.kind, p.old_cost, p.new_cost
    FROM tokenmeter.post_repriced(reprice.from_time, reprice.to_time, reprice.model, false, reprice.reason) p
    WHERE NOT reprice.dry_run
  ) r
  GROUP BY r.name, r.currency, r.kind
  ORDER BY r.name, r.currency, r.kind;
END $$;
COMMENT ON FUNCTION tokenmeter.reprice(timestamptz, timestamptz, text, text, boolean) IS 'what the entries of a time cost by the prices known now; unless it is a dry run, posts corrections where that is another cost';
