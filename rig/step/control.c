// SPDX-License-Identifier: GPL-2.0-only
#include "step/control.h"

#include <stddef.h>
#include <string.h>

#include "arch/arch.h"
#include "arch/pte.h"
#include "guest/walk.h"
#include "step/probe.h"
#include "util/error.h"
#include "util/lose.h"

enum { MAX_STOPS = 10000 };

/* From a stop to the next. */
typedef enum {
	GO_RUN,
	GO_STEP,		/* off a breakpoint */
	GO_STEP_WATCHED,	/* off one, into a watchpoint */
} GoOn;

static const guint64 LANDING = 0x5eed0f7a1e5eed01;

typedef struct {
	Vcpus *vcpus;		/* not ours */
	Controls *done;
	int actor;		/* whose vCPU touches */
	int words;		/* the first word to touch */
	guint64 parked;		/* guest_park() */
	/* Seen during the last touch: */
	GArray *watched;	/* guint64: addresses of watchpoints that were hit */
	GArray *freed;		/* guint64: frames given to the allocator, … */
	int door;		/* … by this function of it, in Watch.frees; -1: none is looked at */
	guint flushes;		/* flush instructions on this vCPU */
	guint64 after;		/* the instruction behind the last access that was seen */
	const Insn *site;	/* broken on: what will access; NULL: nothing is */
	bool at_site;		/* it was stopped at, right before its access of … */
	guint64 address;	/* … this */
	Probe probe;		/* which frame the access used: */
	guint64 landed;
	guint inside;		/* accesses to the PTE of page 0 in interrupts of other vCPUs */
	bool looks_inside;	/* interrupts may meet what is watched … */
	guint64 site_inside;	/* … here */
	bool asked;		/* it waited for other vCPUs to serve an interrupt */
} Control;

/* @where: of which there are several, or NULL. */
static bool blind(const Control *control, ControlKind kind, const char *where, GError **error)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND, "blind: %s%s%s on vCPU %d is not reported "
		    "once, at its address, with its value, by QEMU %s", control_name(kind),
		    where ? " of " : "", where ? where : "",
		    vcpus_number(control->vcpus, control->actor),
		    machine_qemu_version(control->vcpus->guest->machine));
	return false;
}

static guint64 field(const Control *control, gsize offset)
{
	return control->vcpus->guest->control_phys + offset;
}

static guint64 get(const Control *control, gsize offset)
{
	return machine_phys64(control->vcpus->guest->machine, field(control, offset));
}

static void set(const Control *control, gsize offset, guint64 value)
{
	machine_phys64_set(control->vcpus->guest->machine, field(control, offset), value);
}

static gint64 result(const Control *control)
{
	return get(control, offsetof(struct guest_control, result));
}

/* Run @actor's vCPU into the breakpoint under it: time for QEMU to take what is let in. */
static bool stays(const Control *control, int actor, bool *ret, GError **error)
{
	Machine *machine = control->vcpus->guest->machine;
	int vcpu = vcpus_number(control->vcpus, actor);
	Regs regs;
	Stop stop;

	if (!machine_run(machine, vcpu, &stop, error) ||
	    !machine_regs(machine, vcpu, &regs, error))
		return false;
	*ret = regs.pc == control->vcpus->actors[actor].own.regs.pc;
	return true;
}

/*
 * In its interrupt @actor has met something watched.  The first time nobody knows the site, and
 * it is behind it already; later it stands before its event.
 */
static bool go_through(Control *control, int actor, GError **error)
{
	Vcpus *vcpus = control->vcpus;
	const Context *at = vcpus_context(vcpus, actor);
	Event event;

	vcpus->new_site = false;
	if (at->pending.kind == EVENT_NONE)
		return vcpus_advance(vcpus, actor, false, error);
	control->inside += at->pending.kind == EVENT_PTE && at->pending.page == 0 && at->pending.irq;
	control->site_inside = at->pending.pc;
	return vcpus_execute(vcpus, actor, 0, &event, error);
}

