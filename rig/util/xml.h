// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text of elements in an XML document, by where they are (GMarkup).
 */
#pragma once

#include <glib.h>

/*
 * The texts of all elements at @path ("/capabilities/host/secmodel/model") in @xml, in its order;
 * the caller's.  Empty where there is none; NULL: @xml is no XML, up to what GMarkup reads.
 */
GPtrArray *xml_texts(const char *xml, const char *path);
