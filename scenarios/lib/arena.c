// SPDX-License-Identifier: GPL-2.0-only
#include "arena.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

/* Where user space maps it; inside one 4 GiB window, as the kernel wants. */
static const uint64_t USER_BASE = 0x100000000ull;

/* What arena_kfunc_write() stores. */
static const int32_t WRITTEN = 0x7ace;

enum verb { VERB_ALLOC, VERB_FREE, VERB_READ, VERB_WRITE, N_VERBS };

struct arena {
	int map_fd;
	uint32_t map_id;
	uint32_t n_pages;
	int progs[N_VERBS][GUEST_MAX_PAGES];
};

struct kfunc {
	int id;		/* BTF id */
	int btf_fd;	/* its module's BTF, or 0 for vmlinux */
	bool rebased;	/* its first argument arrives as the kernel's address */
};

/* Where a program finds the arena's kernel mapping, in bytes. */
static struct {
	uint32_t kern_vm;	/* in struct bpf_arena */
	uint32_t addr;		/* in struct vm_struct */
} offsets;

static char verifier_log[16384];

static struct kfunc find_kfunc(const struct btf *btf, int btf_fd, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);

	if (id < 0)
		guest_fail("this kernel has no kfunc %s", name);

	const struct btf_type *type = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	const char *param = btf_vlen(type) ? btf__name_by_offset(btf, btf_params(type)->name_off)
					   : "";
	return (struct kfunc){ id, btf_fd, strstr(param, "__arena") != NULL };
}

static uint32_t member_offset(const struct btf *btf, const char *type_name, const char *name)
{
	int id = btf__find_by_name_kind(btf, type_name, BTF_KIND_STRUCT);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, id);

	for (uint32_t i = 0; type && i < btf_vlen(type); i++)
		if (strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name) == 0)
			return btf_member_bit_offset(type, i) / 8;
	guest_fail("this kernel has no %s in struct %s", name, type_name);
}

/* The kernel wants a module's BTF as a descriptor, and finds it by id only. */
static int module_btf_fd(const char *module)
{
	uint32_t id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		char name[64] = "";
		struct bpf_btf_info info = { .name = (uintptr_t)name, .name_len = sizeof(name) };
		uint32_t size = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);

		if (!bpf_btf_get_info_by_fd(fd, &info, &size) && strcmp(name, module) == 0)
			return fd;
		close(fd);
	}
	guest_fail("%s has no BTF", module);
}

static struct bpf_insn mov_imm(uint8_t reg, int32_t value)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K,
				  .dst_reg = reg, .imm = value };
}

/* dst = 64-bit constant, or the map behind @map_fd: two slots. */
static int load_imm64(struct bpf_insn *insn, uint8_t reg, uint8_t kind, uint64_t value)
{
	insn[0] = (struct bpf_insn){ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = reg,
				     .src_reg = kind, .imm = (int32_t)value };
	insn[1] = (struct bpf_insn){ .imm = (int32_t)(value >> 32) };
	return 2;
}

static struct bpf_insn load_field(uint8_t reg, uint32_t offset)
{
	return (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = reg,
				  .src_reg = reg, .off = (int16_t)offset };
}

/* r1 = what @kfunc is to get for @addr.  r1 is the map, and r2 free to use. */
static int load_pointer(struct bpf_insn *insn, uint64_t addr, struct kfunc kfunc)
{
	/* The lower guard: half of what a 16-bit offset reaches. */
	static const uint32_t guard = 1u << 15;

	if (kfunc.rebased)
		return load_imm64(insn, BPF_REG_1, 0, addr);
	insn[0] = load_field(BPF_REG_1, offsets.kern_vm);
	insn[1] = load_field(BPF_REG_1, offsets.addr);
	load_imm64(insn + 2, BPF_REG_2, 0, guard + (uint32_t)addr);
	insn[4] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_ADD | BPF_X,
				     .dst_reg = BPF_REG_1, .src_reg = BPF_REG_2 };
	return 5;
}

/*
 * r1 = map; r2 = address;                      (alloc, free)
 * r1 = address; r2 = value;                    (read, write)
 * call kfunc; r0 = whatever the verb returns; exit
 */
static int load_program(const struct arena *arena, enum verb verb, uint64_t addr,
			struct kfunc kfunc)
{
	struct bpf_insn insns[32];
	int n = 0;

