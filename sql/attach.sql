-- Attached tables: what applications write, as they write it, and the entries that come of it.
SELECT tokenmeter.create_ledger();
SET timezone = 'America/New_York';
SET client_min_messages = warning;

-- The entries of a source since it was asked last, with what is there of their numbers.
CREATE TEMP TABLE seen (entry_id bigint);
CREATE FUNCTION pg_temp.entries(wanted text) RETURNS TABLE (request_id text, at timestamp, "user" text, session text, model text,
  input bigint, cached bigint, output bigint, reasoning bigint, counted text, method text, cost numeric) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT u.request_id, u.occurred_at AT TIME ZONE 'UTC', u.user_id, u.session_id, u.model, u.input_tokens,
    u.cache_read_tokens, u.output_tokens, u.reasoning_tokens,
    nullif(concat_ws('/', u.counted_input_tokens, u.counted_output_tokens), ''), u.method, u.cost
  FROM llm.usage u WHERE u.source = wanted AND NOT EXISTS (SELECT FROM pg_temp.seen s WHERE s.entry_id = u.entry_id)
  ORDER BY u.entry_id;
  INSERT INTO pg_temp.seen SELECT u.entry_id FROM llm.usage u WHERE u.source = wanted;
END $$;

--
-- LobeChat with a usage column
--
CREATE SCHEMA lobe3;
CREATE TABLE lobe3.messages (
  id text PRIMARY KEY, role varchar(255) NOT NULL, content text, model text, provider text,
  favorite boolean DEFAULT false, error jsonb, tools jsonb, trace_id text, user_id text NOT NULL,
  session_id text, topic_id text, parent_id text REFERENCES lobe3.messages ON DELETE SET NULL, agent_id text,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), client_id text,
  reasoning jsonb, search jsonb, metadata jsonb, usage jsonb, workspace_id text);
CREATE UNIQUE INDEX ON lobe3.messages (client_id, user_id);
CREATE INDEX ON lobe3.messages (((usage ->> 'cost')::numeric));
SELECT tokenmeter.attach('lobe3.messages', 'lobechat');
-- A turn: question and placeholder in one insert, the operation's stamp, the answer with its usage.
INSERT INTO lobe3.messages (id, role, content, model, provider, user_id, topic_id, parent_id, agent_id, created_at) VALUES
  ('msg_u1', 'user', 'Hello, world!', NULL, NULL, 'ada', 'tpc_1', NULL, 'agt_1', '2025-06-01 12:00+00'),
  ('msg_a1', 'assistant', '...', 'gpt-4o', 'openai', 'ada', 'tpc_1', 'msg_u1', 'agt_1', '2025-06-01 12:00:00.001+00')
RETURNING id;
UPDATE lobe3.messages SET metadata = '{"operationId": "op_1"}', updated_at = now() WHERE id = 'msg_a1';
SELECT * FROM pg_temp.entries('lobe3.messages');
UPDATE lobe3.messages SET content = 'Hi. How can I help?', trace_id = 'trace', updated_at = now(),
  metadata = '{"operationId": "op_1", "usage": {"totalTokens": 57}, "performance": {"tps": 31.4, "ttft": 310.2, "duration": 600, "latency": 910.7}}',
  usage = '{"totalInputTokens": 50, "totalOutputTokens": 7, "totalTokens": 57, "inputCachedTokens": 20, "inputCacheMissTokens": 30, "outputTextTokens": 7, "cost": 0.000195}'
WHERE id = 'msg_a1' AND user_id = 'ada' AND workspace_id IS NULL RETURNING topic_id;
SELECT * FROM pg_temp.entries('lobe3.messages');
SELECT tenant_id, provider, status, latency_ms, ttft_ms, tags FROM llm.usage WHERE request_id = 'msg_a1';
-- Edited, its state changed, saved again: no other call.
UPDATE lobe3.messages SET content = 'Hi! How can I help you?' WHERE id = 'msg_a1';
UPDATE lobe3.messages SET metadata = metadata || '{"collapsed": true}' WHERE id = 'msg_a1';
UPDATE lobe3.messages SET usage = usage || '{"cost": 0.0002}', favorite = true WHERE id = 'msg_a1';
-- A tool, and the next step of the same run: each assistant's row is a call.
UPDATE lobe3.messages SET tools = '[{"id": "call_1", "apiName": "search", "arguments": "{\"q\": \"x\"}"}]' WHERE id = 'msg_a1';
INSERT INTO lobe3.messages (id, role, content, user_id, topic_id, parent_id, created_at)
VALUES ('msg_t1', 'tool', 'found', 'ada', 'tpc_1', 'msg_a1', '2025-06-01 12:00:05+00');
INSERT INTO lobe3.messages (id, role, content, model, provider, user_id, topic_id, parent_id, client_id, created_at)
VALUES ('msg_a2', 'assistant', '', 'gpt-4o', 'openai', 'ada', 'tpc_1', 'msg_t1', 'agent-runtime:op_1:step:2:instruction:0:assistant', '2025-06-01 12:00:06+00');
UPDATE lobe3.messages SET content = '', tools = '[{"id": "call_2", "arguments": "{}"}]', reasoning = '{"content": "Think."}',
  usage = '{"totalInputTokens": 80, "totalOutputTokens": 12, "totalTokens": 92, "outputTextTokens": 2, "outputReasoningTokens": 10}' WHERE id = 'msg_a2';
SELECT * FROM pg_temp.entries('lobe3.messages');
-- Answered again; a workspace; an answer that failed; one that was stopped before there was usage.
INSERT INTO lobe3.messages (id, role, content, model, provider, user_id, topic_id, parent_id, workspace_id, created_at) VALUES
  ('msg_a3', 'assistant', '...', 'gpt-4o', 'openai', 'bob', 'tpc_1', 'msg_u1', 'ws_1', '2025-06-01 12:01+00'),
  ('msg_a4', 'assistant', '...', 'gpt-4o', 'openai', 'ada', 'tpc_1', 'msg_u1', NULL, '2025-06-01 12:02+00'),
  ('msg_a5', 'assistant', '...', 'gpt-4o', 'openai', 'ada', 'tpc_1', 'msg_u1', NULL, '2025-06-01 12:03+00');
UPDATE lobe3.messages SET content = 'Hello!', usage = '{"totalInputTokens": 50, "totalOutputTokens": 3, "totalTokens": 53}' WHERE id = 'msg_a3';
UPDATE lobe3.messages SET content = '', error = '{"type": "InvalidProviderAPIKey"}' WHERE id = 'msg_a4';
UPDATE lobe3.messages SET content = 'Hello, I am' WHERE id = 'msg_a5';
SELECT * FROM pg_temp.entries('lobe3.messages');
SELECT tenant_id, user_id FROM llm.usage WHERE request_id = 'msg_a3';
-- Its usage came after all, and then grew: entries for the rest.
UPDATE lobe3.messages SET usage = '{"totalInputTokens": 50, "totalOutputTokens": 6, "totalTokens": 56}' WHERE id = 'msg_a5';
UPDATE lobe3.messages SET usage = '{"totalInputTokens": 50, "totalOutputTokens": 16, "totalTokens": 66}' WHERE id = 'msg_a5';
SELECT * FROM pg_temp.entries('lobe3.messages');
-- The topic is duplicated and imported: copies bring their usage, and are no calls, whatever becomes of them.
INSERT INTO lobe3.messages (id, role, content, model, provider, user_id, topic_id, created_at, error, usage)
SELECT id || '_copy', role, content, model, provider, user_id, 'tpc_2', created_at, error, usage FROM lobe3.messages;
INSERT INTO lobe3.messages (id, role, content, model, provider, user_id, topic_id, metadata)
VALUES ('msg_copied', 'assistant', '...', 'gpt-4o', 'openai', 'ada', 'tpc_3', '{"copied": true}');
UPDATE lobe3.messages SET usage = '{"totalInputTokens": 50, "totalOutputTokens": 6, "totalTokens": 56}' WHERE id = 'msg_copied';
UPDATE lobe3.messages SET updated_at = now(), content = content || '!' WHERE topic_id <> 'tpc_1';
-- Deleting takes nothing back.
UPDATE lobe3.messages SET parent_id = NULL WHERE parent_id = 'msg_u1';
DELETE FROM lobe3.messages WHERE topic_id = 'tpc_1';
SELECT * FROM pg_temp.entries('lobe3.messages');
SELECT count(*), count(*) FILTER (WHERE request_id NOT LIKE '%#%') AS calls FROM llm.usage WHERE source = 'lobe3.messages';
SELECT count(*) FROM llm.intake_problem;

