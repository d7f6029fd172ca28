-- Names of models as people write them, and what encoding they stand for.
SELECT name, token_encoding(name) FROM unnest(ARRAY[
  'gpt-4o', 'GPT-4o-Mini', 'gpt-4o-2024-08-06', 'openai/gpt-4.1-mini', 'azure/gpt-4o', 'azure/eu/gpt-4o',
  'openrouter/openai/gpt-4o:free', 'ft:gpt-4o-mini-2024-07-18:acme::9aBcDeF1', 'gpt-5.2-mini', 'gpt-5',
  'o1', 'o3-2025-04-16', 'o4-mini', 'chatgpt-4o-latest', 'gpt-4.5-preview', 'gpt-oss-120b', 'ollama/gpt-oss:20b',
  'gpt-4', 'gpt-4-turbo', 'gpt-4-0613', 'gpt-4-32k', 'gpt-3.5-turbo', 'gpt-35-turbo-16k',
  'ft:gpt-3.5-turbo:acme::x', 'text-embedding-3-small', 'text-embedding-ada-002', 'davinci-002',
  'text-davinci-003', 'code-davinci-002', 'text-davinci-edit-001', 'davinci', 'davinci:ft-acme-2023',
  'text-search-ada-doc-001', 'gpt-2']) WITH ORDINALITY AS n (name, i) ORDER BY i;

-- Encodings by their own names.
SELECT name, token_encoding(name) = name AS itself
FROM unnest(tokenmeter.encodings()) AS n (name) ORDER BY name;

-- Names that stand for nothing here.
SELECT name, token_encoding(name) FROM unnest(ARRAY[
  'claude-3-opus', 'gemini-1.5-pro', 'gpt-4.2', 'o12', 'my-org/gpt-4o', 'llama-3', '', repeat('x', 1000)]) AS n (name)
WHERE token_encoding(name) IS NOT NULL;
SELECT token_count('claude-3-opus', 'x');
SELECT token_count('llama-3', 'x');
SELECT token_count('', 'x');

-- A user's own models: at once, before shipped ones, and undone by a rollback.
SELECT token_count('my-deployment', 'hello world');
SELECT tokenmeter.add_model('My-Deployment', 'o200k_base');
SELECT token_encoding('my-deployment'), token_encoding('azure/my-deployment');
BEGIN;
SELECT tokenmeter.add_model('my-*', 'gpt2');
SELECT token_encoding('my-other'), token_encoding('my-deployment');
ROLLBACK;
SELECT token_encoding('my-other');
SELECT tokenmeter.add_model('gpt-4o*', 'gpt2');
SELECT token_encoding('gpt-4o'), token_count('gpt-4o', '日本語');
DELETE FROM tokenmeter.model WHERE NOT shipped;
SELECT token_encoding('gpt-4o'), token_count('gpt-4o', '日本語');

-- Whose models are.
SELECT name, tokenmeter.model_provider(name) FROM unnest(ARRAY['gpt-4o', 'azure/gpt-4o', 'Claude-3-opus', 'ft:gpt-4o:acme::x', 'unheard-of']) AS n (name);

-- Mistakes.
TRUNCATE tokenmeter.model;
SELECT tokenmeter.add_model('a*b', 'gpt2');
SELECT tokenmeter.add_model('a**', 'gpt2');
SELECT tokenmeter.add_model('x', 'o200k');
SELECT tokenmeter.add_model(NULL, 'o200k_base');
INSERT INTO tokenmeter.model (pattern, encoding) VALUES ('Upper', 'gpt2');
INSERT INTO tokenmeter.model (pattern, encoding) VALUES ('mid*dle', 'gpt2');
UPDATE tokenmeter.model SET encoding = 'gpt2' WHERE pattern = 'gpt-4o*';
DELETE FROM tokenmeter.model WHERE pattern = 'gpt-4o*';
INSERT INTO tokenmeter.model (pattern, encoding) VALUES ('lost', 'no_such_encoding');
SELECT token_encoding('lost');
SELECT token_count('lost', 'x');
DELETE FROM tokenmeter.model WHERE pattern = 'lost';

SELECT name, tokenmeter.provider_name(name) FROM unnest('{OpenAI,gemini,vertex_ai-language-models,acme,""}'::text[]) AS name;
