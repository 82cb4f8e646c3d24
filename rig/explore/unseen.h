// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where nobody looked: the schedule in which every actor goes as far as it can, run once more
 * to count what it touches and what is no event (step/survey.h).
 */
#pragma once

#include "explore/session.h"

/* Of SurveyItem, counted; the caller's. */
GArray *unseen_count(Session *session, GError **error);
