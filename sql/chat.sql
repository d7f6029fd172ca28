-- Prompt tokens of chat messages.
-- The example of OpenAI's cookbook, with the numbers that the API reported for it.
SELECT model, chat.* FROM unnest(ARRAY['gpt-4o', 'gpt-4-0613']) AS m (model), tokenmeter.count_messages(model, '[
  {"role": "system", "content": "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
  {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
  {"role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue."},
  {"role": "system", "name": "example_user", "content": "Let''s circle back when we have more bandwidth to touch base on opportunities for increased leverage."},
  {"role": "system", "name": "example_assistant", "content": "Let''s talk later when we''re less busy about how to do better."},
  {"role": "user", "content": "This late pivot means we don''t have time to boil the ocean for the client deliverable."}]') AS chat;

-- Content as a list of parts counts like its texts; escapes count as what they spell.
SELECT a.tokens = b.tokens AS same FROM
  tokenmeter.count_messages('gpt-4o', '[{"role": "user", "content": [{"type": "text", "text": "caf\u00e9\n"}]}]') a,
  tokenmeter.count_messages('gpt-4o', '[{"role": "user", "content": "café\n"}]') b;
SELECT * FROM tokenmeter.count_messages('gpt-4o', '[]');
SELECT * FROM tokenmeter.count_messages('gpt-4o', '[{"role": "assistant", "content": null}]');

-- What is not public makes the count inexact.
SELECT * FROM tokenmeter.count_messages('gpt-4o', '[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]');
SELECT exact FROM tokenmeter.count_messages('gpt-4o', '[{"role": "assistant", "content": "x", "tool_calls": null, "function_call": null, "refusal": null, "annotations": []}]');
SELECT exact FROM tokenmeter.count_messages('gpt-4o', '[{"role": "assistant", "content": "x", "audio": {"id": "y"}}]');
SELECT exact FROM tokenmeter.count_messages('gpt-4o', '[{"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]');

-- Valid JSON that is no list of messages.
CREATE FUNCTION pg_temp.try_messages(messages jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  PERFORM tokenmeter.count_messages('gpt-4o', messages);
  RETURN 'counted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN SQLSTATE || ' ' || SQLERRM || CASE WHEN hint <> '' THEN ' (with a hint)' ELSE '' END;
END $$;
SELECT messages, pg_temp.try_messages(messages::jsonb) FROM unnest(ARRAY[
  '"text"', '5', 'null', '{}', '{"role": "user", "content": "x"}', '["text"]', '[[]]', '[null]', '[{}]',
  '[{"content": "x"}]', '[{"role": 7, "content": "x"}]', '[{"role": "user", "content": 7}]',
  '[{"role": "user", "content": {"text": "x"}}]', '[{"role": "user", "content": [7]}]']) AS m (messages);
-- Models that take no chats, or are not known: checked, not counted.
SELECT * FROM tokenmeter.count_messages('text-davinci-003', '[{"role": "user", "content": "x"}]');
SELECT * FROM tokenmeter.count_messages('unheard-of', '[{"role": "user", "content": "x"}]');
SELECT * FROM tokenmeter.count_messages('unheard-of', '[7]');
