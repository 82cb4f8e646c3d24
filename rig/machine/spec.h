// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a machine is made of; whoever starts one keeps the strings until it has started.
 */
#pragma once

/* What runs the vCPUs. */
typedef enum {
	ACCEL_CONTROLLED,	/* TCG, one thread, a clock made of instructions: the only one that replays */
	ACCEL_TCG,		/* TCG, a thread for each vCPU, the host's clock */
	ACCEL_KVM,
} MachineAccel;

/* Code that QEMU notes when it runs, as -d in_asm,exec writes it (code-log.h). */
typedef struct {
	const char *ranges;	/* "0xffffffff81000000..0xffffffff81000fff,…" */
	int fd;			/* that it writes to, the caller's */
} MachineCode;

typedef struct {
	const char *kernel;	/* bzImage */
	const char *const *initrds;	/* cpio archives, concatenated; NULL-terminated */
	const char *cmdline;
	const char *disk;	/* qcow2 with a saved snapshot, or NULL for a new one */
	const char *folder;	/* private; what QEMU must find by name while it starts */
	const char *qmp_path;	/* where a second QMP client of this host will find QEMU */
	const char *connect;	/* libvirt URI, or NULL: QEMU is our child */
	const char *emulator;	/* QEMU's program on the host that runs it; NULL: that host's own */
	MachineAccel accel;
	const MachineCode *code;	/* NULL: nothing is noted; only where QEMU is our child */
	int vcpus;
	int ram_mib;
} MachineSpec;
