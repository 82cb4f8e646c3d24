// SPDX-License-Identifier: GPL-2.0-only
#include "guest/analyst.h"

#include <string.h>

#include "util/child.h"
#include "util/error.h"
#include "util/paths.h"

struct Analyst {
	GSubprocess *process;
	GOutputStream *in;
	GDataInputStream *out;
	GCancellable *cancel;
};

Analyst *analyst_new(const char *qmp_path, const char *vmlinux, bool far, GCancellable *cancel,
		     GError **error)
{
	g_autofree char *python = paths_python();
	g_autofree char *script = paths_in_data("analysis/tools/serve.py");
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
	g_autoptr(Analyst) analyst = g_new0(Analyst, 1);
	const char *argv[] = { python, script, "--qmp", qmp_path, "--vmlinux", vmlinux,
			       far ? "--far" : NULL, NULL };

	analyst->process = child_start(launcher, argv, NULL, error);
	if (!analyst->process) {
		g_prefix_error(error, "starting drgn (make setup installs it): ");
		return NULL;
	}
	analyst->in = g_object_ref(g_subprocess_get_stdin_pipe(analyst->process));
	analyst->out = g_data_input_stream_new(g_subprocess_get_stdout_pipe(analyst->process));
	analyst->cancel = cancel ? g_object_ref(cancel) : NULL;
	return g_steal_pointer(&analyst);
}

void analyst_free(Analyst *analyst)
{
	if (!analyst)
		return;
	child_end(analyst->process);
	g_clear_object(&analyst->in);
	g_clear_object(&analyst->out);
	g_clear_object(&analyst->cancel);
	g_free(analyst);
}

JsonObject *analyst_ask(Analyst *analyst, JsonObject *request, GError **error)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

	json_node_take_object(node, request);
	g_autofree char *text = json_to_string(node, FALSE);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	if (!g_output_stream_write_all(analyst->in, line, strlen(line), NULL, analyst->cancel,
				       error)) {
		g_prefix_error(error, "drgn: ");
		return NULL;
	}
	g_autoptr(GError) local = NULL;
	g_autofree char *answer = g_data_input_stream_read_line(analyst->out, NULL,
								analyst->cancel, &local);
	if (local) {
		g_propagate_error(error, g_steal_pointer(&local));
		return NULL;
	}
	g_autoptr(JsonParser) parser = json_parser_new();
	if (!answer || !json_parser_load_from_data(parser, answer, -1, NULL)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "drgn ended without an answer");
		return NULL;
	}
	JsonObject *object = json_node_get_object(json_parser_get_root(parser));
	if (json_object_has_member(object, "ok"))
		return json_object_ref(json_object_get_object_member(object, "ok"));
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "drgn: %s",
		    json_object_get_string_member(object, "error"));
	return NULL;
}
