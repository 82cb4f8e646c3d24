// SPDX-License-Identifier: GPL-2.0-only
#include "step/control.h"

#include <stddef.h>
#include <string.h>

#include "guest/walk.h"
#include "util/error.h"

enum { MAX_STOPS = 10000 };

/* What a watched page maps while its kernel address is tried (PAGE_KERNEL). */
static const guint64 PTE_KERNEL = 0x8000000000000163, LANDING = 0x5eed0f7a1e5eed01;

typedef struct {
	Stage *stage;		/* not ours */
	Controls *done;
	int actor;		/* whose vCPU touches */
	guint64 parked;		/* guest_park() */
	/* Seen during the last touch: */
	GArray *watched;	/* guint64: addresses of watchpoints that were hit */
	GArray *freed;		/* guint64: frames given to the allocator, … */
	guint64 door;		/* … by this function of it; 0: none is looked at */
	guint flushes;		/* flush instructions on this vCPU */
	bool asked;		/* it waited for other vCPUs to serve an interrupt */
} Control;

const char *control_name(ControlKind kind)
{
	static const char *const names[CONTROL_KINDS] = {
		[CONTROL_PTE_LOAD] = "PTE load",
		[CONTROL_PTE_STORE] = "PTE store",
		[CONTROL_KERNEL_LOAD] = "page load by kernel address",
		[CONTROL_KERNEL_STORE] = "page store by kernel address",
		[CONTROL_USER_LOAD] = "page load by user address",
		[CONTROL_USER_STORE] = "page store by user address",
		[CONTROL_LOCK] = "lock word store",
		[CONTROL_FREE] = "page given to the allocator",
		[CONTROL_FLUSH] = "TLB flush",
		[CONTROL_IRQ_HELD] = "interrupt held",
		[CONTROL_IRQ_SERVED] = "interrupt let in",
	};

	return names[kind];
}

/* @where: of which there are several, or NULL. */
static bool blind(const Control *control, ControlKind kind, const char *where, GError **error)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND, "blind: %s%s%s on vCPU %d is not reported "
		    "once, at its address, with its value, by QEMU %s", control_name(kind),
		    where ? " of " : "", where ? where : "",
		    stage_vcpu(control->stage, control->actor),
		    machine_qemu_version(control->stage->guest->machine));
	return false;
}

static guint64 field(const Control *control, gsize offset)
{
	return control->stage->guest->control_phys + offset;
}

static guint64 get(const Control *control, gsize offset)
{
	return machine_phys64(control->stage->guest->machine, field(control, offset));
}

static void set(const Control *control, gsize offset, guint64 value)
{
	machine_phys64_set(control->stage->guest->machine, field(control, offset), value);
}

static gint64 result(const Control *control)
{
	return get(control, offsetof(struct guest_control, result));
}

/* Run @actor's vCPU into the breakpoint under it: time for QEMU to take what is let in. */
static bool stays(const Control *control, int actor, bool *ret, GError **error)
{
	Machine *machine = control->stage->guest->machine;
	int vcpu = stage_vcpu(control->stage, actor);
	Regs regs;
	Stop stop;

	if (!machine_run(machine, vcpu, &stop, error) ||
	    !machine_regs(machine, vcpu, &regs, error))
		return false;
	*ret = regs.rip == control->stage->actors[actor].own.regs.rip;
	return true;
}

/* An interrupt waits for @actor: it must not be taken now, and must be when let in. */
static bool serve(Control *control, int actor, GError **error)
{
	enum { HELD_RUNS = 3 };
	Stage *stage = control->stage;
	guint flushes = stage->flushes;
	bool held = true;

	for (int i = 0; i < HELD_RUNS && held; i++)
		if (!stays(control, actor, &held, error))
			return false;
	if (!held || !guest_irq_queue(stage->guest, actor))
		return blind(control, CONTROL_IRQ_HELD, NULL, error);
	control->done->seen[CONTROL_IRQ_HELD]++;
	if (!stage_serve(stage, actor, error)) {
		g_prefix_error(error, "blind: %s by QEMU %s: ", control_name(CONTROL_IRQ_SERVED),
			       machine_qemu_version(stage->guest->machine));
		return false;
	}
	if (stage->actors[actor].in_irq || guest_irq_queue(stage->guest, actor))
		return blind(control, CONTROL_IRQ_SERVED, NULL, error);
	control->done->seen[CONTROL_IRQ_SERVED]++;
	control->done->seen[CONTROL_FLUSH] += stage->flushes - flushes;
	return true;
}

