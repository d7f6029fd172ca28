-- llm.inbox: takes what queues send, posts it, and stays empty. Nothing that is wrong with a call breaks the statement.
SELECT tokenmeter.create_ledger();
CREATE VIEW entries AS
SELECT source, request_id, model, counted_input_tokens AS counted, input_tokens, output_tokens, method, cost FROM llm.usage ORDER BY entry_id;

INSERT INTO llm.inbox (request_id, occurred_at, model, input_text, output_text) VALUES
  ('a', '2025-06-01', 'gpt-4o', 'Hello, world!', 'Hi.'), ('b', '2025-06-01', 'gpt-4o', 'Hello', 'Hi.');
SELECT * FROM entries;
SELECT count(*), pg_relation_size('llm.inbox') AS bytes FROM llm.inbox;
-- As queue sinks send it: all keys there, some NULL; again; COPY.
INSERT INTO llm.inbox (request_id, occurred_at, model, input_text, output_text) VALUES ('a', '2025-06-02', 'gpt-4o', 'Hello, world!', 'Hi.')
ON CONFLICT (request_id) DO NOTHING;
INSERT INTO llm.inbox (request_id, occurred_at, model, input_text, output_text) VALUES ('b', '2025-06-02', 'gpt-4o', 'Hello', 'Hi.')
ON CONFLICT (request_id) DO UPDATE SET model = excluded.model, output_text = excluded.output_text;
INSERT INTO llm.inbox SELECT * FROM jsonb_populate_recordset(NULL::llm.inbox, '[{"request_id": "c", "occurred_at": "2025-06-01", "model": "o3",
  "usage": {"prompt_tokens": 10, "completion_tokens": 5}}, {"occurred_at": "2025-06-01", "model": "o3", "input_tokens": 1}]');
COPY llm.inbox (request_id, occurred_at, model, input_text, input_tokens) FROM stdin;
d	2025-06-01	gpt-4o	Hello	\N
e	2025-06-01	gpt-4o	\N	7
\.
SELECT source, request_id, duplicates FROM llm.request ORDER BY entry_id;
SELECT count(*) FROM llm.usage;
-- The same call twice in one statement, a different one under its id, and sources of their own.
INSERT INTO llm.inbox (source, request_id, occurred_at, model, input_tokens) VALUES
  ('s', 'a', '2025-06-01', 'gpt-4o', 1), ('s', 'f', '2025-06-01', 'gpt-4o', 1), ('s', 'f', '2025-06-03', 'gpt-4o', 1), ('s', 'f', '2025-06-01', 'gpt-4o', 2);
SELECT source, request_id, duplicates FROM llm.request WHERE source = 's' ORDER BY request_id;
SELECT source, request_id, sqlstate, problem, call - 'price_ids' AS call FROM llm.intake_problem;
SELECT count(*) FROM llm.usage;

