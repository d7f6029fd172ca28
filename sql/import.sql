-- Price lists.
-- What LiteLLM's fields mean; unknown tiers and units come in by their pattern.
SELECT field, m.* FROM unnest('{input_cost_per_token,output_cost_per_token_above_272k_tokens_priority,cache_read_input_token_cost_flex,
  cache_creation_input_token_cost_above_1hr_above_200k_tokens,input_cost_per_token_batches,cache_read_input_token_cost_above_512k_tokens_ultrafast,
  cache_creation_input_audio_token_cost,output_cost_per_reasoning_token,input_cost_per_audio_per_second_above_128k_tokens,
  input_cost_per_video_per_second_above_15s_interval,output_cost_per_second_1080p,input_cost_per_image,output_cost_per_image_token,
  input_cost_per_token_cache_hit,ocr_cost_per_page,file_search_cost_per_1k_calls,vector_store_cost_per_gb_per_day,output_cost_per_smell,
  cost_of_living,input_cost_per}'::text[]) AS field, LATERAL tokenmeter.litellm_field(trim(field)) m;
-- Numbers: exact as they are written; a binary fraction written out is rounded.
SELECT value, n.* FROM unnest(ARRAY['1.3e-10', '0.0000029999900000000002', '"2.5e-06"', '0.00000000000123456789012', '"much"', '-1', 'true', '"1e999999"']::jsonb[]) AS value,
  LATERAL tokenmeter.listed_number(value) n;

CREATE FUNCTION pg_temp.import(document jsonb, at timestamptz, format text DEFAULT 'litellm')
RETURNS TABLE (result text, rows bigint, provider text, model text, place text, detail text)
LANGUAGE sql AS 'SELECT * FROM tokenmeter.import_prices($1, $3, $2)';
CREATE TEMP VIEW imported AS
SELECT provider, model, meter, service_tier AS tier, context_above AS above, region, unit_quantity AS per, unit_price, factor,
  (effective_from AT TIME ZONE 'UTC')::date AS effective_from
FROM tokenmeter.price WHERE origin = 'litellm'
ORDER BY provider, model, meter, service_tier, context_above, region, effective_from;

BEGIN;
SELECT * FROM pg_temp.import('{
  "sample_spec": {"litellm_provider": "one of", "input_cost_per_token": 0.0},
  "acme/large": {"litellm_provider": "acme", "input_cost_per_token": 1.3e-10, "output_cost_per_token": 0.0000029999900000000002,
    "input_cost_per_token_above_200k_tokens": 2e-6, "cache_read_input_token_cost": 1e-7, "input_cost_per_token_cache_hit": 2e-7,
    "input_cost_per_token_ultrafast": 4e-6, "search_context_cost_per_query": {"search_context_size_low": 0.03},
    "regional_processing_uplift_multiplier_eu": 1.1, "provider_specific_entry": {"fast": 6.0, "us": 1.1, "kind": "x"},
    "input_dbu_cost_per_token": 1, "max_tokens": 100, "supports_vision": true},
  "large": {"litellm_provider": "acme", "input_cost_per_token": 5e-10, "output_cost_per_token": 2.99999e-6},
  "Gemini-X": {"litellm_provider": "gemini", "input_cost_per_token": "5e-7",
    "tiered_pricing": [{"range": [0, 32000.0], "output_cost_per_token": 1e-6}, {"range": [32000.0, 128000.0], "output_cost_per_token": 2e-6}]},
  "odd": {"litellm_provider": "acme", "input_cost_per_token": -1, "output_cost_per_token": "free", "strange_cost": 1,
    "tiered_pricing": [{"max_results_range": [0, 25], "input_cost_per_query": 5e-3}]},
  "nobody": {"input_cost_per_token": 1},
  "free": {"litellm_provider": "acme", "input_cost_per_token": 0, "output_cost_per_token": 0.0}
}', '2026-01-01');
SELECT * FROM imported;
-- A later file: one price changed, one gone, the rest the same; and once more.
SELECT * FROM pg_temp.import('{"acme/large": {"litellm_provider": "acme", "input_cost_per_token": 2e-10, "cache_read_input_token_cost": 1e-7}}', '2026-03-01');
SELECT * FROM pg_temp.import('{"acme/large": {"litellm_provider": "acme", "input_cost_per_token": 2e-10, "cache_read_input_token_cost": 1e-7}}', '2026-04-01');
SELECT meter, tier, above, region, unit_price, factor, effective_from FROM imported WHERE model = 'large' AND effective_from >= '2026-03-01';
-- A file of between them changes what it says up to the next one, which had found its price unchanged.
SELECT * FROM pg_temp.import('{"acme/large": {"litellm_provider": "acme", "input_cost_per_token": 3e-10, "cache_read_input_token_cost": 1e-7}}', '2026-03-15');
SELECT effective_from, unit_price FROM imported WHERE model = 'large' AND meter = 'input' AND tier = 'standard' AND above = 0;
SELECT effective_from, unit_price FROM imported WHERE model = 'large' AND meter = 'cache_read';
SELECT format, (effective_from AT TIME ZONE 'UTC')::date AS effective_from, inserted, unchanged, ended FROM tokenmeter.price_import ORDER BY import_id;
-- The user's own price goes before one of a list, also of a later one.
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('acme', 'large', 'input', 1, 9, '2026-02-01');
SELECT (tokenmeter.price_call('acme', 'acme/Large', 'standard', at, NULL, '{"input": 1}')).cost
FROM unnest('{2025-12-31,2026-01-31,2026-02-01,2026-05-01}'::timestamptz[]) at;
ROLLBACK;

