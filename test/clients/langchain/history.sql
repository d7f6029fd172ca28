-- The table that the library would make at its first use.
CREATE TABLE langchain_chat_histories (
  id serial PRIMARY KEY,
  session_id varchar(255) NOT NULL,
  message jsonb NOT NULL
);
SELECT tokenmeter.attach('langchain_chat_histories', preset => 'langchain');
