// LangChain's chat history in PostgreSQL: a row for each message. Those of the model are calls.
import { PostgresChatMessageHistory } from '@langchain/community/stores/message/postgres';
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import pg from 'pg';
import { show } from '../show.mjs';

const pool = new pg.Pool();
const history = new PostgresChatMessageHistory({ sessionId: 'session-1', pool });
const answer = (content, usage_metadata) => new AIMessage({ content, usage_metadata, response_metadata: { model_name: 'gpt-4o' } });

await history.addMessage(new SystemMessage('You are kind.'));
await history.addMessage(new HumanMessage('Hello, world!'));
await history.addMessage(answer('Hi.', { input_tokens: 9, output_tokens: 4, total_tokens: 13, input_token_details: { cache_read: 2 } }));
await history.addMessages([new HumanMessage('And you?'), answer('Fine.', { input_tokens: 20, output_tokens: 3, total_tokens: 23 })]);
await history.addMessage(new ToolMessage({ content: '42', tool_call_id: 'call1' }));
// Without usage, the answer is counted.
await history.addAIMessage('Never mind.');
await history.addMessage(answer('Hello, world!'));
const other = new PostgresChatMessageHistory({ sessionId: 'session-2', pool });
await other.addMessage(answer('Hi.', { input_tokens: 5, output_tokens: 2, total_tokens: 7 }));
await show('messages', history.getMessages().then((messages) => messages.map((message) => `${message.getType()}: ${message.content}`)));
await history.clear();
await show('after clearing', history.getMessages());
await pool.end();
