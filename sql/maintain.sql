-- maintain() and rebuild() where clocks, policies, settings and refreshes that fail are in the way.
SET client_min_messages = warning;
SELECT tokenmeter.create_ledger();
CREATE FUNCTION calls_of(tenant text, times timestamptz[]) RETURNS void LANGUAGE sql
AS $$INSERT INTO llm.inbox (tenant_id, occurred_at, provider, model, input_tokens) SELECT tenant, t, 'openai', 'gpt-4o', 100 FROM unnest(times) t$$;

-- A clock set back across midnight: the day before goes on after the day has begun.
SELECT tokenmeter.add_report_zone('America/St_Johns');
SELECT calls_of('zone', array_agg(q)) FROM generate_series(timestamptz '2010-11-07 00:00Z', '2010-11-07 07:30Z', '15 minutes') q;
SELECT tokenmeter.maintain();
SELECT tokenmeter.rebuild('2010-11-07 02:30Z', '2010-11-07 03:00Z');
SELECT * FROM tokenmeter.verify();
SET tokenmeter.time_zone = 'America/St_Johns';
SELECT month, calls FROM llm.model_monthly;

-- Hours that begin within a quarter, by local mean time, have its calls, folded or not.
SET tokenmeter.time_zone = 'Europe/Berlin';
SELECT calls_of('mean', '{1890-01-01 00:00Z,1890-01-01 00:15Z,1890-01-01 00:59Z}');
SELECT hour AT TIME ZONE 'UTC' AS hour, calls FROM llm.usage_hourly WHERE tenant_id = 'mean' ORDER BY hour;
SELECT tokenmeter.maintain();
SELECT hour AT TIME ZONE 'UTC' AS hour, calls FROM llm.usage_hourly WHERE tenant_id = 'mean' ORDER BY hour;
SELECT day, calls FROM llm.usage_daily WHERE tenant_id = 'mean' ORDER BY day;

-- Of an hour that is there in part only, nothing is shown: neither what was folded nor what comes.
SET tokenmeter.time_zone = 'Asia/Kolkata';
SELECT calls_of('part', array_agg(q)) FROM generate_series(timestamptz '2025-10-09 22:30Z', '2025-10-10 01:15Z', '15 minutes') q;
SELECT tokenmeter.maintain();
SELECT tokenmeter.retire_buckets('2025-10-10');
SELECT calls_of('part', '{2025-10-10 00:15Z}');
SELECT hour AT TIME ZONE zone AS hour, calls FROM llm.usage_hourly, tokenmeter.report_time_zone() zone WHERE tenant_id = 'part' ORDER BY hour;
SELECT sum(calls) FROM llm.usage_daily WHERE tenant_id = 'part';
RESET tokenmeter.time_zone;
SELECT tokenmeter.maintain();

-- Policies hide no entries from what makes buckets of them: it fails.
\set VERBOSITY terse
CREATE ROLE regress_tokenmeter_owner;
GRANT USAGE ON SCHEMA llm, tokenmeter TO regress_tokenmeter_owner;
GRANT ALL ON ALL TABLES IN SCHEMA llm TO regress_tokenmeter_owner;
ALTER TABLE llm.usage ENABLE ROW LEVEL SECURITY;
CREATE POLICY nobody ON llm.usage TO regress_tokenmeter_owner USING (false) WITH CHECK (true);
SELECT calls_of('policy', '{2025-11-05,2025-11-06}');
SET ROLE regress_tokenmeter_owner;
SELECT tokenmeter.rebuild('2025-11-01', '2025-12-01');
SELECT * FROM tokenmeter.verify();
SELECT tokenmeter.price_pending();
RESET ROLE;
ALTER TABLE llm.usage DISABLE ROW LEVEL SECURITY;
ALTER TABLE llm.series ENABLE ROW LEVEL SECURITY;
SET ROLE regress_tokenmeter_owner;
SELECT tokenmeter.maintain();
RESET ROLE;
ALTER TABLE llm.series DISABLE ROW LEVEL SECURITY;
SELECT tokenmeter.maintain();
SELECT * FROM tokenmeter.verify();
REVOKE ALL ON ALL TABLES IN SCHEMA llm FROM regress_tokenmeter_owner;
DROP POLICY nobody ON llm.usage;
DROP OWNED BY regress_tokenmeter_owner;
DROP ROLE regress_tokenmeter_owner;
\set VERBOSITY default

-- However strings are written, what is retired is known to be.
ALTER TABLE llm.usage DETACH PARTITION llm.usage_2025_11;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT tokenmeter.rebuild('2025-11-04', '2025-11-08');
RESET standard_conforming_strings;
RESET escape_string_warning;
SELECT calls FROM llm.model_monthly WHERE month = '2025-11-01';

-- The materialized views are refreshed whenever buckets have changed since, or the zone.
CREATE VIEW behind AS
SELECT (SELECT sum(calls) FROM llm.usage_monthly) - (SELECT sum(calls) FROM llm.monthly_statement) AS calls,
  (SELECT count(*) FROM ((SELECT DISTINCT month FROM llm.usage_monthly) EXCEPT SELECT month FROM llm.monthly_statement) m) AS months;
SELECT * FROM behind;
ALTER TABLE llm.usage DISABLE TRIGGER note_entry;
SELECT calls_of('late', '{2026-01-31 23:00Z}');
ALTER TABLE llm.usage ENABLE TRIGGER note_entry;
SELECT tokenmeter.rebuild('2026-01-01', '2026-02-02');
SELECT * FROM behind;
SELECT tokenmeter.maintain();
SELECT * FROM behind;
SELECT calls_of('late', '{2026-01-31 23:00Z}');
ALTER MATERIALIZED VIEW llm.top_users RENAME TO top_users_away;
SELECT tokenmeter.maintain();
ALTER MATERIALIZED VIEW llm.top_users_away RENAME TO top_users;
SELECT * FROM behind;
SELECT tokenmeter.maintain();
SELECT * FROM behind;
SET tokenmeter.time_zone = 'Asia/Kolkata';
SELECT * FROM behind;
SELECT tokenmeter.maintain();
SELECT * FROM behind;
RESET tokenmeter.time_zone;
DROP VIEW behind;

-- An entry that was priced elsewhere has no ids of prices: repricing corrects it, and prices nothing late.
SELECT tokenmeter.ensure_partition('2025-12-01');
INSERT INTO llm.usage (occurred_at, tenant_id, provider, model, input_tokens, output_tokens, method, cost, currency, priced)
VALUES ('2025-12-05 10:00Z', 'moved', 'openai', 'gpt-4o', 1000, 200, 'reported', 0.5, 'USD', true);
SELECT correction, entries, old_cost, new_cost FROM tokenmeter.reprice('2025-12-01', '2026-01-01', NULL, 'priced elsewhere', false);
SELECT currency, calls, unpriced_calls, cost FROM llm.usage_daily WHERE tenant_id = 'moved';
SELECT count(*) FROM tokenmeter.reprice('2025-12-01', '2026-01-01', NULL, 'again', false);

DROP FUNCTION calls_of(text, timestamptz[]);
DROP SCHEMA llm CASCADE;
