-- Price lists: LiteLLM's model_prices_and_context_window.json, and documents in our own columns, as rows of
-- tokenmeter.price.

CREATE TABLE tokenmeter.price_import (
  import_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  format text NOT NULL,
  effective_from timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  inserted bigint NOT NULL,
  unchanged bigint NOT NULL,
  ended bigint NOT NULL
);
GRANT SELECT ON tokenmeter.price_import TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tokenmeter.price_import', '');
SELECT pg_catalog.pg_extension_config_dump('tokenmeter.price_import_import_id_seq', '');
COMMENT ON TABLE tokenmeter.price_import IS 'the price lists that were imported, also those that changed nothing';

-- A row of a price list: the columns of tokenmeter.price that it has a say in, and where in the list it stands.
CREATE TYPE tokenmeter.listed_price AS (
  provider text, model text, meter text, service_tier text, context_above bigint, tenant_id text, region text,
  hours_from time, hours_to time, currency text, unit_quantity numeric, unit_price numeric, factor numeric,
  effective_from timestamptz, source text, place text
);
COMMENT ON TYPE tokenmeter.listed_price IS 'a row of a price list';

-- What LiteLLM's price fields mean, by pattern, so that those of next year do too. What a field is made of:
-- <base>[_above_<N>k_tokens][_<service tier>].
CREATE FUNCTION tokenmeter.litellm_field(field text,
  OUT meter text, OUT service_tier text, OUT context_above bigint, OUT unit_quantity numeric)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  WITH part AS (
    SELECT coalesce(substring(field FROM '(?:_tokens?|_token_cost|_above_1hr)_(?!cost$)([a-z]+)$'), '') AS tier,
      coalesce(substring(field FROM '_above_(\d{1,12})k_tokens')::bigint * 1000, 0) AS context
  ), base AS (
    SELECT part.*, regexp_replace(CASE WHEN tier = '' THEN field ELSE left(field, - length(tier) - 1) END,
      '_above_\d{1,12}k_tokens$', '') AS name
    FROM part
  )
  SELECT regexp_replace(base.name, '^' || form.pattern || '$', form.meter), tokenmeter.service_tier(base.tier),
    base.context, form.unit
  FROM base, (VALUES
    (1, '(?:input_cost_per_token_cache_hit|cache_read_input_token_cost)', 'cache_read', 1),
    (2, 'cache_creation_input_token_cost', 'cache_write', 1),
    (3, 'cache_creation_input_token_cost_above_1hr', 'cache_write_1h', 1),
    (4, 'cache_read_input_([a-z]+)_token_cost', '\1_cache_read', 1),
    (5, 'cache_creation_input_([a-z]+)_token_cost', '\1_cache_write', 1),
    (6, 'output_cost_per_reasoning_token', 'reasoning', 1),
    (7, 'citation_cost_per_token', 'citation', 1),
    (8, '(input|output)_cost_per_token', '\1', 1),
    (9, '(input|output)_cost_per_([a-z]+)_token', '\2_\1', 1),
    (10, '(input|output)_cost_per_([a-z]+)_per_second', '\2_\1_second', 1),
    (11, '(input|output)_cost_per_([a-z]+)_per_second(_above_\d+s)_interval', '\2_\1_second\3', 1),
    (12, '(input|output)_cost_per_image', '\1_image_count', 1),
    (13, 'input_cost_per_(request|query)', '\1', 1),
    (14, '(input|output)_cost_per_([a-z]+(?:_\d+p)?)', '\1_\2', 1),
    (15, '([a-z_]+)_cost_per_1k_(token|call)s', '\1_\2', 1000),
    (16, '([a-z_]+)_cost_per_gb_per_day', '\1_gb_day', 1),
    (17, '([a-z_]+)_cost_per_(page|credit|session)', '\1_\2', 1)
  ) AS form (rank, pattern, meter, unit)
  WHERE base.name ~ ('^' || form.pattern || '$')
  ORDER BY form.rank LIMIT 1;
