// SPDX-License-Identifier: GPL-2.0-only
/* What is where in the memory of a guest that stands still. */
#include "guest/guest.h"

#include <stddef.h>

guint64 guest_lock(const Guest *guest, int lock)
{
	const WatchLock *watched = &guest->watch.locks[lock];

	return machine_phys64(guest->machine, watched->phys) & watched->held;
}

guint64 guest_word(const Guest *guest, int word)
{
	const WatchWord *watched = &guest->watch.words[word];
	int unused = 64 - 8 * watched->bytes;

	return machine_phys64(guest->machine, watched->phys) << unused >> unused;
}

guint64 guest_irq_queue(const Guest *guest, int actor)
{
	guint64 calls = machine_phys64(guest->machine, guest->irq_queues[actor][0]);
	guint64 works = machine_phys64(guest->machine, guest->irq_queues[actor][1]);

	/* Kernel addresses: never 1, and with the top bits alike. */
	return !calls && !works ? 0 : calls ^ (works << 1) ^ 1;
}

guint64 guest_scheduled(const Guest *guest, int actor)
{
	guint64 switches = machine_phys64(guest->machine, guest->run_queues[actor][0]);
	guint64 running = machine_phys64(guest->machine, guest->run_queues[actor][1]);

	return switches << 16 | (running & 0xffff);
}

guint32 guest_lazy(const Guest *guest)
{
	guint32 lazy = 0;

	for (int i = 0; i < guest->n_actors; i++)
		if (machine_phys64(guest->machine, guest->lazy_flags[i]) & 0xff)
			lazy |= 1u << i;
	return lazy;
}

void guest_ptes(const Guest *guest, guint64 ret[MAX_PTES])
{
	for (int i = 0; i < MAX_PTES; i++)
		ret[i] = i < guest->watch.n_ptes
			? machine_phys64(guest->machine, watch_pte(&guest->watch, i)->phys) : 0;
}

struct guest_actor guest_actor_report(const Guest *guest, int actor)
{
	union {
		struct guest_actor report;
		guint64 words[sizeof(struct guest_actor) / sizeof(guint64)];
	} both;
	guint64 at = guest->report_phys + offsetof(struct guest_report, actors) +
		     actor * sizeof(both.report);

	for (gsize i = 0; i < G_N_ELEMENTS(both.words); i++)
		both.words[i] = machine_phys64(guest->machine, at + i * sizeof(guint64));
	return both.report;
}
