-- Statements: frozen, and what comes later goes on the next one.
SELECT tokenmeter.create_ledger();
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, currency, effective_from) VALUES
  ('ours', 'mine', 'input', 1000, 1, 'EUR', '2020-01-01'), ('ours', 'other', 'input', 1000, 0.0001, 'USD', '2020-01-01');
INSERT INTO llm.inbox (request_id, occurred_at, tenant_id, provider, model, input_tokens, quantities) VALUES
  ('1', '2025-01-05', 'acme', 'ours', 'mine', 1000, NULL), ('2', '2025-01-06', 'acme', 'ours', 'mine', 500, NULL), ('3', '2025-01-06', 'acme', 'ours', 'other', 1, NULL),
  ('4', '2025-01-06', 'acme', 'ours', 'late', 700, NULL), ('5', '2025-01-07', 'globex', 'ours', 'mine', 9000, NULL), ('6', '2025-01-07', NULL, 'ours', 'mine', 1, NULL),
  ('7', '2025-02-01 00:00+00', 'acme', 'ours', 'mine', 2000, NULL);
CREATE VIEW line AS
SELECT statement_id AS id, line, adjusts, to_char(adjusted_month, 'YYYY-MM') AS adjusted, model, currency, calls, input_tokens AS input, cost FROM llm.statement_line ORDER BY 1, 2;

SELECT tokenmeter.close_statement('acme', '2025-01-31');
TABLE line;
SELECT statement_id, tenant_id, to_char(month, 'YYYY-MM') AS month, zone, entries, length(entries_hash), reopened_at FROM llm.statement;
SELECT tokenmeter.close_statement('acme', '2025-01-01');
SELECT tokenmeter.close_statement(NULL, '2025-01-01');
SELECT tokenmeter.close_statement(NULL, '2025-01-01');
SELECT tokenmeter.close_statement('globex', '2024-12-01');  -- before its first call
SELECT tokenmeter.close_statement('acne', '2025-01-01');

-- A late call, a late price, a price that was wrong: of January, on February's statement.
INSERT INTO llm.inbox (request_id, occurred_at, tenant_id, provider, model, input_tokens) VALUES ('late', '2025-01-09', 'acme', 'ours', 'mine', 10);
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, currency, effective_from) VALUES
  ('ours', 'late', 'input', 1000, 1, 'EUR', '2020-01-01'), ('ours', 'other', 'input', 1000, 2, 'USD', '2020-01-01');
SELECT tokenmeter.price_pending();
SELECT * FROM tokenmeter.reprice('2025-01-01', '2025-02-01', 'other', 'was wrong', false);
SELECT tokenmeter.maintain();
SELECT tokenmeter.close_statement('acme', '2025-02-01');
SELECT * FROM line WHERE id > 1;
SELECT statement_id, currency, in_force, charges, adjustments, total, calls FROM llm.statement_total ORDER BY 1, 2;
-- March has nothing of its own, and nothing late.
SELECT tokenmeter.close_statement('acme', '2025-03-01');
SELECT count(*) FROM line WHERE id = (SELECT max(statement_id) FROM llm.statement);

-- Reopened: it leaves a trace, and its month's next statement has what is on no other.
SELECT tokenmeter.reopen_statement('acme', '2025-01-01', ' ');
SELECT tokenmeter.reopen_statement('acme', '2025-01-01', 'a line was disputed');
SELECT tokenmeter.reopen_statement('acme', '2025-01-01', 'again');
INSERT INTO llm.inbox (request_id, occurred_at, tenant_id, provider, model, input_tokens) VALUES ('later', '2025-01-10', 'acme', 'ours', 'mine', 30), ('feb', '2025-02-10', 'acme', 'ours', 'mine', 40);
SELECT tokenmeter.close_statement('acme', '2025-04-01');  -- January is open: only February's late call
SELECT tokenmeter.close_statement('acme', '2025-01-01');
SELECT * FROM line WHERE id > 6;
SELECT statement_id, to_char(month, 'YYYY-MM') AS month, entries, reopened_at IS NOT NULL AS reopened, reopened_by = session_user AS by_me, reopened_reason FROM llm.statement ORDER BY 1;
-- What is in force has each entry once, and is the ledger's sum.
SELECT l.currency, sum(l.cost) AS stated, (SELECT sum(cost) FROM llm.usage u WHERE u.tenant_id = 'acme' AND u.currency IS NOT DISTINCT FROM l.currency) AS ledger
FROM llm.statement_line l JOIN llm.statement s USING (statement_id) WHERE s.tenant_id = 'acme' AND s.reopened_at IS NULL GROUP BY l.currency ORDER BY 1;
SELECT count(*), count(DISTINCT id) FROM llm.statement_entry JOIN llm.statement s USING (statement_id), unnest(entry_ids) id WHERE s.reopened_at IS NULL;

