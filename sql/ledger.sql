-- The ledger and its door.
SELECT tokenmeter.create_ledger();
SELECT tokenmeter.create_ledger();  -- again: nothing changes

CREATE ROLE tokenmeter_test_other;
SET ROLE tokenmeter_test_other;
SELECT tokenmeter.create_ledger();  -- by somebody else
RESET ROLE;
DROP ROLE tokenmeter_test_other;

-- Texts are counted and gone.
INSERT INTO llm.message_log (request_id, occurred_at, user_id, model, input_text, output_text)
VALUES ('r1', '2025-06-01 12:00+00', 'ada', 'gpt-4o', 'Hello, world!', 'Hi.')
RETURNING request_id, input_text, output_text, encoding, input_tokens, output_tokens, counted_input_tokens, method, cost, currency, priced;
-- Messages; reported numbers; both side by side; a usage object as it came.
INSERT INTO llm.message_log (request_id, occurred_at, user_id, model, messages, output_text, input_tokens, cache_read_tokens, output_tokens, reasoning_tokens, usage) VALUES
  ('r2', '2025-06-01 12:00+00', 'ada', 'gpt-4o', '[{"role": "user", "content": "Hello, world!"}]', 'Hi.', NULL, NULL, NULL, NULL, NULL),
  ('r3', '2025-06-01 12:00+00', 'bob', 'o3', NULL, NULL, 100, 28, 7, 64, NULL),
  ('r4', '2025-06-10 12:00+00', 'bob', 'o3', '[{"role": "user", "content": "Hello, world!"}]', 'Hi.', 300, NULL, 5, NULL, NULL),
  ('r5', '2025-06-10 12:00+00', 'bob', 'o3', NULL, NULL, NULL, NULL, NULL, NULL,
   '{"prompt_tokens": 128, "completion_tokens": 71, "prompt_tokens_details": {"cached_tokens": 28}, "completion_tokens_details": {"reasoning_tokens": 64}}'),
  ('r6', '2025-06-10 12:00+00', 'bob', 'gpt-4o', '[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]', NULL, NULL, NULL, 3, NULL, NULL)
RETURNING request_id, counted_input_tokens, counted_output_tokens, input_tokens, cache_read_tokens, output_tokens, reasoning_tokens, method, cost;

-- A reported 0 is a report. A missing number is none.
INSERT INTO llm.message_log (occurred_at, model, output_tokens, input_text) VALUES ('2025-06-11', 'gpt-4o', 0, 'Hello')
RETURNING input_tokens, output_tokens, method, cost;
INSERT INTO llm.message_log (occurred_at, model) VALUES ('2025-06-11', 'gpt-4o')
RETURNING input_tokens, output_tokens, method, cost, priced;

-- A text that cannot be counted and has no number makes the cost unknown, not smaller.
INSERT INTO llm.message_log (occurred_at, model, messages, output_tokens) VALUES
  ('2025-06-11', 'text-davinci-003', '[{"role": "user", "content": "Hello"}]', 100)
RETURNING input_tokens, output_tokens, method, cost, priced;
INSERT INTO llm.message_log (occurred_at, model, messages, input_tokens, output_tokens) VALUES
  ('2025-06-11', 'davinci-002', '[{"role": "user", "content": "Hello"}]', 5, 100)
