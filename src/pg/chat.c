/*
 * token_count_chat, tokenmeter.count_messages: the prompt tokens of a conversation. The jsonb is laid out flat
 * for the engine, which has the rules.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "compat.h"
#include "chat.h"
#include "engine.h"
#include "model.h"

/* A document in the making. */
typedef struct FlatJson
{
	TmJsonNode *nodes;
	uint32		count;
	uint32		capacity;
	uint32		open;			/* the innermost array or object that is not closed */
} FlatJson;

#define NO_NODE PG_UINT32_MAX

static TmJsonNode *
append_node(FlatJson *json, TmJsonKind kind)
{
	TmJsonNode *node;

	if (json->count == json->capacity)
	{
		if (json->capacity > MaxAllocSize / sizeof(TmJsonNode) / 2)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a chat must not have more than %u JSON values", json->capacity)));
		json->capacity *= 2;
		json->nodes = repalloc(json->nodes, json->capacity * sizeof(TmJsonNode));
		CHECK_FOR_INTERRUPTS();
	}
	node = &json->nodes[json->count++];
	node->kind = kind;
	node->end = json->count;
	node->bytes = NULL;
	node->length = 0;
	return node;
}

static void
append_scalar(FlatJson *json, const JsonbValue *value)
{
	TmJsonNode *node;
	Utf8		utf8;

	switch (value->type)
	{
		case jbvNull:
			append_node(json, TM_JSON_NULL);
			return;
		case jbvBool:
			append_node(json, value->val.boolean ? TM_JSON_TRUE : TM_JSON_FALSE);
			return;
		case jbvNumeric:
			node = append_node(json, TM_JSON_NUMBER);
			node->bytes = DatumGetCString(DirectFunctionCall1(numeric_out,
															  NumericGetDatum(value->val.numeric)));
			node->length = strlen(node->bytes);
			return;
		case jbvString:
			utf8 = utf8_from_bytes(value->val.string.val, value->val.string.len);
			node = append_node(json, TM_JSON_STRING);
			node->bytes = utf8.bytes;
			node->length = utf8.length;
			return;
		default:
			elog(ERROR, "unexpected jsonb value of type %d", (int) value->type);
	}
}

/* While an array or object is open, its `end` holds what was open before it. */
static void
open_container(FlatJson *json, TmJsonKind kind)
{
	TmJsonNode *node = append_node(json, kind);

	node->end = json->open;
	json->open = json->count - 1;
}

static void
close_container(FlatJson *json)
{
	TmJsonNode *node = &json->nodes[json->open];

	json->open = node->end;
	node->end = json->count;
}

/* The document laid out as the engine takes it. Strings point into the jsonb. */
static const TmJsonNode *
flatten(Jsonb *jsonb)
{
	FlatJson	json = {.capacity = 64, .open = NO_NODE};
	JsonbIterator *iterator = JsonbIteratorInit(&jsonb->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	json.nodes = palloc(json.capacity * sizeof(TmJsonNode));
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		switch (token)
		{
			case WJB_BEGIN_ARRAY:
				/* A scalar by itself comes as an array of one. */
				if (!value.val.array.rawScalar)
					open_container(&json, TM_JSON_ARRAY);
				break;
			case WJB_BEGIN_OBJECT:
				open_container(&json, TM_JSON_OBJECT);
				break;
			case WJB_END_ARRAY:
			case WJB_END_OBJECT:
				if (json.open != NO_NODE)
					close_container(&json);
				break;
			default:
				append_scalar(&json, &value);
				break;
		}
	}
	return json.nodes;
}

