-- Prices, and what a call costs.

-- Insert-only: a new price is a new row with a later effective_from. Numbers of shipped rows stay below the
-- sequence's start.
CREATE SEQUENCE tokenmeter.price_id_seq START WITH 1000001;
CREATE TABLE tokenmeter.price (
  price_id bigint PRIMARY KEY DEFAULT nextval('tokenmeter.price_id_seq'),
  shipped boolean NOT NULL DEFAULT false,
  provider text NOT NULL CHECK (provider = lower(provider) AND provider <> ''),
  model text NOT NULL CHECK (model = lower(model) AND model <> ''),
  meter text NOT NULL CHECK (meter <> ''),
  service_tier text NOT NULL DEFAULT 'standard' CHECK (service_tier = lower(service_tier)),
  context_above bigint NOT NULL DEFAULT 0 CHECK (context_above >= 0),
  currency text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
  unit_quantity numeric NOT NULL CHECK (unit_quantity > 0 AND unit_quantity < 'Infinity'),
  unit_price numeric NOT NULL CHECK (unit_price >= 0 AND unit_price < 'Infinity'),
  effective_from timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  source text NOT NULL DEFAULT '',
  source_date date,
  -- 1 / unit_quantity as a decimal fraction, so that costs are products: exact, nothing is ever divided.
  unit_fraction numeric GENERATED ALWAYS AS (trim_scale(1 / nullif(unit_quantity, 0))) STORED,
  CONSTRAINT unit_quantity_is_exact CHECK (trim_scale(1 / nullif(unit_quantity, 0)) * unit_quantity = 1),
  UNIQUE (model, meter, provider, service_tier, context_above, effective_from, recorded_at, shipped)
);
ALTER SEQUENCE tokenmeter.price_id_seq OWNED BY tokenmeter.price.price_id;
GRANT SELECT ON tokenmeter.price TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tokenmeter.price', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('tokenmeter.price_id_seq', '');
COMMENT ON TABLE tokenmeter.price IS 'what one unit of a meter of a model costs from a moment on';
COMMENT ON COLUMN tokenmeter.price.context_above IS 'applies to calls whose whole prompt has more tokens than this';
COMMENT ON COLUMN tokenmeter.price.unit_quantity IS 'how many units unit_price is for, such as 1000000 tokens';
COMMENT ON COLUMN tokenmeter.price.effective_from IS 'applies to calls from this moment on';
COMMENT ON COLUMN tokenmeter.price.source IS 'public address of the price list';

CREATE FUNCTION tokenmeter.refuse_price_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'prices are not changed or deleted'
    USING ERRCODE = 'object_not_in_prerequisite_state',
          HINT = 'Insert a new row; the one recorded last for the same effective_from applies.';
END $$;
COMMENT ON FUNCTION tokenmeter.refuse_price_change() IS 'trigger: prices are only added';
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON tokenmeter.price
  FOR EACH STATEMENT EXECUTE FUNCTION tokenmeter.refuse_price_change();

