-- The entries of test/bench/answers, written into llm.usage as posting would leave them, by the ledger's owner:
--   psql --set=entries=5000000 [--set=months=24] [--set=until=2026-10-01] [--set=after=statement] --file=answers_data.sql
-- Run again in the same database, it goes on: so many further entries of the same users and models, over the months
-- (1 unless given) that follow the last ones. A month is a transaction; the statement `after` is executed behind each.
--
-- Equal runs write equal rows: there are no random numbers but hashes of the entry's number, which counts on in the
-- order of time, and of what is drawn. What is drawn:
--   when    months grow, the last to three times the first; by night and at the weekend there is less
--   users   2,000 of 40 tenants, in teams of about 12, of Zipf's distribution: the busiest makes 9 % of the calls; one
--           api key each, or two (30 %); a team has a project for each
--   models  60 of 6 providers, Zipf's again; every user has 1 to 6, the first taken most, each by one of his keys
--   tiers   standard; a tenth of the users does 30 % as batch, others 20 % as priority
--   status  ok; 1 % error, without numbers and hence without cost; 0.5 % timeout, of which the prompt was counted
--   method  reported; one in eight of a user's models is counted; both are known where OpenAI's are reported and texts
--           came along, which is so for half the users
--   tokens  lognormal; cached ones in four of ten calls where the provider tells, reasoning ones of every third model;
--           3 % with web searches
--   cost    in the currency of the provider; of a model in a week without a price (one in 200) none
-- No two calls depend on each other: users make their calls on more days, hence more buckets, than people with habits.
\set QUIET on
SET client_min_messages = warning;
SET timezone = 'UTC';
\if :{?until} \else \set until 2026-10-01 \endif
SELECT to_regnamespace('bench') IS NULL AS at_first \gset

\if :at_first
\if :{?months} \else \set months 24 \endif
CREATE SCHEMA bench;

CREATE FUNCTION bench.random(number bigint, draw int) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (hashint8extended(number, draw) & 9007199254740991)::float8 / 9007199254740992.0::float8;
COMMENT ON FUNCTION bench.random(bigint, int) IS 'from 0 to less than 1, evenly';

CREATE FUNCTION bench.zipf(u float8, size int) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN floor(exp(u * ln(size + 1.0::float8)))::int;
COMMENT ON FUNCTION bench.zipf(float8, int) IS 'from 1 to size, n about 1 / n times as often as 1';