--
-- LobeChat with nested metadata, and with flat metadata: tables without the later columns
--
CREATE SCHEMA lobe2;
CREATE TABLE lobe2.messages (LIKE lobe3.messages INCLUDING DEFAULTS, PRIMARY KEY (id));
ALTER TABLE lobe2.messages DROP usage;
CREATE SCHEMA lobe1;
CREATE TABLE lobe1.messages (LIKE lobe2.messages INCLUDING DEFAULTS, PRIMARY KEY (id));
ALTER TABLE lobe1.messages DROP workspace_id, DROP agent_id, DROP reasoning;
SELECT tokenmeter.attach('lobe2.messages', 'lobechat'), tokenmeter.attach('lobe1.messages', 'lobechat');
INSERT INTO lobe2.messages (id, role, content, model, provider, user_id, topic_id, created_at) VALUES
  ('u', 'user', 'Hello', NULL, NULL, 'ada', 't', '2025-06-01 12:00+00'), ('a', 'assistant', '...', 'gpt-4o', 'openai', 'ada', 't', '2025-06-01 12:00+00');
UPDATE lobe2.messages SET metadata = '{"operationId": "op"}' WHERE id = 'a';
UPDATE lobe2.messages SET content = 'Hi.', metadata = '{"operationId": "op", "usage": {"totalInputTokens": 9, "totalOutputTokens": 2, "totalTokens": 11, "cost": 0.1}, "performance": {"latency": 500}, "totalTokens": 11, "tps": 9.5}' WHERE id = 'a';
SELECT * FROM pg_temp.entries('lobe2.messages');
INSERT INTO lobe1.messages (id, role, content, user_id, topic_id, created_at) VALUES ('u', 'user', 'Hello', 'ada', 't', '2025-06-01 12:00+00');
INSERT INTO lobe1.messages (id, role, content, model, provider, user_id, topic_id, created_at) VALUES ('a', 'assistant', '...', 'gpt-4o', 'openai', 'ada', 't', '2025-06-01 12:00+00');
UPDATE lobe1.messages SET content = 'Hi.', metadata = '{"totalInputTokens": 9, "totalOutputTokens": 2, "totalTokens": 11, "cost": 0.1, "tps": 9.5, "ttft": 100.5, "latency": 700}' WHERE id = 'a';
UPDATE lobe1.messages SET metadata = metadata || '{"collapsed": true, "tps": 10}' WHERE id = 'a';
SELECT * FROM pg_temp.entries('lobe1.messages');
SELECT source, latency_ms, ttft_ms FROM llm.usage WHERE source ~ '^lobe[12]' ORDER BY source;

--
-- LiteLLM: batches that skip duplicates
--
CREATE TABLE "LiteLLM_SpendLogs" (
  request_id text PRIMARY KEY, call_type text NOT NULL, api_key text NOT NULL DEFAULT '', spend double precision NOT NULL DEFAULT 0,
  total_tokens integer NOT NULL DEFAULT 0, prompt_tokens integer NOT NULL DEFAULT 0, completion_tokens integer NOT NULL DEFAULT 0,
  "startTime" timestamp(3) NOT NULL, "endTime" timestamp(3) NOT NULL, "completionStartTime" timestamp(3), model text NOT NULL DEFAULT '',
  custom_llm_provider text, "user" text, metadata jsonb DEFAULT '{}', cache_hit text DEFAULT '', request_tags jsonb DEFAULT '[]',
  team_id text, organization_id text, end_user text, messages jsonb DEFAULT '{}', response jsonb DEFAULT '{}', session_id text, status text);
SELECT tokenmeter.attach('"LiteLLM_SpendLogs"', 'litellm');
INSERT INTO "public"."LiteLLM_SpendLogs" (request_id, call_type, api_key, spend, total_tokens, prompt_tokens, completion_tokens, "startTime", "endTime", "completionStartTime", model, custom_llm_provider, "user", metadata, cache_hit, team_id, organization_id, end_user, session_id, status) VALUES
  ('chatcmpl-1', 'acompletion', 'hash', 0.0012, 150, 100, 50, '2025-06-01 12:00:00', '2025-06-01 12:00:01.5', '2025-06-01 12:00:00.4', 'gpt-4o', 'openai', 'ada',
   '{"usage_object": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150, "prompt_tokens_details": {"cached_tokens": 64}}}', 'False', 'red', 'acme', 'customer', 's', 'success'),
  ('chatcmpl-2', 'acompletion', 'hash', 0.0012, 150, 100, 50, '2025-06-01 12:00:00', '2025-06-01 12:00:01.5', NULL, 'gpt-4o', 'openai', 'ada', '{"additional_usage_values": {"completion_tokens_details": {"reasoning_tokens": 20}}}', '', 'red', 'acme', '', 's', 'success'),
  ('chatcmpl-1_cache_hit17', 'acompletion', 'hash', 0, 150, 100, 50, '2025-06-01 12:00:00', '2025-06-01 12:00:01.5', NULL, 'gpt-4o', 'openai', 'ada', '{}', 'True', 'red', 'acme', '', 's', 'success'),
  ('failed', 'acompletion', 'hash', 0, 0, 0, 0, '2025-06-01 12:00:00', '2025-06-01 12:00:01.5', NULL, '', NULL, '', '{"status": "failure"}', '', NULL, NULL, '', NULL, 'failure')
ON CONFLICT DO NOTHING;
INSERT INTO "public"."LiteLLM_SpendLogs" (request_id, call_type, prompt_tokens, completion_tokens, "startTime", "endTime", model, custom_llm_provider) VALUES
  ('chatcmpl-1', 'acompletion', 7, 7, '2025-06-01 12:00:00', '2025-06-01 12:00:01', 'gpt-4o', 'openai'), ('chatcmpl-3', 'aembedding', 8, 0, '2025-06-01 12:00:00', '2025-06-01 12:00:01', 'text-embedding-3-small', 'openai')
ON CONFLICT DO NOTHING;
SELECT * FROM pg_temp.entries('public.LiteLLM_SpendLogs');
SELECT DISTINCT tenant_id, team_id, api_key_id, provider, status, latency_ms, ttft_ms, tags FROM llm.usage WHERE request_id = 'chatcmpl-1';

--
-- one-api and new-api: consumption only, each row once
--
CREATE SCHEMA one;
CREATE TABLE one.logs (id bigserial PRIMARY KEY, user_id bigint, created_at bigint, type bigint, content text, username text DEFAULT '', token_name text DEFAULT '',
  model_name text DEFAULT '', quota bigint DEFAULT 0, prompt_tokens bigint DEFAULT 0, completion_tokens bigint DEFAULT 0, channel_id bigint,
  request_id text DEFAULT '', elapsed_time bigint DEFAULT 0, is_stream boolean DEFAULT false, system_prompt_reset boolean DEFAULT false);
CREATE SCHEMA new;
CREATE TABLE new.logs (id bigserial PRIMARY KEY, user_id bigint, created_at bigint, type bigint, content text, username text, token_name text, model_name text,
  quota bigint, prompt_tokens bigint, completion_tokens bigint, use_time bigint, is_stream boolean, channel_id bigint, token_id bigint DEFAULT 0,
  "group" text, ip text DEFAULT '', other text);