static bool serve_all(Control *control, GError **error)
{
	const Guest *guest = control->stage->guest;

	for (int i = 0; i < guest->n_actors; i++) {
		if (i == control->actor || !guest_irq_queue(guest, i))
			continue;
		control->asked = true;
		if (!serve(control, i, error))
			return false;
	}
	return true;
}

/* Where the vCPU has stopped; *@ret_step: a breakpoint is under it, and has been seen. */
static bool take_stop(Control *control, const Stop *stop, const Regs *regs, bool *ret_step,
		      GError **error)
{
	Stage *stage = control->stage;
	const Guest *guest = stage->guest;
	const Site *site = sites_find(stage->sites, regs->rip);

	*ret_step = false;
	if (stop->kind == STOP_WATCH) {
		g_array_append_val(control->watched, stop->watch);
		return true;
	}
	if (control->door && regs->rip == stage->frees[0] && regs->rip != control->door)
		return machine_set_gpr(guest->machine, stage_vcpu(stage, control->actor),
				       MACHINE_RIP, control->door, error);
	if (control->door && regs->rip == control->door) {
		guint64 pfn = (regs->gpr[MACHINE_RDI] - guest->vmemmap) / guest->page_size;
		g_array_append_val(control->freed, pfn);
	}
	*ret_step = machine_is_break(guest->machine, regs->rip);
	control->flushes += site && site->kind == SITE_FLUSH;
	return !site || site->kind != SITE_WAIT || serve_all(control, error);
}

