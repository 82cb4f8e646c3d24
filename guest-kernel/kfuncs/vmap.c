// SPDX-License-Identifier: GPL-2.0-only
#include "vmap.h"

#include <linux/btf.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

enum { MAX_MAPPINGS = 8, PURGES = 32 };

static struct mapping {
	void *learned;		/* what the page is known by */
	struct page *page;	/* NULL: it is not mapped */
	void *address;
	u64 times;
} mappings[MAX_MAPPINGS];

static void *map(struct page *page, u64 ram)
{
	return ram ? vm_map_ram(&page, 1, NUMA_NO_NODE) : vmap(&page, 1, VM_MAP, PAGE_KERNEL);
}

static void unmap(void *address, u64 ram)
{
	if (ram)
		vm_unmap_ram(address, 1);
	else
		vunmap(address);
}

/*
 * A block of vm_map_ram() gives its addresses in their order, and none twice; what is mapped here
 * keeps the block.
 */
static void *learn_ram(struct page *page)
{
	char *first = map(page, 1), *second = map(page, 1);

	return first && second == first + PAGE_SIZE ? second + PAGE_SIZE : NULL;
}

/*
 * What is purged comes first in its CPU's pool.  Each purge takes a quarter of what has been there
 * before, and of three or less nothing: then the address stays.
 */
static void *learn(struct page *page)
{
	for (int i = 0; i < PURGES; i++)
		vm_unmap_aliases();
	void *address = map(page, 0);

	if (address)
		vunmap(address);
	vm_unmap_aliases();
	return address;
}

__bpf_kfunc_start_defs();

__bpf_kfunc u64 racerig_vmap_learn(u64 page, u64 ram)
{
	struct page *any = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (page >= MAX_MAPPINGS || !any)
		return 0;
	mappings[page].learned = ram ? learn_ram(any) : learn(any);
	if (!ram)
		__free_page(any);
	return (unsigned long)mappings[page].learned;
}

__bpf_kfunc u64 racerig_vmap_map(u64 page, u64 ram)
{
	struct mapping *mapping = &mappings[page % MAX_MAPPINGS];

	if (mapping->page)
		return -EBUSY;
	struct page *new = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (!new)
		return -ENOMEM;
	*(u64 *)page_address(new) = ++mapping->times;
	mapping->address = map(new, ram);
	if (!mapping->address) {
		__free_page(new);
		return -ENOMEM;
	}
	mapping->page = new;
	return mapping->address == mapping->learned;
}

__bpf_kfunc u64 racerig_vmap_unmap(u64 page, u64 ram)
{
	struct mapping *mapping = &mappings[page % MAX_MAPPINGS];
	struct page *old = mapping->page;

	if (!old)
		return -ENOENT;
	mapping->page = NULL;
	unmap(mapping->address, ram);
	__free_page(old);
	return 0;
}

__bpf_kfunc void racerig_vmap_purge(void)
{
	vm_unmap_aliases();
}

__bpf_kfunc u64 racerig_vmap_read(u64 page)
{
	u64 *from = mappings[page % MAX_MAPPINGS].learned, value;

	pagefault_disable();
	__get_kernel_nofault(&value, from, u64, fault);
	pagefault_enable();
	return value;
fault:
	pagefault_enable();
	return -EFAULT;
}

__bpf_kfunc u64 racerig_vmap_write(u64 page, u64 value)
{
	u64 *to = mappings[page % MAX_MAPPINGS].learned;

	pagefault_disable();
	__put_kernel_nofault(to, &value, u64, fault);
	pagefault_enable();
	return 0;
fault:
	pagefault_enable();
	return -EFAULT;
}

__bpf_kfunc_end_defs();
