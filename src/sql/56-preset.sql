-- Presets: how well-known applications write their calls, as mappings for attach().
--
-- Of several expressions in a list the first that the table can answer is taken, and null stands for none: so
-- one preset serves an application's generations. @relation@ is the table, @schema@ its schema. Where a table
-- does not hold the whole prompt, a part of unknown type stands for the rest, so that its count is an estimate.

CREATE TABLE tokenmeter.preset (
  name text PRIMARY KEY,
  application text NOT NULL,
  mapping jsonb NOT NULL
);
GRANT SELECT ON tokenmeter.preset TO PUBLIC;
COMMENT ON TABLE tokenmeter.preset IS 'mappings for the tables of well-known applications';
COMMENT ON COLUMN tokenmeter.preset.application IS 'which application, and which of its tables';

INSERT INTO tokenmeter.preset (name, application, mapping) VALUES

-- An assistant's row is inserted with a placeholder and updated once, when the answer is complete; it has its
-- usage in a column, in metadata.usage or flat in metadata, by version. Rows inserted with usage are copies
-- (duplicated topics, imports), which newer versions mark. An answer that was stopped has no usage: it is
-- counted, with what came before it in its thread. One that failed is not: who edits it later has called no model.
('lobechat', 'LobeChat and LobeHub: messages', $${
  "event": "cumulative", "on_insert": "ignore", "placeholders": ["..."],
  "filter": ["role = 'assistant' AND coalesce(metadata ->> 'copied', '') <> 'true'", "role = 'assistant'"],
  "request_id": "id",
  "occurred_at": "created_at",
  "tenant_id": ["workspace_id", null],
  "user_id": "user_id",
  "session_id": ["coalesce(topic_id, session_id)", "topic_id", "session_id"],
  "provider": "provider",
  "model": "model",
  "usage": ["coalesce(nullif(nullif(usage, 'null'), '{}'), nullif(nullif(metadata -> 'usage', 'null'), '{}'), CASE WHEN jsonb_typeof(metadata) = 'object' THEN (SELECT jsonb_object_agg(m.key, m.value) FROM jsonb_each(metadata) m WHERE m.key LIKE '%Tokens') END)",
            "coalesce(nullif(nullif(metadata -> 'usage', 'null'), '{}'), CASE WHEN jsonb_typeof(metadata) = 'object' THEN (SELECT jsonb_object_agg(m.key, m.value) FROM jsonb_each(metadata) m WHERE m.key LIKE '%Tokens') END)"],
  "messages": ["CASE WHEN coalesce(usage, metadata -> 'usage', metadata -> 'totalOutputTokens', metadata -> 'totalTokens') IS NULL THEN (WITH RECURSIVE thread AS (SELECT m.id, m.parent_id, m.role, m.content, 1 AS depth FROM @relation@ m WHERE m.id = \"row\".parent_id UNION ALL SELECT m.id, m.parent_id, m.role, m.content, t.depth + 1 FROM thread t JOIN @relation@ m ON m.id = t.parent_id WHERE t.depth < 1000) SELECT '[{\"role\": \"system\", \"content\": [{\"type\": \"unknown\"}]}]'::jsonb || jsonb_agg(jsonb_build_object('role', role, 'content', coalesce(content, '')) ORDER BY depth DESC) FROM thread) END",
               "CASE WHEN coalesce(metadata -> 'usage', metadata -> 'totalOutputTokens', metadata -> 'totalTokens') IS NULL THEN (WITH RECURSIVE thread AS (SELECT m.id, m.parent_id, m.role, m.content, 1 AS depth FROM @relation@ m WHERE m.id = \"row\".parent_id UNION ALL SELECT m.id, m.parent_id, m.role, m.content, t.depth + 1 FROM thread t JOIN @relation@ m ON m.id = t.parent_id WHERE t.depth < 1000) SELECT '[{\"role\": \"system\", \"content\": [{\"type\": \"unknown\"}]}]'::jsonb || jsonb_agg(jsonb_build_object('role', role, 'content', coalesce(content, '')) ORDER BY depth DESC) FROM thread) END", null],
  "output_text": ["CASE WHEN coalesce(error, 'null') = 'null' THEN content || coalesce((SELECT string_agg(a #>> '{}', '') FROM jsonb_path_query(tools, '$[*].arguments') a), '') END", "content"],
  "reasoning_text": ["reasoning ->> 'content'", null],
  "status": ["CASE WHEN error IS NOT NULL AND error <> 'null' THEN 'error' END", null],
  "latency_ms": ["coalesce(metadata -> 'performance' ->> 'latency', metadata ->> 'latency')::numeric", null],
  "ttft_ms": ["coalesce(metadata -> 'performance' ->> 'ttft', metadata ->> 'ttft')::numeric", null],
  "tags": ["CASE WHEN agent_id IS NOT NULL THEN jsonb_build_object('agent_id', agent_id) END", null]
}$$),