/* The actor does @kind, and parks again. */
static bool touch(Control *control, guint64 kind, guint64 address, GError **error)
{
	Machine *machine = control->stage->guest->machine;
	int vcpu = stage_vcpu(control->stage, control->actor);
	bool step = false;
	Regs regs;
	Stop stop;

	g_array_set_size(control->watched, 0);
	g_array_set_size(control->freed, 0);
	control->flushes = 0;
	control->asked = false;
	set(control, offsetof(struct guest_control, landing), LANDING);
	set(control, offsetof(struct guest_control, kind), kind);
	set(control, offsetof(struct guest_control, address), address);
	if (!machine_set_gpr(machine, vcpu, MACHINE_RIP, control->parked + GUEST_MARKER_BYTES,
			     error))
		return false;
	for (int stops = 0; stops < MAX_STOPS; stops++) {
		if (!(step ? machine_step : machine_run)(machine, vcpu, &stop, error))
			return false;
		if (stop.kind == STOP_SHUTDOWN || stop.kind == STOP_INTERRUPTED)
			break;
		if (!machine_regs(machine, vcpu, &regs, error) ||
		    !take_stop(control, &stop, &regs, &step, error))
			return false;
		if (regs.rip == control->parked)
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

static bool try_pte(Control *control, int page, GError **error)
{
	Machine *machine = control->stage->guest->machine;
	const WatchedPage *watched = &control->stage->guest->pages[page];
	guint64 was = machine_phys64(machine, watched->pte_phys);
	guint64 at = watched->pte_addr;

	/* A value of our own, not present: an empty PTE tells nothing. */
	machine_phys64_set(machine, watched->pte_phys, LANDING & ~PTE_PRESENT);
	if (!touch(control, GUEST_CONTROL_KERNEL_LOAD, at, error) ||
	    !judge(control, CONTROL_PTE_LOAD, page, count(control->watched, at) == 1 &&
		   (guint64)result(control) == (LANDING & ~PTE_PRESENT), error) ||
	    !touch(control, GUEST_CONTROL_KERNEL_STORE, at, error) ||
	    !judge(control, CONTROL_PTE_STORE, page, count(control->watched, at) == 1 &&
		   machine_phys64(machine, watched->pte_phys) == GUEST_CONTROL_STORES, error))
		return false;
	machine_phys64_set(machine, watched->pte_phys, was);
	return true;
}

/* The page maps our own meanwhile, so that there is something to load and to store to. */
static bool try_kernel(Control *control, int page, GError **error)
{
	const Guest *guest = control->stage->guest;
	const WatchedPage *watched = &guest->pages[page];
	guint64 was = machine_phys64(guest->machine, watched->pte_phys), at = watched->kaddr;
	int vcpu = stage_vcpu(control->stage, control->actor);

	machine_phys64_set(guest->machine, watched->pte_phys,
			   (guest->control_phys & PTE_PFN_MASK) | PTE_KERNEL);
	if (!machine_forget_translations(guest->machine, vcpu, error) ||
	    !touch(control, GUEST_CONTROL_KERNEL_LOAD, at, error) ||
	    !judge(control, CONTROL_KERNEL_LOAD, page, count(control->watched, at) == 1 &&
		   (guint64)result(control) == LANDING, error) ||
	    !touch(control, GUEST_CONTROL_KERNEL_STORE, at, error) ||
	    !judge(control, CONTROL_KERNEL_STORE, page, count(control->watched, at) == 1 &&
		   get(control, offsetof(struct guest_control, landing)) == GUEST_CONTROL_STORES,
		   error))
		return false;
	machine_phys64_set(guest->machine, watched->pte_phys, was);
	return machine_forget_translations(guest->machine, vcpu, error);
}

/* A page that maps scratch gives user space a SIGSEGV and no access. */
static void empty_if_scratch(const Guest *guest, const WatchedPage *page)
{
	guint64 pte = machine_phys64(guest->machine, page->pte_phys);

	if (pte_present(pte) && (gint64)pte_pfn(pte) == page->scratch_pfn)
		machine_phys64_set(guest->machine, page->pte_phys, 0);
}

/* Through a user fault, which may allocate; nothing here can be put back by hand. */
static bool try_user(Control *control, int page, GError **error)
{
	const Guest *guest = control->stage->guest;
	const WatchedPage *watched = &guest->pages[page];
	int vcpu = stage_vcpu(control->stage, control->actor);
	Regs regs;

	empty_if_scratch(guest, watched);
	if (!touch(control, GUEST_CONTROL_USER_LOAD, watched->uaddr, error) ||
	    !machine_regs(guest->machine, vcpu, &regs, error))
		return false;
	guint64 pte = walk_user_pte(guest->machine, regs.cr3, watched->uaddr);
	bool mapped = pte_present(pte) && (pte_pfn(pte) + 1) << 12 <= machine_ram_bytes(guest->machine);
	guint64 word = mapped ? machine_phys64(guest->machine, pte_pfn(pte) << 12) : 0;
	if (!judge(control, CONTROL_USER_LOAD, page, count(control->watched, watched->uaddr) == 1 &&
		   mapped && (guint64)result(control) == word, error) ||
	    !touch(control, GUEST_CONTROL_USER_STORE, watched->uaddr, error) ||
	    !machine_regs(guest->machine, vcpu, &regs, error))
		return false;
	/* A first store may have got the page anew. */
	pte = walk_user_pte(guest->machine, regs.cr3, watched->uaddr);
	return judge(control, CONTROL_USER_STORE, page, count(control->watched, watched->uaddr) == 1 &&
		     pte_present(pte) &&
		     machine_phys64(guest->machine, pte_pfn(pte) << 12) == GUEST_CONTROL_STORES,
		     error);
}

static bool try_lock(Control *control, GError **error)
{
	const Guest *guest = control->stage->guest;
	guint64 was = machine_phys64(guest->machine, guest->lock_phys);

	if (!touch(control, GUEST_CONTROL_KERNEL_STORE, guest->lock_addr, error) ||
	    !judge(control, CONTROL_LOCK, -1, count(control->watched, guest->lock_addr) == 1 &&
		   guest_lock(guest) == (GUEST_CONTROL_STORES & guest->lock_held), error))
		return false;
	machine_phys64_set(guest->machine, guest->lock_phys, was);
	return true;
}

/* Through each of the allocator's doors: they take the same arguments. */
static bool try_free(Control *control, GError **error)
{
	const Stage *stage = control->stage;

	for (gsize i = 0; i < G_N_ELEMENTS(stage->frees); i++) {
		if (!stage->frees[i])
			continue;
		control->door = stage->frees[i];
		if (!touch(control, GUEST_CONTROL_CYCLE_PAGE, 0, error) ||
		    !judge(control, CONTROL_FREE, -1, count(control->freed, result(control)) == 1, error))
			return false;
	}
	control->door = 0;
	return true;
}

static bool try_unmap(Control *control, GError **error)
{
	const struct guest_actor *actors = control->stage->guest->report.actors;
	bool others = false;

	/* Who shares its page tables may have what is unmapped in a TLB. */
	for (int i = 0; i < control->stage->guest->n_actors; i++)
		others |= i != control->actor && actors[i].process == actors[control->actor].process;

	if (!touch(control, GUEST_CONTROL_UNMAP, 0, error) ||
	    !judge(control, CONTROL_FLUSH, -1, control->flushes > 0 && result(control) == 0, error))
		return false;
	return !others || control->asked || blind(control, CONTROL_IRQ_SERVED, NULL, error);
}

/* Every actor stands at guest_park(), and interrupts are held. */
static bool stand(Stage *stage, GError **error)
{
	Guest *guest = stage->guest;

	for (int i = 0; i < guest->n_actors; i++)
		if (!machine_regs(guest->machine, stage_vcpu(stage, i), &stage->actors[i].own.regs,
				  error) ||
		    !machine_hold_interrupts(guest->machine, stage_vcpu(stage, i), INTERRUPTS_HELD,
					     error))
			return false;
	return true;
}

/* Everything from one vCPU; what cannot be put back comes last. */
static bool try_actor(Control *control, GError **error)
{
	Guest *guest = control->stage->guest;

	if (!guest_restore(guest, GUEST_PARKED, error) || !stand(control->stage, error))
		return false;
	for (int page = 0; page < guest->n_pages; page++)
		if (!try_pte(control, page, error) || !try_kernel(control, page, error))
			return false;
	if (!try_lock(control, error) || !try_unmap(control, error) || !try_free(control, error))
		return false;
	for (int page = 0; page < guest->n_pages; page++)
		if (guest->pages[page].in_arena && !try_user(control, page, error))
			return false;
	return true;
}

bool control_all(Stage *stage, Controls *ret, GError **error)
{
	Machine *machine = stage->guest->machine;
	g_autoptr(GArray) watched = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_autoptr(GArray) freed = g_array_new(FALSE, FALSE, sizeof(guint64));
	Control control = {
		.stage = stage, .done = ret, .watched = watched, .freed = freed,
		.parked = symbols_address(stage->guest->symbols, "guest_park"),
	};
	bool ok = true;

	memset(ret, 0, sizeof(*ret));
	if (!machine_break(machine, control.parked, true, error))
		return false;
	for (control.actor = 0; control.actor < stage->guest->n_actors && ok; control.actor++)
		ok = try_actor(&control, error);
	return ok && machine_break(machine, control.parked, false, error);
}

bool control_operation(Stage *stage, int actor, guint64 word, gint64 *ret, GError **error)
{
	Machine *machine = stage->guest->machine;
	g_autoptr(GArray) watched = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_autoptr(GArray) freed = g_array_new(FALSE, FALSE, sizeof(guint64));
	Controls ignored = { 0 };
	Control control = {
		.stage = stage, .done = &ignored, .watched = watched, .freed = freed, .actor = actor,
		.parked = symbols_address(stage->guest->symbols, "guest_park"),
	};

	if (!machine_break(machine, control.parked, true, error) || !stand(stage, error) ||
	    !touch(&control, GUEST_CONTROL_SETUP, word, error))
		return false;
	*ret = result(&control);
	for (gsize at = 0; at < offsetof(struct guest_control, programs); at += sizeof(guint64))
		set(&control, at, 0);
	/* What it has asked of other vCPUs or of its own is done before anybody races. */
	for (int i = 0; i < stage->guest->n_actors; i++)
		if (guest_irq_queue(stage->guest, i) &&
		    (!machine_regs(machine, stage_vcpu(stage, i), &stage->actors[i].own.regs, error) ||
		     !serve(&control, i, error)))
			return false;
	return machine_break(machine, control.parked, false, error);
}
