// SPDX-License-Identifier: GPL-2.0-only
#include "step/fake-machine.h"

#include <string.h>

#include "arch/arch.h"
#include "arch/pte.h"
#include "machine/machine.h"
#include "util/error.h"

enum { TLB_ENTRIES = 8, MAX_RUN = 100000, RAM_BYTES = FAKE_FRAMES * FAKE_PAGE, ACCESSED = 8 };

typedef struct {
	guint64 page, pte;
} Entry;

typedef struct {
	Regs regs;
	Entry tlb[TLB_ENTRIES];
	int next;		/* the entry that is overwritten next */
	guint64 again;		/* a watchpoint that a step has hit: it is reported once more */
} Cpu;

typedef struct {
	guint64 addr;
	gsize len;
	WatchKind kind;
} Watchpoint;

typedef struct {
	guint8 ram[RAM_BYTES];
	Cpu cpus[FAKE_VCPUS];
} Image;

struct Machine {
	Image now;
	GHashTable *saved;	/* tag -> Image */
	GHashTable *breaks;	/* set of guint64 */
	GArray *watches;	/* of Watchpoint */
	int tables;		/* frames of page tables that are used */
	guint64 fault_entry;	/* where a fault goes */
};

Machine *fake_machine_new(void)
{
	Machine *machine = g_new0(Machine, 1);

	machine->saved = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	machine->breaks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	machine->watches = g_array_new(FALSE, TRUE, sizeof(Watchpoint));
	return machine;
}

void machine_free(Machine *machine)
{
	if (!machine)
		return;
	g_hash_table_unref(machine->saved);
	g_hash_table_unref(machine->breaks);
	g_array_unref(machine->watches);
	g_free(machine);
}

guint8 *fake_ram(Machine *machine, int frame)
{
	return machine->now.ram + frame * FAKE_PAGE;
}

Regs *fake_regs(Machine *machine, int vcpu)
{
	return &machine->now.cpus[vcpu].regs;
}

void fake_fault_at(Machine *machine, guint64 entry)
{
	machine->fault_entry = entry;
}

/* --- memory ------------------------------------------------------------------ */

bool machine_has_phys(const Machine *machine, guint64 phys, gsize len)
{
	(void)machine;
	return len <= RAM_BYTES && phys <= RAM_BYTES - len;
}

guint64 machine_phys64(Machine *machine, guint64 phys)
{
	guint64 word;

	g_assert(machine_has_phys(machine, phys, sizeof(word)));
	memcpy(&word, machine->now.ram + phys, sizeof(word));
	return word;
}

void machine_phys64_set(Machine *machine, guint64 phys, guint64 value)
{
	g_assert(machine_has_phys(machine, phys, sizeof(value)));
	memcpy(machine->now.ram + phys, &value, sizeof(value));
}

static guint64 read_entry(gpointer machine, guint64 phys)
{
	return machine_has_phys(machine, phys, sizeof(guint64)) ? machine_phys64(machine, phys) : 0;
}

guint64 fake_entry(Machine *machine, guint64 va)
{
	guint64 table = FAKE_ROOT, at = 0;

	for (int level = 2; level >= 0; level--) {
		at = (table << FAKE_PAGE_SHIFT) + 8 * (va >> (FAKE_PAGE_SHIFT + 10 * level) & 1023);
		if (!level)
			break;
		if (!pte_present(machine_phys64(machine, at)))
			machine_phys64_set(machine, at, pte_of_kernel(FAKE_TABLES + machine->tables++));
		table = pte_pfn(machine_phys64(machine, at));
	}
	g_assert_cmpint(FAKE_TABLES + machine->tables, <=, FAKE_TEXT);
	return at;
}

/* Through the TLB, which is filled; the walker leaves a bit in what it has used. */
static bool translate(Machine *machine, Cpu *cpu, guint64 va, bool store, guint64 *ret)
{
	guint64 page = va >> FAKE_PAGE_SHIFT, pte = 0;

	for (int i = 0; i < TLB_ENTRIES && !pte; i++)
		if (cpu->tlb[i].pte && cpu->tlb[i].page == page)
			pte = cpu->tlb[i].pte;
	if (!pte && (pte = pte_walk(FAKE_ROOT, va, read_entry, machine))) {
		guint64 at = fake_entry(machine, va);

		machine_phys64_set(machine, at, machine_phys64(machine, at) | ACCESSED);
		cpu->tlb[cpu->next++ % TLB_ENTRIES] = (Entry){ page, pte };
	}
	*ret = (pte_pfn(pte) << FAKE_PAGE_SHIFT) + va % FAKE_PAGE;
	return pte_allows(pte, store, !arch_is_kernel(va));
}

