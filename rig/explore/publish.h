// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a run folder leaves for human eyes: evidence.txt and report.html, and
 * sources.json, which they need where the kernel tree is not.
 */
#pragma once

#include "explore/session.h"

/* Write them all, from what the folder @out holds. */
bool publish(const char *out, GError **error);

/* The page of a suite's folder, from its suite.json; its runs anew, now that all have ended. */
bool publish_suite(const char *dir, GError **error);

/* Calls @func for the plainest saved schedule of every invariant in the folder @out. */
typedef bool PublishFunc(gpointer data, const char *stem, GError **error);
bool publish_each(const char *out, PublishFunc *func, gpointer data, GError **error);

/*
 * Replay the plainest saved schedule of every invariant @times times, for its facts;
 * @all: every saved schedule, minimised ones included.
 */
bool publish_facts(Session *session, const char *out, int times, bool all, GError **error);
