// SPDX-License-Identifier: GPL-2.0-only
#include "program.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf.h"
#include "btf.h"
#include "guest.h"

static const char *const kfunc_names[N_VERBS] = {
	[VERB_ALLOC] = "bpf_arena_alloc_pages",
	[VERB_ALLOC_ALL] = "bpf_arena_alloc_pages",
	[VERB_FREE] = "bpf_arena_free_pages",
	[VERB_FREE_ALL] = "bpf_arena_free_pages",
	[VERB_FREE_DEFERRED] = "bpf_arena_free_pages",
	[VERB_RESERVE] = "bpf_arena_reserve_pages",
	[VERB_READ] = "racerig_arena_read",
	[VERB_WRITE] = "racerig_arena_write",
	[VERB_ADDRESS] = "racerig_arena_address",
	[VERB_PEEK] = "racerig_read",
	[VERB_POKE] = "racerig_write",
	[VERB_STRAY_PEEK] = "racerig_read",
	[VERB_STRAY_POKE] = "racerig_write",
	[VERB_CYCLE_PAGE] = "racerig_cycle_page",
};

/* Where a program finds the arena's kernel mapping, in bytes. */
static struct {
	uint32_t kern_vm;	/* in struct bpf_arena */
	uint32_t addr;		/* in struct vm_struct */
} offsets;

static struct btf *vmlinux, *module;
static int module_fd;
static char verifier_log[16384];

static uint32_t member_offset(const char *type, const char *name)
{
	int offset = btf_member_offset(vmlinux, type, name);

	if (offset < 0)
		guest_fail("this kernel has no %s in struct %s", name, type);
	return (uint32_t)offset;
}

static struct bpf_insn mov_imm(uint8_t reg, int32_t value)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K,
				  .dst_reg = reg, .imm = value };
}

static struct bpf_insn mov_reg(uint8_t to, uint8_t from)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_X,
				  .dst_reg = to, .src_reg = from };
}

static void load_btf(void)
{
	if (vmlinux)
		return;
	vmlinux = btf_load("vmlinux", NULL);
	module = btf_load("racerig_kfuncs", vmlinux);
	module_fd = bpf_btf_open("racerig_kfuncs");
	offsets.kern_vm = member_offset("bpf_arena", "kern_vm");
	offsets.addr = member_offset("vm_struct", "addr");
}

/* dst = 64-bit constant, or the map behind the descriptor @value: two slots. */
static int load_imm64(struct bpf_insn *insn, uint8_t reg, uint8_t kind, uint64_t value)
{
	insn[0] = (struct bpf_insn){ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = reg,
				     .src_reg = kind, .imm = (int32_t)value };
	insn[1] = (struct bpf_insn){ .imm = (int32_t)(value >> 32) };
	return 2;
}

/* Whether the verifier turns our kfunc @name's first argument into the kernel's address. */
static bool is_rebased(const char *name)
{
	return strstr(btf_first_argument(module, name), "__arena");
}

static struct bpf_insn load_field(uint8_t reg, uint8_t from, uint32_t offset)
{
	return (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = reg,
				  .src_reg = from, .off = (int16_t)offset };
}

/* r1 = what the verb's kfunc is to get for the page.  r1 is the map, and r2 free to use. */
static int load_pointer(struct bpf_insn *insn, const struct program_spec *spec)
{
	/* The lower guard: half of what a 16-bit offset reaches. */
	static const uint32_t guard = 1u << 15;

	if (is_rebased(kfunc_names[spec->verb]))
		return load_imm64(insn, BPF_REG_1, 0, spec->addr);
	insn[0] = load_field(BPF_REG_1, BPF_REG_1, offsets.kern_vm);
	insn[1] = load_field(BPF_REG_1, BPF_REG_1, offsets.addr);
	load_imm64(insn + 2, BPF_REG_2, 0, guard + (uint32_t)spec->addr);
	insn[4] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_ADD | BPF_X,
				     .dst_reg = BPF_REG_1, .src_reg = BPF_REG_2 };
	return 5;
}

/* A call of kfunc @name, the first of its name in the kernel or in our module. */
static bool call(struct bpf_insn *insn, const char *name)
{
	bool ours = strncmp(name, "racerig_", strlen("racerig_")) == 0;
	int id = btf_find(ours ? module : vmlinux, name, BTF_KIND_FUNC);

	*insn = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL,
				   .off = ours ? 1 : 0, .imm = id };
	return id > 0;
}