CREATE FUNCTION bench.lognormal(number bigint, draw int, median float8, sigma float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN median * exp(sigma * sqrt(-2 * ln(1 - bench.random(number, draw))) * cos(2 * pi() * bench.random(number, draw + 1)));

CREATE TABLE bench.model AS
SELECT n AS number, p.provider, format('%s-model-%s', p.provider, lpad(n::text, 2, '0')) AS model, p.currency, p.encoding, p.tells_cached,
  p.tells_written, n % 3 = 0 AS reasons, price * 0.000001 AS input_price, price * 0.0000001 AS cached_price,
  price * 0.00000125 AS written_price, price * 0.000004 AS output_price, (200 + 800 * bench.random(n, 1))::int AS ttft,
  8 + 20 * bench.random(n, 2) AS ms_per_token,
  ARRAY(SELECT hashint8extended(n, 100 + meter) >> 16 FROM generate_series(1, CASE WHEN tells_written THEN 4 WHEN tells_cached THEN 3 ELSE 2 END) meter)
    AS price_ids
FROM generate_series(1, 60) n
JOIN (VALUES (0, 'openai', 'USD', 'o200k_base', true, false), (1, 'anthropic', 'USD', NULL, true, true), (2, 'google', 'USD', NULL, true, false),
    (3, 'mistral', 'EUR', NULL, false, false), (4, 'deepseek', 'CNY', NULL, true, false), (5, 'qwen', 'CNY', NULL, false, false))
  AS p (number, provider, currency, encoding, tells_cached, tells_written) ON p.number = (n - 1) % 6
CROSS JOIN LATERAL (SELECT round(bench.lognormal(n, 3, 1.5, 1)::numeric, 2) AS price) AS dollars;

CREATE TABLE bench.person AS
SELECT *, least(1 + floor(bench.random(number, 12) * ceil(count(*) OVER (PARTITION BY tenant) / 12.0))::int, 99) AS team
FROM (SELECT n AS number, CASE WHEN n % 50 = 0 THEN n / 50 ELSE bench.zipf(bench.random(n, 10), 40) END AS tenant,
    bench.random(n, 11) < 0.3 AS two_keys, bench.random(n, 13) < 0.5 AS sends_texts, bench.random(n, 14) AS tiers
  FROM generate_series(1, 2000) n) person;

-- What a user takes: 32 rows each, so that one of them, drawn evenly, is his first model as often as it should be.
CREATE TABLE bench.choice AS
SELECT p.number AS person, slot, m.number AS model, format('tenant-%s', lpad(p.tenant::text, 2, '0')) AS tenant_id,
  format('team-%s-%s', lpad(p.tenant::text, 2, '0'), lpad(p.team::text, 2, '0')) AS team_id,
  format('project-%s-%s-%s', lpad(p.tenant::text, 2, '0'), lpad(p.team::text, 2, '0'), key) AS project_id,
  format('user-%s', lpad(p.number::text, 4, '0')) AS user_id, format('key-%s-%s', lpad(p.number::text, 4, '0'), key) AS api_key_id,
  p.sends_texts, bench.random(10 * p.number + preference, 21) < 0.125 AS counted,
  CASE WHEN p.tiers < 0.1 THEN 0.3 ELSE 0 END AS batch, CASE WHEN p.tiers > 0.94 THEN 0.2 ELSE 0 END AS priority
FROM bench.person p
CROSS JOIN generate_series(0, 31) slot
CROSS JOIN LATERAL (SELECT bench.zipf((slot + 0.5) / 32, 1 + floor(6 * bench.random(p.number, 20))::int) AS preference) AS preferred
CROSS JOIN LATERAL (SELECT CASE WHEN p.two_keys THEN 1 + preference % 2 ELSE 1 END AS key) AS keys
JOIN bench.model m ON m.number = bench.zipf(bench.random(10 * p.number + preference, 22), 60);

-- Which entries, by their numbers, are of which hour.
CREATE TABLE bench.hour (at timestamptz PRIMARY KEY, first_number bigint, last_number bigint);

CREATE FUNCTION bench.plan_hours(first_number bigint, entries bigint, since timestamptz, until timestamptz) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO bench.hour
  SELECT at, first_number + floor(entries * (so_far - weight) / total)::bigint, first_number + floor(entries * so_far / total)::bigint - 1
  FROM (SELECT at, weight, sum(weight) OVER (ORDER BY at) AS so_far, sum(weight) OVER () AS total
    FROM (SELECT at, (ARRAY[2, 1, 1, 1, 1, 2, 4, 8, 14, 18, 20, 19, 16, 18, 20, 20, 18, 15, 11, 9, 8, 7, 5, 3])[1 + extract(hour FROM at)]::numeric
          * CASE WHEN extract(isodow FROM at) > 5 THEN 0.3 ELSE 1 END
          * (1 + 2 * extract(epoch FROM at - since) / extract(epoch FROM until - since)) AS weight
        FROM generate_series(since, until - interval '1 hour', '1 hour') at) weighted) summed;
$$;

-- OFFSET 0: what is worked out there is worked out once, not wherever it is used.
CREATE FUNCTION bench.write_entries(since timestamptz, until timestamptz) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO llm.usage (occurred_at, posted_at, source, request_id, tenant_id, team_id, project_id, user_id, session_id, api_key_id,
    provider, model, encoding, service_tier,
    reported_input_tokens, reported_cache_read_tokens, reported_cache_write_tokens, reported_output_tokens, reported_reasoning_tokens,
    counted_input_tokens, counted_output_tokens,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, quantities, method,
    cost, currency, priced, priced_at, price_ids, unpriced_reason, status, latency_ms, ttft_ms)
  SELECT occurred_at, posted_at, 'gateway', 'call-' || to_hex(hashint8extended(number, 60)) || to_hex(number), tenant_id, team_id, project_id,
    user_id, 'session-' || to_hex(hashint8extended(person, extract(epoch FROM at)::bigint)), api_key_id,
    provider, model, encoding, service_tier,
    CASE method WHEN 'reported' THEN input_tokens END, CASE method WHEN 'reported' THEN cached_tokens END,
    CASE method WHEN 'reported' THEN written_tokens END, CASE method WHEN 'reported' THEN output_tokens END,
    CASE method WHEN 'reported' THEN reasoning_tokens END,
    CASE WHEN compared THEN input_tokens + cached_tokens + drift WHEN method = 'counted' THEN input_tokens END,
    CASE WHEN compared THEN output_tokens + coalesce(reasoning_tokens, 0) + drift WHEN method = 'counted' THEN output_tokens END,
    input_tokens, cached_tokens, written_tokens, output_tokens, reasoning_tokens,
    CASE WHEN searches > 0 THEN jsonb_build_object('web_search', searches) END, method,
    cost, CASE WHEN cost IS NOT NULL THEN currency END, cost IS NOT NULL, CASE WHEN cost IS NOT NULL THEN posted_at END,
    CASE WHEN cost IS NOT NULL THEN price_ids END,
    CASE WHEN cost IS NULL THEN CASE WHEN method IS NULL THEN 'no quantity is known' ELSE 'no price of the model' END END,
    status, latency_ms, ttft_ms
  FROM (
    SELECT *, occurred_at + latency_ms * interval '1 millisecond' AS posted_at,
      CASE WHEN method IS NOT NULL AND NOT without_price THEN
        input_tokens * input_price + coalesce(cached_tokens * cached_price, 0) + coalesce(written_tokens * written_price, 0)
          + coalesce((output_tokens + coalesce(reasoning_tokens, 0)) * output_price, 0) + searches * 0.01 END AS cost
    FROM (
      SELECT *, prompt_tokens - coalesce(cached_tokens, 0) - coalesce(written_tokens, 0) AS input_tokens,
        CASE status WHEN 'ok' THEN answer_tokens - coalesce(reasoning_tokens, 0) END AS output_tokens,
        CASE status WHEN 'ok' THEN (ttft + answer_tokens * ms_per_token)::int WHEN 'timeout' THEN 60000 ELSE ttft END AS latency_ms,
        CASE WHEN status = 'ok' AND service_tier <> 'batch' THEN ttft END AS ttft_ms,
        method = 'reported' AND encoding IS NOT NULL AND sends_texts AS compared, (answer_tokens % 7) - 3 AS drift,
        bench.random(model_number, 60000 + extract(epoch FROM at)::int / 604800) < 0.005 AS without_price
      FROM (
        SELECT *, CASE WHEN status <> 'error' THEN prompt END AS prompt_tokens,
          CASE WHEN method = 'reported' AND tells_cached THEN
            CASE WHEN bench.random(number, 40) < 0.4 THEN (prompt * bench.random(number, 41))::bigint / 128 * 128 ELSE 0 END END AS cached_tokens,
          CASE WHEN method = 'reported' AND tells_written THEN
            CASE WHEN bench.random(number, 40) > 0.9 THEN prompt / 2 ELSE 0 END END AS written_tokens,
          CASE WHEN method = 'reported' AND reasons THEN (answer_tokens * bench.random(number, 42))::bigint END AS reasoning_tokens,
          CASE WHEN method = 'reported' AND bench.random(number, 43) < 0.03 THEN 1 + (bench.random(number, 44) * 3)::int ELSE 0 END AS searches
        FROM (
          SELECT *, CASE status WHEN 'ok' THEN CASE WHEN counted THEN 'counted' ELSE 'reported' END WHEN 'timeout' THEN 'counted' END AS method
          FROM (
            SELECT d.number, d.at, d.at + d.seconds * interval '1 second' AS occurred_at, c.person, c.tenant_id, c.team_id, c.project_id,
              c.user_id, c.api_key_id, c.sends_texts, c.counted, m.number AS model_number, m.provider, m.model, m.currency, m.encoding,
              m.tells_cached, m.tells_written, m.reasons, m.input_price, m.cached_price, m.written_price, m.output_price, m.ms_per_token,
              m.price_ids,
              CASE WHEN d.tier < c.batch THEN 'batch' WHEN d.tier < c.priority THEN 'priority' ELSE 'standard' END AS service_tier,
              CASE WHEN d.luck < 0.985 THEN 'ok' WHEN d.luck < 0.995 THEN 'error' ELSE 'timeout' END AS status,
              bench.lognormal(d.number, 50, 900, 1.2)::bigint AS prompt, 1 + bench.lognormal(d.number, 52, 220, 1)::bigint AS answer_tokens,
              bench.lognormal(d.number, 54, m.ttft, 0.5)::int AS ttft
            FROM (
              SELECT n AS number, h.at, bench.random(n, 30) * 3600 AS seconds, bench.zipf(bench.random(n, 31), 2000) AS person,
                floor(bench.random(n, 32) * 32)::int AS slot, bench.random(n, 33) AS tier, bench.random(n, 34) AS luck
              FROM bench.hour h CROSS JOIN LATERAL generate_series(h.first_number, h.last_number) n
              WHERE h.at >= since AND h.at < until
              OFFSET 0) d
            JOIN bench.choice c ON c.person = d.person AND c.slot = d.slot
            JOIN bench.model m ON m.number = c.model
            OFFSET 0) chosen
          OFFSET 0) called
        OFFSET 0) metered
      OFFSET 0) counted
    OFFSET 0) priced
$$;
ANALYZE bench.model, bench.choice;
SELECT bench.plan_hours(1, :entries, :'until'::timestamptz - :months * interval '1 month', :'until') \g /dev/null
SELECT min(at) AS since, :'until' AS until FROM bench.hour \gset
\else
\if :{?months} \else \set months 1 \endif
SELECT max(at) + interval '1 hour' AS since, max(at) + interval '1 hour' + :months * interval '1 month' AS until, max(last_number) + 1 AS first_number
FROM bench.hour \gset
SELECT bench.plan_hours(:first_number, :entries, :'since', :'until') \g /dev/null
\endif
ANALYZE bench.hour;

\if :{?after} \else \set after 'SELECT' \endif
SELECT format('SELECT tokenmeter.ensure_partition(%L), bench.write_entries(%L, %L)', at, at, at + interval '1 month'), :'after'
FROM generate_series(:'since'::timestamptz, :'until'::timestamptz - interval '1 day', '1 month') at \gexec