END;
COMMENT ON FUNCTION tokenmeter.litellm_field(text) IS 'the meter, service tier and context tier of one of LiteLLM''s price fields; NULL where its name is not of the known form';

-- A number as it stands in a price list, and whether it had to be rounded: one of 15 or more digits is a binary
-- fraction written out (0.0000029999900000000002), and keeps the 12 that were meant.
CREATE FUNCTION tokenmeter.listed_number(value jsonb, OUT number numeric, OUT rounded boolean)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  WITH given AS (
    SELECT trim_scale(CASE WHEN jsonb_typeof(value) = 'number'
        OR (value #>> '{}') ~ '^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$' THEN (value #>> '{}')::numeric END) AS exact
  ), measured AS (
    SELECT exact, length(trim(LEADING '0' FROM replace(abs(exact)::text, '.', ''))) AS digits FROM given
  )
  SELECT CASE WHEN digits >= 15 THEN trim_scale(round(exact, scale(exact) - digits + 12)) ELSE exact END,
    digits >= 15 AND trim_scale(round(exact, scale(exact) - digits + 12)) <> exact
  FROM measured;
END;
COMMENT ON FUNCTION tokenmeter.listed_number(jsonb) IS 'a number of a price list; NULL if it is none';

-- The fields of LiteLLM's file that say what something costs, each with its number. `context` is where a bracket of
-- tiered_pricing begins; `region` and `tier` are of factors.
CREATE FUNCTION tokenmeter.litellm_fields(document jsonb)
RETURNS TABLE (entry text, provider text, model text, has_path boolean, place text, field text, value jsonb,
  context bigint, region text, tier text)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  WITH entry AS (
    SELECT e.key AS name, e.value AS fields, tokenmeter.provider_name(e.value ->> 'litellm_provider') AS provider,
      strpos(e.key, '/') > 0 AND tokenmeter.provider_name(split_part(e.key, '/', 1))
        = tokenmeter.provider_name(e.value ->> 'litellm_provider') AS has_path
    FROM jsonb_each(document) e
    WHERE jsonb_typeof(e.value) = 'object' AND e.key NOT IN ('sample_spec', 'fallback_generalizations')
  ), field AS (
    SELECT entry.name, entry.provider, entry.has_path,
      lower(CASE WHEN entry.has_path THEN substr(entry.name, strpos(entry.name, '/') + 1) ELSE entry.name END) AS model,
      f.key, f.value
    FROM entry, jsonb_each(entry.fields) f
    WHERE f.value <> 'null'
      AND (f.key ~ 'cost|pric|multiplier|_fee' OR f.key = 'provider_specific_entry') AND f.key !~ '_dbu_cost_'
  )
  SELECT f.name, f.provider, f.model, f.has_path, f.key || part.place, part.field, part.value,
    part.context, part.region, part.tier
  FROM field f CROSS JOIN LATERAL (
    SELECT '' AS place, f.key AS field, f.value AS value, 0::bigint AS context, NULL::text AS region, NULL::text AS tier
    WHERE f.key !~ '_multiplier_' AND NOT (f.key = 'provider_specific_entry'
      OR f.key = 'search_context_cost_per_query' AND jsonb_typeof(f.value) = 'object'
      OR f.key = 'tiered_pricing' AND jsonb_typeof(f.value) = 'array')
    UNION ALL
    SELECT '.' || size.key, 'web_search_' || replace(size.key, 'search_context_size_', ''), size.value, 0, NULL, NULL
    FROM jsonb_each(CASE WHEN f.key = 'search_context_cost_per_query' AND jsonb_typeof(f.value) = 'object' THEN f.value ELSE '{}' END) size
    UNION ALL
    SELECT format('[%s].%s', bracket.number - 1, cost.key), cost.key, cost.value,
      CASE WHEN bracket.value #>> '{range,0}' ~ '^\d{1,15}(\.0+)?$' THEN (bracket.value #>> '{range,0}')::numeric::bigint END,
      NULL, NULL
    FROM jsonb_array_elements(CASE WHEN f.key = 'tiered_pricing' AND jsonb_typeof(f.value) = 'array' THEN f.value ELSE '[]' END)
        WITH ORDINALITY AS bracket (value, number),
      jsonb_each(CASE jsonb_typeof(bracket.value) WHEN 'object' THEN bracket.value ELSE '{}' END) cost
    WHERE cost.key ~ 'cost'
    UNION ALL
    SELECT '', 'factor', f.value, 0, substring(f.key FROM 'regional_.*_multiplier_([a-z0-9-]+)$'), NULL
    WHERE f.key ~ '_multiplier_'
    UNION ALL
    SELECT '.' || condition.key, 'factor', condition.value, 0,
      CASE WHEN condition.key IN ('us', 'eu') THEN condition.key END,
      CASE WHEN condition.key NOT IN ('us', 'eu') THEN condition.key END
    FROM jsonb_each(CASE WHEN f.key = 'provider_specific_entry' AND jsonb_typeof(f.value) = 'object' THEN f.value ELSE '{}' END) condition
    WHERE jsonb_typeof(condition.value) = 'number'
  ) part;
END;
COMMENT ON FUNCTION tokenmeter.litellm_fields(jsonb) IS 'what in LiteLLM''s price file says what something costs';

-- LiteLLM's file as a price list, one row for each key of tokenmeter.price; `problem` names what is no price, or
-- was passed over or changed.
CREATE FUNCTION tokenmeter.read_litellm_prices(document jsonb, effective_from timestamptz)
RETURNS TABLE (price tokenmeter.listed_price, entry text, problem text, detail text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  WITH field AS MATERIALIZED (
    SELECT * FROM tokenmeter.litellm_fields(document)
  ), meaning AS MATERIALIZED (
    SELECT name.field, m.* FROM (SELECT DISTINCT f.field FROM field f) name,
      LATERAL tokenmeter.litellm_field(name.field) m
  ), read AS (
    SELECT f.*, number.*,
      CASE WHEN f.field ~ '^web_search_' THEN f.field WHEN f.field = 'factor' THEN '*' ELSE m.meter END AS meter,
      CASE WHEN f.tier IS NOT NULL THEN tokenmeter.service_tier(left(f.tier, 63)) ELSE coalesce(m.service_tier, 'standard') END AS service_tier,
      coalesce(nullif(m.context_above, 0), f.context) AS context_above, coalesce(m.unit_quantity, 1) AS unit_quantity
    FROM field f LEFT JOIN meaning m USING (field), LATERAL tokenmeter.listed_number(f.value) number
  ), checked AS (
    SELECT r.*, CASE
        WHEN r.provider IS NULL THEN 'it has no litellm_provider'
        WHEN r.context_above IS NULL THEN 'its bracket has no range of tokens'
        WHEN r.meter IS NULL OR (r.field = 'factor' AND r.region IS NULL AND r.service_tier = 'standard')
          THEN 'no meter is known for it'
        WHEN r.number IS NULL THEN 'it is not a number'
        WHEN r.number < 0 THEN 'it is negative'
        WHEN r.number >= 1e6 OR scale(r.number) > CASE r.field WHEN 'factor' THEN 12 ELSE 30 END THEN 'it is too large, or too fine'
        WHEN octet_length(r.model) >= 252 OR octet_length(r.meter) >= 64 OR r.model ~ '\*$|^$|^ | $' OR r.provider ~ '\s' THEN 'the name cannot be looked up'
      END AS fault
    FROM read r
  ), ranked AS (
    -- Two keys may be one model, and two fields one meter: the newer field, and the key with the provider's path.
    SELECT c.*, row_number() OVER same AS rank, first_value(c.number) OVER same AS winner
    FROM checked c WHERE c.fault IS NULL
    WINDOW same AS (PARTITION BY c.provider, c.model, c.meter, c.service_tier, c.context_above, c.region
      ORDER BY c.field ~ '_cache_hit$', NOT c.has_path, c.entry COLLATE "C")
  )
  SELECT ROW(r.provider, r.model, r.meter, r.service_tier, r.context_above, NULL, lower(r.region), '00:00', '00:00', 'USD',
      CASE WHEN r.meter <> '*' THEN r.unit_quantity END, CASE WHEN r.meter <> '*' THEN r.number END,
      CASE WHEN r.meter = '*' THEN r.number END, effective_from, 'LiteLLM', r.place)::tokenmeter.listed_price,
    r.entry, CASE WHEN r.rank > 1 THEN 'contradicted' WHEN r.rounded THEN 'rounded' END,
    CASE WHEN r.rank > 1 THEN format('%s, but another key of the file gives %s', r.number, r.winner)
      WHEN r.rounded THEN format('%s became %s', r.value, r.number) END
  FROM ranked r
  WHERE (r.rank = 1 OR r.number <> r.winner)
    -- Reasoning that costs what output costs has no price of its own: output's may depend on the service tier.
    AND NOT (r.meter = 'reasoning' AND r.rank = 1 AND EXISTS (SELECT FROM ranked o
      WHERE o.meter = 'output' AND o.rank = 1 AND o.number = r.number AND o.provider = r.provider AND o.model = r.model
        AND o.service_tier = r.service_tier AND o.context_above = r.context_above))
  UNION ALL
  SELECT ROW(c.provider, c.model, c.meter, c.service_tier, c.context_above, NULL, c.region, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, c.place)::tokenmeter.listed_price, c.entry, 'not understood', c.fault
  FROM checked c WHERE c.fault IS NOT NULL;
END;
COMMENT ON FUNCTION tokenmeter.read_litellm_prices(jsonb, timestamptz) IS 'LiteLLM''s price file as rows of tokenmeter.price';

-- What is wrong with a document in our own columns; NULL if nothing is. A price that is misspelt must not be taken for the
-- end of one: an end says "unit_price": null.
CREATE FUNCTION tokenmeter.fault_of_prices(document jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE
      WHEN jsonb_typeof(document) <> 'array' THEN 'it is not an array of objects'
      ELSE (SELECT CASE
            WHEN jsonb_typeof(item.value) <> 'object' THEN format('row %s is not an object', item.number)
            WHEN unknown.name IS NOT NULL THEN format('row %s has an unknown key "%s"', item.number, left(unknown.name, 63))
            ELSE format('row %s has neither "unit_price" nor "factor"', item.number) END
          FROM jsonb_array_elements(CASE jsonb_typeof(document) WHEN 'array' THEN document ELSE '[]' END)
              WITH ORDINALITY AS item (value, number)
            LEFT JOIN LATERAL (SELECT min(key) AS name
              FROM jsonb_object_keys(CASE jsonb_typeof(item.value) WHEN 'object' THEN item.value ELSE '{}' END) AS key
              WHERE key <> ALL ('{provider,model,meter,service_tier,context_above,tenant_id,region,hours_from,hours_to,currency,unit_quantity,unit_price,factor,effective_from,source}'::text[])) unknown ON true
          WHERE jsonb_typeof(item.value) <> 'object' OR unknown.name IS NOT NULL OR NOT item.value ?| '{unit_price,factor}'
          ORDER BY item.number LIMIT 1) END;
END;
COMMENT ON FUNCTION tokenmeter.fault_of_prices(jsonb) IS 'what is wrong with a price list in our own columns';

-- A document in our own columns: an array of objects.
CREATE FUNCTION tokenmeter.read_own_prices(document jsonb, effective_from timestamptz)
RETURNS SETOF tokenmeter.listed_price
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT tokenmeter.provider_name(row.provider), lower(row.model), row.meter, tokenmeter.service_tier(row.service_tier),
    coalesce(row.context_above, 0), row.tenant_id, row.region, coalesce(row.hours_from, '00:00'),
    coalesce(row.hours_to, '00:00'), coalesce(row.currency, 'USD'), row.unit_quantity, row.unit_price, row.factor,
    coalesce(row.effective_from, read_own_prices.effective_from), coalesce(row.source, ''), NULL::text
  FROM jsonb_to_recordset(document) AS row (provider text, model text, meter text, service_tier text,
    context_above bigint, tenant_id text, region text, hours_from time, hours_to time, currency text,
    unit_quantity numeric, unit_price numeric, factor numeric, effective_from timestamptz, source text);
END;
COMMENT ON FUNCTION tokenmeter.read_own_prices(jsonb, timestamptz) IS 'a document in the columns of tokenmeter.price as its rows';

-- What tokenmeter.price says of the keys of this origin at a moment.
CREATE FUNCTION tokenmeter.prices_at(origin text, at timestamptz) RETURNS SETOF tokenmeter.price
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 10000
BEGIN ATOMIC
  SELECT DISTINCT ON (p.provider, p.model, p.meter, p.service_tier, p.context_above, p.tenant_id, p.region,
    p.hours_from, p.hours_to) p.*
  FROM tokenmeter.price p
  WHERE p.origin = prices_at.origin AND p.effective_from <= prices_at.at
  ORDER BY p.provider, p.model, p.meter, p.service_tier, p.context_above, p.tenant_id, p.region, p.hours_from,
    p.hours_to, p.effective_from DESC, p.recorded_at DESC, p.price_id DESC;
END;
COMMENT ON FUNCTION tokenmeter.prices_at(text, timestamptz) IS 'the latest row of each key of this origin at a moment, ends included';

CREATE FUNCTION tokenmeter.read_prices(document jsonb, format text, effective_from timestamptz)
RETURNS TABLE (price tokenmeter.listed_price, entry text, problem text, detail text)
LANGUAGE plpgsql STABLE ROWS 10000 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF read_prices.format = 'litellm' THEN
    IF jsonb_typeof(read_prices.document) <> 'object' OR NOT jsonb_path_exists(read_prices.document, '$.*.litellm_provider') THEN
      RAISE EXCEPTION 'document is not a price file of the format litellm'
        USING ERRCODE = 'invalid_parameter_value',
              HINT = 'Give LiteLLM''s model_prices_and_context_window.json as it is.';
    END IF;
    RETURN QUERY SELECT * FROM tokenmeter.read_litellm_prices(read_prices.document, read_prices.effective_from);
  ELSIF read_prices.format = 'tokenmeter' THEN
    IF tokenmeter.fault_of_prices(read_prices.document) IS NOT NULL THEN
      RAISE EXCEPTION 'document is not a price list of the format tokenmeter'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = tokenmeter.fault_of_prices(read_prices.document),
              HINT = 'It is an array of objects with the columns of tokenmeter.price; "unit_price": null ends a price.';
    END IF;
    RETURN QUERY SELECT o, NULL::text, NULL::text, NULL::text
      FROM tokenmeter.read_own_prices(read_prices.document, read_prices.effective_from) o;
  ELSE
    RAISE EXCEPTION 'format % of price lists is not known', quote_nullable(read_prices.format)
      USING ERRCODE = 'invalid_parameter_value', HINT = 'The formats are litellm and tokenmeter.';
  END IF;
END $$;
COMMENT ON FUNCTION tokenmeter.read_prices(jsonb, text, timestamptz) IS 'a price list as rows of tokenmeter.price';

-- Adds what a price list says that is not known yet, from a moment on. LiteLLM's file is complete for the models in
-- it: what it no longer says of them ends, and what a later file said, or only confirmed, stays as it was.
CREATE FUNCTION tokenmeter.import_prices(document jsonb, format text, effective_from timestamptz DEFAULT now())
RETURNS TABLE (result text, rows bigint, provider text, model text, place text, detail text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  list_origin constant text := CASE import_prices.format WHEN 'tokenmeter' THEN 'own' ELSE import_prices.format END;
  now_recorded timestamptz;
  next_import timestamptz;
BEGIN
  IF import_prices.document IS NULL OR import_prices.effective_from IS NULL THEN
    RAISE EXCEPTION 'document and effective_from must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  PERFORM tokenmeter.require_read_committed();
  -- One import at a time: each compares with what the ones before it have left.
  LOCK TABLE tokenmeter.price_import IN SHARE ROW EXCLUSIVE MODE;
  now_recorded := clock_timestamp();
  SELECT min(i.effective_from) INTO next_import FROM tokenmeter.price_import i
  WHERE import_prices.format = 'litellm' AND i.format = 'litellm' AND i.effective_from > import_prices.effective_from;

  RETURN QUERY
  WITH list AS MATERIALIZED (
    SELECT (r.price).*, r.entry, r.problem, r.detail
    FROM tokenmeter.read_prices(import_prices.document, import_prices.format, import_prices.effective_from) r
  ), listed AS MATERIALIZED (
    SELECT l.*, known.price_id AS known_id, known.unit_quantity AS known_quantity, known.unit_price AS known_price,
      known.factor AS known_factor, known.currency AS known_currency
    FROM list l
    LEFT JOIN LATERAL (
      SELECT p.* FROM tokenmeter.price p
      WHERE p.origin = list_origin AND p.provider = l.provider AND p.model = l.model AND p.meter = l.meter
        AND p.service_tier = l.service_tier AND p.context_above = l.context_above
        AND p.tenant_id IS NOT DISTINCT FROM l.tenant_id AND p.region IS NOT DISTINCT FROM l.region
        AND p.hours_from = l.hours_from AND p.hours_to = l.hours_to AND p.effective_from <= l.effective_from
      ORDER BY p.effective_from DESC, p.recorded_at DESC, p.price_id DESC LIMIT 1
    ) known ON true
    WHERE l.problem IS NULL OR l.problem = 'rounded'
  ), changed AS MATERIALIZED (
    SELECT * FROM listed l
    WHERE (l.unit_price, l.unit_quantity, l.factor, l.currency)
      IS DISTINCT FROM (l.known_price, l.known_quantity, l.known_factor, l.known_currency)
  ), ended AS MATERIALIZED (
    SELECT p.* FROM tokenmeter.prices_at(list_origin, import_prices.effective_from) p
    WHERE import_prices.format = 'litellm' AND num_nonnulls(p.unit_price, p.factor) > 0
      AND EXISTS (SELECT FROM listed l WHERE l.provider = p.provider AND l.model = p.model)
      AND NOT EXISTS (SELECT FROM list l
        WHERE l.provider = p.provider AND l.model = p.model AND l.meter = p.meter
          AND l.service_tier = p.service_tier AND l.context_above = p.context_above
          AND coalesce(l.region, '') = coalesce(p.region, ''))
  ), confirmed AS (
    -- What the next list found unchanged is no longer what this one says: from then on it is as it was.
    SELECT p.* FROM tokenmeter.price p
    WHERE next_import IS NOT NULL
      AND (p.price_id IN (SELECT c.known_id FROM changed c) OR p.price_id IN (SELECT e.price_id FROM ended e))
      AND NOT EXISTS (SELECT FROM tokenmeter.price later
        WHERE later.origin = p.origin AND later.provider = p.provider AND later.model = p.model AND later.meter = p.meter
          AND later.service_tier = p.service_tier AND later.context_above = p.context_above
          AND later.tenant_id IS NOT DISTINCT FROM p.tenant_id AND later.region IS NOT DISTINCT FROM p.region
          AND later.hours_from = p.hours_from AND later.hours_to = p.hours_to
          AND later.effective_from > import_prices.effective_from AND later.effective_from <= next_import)
  ), unknown AS (
    -- A key that is new, of a model that the next list had without it, ends with that list.
    SELECT c.* FROM changed c
    WHERE next_import IS NOT NULL AND c.known_id IS NULL
      AND EXISTS (SELECT FROM tokenmeter.price p WHERE p.origin = list_origin AND p.provider = c.provider
        AND p.model = c.model AND p.effective_from <= next_import)
      AND NOT EXISTS (SELECT FROM tokenmeter.price later
        WHERE later.origin = list_origin AND later.provider = c.provider AND later.model = c.model AND later.meter = c.meter
          AND later.service_tier = c.service_tier AND later.context_above = c.context_above
          AND later.region IS NOT DISTINCT FROM c.region
          AND later.effective_from > import_prices.effective_from AND later.effective_from <= next_import)
  ), added AS (
    INSERT INTO tokenmeter.price (origin, provider, model, meter, service_tier, context_above, tenant_id, region,
      hours_from, hours_to, currency, unit_quantity, unit_price, factor, effective_from, recorded_at, source)
    SELECT list_origin, c.provider, c.model, c.meter, c.service_tier, c.context_above, c.tenant_id, c.region,
      c.hours_from, c.hours_to, c.currency, c.unit_quantity, c.unit_price, c.factor, c.effective_from,
      now_recorded, c.source FROM changed c
    UNION ALL
    SELECT list_origin, e.provider, e.model, e.meter, e.service_tier, e.context_above, e.tenant_id, e.region,
      e.hours_from, e.hours_to, e.currency, NULL, NULL, NULL, import_prices.effective_from,
      now_recorded, e.source FROM ended e
    UNION ALL
    SELECT list_origin, k.provider, k.model, k.meter, k.service_tier, k.context_above, k.tenant_id, k.region,
      k.hours_from, k.hours_to, k.currency, k.unit_quantity, k.unit_price, k.factor, next_import,
      now_recorded, k.source FROM confirmed k
    UNION ALL
    SELECT list_origin, n.provider, n.model, n.meter, n.service_tier, n.context_above, n.tenant_id, n.region,
      n.hours_from, n.hours_to, n.currency, NULL, NULL, NULL, next_import, now_recorded, n.source FROM unknown n
  ), counts AS (
    SELECT (SELECT count(*) FROM changed WHERE num_nonnulls(unit_price, factor) > 0) AS inserted,
      (SELECT count(*) FROM ended) + (SELECT count(*) FROM changed WHERE num_nonnulls(unit_price, factor) = 0) AS ended,
      (SELECT count(*) FROM listed) - (SELECT count(*) FROM changed) AS unchanged
  ), logged AS (
    INSERT INTO tokenmeter.price_import (format, effective_from, recorded_at, inserted, unchanged, ended)
    SELECT import_prices.format, import_prices.effective_from, now_recorded, c.inserted, c.unchanged, c.ended FROM counts c
  )
  SELECT outcome.name, outcome.number, NULL::text, NULL::text, NULL::text, NULL::text
  FROM counts c, LATERAL (VALUES ('inserted', c.inserted), ('unchanged', c.unchanged), ('ended', c.ended)) outcome (name, number)
  UNION ALL
  SELECT * FROM (SELECT l.problem, 1::bigint, l.provider, coalesce(l.entry, l.model), l.place, l.detail
    FROM list l WHERE l.problem IS NOT NULL ORDER BY l.problem, l.entry, l.place) problems;
END $$;
COMMENT ON FUNCTION tokenmeter.import_prices(jsonb, text, timestamptz) IS 'adds the prices of a list that are new or have changed; returns how many, and what it could not place';
