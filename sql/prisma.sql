-- A view in the shape of a Prisma model, in the statements that clients send.
BEGIN;
SELECT tokenmeter.create_prisma_view();  -- before there is a ledger
ROLLBACK;

BEGIN;
SELECT tokenmeter.create_ledger();
SELECT tokenmeter.create_prisma_view();
SELECT column_name, data_type, datetime_precision, column_default FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = 'TokenUsage' ORDER BY ordinal_position;

-- create() returns all columns; its time is in UTC, whatever the session's zone.
SET LOCAL TimeZone = 'Asia/Kolkata';
INSERT INTO "public"."TokenUsage" ("id", "userId", "sessionId", "model", "inputTokens", "outputTokens", "timestamp")
VALUES ('c1', 'ada', 's1', 'gpt-4o', 100, 7, '2026-01-31 23:59:59.999')
RETURNING "id", "userId", "sessionId", "model", "inputTokens", "outputTokens", "timestamp", "cost";
SELECT source, request_id, occurred_at AT TIME ZONE 'UTC' AS occurred_at, method FROM llm.usage;
-- What the database gives: an id and the time.
INSERT INTO "TokenUsage" ("userId", "sessionId", "model", "inputTokens", "outputTokens", "timestamp")
VALUES ('ada', 's1', 'gpt-4o', 1, 1, DEFAULT)
RETURNING length("id"), "timestamp" = (now() AT TIME ZONE 'UTC')::timestamp(3) AS is_now;

-- createMany(), with skipDuplicates; the same call again is known, another one under its id is kept aside.
INSERT INTO "TokenUsage" ("id", "userId", "sessionId", "model", "inputTokens", "outputTokens", "timestamp") VALUES
  ('c1', 'ada', 's1', 'gpt-4o', 100, 7, '2026-02-01 00:00:01'), ('c2', 'bob', 's2', 'gpt-4o', 50, 5, '2026-02-01 00:00:02'),
  ('c2', 'bob', 's2', 'gpt-4o', 51, 5, '2026-02-01 00:00:02')
ON CONFLICT DO NOTHING RETURNING "id", "inputTokens", "timestamp";
SELECT source, request_id, sqlstate, call ->> 'input_tokens' AS input_tokens FROM llm.intake_problem;

-- All of the door's columns are there for a model to declare; texts are counted and gone.
INSERT INTO "TokenUsage" ("id", "userId", "model", "tenantId", "inputText", "outputText", "cacheReadTokens", "providerCost", "tags")
VALUES ('c3', 'ada', 'gpt-4o', 'acme', 'Hello, world!', 'Hi.', 2, 0.000123, '{"seq": 1}')
RETURNING "tenantId", "inputText", "inputTokens", "cacheReadTokens", "outputTokens", "providerCost", "tags", "method", "cost", "priced";

-- aggregate() and groupBy() are exact.
SELECT COUNT(*) AS "_count$_all", SUM("inputTokens") AS "_sum$inputTokens", SUM("cost") AS "_sum$cost", MIN("timestamp") AS "_min$timestamp"
FROM (SELECT "inputTokens", "cost", "timestamp" FROM "TokenUsage" WHERE 1=1 OFFSET 0) AS "sub";
SELECT "userId", SUM("outputTokens") FROM "TokenUsage" WHERE "timestamp" < '2026-02-01' GROUP BY "userId";

-- Errors: malformed calls, changes.
\set VERBOSITY sqlstate
SAVEPOINT s;
INSERT INTO "TokenUsage" ("id", "model", "inputTokens") VALUES ('c4', 'gpt-4o', -1);
ROLLBACK TO s;
INSERT INTO "TokenUsage" ("id", "inputTokens") VALUES ('c4', 1);
ROLLBACK TO s;
\set VERBOSITY default
UPDATE "TokenUsage" SET "inputTokens" = ("inputTokens" + 1) WHERE ("id" = 'c1' AND 1=1);
ROLLBACK TO s;
DELETE FROM "TokenUsage" WHERE 1=1;
ROLLBACK TO s;
\set VERBOSITY terse
SELECT tokenmeter.create_prisma_view();  -- a name that is taken
ROLLBACK TO s;

-- Another view, of a source of its own: ids are unique there. It shows what came through any door under the source.
CREATE SCHEMA "my app";
SELECT tokenmeter.create_prisma_view('Usage"1', schema => 'my app', source => 'it''s');
INSERT INTO "my app"."Usage""1" ("id", "model", "inputTokens") VALUES ('c1', 'gpt-4o', 3) RETURNING "id", "source", "inputTokens";
INSERT INTO llm.message_log (request_id, source, model) VALUES ('m1', 'it''s', 'gpt-4o'), ('m1', '', 'gpt-4o');
SELECT "id", "inputTokens" FROM "my app"."Usage""1" ORDER BY 1;
SELECT count(*) FROM "TokenUsage";

-- A writer needs the view and nothing else.
CREATE ROLE tokenmeter_test_app;
GRANT SELECT, INSERT ON "TokenUsage" TO tokenmeter_test_app;
GRANT CREATE ON SCHEMA public TO tokenmeter_test_app;
SET LOCAL ROLE tokenmeter_test_app;
INSERT INTO "TokenUsage" ("id", "model", "inputTokens") VALUES ('c5', 'gpt-4o', 3) RETURNING "id", "cost";
SAVEPOINT s;
SELECT llm.post_prisma();
ROLLBACK TO s;
SELECT tokenmeter.create_prisma_view('Mine');
ROLLBACK;
