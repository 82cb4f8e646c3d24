// SPDX-License-Identifier: GPL-2.0-only
#include "guest/guest.h"

#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "arch/pte.h"
#include "guest/boot.h"
#include "util/error.h"
#include "util/json.h"
#include "util/shmdir.h"
#include "util/u64.h"

const char GUEST_PARKED[] = "parked";

void guest_free(Guest *guest)
{
	if (!guest)
		return;
	answers_free(guest->answers);
	analyst_free(guest->analyst);
	machine_free(guest->machine);
	symbols_free(guest->symbols);
	g_clear_pointer(&guest->keep, json_node_unref);
	g_free(guest->described);
	g_free(guest);
}

/* The report has as many pages of each arena, one arena after the other. */
static int arena_of(const Guest *guest, int page)
{
	g_assert(guest->report.n_arenas);	/* guest_report_check() */
	return page / (guest->n_pages / (int)guest->report.n_arenas);
}

static void add_request(const Guest *guest, const char *subject, JsonObject *request)
{
	JsonArray *groups = json_array_new(), *pages = json_array_new();

	for (guint i = 0; i < guest->report.n_arenas; i++)
		json_array_add_int_element(groups, guest->report.arenas[i]);
	for (int i = 0; i < guest->n_pages; i++) {
		JsonArray *page = json_array_new();

		json_array_add_int_element(page, arena_of(guest, i));
		json_array_add_int_element(page, guest->report.pages[i]);
		json_array_add_array_element(pages, page);
	}
	json_object_set_string_member(request, "subject", subject);
	json_object_set_array_member(request, "groups", groups);
	json_object_set_array_member(request, "pages", pages);
}

/* Two words for each vCPU. */
static bool take_pairs(const Json *json, const char *member, int n, guint64 ret[][2], GError **error)
{
	JsonArray *pairs;

	if (!json_array(json, member, &pairs, error))
		return false;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < 2; j++)
			if (!u64_element(json_array_get_array_element(pairs, i), j, member, &ret[i][j],
					 error))
				return false;
	return true;
}

