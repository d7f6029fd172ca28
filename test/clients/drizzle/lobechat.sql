-- Chats in LobeChat's names, as far as its messages need them.
CREATE TABLE users (id text PRIMARY KEY);
CREATE TABLE topics (
  id text PRIMARY KEY,
  user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
  total_tokens integer
);
CREATE TABLE messages (
  id text PRIMARY KEY,
  role varchar(255) NOT NULL,
  content text,
  model text,
  provider text,
  error jsonb,
  tools jsonb,
  reasoning jsonb,
  metadata jsonb,
  usage jsonb,
  user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
  session_id text,
  topic_id text REFERENCES topics ON DELETE CASCADE,
  parent_id text REFERENCES messages ON DELETE SET NULL,
  workspace_id text,
  client_id text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (client_id, user_id)
);
INSERT INTO users VALUES ('ada');
SELECT tokenmeter.attach('messages', preset => 'lobechat');
