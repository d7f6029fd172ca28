-- Buckets: folded or not, the views say the same as the ledger.
SELECT tokenmeter.create_ledger();
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, currency, effective_from)
VALUES ('me', 'mine', 'input', 1000, 1, 'EUR', '2020-01-01');
INSERT INTO llm.inbox (request_id, occurred_at, tenant_id, user_id, provider, model, input_tokens, output_tokens, quantities, latency_ms, status, input_text) VALUES
  ('1', '2025-03-01 00:00+00', 'acme', 'ada', 'openai', 'gpt-4o', 1000, 10, '{"web_search": 2}', 100, 'ok', NULL),
  ('2', '2025-03-01 00:14:59.999999+00', 'acme', 'ada', 'openai', 'gpt-4o', 2000, NULL, '{"web_search": 1, "image": 0.5}', 300, 'ok', NULL),
  ('3', '2025-03-01 00:15+00', 'acme', 'ada', 'openai', 'gpt-4o', 0, 5, NULL, NULL, 'ok', 'Hello, world!'),
  ('4', '2025-03-31 23:59+00', 'acme', 'bob', 'me', 'mine', 500, NULL, NULL, 700, 'ok', NULL),
  ('5', '2025-03-31 23:59+00', NULL, '', 'me', 'late', 500, NULL, NULL, NULL, 'error', NULL),
  ('6', '2025-04-01 00:00+00', '', NULL, 'me', 'late', 500, NULL, NULL, NULL, NULL, NULL);
SELECT bucket_start AT TIME ZONE 'UTC' AS bucket_start, tenant_id, user_id, model, currency, entries, calls, input_tokens, output_tokens, reasoning_tokens, quantities, cost,
  unpriced_calls, compared_calls, compared_reported_tokens, compared_counted_tokens, latency_p50, latency_p95
FROM llm.usage_15min ORDER BY 1, 2, 3, 4;

CREATE VIEW answers AS
SELECT '15min' AS view, to_jsonb(u) AS answer FROM llm.usage_15min u UNION ALL SELECT 'hourly', to_jsonb(u) FROM llm.usage_hourly u
UNION ALL SELECT 'daily', to_jsonb(u) FROM llm.usage_daily u UNION ALL SELECT 'weekly', to_jsonb(u) FROM llm.usage_weekly u
UNION ALL SELECT 'monthly', to_jsonb(u) FROM llm.usage_monthly u UNION ALL SELECT 'tenant', to_jsonb(u) FROM llm.tenant_daily u
UNION ALL SELECT 'tenant month', to_jsonb(u) FROM llm.tenant_monthly u UNION ALL SELECT 'model', to_jsonb(u) FROM llm.model_daily u
UNION ALL SELECT 'model month', to_jsonb(u) FROM llm.model_monthly u
UNION ALL SELECT 'Tokyo', to_jsonb(u) FROM llm.usage_daily('Asia/Tokyo', NULL, NULL) u
UNION ALL SELECT 'Kathmandu', to_jsonb(u) FROM llm.usage_monthly('Asia/Kathmandu', NULL, NULL) u;
CREATE TABLE unfolded_answers AS TABLE answers;
SELECT tokenmeter.maintain(1);
SELECT count(*) FROM llm.unfolded;
(TABLE unfolded_answers EXCEPT ALL TABLE answers) UNION ALL (TABLE answers EXCEPT ALL TABLE unfolded_answers);
SELECT tokenmeter.fold_all(NULL, 2);
SELECT count(*) FROM llm.unfolded;
(TABLE unfolded_answers EXCEPT ALL TABLE answers) UNION ALL (TABLE answers EXCEPT ALL TABLE unfolded_answers);
SELECT view, count(*) FROM answers GROUP BY view ORDER BY view;
SELECT tokenmeter.maintain();
SELECT * FROM tokenmeter.verify();

-- New entries of a bucket come into its row; of a late price, too.
INSERT INTO llm.inbox (occurred_at, tenant_id, user_id, provider, model, input_tokens, latency_ms, status)
VALUES ('2025-03-01 00:07+00', 'acme', 'ada', 'openai', 'gpt-4o', 7, 300, 'ok');
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, currency, effective_from)
VALUES ('me', 'late', 'input', 1000, 2, 'EUR', '2020-01-01');
SELECT tokenmeter.price_pending();
SELECT day, tenant_id, user_id, model, currency, entries, calls, input_tokens, cost, unpriced_calls, latency_p50 FROM llm.usage_daily ORDER BY 1, 2, 3, 4, 5;
DROP TABLE unfolded_answers;
CREATE TABLE unfolded_answers AS TABLE answers;
SELECT tokenmeter.maintain();
(TABLE unfolded_answers EXCEPT ALL TABLE answers) UNION ALL (TABLE answers EXCEPT ALL TABLE unfolded_answers);
SELECT * FROM tokenmeter.verify();

