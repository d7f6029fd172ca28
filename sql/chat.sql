-- Prompt tokens of chat messages.
-- The example of OpenAI's cookbook, with the numbers that the API reported for it.
SELECT model, chat.* FROM unnest(ARRAY['gpt-4o', 'gpt-4-0613']) AS m (model), tokenmeter.count_messages(model, '[
  {"role": "system", "content": "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
  {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
  {"role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue."},
  {"role": "system", "name": "example_user", "content": "Let''s circle back when we have more bandwidth to touch base on opportunities for increased leverage."},
  {"role": "system", "name": "example_assistant", "content": "Let''s talk later when we''re less busy about how to do better."},
  {"role": "user", "content": "This late pivot means we don''t have time to boil the ocean for the client deliverable."}]') AS chat;

-- The same, of other models; then its example of a tool.
SELECT model, token_count_chat(model, '[
  {"role": "system", "content": "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
  {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
  {"role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue."},
  {"role": "system", "name": "example_user", "content": "Let''s circle back when we have more bandwidth to touch base on opportunities for increased leverage."},
  {"role": "system", "name": "example_assistant", "content": "Let''s talk later when we''re less busy about how to do better."},
  {"role": "user", "content": "This late pivot means we don''t have time to boil the ocean for the client deliverable."}]')
FROM unnest(ARRAY['gpt-3.5-turbo-0301', 'gpt-3.5-turbo-0613', 'gpt-4-0613', 'gpt-4o', 'gpt-4o-mini', 'azure/gpt-4o', 'o200k_base']) AS m (model);
SELECT model, token_count_chat(model, '[
  {"role": "system", "content": "You are a helpful assistant that can answer to questions about the weather."},
  {"role": "user", "content": "What''s the weather like in San Francisco?"}]', '[{"type": "function", "function": {
    "name": "get_current_weather", "description": "Get the current weather in a given location",
    "parameters": {"type": "object", "properties": {
      "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
      "unit": {"type": "string", "description": "The unit of temperature to return", "enum": ["celsius", "fahrenheit"]}},
    "required": ["location"]}}}]')
FROM unnest(ARRAY['gpt-3.5-turbo', 'gpt-4', 'gpt-4o', 'gpt-4o-mini', 'gpt-oss-120b']) AS m (model);
SELECT token_count_chat(NULL, '[]'), token_count_chat('gpt-4o', NULL), token_count_chat('gpt-4o', '[]', NULL), token_count_chat('gpt-4o', '[]', 'null');

-- Images: by size, by detail, by what a data URL says; of models that have a rule.
SELECT model, token_count_chat(model, '[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x", "width": 1024, "height": 1024}}]}]')
  - token_count_chat(model, '[{"role": "user", "content": []}]') AS tokens
FROM unnest(ARRAY['gpt-4o', 'gpt-4o-mini', 'o3', 'computer-use-preview', 'gpt-5-chat-latest', 'gpt-4.1-mini', 'o4-mini', 'gpt-5-nano']) AS m (model);
SELECT token_count_chat('gpt-4o', '[{"role": "user", "content": [{"type": "input_image", "image_url": "https://x", "detail": "low"}]}]') AS low,
  token_count_chat('gpt-4o', '[{"role": "user", "content": [{"type": "input_image", "image_url": "data:image/gif;base64,R0lGODlhLAHIAIAAAExpccgeHg=="}]}]') AS gif;

-- What cannot be counted is refused by its place, and counted as far as it can be.
SELECT token_count_chat('gpt-4o', '[{"role": "user", "content": "x"}, {"role": "user", "content": ["x", {"type": "image_url", "image_url": {"url": "https://x"}}]}]');
SELECT token_count_chat('gpt-5.2', '[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x", "detail": "low"}}]}]');
SELECT token_count_chat('gpt-4o', '[{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "secret"}}]}]');
SELECT token_count_chat('gpt-4o', '"x"', '[{"type": "web_search"}]');
SELECT token_count_chat('gpt-4o', '"x"', ('[{"type": "x", "y": ' || repeat('[', 100) || repeat(']', 100) || '}]')::jsonb);
SELECT token_count_chat('claude-3-opus', '"x"');
SELECT token_count_chat('text-davinci-003', '"x"');
SELECT token_count_chat('unheard-of', '"x"');
SELECT * FROM tokenmeter.count_messages('gpt-4o', '"x"', '[{"type": "function", "function": {"name": "f"}}]');
SELECT * FROM tokenmeter.count_messages('gpt-oss-20b', '"x"', '[{"type": "function", "function": {"name": "f"}}]');

-- The chat template of a user's own model.
SELECT tokenmeter.add_model('my-llama', 'cl100k_base', NULL, 'llama3');
SELECT tokenmeter.add_model('my-qwen*', 'cl100k_base', chat_template => 'qwen2.5');
SELECT tokenmeter.add_model('o3-*', 'o200k_base', 'openai', 'gpt-5');
SELECT model, token_count_chat(model, '[{"role": "user", "content": "Hello"}]') FROM unnest(ARRAY['my-llama', 'my-qwen-7b', 'cl100k_base', 'o3-pro', 'o1']) AS m (model);
SELECT token_count_chat('my-llama', '"x"', '[{"type": "function", "function": {"name": "f"}}]');
SELECT tokenmeter.add_model('my-llama', 'cl100k_base');
SELECT token_count_chat('my-llama', '[{"role": "user", "content": "Hello"}]');
SELECT tokenmeter.add_model('my-llama', 'cl100k_base', chat_template => 'llama');
INSERT INTO tokenmeter.model (pattern, encoding, chat_template) VALUES ('my-lost', 'cl100k_base', 'lost');
SELECT token_count_chat('my-lost', '"x"');
DELETE FROM tokenmeter.model WHERE NOT shipped;

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

-- What the ledger makes of it: nothing in a chat that can be read breaks the caller.
BEGIN;
SELECT tokenmeter.create_ledger();
INSERT INTO llm.message_log (model, messages, tools, input_text)
SELECT r.model, r.messages, r.tools, r.input_text
FROM unnest(ARRAY[
  '{"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", "function": {"name": "f"}}]}',
  '{"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "tools": {"f": 1}}',
  '{"model": "gpt-4o", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}]}',
  '{"model": "gpt-4o", "messages": [{"role": "assistant", "tool_calls": [{"apiName": "f", "arguments": "{}"}]}], "tools": []}',
  '{"model": "gpt-oss", "messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", "function": {"name": "f"}}]}',
  '{"model": "gpt-4o", "input_text": "x", "tools": [{"type": "function", "function": {"name": "f"}}]}',
  '{"model": "claude-3-opus", "messages": [{"role": "user", "content": "x"}], "tools": [{"name": "f"}]}']::jsonb[]) WITH ORDINALITY AS c (call, i),
  jsonb_populate_record(NULL::tokenmeter.call, call) AS r ORDER BY i
RETURNING model, counted_input_tokens, input_tokens, method;
ROLLBACK;