RETURNING input_tokens, output_tokens, method, cost, priced;
-- Reasoning is in a usage object's total already; a column's number is without it.
INSERT INTO llm.message_log (occurred_at, model, reasoning_text, usage) VALUES ('2025-06-11', 'o3', 'Let me think.', '{"prompt_tokens": 10, "completion_tokens": 100}')
RETURNING input_tokens, output_tokens, reasoning_tokens, cost;
INSERT INTO llm.message_log (occurred_at, model, reasoning_text, input_tokens, output_tokens) VALUES ('2025-06-11', 'o3', 'Let me think.', 10, 100)
RETURNING input_tokens, output_tokens, reasoning_tokens, cost;
-- Totals in columns go before those in usage; a part in a column beside a total in usage is not clear.
INSERT INTO llm.message_log (occurred_at, model, input_tokens, cache_read_tokens, usage) VALUES ('2025-06-11', 'o3', 60, 40, '{"prompt_tokens": 100, "completion_tokens": 7}')
RETURNING input_tokens, cache_read_tokens, output_tokens, reasoning_tokens;
\set VERBOSITY terse
INSERT INTO llm.message_log (occurred_at, model, cache_read_tokens, usage) VALUES ('2025-06-11', 'o3', 40, '{"prompt_tokens": 100}');
INSERT INTO llm.message_log (occurred_at, model, reasoning_tokens, usage) VALUES ('2025-06-11', 'o3', 40, '{"completion_tokens": 100}');
\set VERBOSITY default
-- Null and empty JSON is nothing.
INSERT INTO llm.message_log (occurred_at, model, messages, tools, usage, quantities) VALUES ('2025-06-11', 'gpt-4o', 'null', '[]', 'null', 'null')
RETURNING input_tokens, method, cost;

-- An unknown model: visible, never a silent 0.
INSERT INTO llm.message_log (occurred_at, model, input_text) VALUES ('2025-06-11', 'unheard-of', 'Hello')
RETURNING encoding, input_tokens, method, cost, priced;
INSERT INTO llm.message_log (occurred_at, model, provider, input_tokens) VALUES ('2025-06-11', 'claude-3-opus', 'anthropic', 5)
RETURNING encoding, input_tokens, method, cost, priced;
SELECT provider, model, calls FROM llm.unpriced ORDER BY model;

-- The same call again is dropped; another under its id is kept aside. Missing ids are never equal.
INSERT INTO llm.message_log (request_id, occurred_at, user_id, model, input_text, output_text)
VALUES ('r1', '2025-06-02 15:00+00', 'ada', 'gpt-4o', 'Hello, world!', 'Hi.')
RETURNING request_id, occurred_at AT TIME ZONE 'UTC' AS occurred_at, input_tokens;
INSERT INTO llm.message_log (request_id, occurred_at, user_id, model, input_text, output_text)
VALUES ('r1', '2025-06-01 12:00+00', 'ada', 'gpt-4o', 'Hello, world?', 'Hi.')
RETURNING request_id;
INSERT INTO llm.message_log (source, request_id, occurred_at, model, input_text) VALUES ('elsewhere', 'r1', '2025-06-03', 'gpt-4o', 'x'), ('elsewhere', '', '2025-06-03', 'gpt-4o', 'x'), ('elsewhere', NULL, '2025-06-03', 'gpt-4o', 'x');
SELECT count(*), count(*) FILTER (WHERE source = 'elsewhere') AS elsewhere FROM llm.usage;
SELECT source, request_id, duplicates FROM llm.request WHERE duplicates > 0;
SELECT source, request_id, sqlstate, problem, call FROM llm.intake_problem;
-- The same to the letter but for its user, its provider or its cost is another call; one that took longer is not.
INSERT INTO llm.message_log (request_id, occurred_at, user_id, provider, model, input_tokens, provider_cost, latency_ms) VALUES
  ('s', '2025-06-04', 'ada', 'openai', 'gpt-4o', 1, 0.5, 10), ('s', '2025-06-04', 'bob', 'openai', 'gpt-4o', 1, 0.5, 10),
  ('s', '2025-06-04', 'ada', 'azure', 'gpt-4o', 1, 0.5, 10), ('s', '2025-06-04', 'ada', 'openai', 'gpt-4o', 1, 0.6, 10);
