-- Usage objects of providers.
SELECT (meters).*, quantities, service_tier, region, provider_cost, currency
FROM tokenmeter.read_usage('{"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
  "prompt_tokens_details": {"cached_tokens": 1920}, "completion_tokens_details": {"reasoning_tokens": 120}}');
SELECT (meters).*, quantities, service_tier, region, provider_cost, currency
FROM tokenmeter.read_usage('{"type": "message", "usage": {"input_tokens": 10, "output_tokens": 5,
  "cache_read_input_tokens": 1000, "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
  "server_tool_use": {"web_search_requests": 2}, "service_tier": "batch", "inference_geo": "us"}}');
SELECT (meters).*, quantities, service_tier, region, provider_cost, currency
FROM tokenmeter.read_usage('{"promptTokenCount": 1000, "candidatesTokenCount": 50, "thoughtsTokenCount": 30,
  "totalTokenCount": 1080, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 342},
  {"modality": "TEXT", "tokenCount": 658}], "trafficType": "ON_DEMAND_FLEX"}');
SELECT (meters).*, quantities, service_tier, region, provider_cost, currency
FROM tokenmeter.read_usage('{"prompt_tokens": "194", "completion_tokens": 2.0, "total_tokens": 196, "cost": 0.12345678901234567890}');
SELECT (meters).*, quantities FROM tokenmeter.read_usage('{"type": "duration", "seconds": 9.5}');
SELECT (meters).*, quantities FROM tokenmeter.read_usage('{"prompt_tokens": 8, "total_tokens": 8, "next_year": {"a": [1e400]}}');
SELECT (meters).* FROM tokenmeter.read_usage('{"input_tokens": 0, "output_tokens": 0}');
SELECT (meters).* FROM tokenmeter.read_usage('{"inputTokens": 100, "cacheReadInputTokens": 500, "outputTokens": 20, "totalTokens": 620}');
SELECT (meters).* FROM tokenmeter.read_usage('{"totalInputTokens": 30174, "inputCachedTokens": 16204, "inputWriteCacheTokens": 13964,
  "totalOutputTokens": 265, "totalTokens": 30439}');
SELECT (meters).* FROM tokenmeter.read_usage('{"input_tokens": 350, "output_tokens": 240, "input_token_details": {"cache_read": 100}, "output_token_details": {"reasoning": 200}}');
SELECT (meters).* FROM tokenmeter.read_usage('{"prompt_eval_count": 26, "eval_count": 298}');
SELECT tokenmeter.read_usage(NULL) IS NULL;
SELECT tokenmeter.read_usage('[]');
SELECT tokenmeter.read_usage('"usage"');
SELECT tokenmeter.read_usage('{}');
SELECT tokenmeter.read_usage('{"answer": "a text"}');
SELECT tokenmeter.read_usage('{"total_tokens": 5}');
SELECT tokenmeter.read_usage('{"prompt_tokens": -1}');
SELECT tokenmeter.read_usage('{"prompt_tokens": 1e400}');
SELECT tokenmeter.read_usage('{"prompt_tokens": "eight"}');
SELECT tokenmeter.read_usage('{"prompt_tokens": 8, "cost": -0.5}');
SELECT tokenmeter.read_usage('{"prompt_tokens": 8, "service_tier": "a text of the user''s"}');
SELECT tokenmeter.read_usage('{"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}}');
SELECT tokenmeter.read_usage('{"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 3}');
\set VERBOSITY sqlstate
SELECT tokenmeter.read_usage('[]');
SELECT tokenmeter.read_usage('{}');
SELECT tokenmeter.read_usage('{"prompt_tokens": -1}');
SELECT tokenmeter.read_usage('{"prompt_tokens": 8, "cost": -0.5}');
SELECT tokenmeter.read_usage('{"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 3}');