bool machine_read(Machine *machine, int vcpu, guint64 addr, void *buffer, gsize len, GError **error)
{
	(void)vcpu;
	for (gsize i = 0; i < len; i++) {
		guint64 pte = pte_walk(FAKE_ROOT, addr + i, read_entry, machine);
		guint64 phys = (pte_pfn(pte) << FAKE_PAGE_SHIFT) + (addr + i) % FAKE_PAGE;

		if (!pte) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "nothing there");
			return false;
		}
		((guint8 *)buffer)[i] = machine->now.ram[phys];
	}
	return true;
}

bool machine_word(Machine *machine, int vcpu, RegPlace place, guint64 *ret, GError **error)
{
	*ret = place.value;
	return !place.in_memory || machine_read(machine, vcpu, place.value, ret, sizeof(*ret), error);
}

/* --- one instruction ------------------------------------------------------------- */

static guint64 watched(const Machine *machine, guint64 va, gsize bytes, bool load, bool store)
{
	for (guint i = 0; i < machine->watches->len; i++) {
		const Watchpoint *watch = &g_array_index(machine->watches, Watchpoint, i);

		if (va < watch->addr + watch->len && watch->addr < va + bytes &&
		    (watch->kind == WATCH_ACCESS || (watch->kind == WATCH_WRITE ? store : load)))
			return watch->addr;
	}
	return 0;
}

/* A load, a store or both; false: it faults.  *@ret: the watchpoint that it hits, or 0. */
static bool access_memory(Machine *machine, Cpu *cpu, const FakeInsn *insn, guint64 *ret)
{
	guint64 *regs = cpu->regs.general, va = regs[insn->base] + insn->word, phys;
	bool store = insn->operation != FAKE_LOAD;

	if (!translate(machine, cpu, va, store, &phys)) {
		cpu->regs.fault = va;
		regs[FAKE_FAULT_PC] = cpu->regs.pc;
		cpu->regs.pc = machine->fault_entry;
		return false;
	}
	guint64 old = machine_phys64(machine, phys), new = regs[insn->reg];
	if (insn->operation == FAKE_ADD)
		new += old;
	if (insn->operation == FAKE_CAS && old != regs[0])
		new = old;
	if (store)
		machine_phys64_set(machine, phys, new);
	if (insn->operation == FAKE_LOAD || insn->operation == FAKE_SWAP)
		regs[insn->reg] = old;
	if (insn->operation == FAKE_CAS)
		regs[0] = old;
	*ret = watched(machine, va, insn->bytes, insn->operation != FAKE_STORE, store);
	return true;
}

static void flush(Cpu *cpu, const FakeInsn *insn)
{
	guint64 page = (cpu->regs.general[insn->base] + insn->word) >> FAKE_PAGE_SHIFT;

	for (int i = 0; i < TLB_ENTRIES; i++)
		if (insn->operation == FAKE_FLUSH_ALL ||
		    (insn->operation == FAKE_FLUSH_PAGE ? cpu->tlb[i].page == page
							: !pte_is_global(cpu->tlb[i].pte)))
			cpu->tlb[i].pte = 0;
}

/* What is neither memory's nor the TLB's business. */
static void control(Cpu *cpu, const FakeInsn *insn, int size)
{
	Regs *regs = &cpu->regs;
	guint64 next = regs->pc + size;

	switch ((FakeOperation)insn->operation) {
	case FAKE_SET:
		regs->general[insn->reg] = insn->word;
		break;
	case FAKE_CALL:
		regs->general[FAKE_LINK] = next;
		next += insn->word;
		break;
	case FAKE_JUMP:
		next += insn->word;
		break;
	case FAKE_BRANCH:
		next += regs->general[insn->reg] ? insn->word : 0;
		break;
	case FAKE_RETURN:
		next = regs->general[FAKE_LINK];
		break;
	case FAKE_MASK:
	case FAKE_UNMASK:
		regs->flags = insn->operation == FAKE_MASK ? FAKE_MASKED : 0;
		break;
	default:
		break;
	}
	regs->pc = next;
}

/* The watchpoint that it hits, or 0. */
static guint64 execute(Machine *machine, Cpu *cpu)
{
	FakeInsn insn = { 0 };
	guint64 phys, hit = 0;

	g_assert_true(translate(machine, cpu, cpu->regs.pc, false, &phys));
	memcpy(&insn, machine->now.ram + phys, sizeof(insn));
	int size = insn.operation == FAKE_NOP ? 1 : sizeof(insn);
	switch ((FakeOperation)insn.operation) {
	case FAKE_LOAD:
	case FAKE_STORE:
	case FAKE_CAS:
	case FAKE_SWAP:
	case FAKE_ADD:
		if (access_memory(machine, cpu, &insn, &hit))
			cpu->regs.pc += size;
		return hit;
	case FAKE_FLUSH_PAGE:
	case FAKE_FLUSH_LOCAL:
	case FAKE_FLUSH_ALL:
		flush(cpu, &insn);
		break;
	default:
		break;
	}
	control(cpu, &insn, size);
	return 0;
}