-- One row for each request, inserted in batches; `spend` is LiteLLM's own computation. What its cache answered
-- was no call of a model.
('litellm', 'LiteLLM proxy: "LiteLLM_SpendLogs"', $${
  "event": "insert",
  "filter": "lower(coalesce(cache_hit, '')) <> 'true' AND (prompt_tokens <> 0 OR completion_tokens <> 0 OR spend <> 0)",
  "request_id": "request_id",
  "occurred_at": "\"startTime\"",
  "tenant_id": ["organization_id", null],
  "team_id": ["team_id", null],
  "user_id": "nullif(\"user\", '')",
  "session_id": ["session_id", null],
  "api_key_id": "nullif(api_key, '')",
  "provider": ["nullif(custom_llm_provider, '')", null],
  "model": "model",
  "usage": "CASE WHEN jsonb_typeof(metadata -> 'usage_object') = 'object' THEN metadata -> 'usage_object' ELSE jsonb_build_object('prompt_tokens', prompt_tokens, 'completion_tokens', completion_tokens) || CASE WHEN jsonb_typeof(metadata -> 'additional_usage_values') = 'object' THEN metadata -> 'additional_usage_values' ELSE '{}' END END",
  "status": ["status", null],
  "latency_ms": "extract(epoch FROM \"endTime\" - \"startTime\") * 1000",
  "ttft_ms": ["extract(epoch FROM \"completionStartTime\" - \"startTime\") * 1000", null],
  "tags": ["jsonb_strip_nulls(jsonb_build_object('end_user', nullif(end_user, ''), 'call_type', call_type, 'spend', spend))", null]
}$$),

-- One row for each request, inserted when it is finished. A quota of 500,000 is 1 USD of the proxy's own prices.
('one_api', 'one-api: logs', $${
  "event": "insert",
  "filter": "type = 2",
  "request_id": "id",
  "occurred_at": "created_at",
  "user_id": "user_id",
  "api_key_id": "nullif(token_name, '')",
  "model": "model_name",
  "input_tokens": "prompt_tokens",
  "output_tokens": "completion_tokens",
  "latency_ms": ["elapsed_time", null],
  "tags": "jsonb_build_object('channel_id', channel_id, 'quota', quota)"
}$$),

-- The same, with what is cached in a JSON text. Rows without tokens charge a difference of quota only.
('new_api', 'new-api: logs', $${
  "event": "insert",
  "filter": "type = 2 AND (prompt_tokens <> 0 OR completion_tokens <> 0)",
  "request_id": "id",
  "occurred_at": "created_at",
  "user_id": "user_id",
  "api_key_id": ["coalesce(nullif(token_id, 0)::text, nullif(token_name, ''))", "nullif(token_name, '')"],
  "model": "model_name",
  "usage": "coalesce((SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(nullif(other, '')::jsonb) o WHERE o.key ~ '^(cache_|claude$|usage_semantic$)' AND o.key !~ 'ratio|price'), '{}') || jsonb_build_object('prompt_tokens', prompt_tokens, 'completion_tokens', completion_tokens)",
  "latency_ms": "use_time * 1000",
  "tags": "jsonb_build_object('channel_id', channel_id, 'group', \"group\", 'quota', quota)"
}$$),

-- A message's row is inserted as a placeholder, updated when it is done, and saved again with all of its chat. Its
-- usage adds up where the message took several calls. Rows inserted with usage are copies. Columns are json.
('open_webui', 'Open WebUI since 2026: chat_message', $${
  "event": "cumulative", "on_insert": "ignore",
  "filter": "role = 'assistant' AND done IS NOT FALSE",
  "request_id": "id",
  "occurred_at": "created_at",
  "user_id": "user_id",
  "session_id": "chat_id",
  "model": "model_id",
  "usage": "usage",
  "output_text": "tokenmeter.content_text(content::jsonb)",
  "status": "CASE WHEN error IS NOT NULL AND error::text <> 'null' THEN 'error' END"
}$$),

-- A row holds question and answer; it is inserted without numbers and updated once. The prompt is in it. The rows
-- of workflows name no model: theirs are in other tables.
('dify', 'Dify: messages', $${
  "event": "transition", "on_insert": "ignore",
  "filter": "model_id IS NOT NULL",
  "request_id": "id",
  "occurred_at": "created_at",
  "tenant_id": ["(SELECT a.tenant_id FROM @schema@.apps a WHERE a.id = \"row\".app_id)", null],
  "project_id": "app_id",
  "user_id": "coalesce(from_account_id, from_end_user_id)",
  "session_id": "conversation_id",
  "provider": "regexp_replace(model_provider, '^.*/', '')",
  "model": "model_id",
  "messages": "(SELECT jsonb_agg(jsonb_build_object('role', m ->> 'role', 'content', m ->> 'text')) FROM jsonb_path_query(message::jsonb, '$[*] ? (exists(@.role) && @.text.type() == \"string\")') m)",
  "input_tokens": "message_tokens",
  "output_tokens": "answer_tokens",
  "output_text": "answer",
  "status": "status",
  "latency_ms": "provider_response_latency * 1000",
  "tags": "jsonb_build_object('invoke_from', invoke_from, 'total_price', total_price, 'currency', currency)"
}$$),

