\set n random(1, 500)
INSERT INTO plain_chat (id, chat_id, role, model, content) SELECT gen_random_uuid()::text, 'c1', 'assistant', 'gpt-4o', content FROM message WHERE n = :n;
