// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kfuncs that touch the arena from kernel code, and one that frees a page.
 *
 * A plain dereference of an unpopulated address takes a kernel page fault: the
 * path under test.  An argument named …__arena arrives rebased to the arena's
 * kernel mapping.  Older verifiers do not know the suffix: there the program
 * brings the kernel address itself, and …__ign lets it through.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/smp.h>

#include "vmap.h"

#ifdef VERIFIER_REBASES
#define POINTER p__arena
#else
#define POINTER p__ign
#endif

__bpf_kfunc_start_defs();

__bpf_kfunc u64 racerig_arena_read(u64 *POINTER)
{
	return READ_ONCE(*POINTER);
}

__bpf_kfunc void racerig_arena_write(u64 *POINTER, u64 value)
{
	WRITE_ONCE(*POINTER, value);
}

/* Where the kernel maps it; touches nothing. */
__bpf_kfunc u64 racerig_arena_address(u64 *POINTER)
{
	return (unsigned long)POINTER;
}

/* Any kernel address, as a kfunc would have it that adds an offset to what it was given. */
__bpf_kfunc u64 racerig_read(u64 address)
{
	return READ_ONCE(*(u64 *)address);
}

__bpf_kfunc void racerig_write(u64 address, u64 value)
{
	WRITE_ONCE(*(u64 *)address, value);
}

/* A page from the allocator and back to it; its frame. */
__bpf_kfunc u64 racerig_cycle_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u64 pfn = page ? page_to_pfn(page) : 0;

	if (page)
		__free_page(page);
	return pfn;
}

struct remote_read {
	u64 address, value;
};

static void read_there(void *data)
{
	struct remote_read *read = data;

	read->value = READ_ONCE(*(u64 *)read->address);
}

/* Any kernel address, in an interrupt on every other CPU. */
__bpf_kfunc u64 racerig_read_elsewhere(u64 address)
{
	struct remote_read read = { .address = address };

	smp_call_function(read_there, &read, 1);
	return read.value;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(racerig_kfuncs)
BTF_ID_FLAGS(func, racerig_arena_read)
BTF_ID_FLAGS(func, racerig_arena_write)
BTF_ID_FLAGS(func, racerig_arena_address)
BTF_ID_FLAGS(func, racerig_read)
BTF_ID_FLAGS(func, racerig_write)
BTF_ID_FLAGS(func, racerig_cycle_page)
BTF_ID_FLAGS(func, racerig_read_elsewhere)
BTF_ID_FLAGS(func, racerig_vmap_learn)
BTF_ID_FLAGS(func, racerig_vmap_map)
BTF_ID_FLAGS(func, racerig_vmap_unmap)
BTF_ID_FLAGS(func, racerig_vmap_purge)
BTF_ID_FLAGS(func, racerig_vmap_read)
BTF_ID_FLAGS(func, racerig_vmap_write)
BTF_KFUNCS_END(racerig_kfuncs)

static const struct btf_kfunc_id_set racerig_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &racerig_kfuncs,
};

/*
 * Let the RTC tick 8192 times a second, with its interrupt masked.
 *
 * At every stop QEMU's instruction clock jumps to the next timer.  While all
 * vCPUs but one are frozen the kernel's own timers are not armed, and the next
 * one may be hours away: the kernel then spends seconds catching up.  The RTC
 * re-arms itself, so a stop costs at most 122 us of guest time.
 */
static void __init start_rtc(void)
{
	enum { INDEX = 0x70, DATA = 0x71, REG_A = 0x0a, REG_B = 0x0b };
	enum { RATE_8192 = 0x23, PERIODIC = 0x40 };
	u8 control;

	outb(REG_A, INDEX);
	outb(RATE_8192, DATA);
	outb(REG_B, INDEX);
	control = inb(DATA);
	outb(REG_B, INDEX);
	outb(control | PERIODIC, DATA);
}

static int __init racerig_init(void)
{
	start_rtc();
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &racerig_kfunc_set);
}
module_init(racerig_init);

MODULE_DESCRIPTION("Kfuncs that read and write through arena pointers");
MODULE_LICENSE("GPL");
