// SPDX-License-Identifier: GPL-2.0-only
#include "explore/syncs.h"

#include <string.h>

#include "util/error.h"
#include "util/json.h"
#include "util/lose.h"
#include "util/sample.h"
#include "util/u64.h"

enum {
	/* Of the states that came again, so often one is run on. */
	SELF_CHECK = 64,
	WORD = sizeof(guint64),
};

/* What has come of a state so far. */
typedef struct {
	bool bad;		/* some way on did not end well, or could not be judged */
	char *final_state;	/* of the first schedule that came there */
	bool asked;		/* whether what is documented comes of it … */
	GArray *documented;	/* … and that, of Violation */
} Known;

struct Syncs {
	GHashTable *states;	/* key -> Known */
	Mark *first;		/* memory where a schedule came to its sync first; NULL: none did */
	guint8 *dead;		/* bits of words of RAM: nothing reads them there */
	gsize words;
	Known *at;		/* of the state that this schedule came by; NULL: none, or nobody asks */
	guint step;		/* … the last one before */
	SyncState said;
	bool waited;
	bool documents;		/* … already when it came there */
	guint again;		/* states that came again, over all explorations */
};

static void known_free(gpointer data)
{
	Known *known = data;

	g_free(known->final_state);
	g_array_unref(known->documented);
	g_free(known);
}

Syncs *syncs_new(void)
{
	Syncs *syncs = g_new0(Syncs, 1);

	syncs->states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, known_free);
	return syncs;
}

static void clear(Syncs *syncs)
{
	g_hash_table_remove_all(syncs->states);
	g_clear_pointer(&syncs->first, mark_free);
	g_clear_pointer(&syncs->dead, g_free);
	syncs->at = NULL;
}

void syncs_free(Syncs *syncs)
{
	if (!syncs)
		return;
	clear(syncs);
	g_hash_table_unref(syncs->states);
	g_free(syncs);
}

void syncs_begin(Syncs *syncs)
{
	clear(syncs);
}

void syncs_forget(Syncs *syncs)
{
	syncs->at = NULL;
	syncs->waited = false;
}

static bool take_span(Syncs *syncs, const Json *span, GError **error)
{
	guint64 phys, size;

	if (!json_hex(span, "phys", &phys, error) || !json_hex(span, "size", &size, error))
		return false;
	if (phys / WORD + size / WORD > syncs->words || phys % WORD || size % WORD) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL,
			    "drgn: 'dead' names memory that the guest has not");
		return false;
	}
	for (guint64 word = phys / WORD; word < (phys + size) / WORD; word++)
		syncs->dead[word / 8] |= 1u << word % 8;
	return true;
}

/* Where nothing is read while all actors stand in user space, at these stack pointers. */
static bool ask_dead(Syncs *syncs, const Guest *guest, const Stepper *stepper, GError **error)
{
	JsonObject *request = json_object_new();
	JsonArray *pointers = json_array_new(), *spans;
	Json one;

	for (int i = 0; i < guest->n_actors; i++)
		u64_add_element(pointers, regs_sp(stepper_regs(stepper, i)));
	json_object_set_string_member(request, "op", "dead");
	json_object_set_array_member(request, "stacks", pointers);
	g_autoptr(JsonObject) answer = answers_ask(guest->answers, request, error);
	const Json json = { answer, "drgn" };
	if (!answer || !json_array_of(&json, "dead", 0, G_MAXINT, &spans, error))
		return false;
	syncs->words = machine_ram_bytes(guest->machine) / WORD;
	syncs->dead = g_malloc0(syncs->words / 8 + 1);
	for (guint i = 0; i < json_array_get_length(spans); i++)
		if (!json_element(&json, "dead", spans, i, &one, error) ||
		    !take_span(syncs, &one, error))
			return false;
	return true;
}

typedef struct {
	const Syncs *syncs;
	GByteArray *state;
} Differing;

/* Words that are not what they were at the first sync are the state; all others are alike. */
static void add_differing(gsize page, const guint8 *before, const guint8 *now, gpointer data)
{
	const Differing *differing = data;
	const guint8 *dead = differing->syncs->dead;

	for (gsize at = 0; at < TRACK_PAGE; at += WORD) {
		guint64 word = (page * TRACK_PAGE + at) / WORD;

		if (memcmp(before + at, now + at, WORD) == 0 || dead[word / 8] >> word % 8 & 1)
			continue;
		g_byte_array_append(differing->state, (const guint8 *)&word, sizeof(word));
		g_byte_array_append(differing->state, now + at, WORD);
	}
}