SELECT count(*) FROM llm.intake_problem WHERE request_id = 's';
SET bytea_output = 'escape';
SET datestyle = 'German';
INSERT INTO llm.message_log (request_id, occurred_at, user_id, provider, model, input_tokens, provider_cost, latency_ms)
VALUES ('s', '2025-06-04', 'ada', 'OpenAI', 'gpt-4o', 1, 0.50, 99) RETURNING input_tokens;
RESET bytea_output;
RESET datestyle;
DELETE FROM llm.request;
UPDATE llm.request SET entry_id = 0;
TRUNCATE llm.request;

-- Totals by day and month, in the time zone of the setting.
SELECT day, user_id, model, calls, input_tokens, output_tokens, cost, unpriced_calls FROM llm.usage_daily ORDER BY 1, 2, 3, 4;
SELECT month, model, sum(calls) AS calls, sum(cost) AS cost FROM llm.usage_monthly GROUP BY 1, 2 ORDER BY 1, 2;
INSERT INTO llm.message_log (occurred_at, user_id, model, input_tokens) VALUES ('2025-08-31 22:30+00', 'zone', 'gpt-4o', 1);
SELECT day FROM llm.usage_daily WHERE user_id = 'zone';
SET tokenmeter.time_zone = 'Europe/Berlin';
SELECT day FROM llm.usage_daily WHERE user_id = 'zone';
SELECT month FROM llm.usage_monthly WHERE user_id = 'zone';
SET tokenmeter.time_zone = 'Middle/Nowhere';
RESET tokenmeter.time_zone;

-- Partitions are made on demand, far past and far future too.
INSERT INTO llm.message_log (occurred_at, model, input_tokens) VALUES ('1999-12-31 23:59:59+00', 'gpt-4o', 1), ('2199-01-01 00:00:00+00', 'gpt-4o', 1), ('0002-01-01 00:00+00', 'gpt-4o', 1), ('9998-12-31 23:59:59.999999+00', 'gpt-4o', 1);
SELECT tableoid::regclass AS partition, count(*) FROM llm.usage WHERE occurred_at NOT BETWEEN '2025-01-01' AND '2026-01-01' GROUP BY tableoid ORDER BY min(tableoid::regclass::text);

-- A month's table that was detached stays as it is; a user's generated column is no hindrance.
ALTER TABLE llm.usage ADD COLUMN tokens_in_all bigint GENERATED ALWAYS AS (input_tokens + coalesce(output_tokens, 0)) STORED;
BEGIN;
ALTER TABLE llm.usage DETACH PARTITION llm.usage_1999_12;
INSERT INTO llm.message_log (occurred_at, model, input_tokens) VALUES ('1999-12-05', 'gpt-4o', 2);
INSERT INTO llm.message_log (occurred_at, model, input_tokens) VALUES ('1999-12-06', 'gpt-4o', 3);
SELECT tableoid::regclass AS partition, input_tokens, tokens_in_all FROM llm.usage WHERE occurred_at < '2000-01-01' AND occurred_at > '1999-01-01' ORDER BY 2;
SELECT count(*) FROM llm.usage_1999_12;
ROLLBACK;
ALTER TABLE llm.usage DROP COLUMN tokens_in_all CASCADE;

-- Nobody changes an entry.
UPDATE llm.usage SET cost = 0;
DELETE FROM llm.usage;
TRUNCATE llm.usage;
TRUNCATE llm.usage_2025_06;