/* --- running ----------------------------------------------------------------------- */

bool machine_is_break(const Machine *machine, guint64 addr)
{
	return g_hash_table_contains(machine->breaks, &addr);
}

bool machine_break(Machine *machine, guint64 addr, bool insert, GError **error)
{
	(void)error;
	if (insert)
		g_hash_table_add(machine->breaks, g_memdup2(&addr, sizeof(addr)));
	else
		g_hash_table_remove(machine->breaks, &addr);
	return true;
}

bool machine_watch(Machine *machine, guint64 addr, gsize len, WatchKind kind, bool insert, GError **error)
{
	Watchpoint new = { addr, len, kind };

	(void)error;
	if (insert)
		g_array_append_val(machine->watches, new);
	for (guint i = 0; !insert && i < machine->watches->len; i++)
		if (memcmp(&g_array_index(machine->watches, Watchpoint, i), &new, sizeof(new)) == 0)
			g_array_remove_index(machine->watches, i--);
	return true;
}

bool machine_run(Machine *machine, int vcpu, Stop *ret, GError **error)
{
	Cpu *cpu = &machine->now.cpus[vcpu];
	guint64 hit = cpu->again;

	(void)error;
	cpu->again = 0;
	for (int i = 0; i < MAX_RUN && !hit; i++) {
		if (machine_is_break(machine, cpu->regs.pc)) {
			*ret = (Stop){ STOP_BREAK, vcpu, 0 };
			return true;
		}
		hit = execute(machine, cpu);
	}
	*ret = (Stop){ hit ? STOP_WATCH : STOP_INTERRUPTED, vcpu, hit };
	return true;
}

bool machine_step(Machine *machine, int vcpu, Stop *ret, GError **error)
{
	Cpu *cpu = &machine->now.cpus[vcpu];

	(void)error;
	cpu->again = execute(machine, cpu);
	*ret = (Stop){ cpu->again ? STOP_WATCH : STOP_BREAK, vcpu, cpu->again };
	return true;
}

bool machine_step_watched(Machine *machine, int vcpu, guint64 pc, Stop *ret, GError **error)
{
	bool ok = machine_break(machine, pc, false, error) && machine_run(machine, vcpu, ret, error) &&
		  machine_break(machine, pc, true, error);

	g_assert_cmpint(ret->kind, ==, STOP_WATCH);
	return ok;
}

bool machine_regs(Machine *machine, int vcpu, Regs *ret, GError **error)
{
	(void)error;
	*ret = machine->now.cpus[vcpu].regs;
	return true;
}

bool machine_set(Machine *machine, int vcpu, RegWrite write, GError **error)
{
	Cpu *cpu = &machine->now.cpus[vcpu];

	(void)error;
	if (write.number == FAKE_PC)
		cpu->regs.pc = write.value;
	else if (write.number == FAKE_PURGE)
		memset(cpu->tlb, 0, sizeof(cpu->tlb));
	else if (write.number < FAKE_GENERAL)
		cpu->regs.general[write.number] = write.value;
	else
		g_assert_cmpint(write.number, ==, FAKE_PRIORITY);
	return true;
}

bool machine_hold_interrupts(Machine *machine, int vcpu, HoldInterrupts hold, GError **error)
{
	return machine_set(machine, vcpu, reg_hold_interrupts(hold), error);
}

bool machine_flush_tlb(Machine *machine, int vcpu, GError **error)
{
	return machine_set(machine, vcpu, reg_flush_tlb(&machine->now.cpus[vcpu].regs), error);
}

void machine_allow(Machine *machine, int seconds)
{
	(void)machine;
	(void)seconds;
}

/* TLBs are no part of a snapshot. */
bool machine_save(Machine *machine, const char *tag, GError **error)
{
	Image *image = g_memdup2(&machine->now, sizeof(Image));

	(void)error;
	for (int i = 0; i < FAKE_VCPUS; i++)
		memset(image->cpus[i].tlb, 0, sizeof(image->cpus[i].tlb));
	g_hash_table_replace(machine->saved, g_strdup(tag), image);
	return true;
}

bool machine_restore(Machine *machine, const char *tag, GError **error)
{
	(void)error;
	memcpy(&machine->now, g_hash_table_lookup(machine->saved, tag), sizeof(Image));
	return true;
}

/* --- what no test here comes to ------------------------------------------------------- */

const char *machine_qemu_version(const Machine *machine)
{
	(void)machine;
	g_assert_not_reached();
}

Mark *machine_mark(Machine *machine, const char *tag, GError **error)
{
	(void)machine;
	(void)tag;
	(void)error;
	g_assert_not_reached();
}

bool machine_since(Machine *machine, const Mark *mark, MarkFunc func, gpointer data, GError **error)
{
	(void)machine;
	(void)mark;
	(void)func;
	(void)data;
	(void)error;
	g_assert_not_reached();
}