-- An entry by hand, whatever it says, can be folded.
INSERT INTO llm.usage (occurred_at, model, priced, cost, currency, input_tokens, reported_input_tokens, counted_input_tokens, latency_ms, quantities) VALUES
  ('2025-03-02', 'odd', true, 'NaN', 'XXX', 9223372036854775807, 9223372036854775807, 9223372036854775807, -5, '["text"]'),
  ('2025-03-02', 'odd', true, -1, 'XXX', 9223372036854775807, 9223372036854775807, 9223372036854775807, 2147483647, '{"a": "b"}');
INSERT INTO llm.usage (occurred_at, model, priced, cost, currency, tenant_id, team_id, project_id, user_id, api_key_id, provider, status, service_tier)
SELECT '2025-03-02', name, true, 0, name, name, name, name, name, name, name, name, name
FROM (SELECT string_agg(sha512(i::text::bytea)::text, '') AS name FROM generate_series(1, 100) i) long;
SELECT tokenmeter.maintain();
SELECT day, cost, input_tokens, compared_counted_tokens, quantities, latency_p99 > 2100000000 AS longest FROM llm.usage_daily WHERE model = 'odd';
SELECT * FROM tokenmeter.verify();

INSERT INTO llm.usage (occurred_at, model, priced, quantities) SELECT '2025-03-02', 'huge', false, '{"a": 9e131071, "b": 1}' FROM generate_series(1, 2);
-- Nor is anything written where it is not the ledger that is written to.
CREATE TEMP TABLE forged (LIKE llm.unfolded);
CREATE TRIGGER forge AFTER INSERT ON forged FOR EACH ROW EXECUTE FUNCTION tokenmeter.note_entry();
INSERT INTO forged SELECT * FROM llm.unfolded LIMIT 1;
DROP TABLE forged;
SELECT tokenmeter.maintain();
SELECT quantities FROM llm.usage_daily WHERE model = 'huge';
SELECT * FROM tokenmeter.verify();

-- More meters than anybody has are added up under one name, alike whether they are folded, half folded or not.
BEGIN;
INSERT INTO llm.inbox (occurred_at, model, quantities)
SELECT '2025-03-02', 'many', (SELECT jsonb_object_agg(format('m%s_%s', call, i), 1) FROM generate_series(1, 64) i) FROM generate_series(1, 10) call;
CREATE TEMP TABLE many ON COMMIT DROP AS SELECT quantities FROM llm.usage_daily WHERE model = 'many';
SELECT (SELECT count(*) FROM jsonb_object_keys(quantities)) AS names, quantities -> '(other)' AS other FROM many;
SELECT tokenmeter.maintain(4);
SELECT count(*) FROM many JOIN llm.usage_daily d USING (quantities) WHERE d.model = 'many';
SELECT tokenmeter.maintain();
SELECT count(*) FROM many JOIN llm.model_monthly m USING (quantities) WHERE m.model = 'many';
SELECT * FROM tokenmeter.verify();
ROLLBACK;

-- Calls far in the past and future are in all views, and make none slow.
BEGIN;
SET LOCAL statement_timeout = '5s';
INSERT INTO llm.inbox (occurred_at, model, input_tokens) VALUES ('0100-01-01', 'far', 1), ('9998-12-31', 'far', 1);
SELECT tokenmeter.maintain();
SELECT (SELECT count(*) FROM llm.usage_hourly WHERE model = 'far') AS hours, (SELECT count(*) FROM llm.usage_weekly WHERE model = 'far') AS weeks,
  (SELECT count(*) FROM llm.usage_daily('Asia/Tokyo', '9998-12-31', NULL)) AS far_ahead, (SELECT count(*) FROM llm.usage_daily('Asia/Tokyo', NULL, '0101-01-01')) AS far_back;
ROLLBACK;