-- FOCUS: its sums are the ledger's.
SELECT f."BillingCurrency", sum(f."BilledCost") AS focus, (SELECT sum(u.cost) FROM llm.usage u WHERE u.currency = f."BillingCurrency") AS ledger FROM llm.focus f GROUP BY 1 ORDER BY 1;
SELECT "BillingAccountId", "ChargePeriodStart" AT TIME ZONE 'UTC' AS start, "ChargePeriodEnd" AT TIME ZONE 'UTC' AS end, "BillingPeriodStart" AT TIME ZONE 'UTC' AS period,
  "SkuId", "ConsumedQuantity", "ConsumedUnit", "BilledCost", "BillingCurrency", "Tags" FROM llm.focus WHERE "BillingAccountId" = 'acme' ORDER BY 2, 5, 9, 6 LIMIT 4;
SELECT count(*), count(*) FILTER (WHERE attname LIKE 'x\_%') AS own FROM pg_attribute WHERE attrelid = 'llm.focus'::regclass;
-- Columns that FOCUS lets nobody leave empty.
SELECT count(*) FROM llm.focus WHERE num_nulls("BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargePeriodEnd",
  "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName", "ServiceSubcategory",
  "PricingQuantity", "PricingUnit", "ConsumedQuantity", "ConsumedUnit", "PricingCategory") > 0;
-- Calls that are priced late keep their tokens; those that have no price, or some of them, have no cost yet.
INSERT INTO llm.inbox (request_id, occurred_at, tenant_id, user_id, provider, model, input_tokens, quantities) VALUES
  ('all', '2025-03-01 08:00+00', 'focus', 'ada', 'ours', 'all', 1200, '{"web_search": 1}'), ('own', '2025-03-01 09:00+00', 'focus', 'ada', 'ours', 'mine', 1200, NULL),
  ('half 1', '2025-03-01 08:00+00', 'focus', 'ada', 'ours', 'half', 10, NULL), ('half 2', '2025-03-01 16:00+00', 'focus', 'ada', 'ours', 'half', 20, NULL),
  ('rest 1', '2025-03-02 08:00+00', 'focus', 'ada', 'ours', 'rest', 3, NULL),
  ('none', '2025-03-02 00:00+00', 'focus', 'ada', 'ours', 'none', 7, NULL), ('nobody''s', '2025-03-02 00:00+00', NULL, 'ada', 'ours', 'mine', 1, NULL), ('empty', '2025-03-02 00:00+00', '', 'ada', 'ours', 'mine', 1, NULL);
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, currency, effective_from) VALUES
  ('ours', 'all', 'input', 1000, 1, 'USD', '2020-01-01'), ('ours', 'all', 'web_search', 1, 0.01, 'USD', '2020-01-01'),
  ('ours', 'half', 'input', 1000, 1, 'EUR', '2025-03-01 12:00+00'), ('ours', 'rest', 'input', 1000, 1, 'EUR', '2025-03-02 12:00+00');
INSERT INTO llm.inbox (request_id, occurred_at, tenant_id, user_id, provider, model, input_tokens) VALUES ('rest 2', '2025-03-02 16:00+00', 'focus', 'ada', 'ours', 'rest', 4);
CREATE VIEW focus AS
SELECT "ChargePeriodStart" AT TIME ZONE 'UTC' AS day, "SkuId" AS model, "BilledCost" AS cost, "BillingCurrency" AS currency, "ConsumedQuantity" AS consumed, "x_Calls" AS calls, "x_UnpricedCalls" AS unpriced,
  "x_Quantities" AS quantities FROM llm.focus WHERE "BillingAccountId" = 'focus' ORDER BY 1, 2, 4;