/* An interrupt waits for @actor: it must not be taken now, and must be when let in. */
static bool serve(Control *control, int actor, GError **error)
{
	enum { HELD_RUNS = 3 };
	Vcpus *vcpus = control->vcpus;
	guint flushes = vcpus->flushes;
	bool held = true;

	for (int i = 0; i < HELD_RUNS && held; i++)
		if (!stays(control, actor, &held, error))
			return false;
	if (!held || !guest_irq_queue(vcpus->guest, actor))
		return blind(control, CONTROL_IRQ_HELD, NULL, error);
	control->done->seen[CONTROL_IRQ_HELD]++;
	if (!vcpus_serve(vcpus, actor, error)) {
		g_prefix_error(error, "blind: %s by QEMU %s: ", control_name(CONTROL_IRQ_SERVED),
			       machine_qemu_version(vcpus->guest->machine));
		return false;
	}
	while (control->looks_inside && vcpus->actors[actor].in_irq)
		if (!go_through(control, actor, error))
			return false;
	if (vcpus->actors[actor].in_irq || guest_irq_queue(vcpus->guest, actor))
		return blind(control, CONTROL_IRQ_SERVED, NULL, error);
	control->done->seen[CONTROL_IRQ_SERVED]++;
	control->done->seen[CONTROL_FLUSH] += vcpus->flushes - flushes;
	return true;
}

static bool serve_all(Control *control, GError **error)
{
	const Guest *guest = control->vcpus->guest;

	for (int i = 0; i < guest->n_actors; i++) {
		if (i == control->actor || !guest_irq_queue(guest, i))
			continue;
		control->asked = true;
		if (!serve(control, i, error))
			return false;
	}
	return true;
}

/* The access has been carried out between the stamps of two frames. */
static bool end_probe(Control *control, Regs *regs, GError **error)
{
	return !control->probe.n ||
	       probe_end(&control->probe, control->site, vcpus_number(control->vcpus, control->actor),
			 regs, &control->landed, error);
}

/* Right before the access: the page maps the control's own frame; another one is no answer. */
static void begin_probe(Control *control, const Regs *regs)
{
	const Guest *guest = control->vcpus->guest;
	const guint64 frames[] = { guest->report_phys >> ARCH.page_shift,
				   guest->control_phys >> ARCH.page_shift };

	control->at_site = insn_address(control->site, regs) == control->address;
	probe_begin(&control->probe, guest->machine, control->site, control->address, frames,
		    G_N_ELEMENTS(frames));
}

/* What the allocator gets there; nobody may refer to what comes to a door of its own. */
static void note_freed(Control *control, const WatchFree *door, const Regs *regs)
{
	const Guest *guest = control->vcpus->guest;
	guint64 page;

	for (guint i = 0; (page = vcpus_freed_page(control->vcpus, control->actor, door, regs, i)); i++) {
		guint64 pfn = (page - guest->vmemmap) / guest->page_size;

		if (door->drops || vcpus_page_users(control->vcpus, control->actor, page) == 0)
			g_array_append_val(control->freed, pfn);
	}
}

/* Where the vCPU has stopped; *@ret_go: how it goes on from there. */
static bool take_stop(Control *control, const Stop *stop, Regs *regs, GoOn *ret_go, GError **error)
{
	Vcpus *vcpus = control->vcpus;
	const Guest *guest = vcpus->guest;
	const Site *site = sites_find(vcpus->sites, regs->pc);

	*ret_go = GO_RUN;
	if (stop->kind == STOP_WATCH) {
		g_array_append_val(control->watched, stop->watch);
		control->after = regs->pc;
		return end_probe(control, regs, error);
	}
	if (control->site && regs->pc == control->site->pc) {
		*ret_go = GO_STEP_WATCHED;
		begin_probe(control, regs);
		return true;
	}
	bool leads = false;
	if (control->door >= 0 && regs->pc != vcpus->frees[control->door] &&
	    (!vcpus_lead_to_door(vcpus, control->actor, control->door, regs,
				 field(control, offsetof(struct guest_control, setup)), &leads, error) ||
	     leads))
		return leads;
	if (control->door >= 0 && regs->pc == vcpus->frees[control->door])
		note_freed(control, &guest->watch.frees[control->door], regs);
	if (machine_is_break(guest->machine, regs->pc))
		*ret_go = GO_STEP;
	control->flushes += site && site->kind == SITE_FLUSH;
	return !site || site->kind != SITE_WAIT || serve_all(control, error);
}