-- Zones: days and months are kept for those of the settings; others are answered from 15 minutes, alike.
SET tokenmeter.time_zone = 'Asia/Kolkata';
CREATE TABLE derived_answers AS TABLE answers;
SET tokenmeter.report_zones = 'Asia/Kathmandu, Australia/Lord_Howe';
SELECT tokenmeter.maintain();
SELECT zone FROM llm.report_zone ORDER BY zone;
(TABLE derived_answers EXCEPT ALL TABLE answers) UNION ALL (TABLE answers EXCEPT ALL TABLE derived_answers);
SELECT DISTINCT day FROM llm.usage_daily ORDER BY day;
SELECT DISTINCT month FROM llm.usage_monthly ORDER BY month;
SELECT DISTINCT week FROM llm.usage_weekly ORDER BY week;
SELECT DISTINCT week, to_char(week, 'Dy') FROM llm.usage_weekly('Asia/Kolkata', '2025-03-03', '2025-03-31');
SELECT sum(entries) FROM llm.usage_daily('Asia/Tokyo', '2025-03-01', '2025-03-02');
SELECT sum(entries) FROM llm.usage_hourly('Asia/Kolkata', '2025-03-01 00:00+00', '2025-03-02 00:00+00');
SELECT sum(entries) FROM llm.usage_15min('2025-03-01 00:15+00', '2025-03-01 00:30+00');
SELECT * FROM tokenmeter.verify();
SELECT tokenmeter.drop_report_zone('Australia/Lord_Howe');
SET tokenmeter.report_zones = 'Asia/Kathmandu';
SELECT tokenmeter.drop_report_zone('australia/lord_howe');
SELECT tokenmeter.drop_report_zone('Australia/Lord_Howe');
SELECT tokenmeter.drop_report_zone('UTC');
SELECT tokenmeter.add_report_zone('Mars/Olympus');
-- Of some names tzdata has no zones any more; then they are refused as unknown.
\set VERBOSITY terse
SELECT tokenmeter.add_report_zone('cet');
SET tokenmeter.time_zone = 'CET';
\set VERBOSITY default
SET tokenmeter.report_zones = 'Asia/Kolkata America/New_York';
SET tokenmeter.report_zones = 'UTC, Mars/Olympus';
SET tokenmeter.time_zone = '<X>-03:17';
SET tokenmeter.time_zone = 'XYZ-0:07ABC,M3.2.0,M11.1.0';
SET tokenmeter.time_zone = 'XYZ-0:15ABC-1:07,M3.2.0,M11.1.0';
\set VERBOSITY terse
SELECT tokenmeter.add_report_zone('WET');
\set VERBOSITY default
SELECT tokenmeter.add_report_zone('FOO-0:07');
SELECT tokenmeter.report_zone_name(zone) FROM unnest('{america/st_johns,Europe/Berlin,EUROPE/BERLIN,utc,etc/gmt+5}'::text[]) zone;
SELECT name FROM pg_timezone_names WHERE name ~ '^[A-Z][a-z]+/' AND tokenmeter.report_zone_name(lower(name)) <> name;
\set VERBOSITY terse
SELECT tokenmeter.report_zone_name('met');
\set VERBOSITY default
SELECT tokenmeter.report_zone_name('');
SELECT tokenmeter.report_zone_name(NULL) IS NULL AS of_null;
-- In whatever case a name is written, it is the same zone.
SET tokenmeter.time_zone = 'asia/KOLKATA';
SHOW tokenmeter.time_zone;
SET tokenmeter.report_zones = ' asia/kathmandu, Asia/Kathmandu,';
SELECT tokenmeter.wanted_zones() ORDER BY 1;
SELECT tokenmeter.add_report_zone('asia/kathmandu');
SELECT zone FROM llm.report_zone ORDER BY zone;
RESET tokenmeter.report_zones;
SELECT * FROM llm.usage_daily('Mars/Olympus', NULL, NULL);
\set VERBOSITY terse
SELECT * FROM llm.usage_hourly('CET', NULL, NULL);
\set VERBOSITY default
(SELECT * FROM llm.usage_daily('asia/kolkata', NULL, NULL) EXCEPT ALL TABLE llm.usage_daily) UNION ALL (TABLE llm.usage_daily EXCEPT ALL SELECT * FROM llm.usage_daily('asia/kolkata', NULL, NULL));
DROP TABLE derived_answers;

-- verify() finds what is wrong, rebuild() mends it.
UPDATE llm.bucket_15min SET calls = calls + 1, cost = 1 WHERE bucket_start = '2025-03-01 00:00+00';
DELETE FROM llm.bucket_month WHERE grain = 3 AND month = '2025-04-01';
SELECT level, zone, period::timestamptz AT TIME ZONE 'UTC' AS period, model, expected ->> 'calls' AS expected, found ->> 'calls' AS found FROM tokenmeter.verify() JOIN llm.series USING (series_key) ORDER BY 1, 2, 3, 4, 5, 6;
SELECT tokenmeter.rebuild('2025-03-01 00:07+00', '2025-03-01 00:08+00');
SELECT DISTINCT level FROM tokenmeter.verify();
SELECT tokenmeter.rebuild('2025-03-01', '2025-05-01');
SELECT * FROM tokenmeter.verify();
SELECT tokenmeter.rebuild('2025-03-01', '2025-03-01');
SELECT tokenmeter.rebuild('2025-03-01', 'infinity');

