/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel mappings of the vmalloc area, by programs around the vmap kfuncs.
 *
 * Page N is the address that vCPU N gets for its next mapping: an address goes back to the
 * pool of the CPU that had it.
 */
#pragma once

#include <stdint.h>

#include "verbs.h"

/*
 * Load the programs, and find that address of page @page on the calling thread's CPU.
 * @ram: in a block of vm_map_ram().
 */
uint64_t vmap_learn(uint32_t page, uint64_t ram);

/* An operation with a verb of vmap; its result. */
int64_t vmap_operation(const struct operation *op);
