-- Messages of queues.
BEGIN;
SELECT tokenmeter.create_ledger();
CREATE ROLE tokenmeter_test_queue;
GRANT USAGE ON SCHEMA llm TO tokenmeter_test_queue;
GRANT INSERT ON llm.inbox TO tokenmeter_test_queue;
SET LOCAL ROLE tokenmeter_test_queue;
-- A call; several; the same again, and by bytes.
SELECT tokenmeter.post_json('{"request_id": "a", "source": "q", "occurred_at": "2026-01-31T23:59:59Z", "model": "gpt-4o", "usage": {"prompt_tokens": 3, "completion_tokens": 1}, "extra": 1}');
SELECT tokenmeter.post_json('[{"request_id": "b", "source": "q", "model": "gpt-4o", "input_tokens": "5"}, {"request_id": "c", "source": "q", "model": "gpt-4o", "output_text": "Hi."}]');
SELECT tokenmeter.post_json(convert_to('{"request_id": "a", "source": "q", "model": "gpt-4o", "usage": {"prompt_tokens": 3, "completion_tokens": 1}}', 'UTF8'));
SELECT tokenmeter.post_json('[]'), tokenmeter.post_json(NULL::text);
-- What cannot be read does not keep the rest away, and is no error.
SELECT tokenmeter.post_json('[{"request_id": "d", "source": "q", "model": "gpt-4o", "input_tokens": "many"}, {"request_id": "e", "source": "q", "model": "gpt-4o"}, 5]');
SELECT tokenmeter.post_json('{"request_id": "f", "source": "q", "occurred_at": "soon", "model": "gpt-4o"}');
SELECT tokenmeter.post_json('{"broken'), tokenmeter.post_json(''), tokenmeter.post_json('"text"'), tokenmeter.post_json('{"model": "\u0000"}'),
  tokenmeter.post_json('\xff'::bytea), tokenmeter.post_json(repeat('[', 100000));
RESET ROLE;
SELECT source, request_id, input_tokens, output_tokens FROM llm.usage ORDER BY request_id;
SELECT source, request_id, sqlstate, call #> '{tags,unreadable}' AS unreadable, call #> '{tags,bytes}' AS bytes FROM llm.intake_problem ORDER BY problem_id;
SELECT call #>> '{tags,sha256}' = encode(sha256('{"broken'), 'hex') AS which FROM llm.intake_problem WHERE call @> '{"tags": {"bytes": 8}}';
-- Where trying again can help, it is an error.
REVOKE INSERT ON llm.inbox FROM tokenmeter_test_queue;
SET LOCAL ROLE tokenmeter_test_queue;
\set VERBOSITY terse
SELECT tokenmeter.post_json('{"request_id": "g", "source": "q", "model": "gpt-4o"}');
ROLLBACK;