SELECT tokenmeter.attach('one.logs', 'one_api'), tokenmeter.attach('new.logs', 'new_api');
INSERT INTO one.logs (user_id, created_at, type, content, username, token_name, model_name, quota, prompt_tokens, completion_tokens, channel_id, elapsed_time) VALUES (7, 1748779200, 2, 'ratio', 'ada', 'key', 'gpt-4o', 750, 100, 50, 3, 1200) RETURNING id;
INSERT INTO one.logs (user_id, created_at, type, content, quota) VALUES (7, 1748779200, 1, 'topped up', 500000);
SELECT * FROM pg_temp.entries('one.logs');
INSERT INTO new.logs (user_id, created_at, type, token_name, model_name, quota, prompt_tokens, completion_tokens, use_time, channel_id, token_id, "group", other) VALUES
  (7, 1748779200, 2, 'key', 'gpt-4o', 750, 100, 50, 2, 3, 5, 'default', '{"model_ratio": 1.25, "cache_tokens": 64, "cache_ratio": 0.5, "admin_info": {"use_channel": ["3"]}}'),
  (7, 1748779201, 2, 'key', 'claude-3-5-sonnet-20241022', 750, 100, 50, 2, 3, 5, 'default', '{"claude": true, "usage_semantic": "anthropic", "cache_tokens": 400, "cache_creation_tokens": 30}'),
  (7, 1748779202, 2, 'key', 'gpt-4o', 100, 0, 0, 0, 3, 5, 'default', ''), (7, 1748779203, 6, '', '', 750, 0, 0, 0, 3, 5, 'default', '{}'),
  (7, 1748779204, 2, 'key', 'gpt-4o', 10, 1, 1, 0, 3, 0, NULL, '');
SELECT * FROM pg_temp.entries('new.logs');
SELECT request_id, api_key_id, latency_ms, tags, cache_write_tokens FROM llm.usage WHERE source = 'new.logs' ORDER BY 1;

--
-- Open WebUI: json columns, placeholders, usage that adds up, whole chats saved again, imports
--
CREATE TABLE chat_message (id text PRIMARY KEY, chat_id text NOT NULL, user_id text, role text NOT NULL, parent_id text, content json, output json, model_id text,
  files json, sources json, meta json, done boolean DEFAULT true, status_history json, error json, usage json, created_at bigint, updated_at bigint);
SELECT tokenmeter.attach('chat_message', 'open_webui');
INSERT INTO chat_message (id, chat_id, user_id, role, content, done, created_at) VALUES ('c-u', 'c', 'ada', 'user', '"Hello"', true, 1748779200);
INSERT INTO chat_message (id, chat_id, user_id, role, content, model_id, done, created_at) VALUES ('c-a', 'c', 'ada', 'assistant', '""', 'gpt-4o', false, 1748779201);
UPDATE chat_message SET content = '"Hi"', updated_at = 1748779202 WHERE id = 'c-a';
SELECT * FROM pg_temp.entries('public.chat_message');
UPDATE chat_message SET content = '"Hi there."', done = true, usage = '{"prompt_tokens": 20, "completion_tokens": 4, "total_tokens": 24, "input_tokens": 20, "output_tokens": 4}' WHERE id = 'c-a';
SELECT * FROM pg_temp.entries('public.chat_message');
UPDATE chat_message SET content = '"Hi there."', done = true, usage = '{"prompt_tokens": 20, "completion_tokens": 4, "total_tokens": 24, "input_tokens": 20, "output_tokens": 4}';
UPDATE chat_message SET usage = '{"prompt_tokens": 45, "completion_tokens": 6, "total_tokens": 75, "input_tokens": 65, "output_tokens": 10}' WHERE id = 'c-a';
UPDATE chat_message SET usage = '{"input_tokens": 65, "total_tokens": 75, "output_tokens": 10}' WHERE id = 'c-a';
INSERT INTO chat_message SELECT 'copy-' || id, 'copy', user_id, role, parent_id, content, output, model_id, files, sources, meta, done, status_history, error, usage, created_at, updated_at FROM chat_message;
UPDATE chat_message SET updated_at = 1748779300;
INSERT INTO chat_message (id, chat_id, user_id, role, content, model_id, done, created_at) VALUES ('c-b', 'c', 'ada', 'assistant', '""', 'llama3.2:latest', false, 1748779201123);
UPDATE chat_message SET content = '"Hi."', done = true, usage = '{"prompt_eval_count": 12, "eval_count": 3, "input_tokens": 12, "output_tokens": 3, "total_tokens": 15}' WHERE id = 'c-b';
SELECT * FROM pg_temp.entries('public.chat_message');

--
-- Dify: a row for question and answer, its prompt and its numbers by update
--
CREATE SCHEMA dify;
CREATE TABLE dify.apps (id uuid PRIMARY KEY, tenant_id uuid);
CREATE TABLE dify.messages (id uuid PRIMARY KEY, app_id uuid NOT NULL, model_provider varchar(255), model_id varchar(255), conversation_id uuid NOT NULL, inputs json,
  query text NOT NULL, message json NOT NULL, message_tokens integer NOT NULL DEFAULT 0, message_unit_price numeric(10,4) NOT NULL, message_price_unit numeric(10,7) NOT NULL DEFAULT 0.001,
  answer text NOT NULL, answer_tokens integer NOT NULL DEFAULT 0, answer_unit_price numeric(10,4) NOT NULL, answer_price_unit numeric(10,7) NOT NULL DEFAULT 0.001,
  provider_response_latency double precision NOT NULL DEFAULT 0, total_price numeric(10,7), currency varchar(255) NOT NULL, status varchar(255) NOT NULL DEFAULT 'normal',
  error text, message_metadata text, invoke_from varchar(255), from_source varchar(255) NOT NULL, from_end_user_id uuid, from_account_id uuid,
  created_at timestamp DEFAULT CURRENT_TIMESTAMP(0), updated_at timestamp);
SELECT tokenmeter.attach('dify.messages', 'dify');
INSERT INTO dify.apps VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000ee');
INSERT INTO dify.messages (id, app_id, model_provider, model_id, conversation_id, inputs, query, message, message_unit_price, answer, answer_unit_price, currency, invoke_from, from_source, from_account_id, created_at)
VALUES ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000a', 'langgenius/openai/openai', 'gpt-4o', '00000000-0000-0000-0000-0000000000cc', '{}', 'Hello, world!', '[]', 0, '', 0, 'USD', 'web-app', 'api', '00000000-0000-0000-0000-0000000000aa', '2025-06-01 12:00:00');
UPDATE dify.messages SET message = '[{"role": "system", "text": "Be brief.", "files": []}, {"role": "user", "text": "Hello, world!", "files": []}]', message_tokens = 20, message_unit_price = 2.5, message_price_unit = 0.000001,
  answer = 'Hi.', answer_tokens = 2, answer_unit_price = 10, answer_price_unit = 0.000001, total_price = 0.00007, provider_response_latency = 0.8125, updated_at = '2025-06-01 12:00:02' WHERE id = '00000000-0000-0000-0000-000000000001';
UPDATE dify.messages SET updated_at = '2025-06-01 13:00:02', message_metadata = '{}';
SELECT * FROM pg_temp.entries('dify.messages');
SELECT tenant_id, project_id, provider, latency_ms, tags FROM llm.usage WHERE source = 'dify.messages';

--
-- Langfuse: upserts
--
CREATE SCHEMA langfuse;
CREATE TYPE langfuse."ObservationType" AS ENUM ('SPAN', 'EVENT', 'GENERATION');
CREATE TABLE langfuse.traces (id text PRIMARY KEY, user_id text, session_id text);
CREATE TABLE langfuse.observations (id text PRIMARY KEY, trace_id text, project_id text NOT NULL, type langfuse."ObservationType" NOT NULL, start_time timestamp(3) NOT NULL, end_time timestamp(3), name text, model text,
  "modelParameters" jsonb, input jsonb, output jsonb, prompt_tokens integer NOT NULL DEFAULT 0, completion_tokens integer NOT NULL DEFAULT 0, total_tokens integer NOT NULL DEFAULT 0, unit text);
