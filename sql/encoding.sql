-- Encodings that are loaded. Small ones here; test/t/009_encoding.pl loads a real one.
\set SHOW_CONTEXT never
\set words '{"model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 10, "vocab": {"[UNK]": 0, "to": 1, "##ken": 2, "##s": 3, "meter": 4, "token": 5}}, "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"}, "added_tokens": [{"id": 9, "content": "<x>", "special": false, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}, {"id": 10, "content": "<s>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}]}'
\set pieces '{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["▁", -2], ["▁a", -2.5], ["b", -3], ["ab", -3.5], ["▁aba", -4]]}, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}}'
SELECT tokenmeter.load_encoding('words', convert_to(:'words', 'UTF8'));
SELECT tokenmeter.load_encoding('pieces', convert_to(:'pieces', 'UTF8'), 'huggingface');
SELECT name, format, hash = sha256('') AS empty_hash, loaded_at <= now() AS past FROM tokenmeter.encoding ORDER BY name;
SELECT 'words' = ANY (tokenmeter.encodings()) AS words, 'o200k_base' = ANY (tokenmeter.encodings()) AS built_in;

-- All text functions take them.
SELECT token_encode('words', 'Tokens TO meter'), token_encode('words', 'tokenmeter <x><s>'), token_encode('words', 'metermetermeter');
SELECT token_count('words', 'Tokens TO meter'), token_encoding('words');
SELECT token_decode('words', '{5,3,1,4,9,10}'), token_decode_bytes('words', '{5,3}');
SELECT * FROM token_pieces('pieces', 'aba ab');
SELECT token_decode('pieces', token_encode('pieces', 'aba ab')), token_count('pieces', 'xyz abb');
SELECT token_truncate('words', 'token to meter', 2), token_estimate('words', 'token to');
SELECT * FROM token_chunks('words', 'token to meter', 2);

-- Models have them.
SELECT tokenmeter.add_model('my-llama*', 'words');
SELECT token_encoding('my-llama-3'), token_count('ollama/my-llama-3:8b', 'token to');
SELECT tokenmeter.drop_encoding('words');
DELETE FROM tokenmeter.model WHERE pattern = 'my-llama*';

-- An encoding does not change: the same definition again is no error, another one is.
SELECT tokenmeter.load_encoding('words', convert_to(:'words', 'UTF8'));
SELECT tokenmeter.load_encoding('words', convert_to(:'pieces', 'UTF8'));
SELECT tokenmeter.load_encoding('o200k_base', convert_to(:'words', 'UTF8'));

-- Dropped and loaded again, at once and undone.
BEGIN;
SELECT tokenmeter.drop_encoding('words');
SELECT token_count('words', 'token');
ROLLBACK;
SELECT token_count('words', 'token');
BEGIN;
SELECT tokenmeter.load_encoding('late', convert_to(:'words', 'UTF8'));
SELECT token_count('late', 'token');
ROLLBACK;
SELECT token_count('late', 'token');
SELECT tokenmeter.drop_encoding('pieces');
SELECT token_count('pieces', 'token');
SELECT tokenmeter.drop_encoding('pieces');
SELECT tokenmeter.drop_encoding('o200k_base');

-- Rank files come with their pattern and special tokens.
SELECT tokenmeter.load_encoding('ranks', string_agg(encode(set_byte('\x00', 0, b), 'base64') || ' ' || b, E'\n' ORDER BY b)::bytea)
FROM generate_series(0, 255) AS b;
SELECT tokenmeter.load_encoding('ranks', string_agg(encode(set_byte('\x00', 0, b), 'base64') || ' ' || b, E'\n' ORDER BY b)::bytea,
  pattern => '\p{L}+|\P{L}', special_tokens => '{"<|end|>": 300}')
FROM generate_series(0, 255) AS b;
SELECT token_encode('ranks', 'aé<'), token_decode('ranks', '{97,300}');
SELECT tokenmeter.load_encoding('other', convert_to(:'words', 'UTF8'), pattern => '.');

-- What cannot be used says where.
SELECT tokenmeter.load_encoding('bad', '');
SELECT tokenmeter.load_encoding('bad', '\x0001ff');
SELECT tokenmeter.load_encoding('bad', '{}', 'huggingface');
SELECT tokenmeter.load_encoding('bad', '{"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}', 'huggingface');
SELECT tokenmeter.load_encoding('bad', '{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]}}', 'huggingface');
SELECT tokenmeter.load_encoding('bad', convert_to(replace(:'words', 'Lowercase', 'Uppercase'), 'UTF8'));
SELECT tokenmeter.load_encoding('bad', 'GGUF', 'gguf');
SELECT tokenmeter.load_encoding('bad', 'x', 'onnx');
SELECT tokenmeter.load_encoding('', convert_to(:'words', 'UTF8'));
SELECT tokenmeter.load_encoding(NULL, NULL);
SELECT count(*) FROM tokenmeter.encoding WHERE name = 'bad';

-- A row that was tampered with is found out.
UPDATE tokenmeter.encoding SET definition = '{}' WHERE name = 'words';
SELECT tokenmeter.discard_encoding(hash) FROM tokenmeter.encoding WHERE name = 'words';
\c -
\set VERBOSITY terse
SELECT token_count('words', 'token');
SELECT tokenmeter.drop_encoding('words');
SELECT tokenmeter.drop_encoding('ranks');

-- Only who may change the configuration loads encodings.
CREATE ROLE regress_tokenmeter_user;
SET ROLE regress_tokenmeter_user;
SELECT tokenmeter.load_encoding('mine', '{}');
SELECT tokenmeter.drop_encoding('mine');
SELECT tokenmeter.prepare_encoding('{}', 'auto', NULL, NULL);
SELECT tokenmeter.discard_encoding('\x00');
SELECT name FROM tokenmeter.encoding;
SELECT definition FROM tokenmeter.encoding;
RESET ROLE;
DROP ROLE regress_tokenmeter_user;
