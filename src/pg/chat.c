/*
 * tokenmeter.count_messages: the prompt tokens of a list of chat messages.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "engine.h"
#include "model.h"

/* A count in the making. Without an encoding the messages are checked only. */
typedef struct ChatCount
{
	const TmEncoding *encoding;	/* or NULL */
	TmChatFormat format;
	int64		tokens;
	bool		exact;			/* nothing met so far whose tokens are not public knowledge */
} ChatCount;

static void
count_bytes(ChatCount *chat, const char *bytes, int length)
{
	if (chat->encoding != NULL)
		chat->tokens += (int64) count_tokens(chat->encoding, utf8_from_bytes(bytes, length));
}

static void
count_string(ChatCount *chat, const JsonbValue *value)
{
	count_bytes(chat, value->val.string.val, value->val.string.len);
}

/* The value of a key of an object; false if it has none. */
static bool
find_key(JsonbContainer *object, const char *key, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(object, key, (int) strlen(key), value) != NULL;
}

static bool
key_is(const JsonbValue *key, const char *name)
{
	return key->val.string.len == (int) strlen(name) &&
		memcmp(key->val.string.val, name, strlen(name)) == 0;
}

static bool
is_object(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data);
}

static bool
is_array(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) &&
		!JsonContainerIsScalar(value->val.binary.data);
}

static void
raise_bad_message(int position, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_SQL_JSON_OBJECT_NOT_FOUND),
			 errmsg("element %d of messages is no chat message", position),
			 errdetail("%s", problem),
			 errhint("A message is an object such as {\"role\": \"user\", \"content\": \"Hello\"}.")));
}

/* A list of parts: texts are counted, what else there is makes the count inexact. */
static void
count_parts(ChatCount *chat, JsonbContainer *parts, int position)
{
	uint32		part_count = JsonContainerSize(parts);

	for (uint32 i = 0; i < part_count; i++)
	{
		JsonbValue *part = getIthJsonbValueFromContainer(parts, i);
		JsonbValue	value;

		if (part->type == jbvString)
			count_string(chat, part);
		else if (!is_object(part))
			raise_bad_message(position, "A part of its content is neither a string nor an object.");
		else if (find_key(part->val.binary.data, "text", &value) && value.type == jbvString)
			count_string(chat, &value);
		else
			chat->exact = false;
		pfree(part);
	}
}

static void
count_content(ChatCount *chat, const JsonbValue *content, int position)
{
	if (content->type == jbvString)
		count_string(chat, content);
	else if (is_array(content))
		count_parts(chat, content->val.binary.data, position);
	else if (content->type != jbvNull)
		raise_bad_message(position, "Its content is neither a string, a list of parts nor null.");
}

/*
 * All but role, content and name: how it is written into the prompt is not published. Of calls of tools and
 * refusals the text is the larger part, so that much is counted; ids and the like are not.
 */
static void
count_other_keys(ChatCount *chat, JsonbContainer *message)
{
	JsonbIterator *iterator = JsonbIteratorInit(message);
	JsonbValue	key;
	JsonbValue	value;
	JsonbIteratorToken token;

	token = JsonbIteratorNext(&iterator, &key, true);
	Assert(token == WJB_BEGIN_OBJECT);
	while ((token = JsonbIteratorNext(&iterator, &key, true)) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (value.type == jbvNull ||
			(value.type == jbvBinary && JsonContainerSize(value.val.binary.data) == 0) ||
			key_is(&key, "role") || key_is(&key, "content") ||
			key_is(&key, "name"))
			continue;
		chat->exact = false;
		if (value.type == jbvString && key_is(&key, "refusal"))
			count_string(chat, &value);
		else if (value.type == jbvBinary &&
				 (key_is(&key, "tool_calls") || key_is(&key, "function_call")))
		{
			StringInfoData call;

			initStringInfo(&call);
			JsonbToCString(&call, value.val.binary.data, value.val.binary.len);
			count_bytes(chat, call.data, call.len);
			pfree(call.data);
		}
	}
}

static void
count_message(ChatCount *chat, JsonbContainer *message, int position)
{
	JsonbValue	value;

	chat->tokens += chat->format.tokens_per_message;

	if (!find_key(message, "role", &value) || value.type != jbvString)
		raise_bad_message(position, "It has no role.");
	count_string(chat, &value);

	if (find_key(message, "content", &value))
		count_content(chat, &value, position);

	if (find_key(message, "name", &value) && value.type == jbvString)
	{
		chat->tokens += chat->format.tokens_per_name;
		count_string(chat, &value);
	}

	count_other_keys(chat, message);
}

static void
count_messages(ChatCount *chat, JsonbContainer *messages)
{
	uint32		message_count = JsonContainerSize(messages);

	for (uint32 i = 0; i < message_count; i++)
	{
		JsonbValue *message = getIthJsonbValueFromContainer(messages, i);

		if (!is_object(message))
			raise_bad_message((int) i + 1, "It is not an object.");
		count_message(chat, message->val.binary.data, (int) i + 1);
		pfree(message);
	}
	chat->tokens += chat->format.tokens_per_reply;
}

PG_FUNCTION_INFO_V1(tokenmeter_count_messages);

Datum
tokenmeter_count_messages(PG_FUNCTION_ARGS)
{
	ChatCount	chat = {.encoding = find_encoding(PG_GETARG_TEXT_PP(0)), .exact = true};
	Jsonb	   *messages = PG_GETARG_JSONB_P(1);
	TupleDesc	descriptor;
	Datum		values[2];
	bool		nulls[2];

	if (!JB_ROOT_IS_ARRAY(messages) || JB_ROOT_IS_SCALAR(messages))
		ereport(ERROR,
				(errcode(ERRCODE_SQL_JSON_ARRAY_NOT_FOUND),
				 errmsg("messages is no list of chat messages"),
				 errhint("Give a JSON array such as [{\"role\": \"user\", \"content\": \"Hello\"}].")));
	if (chat.encoding != NULL && !tm_chat_format(chat.encoding, &chat.format))
		chat.encoding = NULL;
	count_messages(&chat, &messages->root);

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(chat.tokens);
	values[1] = BoolGetDatum(chat.exact);
	nulls[0] = nulls[1] = chat.encoding == NULL;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
