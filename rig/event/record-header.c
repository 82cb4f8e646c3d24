// SPDX-License-Identifier: GPL-2.0-only
#include "event/record-parts.h"

#include <string.h>

#include "event/fields.h"
#include "util/u64.h"

enum { SCRATCH_PFN = 0x100, FRAME_PFN = 0x1000, ABSENT_PFN = 1 };

char *record_bits(guint64 pte)
{
	return g_strdup_printf("0x%" G_GINT64_MODIFIER "x", pte & ~PTE_PFN_MASK);
}

static JsonObject *declared_json(const TraceHeader *header)
{
	const TraceDeclared *declared = &header->declared;
	JsonObject *object = json_object_new();

	if (declared->frees_to_scratch)
		json_object_set_boolean_member(object, "frees_to_scratch", true);
	if (declared->oops_actor >= 0) {
		JsonObject *oops = json_object_new();

		field_add_string(oops, "actor", header->actors[declared->oops_actor].name);
		json_object_set_int_member(oops, "page", declared->oops_page);
		json_object_set_object_member(object, "oops", oops);
	}
	if (declared->succeeds >= 0)
		field_add_string(object, "succeeds", header->actors[declared->succeeds].name);
	return object;
}

JsonObject *record_header_json(const Record *record)
{
	const TraceHeader *header = &record->header;
	JsonObject *object = json_object_new();
	JsonArray *actors = json_array_new(), *pages = json_array_new();

	json_object_set_int_member(object, "racerig-trace", RECORD_VERSION);
	json_object_set_int_member(object, "events", record->events->len);
	json_object_set_int_member(object, "violations", record->found->len);
	if (record->brief)
		json_object_set_boolean_member(object, "brief", true);
	for (int i = 0; i < header->n_actors; i++) {
		JsonObject *actor = json_object_new();

		json_object_set_string_member(actor, "name", header->actors[i].name);
		json_object_set_int_member(actor, "vcpu", header->actors[i].vcpu);
		json_array_add_object_element(actors, actor);
	}
	for (int i = 0; i < header->n_pages; i++) {
		JsonObject *page = json_object_new();

		json_object_set_int_member(page, "arena", header->arenas[i]);
		if (header->scratch[i] >= 0)
			json_object_set_string_member(page, "scratch",
						      record_frame(record, header->scratch[i]));
		json_object_set_string_member(page, "pte", record_pte(record, header->ptes[i]));
		u64_set_member(page, "pte_bits", header->ptes[i] & ~PTE_PFN_MASK);
		if (header->uaddr[i])
			u64_set_member(page, "address", header->uaddr[i]);
		json_array_add_object_element(pages, page);
	}
	json_object_set_array_member(object, "actors", actors);
	json_object_set_array_member(object, "pages", pages);
	json_object_set_object_member(object, "declared", declared_json(header));
	return object;
}

/* "frame AB" -> 27; false: no such name. */
static bool read_letters(const char *letters, guint64 *ret)
{
	enum { LONGEST = 4 };
	guint64 number = 0;
	gsize length = strlen(letters);

	if (length < 1 || length > LONGEST)
		return false;
	for (const char *c = letters; *c; c++) {
		if (!g_ascii_isupper(*c))
			return false;
		number = number * 26 + (*c - 'A' + 1);
	}
	*ret = number - 1;
	return true;
}

/* The frame number that we give to @name. */
bool record_read_frame(const char *name, guint64 *ret)
{
	if (!name)
		return false;
	if (g_str_has_prefix(name, "frame ")) {
		if (!read_letters(name + strlen("frame "), ret))
			return false;
		*ret += FRAME_PFN;
		return true;
	}
	for (int arena = 0; arena < MAX_PAGES; arena++) {
		g_autofree char *scratch = arena ? g_strdup_printf("scratch %d", arena + 1)
						 : g_strdup("scratch");

		if (strcmp(name, scratch) != 0)
			continue;
		*ret = SCRATCH_PFN + arena;
		return true;
	}
	return false;
}

bool record_read_pte(const char *name, const char *bits, guint64 *ret)
{
	guint64 pfn = 0, other;

	if (!name || !u64_parse(bits, &other) || (other & PTE_PFN_MASK))
		return false;
	if (strcmp(name, "none") == 0) {
		*ret = 0;
		return other == 0;
	}
	if (strcmp(name, "not present") == 0) {
		*ret = other | (guint64)ABSENT_PFN << 12;
		return !pte_present(other);
	}
	*ret = other;
	if (!record_read_frame(name, &pfn) || !pte_present(other))
		return false;
	*ret |= pfn << 12;
	return true;
}