TABLE focus;
SELECT tokenmeter.price_pending();
TABLE focus;
SELECT tokenmeter.maintain() > 0 AS folded;
TABLE focus;
SELECT sum("x_Calls") + (SELECT sum(calls) FROM llm.unpriced) AS calls, sum("ConsumedQuantity") + 3 + 7 AS tokens, sum("BilledCost") AS cost FROM llm.focus  -- 3: rest 1; 7: none
EXCEPT SELECT count(*) FILTER (WHERE corrects IS NULL), sum(input_tokens), sum(cost) FROM llm.usage;
SELECT "BillingAccountId", "BillingAccountName", "BillingAccountType", "x_BillingMonth" FROM llm.focus WHERE "x_BillingMonth" = '2025-03-01' AND "BillingAccountId" = '' ORDER BY 3;
SELECT tenant_id, user_id, currency, rank, calls, tokens, cost, share_of_cost FROM llm.top_users WHERE month = '2025-03-01' ORDER BY 1, 3;
SELECT model, currency, rank, calls, tokens, cost, share_of_cost FROM llm.top_models WHERE month = '2025-03-01' ORDER BY 1, 2;

-- Frozen.
UPDATE llm.statement SET month = '2025-05-01';
DELETE FROM llm.statement;
UPDATE llm.statement_line SET cost = 0;
TRUNCATE llm.statement CASCADE;
SELECT statement_id, tokenmeter.statement_is_intact(statement_id) FROM llm.statement ORDER BY 1;
UPDATE llm.statement SET reopened_at = NULL, reopened_by = NULL, reopened_reason = NULL;
INSERT INTO llm.statement_line (statement_id, line, model, service_tier, calls, cost, currency) VALUES (4, 99, 'x', 'standard', 0, -1, 'EUR');
INSERT INTO llm.statement_entry VALUES (4, '2025-03-01', '{1}');
ALTER TABLE llm.usage DISABLE TRIGGER refuse_change;
ALTER TABLE llm.usage_2025_01 DISABLE TRIGGER refuse_change;
UPDATE llm.usage SET cost = cost + 1 WHERE request_id = '7';
UPDATE llm.usage SET tags = '{"a": 1}' WHERE request_id = '6';
SELECT statement_id, tokenmeter.statement_is_intact(statement_id) FROM llm.statement ORDER BY 1;
SELECT tokenmeter.statement_is_intact(100);

-- In a zone, across its ends of the month; not before the month is over.
SET tokenmeter.time_zone = 'Asia/Kolkata';
INSERT INTO llm.inbox (occurred_at, tenant_id, provider, model, input_tokens) VALUES ('2025-06-30 18:29:59+00', 'zone', 'ours', 'mine', 1), ('2025-06-30 18:30+00', 'zone', 'ours', 'mine', 2);
SELECT tokenmeter.close_statement('zone', '2025-06-01');  -- no months are kept there yet
SELECT tokenmeter.maintain();
SELECT tokenmeter.close_statement('zone', '2025-06-01'), tokenmeter.close_statement('zone', '2025-07-01');
SELECT tokenmeter.close_statement('acme', '2025-07-01');  -- whose statements are in another zone
SET tokenmeter.time_zone = 'UTC';
SELECT tokenmeter.drop_report_zone('Asia/Kolkata');
SET tokenmeter.time_zone = 'Asia/Kolkata';
SELECT zone, l.calls, l.input_tokens FROM llm.statement s JOIN llm.statement_line l USING (statement_id) WHERE tenant_id = 'zone' ORDER BY s.month;
\set VERBOSITY terse
SELECT tokenmeter.close_statement('zone', (now() AT TIME ZONE 'Asia/Kolkata')::date) IS NULL;
SELECT tokenmeter.close_statement('zone', NULL);
SELECT tokenmeter.close_statement('zone', 'infinity');
SELECT tokenmeter.close_statement('zone', '10000-01-01');
SELECT tokenmeter.reopen_statement('zone', NULL, 'x');
SELECT tokenmeter.reopen_statement('nobody', '2025-02-01', 'x');
\set VERBOSITY default
RESET tokenmeter.time_zone;

-- A name of any length; and of entries that have been retired nobody can say whether they were changed.
SELECT string_agg(md5(i::text), '') AS long_name FROM generate_series(1, 400) i \gset
INSERT INTO llm.inbox (occurred_at, tenant_id, provider, model, input_tokens) VALUES ('2025-01-07', :'long_name', 'ours', 'mine', 1);
SELECT length(:'long_name'), tokenmeter.close_statement(:'long_name', '2025-01-01') > 0 AS closed;
ALTER TABLE llm.usage DETACH PARTITION llm.usage_2025_01;
SELECT statement_id, tokenmeter.statement_is_intact(statement_id) FROM llm.statement ORDER BY 1;