-- A generation is upserted several times; its last numbers hold. Langfuse counts texts itself.
('langfuse', 'Langfuse 2: observations', $${
  "event": "cumulative", "on_insert": "bill",
  "filter": "type::text = 'GENERATION' AND coalesce(unit, 'TOKENS') = 'TOKENS'",
  "request_id": "id",
  "occurred_at": "start_time",
  "project_id": "project_id",
  "user_id": ["(SELECT t.user_id FROM @schema@.traces t WHERE t.id = \"row\".trace_id)", null],
  "session_id": ["(SELECT t.session_id FROM @schema@.traces t WHERE t.id = \"row\".trace_id)", null],
  "model": "model",
  "input_tokens": "prompt_tokens",
  "output_tokens": "completion_tokens",
  "latency_ms": "extract(epoch FROM end_time - start_time) * 1000",
  "tags": "jsonb_build_object('trace_id', trace_id)"
}$$),

-- One row for each message, flat (JS, n8n) or below `data` (Python). Without usage_metadata the answer is counted, and
-- as prompt what the session holds before it. The model is in response_metadata, if the application kept that.
('langchain', 'LangChain and n8n: langchain_chat_histories, n8n_chat_histories, message_store', $${
  "event": "insert",
  "filter": "message ->> 'type' = 'ai'",
  "request_id": "id",
  "occurred_at": ["created_at", null],
  "session_id": "session_id",
  "model": "coalesce(message #>> '{response_metadata,model_name}', message #>> '{response_metadata,model}', message #>> '{data,response_metadata,model_name}', message #>> '{data,response_metadata,model}')",
  "usage": "coalesce(nullif(message -> 'usage_metadata', 'null'), nullif(message #> '{data,usage_metadata}', 'null'))",
  "messages": "CASE WHEN coalesce(nullif(message -> 'usage_metadata', 'null'), nullif(message #> '{data,usage_metadata}', 'null')) IS NULL THEN (SELECT '[{\"role\": \"system\", \"content\": [{\"type\": \"unknown\"}]}]'::jsonb || jsonb_agg(jsonb_build_object('role', CASE p.message ->> 'type' WHEN 'ai' THEN 'assistant' WHEN 'system' THEN 'system' ELSE 'user' END, 'content', coalesce(tokenmeter.content_text(coalesce(p.message -> 'content', p.message #> '{data,content}')), '')) ORDER BY p.id) FROM @relation@ p WHERE p.session_id = \"row\".session_id AND p.id < \"row\".id) END",
  "output_text": "tokenmeter.content_text(coalesce(message -> 'content', message #> '{data,content}'))"
}$$),

-- Messages are inserted complete, without model and usage: the model is to be given. Counted; as prompt, what the
-- chat holds before.
('vercel_chatbot', 'Vercel''s AI chatbot: "Message_v2"', $${
  "event": "insert",
  "filter": "role = 'assistant'",
  "request_id": "id",
  "occurred_at": "\"createdAt\"",
  "user_id": ["(SELECT c.\"userId\" FROM @schema@.\"Chat\" c WHERE c.id = \"row\".\"chatId\")", null],
  "session_id": "\"chatId\"",
  "messages": "(SELECT '[{\"role\": \"system\", \"content\": [{\"type\": \"unknown\"}]}]'::jsonb || jsonb_agg(jsonb_build_object('role', CASE p.role WHEN 'assistant' THEN 'assistant' ELSE 'user' END, 'content', coalesce((SELECT string_agg(t #>> '{}', '') FROM jsonb_path_query(p.parts::jsonb, '$[*] ? (@.type == \"text\").text') t), '')) ORDER BY p.\"createdAt\", p.role DESC) FROM @relation@ p WHERE p.\"chatId\" = \"row\".\"chatId\" AND p.\"createdAt\" <= \"row\".\"createdAt\" AND (p.\"createdAt\" < \"row\".\"createdAt\" OR p.role = 'user') AND p.id <> \"row\".id)",
  "output_text": "(SELECT string_agg(t #>> '{}', '') FROM jsonb_path_query(parts::jsonb, '$[*] ? (@.type == \"text\").text') t)",
  "reasoning_text": "(SELECT string_agg(t #>> '{}', '') FROM jsonb_path_query(parts::jsonb, '$[*] ? (@.type == \"reasoning\").text') t)"
}$$),

-- Question and answer are inserted together after the answer has come. Counted; as prompt, what the chat holds before.
('chatbot_ui', 'Chatbot UI: messages', $${
  "event": "insert",
  "filter": "role = 'assistant'",
  "request_id": "id",
  "occurred_at": "created_at",
  "user_id": "user_id",
  "session_id": "chat_id",
  "model": "model",
  "messages": "(SELECT '[{\"role\": \"system\", \"content\": [{\"type\": \"unknown\"}]}]'::jsonb || jsonb_agg(jsonb_build_object('role', p.role, 'content', p.content) ORDER BY p.sequence_number) FROM @relation@ p WHERE p.chat_id = \"row\".chat_id AND p.sequence_number < \"row\".sequence_number)",
  "output_text": "content"
}$$);