static bool go_on(Machine *machine, int vcpu, GoOn how, guint64 pc, Stop *ret, GError **error)
{
	switch (how) {
	case GO_STEP:
		return machine_step(machine, vcpu, ret, error);
	case GO_STEP_WATCHED:
		return machine_step_watched(machine, vcpu, pc, ret, error);
	case GO_RUN:
		break;
	}
	return machine_run(machine, vcpu, ret, error);
}

static void begin_touch(Control *control, guint64 address)
{
	g_array_set_size(control->watched, 0);
	g_array_set_size(control->freed, 0);
	control->flushes = 0;
	control->asked = control->at_site = false;
	control->after = control->landed = 0;
	control->probe.n = 0;
	control->address = address;
}

/* The actor does @kind, and parks again. */
static bool touch(Control *control, guint64 kind, guint64 address, GError **error)
{
	Machine *machine = control->vcpus->guest->machine;
	int vcpu = vcpus_number(control->vcpus, control->actor);
	GoOn go = GO_RUN;
	Regs regs = { 0 };
	Stop stop;

	begin_touch(control, address);
	set(control, offsetof(struct guest_control, landing), LANDING);
	set(control, offsetof(struct guest_control, kind), kind);
	set(control, offsetof(struct guest_control, address), address);
	if (!machine_set(machine, vcpu, reg_pc(control->parked + GUEST_MARKER_BYTES), error))
		return false;
	for (int stops = 0; stops < MAX_STOPS; stops++) {
		if (!go_on(machine, vcpu, go, regs.pc, &stop, error))
			return false;
		if (stop.kind == STOP_SHUTDOWN || stop.kind == STOP_INTERRUPTED)
			break;
		if (!machine_regs(machine, vcpu, &regs, error) ||
		    !take_stop(control, &stop, &regs, &go, error))
			return false;
		if (regs.pc == control->parked)
			return true;
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND,
		    "blind: vCPU %d does not come back from touch %d of the controls on QEMU %s", vcpu,
		    (int)kind, machine_qemu_version(machine));
	return false;
}

static guint count(const GArray *words, guint64 word)
{
	guint n = 0;

	for (guint i = 0; i < words->len; i++)
		n += g_array_index(words, guint64, i) == word;
	return n;
}

static bool judge(Control *control, ControlKind kind, int page, bool good, GError **error)
{
	g_autofree char *where = page < 0 ? NULL : g_strdup_printf("page %d", page);

	if (!good)
		return blind(control, kind, where, error);
	control->done->seen[kind]++;
	return true;
}

static bool try_pte(Control *control, int slot, GError **error)
{
	Machine *machine = control->vcpus->guest->machine;
	const WatchPte *pte = watch_pte(&control->vcpus->guest->watch, slot);
	int page = control->vcpus->guest->watch.ptes[slot].page;
	guint64 was = machine_phys64(machine, pte->phys), at = pte->va;

	/* A value of our own, not present: an empty PTE tells nothing. */
	machine_phys64_set(machine, pte->phys, pte_absent(LANDING));
	if (!touch(control, GUEST_CONTROL_KERNEL_LOAD, at, error) ||
	    !judge(control, CONTROL_PTE_LOAD, page, count(control->watched, at) == 1 &&
		   (guint64)result(control) == pte_absent(LANDING), error) ||
	    !touch(control, GUEST_CONTROL_KERNEL_STORE, at, error) ||
	    !judge(control, CONTROL_PTE_STORE, page, count(control->watched, at) == 1 &&
		   machine_phys64(machine, pte->phys) == GUEST_CONTROL_STORES, error))
		return false;
	machine_phys64_set(machine, pte->phys, was);
	return true;
}

