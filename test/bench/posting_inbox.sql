\set i random(1, 20000)
INSERT INTO llm.inbox (request_id, tenant_id, user_id, provider, model, input_text, output_text)
SELECT gen_random_uuid()::text, tenant_id, user_id, 'openai', 'gpt-4o', input_text, output_text FROM call WHERE i = :i;
