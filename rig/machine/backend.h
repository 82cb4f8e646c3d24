// SPDX-License-Identifier: GPL-2.0-only
/*
 * What starts a guest: the seam between the machine and who runs QEMU.
 *
 * A backend is one file with one start function.  It hands over two connected
 * sockets and the guest's files, and ends everything it started.  What QEMU is
 * told about the machine is the same for all of them: backend_words().
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <sys/types.h>

#include "machine/spec.h"

typedef enum {
	PART_RAM,
	PART_DISK,		/* qcow2 that holds the snapshots */
	PART_CONSOLE,
	PART_LOG,		/* what QEMU said on stderr, if we get to see it */
	N_PARTS,
} Part;

typedef struct Backend Backend;

struct Backend {
	int gdb, qmp;		/* connected stream sockets; whoever takes one leaves -1 */
	gsize ram_bytes;
	pid_t pid;		/* QEMU's; 0: not our child */
	int parts[N_PARTS];	/* the guest's own files, or local copies of them */
	/* Bring a copy up to date; NULL: they are the guest's own. */
	bool (*fetch)(Backend *backend, Part part, GError **error);
	/* The guest is gone afterwards, and all that was made for it; frees @backend. */
	void (*end)(Backend *backend);
};

/* As @spec->connect says.  @spec must outlive the call only. */
Backend *backend_start(const MachineSpec *spec, GError **error);

Backend *backend_qemu_start(const MachineSpec *spec, GError **error);
Backend *backend_libvirt_start(const MachineSpec *spec, GError **error);

/*
 * What tells the emulator of @connect and @emulator (as in MachineSpec) from any other: what
 * it says to --version, and the SHA-256 of its file.  RIG_ERROR_INPUT when it is no QEMU.
 * The caller's.
 */
char *backend_emulator_identity(const char *connect, const char *emulator, GError **error);
char *backend_libvirt_emulator_identity(const char *connect, const char *emulator,
					GError **error);

/* Where this host has @emulator; NULL: it has not.  The caller's. */
char *backend_emulator_path(const char *emulator, GError **error);

/* Whether @said, its answer to --version, is a QEMU's. */
bool backend_is_qemu(const char *emulator, const char *said, GError **error);

/* What is in @part, a text, without the middle where that is more than 2 MiB; the caller's. */
char *backend_text(Backend *backend, Part part);

/* --- what backends share ------------------------------------------------- */

/* @text as a value in QEMU's option syntax, where a comma ends one; the caller's. */
char *backend_option(const char *text);

/* A chardev that listens at @path; NULL: the name of a socket cannot be as long.  The caller's. */
char *backend_listening(const char *path, GError **error);

/* Where QEMU finds things: paths and chardevs ("fd=11", "path=/x,server=on,wait=off"). */
typedef struct {
	const char *ram, *disk, *console;
	const char *gdb, *qmp, *qmp2;
} Places;

/* Whether this host makes KVM guests for us. */
bool backend_has_kvm(void);

/* The words of QEMU's command line that make the guest ours, and deterministic as spec->accel says. */
GStrv backend_words(const MachineSpec *spec, const Places *places);

/* Fresh memfds for the parts, no sockets yet; close what is open of all of them. */
bool backend_init(Backend *backend, const MachineSpec *spec, GError **error);
void backend_close(Backend *backend);

/* Fill @fd with the initrds of @spec, one after another; with its disk, or a new one. */
bool backend_fill_initrd(int fd, const MachineSpec *spec, GError **error);
bool backend_fill_disk(int fd, const MachineSpec *spec, GError **error);