/* The same touch once more, with a breakpoint where it accesses and stamps in what it may use. */
static bool try_site(Control *control, guint64 kind, int page, GError **error)
{
	Vcpus *vcpus = control->vcpus;
	const Guest *guest = vcpus->guest;
	guint64 at = watch_kernel(&guest->watch, page)->va, pfn = guest->control_phys >> ARCH.page_shift;
	Insn insn;

	if (!sites_decode_before(vcpus->sites, vcpus_number(vcpus, control->actor), control->after,
				 &insn, error) ||
	    (!lose("site") && !machine_break(guest->machine, insn.pc, true, error)))
		return false;
	control->site = &insn;
	bool ok = touch(control, kind, at, error) &&
		  judge(control, CONTROL_SITE, page, control->at_site &&
			count(control->watched, at) == 1, error) &&
		  judge(control, CONTROL_STAMP, page, control->landed == pfn, error);
	control->site = NULL;
	return ok && (lose("site") || machine_break(guest->machine, insn.pc, false, error));
}

/* The page maps our own meanwhile, so that there is something to load and to store to. */
static bool try_kernel(Control *control, int page, GError **error)
{
	const Guest *guest = control->vcpus->guest;
	const WatchView *view = watch_kernel(&guest->watch, page);
	guint64 was = machine_phys64(guest->machine, view->pte.phys), at = view->va;
	int vcpu = vcpus_number(control->vcpus, control->actor);

	machine_phys64_set(guest->machine, view->pte.phys,
			   pte_of_kernel(guest->control_phys >> ARCH.page_shift));
	if (!machine_flush_tlb(guest->machine, vcpu, error) ||
	    !touch(control, GUEST_CONTROL_KERNEL_LOAD, at, error) ||
	    !judge(control, CONTROL_KERNEL_LOAD, page, count(control->watched, at) == 1 &&
		   (guint64)result(control) == LANDING, error) ||
	    !try_site(control, GUEST_CONTROL_KERNEL_LOAD, page, error) ||
	    !touch(control, GUEST_CONTROL_KERNEL_STORE, at, error) ||
	    !judge(control, CONTROL_KERNEL_STORE, page, count(control->watched, at) == 1 &&
		   get(control, offsetof(struct guest_control, landing)) == GUEST_CONTROL_STORES,
		   error) ||
	    !try_site(control, GUEST_CONTROL_KERNEL_STORE, page, error))
		return false;
	machine_phys64_set(guest->machine, view->pte.phys, was);
	return machine_flush_tlb(guest->machine, vcpu, error);
}

/* A page that maps a frame with a role gives user space a signal and no access. */
static void empty_if_special(const Guest *guest, int page)
{
	guint64 at = watch_kernel(&guest->watch, page)->pte.phys, pte = machine_phys64(guest->machine, at);

	for (int i = 0; i < guest->watch.n_frames; i++)
		if (pte_maps(pte, guest->watch.frames[i].pfn))
			machine_phys64_set(guest->machine, at, 0);
}

/* Through a user fault, which may allocate; nothing here can be put back by hand. */
static bool try_user(Control *control, int page, GError **error)
{
	const Guest *guest = control->vcpus->guest;
	const WatchView *view = watch_user(&guest->watch, page);
	int vcpu = vcpus_number(control->vcpus, control->actor);
	Regs regs;

	empty_if_special(guest, page);
	if (!touch(control, GUEST_CONTROL_USER_LOAD, view->va, error) ||
	    !machine_regs(guest->machine, vcpu, &regs, error))
		return false;
	guint64 pte = walk_user_pte(guest->machine, &regs, view->va);
	guint64 phys = pte_present(pte) ? pte_pfn(pte) << ARCH.page_shift : 0;
	bool mapped = pte_present(pte) && machine_has_phys(guest->machine, phys, arch_page_bytes());
	guint64 word = mapped ? machine_phys64(guest->machine, phys) : 0;
	if (!judge(control, CONTROL_USER_LOAD, page, count(control->watched, view->va) == 1 &&
		   mapped && (guint64)result(control) == word, error) ||
	    !touch(control, GUEST_CONTROL_USER_STORE, view->va, error) ||
	    !machine_regs(guest->machine, vcpu, &regs, error))
		return false;
	/* A first store may have got the page anew. */
	pte = walk_user_pte(guest->machine, &regs, view->va);
	return judge(control, CONTROL_USER_STORE, page, count(control->watched, view->va) == 1 &&
		     pte_present(pte) &&
		     machine_phys64(guest->machine, pte_pfn(pte) << ARCH.page_shift) == GUEST_CONTROL_STORES,
		     error);
}

