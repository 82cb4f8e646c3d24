// SPDX-License-Identifier: GPL-2.0-only
#include "util/error.h"

G_DEFINE_QUARK(rig-error-quark, rig_error)