-- Where a meter has no price of its own, the call pays that of the meter it is a part of.
CREATE FUNCTION tokenmeter.meter_fallbacks(meter text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE meter
  WHEN 'reasoning' THEN ARRAY['reasoning', 'output']
  WHEN 'cache_read' THEN ARRAY['cache_read', 'input']
  WHEN 'cache_write' THEN ARRAY['cache_write', 'input']
  WHEN 'cache_write_1h' THEN ARRAY['cache_write_1h', 'cache_write', 'input']
  ELSE ARRAY[meter]
END;
COMMENT ON FUNCTION tokenmeter.meter_fallbacks(text) IS 'the meters whose price a meter may pay, its own first';

-- Whose prices a call pays: the provider it names; else the one its model's name begins with, or whose the
-- model is; else the only one that has prices for it. NULL where that is not clear: prices of several
-- providers are never mixed.
CREATE FUNCTION tokenmeter.price_provider(provider text, model text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
  nullif(lower(price_provider.provider), ''),
  tokenmeter.model_provider(price_provider.model),
  (SELECT CASE WHEN count(DISTINCT p.provider) = 1 THEN min(p.provider) END
   FROM tokenmeter.price p WHERE p.model = ANY (tokenmeter.model_readings(price_provider.model))));
COMMENT ON FUNCTION tokenmeter.price_provider(text, text) IS 'whose prices a call pays';

-- The service tier as prices name it.
CREATE FUNCTION tokenmeter.price_tier(service_tier text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN lower(coalesce(service_tier, '')) IN ('', 'auto', 'default') THEN 'standard' ELSE lower(service_tier) END;
COMMENT ON FUNCTION tokenmeter.price_tier(text) IS 'the service tier as prices name it: standard for auto, default and none';

-- The price row of one meter: by the earliest reading of the model's name that has any, the meter before its
-- fallbacks; of those the highest context tier that the prompt passes, the user's own before a shipped one,
-- the latest in effect, the last recorded.
CREATE FUNCTION tokenmeter.find_price(provider text, model text, meter text, service_tier text,
  prompt_tokens numeric, at timestamptz)
RETURNS SETOF tokenmeter.price
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT p.*
  FROM unnest(tokenmeter.model_readings(find_price.model)) WITH ORDINALITY AS reading (name, rank)
  JOIN tokenmeter.price p ON p.model = reading.name
  WHERE p.provider = find_price.provider
    AND p.service_tier = find_price.service_tier
    AND p.meter = ANY (tokenmeter.meter_fallbacks(find_price.meter))
    AND (p.context_above = 0 OR find_price.prompt_tokens > p.context_above)
    AND p.effective_from <= find_price.at
  ORDER BY reading.rank,
    array_position(tokenmeter.meter_fallbacks(find_price.meter), p.meter),
    p.context_above DESC,
    p.shipped,
    p.effective_from DESC,
    p.recorded_at DESC,
    p.price_id DESC
  LIMIT 1;
END;
COMMENT ON FUNCTION tokenmeter.find_price(text, text, text, text, numeric, timestamptz) IS 'the price that applies to one meter of a call, of its provider and service tier';

-- Cost of a call: the sum over its meters of quantity x unit price x unit fraction. NULL, never 0, where
-- any used meter has no price, where the model has none at all, or where prices are in several currencies.
CREATE FUNCTION tokenmeter.call_cost(provider text, model text, service_tier text, at timestamptz,
  meters jsonb, OUT cost numeric, OUT currency text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH reported AS (
    SELECT m.key AS name, m.value::numeric AS quantity
    FROM jsonb_each_text(call_cost.meters) m WHERE m.value IS NOT NULL
  ), meter AS (
    SELECT name, quantity FROM reported WHERE quantity > 0
    -- A call that used nothing costs nothing, if its model is priced.
    UNION ALL SELECT 'input', 0 WHERE (SELECT max(quantity) FROM reported) = 0
  ), prompt AS (
    SELECT coalesce(sum(quantity), 0) AS tokens FROM meter
    WHERE name IN ('input', 'cache_read', 'cache_write', 'cache_write_1h')
  ), priced AS (
    SELECT meter.quantity * price.unit_price * price.unit_fraction AS amount, price.currency
    FROM prompt, meter
    LEFT JOIN LATERAL tokenmeter.find_price(
      tokenmeter.price_provider(call_cost.provider, call_cost.model), call_cost.model, meter.name,
      tokenmeter.price_tier(call_cost.service_tier), prompt.tokens, call_cost.at) price ON true
  )
  SELECT CASE WHEN complete THEN trim_scale(total) END, CASE WHEN complete THEN any_currency END
  FROM (
    SELECT sum(amount) AS total, min(priced.currency) AS any_currency,
      count(*) > 0 AND count(amount) = count(*) AND count(DISTINCT priced.currency) = 1 AS complete
    FROM priced
  ) sums;
END;
COMMENT ON FUNCTION tokenmeter.call_cost(text, text, text, timestamptz, jsonb) IS 'what the meters of a call cost, exactly; NULL where a price is missing';