-- A retired partition leaves all totals as they were, also if entries of its time come later.
DROP TABLE unfolded_answers;
CREATE TABLE unfolded_answers AS TABLE answers;
ALTER TABLE llm.usage DETACH PARTITION llm.usage_2025_03;
DROP TABLE llm.usage_2025_03;
(TABLE unfolded_answers EXCEPT ALL TABLE answers) UNION ALL (TABLE answers EXCEPT ALL TABLE unfolded_answers);
SELECT * FROM tokenmeter.verify();
INSERT INTO llm.inbox (occurred_at, model, input_tokens) VALUES ('2025-03-05', 'gpt-4o', 1);
SELECT tokenmeter.maintain();
SELECT sum(calls) FROM llm.usage_monthly('UTC', '2025-03-01', '2025-04-01');
SELECT * FROM tokenmeter.verify();
SELECT tokenmeter.rebuild('2025-03-04', '2025-03-06');
SELECT tokenmeter.rebuild('2025-04-01', '2025-04-02');

-- A default partition does not make what is gone come back.
CREATE TABLE llm.rest PARTITION OF llm.usage DEFAULT;
SELECT * FROM tokenmeter.verify();
SELECT tokenmeter.rebuild('2025-03-04', '2025-03-06');
DROP TABLE llm.rest;

-- Retired 15-minute buckets leave days and months. What cannot be answered any more is an error, not a part.
SELECT tokenmeter.retire_buckets('2025-04-01 12:00+00');
SELECT sum(entries) AS days, (SELECT sum(entries) FROM llm.usage_monthly) AS months, (SELECT sum(entries) FROM llm.usage_15min) AS quarters FROM llm.usage_daily;
SELECT * FROM tokenmeter.verify();
SELECT sum(entries) FROM llm.usage_daily('Asia/Tokyo', NULL, NULL);
SELECT sum(entries) FROM llm.usage_daily('Asia/Tokyo', '2025-04-02', NULL);
SELECT tokenmeter.add_report_zone('Asia/Tokyo');
SET tokenmeter.report_zones = 'Asia/Tokyo';
SELECT tokenmeter.maintain();
RESET tokenmeter.report_zones;
SELECT tokenmeter.rebuild('2025-04-01', '2025-04-02');
INSERT INTO llm.inbox (occurred_at, model, input_tokens) VALUES ('2025-03-06', 'gpt-4o', 1);
SELECT tokenmeter.maintain();
SELECT sum(entries) AS days, (SELECT sum(entries) FROM llm.usage_monthly) AS months, (SELECT sum(entries) FROM llm.usage_15min) AS quarters FROM llm.usage_daily;
SELECT * FROM tokenmeter.verify();
SET tokenmeter.keep_15min = '7d';
SELECT tokenmeter.maintain();
SELECT count(*) FROM llm.usage_15min;
-- What is older than that is in no view of them, neither before nor after it is folded.
INSERT INTO llm.inbox (occurred_at, model, input_tokens) VALUES ('2025-03-07', 'gpt-4o', 1);
SELECT (SELECT count(*) FROM llm.usage_15min) AS quarters, (SELECT count(*) FROM llm.usage_hourly) AS hours, sum(entries) AS days FROM llm.usage_daily;
-- Months of another zone cannot be made now: a warning, and all is folded.
\set VERBOSITY terse
SET tokenmeter.time_zone = 'Asia/Tokyo';
SELECT tokenmeter.maintain();
SET tokenmeter.time_zone = 'Asia/Kolkata';
\set VERBOSITY default
SELECT (SELECT count(*) FROM llm.unfolded) AS unfolded, sum(entries) AS days FROM llm.usage_daily;
SET tokenmeter.keep_15min = 'a week or so';
RESET tokenmeter.keep_15min;
SELECT tokenmeter.retire_buckets('infinity');

-- Errors.
SELECT tokenmeter.maintain(0);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT tokenmeter.maintain();
ROLLBACK;

-- A ledger that is older than its buckets: create_ledger() makes them of its entries.
DROP VIEW answers;
DROP TABLE unfolded_answers;
RESET tokenmeter.time_zone;
SET client_min_messages = warning;
DROP SCHEMA llm CASCADE;
SELECT tokenmeter.create_ledger();
DROP TABLE llm.unfolded CASCADE;
DROP TRIGGER note_entry ON llm.usage;
INSERT INTO llm.usage (occurred_at, model, priced) VALUES (now(), 'x', false);
SELECT tokenmeter.create_ledger();
SELECT sum(entries) FROM llm.usage_daily;
ALTER TABLE llm.usage ENABLE ALWAYS TRIGGER note_entry;
SELECT tokenmeter.create_ledger();
SELECT tgenabled FROM pg_trigger WHERE tgrelid = 'llm.usage'::regclass AND tgname = 'note_entry';
DROP TRIGGER note_entry ON llm.usage;
SELECT tokenmeter.create_ledger();
DROP SCHEMA llm CASCADE;