SELECT tokenmeter.attach('langfuse.observations', 'langfuse');
INSERT INTO langfuse.traces VALUES ('t', 'ada', 's');
INSERT INTO langfuse.observations (id, trace_id, project_id, type, start_time, model, input) VALUES ('g1', 't', 'p', 'GENERATION', '2025-06-01 12:00', 'gpt-4o', '"Hello"'), ('sp', 't', 'p', 'SPAN', '2025-06-01 12:00', NULL, NULL);
INSERT INTO langfuse.observations (id, trace_id, project_id, type, start_time, end_time, model, output, prompt_tokens, completion_tokens) VALUES ('g1', 't', 'p', 'GENERATION', '2025-06-01 12:00', '2025-06-01 12:00:02', 'gpt-4o', '"Hi"', 10, 2)
ON CONFLICT (id) DO UPDATE SET output = excluded.output, end_time = excluded.end_time, prompt_tokens = excluded.prompt_tokens, completion_tokens = excluded.completion_tokens, unit = 'TOKENS';
UPDATE langfuse.observations SET completion_tokens = 3, total_tokens = 13 WHERE id = 'g1';
INSERT INTO langfuse.observations (id, trace_id, project_id, type, start_time, model, prompt_tokens, completion_tokens, unit) VALUES ('g2', 't', 'p', 'GENERATION', '2025-06-01 12:01', 'gpt-4o', 10, 2, 'TOKENS'), ('g3', 't', 'p', 'GENERATION', '2025-06-01 12:01', 'tts-1', 10, 2, 'CHARACTERS');
SELECT * FROM pg_temp.entries('langfuse.observations');
SELECT request_id, project_id, latency_ms FROM llm.usage WHERE source = 'langfuse.observations' ORDER BY 1;

--
-- LangChain: flat and nested, with and without usage
--
CREATE TABLE langchain_chat_histories (id serial PRIMARY KEY, session_id varchar(255) NOT NULL, message jsonb NOT NULL);
CREATE TABLE message_store (id serial PRIMARY KEY, session_id text NOT NULL, message jsonb NOT NULL);
CREATE TABLE n8n_chat_histories (id serial PRIMARY KEY, session_id varchar(255) NOT NULL, message jsonb NOT NULL);
SELECT tokenmeter.attach('langchain_chat_histories', 'langchain'), tokenmeter.attach('message_store', 'langchain'),
  tokenmeter.attach('n8n_chat_histories', 'langchain', '{"model": "''gpt-4o''"}');
INSERT INTO langchain_chat_histories (session_id, message) VALUES ('s', '{"type": "human", "content": "Hello"}');
INSERT INTO langchain_chat_histories (session_id, message) VALUES ('s', '{"type": "ai", "content": "Hi.", "tool_calls": [], "usage_metadata": {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13, "input_token_details": {"cache_read": 2}}, "response_metadata": {"model_name": "gpt-4o"}}');
INSERT INTO message_store (session_id, message) VALUES ('s', '{"type": "human", "data": {"content": "Hello"}}'), ('s', '{"type": "ai", "data": {"content": [{"type": "text", "text": "Hi."}], "usage_metadata": {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}, "response_metadata": {"model_name": "gpt-4o"}}}');
INSERT INTO n8n_chat_histories (session_id, message) VALUES ('s', '{"type": "human", "content": "Hello, world!"}');
INSERT INTO n8n_chat_histories (session_id, message) VALUES ('s', '{"type": "ai", "content": "Hello! How can I help?", "tool_calls": [], "response_metadata": {}}');
SELECT request_id, session, model, input, cached, output, counted, method FROM pg_temp.entries('public.langchain_chat_histories');
SELECT request_id, session, model, input, cached, output, counted, method FROM pg_temp.entries('public.message_store');
SELECT request_id, session, model, input, cached, output, counted, method FROM pg_temp.entries('public.n8n_chat_histories');

--
-- Vercel's chatbot and Chatbot UI: texts only, row-level security
--
CREATE TABLE "Chat" (id uuid PRIMARY KEY, "userId" uuid NOT NULL);
CREATE TABLE "Message_v2" (id uuid PRIMARY KEY, "chatId" uuid NOT NULL, role varchar NOT NULL, parts json NOT NULL, attachments json NOT NULL, "createdAt" timestamp NOT NULL);
SELECT tokenmeter.attach('"Message_v2"', 'vercel_chatbot');
SELECT tokenmeter.attach('"Message_v2"', 'vercel_chatbot', '{"model": "''gpt-4o''"}');
INSERT INTO "Chat" VALUES ('00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-00000000000a');
INSERT INTO "Message_v2" VALUES ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000c', 'user', '[{"type": "text", "text": "Hello, world!"}]', '[]', '2025-06-01 12:00');
INSERT INTO "Message_v2" VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000c', 'assistant', '[{"type": "step-start"}, {"type": "reasoning", "text": "Greet."}, {"type": "text", "text": "Hello! How can I help?"}]', '[]', '2025-06-01 12:00:02');
SELECT * FROM pg_temp.entries('public.Message_v2');
CREATE SCHEMA ui;
CREATE TABLE ui.messages (id uuid PRIMARY KEY, chat_id uuid NOT NULL, user_id uuid NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz, content text NOT NULL, image_paths text[] NOT NULL, model text NOT NULL, role text NOT NULL, sequence_number integer NOT NULL);
ALTER TABLE ui.messages ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON ui.messages USING (user_id::text = current_setting('tokenmeter_test.id', true));
CREATE ROLE tokenmeter_test_app;
GRANT USAGE ON SCHEMA ui TO tokenmeter_test_app;
GRANT SELECT, INSERT ON ui.messages TO tokenmeter_test_app;
SELECT tokenmeter.attach('ui.messages', 'chatbot_ui');
SET ROLE tokenmeter_test_app;
SET tokenmeter_test.id = '00000000-0000-0000-0000-00000000000a';
INSERT INTO ui.messages VALUES
  ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-00000000000a', '2025-06-01 12:00+00', NULL, 'Hello, world!', '{}', 'gpt-4o', 'user', 0),
  ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-00000000000a', '2025-06-01 12:00+00', NULL, 'Hello! How can I help?', '{}', 'gpt-4o', 'assistant', 1);
SELECT tokenmeter.detach('ui.messages');
RESET ROLE;
SELECT * FROM pg_temp.entries('ui.messages');
SELECT count(*) FROM llm.intake_problem;

--
-- Mappings of one's own
--
CREATE SCHEMA "My App";
CREATE TABLE "My App"."Calls" ("Id" bigint, "select" text, first text, "when" bigint, seconds integer, utc timestamp, day date, words text, n integer, raw text, js json)
  PARTITION BY RANGE (n);