static bool try_lock(Control *control, int lock, GError **error)
{
	const Guest *guest = control->vcpus->guest;
	const WatchLock *watched = &guest->watch.locks[lock];
	guint64 was = machine_phys64(guest->machine, watched->phys);

	if (!touch(control, GUEST_CONTROL_KERNEL_STORE, watched->va, error) ||
	    !judge(control, CONTROL_LOCK, -1, count(control->watched, watched->va) == 1 &&
		   guest_lock(guest, lock) == (GUEST_CONTROL_STORES & watched->held), error))
		return false;
	machine_phys64_set(guest->machine, watched->phys, was);
	return true;
}

static bool try_word(Control *control, int word, GError **error)
{
	const Guest *guest = control->vcpus->guest;
	const WatchWord *watched = &guest->watch.words[word];
	guint64 was = machine_phys64(guest->machine, watched->phys);

	if (!touch(control, GUEST_CONTROL_KERNEL_LOAD, watched->va, error) ||
	    !judge(control, CONTROL_WORD_LOAD, -1, count(control->watched, watched->va) == 1 &&
		   (guint64)result(control) == was, error) ||
	    !touch(control, GUEST_CONTROL_KERNEL_STORE, watched->va, error) ||
	    !judge(control, CONTROL_WORD_STORE, -1, count(control->watched, watched->va) == 1 &&
		   machine_phys64(guest->machine, watched->phys) == GUEST_CONTROL_STORES, error))
		return false;
	machine_phys64_set(guest->machine, watched->phys, was);
	return true;
}

/* Through each of the allocator's doors. */
static bool try_free(Control *control, GError **error)
{
	const Vcpus *vcpus = control->vcpus;

	for (int i = 0; i < vcpus->guest->watch.n_frees; i++) {
		bool list = vcpus->guest->watch.frees[i].argument == FREES_BATCH;

		if (!vcpus->frees[i])
			continue;
		control->door = i;
		if (!touch(control, GUEST_CONTROL_CYCLE_PAGE, 0, error) ||
		    !judge(control, list ? CONTROL_FREE_LIST : CONTROL_FREE, -1,
			   count(control->freed, result(control)) == 1, error))
			return false;
	}
	control->door = -1;
	return true;
}

/* Twice, since the first time the site is only found. */
static bool try_inside(Control *control, GError **error)
{
	Vcpus *vcpus = control->vcpus;
	Guest *guest = vcpus->guest;
	guint others = guest->n_actors - 1;
	guint64 at = watch_kernel(&guest->watch, 0)->pte.va;

	control->looks_inside = true;
	for (int i = 0; i < 2; i++) {
		control->inside = 0;
		if (others && !touch(control, GUEST_CONTROL_ELSEWHERE, at, error))
			return false;
	}
	control->looks_inside = false;
	if (others && !judge(control, CONTROL_INSIDE, 0, control->inside == others &&
			     (guint64)result(control) == machine_phys64(
				     guest->machine, watch_kernel(&guest->watch, 0)->pte.phys), error))
		return false;
	/* Nothing of that was an actor's. */
	vcpus->irq_events = false;
	vcpus->decided = 0;
	g_array_set_size(vcpus->log, 0);
	return !others || sites_forget(vcpus->sites, control->site_inside, error);
}

static bool try_unmap(Control *control, GError **error)
{
	const struct guest_actor *actors = control->vcpus->guest->report.actors;
	bool others = false;

	/* Who shares its page tables may have what is unmapped in a TLB. */
	for (int i = 0; i < control->vcpus->guest->n_actors; i++)
		others |= i != control->actor && actors[i].process == actors[control->actor].process;

	if (!touch(control, GUEST_CONTROL_UNMAP, 0, error) ||
	    !judge(control, CONTROL_FLUSH, -1, control->flushes > 0 && result(control) == 0, error))
		return false;
	return !others || control->asked || blind(control, CONTROL_IRQ_SERVED, NULL, error);
}

