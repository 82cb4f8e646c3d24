// SPDX-License-Identifier: GPL-2.0-only
#include "util/fault.h"

#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	FaultPeer peer;		/* whose packets count */
	bool rig;		/* the rig gets the signal, and not the peer */
	int signal, from;
	bool on;		/* every packet from there on */
} Fault;

static const char *const peers[FAULT_PEERS] = { "qemu", "drgn" };
static int packets[FAULT_PEERS];

static const struct {
	const char *name;
	int signal;
} signals[] = {
	{ "KILL", SIGKILL }, { "STOP", SIGSTOP }, { "INT", SIGINT }, { "TERM", SIGTERM }, { "HUP", SIGHUP },
};

static void say_counts(void)
{
	fprintf(stderr, "packets qemu=%d drgn=%d\n", packets[FAULT_QEMU], packets[FAULT_DRGN]);
}

static bool parse(const char *text, Fault *ret)
{
	g_auto(GStrv) words = g_strsplit(text, ":", -1);

	if (g_strv_length(words) != 3)
		return false;
	*ret = (Fault){ .rig = strcmp(words[0], "rig") == 0, .from = atoi(words[2]),
			.on = g_str_has_suffix(words[2], "+") };
	ret->peer = strcmp(words[0], "drgn") == 0 ? FAULT_DRGN : FAULT_QEMU;
	for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
		if (strcmp(words[1], signals[i].name) == 0)
			ret->signal = signals[i].signal;
	return ret->from > 0 && ret->signal && (ret->rig || strcmp(words[0], peers[ret->peer]) == 0);
}

/* An array of Fault; NULL: nothing is asked for. */
static gpointer read_faults(gpointer data)
{
	const char *text = g_getenv("RACERIG_FAULT");

	(void)data;
	if (!text)
		return NULL;
	GArray *faults = g_array_new(FALSE, FALSE, sizeof(Fault));
	g_auto(GStrv) all = g_strsplit(text, ",", -1);
	for (char **one = all; *one; one++) {
		Fault fault;

		if (strcmp(*one, "count") == 0)
			atexit(say_counts);
		else if (parse(*one, &fault))
			g_array_append_val(faults, fault);
		else
			g_error("RACERIG_FAULT '%s': write qemu, drgn or rig, a signal, a number", *one);
	}
	return faults;
}

void fault_packet(FaultPeer peer, pid_t pid)
{
	static GOnce once = G_ONCE_INIT;
	const GArray *faults = g_once(&once, read_faults, NULL);

	if (!faults)
		return;
	int n = g_atomic_int_add(&packets[peer], 1) + 1;
	for (guint i = 0; i < faults->len; i++) {
		const Fault *fault = &g_array_index(faults, Fault, i);
		pid_t whom = fault->rig ? getpid() : pid;

		if (fault->peer == peer && whom > 0 && (n == fault->from || (fault->on && n > fault->from)))
			kill(whom, fault->signal);
	}
}

int fault_deadline(int seconds)
{
	const char *text = g_getenv("RACERIG_DEADLINE");
	int most = text ? atoi(text) : 0;

	return most > 0 && most < seconds ? most : seconds;
}