CREATE TABLE "My App"."Calls small" PARTITION OF "My App"."Calls" FOR VALUES FROM (MINVALUE) TO (1000);
CREATE TABLE "My App"."Calls large" PARTITION OF "My App"."Calls" FOR VALUES FROM (1000) TO (MAXVALUE);
\set VERBOSITY terse
SELECT tokenmeter.attach('"My App"."Calls"');
SELECT tokenmeter.attach('"My App"."Calls"', 'nobody');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '[]');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"model": "first", "output_tokens": "n", "tenant": "n"}');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"model": "first", "output_tokens": "nn"}');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"model": "first", "output_tokens": "n", "user_id": 7}');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"model": "first", "output_tokens": "n", "user_id": "n) FROM x; --"}');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"model": "first", "output_tokens": "n", "occurred_at": "words"}');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"model": "first", "output_tokens": "n", "filter": "n"}');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"model": "first", "output_tokens": "n", "event": "delete"}');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"model": "first", "output_tokens": "n", "event": "transition"}');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"model": "first"}');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"model": "first", "output_tokens": "n", "usage": ["missing", "raw::date"]}');
SELECT tokenmeter.attach('llm.usage', mapping => '{"model": "model", "output_tokens": "1"}');
SELECT tokenmeter.attach('tokenmeter.attached', mapping => '{"model": "source", "output_tokens": "1"}');
SELECT tokenmeter.detach('"My App"."Calls"');
CALL tokenmeter.backfill('"My App"."Calls"');
GRANT USAGE, CREATE ON SCHEMA llm TO tokenmeter_test_app;
GRANT EXECUTE ON FUNCTION tokenmeter.attach(regclass, text, jsonb) TO tokenmeter_test_app;
SET ROLE tokenmeter_test_app;
SELECT tokenmeter.attach('ui.messages', 'chatbot_ui');
CREATE TEMP TABLE own (id int, n int);
SELECT tokenmeter.attach('own', mapping => '{"model": "''x''", "output_tokens": "n"}');
RESET ROLE;
-- A superuser is warned of a table of somebody who is none.
CREATE TABLE theirs (n integer);
ALTER TABLE theirs OWNER TO tokenmeter_test_app;
SELECT tokenmeter.attach('theirs', mapping => '{"model": "''x''", "output_tokens": "n"}');
DROP TABLE theirs;
\set VERBOSITY default
SELECT relation, preset, event FROM tokenmeter.attached WHERE relation = '"My App"."Calls"'::regclass;
-- The alias row, quoted names, names of our own variables, times of every kind, json as text, a comment.
SELECT tokenmeter.attach('"My App"."Calls"', mapping => $${"request_id": "\"Id\"", "model": "row.first", "user_id": "\"select\" -- who", "filter": "n > 0",
  "occurred_at": "coalesce(tokenmeter.time_from_epoch(\"when\"), tokenmeter.time_from_epoch(seconds), utc AT TIME ZONE 'UTC', day)", "usage": ["missing", "raw"], "output_tokens": "n", "source": "'mine'", "tags": "js"}$$);
INSERT INTO "My App"."Calls" VALUES
  (1, 'ada', 'gpt-4o', 1748779200123, NULL, NULL, NULL, NULL, 1, '{"prompt_tokens": 5}', '{"seq": 1}'), (2, 'ada', 'gpt-4o', 1748779200123456, NULL, NULL, NULL, NULL, 2000, NULL, NULL),
  (3, 'ada', 'gpt-4o', NULL, 1748779200, NULL, NULL, NULL, 3, NULL, NULL), (4, 'ada', 'gpt-4o', NULL, NULL, '2025-06-01 12:00', NULL, NULL, 4, NULL, NULL), (5, 'bob', 'gpt-4o', NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL);
SELECT request_id, at, "user", model, input, output FROM pg_temp.entries('mine');
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"request_id": "\"Id\"", "model": "first", "occurred_at": "utc", "output_tokens": "n", "source": "''mine''"}');
COPY "My App"."Calls" ("Id", first, utc, n) FROM stdin;
6	gpt-4o	2025-06-01 12:00:00	6
7	gpt-4o	2025-06-01 12:00:01	7000
\.
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"request_id": "\"Id\"", "model": "first", "occurred_at": "day", "output_tokens": "n", "source": "''mine''"}');
INSERT INTO "My App"."Calls" ("Id", first, day, n) VALUES (8, 'gpt-4o', '2025-06-01', 8);
SELECT request_id, at, output FROM pg_temp.entries('mine');

-- A partitioned table whose rows move between partitions; many rows at once, of which some become calls.
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"request_id": "\"Id\"", "model": "first", "occurred_at": "utc", "output_tokens": "n", "source": "''moved''", "event": "cumulative"}');
INSERT INTO "My App"."Calls" ("Id", first, utc, n) SELECT i, 'gpt-4o', '2025-06-01', 0 FROM generate_series(101, 2600) i;
UPDATE "My App"."Calls" SET n = CASE WHEN "Id" % 3 = 0 THEN "Id" ELSE n END WHERE "Id" > 100;
SELECT count(*), sum(output_tokens), count(*) FILTER (WHERE output_tokens <> request_id::bigint) AS mixed_up, min(request_id::int), max(request_id::int) FROM llm.usage WHERE source = 'moved';
SELECT sum(n) FROM "My App"."Calls" WHERE "Id" > 100;
UPDATE "My App"."Calls" SET n = n + 1 WHERE "Id" IN (102, 103);
SELECT * FROM pg_temp.entries('moved') WHERE request_id ~ '^(102|103)' ORDER BY 1;
SELECT count(*) FROM llm.intake_problem;

-- An id that could be that of another row's further entry is listed.
INSERT INTO "My App"."Calls" ("Id", first, utc, n) VALUES (90, 'gpt-4o', '2025-06-01', 5);
SELECT tokenmeter.attach('"My App"."Calls"', mapping => '{"request_id": "coalesce(raw, \"Id\"::text)", "model": "first", "occurred_at": "utc", "output_tokens": "n", "source": "''moved''", "event": "cumulative"}');
INSERT INTO "My App"."Calls" ("Id", first, utc, n, raw) VALUES (91, 'gpt-4o', '2025-06-01', 7, '90#2'), (92, 'gpt-4o', '2025-06-01', 8, '90#tokenmeter-2');
UPDATE "My App"."Calls" SET n = 6 WHERE "Id" = 90;
SELECT request_id, output FROM pg_temp.entries('moved') WHERE request_id LIKE '90%';
SELECT request_id, sqlstate, problem FROM llm.intake_problem WHERE source = 'moved';
DELETE FROM llm.intake_problem;

-- A row that a trigger keeps from moving to another partition shifts none of the others.
CREATE TABLE partial (id integer, n integer, open boolean) PARTITION BY LIST (open);
CREATE TABLE partial_open PARTITION OF partial FOR VALUES IN (true);
CREATE TABLE partial_done PARTITION OF partial FOR VALUES IN (false);
CREATE FUNCTION pg_temp.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.id % 4 <> 0 THEN NEW END; END $$;
CREATE TRIGGER keep BEFORE INSERT ON partial_done FOR EACH ROW EXECUTE FUNCTION pg_temp.keep();
SELECT tokenmeter.attach('partial', mapping => '{"request_id": "id", "model": "''gpt-4o''", "output_tokens": "n", "occurred_at": "timestamptz ''2025-06-01 12:00+00''", "event": "transition", "on_insert": "ignore"}');
INSERT INTO partial SELECT i, i % 2, true FROM generate_series(1, 2500) i;
UPDATE partial SET open = id % 3 <> 0, n = CASE WHEN id % 5 = 0 THEN 1 ELSE n END;
SELECT count(*), count(*) FILTER (WHERE request_id::integer % 2 = 0 AND request_id::integer % 5 = 0) AS right FROM llm.usage WHERE source = 'public.partial';
SELECT count(*) FROM partial WHERE id % 2 = 0 AND n = 1;

-- A statement of 1,000 rows fires once, and is posted by one call of the function that posts.
CREATE TABLE thousand (id integer PRIMARY KEY, model text, tokens integer);
SELECT tokenmeter.attach('thousand', mapping => '{"request_id": "id", "model": "model", "output_tokens": "tokens", "occurred_at": "timestamptz ''2025-06-01 12:00+00''"}');
SET track_functions = 'all';
SELECT pg_stat_reset();
INSERT INTO thousand SELECT i, 'gpt-4o', 1 FROM generate_series(1, 1000) i;
SELECT pg_stat_force_next_flush();
SELECT regexp_replace(funcname, '\d+', 'N') AS function, calls FROM pg_stat_user_functions WHERE funcname ~ '^attached_\d|^post_(attached|calls)|^meter_rows' ORDER BY 1;
RESET track_functions;
SELECT count(*) FROM llm.usage WHERE source = 'public.thousand';
INSERT INTO thousand SELECT i, 'gpt-4o', CASE WHEN i IN (1017, 2003) THEN -1 ELSE 1 END FROM generate_series(1001, 3500) i;
SELECT count(*) FROM llm.usage WHERE source = 'public.thousand';
SELECT source, request_id, sqlstate, call FROM llm.intake_problem ORDER BY problem_id;

