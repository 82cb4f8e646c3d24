// SPDX-License-Identifier: GPL-2.0-only
#include "step/fake-guest.h"

#include <string.h>

#include "arch/arch.h"
#include "arch/pte.h"
#include "step/fake-machine.h"

enum { STACKS = 24, DATA = 32, REPORT = 33, LOCK_AT = 0x100, MAX_FUNCTIONS = 16 };

/* Where the kernel has its code, all of memory, and the page. */
static const guint64 CODE_VA = 0x10000000000, ALL_VA = 0x18000000000, PAGE_VA = 0x14000000000;

struct Symbols {
	struct {
		const char *name;
		guint64 start, size;
	} functions[MAX_FUNCTIONS];
	int n;
	Machine *machine;
};

const char GUEST_PARKED[] = "parked";

/* --- symbols ---------------------------------------------------------------------- */

guint64 symbols_address(Symbols *symbols, const char *name)
{
	for (int i = 0; i < symbols->n; i++)
		if (strcmp(symbols->functions[i].name, name) == 0)
			return symbols->functions[i].start;
	return 0;
}

bool symbols_function(Symbols *symbols, guint64 addr, const char **ret_name, guint64 *ret_start,
		      guint64 *ret_size)
{
	for (int i = 0; i < symbols->n; i++)
		if (addr - symbols->functions[i].start < symbols->functions[i].size) {
			*ret_name = symbols->functions[i].name;
			*ret_start = symbols->functions[i].start;
			*ret_size = symbols->functions[i].size;
			return true;
		}
	return false;
}

char *symbols_describe(Symbols *symbols, guint64 addr)
{
	const char *name;
	guint64 start, size;

	g_assert_true(symbols_function(symbols, addr, &name, &start, &size));
	return g_strdup_printf("%s+%d", name, (int)(addr - start));
}

char *symbols_line(Symbols *symbols, guint64 addr)
{
	(void)symbols;
	(void)addr;
	return NULL;
}

char *symbols_unit(Symbols *symbols, guint64 addr)
{
	(void)symbols;
	(void)addr;
	return g_strdup("kernel/fake/kernel.c");
}

char *symbols_build_id(Symbols *symbols, guint64 addr)
{
	(void)symbols;
	(void)addr;
	return NULL;
}

void symbols_each_function(Symbols *symbols, SymbolsFunc func, gpointer data)
{
	for (int i = 0; i < symbols->n; i++)
		func(symbols->functions[i].name, symbols->functions[i].start, symbols->functions[i].size,
		     data);
}

bool symbols_text(Symbols *symbols, guint64 addr, void *buffer, gsize len)
{
	if (addr - CODE_VA >= FAKE_PAGE)
		return false;
	memcpy(buffer, fake_ram(symbols->machine, FAKE_TEXT) + (addr - CODE_VA), len);
	return true;
}

/* --- a guest ------------------------------------------------------------------------- */

static int length_of(const FakeCode *code)
{
	return code->insn.operation == FAKE_NOP ? 1 : (int)sizeof(FakeInsn);
}

static int bytes_between(const FakeFunction *function, int from, int to)
{
	int bytes = 0;

	for (int i = MIN(from, to); i < MAX(from, to); i++)
		bytes += length_of(&function->code[i]);
	return from < to ? bytes : -bytes;
}

static void place(Guest *guest, const FakeFunction *function)
{
	Symbols *symbols = guest->symbols;
	int last = symbols->n - 1, n = 0;
	guint64 start = last < 0 ? CODE_VA : symbols->functions[last].start + symbols->functions[last].size;

	while (n < FAKE_CODE && function->code[n].insn.operation)
		n++;
	g_assert_cmpint(symbols->n, <, MAX_FUNCTIONS);
	symbols->functions[symbols->n].name = function->name;
	symbols->functions[symbols->n].start = start;
	symbols->functions[symbols->n++].size = bytes_between(function, 0, n);
}

static void assemble(Guest *guest, const FakeFunction *function)
{
	guint64 at = symbols_address(guest->symbols, function->name);

	for (int i = 0; i < FAKE_CODE && function->code[i].insn.operation; i++) {
		const FakeCode *code = &function->code[i];
		FakeInsn insn = code->insn;

		if (insn.operation == FAKE_JUMP || insn.operation == FAKE_BRANCH)
			insn.word = bytes_between(function, i + 1, i + 1 + insn.word);
		if (code->calls)
			insn.word = symbols_address(guest->symbols, code->calls) - (at + sizeof(insn));
		memcpy(fake_ram(guest->machine, FAKE_TEXT) + (at - CODE_VA), &insn, length_of(code));
		at += length_of(code);
	}
}

static void map(Machine *machine, guint64 va, guint64 pfn)
{
	machine_phys64_set(machine, fake_entry(machine, va), pte_of_kernel(pfn));
}

