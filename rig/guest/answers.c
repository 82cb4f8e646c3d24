// SPDX-License-Identifier: GPL-2.0-only
#include "guest/answers.h"

#include <string.h>

#include "util/error.h"
#include "util/json.h"
#include "util/lose.h"
#include "util/sample.h"

enum {
	/* Ends that are alike come one after another; an answer has some 100 KiB of memory. */
	MAX_KEPT = 64,
	MAX_READS = 1 << 16,
	SELF_CHECK = 64,
};

typedef struct {
	guint64 phys;
	gsize bytes;
} Read;

typedef struct {
	char *request;
	JsonObject *answer;
	char *text;		/* the answer's */
	GArray *reads;		/* of Read: what the answer rests on … */
	GByteArray *memory;	/* … and what was there, one after another */
} Answer;

struct Answers {
	Analyst *analyst;	/* not ours */
	Machine *machine;	/* not ours */
	GQueue *kept;		/* of Answer, the one that was of use last first */
	guint hits;
};

static void answer_free(gpointer data)
{
	Answer *answer = data;

	if (!answer)
		return;
	g_free(answer->request);
	g_free(answer->text);
	g_clear_pointer(&answer->answer, json_object_unref);
	g_array_unref(answer->reads);
	g_byte_array_unref(answer->memory);
	g_free(answer);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Answer, answer_free)

Answers *answers_new(Analyst *analyst, Machine *machine)
{
	Answers *answers = g_new0(Answers, 1);

	answers->analyst = analyst;
	answers->machine = machine;
	answers->kept = g_queue_new();
	return answers;
}

void answers_free(Answers *answers)
{
	if (!answers)
		return;
	g_queue_free_full(answers->kept, answer_free);
	g_free(answers);
}

/* What drgn says it has read, and what is there; the guest has not run since. */
static bool take_reads(Answer *answer, Machine *machine, GError **error)
{
	const Json json = { answer->answer, "drgn" };
	JsonArray *array;

	if (!json_array_of(&json, "reads", 0, 2 * MAX_READS, &array, error))
		return false;
	guint n = json_array_get_length(array) / 2;
	for (guint i = 0; i < n && !lose("reads"); i++) {
		Read read = { json_array_get_int_element(array, 2 * i),
			      json_array_get_int_element(array, 2 * i + 1) };
		guint at = answer->memory->len;

		if (!machine_has_phys(machine, read.phys, read.bytes)) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL,
				    "drgn: 'reads' names memory that the guest has not");
			return false;
		}
		g_byte_array_set_size(answer->memory, at + read.bytes);
		if (!machine_phys_read(machine, read.phys, answer->memory->data + at, read.bytes, error))
			return false;
		g_array_append_val(answer->reads, read);
	}
	/* Of no interest to who asked, and in another order it would be another text. */
	json_object_remove_member(answer->answer, "reads");
	return true;
}

static Answer *ask(const Answers *answers, JsonObject *request, const char *text, GError **error)
{
	g_autoptr(Answer) answer = g_new0(Answer, 1);

	answer->reads = g_array_new(FALSE, FALSE, sizeof(Read));
	answer->memory = g_byte_array_new();
	answer->request = g_strdup(text);
	answer->answer = analyst_ask(answers->analyst, request, error);
	if (!answer->answer ||
	    (!machine_is_remote(answers->machine) && !take_reads(answer, answers->machine, error)))
		return NULL;
	answer->text = json_text(answer->answer);
	return g_steal_pointer(&answer);
}

static bool still_holds(const Answer *answer, const guint8 *ram)
{
	const guint8 *was = answer->memory->data;

	for (guint i = 0; i < answer->reads->len; i++) {
		const Read *read = &g_array_index(answer->reads, Read, i);

		if (memcmp(ram + read->phys, was, read->bytes) != 0)
			return false;
		was += read->bytes;
	}
	return true;
}

/* Takes @request.  What is known must be said again. */
static bool check(const Answers *answers, const Answer *known, JsonObject *request, GError **error)
{
	g_autoptr(Answer) now = ask(answers, request, known->request, error);

	if (!now)
		return false;
	if (strcmp(now->text, known->text) == 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE,
		    "drgn says another thing than before, and all that it had read is the same; no result "
		    "can rest on what it says");
	return false;
}

static GList *find(const Answers *answers, const char *text, const guint8 *ram)
{
	for (GList *at = answers->kept->head; at; at = at->next) {
		const Answer *answer = at->data;

		if (strcmp(answer->request, text) == 0 && still_holds(answer, ram))
			return at;
	}
	return NULL;
}

JsonObject *answers_ask(Answers *answers, JsonObject *request, GError **error)
{
	g_autofree char *text = json_text(request);
	/* Memory that is remote is slower to compare than to ask about. */
	const guint8 *ram = machine_is_remote(answers->machine) ? NULL : machine_ram(answers->machine, NULL);
	GList *at = ram ? find(answers, text, ram) : NULL;

	if (at) {
		Answer *known = at->data;

		g_queue_unlink(answers->kept, at);
		g_queue_push_head_link(answers->kept, at);
		if (!is_sample(++answers->hits, SELF_CHECK))
			json_object_unref(request);
		else if (!check(answers, known, request, error))
			return NULL;
		return json_object_ref(known->answer);
	}
	Answer *answer = ask(answers, request, text, error);
	if (!answer)
		return NULL;
	JsonObject *ret = json_object_ref(answer->answer);
	g_queue_push_head(answers->kept, answer);
	while (answers->kept->length > (ram ? MAX_KEPT : 0))
		answer_free(g_queue_pop_tail(answers->kept));
	return ret;
}