bool record_read_actor(const TraceHeader *header, JsonObject *object, const char *member, int *ret)
{
	const char *name = NULL;

	if (!field_string(object, member, FIELD_REQUIRED, &name))
		return false;
	for (*ret = 0; *ret < header->n_actors; ++*ret)
		if (g_strcmp0(header->actors[*ret].name, name) == 0)
			return true;
	return false;
}

static bool read_actors(TraceHeader *header, JsonArray *actors)
{
	header->n_actors = json_array_get_length(actors);
	for (int i = 0; i < header->n_actors; i++) {
		JsonNode *node = json_array_get_element(actors, i);

		if (!JSON_NODE_HOLDS_OBJECT(node) ||
		    !field_string(json_node_get_object(node), "name", FIELD_REQUIRED,
				  &header->actors[i].name) ||
		    !field_small(json_node_get_object(node), "vcpu", FIELD_REQUIRED, 0, G_MAXINT,
				 &header->actors[i].vcpu))
			return false;
	}
	return true;
}

static bool read_page(TraceHeader *header, int i, JsonNode *node)
{
	JsonObject *page = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	const char *scratch = NULL, *pte = NULL, *bits = NULL;
	guint64 pfn = 0;

	if (!page ||
	    !field_small(page, "arena", FIELD_REQUIRED, 0, MAX_PAGES - 1, &header->arenas[i]) ||
	    !field_string(page, "scratch", FIELD_OPTIONAL, &scratch) ||
	    !field_hex(page, "address", FIELD_OPTIONAL, &header->uaddr[i]) ||
	    !field_string(page, "pte", FIELD_REQUIRED, &pte) ||
	    !field_string(page, "pte_bits", FIELD_REQUIRED, &bits) ||
	    !record_read_pte(pte, bits, &header->ptes[i]) || (scratch && !record_read_frame(scratch, &pfn)))
		return false;
	header->scratch[i] = scratch ? (gint64)pfn : -1;
	return !scratch || pfn == (guint64)(SCRATCH_PFN + header->arenas[i]);
}

/* An object that must be there; NULL: is not. */
static JsonObject *member_object(JsonObject *object, const char *name)
{
	JsonNode *node = json_object_get_member(object, name);

	return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static bool read_declared(TraceHeader *header, JsonObject *object)
{
	TraceDeclared *declared = &header->declared;

	*declared = NOTHING_DECLARED;
	if (!object || !field_bool(object, "frees_to_scratch", FIELD_OPTIONAL, &declared->frees_to_scratch) ||
	    (json_object_has_member(object, "succeeds") &&
	     !record_read_actor(header, object, "succeeds", &declared->succeeds)))
		return false;
	if (!json_object_has_member(object, "oops"))
		return true;
	JsonObject *oops = member_object(object, "oops");

	return oops && record_read_actor(header, oops, "actor", &declared->oops_actor) &&
	       field_small(oops, "page", FIELD_REQUIRED, 0, header->n_pages - 1, &declared->oops_page);
}

bool record_read_header(JsonObject *object, TraceHeader *header, bool *ret_brief,
			RecordCounts *ret_counts)
{
	JsonArray *actors = NULL, *pages = NULL;
	int version = 0;

	if (!field_small(object, "racerig-trace", FIELD_REQUIRED, RECORD_VERSION, RECORD_VERSION,
			 &version) ||
	    !field_small(object, "events", FIELD_REQUIRED, 0, RECORD_MAX_LINES, &ret_counts->events) ||
	    !field_small(object, "violations", FIELD_REQUIRED, 0, RECORD_MAX_LINES,
			 &ret_counts->violations) ||
	    !field_bool(object, "brief", FIELD_OPTIONAL, ret_brief) ||
	    !field_array(object, "actors", FIELD_REQUIRED, 1, MAX_ACTORS, &actors) ||
	    !field_array(object, "pages", FIELD_REQUIRED, 1, MAX_PAGES, &pages) ||
	    !read_actors(header, actors))
		return false;
	header->n_pages = json_array_get_length(pages);
	for (int i = 0; i < header->n_pages; i++)
		if (!read_page(header, i, json_array_get_element(pages, i)))
			return false;
	return read_declared(header, member_object(object, "declared"));
}