static char *key_of(const Syncs *syncs, const Guest *guest, const Stepper *stepper, const Check *check,
		    GError **error)
{
	g_autoptr(GByteArray) state = g_byte_array_new();
	g_autofree char *own = stepper_state_key(stepper);
	Differing differing = { syncs, state };

	if (lose("sync"))
		return g_strdup("");
	g_byte_array_append(state, (const guint8 *)own, strlen(own));
	check_state(check, state);
	if (!machine_since(guest->machine, syncs->first, add_differing, &differing, error))
		return NULL;
	return g_compute_checksum_for_data(G_CHECKSUM_SHA256, state->data, state->len);
}

/* Nobody is on the way to anywhere else. */
static bool all_are_there(const Guest *guest, const Stepper *stepper)
{
	for (int i = 0; i < guest->n_actors; i++)
		if (stepper_state(stepper, i) != ACTOR_SYNC || guest_irq_queue(guest, i))
			return false;
	return true;
}

bool syncs_at(Syncs *syncs, const Guest *guest, const Stepper *stepper, const Check *check, bool open,
	      guint step, SyncState *ret, GError **error)
{
	*ret = SYNC_OTHER;
	syncs->said = SYNC_OTHER;
	syncs->step = step;
	syncs->documents = check->documented->len;
	if (!all_are_there(guest, stepper))
		return true;
	if (!syncs->first && (!(syncs->first = machine_mark(guest->machine, GUEST_PARKED, error)) ||
			      !ask_dead(syncs, guest, stepper, error)))
		return false;
	char *key = key_of(syncs, guest, stepper, check, error);
	if (!key)
		return false;
	syncs->at = g_hash_table_lookup(syncs->states, key);
	if (!syncs->at) {
		syncs->at = g_new0(Known, 1);
		syncs->at->documented = g_array_new(FALSE, FALSE, sizeof(Violation));
		/* Where not every way on is taken from here, nothing is known of it. */
		syncs->at->bad = !open;
		g_hash_table_insert(syncs->states, key, syncs->at);
		return true;
	}
	g_free(key);
	if (!open || syncs->at->bad || !syncs->at->final_state || !(syncs->at->asked || syncs->documents))
		return true;
	*ret = syncs->said = is_sample(++syncs->again, SELF_CHECK) ? SYNC_AGAIN : SYNC_KNOWN;
	return true;
}

void syncs_waited(Syncs *syncs)
{
	syncs->waited = true;
}

/* All of what was asked for was done, and nothing is wrong with it. */
static bool is_well(const Syncs *syncs, const Outcome *outcome)
{
	return outcome->end == END_DONE && !outcome->violates && !outcome->partial && !syncs->waited;
}

/* What has been documented behind the sync is of the state; what was before may hide it. */
static void note_documented(Syncs *syncs, const Outcome *outcome)
{
	Known *at = syncs->at;

	if (syncs->documents)
		return;
	at->asked = true;
	if (!at->documented->len && outcome->found->len)
		g_array_append_vals(at->documented, outcome->found->data, outcome->found->len);
}

static void take_documented(const Known *known, Outcome *outcome)
{
	if (outcome->found->len)
		return;
	for (guint i = 0; i < known->documented->len; i++)
		outcome_add(outcome, &g_array_index(known->documented, Violation, i));
}

bool syncs_end(Syncs *syncs, Outcome *outcome, GError **error)
{
	Known *at = syncs->at;

	if (!at)
		return true;
	if (outcome->end == END_KNOWN) {
		take_documented(at, outcome);
		return true;
	}
	if (syncs->said == SYNC_AGAIN &&
	    (!is_well(syncs, outcome) || strcmp(at->final_state, outcome->final_state) != 0 ||
	     (!syncs->documents && !outcome_documents(outcome) != !at->documented->len))) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE,
			    "two schedules had all of memory alike at their sync, and did not end alike: no "
			    "result can rest on such states");
		return false;
	}
	if (syncs->said == SYNC_AGAIN) {
		outcome_cut(outcome, syncs->step + 1);
		return true;
	}
	/* What only sleepers were left of is explored elsewhere. */
	if (outcome->end != END_ASLEEP)
		at->bad |= !is_well(syncs, outcome);
	note_documented(syncs, outcome);
	if (!at->final_state && !at->bad)
		at->final_state = g_strdup(outcome->final_state);
	return true;
}
