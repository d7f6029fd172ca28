-- Two tables as a chat application has them; the second is attached.
\set QUIET on
CREATE TABLE message (n int, content text);
INSERT INTO message SELECT m, string_agg(c.input_text, ' ') FROM generate_series(1, 500) m JOIN call c ON c.i BETWEEN 3 * m AND 3 * m + 2 GROUP BY m;
UPDATE message SET content = left(content, 4000);
CREATE INDEX ON message (n);
VACUUM ANALYZE message;
CREATE TABLE plain_chat (id text PRIMARY KEY, chat_id text, role text, model text, content text, created_at timestamptz DEFAULT now());
CREATE TABLE attached_chat (LIKE plain_chat INCLUDING ALL);
SELECT tokenmeter.attach('attached_chat', mapping => '{"event": "insert", "request_id": "id", "session_id": "chat_id",
  "model": "model", "output_text": "content", "occurred_at": "created_at"}') \g /dev/null
