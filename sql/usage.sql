-- Usage objects of providers.
SELECT * FROM tokenmeter.read_usage('{"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
  "prompt_tokens_details": {"cached_tokens": 1920}, "completion_tokens_details": {"reasoning_tokens": 120}}');
SELECT * FROM tokenmeter.read_usage('{"input_tokens": 36, "input_tokens_details": {"cached_tokens": 0},
  "output_tokens": 87, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 123}');
SELECT * FROM tokenmeter.read_usage('{"prompt_tokens": 8, "total_tokens": 8}');
SELECT * FROM tokenmeter.read_usage('{"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 20}');
SELECT * FROM tokenmeter.read_usage('{"input_tokens": 350, "output_tokens": 240, "input_token_details": {"cache_read": 100}, "output_token_details": {"reasoning": 200}}');
SELECT tokenmeter.read_usage('[]');
SELECT tokenmeter.read_usage('{}');
SELECT tokenmeter.read_usage('{"prompt_tokens": -1}');
SELECT tokenmeter.read_usage('{"prompt_tokens": 1e400}');
SELECT tokenmeter.read_usage('{"prompt_tokens": "8"}');
SELECT tokenmeter.read_usage('{"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}}');
