// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest is booted from, and for which scenario; strings are the caller's.
 */
#pragma once

#include "lib/guest-abi.h"
#include "machine/spec.h"

typedef struct {
	const char *bzimage, *vmlinux, *module, *module_cpio;
	const char *init, *init_cpio;
	const char *scenario;	/* "" with a shape */
	struct guest_shape shape;	/* of a guest whose actors run text; .actors 0: a scenario */
	/* The text, for a guest that goes on by itself (guest_stress()). */
	uint64_t programs[GUEST_MAX_ACTORS][MAX_OPERATIONS], setup[MAX_OPERATIONS];
	const char *subject;	/* of which kind what is watched is: drgn describes it */
	const char *map_flags;	/* for the arena, besides its own; NULL: none */
	const char *disk;	/* a parked guest to start from, or NULL */
	const char *booted;	/* one booted and not parked: started from, or made if not there */
	const char *qmp;	/* keep QEMU's second QMP socket here; NULL: nowhere */
	const char *connect;	/* libvirt URI, or NULL: QEMU is our child */
	const char *emulator;	/* as in MachineSpec */
	char *emulator_identity;	/* backend_emulator_identity() */
	int vcpus;
	int ram_mib;
	MachineAccel accel;
	const MachineCode *code;	/* as in MachineSpec */
} GuestSpec;