	/* Every program names the map: that is what ties it to the arena. */
	n += load_imm64(insns + n, BPF_REG_1, BPF_PSEUDO_MAP_FD, arena->map_fd);
	if (verb == VERB_ALLOC || verb == VERB_FREE) {
		n += load_imm64(insns + n, BPF_REG_2, 0, addr);
		insns[n++] = mov_imm(BPF_REG_3, 1);	/* page_cnt */
		insns[n++] = mov_imm(BPF_REG_4, -1);	/* NUMA_NO_NODE */
		insns[n++] = mov_imm(BPF_REG_5, 0);	/* flags */
	} else {
		n += load_pointer(insns + n, addr, kfunc);
		insns[n++] = mov_imm(BPF_REG_2, WRITTEN);
	}
	insns[n++] = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL,
					.src_reg = BPF_PSEUDO_KFUNC_CALL,
					.off = kfunc.btf_fd ? 1 : 0, .imm = kfunc.id };
	if (verb == VERB_ALLOC) {
		/* r0 is an arena pointer; return whether it is NULL. */
		insns[n++] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_X,
						.dst_reg = BPF_REG_6, .src_reg = BPF_REG_0 };
		insns[n++] = mov_imm(BPF_REG_0, 0);
		insns[n++] = (struct bpf_insn){ .code = BPF_JMP | BPF_JEQ | BPF_K,
						.dst_reg = BPF_REG_6, .off = 1 };
		insns[n++] = mov_imm(BPF_REG_0, 1);
	} else if (verb != VERB_READ) {
		insns[n++] = mov_imm(BPF_REG_0, 0);
	}
	insns[n++] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };

	int fds[2] = { 0, kfunc.btf_fd };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_SLEEPABLE,
		    .fd_array = kfunc.btf_fd ? fds : NULL,
		    .log_level = 1, .log_buf = verifier_log, .log_size = sizeof(verifier_log));
	int fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "racerig", "GPL", insns, n, &opts);
	if (fd < 0) {
		printf("%s\n", verifier_log);
		guest_fail("loading program %d: %s", verb, strerror(errno));
	}
	return fd;
}

struct arena *arena_new(uint32_t n_pages)
{
	struct arena *arena = calloc(1, sizeof(*arena));
	const char *more = getenv("racerig_map_flags");
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_extra = USER_BASE,
		    .map_flags = BPF_F_MMAPABLE | (more ? strtoul(more, NULL, 0) : 0));

	arena->n_pages = n_pages;
	arena->map_fd = bpf_map_create(BPF_MAP_TYPE_ARENA, "arena", 0, 0, ARENA_PAGES, &opts);
	if (arena->map_fd < 0)
		guest_fail("creating the arena: %s", strerror(errno));
	if (mmap((void *)USER_BASE, ARENA_PAGES * ARENA_PAGE_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, arena->map_fd, 0) == MAP_FAILED)
		guest_fail("mapping the arena: %s", strerror(errno));

	struct bpf_map_info info = {};
	uint32_t info_size = sizeof(info);
	if (bpf_map_get_info_by_fd(arena->map_fd, &info, &info_size))
		guest_fail("asking for the arena's id: %s", strerror(errno));
	arena->map_id = info.id;

	struct btf *vmlinux = btf__load_vmlinux_btf();
	struct btf *module = btf__load_module_btf("racerig_kfuncs", vmlinux);
	if (!vmlinux || !module)
		guest_fail("no BTF for the kernel or racerig_kfuncs: %s", strerror(errno));
	int module_fd = module_btf_fd("racerig_kfuncs");

	offsets.kern_vm = member_offset(vmlinux, "bpf_arena", "kern_vm");
	offsets.addr = member_offset(vmlinux, "vm_struct", "addr");
	const struct kfunc kfuncs[N_VERBS] = {
		[VERB_ALLOC] = find_kfunc(vmlinux, 0, "bpf_arena_alloc_pages"),
		[VERB_FREE] = find_kfunc(vmlinux, 0, "bpf_arena_free_pages"),
		[VERB_READ] = find_kfunc(module, module_fd, "racerig_arena_read"),
		[VERB_WRITE] = find_kfunc(module, module_fd, "racerig_arena_write"),
	};
	for (uint32_t page = 0; page < n_pages; page++)
		for (int verb = 0; verb < N_VERBS; verb++)
			arena->progs[verb][page] = load_program(arena, verb,
					arena_page_addr(arena, page), kfuncs[verb]);
	btf__free(module);
	btf__free(vmlinux);
	return arena;
}

uint32_t arena_map_id(const struct arena *arena)
{
	return arena->map_id;
}

uint64_t arena_page_addr(const struct arena *arena, uint32_t page)
{
	(void)arena;
	/* Page 0 would be a NULL arena pointer: free refuses it. */
	return USER_BASE + (uint64_t)(page + 1) * ARENA_PAGE_SIZE;
}

static int64_t run(struct arena *arena, enum verb verb, uint32_t page)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err = bpf_prog_test_run_opts(arena->progs[verb][page], &opts);
	int64_t result = err ? err : (int64_t)opts.retval;

	guest_returned(result);
	return result;
}

int64_t arena_alloc(struct arena *arena, uint32_t page)
{
	return run(arena, VERB_ALLOC, page);
}

int64_t arena_free(struct arena *arena, uint32_t page)
{
	return run(arena, VERB_FREE, page);
}

int64_t arena_kfunc_read(struct arena *arena, uint32_t page)
{
	return run(arena, VERB_READ, page);
}

int64_t arena_kfunc_write(struct arena *arena, uint32_t page)
{
	return run(arena, VERB_WRITE, page);
}