static void set_watch(Guest *guest, guint64 pte)
{
	Watch *watch = &guest->watch;

	watch->n_pages = watch->n_locks = watch->n_ptes = watch->n_waits = 1;
	watch->waits[0] = "kernel/fake/";
	watch->pages[0] = (WatchPage){ .n_views = 1, .views = { { -1, PAGE_VA, { ALL_VA + pte, pte }, 0 } } };
	watch->locks[0] = (WatchLock){ "fake", LOCK_SPIN, -1, ALL_VA + DATA * FAKE_PAGE + LOCK_AT,
				       DATA * FAKE_PAGE + LOCK_AT, 8, ~0ull };
}

static void set_actor(Guest *guest, int i, const char *function, guint64 pte)
{
	Regs *regs = fake_regs(guest->machine, i);

	g_strlcpy(guest->report.actors[i].name, function, sizeof(guest->report.actors[i].name));
	guest->report.actors[i].cpu = i;
	regs->pc = symbols_address(guest->symbols, function);
	regs->root = FAKE_ROOT;
	regs->general[REG_PTE] = ALL_VA + pte;
	regs->general[REG_PAGE] = PAGE_VA;
	regs->general[REG_LOCK] = ALL_VA + DATA * FAKE_PAGE + LOCK_AT;
	regs->general[REG_MAPS_A] = pte_of_kernel(FRAME_A);
	regs->general[REG_MAPS_B] = pte_of_kernel(FRAME_B);
	regs->general[FAKE_SP] = ALL_VA + (STACKS + i) * FAKE_PAGE + FAKE_PAGE / 2;
}

Guest *fake_guest(const FakeFunction *functions, int n, int n_actors, bool mapped)
{
	static const FakeFunction common[] = {
		{ "guest_returned", { PLAIN(FAKE_NOP), PLAIN(FAKE_RETURN) } },
		{ "guest_done", { PLAIN(FAKE_NOP), PLAIN(FAKE_HALT), JUMP(-2) } },
		{ "guest_sync", { PLAIN(FAKE_NOP), PLAIN(FAKE_RETURN) } },
		{ "oops_enter", { PLAIN(FAKE_NOP), PLAIN(FAKE_RETURN) } },
		{ "panic", { PLAIN(FAKE_NOP), PLAIN(FAKE_RETURN) } },
		{ "on_fault", { CALL("oops_enter"), PLAIN(FAKE_HALT) } },
	};
	Guest *guest = g_new0(Guest, 1);
	Machine *machine = guest->machine = fake_machine_new();

	guest->symbols = g_new0(Symbols, 1);
	guest->symbols->machine = machine;
	guest->n_actors = guest->report.n_actors = n_actors;
	guest->n_pages = guest->report.n_pages = 1;
	guest->report_phys = REPORT * FAKE_PAGE;
	for (int i = 0; i < n + (int)G_N_ELEMENTS(common); i++)
		place(guest, i < n ? &functions[i] : &common[i - n]);
	for (int i = 0; i < n + (int)G_N_ELEMENTS(common); i++)
		assemble(guest, i < n ? &functions[i] : &common[i - n]);
	fake_fault_at(machine, symbols_address(guest->symbols, ARCH.page_fault));
	map(machine, CODE_VA, FAKE_TEXT);
	for (int frame = 0; frame < FAKE_FRAMES; frame++)
		map(machine, ALL_VA + frame * FAKE_PAGE, frame);
	guint64 pte = fake_entry(machine, PAGE_VA);
	machine_phys64_set(machine, pte, mapped ? pte_of_kernel(FRAME_A) : 0);
	machine_phys64_set(machine, FRAME_A * FAKE_PAGE, FRAME_WORD);
	set_watch(guest, pte);
	for (int i = 0; i < n_actors; i++)
		set_actor(guest, i, functions[i].name, pte);
	guest_save(guest, GUEST_PARKED, NULL);
	return guest;
}

void guest_free(Guest *guest)
{
	if (!guest)
		return;
	machine_free(guest->machine);
	g_free(guest->symbols);
	g_free(guest);
}

bool guest_save(Guest *guest, const char *tag, GError **error)
{
	return machine_save(guest->machine, tag, error);
}

bool guest_restore(Guest *guest, const char *tag, GError **error)
{
	return machine_restore(guest->machine, tag, error);
}

/* --- what no test here comes to ------------------------------------------------------- */

bool guest_look(Guest *guest, GError **error)
{
	(void)guest;
	(void)error;
	g_assert_not_reached();
}

JsonObject *analyst_ask(Analyst *analyst, JsonObject *request, GError **error)
{
	(void)analyst;
	(void)request;
	(void)error;
	g_assert_not_reached();
}