/* Everything that is a 64-bit word. */
static bool take_words(Guest *guest, JsonObject *answer, GError **error)
{
	const struct {
		const char *name;
		guint64 *word;
	} words[] = {
		{ "report_phys", &guest->report_phys }, { "control_phys", &guest->control_phys },
		{ "vmemmap", &guest->vmemmap },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (!u64_member(answer, words[i].name, words[i].word, error))
			return false;
	const Json json = { answer, "drgn" };
	JsonArray *lazy;
	if (!take_pairs(&json, "irq_queues", guest->n_actors, guest->irq_queues, error) ||
	    !take_pairs(&json, "run_queues", guest->n_actors, guest->run_queues, error) ||
	    !json_array(&json, "lazy_flags", &lazy, error))
		return false;
	for (int i = 0; i < guest->n_actors; i++)
		if (!u64_element(lazy, i, "lazy_flags", &guest->lazy_flags[i], error))
			return false;
	return true;
}

/* The rest of what drgn says of every guest, and what is watched in this one. */
static bool take_answer(Guest *guest, JsonObject *answer, GError **error)
{
	const Json json = { answer, "drgn" };
	gint64 refcount, bytes;
	Json watch, keep;

	if (!take_words(guest, answer, error) ||
	    !json_int(&json, "refcount_offset", 0, G_MAXINT, &refcount, error) ||
	    !json_int(&json, "page_size", 1, G_MAXINT, &bytes, error) ||
	    !json_object(&json, "watch", &watch, error) ||
	    !json_object(&json, "keep", &keep, error) ||
	    !watch_parse(watch.object, "drgn", guest->n_pages, machine_ram_bytes(guest->machine),
			 &guest->watch, error))
		return false;
	guest->refcount_offset = refcount;
	guest->page_size = bytes;
	g_clear_pointer(&guest->keep, json_node_unref);
	guest->keep = json_node_copy(json_object_get_member(answer, "keep"));
	return true;
}

bool guest_look(Guest *guest, GError **error)
{
	JsonObject *request = json_object_new();

	json_object_set_string_member(request, "op", "describe");
	add_request(guest, guest->subject, request);
	json_object_set_int_member(request, "cpus", guest->n_actors);
	json_object_set_int_member(request, "report", symbols_address(guest->symbols, "guest_report"));
	json_object_set_int_member(request, "control",
				   symbols_address(guest->symbols, "guest_control"));

	g_autoptr(JsonObject) answer = analyst_ask(guest->analyst, request, error);
	if (!answer)
		return false;
	g_autofree char *text = json_text(answer);
	g_free(guest->described);
	guest->described = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	return take_answer(guest, answer, error);
}

static MachineSpec machine_spec(const GuestSpec *spec, bool cached, const char *folder,
				const char *qmp, const char *initrds[3])
{
	initrds[0] = spec->init_cpio;
	initrds[1] = spec->module_cpio;
	initrds[2] = NULL;
	return (MachineSpec){
		.kernel = spec->bzimage, .initrds = initrds,
		.cmdline = ARCH.cmdline,
		.disk = spec->disk ? spec->disk : cached ? spec->booted : NULL,
		.folder = folder, .qmp_path = qmp, .connect = spec->connect,
		.emulator = spec->emulator,
		.accel = spec->accel, .code = spec->code, .vcpus = spec->vcpus, .ram_mib = spec->ram_mib,
	};
}

static char *qmp_path(const GuestSpec *spec, const char *folder)
{
	/* Absolute: who runs QEMU may be somewhere else. */
	return spec->qmp ? g_canonicalize_filename(spec->qmp, NULL)
			 : g_build_filename(folder, "qmp2", NULL);
}

static Boot boot_of(Guest *guest, const GuestSpec *spec)
{
	return (Boot){ guest->machine, guest->symbols, &guest->report, spec->accel == ACCEL_KVM };
}

/* QEMU, and drgn beside it, which takes as long to start: it reads nothing of the guest until it is asked. */
static bool start_both(Guest *guest, const GuestSpec *spec, const MachineSpec *machine, GCancellable *cancel,
		       GError **error)
{
	guest->machine = machine_new(machine, cancel, error);
	guest->analyst = guest->machine ? analyst_new(machine->qmp_path, spec->vmlinux,
						      machine_ram_fd(guest->machine), cancel, error) : NULL;
	guest->answers = guest->analyst ? answers_new(guest->analyst, guest->machine) : NULL;
	return guest->analyst != NULL;
}

/* What is watched, and how: the guest has told of its actors and pages. */
static bool describe(Guest *guest, const GuestSpec *spec, GError **error)
{
	if (!symbols_add(guest->symbols, spec->module, guest->report.module_text, error))
		return false;
	guest->n_actors = guest->report.n_actors;
	guest->n_pages = guest->report.n_pages;
	guest->subject = g_intern_string(spec->subject);
	return guest_look(guest, error);
}

static bool start(Guest *guest, const GuestSpec *spec, const char *folder, GCancellable *cancel,
		  GError **error)
{
	g_autofree char *qmp = qmp_path(spec, folder);
	const char *initrds[3];
	bool cached = boot_is_cached(spec);
	MachineSpec machine = machine_spec(spec, cached, folder, qmp, initrds);

	if (!start_both(guest, spec, &machine, cancel, error))
		return false;
	Boot boot = boot_of(guest, spec);
	return boot_and_park(&boot, spec, cached, error) && guest_save(guest, GUEST_PARKED, error) &&
	       describe(guest, spec, error);
}

/* The symbols of kernel and PID 1. */
static bool add_symbols(Guest *guest, const GuestSpec *spec, GError **error)
{
	guest->symbols = symbols_new();
	return symbols_add(guest->symbols, spec->vmlinux, 0, error) &&
	       symbols_add(guest->symbols, spec->init, 0, error);
}

Guest *guest_new(const GuestSpec *spec, GCancellable *cancel, GError **error)
{
	g_autoptr(Guest) guest = g_new0(Guest, 1);
	g_autoptr(ShmDir) folder = shmdir_new(error);

	if (!folder)
		return NULL;
	/* Everybody who needs what is in there has it open by the end of start(). */
	bool ok = add_symbols(guest, spec, error) &&
		  start(guest, spec, shmdir_path(folder), cancel, error);
	return ok ? g_steal_pointer(&guest) : NULL;
}

Guest *guest_stress(const GuestSpec *spec, int seconds, LoopsEnd *ret, GCancellable *cancel,
		    GError **error)
{
	g_autoptr(Guest) guest = g_new0(Guest, 1);
	g_autoptr(ShmDir) dir = shmdir_new(error);
	const char *initrds[3];

	if (!dir)
		return NULL;
	const char *folder = shmdir_path(dir);
	g_autofree char *qmp = qmp_path(spec, folder);
	MachineSpec machine = machine_spec(spec, false, folder, qmp, initrds);
	if (!add_symbols(guest, spec, error) ||
	    !start_both(guest, spec, &machine, cancel, error))
		return NULL;
	Boot boot = boot_of(guest, spec);
	bool ok = boot_to_loops(&boot, spec, seconds, error) && describe(guest, spec, error) &&
		  boot_loop(&boot, seconds, ret, error);
	return ok ? g_steal_pointer(&guest) : NULL;
}

bool guest_save(Guest *guest, const char *tag, GError **error)
{
	return machine_save(guest->machine, tag, error);
}

bool guest_restore(Guest *guest, const char *tag, GError **error)
{
	return machine_restore(guest->machine, tag, error);
}

static bool hash_registers(Guest *guest, GChecksum *sum, GError **error)
{
	for (int i = 0; i < guest->n_actors; i++) {
		g_autofree char *regs = machine_regs_text(guest->machine, i, error);

		if (!regs)
			return false;
		g_checksum_update(sum, (const guchar *)regs, -1);
	}
	return true;
}

char *guest_hash(Guest *guest, bool anywhere, GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	if (!hash_registers(guest, sum, error) ||
	    !machine_hash_ram(guest->machine, anywhere ? NULL : GUEST_PARKED, sum, error))
		return NULL;
	return g_strdup(g_checksum_get_string(sum));
}

char *guest_watched_hash(Guest *guest, GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint64 ptes[MAX_PTES];
	gsize bytes = arch_page_bytes();
	g_autofree guint8 *page = g_malloc(bytes);

	if (!hash_registers(guest, sum, error))
		return NULL;
	guest_ptes(guest, ptes);
	g_checksum_update(sum, (const guchar *)ptes, guest->watch.n_ptes * sizeof(*ptes));
	for (int i = 0; i < guest->watch.n_ptes; i++) {
		guint64 phys = pte_present(ptes[i]) ? pte_pfn(ptes[i]) * bytes : 0;

		if (!pte_present(ptes[i]) || !machine_has_phys(guest->machine, phys, bytes))
			continue;
		if (!machine_phys_read(guest->machine, phys, page, bytes, error))
			return NULL;
		g_checksum_update(sum, page, bytes);
	}
	return g_strdup(g_checksum_get_string(sum));
}