--
-- Tables change under the meter
--
ALTER TABLE thousand RENAME TO many;
ALTER TABLE many SET SCHEMA "My App";
INSERT INTO "My App".many VALUES (5001, 'gpt-4o', 1);
ALTER TABLE "My App".many RENAME tokens TO token_count;
INSERT INTO "My App".many VALUES (5002, 'gpt-4o', 1) RETURNING id;
ALTER TABLE "My App".many DROP model, ADD added text DEFAULT 'x';
INSERT INTO "My App".many VALUES (5003, 1) RETURNING id;
SELECT request_id, source FROM llm.usage WHERE request_id LIKE '500_';
SELECT request_id, sqlstate, problem FROM llm.intake_problem WHERE request_id LIKE '500_' ORDER BY 1;
SELECT relation, source FROM tokenmeter.attached WHERE relation = '"My App".many'::regclass;
ALTER TABLE "My App".many ADD model text DEFAULT 'gpt-4o';
SELECT tokenmeter.attach('"My App".many', mapping => '{"request_id": "id", "model": "model", "output_tokens": "token_count", "occurred_at": "timestamptz ''2025-06-01 12:00+00''"}');

-- What is there already: a look at it, and all of it once, beside the live trigger.
SELECT request_id, output_tokens, cost, problem FROM tokenmeter.attach_check('"My App".many') ORDER BY 1;
SELECT request_id, output_tokens, cost, left(problem, 5) AS problem FROM tokenmeter.attach_check('"My App".many', mapping => '{"request_id": "id", "model": "''unheard-of''", "output_tokens": "token_count", "source": "''check''", "filter": "id BETWEEN 1016 AND 1018"}', row_limit => 10000) ORDER BY 1;
SELECT count(*) FROM llm.usage WHERE source = 'check';
CALL tokenmeter.backfill('"My App".many');
SELECT backfill_rows, backfill_calls, backfill_done_at IS NOT NULL AS done FROM tokenmeter.attached WHERE relation = '"My App".many'::regclass;
SELECT count(*) FROM llm.usage WHERE source = 'public.thousand';
CALL tokenmeter.backfill('"My App".many');
SELECT backfill_rows, backfill_calls, backfill_done_at IS NOT NULL AS done FROM tokenmeter.attached WHERE relation = '"My App".many'::regclass;
SELECT count(*), count(DISTINCT request_id) FROM llm.usage WHERE source = 'public.thousand';
-- Stopped after 1,000 rows, it goes on there.
CREATE TABLE history (a text COLLATE "C", b integer, at timestamp, model text, n integer, PRIMARY KEY (b, a));
INSERT INTO history SELECT chr(65 + i % 26), i / 26, timestamp '2025-05-01' + i * interval '1 minute', 'gpt-4o', 1 FROM generate_series(0, 2599) i;
SELECT tokenmeter.attach('history', mapping => '{"request_id": "a || b", "model": "model", "output_tokens": "n", "occurred_at": "at", "event": "cumulative"}');
SELECT tokenmeter.start_backfill('history', '2025-05-01 01:00+00');
SELECT tokenmeter.backfill_batch('history');
SELECT backfill_position, backfill_rows, backfill_calls, backfill_done_at FROM tokenmeter.attached WHERE relation = 'history'::regclass;
UPDATE history SET n = n + 1 WHERE (a, b) IN (('B', 3), ('C', 99));
CALL tokenmeter.backfill('history', '2025-05-01 01:00+00');
SELECT backfill_rows, backfill_calls FROM tokenmeter.attached WHERE relation = 'history'::regclass;
SELECT count(*), sum(output_tokens) FROM llm.usage WHERE source = 'public.history';
CALL tokenmeter.backfill('history');
SELECT count(*), sum(output_tokens), (SELECT sum(n) FROM history) AS expected FROM llm.usage WHERE source = 'public.history';
-- LobeChat's history: placeholders and marked copies are no calls.
SELECT request_id, input_tokens, output_tokens, problem FROM tokenmeter.attach_check('lobe2.messages', 'lobechat', '{"source": "''again''"}');
-- Detached, nothing more is metered, and the entries stay; what a dropped table leaves goes with the next attach.
SELECT tokenmeter.detach('history');
UPDATE history SET n = 5;
SELECT count(*) FROM llm.usage WHERE source = 'public.history';
DROP TABLE message_store;
SELECT count(*) FROM tokenmeter.binding b WHERE NOT EXISTS (SELECT FROM tokenmeter.attached a WHERE a.binding_id = b.binding_id);
SELECT tokenmeter.attach('n8n_chat_histories', 'langchain');
SELECT count(*) FROM tokenmeter.binding b WHERE NOT EXISTS (SELECT FROM tokenmeter.attached a WHERE a.binding_id = b.binding_id);

--
-- Broken rows: for every preset, each column of a good row in turn is given what does not belong there. What the
-- table takes without the meter it must take with it, and the row be entered, listed, or be no call.
--
CREATE FUNCTION pg_temp.bad_values(type regtype) RETURNS SETOF jsonb LANGUAGE sql AS $$
  SELECT v FROM (VALUES
    ('text', '[null, "", "unheard-of", "{\"", "user", "CANARY\tCANARY", "0", "[]", "\u200b", "'' OR 1=1; --", "😀"]'::jsonb || to_jsonb(repeat('x', 1100))), ('boolean', '[null, false]'),
    ('integer', '[null, 0, -1, 2147483647]'), ('bigint', '[null, 0, -1, 9223372036854775807, 99999999999]'),
    ('double precision', '[0, -1, 1e300, "NaN", "Infinity"]'), ('numeric', '["NaN", -1]'), ('uuid', '[null]'),
    ('timestamp', '[null, "infinity", "-infinity", "0044-03-15 BC", "9999-12-31"]'),
    ('json', '[null, "CANARY", 7, [], {}, [null], {"type": "ai"}, {"content": {}}, {"usage": "CANARY"}, {"usage": {"totalInputTokens": -1}}, {"error": "CANARY"}, {"copied": 7},
      {"prompt_tokens": "CANARY", "completion_tokens": 1}, {"totalInputTokens": -5, "totalOutputTokens": 1}, {"input_tokens": 1e30, "output_tokens": 1}, {"input_tokens": 1.5, "output_tokens": 1},
      {"totalInputTokens": 5, "inputCachedTokens": 50, "totalOutputTokens": 1}, {"usage_metadata": {"input_tokens": -1, "output_tokens": 2}}, {"usage_object": {"prompt_tokens": -1}},
      {"usage_object": [], "additional_usage_values": []}, {"latency": "CANARY", "ttft": -1}, {"latency": 1e12}, {"performance": {"latency": "NaN"}}, [{"type": "text"}, {"type": "text", "text": 7}], [{"role": 7, "text": 7}]]')
  ) b (of, v_list), jsonb_array_elements(v_list) v
  WHERE b.of = CASE WHEN type IN ('json'::regtype, 'jsonb') THEN 'json' WHEN type IN ('text'::regtype, 'varchar') THEN 'text'
    WHEN type IN ('timestamp'::regtype, 'timestamptz') THEN 'timestamp' ELSE type::text END $$;
CREATE FUNCTION pg_temp.break_rows(relation regclass, key text, key_format text, base jsonb, final jsonb)
RETURNS TABLE (kinds bigint, failed bigint, entered bigint, listed bigint, no_call text) LANGUAGE plpgsql AS $$
DECLARE
  kind record;
  id text;
  write text;
  n integer := 0;