-- Bad input: an error with its own code, and no entry.
CREATE FUNCTION pg_temp.try(columns text, expressions text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  EXECUTE format('INSERT INTO llm.message_log (%s) VALUES (%s)', columns, expressions);
  RETURN 'posted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN SQLSTATE || ' ' || SQLERRM || CASE WHEN hint <> '' THEN ' (with a hint)' ELSE '' END;
END $$;
SELECT pg_temp.try('model', 'NULL');
SELECT pg_temp.try('model', '''''');
SELECT pg_temp.try('model, input_tokens', '''gpt-4o'', -1');
SELECT pg_temp.try('model, reasoning_tokens', '''gpt-4o'', -5');
SELECT pg_temp.try('model, latency_ms', '''gpt-4o'', -5');
SELECT pg_temp.try('model, messages', '''gpt-4o'', ''{"role": "user"}''');
SELECT pg_temp.try('model, messages', '''unheard-of'', ''{"role": "user"}''');
SELECT pg_temp.try('model, messages', '''gpt-4o'', ''[7]''');
SELECT pg_temp.try('model, usage', '''gpt-4o'', ''{"tokens": 3}''');
SELECT pg_temp.try('model, quantities', '''gpt-4o'', ''[]''');
SELECT pg_temp.try('model, input_tokens, quantities', '''gpt-4o'', 1000000, ''{"input": 0}''');
SELECT pg_temp.try('model, provider_cost', '''gpt-4o'', ''NaN''');
SELECT pg_temp.try('model, provider_cost, currency', '''gpt-4o'', 1, ''bananas''');
SELECT pg_temp.try('model, request_id', '''gpt-4o'', repeat(''x'', 10000)');
SELECT pg_temp.try('model, quantities', '''gpt-4o'', ''{"web_search": -1}''');
SELECT pg_temp.try('model, quantities', '''gpt-4o'', ''{"web_search": "many"}''');
SELECT pg_temp.try('model, occurred_at', '''gpt-4o'', ''infinity''');
SELECT at, pg_temp.try('model, occurred_at', format('''gpt-4o'', %L', at)) FROM unnest('{4714-12-01 00:00+00 BC,0001-01-01 00:00+00,0001-12-31 23:59:59.999999+00,9999-01-01 00:00+00,12025-01-01 00:00+00}'::text[]) at;
SELECT names, pg_temp.try('model, quantities', format('''gpt-4o'', %L', (SELECT jsonb_object_agg('meter_' || i, 1) FROM generate_series(1, names) i))) FROM unnest('{64,65}'::integer[]) names;
SELECT count(*) FROM llm.usage WHERE posted_at = now();
UPDATE llm.message_log SET model = 'x';
DELETE FROM llm.message_log;

-- A writer needs no right but to insert into the door.
CREATE ROLE tokenmeter_test_writer;
GRANT USAGE ON SCHEMA llm TO tokenmeter_test_writer;
GRANT INSERT ON llm.message_log TO tokenmeter_test_writer;
SET ROLE tokenmeter_test_writer;
INSERT INTO llm.message_log (occurred_at, model, input_text) VALUES ('2025-10-01', 'gpt-4o', 'Hello');
SELECT count(*) FROM llm.usage;
RESET ROLE;
SELECT count(*) FROM llm.usage WHERE occurred_at = '2025-10-01';
DROP OWNED BY tokenmeter_test_writer;
DROP ROLE tokenmeter_test_writer;

-- DROP EXTENSION leaves every entry.
CREATE TEMP TABLE before AS SELECT count(*), sum(cost) FROM llm.usage;
SET client_min_messages = warning;
DROP EXTENSION tokenmeter CASCADE;
RESET client_min_messages;
SELECT count(*) = (SELECT count FROM before) AS same_entries, sum(cost) = (SELECT sum FROM before) AS same_cost FROM llm.usage;
INSERT INTO llm.message_log (model) VALUES ('gpt-4o');
-- And with it back, the ledger goes on.
CREATE EXTENSION tokenmeter;
SELECT tokenmeter.create_ledger();
INSERT INTO llm.message_log (request_id, occurred_at, user_id, model, input_text, output_text)
VALUES ('r1', '2025-06-02 15:00+00', 'ada', 'gpt-4o', 'Hello, world!', 'Hi.'), ('r7', '2025-06-02', 'ada', 'gpt-4o', 'x', 'y')
RETURNING request_id, input_tokens;
SET client_min_messages = warning;
DROP SCHEMA llm CASCADE;