-- What is wrong is listed, without texts, and the rest is posted.
CREATE FUNCTION pg_temp.send(calls jsonb) RETURNS void LANGUAGE sql AS 'INSERT INTO llm.inbox SELECT * FROM jsonb_populate_recordset(NULL::llm.inbox, $1)';
SELECT pg_temp.send('[{"request_id": "p0", "model": "gpt-4o", "input_tokens": 1},
  {"request_id": "p1", "input_text": "CANARY"}, {"request_id": "p2", "model": "", "output_text": "CANARY"},
  {"request_id": "p3", "model": "gpt-4o", "input_tokens": -1, "reasoning_text": "CANARY"},
  {"request_id": "p4", "model": "gpt-4o", "messages": {"CANARY": 1}}, {"request_id": "p5", "model": "gpt-4o", "messages": [{"content": {"CANARY": 1}}]},
  {"request_id": "p6", "model": "gpt-4o", "usage": {"CANARY": "CANARY"}}, {"request_id": "p7", "model": "gpt-4o", "usage": "CANARY"},
  {"request_id": "p8", "model": "gpt-4o", "usage": {"prompt_tokens": "CANARY", "total_tokens": 3}}, {"request_id": "p9", "model": "gpt-4o", "quantities": [1]},
  {"request_id": "pA", "model": "gpt-4o", "quantities": {"web_search": "CANARY"}}, {"request_id": "pB", "model": "gpt-4o", "occurred_at": "infinity"},
  {"request_id": "pC", "model": "gpt-4o", "occurred_at": "4714-12-01 00:00+00 BC"},
  {"request_id": "pC", "model": "gpt-4o", "provider_cost": "NaN"}, {"request_id": "pD", "model": "gpt-4o", "currency": "euros"},
  {"request_id": "pE", "model": "gpt-4o", "usage": {"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}}},
  {"request_id": "pF", "model": "gpt-4o", "cache_read_tokens": 1, "usage": {"prompt_tokens": 3}}, {"request_id": "pG", "model": "gpt-4o", "input_tokens": 2}]');
SELECT request_id, sqlstate, problem, call - 'occurred_at' AS call FROM llm.intake_problem WHERE request_id LIKE 'p%' ORDER BY problem_id;
SELECT request_id FROM entries WHERE request_id LIKE 'p%';
SELECT count(*) FROM llm.intake_problem WHERE intake_problem::text LIKE '%CANARY%';

-- What the ledger itself refuses is posted one by one; what it goes on refusing is listed.
ALTER TABLE llm.usage ADD CONSTRAINT no_fours CHECK (input_tokens <> 44);
SELECT pg_temp.send('[{"request_id": "q1", "model": "gpt-4o", "input_tokens": 3}, {"request_id": "q2", "model": "gpt-4o", "input_tokens": 44, "input_text": "CANARY"},
  {"request_id": "q3", "model": "gpt-4o", "input_tokens": 5}]');
SELECT request_id, sqlstate, problem, call ->> 'input_tokens' AS input_tokens FROM llm.intake_problem WHERE request_id LIKE 'q%';
SELECT request_id, input_tokens FROM entries WHERE request_id LIKE 'q%';
ALTER TABLE llm.usage DROP CONSTRAINT no_fours;
-- The call comes again when all is well.
SELECT pg_temp.send('[{"request_id": "q2", "model": "gpt-4o", "input_tokens": 44, "input_text": "CANARY"}]');
SELECT request_id, input_tokens FROM entries WHERE request_id = 'q2';
-- Prices and ledger gone: the statement succeeds.
BEGIN;
ALTER TABLE tokenmeter.price RENAME TO gone;
SELECT pg_temp.send('[{"request_id": "r1", "model": "gpt-4o", "input_tokens": 3}]');
SELECT request_id, cost FROM entries WHERE request_id = 'r1';
SELECT reason FROM llm.unpriced WHERE model = 'gpt-4o' AND reason LIKE 'no price%';
ROLLBACK;
BEGIN;
ALTER TABLE llm.usage RENAME TO gone;
SELECT pg_temp.send('[{"request_id": "r2", "model": "gpt-4o", "input_tokens": 3}]');
SELECT request_id, sqlstate, problem FROM llm.intake_problem WHERE request_id = 'r2';
ALTER TABLE llm.intake_problem RENAME TO gone_too;
SELECT pg_temp.send('[{"request_id": "r3", "model": "gpt-4o", "input_tokens": 3}]');
ROLLBACK;

-- Statements that fail leave nothing, those within others go with their own.
DO $$
BEGIN
  BEGIN
    INSERT INTO llm.inbox (request_id, model, input_tokens) SELECT 'x' || i, 'gpt-4o', 10 / (3 - i) FROM generate_series(1, 3) i;
  EXCEPTION WHEN division_by_zero THEN NULL;
  END;
  INSERT INTO llm.inbox (request_id, model, input_tokens) VALUES ('x9', 'gpt-4o', 1);
END $$;
CREATE FUNCTION pg_temp.nested(i integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    INSERT INTO llm.inbox (request_id, model, input_tokens) SELECT 'y' || i || '.' || j, 'gpt-4o', 1 / (j - i) FROM generate_series(1, 2) j;
  EXCEPTION WHEN division_by_zero THEN NULL;
  END;
  INSERT INTO llm.inbox (request_id, model, input_tokens) VALUES ('y' || i, 'gpt-4o', i);
  RETURN i;
END $$;
INSERT INTO llm.inbox (request_id, model, input_tokens) SELECT 'z' || i, 'gpt-4o', pg_temp.nested(i) FROM generate_series(1, 3) i;
SELECT request_id, input_tokens FROM entries WHERE request_id ~ '^[xyz]' ORDER BY request_id;
-- More than wait at once.
INSERT INTO llm.inbox (request_id, occurred_at, model, input_tokens) SELECT 'm' || i, '2025-01-15'::timestamptz + i * interval '1 hour', 'gpt-4o', i FROM generate_series(1, 2500) i;
SELECT count(*), sum(input_tokens) FROM entries WHERE request_id LIKE 'm%';
-- A row that the trigger does not take does not get in.
ALTER TABLE llm.inbox DISABLE TRIGGER receive_call;
\set VERBOSITY terse
INSERT INTO llm.inbox (request_id, model) VALUES ('n', 'gpt-4o');
ALTER TABLE llm.inbox ENABLE ALWAYS TRIGGER receive_call;
-- A session that replicates is metered, too.
SET session_replication_role = replica;
INSERT INTO llm.inbox (request_id, model, input_tokens) VALUES ('o', 'gpt-4o', 1);
RESET session_replication_role;
SELECT request_id FROM entries WHERE request_id = 'o';
SELECT count(*), pg_relation_size('llm.inbox') AS bytes FROM llm.inbox;
-- The functions are for doors only.
CREATE TABLE elsewhere (request_id text);
CREATE TRIGGER t AFTER INSERT ON elsewhere FOR EACH ROW EXECUTE FUNCTION tokenmeter.receive_call();
INSERT INTO elsewhere VALUES ('x');
DROP TABLE elsewhere;

-- What posting sets off may itself insert calls, and use any door.
CREATE FUNCTION pg_temp.alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.tenant_id = 'loud' THEN
    INSERT INTO llm.inbox (request_id, tenant_id, model, input_tokens) VALUES ('alert ' || new.request_id, 'quiet', 'gpt-4o', 1);
    INSERT INTO llm.message_log (request_id, tenant_id, model, input_tokens) VALUES ('log ' || new.request_id, 'quiet', 'gpt-4o', 1);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER alert AFTER INSERT ON llm.usage FOR EACH ROW EXECUTE FUNCTION pg_temp.alert();
INSERT INTO llm.message_log (request_id, tenant_id, model, input_tokens) VALUES ('loud 1', 'loud', 'gpt-4o', 7);
INSERT INTO llm.inbox (request_id, tenant_id, model, input_tokens) SELECT 'loud ' || i, 'loud', 'gpt-4o', i FROM generate_series(2, 3) i;
SELECT request_id, tenant_id, input_tokens FROM llm.usage WHERE request_id LIKE '%loud%' ORDER BY request_id;
DROP TRIGGER alert ON llm.usage;
-- Calls of one door are not posted by another, whose rights may be others.
INSERT INTO llm.inbox (request_id, model, input_tokens)
SELECT 'l' || i, 'gpt-4o', 1 + (tokenmeter.post_calls('{}') IS NULL)::int FROM generate_series(1, 3) i;
SELECT count(*) FROM entries WHERE request_id ~ '^l[0-9]$';
CREATE ROLE regress_forger;
CREATE FUNCTION pg_temp.log_call() RETURNS void LANGUAGE sql SECURITY DEFINER AS
  $$ INSERT INTO llm.inbox (request_id, model, input_tokens) VALUES ('honest', 'gpt-4o', 1) $$;
SET ROLE regress_forger;
CREATE TEMP TABLE forgery (request_id text, model text, input_tokens bigint);
CREATE TRIGGER forge BEFORE INSERT ON forgery FOR EACH ROW EXECUTE FUNCTION tokenmeter.receive_call();
BEGIN;
INSERT INTO forgery VALUES ('forged', 'gpt-4o', 999999999);
SELECT pg_temp.log_call();
COMMIT;
RESET ROLE;
SELECT request_id FROM entries WHERE request_id IN ('forged', 'honest');
DROP TABLE forgery;
DROP ROLE regress_forger;
-- Names of quantities could be texts, and are not kept; cut ones could be invalid.
INSERT INTO llm.inbox (request_id, model, quantities) VALUES ('name 1', 'gpt-4o', '{"my secret words": -1}'), ('name 2', 'gpt-4o', jsonb_build_object(repeat('é', 40), -1)),
  ('name 3', 'gpt-4o', '{"secret words": 1}'), ('name 4', 'gpt-4o', '{"web_search": -1}');
SELECT request_id, sqlstate, problem, call -> 'quantities' AS quantities FROM llm.intake_problem WHERE request_id LIKE 'name%' ORDER BY request_id;
-- An id of many bytes.
INSERT INTO llm.inbox (request_id, model, input_tokens) SELECT string_agg(chr(24000 + i * 3), ''), 'gpt-4o', 1 FROM generate_series(1, 900) i;
SELECT sqlstate, problem FROM llm.intake_problem WHERE octet_length(request_id) > 1000;
-- No number of a column that has become another type is lost unsaid.
ALTER TABLE llm.inbox ALTER usage TYPE json;
INSERT INTO llm.inbox (model, usage) VALUES ('gpt-4o', '{"prompt_tokens": 1}');
ALTER TABLE llm.inbox ALTER usage TYPE jsonb;
-- Whoever posts makes next month's partition, if there is none.
DO $$ BEGIN EXECUTE format('DROP TABLE llm.%I', to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month', 'FM"usage_"YYYY_MM')); END $$;
INSERT INTO llm.inbox (request_id, model, input_tokens) VALUES ('now', 'gpt-4o', 1);
SELECT tokenmeter.is_partition(to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month', 'FM"usage_"YYYY_MM'));
-- Large rows in little memory: no file is written.
SET work_mem = '64kB';
SET temp_file_limit = 0;
INSERT INTO llm.inbox (request_id, model, input_tokens, tags) SELECT 'big' || i, 'gpt-4o', i, jsonb_build_object('k', repeat('x', 60000)) FROM generate_series(1, 600) i;
RESET temp_file_limit;
RESET work_mem;
SELECT count(*) FROM entries WHERE request_id LIKE 'big%';

-- All that a usage object says is taken; columns go before it.
INSERT INTO llm.message_log (request_id, occurred_at, provider, model, usage, quantities) VALUES
  ('u1', '2026-02-10', 'anthropic', 'claude-opus-4-6', '{"input_tokens": 10, "output_tokens": 20, "server_tool_use": {"web_search_requests": 2}, "service_tier": "batch", "inference_geo": "us"}', NULL),
  ('u2', '2026-02-10', 'anthropic', 'claude-opus-4-6', '{"input_tokens": 10, "output_tokens": 20, "server_tool_use": {"web_search_requests": 2}}', '{"web_search": 3}')
RETURNING request_id, service_tier, quantities, cost;
SELECT request_id, region FROM llm.usage WHERE request_id LIKE 'u%';
INSERT INTO llm.message_log (request_id, occurred_at, provider, model, usage) VALUES
  ('u3', '2025-06-01', 'openrouter', 'openai/gpt-4o', '{"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "cost": 0.00014}')
RETURNING provider_cost, priced;
-- A model whose tokenizer is not public: estimated.
INSERT INTO llm.message_log (request_id, occurred_at, provider, model, messages, output_text) VALUES
  ('u4', '2025-06-01', 'anthropic', 'claude-3-7-sonnet-20250219', '[{"role": "user", "content": "What is the capital of France?"}]', 'Paris.')
RETURNING counted_input_tokens, input_tokens, output_tokens, method, priced;
-- What has arrived from each source.
SELECT pg_temp.send('[{"source": "proxy", "request_id": "1", "model": "gpt-4o", "input_tokens": 1, "tags": {"seq": 101}}, {"source": "proxy", "request_id": "2", "model": "gpt-4o", "input_tokens": 1, "tags": {"seq": "102"}},
  {"source": "proxy", "request_id": "2", "model": "gpt-4o", "input_tokens": 1, "tags": {"seq": "102"}}, {"source": "proxy", "request_id": "1", "model": "gpt-4o", "input_tokens": 2, "tags": {"seq": 101}},
  {"source": "proxy", "request_id": "5", "model": "gpt-4o", "input_tokens": 1, "tags": {"seq": 105}}, {"source": "proxy", "model": "gpt-4o", "input_tokens": 1, "tags": {"seq": "no number"}}, {"source": "proxy"}]');
SELECT source, received, posted, duplicates, conflicts, problems, first_seq, last_seq, missing, last_seen IS NOT NULL AS seen FROM llm.delivery WHERE source <> '' ORDER BY source;
DROP VIEW entries;
SET client_min_messages = warning;
DROP SCHEMA llm CASCADE;