BEGIN
  CREATE TEMP TABLE IF NOT EXISTS broken (relation regclass, id text, kind text, failure text);
  EXECUTE format('CREATE TEMP TABLE plain (LIKE %s INCLUDING ALL)', relation);
  FOR kind IN
    WITH value AS (
      SELECT a.attnum, a.attname, v AS bad, format('%s = %s', a.attname, left(v::text, 40)) AS title FROM pg_attribute a, pg_temp.bad_values(a.atttypid::regtype) v
      WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT IN (key, 'client_id', 'parent_id'))
    SELECT * FROM value
    UNION ALL  -- within JSON objects
    SELECT a.attnum, a.attname, good.value || jsonb_build_object(k, v), format('%s.%s = %s', a.attname, k, left(v::text, 40)) FROM pg_attribute a,
      jsonb_each(coalesce(final, base)) good, jsonb_object_keys(CASE jsonb_typeof(good.value) WHEN 'object' THEN good.value ELSE '{}' END) k, pg_temp.bad_values('json') v
    WHERE a.attrelid = relation AND a.attname = good.key AND NOT a.attisdropped
    ORDER BY 1, 4
  LOOP
    n := n + 1;
    id := format(key_format, lpad(n::text, 4, '0'));
    FOREACH write IN ARRAY ARRAY['plain', relation::text] LOOP
      BEGIN
        IF final IS NULL THEN
          EXECUTE format('INSERT INTO %s SELECT * FROM jsonb_populate_record(NULL::%1$s, $1)', write) USING base || jsonb_build_object(key, id, kind.attname, kind.bad);
        ELSE
          EXECUTE format('INSERT INTO %s SELECT * FROM jsonb_populate_record(NULL::%1$s, $1)', write) USING base || jsonb_build_object(key, id);
          EXECUTE format('UPDATE %s t SET (%s) = (SELECT %2$s FROM jsonb_populate_record(t, $1)) WHERE %I::text = $2', write,
              (SELECT string_agg(quote_ident(a.attname), ', ') FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped), key)
            USING final || jsonb_build_object(kind.attname, kind.bad), id;
        END IF;
        CONTINUE WHEN write = 'plain';
        INSERT INTO broken VALUES (relation, id, kind.title);
      EXCEPTION WHEN OTHERS THEN
        EXIT WHEN write = 'plain';  -- the application could not write this either
        INSERT INTO broken VALUES (relation, id, kind.title, SQLSTATE || SQLERRM);
      END;
    END LOOP;
  END LOOP;
  DROP TABLE plain;
  RETURN QUERY
  -- What is done with infinite times depends on PostgreSQL's version: from 17 on they can be subtracted.
  SELECT count(*), count(b.failure), count(u.*), count(p.*) FILTER (WHERE b.kind !~ 'infinity'), string_agg(DISTINCT split_part(b.kind, ' ', 1), ', ') FILTER (WHERE u IS NULL AND p IS NULL)
  FROM broken b LEFT JOIN tokenmeter.attached a USING (relation)
  LEFT JOIN LATERAL (SELECT u.entry_id FROM llm.usage u WHERE u.source = a.source AND u.request_id = b.id LIMIT 1) u ON true
  LEFT JOIN LATERAL (SELECT p.problem_id FROM llm.intake_problem p WHERE p.source = a.source AND p.request_id = b.id LIMIT 1) p ON true
  WHERE b.relation = break_rows.relation;
END $$;
\pset format unaligned
SELECT tokenmeter.attach('lobe2.messages', 'lobechat'), tokenmeter.attach('lobe1.messages', 'lobechat');
SELECT 'lobechat' AS preset, * FROM pg_temp.break_rows('lobe3.messages', 'id', 'x%s', '{"role": "assistant", "content": "...", "model": "gpt-4o", "provider": "openai", "user_id": "ada", "created_at": "2025-07-01", "updated_at": "2025-07-01"}', '{"content": "CANARY answer", "usage": {"totalInputTokens": 5, "totalOutputTokens": 2, "totalTokens": 7}}')
UNION ALL SELECT 'lobechat, nested', * FROM pg_temp.break_rows('lobe2.messages', 'id', 'x%s', '{"role": "assistant", "content": "...", "model": "gpt-4o", "provider": "openai", "user_id": "ada", "created_at": "2025-07-01", "updated_at": "2025-07-01"}', '{"content": "CANARY answer", "metadata": {"usage": {"totalInputTokens": 5, "totalOutputTokens": 2, "totalTokens": 7}}}')
UNION ALL SELECT 'lobechat, flat', * FROM pg_temp.break_rows('lobe1.messages', 'id', 'x%s', '{"role": "assistant", "content": "...", "model": "gpt-4o", "provider": "openai", "user_id": "ada", "created_at": "2025-07-01", "updated_at": "2025-07-01"}', '{"content": "CANARY answer", "metadata": {"totalInputTokens": 5, "totalOutputTokens": 2, "totalTokens": 7}}')
UNION ALL SELECT 'litellm', * FROM pg_temp.break_rows('"LiteLLM_SpendLogs"', 'request_id', 'x%s', '{"call_type": "acompletion", "api_key": "", "spend": 1, "total_tokens": 7, "prompt_tokens": 5, "completion_tokens": 2, "startTime": "2025-07-01", "endTime": "2025-07-01 00:00:01", "model": "gpt-4o", "messages": {"CANARY": "CANARY"}}', NULL)
UNION ALL SELECT 'one_api', * FROM pg_temp.break_rows('one.logs', 'id', '90%s', '{"user_id": 7, "created_at": 1751328000, "type": 2, "content": "CANARY", "model_name": "gpt-4o", "quota": 9, "prompt_tokens": 5, "completion_tokens": 2}', NULL)
UNION ALL SELECT 'new_api', * FROM pg_temp.break_rows('new.logs', 'id', '90%s', '{"user_id": 7, "created_at": 1751328000, "type": 2, "content": "CANARY", "model_name": "gpt-4o", "quota": 9, "prompt_tokens": 5, "completion_tokens": 2, "use_time": 1, "other": "{}"}', NULL)
UNION ALL SELECT 'open_webui', * FROM pg_temp.break_rows('chat_message', 'id', 'x%s', '{"chat_id": "c", "user_id": "ada", "role": "assistant", "content": "", "model_id": "gpt-4o", "done": false, "created_at": 1751328000}', '{"content": "CANARY answer", "done": true, "usage": {"input_tokens": 5, "output_tokens": 2}}')
UNION ALL SELECT 'dify', * FROM pg_temp.break_rows('dify.messages', 'id', '00000000-0000-0000-0000-00000090%s', '{"app_id": "00000000-0000-0000-0000-00000000000a", "model_provider": "openai", "model_id": "gpt-4o", "conversation_id": "00000000-0000-0000-0000-0000000000cc", "query": "CANARY", "message": [], "message_tokens": 0, "answer_tokens": 0, "message_unit_price": 0, "message_price_unit": 0.001, "answer": "", "answer_unit_price": 0, "answer_price_unit": 0.001, "provider_response_latency": 0, "currency": "USD", "status": "normal", "from_source": "api", "created_at": "2025-07-01"}', '{"message": [{"role": "user", "text": "CANARY"}], "answer": "CANARY answer", "message_tokens": 5, "answer_tokens": 2}')
UNION ALL SELECT 'langfuse', * FROM pg_temp.break_rows('langfuse.observations', 'id', 'x%s', '{"trace_id": "t", "project_id": "p", "type": "GENERATION", "start_time": "2025-07-01", "model": "gpt-4o", "input": "CANARY", "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}', '{"prompt_tokens": 5, "completion_tokens": 2, "output": "CANARY"}')
UNION ALL SELECT 'langchain', * FROM pg_temp.break_rows('langchain_chat_histories', 'id', '90%s', '{"session_id": "s", "message": {"type": "ai", "content": "CANARY answer", "usage_metadata": {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}, "response_metadata": {"model_name": "gpt-4o"}}}', NULL)
UNION ALL SELECT 'vercel_chatbot', * FROM pg_temp.break_rows('"Message_v2"', 'id', '00000000-0000-0000-0000-00000090%s', '{"chatId": "00000000-0000-0000-0000-00000000000c", "role": "assistant", "parts": [{"type": "text", "text": "CANARY answer"}], "attachments": [], "createdAt": "2025-07-01"}', NULL)
UNION ALL SELECT 'chatbot_ui', * FROM pg_temp.break_rows('ui.messages', 'id', '00000000-0000-0000-0000-00000090%s', '{"chat_id": "00000000-0000-0000-0000-00000000000c", "user_id": "00000000-0000-0000-0000-00000000000a", "created_at": "2025-07-01", "content": "CANARY answer", "image_paths": [], "model": "gpt-4o", "role": "assistant", "sequence_number": 7}', NULL);
SELECT relation, kind, failure FROM broken WHERE failure IS NOT NULL;
SELECT sqlstate, count(*) FROM llm.intake_problem WHERE sqlstate NOT IN ('0A000', '22008') GROUP BY 1 ORDER BY 1;
SELECT DISTINCT sqlstate, problem FROM llm.intake_problem WHERE problem LIKE '%be read%' AND sqlstate NOT IN ('0A000', '22008') ORDER BY 1, 2;
SELECT count(*) AS problems_with_text FROM llm.intake_problem p WHERE p::text ~ 'CANARY (answer|CANARY)';
\pset format aligned

