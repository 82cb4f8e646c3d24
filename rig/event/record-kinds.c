// SPDX-License-Identifier: GPL-2.0-only
/* What the events of one kind have in a trace and others have not: see record-json.c. */
#include "arch/arch.h"
#include "event/record-parts.h"

#include "event/record-write.h"

static const char *const accesses[] = {
	"none", "read", "write", "cmpxchg", "xchg", "rmw", NULL,
};

/* All of it or nothing, and only of what landed. */
static bool read_store(const Json *json, Event *event, GError **error)
{
	if (!json_has(json, "bytes"))
		return !json_has(json, "offset") && !json_has(json, "stored");
	return event->landed && json_small(json, "bytes", 1, END_WORD_BYTES, &event->bytes, error) &&
	       json_small(json, "offset", 0, arch_page_bytes() - event->bytes, &event->offset, error) &&
	       json_hex(json, "stored", &event->stored, error);
}

static bool read_access(const Json *json, Event *event, GError **error)
{
	const char *landed = NULL;
	int access = ACCESS_NONE, half = HALF_NONE;
	gint64 program = 0;

	if (!json_choice(json, "access", accesses, &access, error) ||
	    !json_maybe_choice(json, "half", record_halves, &half, error) ||
	    !json_maybe_bool(json, "faulted", &event->faulted, error) ||
	    !json_maybe_int(json, "program", 1, G_MAXUINT32, &program, error) ||
	    !json_maybe_bool(json, "stale", &event->stale, error) ||
	    !json_maybe_interned(json, "landed", &landed, error) ||
	    (landed && !record_read_frame(landed, &event->landed)) || !read_store(json, event, error))
		return false;
	event->access = access;
	event->half = half;
	event->program = program;
	return event->page >= 0 && (event->kind != EVENT_PTE || event_slot(event) >= 0);
}

/* One of @n names. */
static bool read_choice(const Json *json, const char *member, const char *const *names, int n,
			int *ret, GError **error)
{
	const char *name = NULL;

	return json_interned(json, member, &name, error) &&
	       (*ret = record_index_of(names, n, name)) >= 0;
}

static bool read_word(const Record *record, const Json *json, Event *event, GError **error)
{
	int access = ACCESS_NONE;
	gint64 count = 0;

	if (!json_choice(json, "access", accesses, &access, error))
		return false;
	event->access = access;
	if (!read_choice(json, "word", record->header.words, record->header.n_words, &event->word, error) ||
	    !json_maybe_bool(json, "lockless", &event->lockless, error))
		return false;
	event->lock = record->header.word_guards[event->word];
	if (event->lock >= 0)
		return true;
	if (!json_int(json, "count", G_MININT32, G_MAXINT32, &count, error))
		return false;
	event->count = count;
	return true;
}

static bool read_free(const Record *record, const Json *json, Event *event, GError **error)
{
	const char *frame = NULL;
	gint64 lazy = 0;

	if (!json_interned(json, "frame", &frame, error) || !record_read_frame(frame, &event->pfn) ||
	    !json_maybe_bool(json, "double_free", &event->double_free, error) ||
	    !json_maybe_int(json, "lazy", 1, (1 << record->header.n_actors) - 1, &lazy, error))
		return false;
	event->lazy = lazy;
	return true;
}

/* Only who loads another root walks other tables then. */
static bool read_flush(const Json *json, Event *event, GError **error)
{
	int flush = FLUSH_NONE, root = 0;

	if (!json_choice(json, "flush", FLUSH_NAMES, &flush, error))
		return false;
	event->flush = flush;
	if (!json_has(json, "root"))
		return true;
	if (flush != FLUSH_BUT_GLOBAL || !json_small(json, "root", 0, MAX_ACTORS, &root, error))
		return false;
	event->root = root ? root : ROOT_KERNEL;
	return true;
}

static bool read_call(const TraceHeader *header, const Json *json, Event *event, GError **error)
{
	bool fails = event->kind == EVENT_FAIL;

	if (fails && !json_maybe_bool(json, "leaves", &event->leaves, error))
		return false;
	event->gives_up = fails && json_has(json, "lock");
	if (event->gives_up && header->n_failing)
		return read_choice(json, "lock", header->locks, header->n_locks, &event->lock, error);
	return read_choice(json, "call", header->failing, header->n_failing, &event->failing, error);
}

bool record_read_by_kind(const Record *record, const Json *json, Event *event, GError **error)
{
	switch (event->kind) {
	case EVENT_PTE:
	case EVENT_ACCESS:
		return read_access(json, event, error);
	case EVENT_FREE:
		return read_free(record, json, event, error);
	case EVENT_FLUSH:
		return read_flush(json, event, error);
	case EVENT_CALL:
	case EVENT_FAIL:
		return read_call(&record->header, json, event, error);
	case EVENT_HOLD:
	case EVENT_LOCK:
	case EVENT_UNLOCK:
		return read_choice(json, "lock", record->header.locks, record->header.n_locks,
				   &event->lock, error);
	case EVENT_WORD:
		return read_word(record, json, event, error);
	case EVENT_DESTROY:
		return json_small(json, "group", 0, MAX_PAGES - 1, &event->group, error);
	case EVENT_SEND:
		return record_read_actor(&record->header, json, "target", &event->to, error);
	case EVENT_RETURN:
		return json_int(json, "result", G_MININT64, G_MAXINT64, &event->result, error);
	default:
		return true;
	}
}