-- Lists in our own columns.
BEGIN;
SELECT * FROM pg_temp.import('[
  {"provider": "Acme", "model": "Small", "meter": "input", "unit_quantity": 1000000, "unit_price": 0.2, "currency": "EUR", "effective_from": "2026-01-01"},
  {"provider": "acme", "model": "small", "meter": "output", "unit_quantity": 1000000, "unit_price": 0.4, "currency": "EUR"},
  {"provider": "acme", "model": "*", "meter": "*", "tenant_id": "bulk", "factor": 0.9, "source": "contract 17"}]', '2026-02-01', 'tokenmeter');
SELECT * FROM pg_temp.import('[{"provider": "acme", "model": "small", "meter": "output", "unit_quantity": 1000000, "unit_price": 0.40, "currency": "EUR"},
  {"provider": "acme", "model": "small", "meter": "input", "unit_quantity": 1000000, "unit_price": 0.3, "currency": "EUR"}]', '2026-03-01', 'tokenmeter');
SELECT origin, model, meter, tenant_id, currency, unit_price, factor, (effective_from AT TIME ZONE 'UTC')::date AS effective_from, source
FROM tokenmeter.price WHERE provider = 'acme' ORDER BY price_id;
ROLLBACK;

-- A key that an earlier list has besides ends with the later one; odd things in a file are listed.
BEGIN;
SELECT * FROM pg_temp.import('{"acme/l": {"litellm_provider": "acme", "input_cost_per_token": 1e-6}}', '2026-03-01');
SELECT * FROM pg_temp.import('{"acme/l": {"litellm_provider": "acme", "input_cost_per_token": 1e-6, "cache_read_input_token_cost": 1e-7, "output_cost_per_token": 2e-6,
  "output_cost_per_reasoning_token": 2e-6, "output_cost_per_token_flex": 1e-6}}', '2026-01-01');
SELECT meter, tier, unit_price, effective_from FROM imported WHERE model = 'l';
SELECT * FROM pg_temp.import('{"acme/odd": {"litellm_provider": "acme", "tiered_pricing": 5, "search_context_cost_per_query": 0.5, "provider_specific_entry": {"auto": 3, "batches": 0.5, "Fast": 0.1234567890123},
  "input_cost_per_token": 1e-31, "output_cost_per_token": 1e7, "input_cost_per_token_above_99999999999999999999k_tokens": 1},
  "acme/odd2": {"litellm_provider": "acme", "tiered_pricing": [{"range": [1e30, 2e30], "input_cost_per_token": 1}, {"range": [-1, 5], "input_cost_per_token": 1}, 7]},
  "acme/": {"litellm_provider": "acme", "input_cost_per_token": 1}, "x": {"litellm_provider": 7, "input_cost_per_token": 1}}', '2026-05-01');
SELECT * FROM imported WHERE model ~ 'odd';
ROLLBACK;

-- What is no list changes nothing.
\set VERBOSITY terse
SELECT * FROM pg_temp.import('[]', now());
SELECT * FROM pg_temp.import('{"a": 1, "b": {"c": 2}}', now());
SELECT * FROM pg_temp.import('{}', now(), 'tokenmeter');
SELECT * FROM pg_temp.import('[1]', now(), 'tokenmeter');
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM pg_temp.import('[{"provider": "acme", "model": "l", "meter": "input", "unit_quantity": 1000000, "unit_price": 1}, {"provider": "acme", "model": "l", "meter": "input", "unit": 1000000, "price": 3}]', now(), 'tokenmeter');
SELECT * FROM pg_temp.import('[{"provider": "acme", "model": "l", "meter": "input"}]', now(), 'tokenmeter');
\set VERBOSITY terse
SELECT * FROM pg_temp.import('[]', now(), 'csv');
SELECT * FROM pg_temp.import(NULL, now());
SELECT * FROM pg_temp.import('[{"provider": "acme", "model": "a", "meter": "input", "unit_quantity": 1, "unit_price": 1}, {"provider": "acme", "model": "b", "meter": "input", "unit_price": 1}]', now(), 'tokenmeter');
SELECT * FROM pg_temp.import('[{"provider": "acme", "model": "a", "meter": "input", "unit_quantity": 1, "unit_price": "NaN"}]', now(), 'tokenmeter');
SELECT * FROM pg_temp.import('[{"provider": "acme", "model": "a", "meter": "input", "unit_quantity": 1, "unit_price": 1, "effective_from": "3026-01-01"}]', now(), 'tokenmeter');
SELECT count(*) FROM tokenmeter.price WHERE provider = 'acme' AND origin <> 'shipped';