--
-- A broken ledger: the application's statements succeed, and what was not posted is listed, or logged
--
CREATE TABLE faulty (id serial PRIMARY KEY, model text DEFAULT 'gpt-4o', words text DEFAULT 'CANARY answer', at timestamptz DEFAULT '2025-06-01 12:00+00');
SELECT tokenmeter.attach('faulty', mapping => '{"request_id": "id", "model": "model", "output_text": "words", "occurred_at": "at"}');
SET client_min_messages = warning;
ALTER TABLE llm.request RENAME TO dropped;
INSERT INTO faulty DEFAULT VALUES RETURNING id;
ALTER TABLE llm.dropped RENAME TO request;
CREATE FUNCTION pg_temp.fill_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER fill_disk BEFORE INSERT ON llm.usage_2025_06 FOR EACH ROW EXECUTE FUNCTION pg_temp.fill_disk();
INSERT INTO faulty (words) VALUES (DEFAULT), (DEFAULT), (DEFAULT) RETURNING id;
DROP TRIGGER fill_disk ON llm.usage_2025_06;
ALTER FUNCTION tokenmeter.post_calls(tokenmeter.call[]) RENAME TO dropped;
INSERT INTO faulty DEFAULT VALUES RETURNING id;
ALTER FUNCTION tokenmeter.dropped(tokenmeter.call[]) RENAME TO post_calls;
-- Not even the problem can be written down.
ALTER TABLE llm.request RENAME TO dropped;
ALTER TABLE llm.intake_problem RENAME TO dropped_too;
\set VERBOSITY terse
INSERT INTO faulty DEFAULT VALUES RETURNING id;
\set VERBOSITY default
ALTER TABLE llm.dropped RENAME TO request;
ALTER TABLE llm.dropped_too RENAME TO intake_problem;
ALTER FUNCTION tokenmeter.cursor_query(text, regclass) RENAME TO dropped;
ALTER FUNCTION tokenmeter.post_attached(tokenmeter.call[], boolean) RENAME TO dropped;
INSERT INTO faulty DEFAULT VALUES RETURNING id;
-- If not even that can be, it is logged.
ALTER FUNCTION tokenmeter.list_lost_rows(text, text, bigint) RENAME TO dropped_too;
INSERT INTO faulty DEFAULT VALUES RETURNING id;
ALTER FUNCTION tokenmeter.dropped_too(text, text, bigint) RENAME TO list_lost_rows;
ALTER FUNCTION tokenmeter.dropped(tokenmeter.call[], boolean) RENAME TO post_attached;
ALTER FUNCTION tokenmeter.dropped(text, regclass) RENAME TO cursor_query;
-- Of many rows each set is read, also after one that cannot be, and without the binding's table.
CREATE TABLE sets (id integer, n integer, rows_before integer DEFAULT 1, rows_read integer DEFAULT 2);
SELECT tokenmeter.attach('sets', mapping => '{"request_id": "id", "model": "''gpt-4o''", "output_tokens": "n", "user_id": "rows_before + rows_read", "latency_ms": "1 / (id - 7)", "occurred_at": "timestamptz ''2025-06-01 12:00+00''"}');
ALTER TABLE tokenmeter.binding RENAME TO dropped;
INSERT INTO sets SELECT i, 1 FROM generate_series(1, 3000) i;
ALTER TABLE tokenmeter.dropped RENAME TO binding;
SELECT user_id, count(*) FROM llm.usage WHERE source = 'public.sets' GROUP BY 1;
ALTER FUNCTION tokenmeter.read_rows(tokenmeter.binding, anyarray, boolean) RENAME TO dropped;
INSERT INTO sets SELECT i, 1 FROM generate_series(4001, 6500) i;
ALTER FUNCTION tokenmeter.dropped(tokenmeter.binding, anyarray, boolean) RENAME TO read_rows;
SELECT count(*) FROM llm.usage WHERE source = 'public.sets';
SELECT request_id, sqlstate, problem FROM llm.intake_problem WHERE source = 'public.sets' ORDER BY problem_id;
-- The rights of the role that attached are taken away: all, and that on the ledger.
DO $$ BEGIN
  EXECUTE (SELECT format('ALTER FUNCTION %s OWNER TO tokenmeter_test_app', tokenmeter.attached_function(binding_id)) FROM tokenmeter.attached WHERE relation = 'faulty'::regclass);
END $$;
INSERT INTO faulty DEFAULT VALUES RETURNING id;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tokenmeter TO tokenmeter_test_app;
GRANT USAGE ON SCHEMA llm TO tokenmeter_test_app;
GRANT INSERT ON llm.intake_problem TO tokenmeter_test_app;
INSERT INTO faulty DEFAULT VALUES RETURNING id;
SELECT tokenmeter.attach('faulty', mapping => '{"request_id": "id", "model": "model", "output_text": "words", "occurred_at": "at"}');
-- A statement that is cancelled is cancelled.
CREATE FUNCTION pg_temp.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
CREATE TRIGGER dawdle BEFORE INSERT ON llm.request FOR EACH ROW EXECUTE FUNCTION pg_temp.dawdle();
SET statement_timeout = '100ms';
\set VERBOSITY terse
INSERT INTO faulty DEFAULT VALUES RETURNING id;
\set VERBOSITY default
RESET statement_timeout;
DROP TRIGGER dawdle ON llm.request;
SELECT request_id, sqlstate FROM llm.intake_problem WHERE source = 'public.faulty' ORDER BY problem_id;
SELECT count(*) FROM llm.usage WHERE source = 'public.faulty';
-- When it is mended, what was not posted is.
CALL tokenmeter.backfill('faulty');
SELECT (SELECT count(*) FROM llm.usage WHERE source = 'public.faulty') AS entries, (SELECT count(*) FROM faulty) AS rows;

-- Without the extension there are no triggers, and without the triggers no hindrance.
\set VERBOSITY terse
BEGIN;
DROP EXTENSION tokenmeter;
ROLLBACK;
BEGIN;
DROP EXTENSION tokenmeter CASCADE;
INSERT INTO faulty DEFAULT VALUES;
SELECT count(*) FROM llm.usage WHERE source = 'public.faulty';
ROLLBACK;
\set VERBOSITY default

SELECT tokenmeter.detach(relation) FROM tokenmeter.attached;
DROP SCHEMA llm, lobe1, lobe2, lobe3, one, new, dify, langfuse, ui, "My App" CASCADE;
DROP TABLE "LiteLLM_SpendLogs", chat_message, langchain_chat_histories, n8n_chat_histories, "Chat", "Message_v2", history, faulty, sets, partial;
DROP OWNED BY tokenmeter_test_app;
DROP ROLE tokenmeter_test_app;
SELECT count(*) FROM tokenmeter.binding;
