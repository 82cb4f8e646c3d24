// SPDX-License-Identifier: GPL-2.0-only
/*
 * A transient libvirt domain that lives as long as our connection to libvirt:
 * whoever runs it destroys it when the connection ends, however it ends.
 *
 * Owns the connection.  Errors are one line with the remedy.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Domain Domain;

typedef struct {
	const char *kernel, *initrd, *cmdline;	/* paths are the host's that runs it */
	const char *emulator;	/* NULL: what libvirt takes there */
	const char *owner;	/* "+UID:+GID" to run QEMU as, where libvirt lets us choose */
	const char *const *words;	/* for QEMU, beyond what libvirt has words for */
	int cpu;		/* the host's CPU it is kept on; -1: any */
	int vcpus, ram_mib;
} DomainSpec;

/* Connect; nothing runs yet. */
Domain *domain_new(const char *uri, GError **error);
void domain_free(Domain *domain);

/* The emulator libvirt takes for guests without KVM; the caller's. */
char *domain_emulator(Domain *domain, GError **error);

/* Define and start it, paused, under a name of its own. */
bool domain_start(Domain *domain, const DomainSpec *spec, GError **error);
const char *domain_name(const Domain *domain);
bool domain_is_running(Domain *domain);

/* What to do about a libvirt error, or NULL; for tests. */
const char *domain_remedy(const char *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Domain, domain_free)