static void
check_chat_status(TmChatStatus status, const TmChatCount *count)
{
	switch (status)
	{
		case TM_CHAT_OK:
		case TM_CHAT_NO_TEMPLATE:
			return;
		case TM_CHAT_NO_MESSAGES:
			ereport(ERROR,
					(errcode(ERRCODE_SQL_JSON_ARRAY_NOT_FOUND),
					 errmsg("messages is no list of chat messages"),
					 errhint("Give a JSON array such as [{\"role\": \"user\", \"content\": \"Hello\"}].")));
			break;
		case TM_CHAT_BAD_MESSAGE:
			ereport(ERROR,
					(errcode(ERRCODE_SQL_JSON_OBJECT_NOT_FOUND),
					 errmsg("malformed chat message at %s", count->path),
					 errdetail("%s", count->problem),
					 errhint("A message is an object such as {\"role\": \"user\", \"content\": \"Hello\"}.")));
			break;
		case TM_CHAT_TOO_DEEP:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("tools of a chat are nested too deeply"),
					 errdetail("Definitions and arguments of tools may have at most %d levels.",
							   TM_CHAT_DEEPEST_JSON)));
			break;
		case TM_CHAT_OUT_OF_MEMORY:
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory"),
					 errdetail("Failed while counting a chat.")));
			break;
		case TM_CHAT_CANCELLED:
		case TM_CHAT_INTERNAL:
			break;
	}
	elog(ERROR, "counting a chat failed with status %d", (int) status);
}

bool
count_chat_messages(const text *model_name, Jsonb *messages, Jsonb *tools, TmChatCount *count)
{
	Utf8		model = utf8_from_text(model_name);
	char	   *chat_template;
	TmChat		chat = {.encoding = find_chat_encoding(model_name, &chat_template)};
	TmChatStatus status;

	chat.chat_template = chat_template;
	chat.model = pnstrdup(model.bytes, model.length);
	chat.messages = flatten(messages);
	chat.tools = tools != NULL ? flatten(tools) : NULL;
	status = count_chat(&chat, count);
	check_chat_status(status, count);
	return status == TM_CHAT_OK;
}

/* The same of a function's arguments: model, messages and tools, of which the last may be NULL. */
static bool
count_arguments(FunctionCallInfo fcinfo, TmChatCount *count)
{
	return count_chat_messages(PG_GETARG_TEXT_PP(0), PG_GETARG_JSONB_P(1),
							   PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2), count);
}

PG_FUNCTION_INFO_V1(tokenmeter_count_messages);

Datum
tokenmeter_count_messages(PG_FUNCTION_ARGS)
{
	TmChatCount count;
	TupleDesc	descriptor;
	Datum		values[2];
	bool		nulls[2];

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	nulls[0] = nulls[1] = !count_arguments(fcinfo, &count);

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum((int64) count.tokens);
	values[1] = BoolGetDatum(count.exact);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

/* Raises the error for what there is in a chat that cannot be counted. */
static void
check_gap(const TmChatCount *count)
{
	switch (count->gap)
	{
		case TM_CHAT_NO_GAP:
			return;
		case TM_CHAT_GAP_IMAGE_SIZE:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the size of the image at %s is not known", count->path),
					 errdetail("%s", count->problem),
					 errhint("Give \"width\" and \"height\" in pixels beside its URL, or a data URL of a PNG, JPEG, GIF or WebP.")));
			break;
		case TM_CHAT_GAP_NO_RULE:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("the tokens of %s cannot be counted", count->path),
					 errdetail("%s", count->problem),
					 errhint("Use the token numbers that the provider reports, or tokenmeter.count_messages() for what can be counted.")));
			break;
	}
	elog(ERROR, "unexpected gap %d", (int) count->gap);
}

PG_FUNCTION_INFO_V1(tokenmeter_token_count_chat);

Datum
tokenmeter_token_count_chat(PG_FUNCTION_ARGS)
{
	TmChatCount count;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (find_encoding(PG_GETARG_TEXT_PP(0)) == NULL)
		raise_no_encoding(PG_GETARG_TEXT_PP(0));
	if (!count_arguments(fcinfo, &count))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the chat template of \"%s\" is not known", text_to_cstring(PG_GETARG_TEXT_PP(0))),
				 errhint("Say it with tokenmeter.add_model(..., chat_template => ...); tokenmeter.chat_templates() lists them.")));
	check_gap(&count);
	PG_RETURN_INT64((int64) count.tokens);
}

PG_FUNCTION_INFO_V1(tokenmeter_chat_templates);

Datum
tokenmeter_chat_templates(PG_FUNCTION_ARGS)
{
	ArrayBuildState *names = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	const char *name;

	(void) fcinfo;
	for (size_t i = 0; (name = tm_chat_template_at(i)) != NULL; i++)
		accumArrayResult(names, CStringGetTextDatum(name), false, TEXTOID, CurrentMemoryContext);
	PG_RETURN_DATUM(makeArrayResult(names, CurrentMemoryContext));
}