/* Every actor stands at guest_park(), and interrupts are held. */
static bool stand(Vcpus *vcpus, GError **error)
{
	Guest *guest = vcpus->guest;

	for (int i = 0; i < guest->n_actors; i++)
		if (!machine_regs(guest->machine, vcpus_number(vcpus, i), &vcpus->actors[i].own.regs,
				  error) ||
		    !machine_hold_interrupts(guest->machine, vcpus_number(vcpus, i), INTERRUPTS_HELD,
					     error))
			return false;
	return true;
}

/* Everything from one vCPU; what cannot be put back comes last. */
static bool try_actor(Control *control, GError **error)
{
	Guest *guest = control->vcpus->guest;

	if (!guest_restore(guest, GUEST_PARKED, error) || !stand(control->vcpus, error))
		return false;
	for (int slot = 0; slot < guest->watch.n_ptes; slot++)
		if (!try_pte(control, slot, error) ||
		    (slot < guest->n_pages && !try_kernel(control, slot, error)))
			return false;
	for (int lock = 0; lock < guest->watch.n_locks; lock++)
		if (!try_lock(control, lock, error))
			return false;
	for (int word = control->words; word < guest->watch.n_words; word++)
		if (!try_word(control, word, error))
			return false;
	if (!try_unmap(control, error) || !try_inside(control, error) || !try_free(control, error))
		return false;
	for (int page = 0; page < guest->n_pages; page++)
		if (watch_user(&guest->watch, page) && !try_user(control, page, error))
			return false;
	return true;
}

typedef bool TryFunc(Control *control, GError **error);

static bool try_words(Control *control, GError **error)
{
	Guest *guest = control->vcpus->guest;

	if (!guest_restore(guest, GUEST_PARKED, error) || !stand(control->vcpus, error))
		return false;
	for (int word = control->words; word < guest->watch.n_words; word++)
		if (!try_word(control, word, error))
			return false;
	return true;
}

/* By every actor; @words: the first of those that are new. */
static bool try_all(Vcpus *vcpus, TryFunc *func, int words, Controls *ret, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	g_autoptr(GArray) watched = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_autoptr(GArray) freed = g_array_new(FALSE, FALSE, sizeof(guint64));
	Control control = {
		.vcpus = vcpus, .done = ret, .watched = watched, .freed = freed, .door = -1, .words = words,
		.parked = symbols_address(vcpus->guest->symbols, "guest_park"),
	};
	bool ok = machine_break(machine, control.parked, true, error);

	for (control.actor = 0; control.actor < vcpus->guest->n_actors && ok; control.actor++)
		ok = func(&control, error);
	return ok && machine_break(machine, control.parked, false, error);
}

bool control_all(Vcpus *vcpus, Controls *ret, GError **error)
{
	memset(ret, 0, sizeof(*ret));
	return try_all(vcpus, try_actor, 0, ret, error);
}

bool control_words(Vcpus *vcpus, int from, GError **error)
{
	Controls ignored = { 0 };

	return from >= vcpus->guest->watch.n_words || try_all(vcpus, try_words, from, &ignored, error);
}

bool control_operation(Vcpus *vcpus, int actor, guint64 word, gint64 *ret, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	g_autoptr(GArray) watched = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_autoptr(GArray) freed = g_array_new(FALSE, FALSE, sizeof(guint64));
	Controls ignored = { 0 };
	Control control = {
		.vcpus = vcpus, .done = &ignored, .watched = watched, .freed = freed, .actor = actor,
		.door = -1, .parked = symbols_address(vcpus->guest->symbols, "guest_park"),
	};

	if (!machine_break(machine, control.parked, true, error) || !stand(vcpus, error) ||
	    !touch(&control, GUEST_CONTROL_SETUP, word, error))
		return false;
	*ret = result(&control);
	for (gsize at = 0; at < offsetof(struct guest_control, programs); at += sizeof(guint64))
		set(&control, at, 0);
	/* What it has asked of other vCPUs or of its own is done before anybody races. */
	for (int i = 0; i < vcpus->guest->n_actors; i++)
		if (guest_irq_queue(vcpus->guest, i) &&
		    (!machine_regs(machine, vcpus_number(vcpus, i), &vcpus->actors[i].own.regs, error) ||
		     !serve(&control, i, error)))
			return false;
	return machine_break(machine, control.parked, false, error);
}