/* r1 to r5, as the verb's kfunc takes them; r6 is the context. */
static int put_arguments(struct bpf_insn *insns, const struct program_spec *spec)
{
	int n = 0;

	/* Naming the map is what ties a program to its arena. */
	if (spec->verb < VERB_STRAY_PEEK)
		n += load_imm64(insns + n, BPF_REG_1, BPF_PSEUDO_MAP_FD, spec->map_fd);
	if (spec->verb <= VERB_RESERVE) {
		n += load_imm64(insns + n, BPF_REG_2, 0, spec->addr);
		insns[n++] = mov_imm(BPF_REG_3, spec->n_pages);
		insns[n++] = mov_imm(BPF_REG_4, -1);	/* NUMA_NO_NODE */
		insns[n++] = mov_imm(BPF_REG_5, 0);	/* flags */
		return n;
	}
	if (spec->verb <= VERB_ADDRESS)
		n += load_pointer(insns + n, spec);
	else
		insns[n++] = load_field(BPF_REG_1, BPF_REG_6, 0);
	insns[n++] = mov_imm(BPF_REG_2, PROGRAM_WRITES);
	return n;
}

/* r0, from what the verb's kfunc returned. */
static int put_result(struct bpf_insn *insns, enum verb verb)
{
	int n = 0;

	switch (verb) {
	case VERB_ALLOC:
	case VERB_ALLOC_ALL:
		/* An arena pointer; say whether it is NULL. */
		insns[n++] = mov_reg(BPF_REG_7, BPF_REG_0);
		insns[n++] = mov_imm(BPF_REG_0, 0);
		insns[n++] = (struct bpf_insn){ .code = BPF_JMP | BPF_JEQ | BPF_K,
						.dst_reg = BPF_REG_7, .off = 1 };
		insns[n++] = mov_imm(BPF_REG_0, 1);
		return n;
	case VERB_ADDRESS:
	case VERB_PEEK:
	case VERB_STRAY_PEEK:
	case VERB_CYCLE_PAGE:
		insns[n++] = (struct bpf_insn){ .code = BPF_STX | BPF_MEM | BPF_DW,
						.dst_reg = BPF_REG_6, .src_reg = BPF_REG_0 };
		return n;
	case VERB_RESERVE:
	case VERB_READ:
		return 0;
	default:
		insns[n++] = mov_imm(BPF_REG_0, 0);
		return n;
	}
}

struct program program_load(const struct program_spec *spec)
{
	struct program program = { .fd = -1 };
	bool defer = spec->verb == VERB_FREE_DEFERRED, known;
	struct bpf_insn insns[32];
	int n = 0;

	load_btf();
	insns[n++] = mov_reg(BPF_REG_6, BPF_REG_1);
	/* Between these two nothing may sleep. */
	if (defer && !call(&insns[n++], "bpf_rcu_read_lock"))
		return program;
	n += put_arguments(insns + n, spec);
	known = call(&insns[n++], kfunc_names[spec->verb]);
	if (!known || (defer && !call(&insns[n++], "bpf_rcu_read_unlock")))
		return program;
	n += put_result(insns + n, spec->verb);
	insns[n++] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };

	program.fd = bpf_prog_new(insns, n, module_fd, verifier_log, sizeof(verifier_log));
	/* Where a free may sleep, the verifier does not let it be where nothing may. */
	if (program.fd < 0 && defer)
		return program;
	if (program.fd < 0) {
		printf("%s\n", verifier_log);
		guest_fail("loading program %d: %s", spec->verb, strerror(errno));
	}
	program.id = bpf_prog_id(program.fd);
	return program;
}

void program_unload(struct program *program)
{
	if (program->fd < 0)
		return;
	close(program->fd);
	program->fd = -1;
}

/*
 * The kernel frees programs in the order they were closed, and then lets go of their
 * maps: one more program, with a map that nobody else has, is through last.
 */
void programs_wait_gone(void)
{
	const struct bpf_map_spec canary = { .type = BPF_MAP_TYPE_ARRAY, .name = "canary",
					     .key_size = 4, .value_size = 8, .max_entries = 1 };
	int map_fd = bpf_map_new(&canary), again;
	struct program_spec spec = { .verb = VERB_PEEK, .map_fd = map_fd };

	if (map_fd < 0)
		guest_fail("making the last map: %s", strerror(errno));
	uint32_t id = bpf_map_id(map_fd);
	struct program last = program_load(&spec);
	program_unload(&last);
	close(map_fd);
	while ((again = bpf_map_open(id)) >= 0) {
		close(again);
		usleep(1000);
	}
}

/* What could not be run is a negative errno; *@ret is what the program returned. */
static int run(const struct program *program, uint64_t *context, int64_t *ret)
{
	uint32_t returned;

	if (program->fd < 0)
		return -ENOSYS;
	if (guest_self())
		guest_self()->program = program->id;
	int err = bpf_prog_run(program->fd, context, &returned);
	/* A program returns an int, and retval is that, unsigned. */
	*ret = err ? err : (int32_t)returned;

	guest_returned(*ret);
	return err;
}

int64_t program_run(const struct program *program)
{
	uint64_t context = 0;
	int64_t result;
	int err = run(program, &context, &result);

	return err ? err : result;
}

uint64_t program_run64(const struct program *program, uint64_t argument)
{
	uint64_t context = argument;
	int64_t result;
	int err = run(program, &context, &result);

	/* Half of a 64-bit result may look like an errno. */
	if (err)
		return err;
	return context == argument ? 0 : context;
}
