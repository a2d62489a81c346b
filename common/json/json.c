#include "config.h"

#include "common/json/json.h"

#include <stddef.h>

#include "common/json/json_scan.h"

/*
 * A node takes some 80 bytes and "1," is enough to ask for one, so a text of
 * 16 MB could ask for more than half a gigabyte. The largest that is real, the
 * registration of 100,000 topics, has 0.8 million nodes.
 */
#define NODES_MAX (1u << 20)

struct parser {
	struct json_scan scan;
	size_t n_nodes;
};

static struct json *parse_value(struct parser *parser, int depth);

static struct json *
node_new(struct parser *parser, enum json_type type)
{
	struct json *node;

	if (++parser->n_nodes > NODES_MAX)
		return NULL;
	node = arena_try_zalloc(parser->scan.arena, sizeof *node);
	if (node != NULL)
		node->type = type;
	return node;
}

static struct json *
parse_scalar(struct parser *parser)
{
	enum json_type type;
	struct slice text;

	if (json_scan_scalar(&parser->scan, &type, &text) == -1)
		return NULL;

	struct json *node = node_new(parser, type);

	if (node != NULL) {
		node->text = text;
		node->boolean = type == JSON_BOOL && text.data[0] == 't';
	}
	return node;
}

static struct json *
parse_member(struct parser *parser, int depth)
{
	enum json_type type = JSON_STRING;
	struct slice name = SLICE_NONE;
	struct json *key = NULL;
	struct json *value;

	if (json_scan_peek(&parser->scan) == '{') {
		key = parse_value(parser, depth);
		if (key == NULL)
			return NULL;
	} else if (json_scan_scalar(&parser->scan, &type, &name) == -1 || type == JSON_BOOL ||
		   type == JSON_NULL) {
		return NULL;
	}
	if (!json_scan_char(&parser->scan, ':'))
		return NULL;
	value = parse_value(parser, depth);
	if (value != NULL) {
		value->name = name;
		value->key = key;
	}
	return value;
}

/* An object or an array: both are a list between brackets. */
static struct json *
parse_list(struct parser *parser, int depth, enum json_type type, char close,
    struct json *(*parse_item)(struct parser *parser, int depth))
{
	const char *begin = parser->scan.at;
	struct json *list = depth > 0 ? node_new(parser, type) : NULL;
	struct json **tail;

	if (list == NULL)
		return NULL;
	parser->scan.at++;
	tail = &list->first;
	if (!json_scan_char(&parser->scan, close)) {
		do {
			*tail = parse_item(parser, depth - 1);
			if (*tail == NULL)
				return NULL;
			tail = &(*tail)->next;
			list->n_children++;
		} while (json_scan_char(&parser->scan, ','));
		if (!json_scan_char(&parser->scan, close))
			return NULL;
	}
	list->text = (struct slice){ begin, (size_t)(parser->scan.at - begin) };
	return list;
}

static struct json *
parse_value(struct parser *parser, int depth)
{
	switch (json_scan_peek(&parser->scan)) {
	case '{':
		return parse_list(parser, depth, JSON_OBJECT, '}', parse_member);
	case '[':
		return parse_list(parser, depth, JSON_ARRAY, ']', parse_value);
	default:
		return parse_scalar(parser);
	}
}

const struct json *
json_parse(struct arena *arena, struct slice text)
{
	struct parser parser = { .n_nodes = 0 };
	struct json *value;

	if (text.data == NULL)
		return NULL;
	parser.scan = (struct json_scan){ text.data, text.data + text.len, arena };
	value = parse_value(&parser, JSON_DEPTH_MAX);
	json_scan_peek(&parser.scan);
	return parser.scan.at == parser.scan.end ? value : NULL;
}

const struct json *
json_member(const struct json *object, const char *name)
{
	const struct json *found = NULL;

	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	/* of equal names the last one counts, as in fastjson */
	for (const struct json *member = object->first; member != NULL; member = member->next) {
		if (member->key == NULL && slice_is(member->name, name))
			found = member;
	}
	return found;
}

struct slice
json_text(const struct json *value)
{
	if (value == NULL || value->type < JSON_BOOL || value->type > JSON_STRING)
		return SLICE_NONE;
	return value->text;
}

int
json_int64(const struct json *value, int64_t *number)
{
	if (value == NULL || (value->type != JSON_NUMBER && value->type != JSON_STRING))
		return -1;
	return slice_to_int64(value->text, number);
}

bool
json_is_true(const struct json *value)
{
	return slice_equal_nocase(json_text(value), SLICE("true"));
}

struct slice
json_member_text(const struct json *object, const char *name)
{
	return json_text(json_member(object, name));
}

int64_t
json_member_int64(const struct json *object, const char *name, int64_t absent)
{
	int64_t number = absent;

	json_int64(json_member(object, name), &number);
	return number;
}

bool
json_member_bool(const struct json *object, const char *name, bool absent)
{
	struct slice text = json_member_text(object, name);

	return text.data != NULL ? slice_equal_nocase(text, SLICE("true")) : absent;
}
