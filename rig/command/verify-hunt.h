// SPDX-License-Identifier: GPL-2.0-only
/* `racerig verify --hunt`: not the scenarios but the hunt, without a patch and with it. */
#pragma once

#include "hunt/about.h"
#include "hunt/hunt.h"

/*
 * Hunt on both kernels, as @about and @options say, into before/ and after/ of options->out.
 * *@ret_sentence is what it comes to, *@ret_text which groups there are; the caller's.  The exit code, with
 * @error set where that is EXIT_BROKEN.
 */
int verify_by_hunt(const char *before, const char *after, const HuntAbout *about,
		   const HuntOptions *options, char **ret_sentence, char **ret_text, GError **error);