-- No statement without entries that have been retired: neither of their month, nor of one that they are late for.
SELECT tokenmeter.reopen_statement('acme', '2025-01-01', 'too late');
INSERT INTO llm.inbox (occurred_at, tenant_id, provider, model, input_tokens)
SELECT '2024-07-10'::timestamptz + i * interval '1 day', 'zeta', 'ours', 'mine', 100 FROM generate_series(1, 10) i
UNION ALL SELECT '2024-08-10', 'zeta', 'ours', 'mine', 1;
SELECT tokenmeter.maintain();
ALTER TABLE llm.usage DETACH PARTITION llm.usage_2024_07;
SELECT tokenmeter.close_statement('zeta', '2024-07-01');
ALTER TABLE llm.usage ATTACH PARTITION llm.usage_2024_07 FOR VALUES FROM ('2024-07-01 00:00+00') TO ('2024-08-01 00:00+00');
SELECT tokenmeter.close_statement('zeta', '2024-07-01') AS july \gset
INSERT INTO llm.inbox (occurred_at, tenant_id, provider, model, input_tokens) VALUES ('2024-07-20', 'zeta', 'ours', 'mine', 10);
SELECT tokenmeter.close_statement('zeta', '2024-08-01') AS august \gset
SELECT tokenmeter.reopen_statement('zeta', '2024-08-01', 'a test') = :august AS reopened;
ALTER TABLE llm.usage DETACH PARTITION llm.usage_2024_07;
SELECT tokenmeter.close_statement('zeta', '2024-08-01');
ALTER TABLE llm.usage ATTACH PARTITION llm.usage_2024_07 FOR VALUES FROM ('2024-07-01 00:00+00') TO ('2024-08-01 00:00+00');
SELECT tokenmeter.close_statement('zeta', '2024-08-01') AS august \gset
SELECT adjusted, calls, input, cost, adjusts = :july AS adjusts_july FROM line WHERE id = :august;

-- Lines are compared with the entries, too.
ALTER TABLE llm.statement_line DISABLE TRIGGER refuse_change;
SELECT tokenmeter.statement_is_intact(:august);
UPDATE llm.statement_line SET cost = cost + 1 WHERE statement_id = :august AND adjusts IS NULL;
SELECT tokenmeter.statement_is_intact(:august);
UPDATE llm.statement_line SET cost = cost - 1 WHERE statement_id = :august AND adjusts IS NULL;
UPDATE llm.statement_line SET adjusts = NULL, adjusted_month = NULL WHERE statement_id = :august;
SELECT tokenmeter.statement_is_intact(:august);
UPDATE llm.statement_line SET adjusts = :july, adjusted_month = '2024-07-01' WHERE statement_id = :august AND line = 2;
SELECT tokenmeter.statement_is_intact(:august);
DELETE FROM llm.statement_line WHERE statement_id = :august AND line = 2;
SELECT tokenmeter.statement_is_intact(:august);
ALTER TABLE llm.statement_line ENABLE TRIGGER refuse_change;

-- What is on statements already may be retired: later months are closed without it, but it cannot be reopened.
ALTER TABLE llm.usage DETACH PARTITION llm.usage_2024_07;
SELECT tokenmeter.close_statement('zeta', '2024-09-01') IS NOT NULL AS closed;
SELECT tokenmeter.reopen_statement('zeta', '2024-08-01', 'again');

-- Whose rows a policy would hide gets an error, and no smaller statement.
CREATE ROLE tokenmeter_test_closer;
GRANT USAGE ON SCHEMA llm, tokenmeter TO tokenmeter_test_closer;
GRANT ALL ON ALL TABLES IN SCHEMA llm TO tokenmeter_test_closer;
GRANT ALL ON ALL SEQUENCES IN SCHEMA llm TO tokenmeter_test_closer;
ALTER TABLE llm.usage ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON llm.usage USING (tenant_id = 'zeta');
SET ROLE tokenmeter_test_closer;
\set SHOW_CONTEXT never
\set VERBOSITY sqlstate
SELECT tokenmeter.close_statement('globex', '2025-02-01');
SELECT tokenmeter.reopen_statement('globex', '2024-12-01', 'x');
SELECT tokenmeter.statement_is_intact(1);
\set VERBOSITY default
SELECT tokenmeter.statement_is_intact(1);
RESET ROLE;
DROP OWNED BY tokenmeter_test_closer;
DROP ROLE tokenmeter_test_closer;
SET client_min_messages = warning;
DROP VIEW line, focus;
DROP SCHEMA llm CASCADE;
