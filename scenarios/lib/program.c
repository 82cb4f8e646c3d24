// SPDX-License-Identifier: GPL-2.0-only
#include "program.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf.h"
#include "btf.h"
#include "guest.h"

static const char *const kfunc_names[N_KFUNCS] = {
	[KFUNC_ALLOC] = "bpf_arena_alloc_pages",
	[KFUNC_FREE] = "bpf_arena_free_pages",
	[KFUNC_FREE_NOSLEEP] = "bpf_arena_free_pages",
	[KFUNC_RESERVE] = "bpf_arena_reserve_pages",
	[KFUNC_READ] = "racerig_arena_read",
	[KFUNC_WRITE] = "racerig_arena_write",
	[KFUNC_ADDRESS] = "racerig_arena_address",
	[KFUNC_PEEK] = "racerig_read",
	[KFUNC_POKE] = "racerig_write",
	[KFUNC_STRAY_PEEK] = "racerig_read",
	[KFUNC_STRAY_POKE] = "racerig_write",
	[KFUNC_CYCLE_PAGE] = "racerig_cycle_page",
	[KFUNC_READ_ELSEWHERE] = "racerig_read_elsewhere",
	[KFUNC_VMAP_LEARN] = "racerig_vmap_learn",
	[KFUNC_VMAP_MAP] = "racerig_vmap_map",
	[KFUNC_VMAP_UNMAP] = "racerig_vmap_unmap",
	[KFUNC_VMAP_PURGE] = "racerig_vmap_purge",
	[KFUNC_VMAP_READ] = "racerig_vmap_read",
	[KFUNC_VMAP_WRITE] = "racerig_vmap_write",
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

/* dst = the map behind the descriptor: two slots. */
static int load_map(struct bpf_insn *insn, uint8_t reg, int map_fd)
{
	insn[0] = (struct bpf_insn){ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = reg,
				     .src_reg = BPF_PSEUDO_MAP_FD, .imm = map_fd };
	insn[1] = (struct bpf_insn){ 0 };
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

static struct bpf_insn load_context(uint8_t reg, uint32_t offset)
{
	return load_field(reg, BPF_REG_6, offset);
}

static struct bpf_insn store_value(uint8_t reg)
{
	return (struct bpf_insn){ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_6,
				  .src_reg = reg,
				  .off = offsetof(struct program_context, value) };
}

/* r1 = what the kfunc is to get for the page.  r1 is the map, and r2 free to use. */
static int load_pointer(struct bpf_insn *insn, enum kfunc kfunc)
{
	/* The lower guard: half of what a 16-bit offset reaches. */
	static const int32_t guard = 1 << 15;
	static const uint32_t address = offsetof(struct program_context, address);

	if (is_rebased(kfunc_names[kfunc])) {
		insn[0] = load_context(BPF_REG_1, address);
		return 1;
	}
	insn[0] = load_field(BPF_REG_1, BPF_REG_1, offsets.kern_vm);
	insn[1] = load_field(BPF_REG_1, BPF_REG_1, offsets.addr);
	/* The lower half, without a sign. */
	insn[2] = load_context(BPF_REG_2, address);
	insn[2].code = BPF_LDX | BPF_MEM | BPF_W;
	insn[3] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_ADD | BPF_K,
				     .dst_reg = BPF_REG_2, .imm = guard };
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

/* r1 to r5, as the kfunc takes them; r6 is the context. */
static int put_arguments(struct bpf_insn *insns, enum kfunc kfunc, int map_fd)
{
	int n = 0;

	/* Naming the map is what ties a program to its arena. */
	if (kfunc < KFUNC_STRAY_PEEK)
		n += load_map(insns + n, BPF_REG_1, map_fd);
	if (kfunc <= KFUNC_RESERVE) {
		insns[n++] = load_context(BPF_REG_2, offsetof(struct program_context, address));
		insns[n++] = load_context(BPF_REG_3, offsetof(struct program_context, n_pages));
		insns[n++] = mov_imm(BPF_REG_4, -1);	/* NUMA_NO_NODE */
		insns[n++] = mov_imm(BPF_REG_5, 0);	/* flags */
		return n;
	}
	if (kfunc <= KFUNC_ADDRESS)
		n += load_pointer(insns + n, kfunc);
	else
		insns[n++] = load_context(BPF_REG_1, offsetof(struct program_context, address));
	insns[n++] = kfunc >= KFUNC_VMAP_LEARN && kfunc <= KFUNC_VMAP_UNMAP
		? load_context(BPF_REG_2, offsetof(struct program_context, n_pages))
		: mov_imm(BPF_REG_2, PROGRAM_WRITES);
	return n;
}

/* r0, from what the kfunc returned. */
static int put_result(struct bpf_insn *insns, enum kfunc kfunc)
{
	int n = 0;

	switch (kfunc) {
	case KFUNC_ALLOC:
		/* An arena pointer; say whether it is NULL. */
		insns[n++] = mov_reg(BPF_REG_7, BPF_REG_0);
		insns[n++] = store_value(BPF_REG_7);
		insns[n++] = mov_imm(BPF_REG_0, 0);
		insns[n++] = (struct bpf_insn){ .code = BPF_JMP | BPF_JEQ | BPF_K,
						.dst_reg = BPF_REG_7, .off = 1 };
		insns[n++] = mov_imm(BPF_REG_0, 1);
		return n;
	case KFUNC_ADDRESS:
	case KFUNC_PEEK:
	case KFUNC_STRAY_PEEK:
	case KFUNC_CYCLE_PAGE:
	case KFUNC_READ_ELSEWHERE:
	case KFUNC_VMAP_LEARN:
		insns[n++] = store_value(BPF_REG_0);
		return n;
	case KFUNC_RESERVE:
	case KFUNC_READ:
	case KFUNC_VMAP_MAP:
	case KFUNC_VMAP_UNMAP:
	case KFUNC_VMAP_READ:
	case KFUNC_VMAP_WRITE:
		return 0;
	case KFUNC_VMAP_PURGE:
		insns[n++] = mov_imm(BPF_REG_0, VERB_PURGED);
		return n;
	default:
		insns[n++] = mov_imm(BPF_REG_0, 0);
		return n;
	}
}

struct program program_load(enum kfunc kfunc, int map_fd)
{
	struct program program = { .fd = -1 };
	bool nosleep = kfunc == KFUNC_FREE_NOSLEEP, known;
	struct bpf_insn insns[32];
	int n = 0;

	load_btf();
	insns[n++] = mov_reg(BPF_REG_6, BPF_REG_1);
	/* Between these two nothing may sleep. */
	if (nosleep && !call(&insns[n++], "bpf_rcu_read_lock"))
		return program;
	n += put_arguments(insns + n, kfunc, map_fd);
	known = call(&insns[n++], kfunc_names[kfunc]);
	if (!known || (nosleep && !call(&insns[n++], "bpf_rcu_read_unlock")))
		return program;
	n += put_result(insns + n, kfunc);
	insns[n++] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };

	program.fd = bpf_prog_new(insns, n, module_fd, verifier_log, sizeof(verifier_log));
	/* Where a free may sleep, the verifier does not let it be where nothing may. */
	if (program.fd < 0 && nosleep)
		return program;
	if (program.fd < 0) {
		printf("%s\n", verifier_log);
		guest_fail("loading program %d: %s", kfunc, strerror(errno));
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

	if (map_fd < 0)
		guest_fail("making the last map: %s", strerror(errno));
	uint32_t id = bpf_map_id(map_fd);
	struct program last = program_load(KFUNC_PEEK, map_fd);
	program_unload(&last);
	close(map_fd);
	while ((again = bpf_map_open(id)) >= 0) {
		close(again);
		usleep(1000);
	}
}

/* What could not be run is a negative errno; *@ret is what the program returned. */
static int run(const struct program *program, struct program_context *context, int64_t *ret)
{
	uint32_t returned;

	if (program->fd < 0)
		return -ENOSYS;
	if (guest_self())
		guest_self()->program = program->id;
	int err = bpf_prog_run(program->fd, context, sizeof(*context), &returned);
	/* A program returns an int, and retval is that, unsigned. */
	*ret = err ? err : (int32_t)returned;

	guest_returned(*ret);
	return err;
}

int64_t program_run(const struct program *program, struct program_context *context)
{
	int64_t result;
	int err = run(program, context, &result);

	return err ? err : result;
}

int program_run64(const struct program *program, struct program_context *context)
{
	int64_t result;

	/* Half of a 64-bit result may look like an errno. */
	return run(program, context, &result);
}
