// SPDX-License-Identifier: GPL-2.0-only
#include "guest/analyst.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/child.h"
#include "util/error.h"
#include "util/json.h"
#include "util/paths.h"
#include "wire/conn.h"

/* Where the child finds the RAM. */
enum { FD_RAM = 10 };

/* Before its first answer it reads a kernel's DWARF. */
enum { ANSWER_SECONDS = 30, FIRST_FACTOR = 10, ANSWER_BYTES = 64 << 20 };

struct Analyst {
	GSubprocess *process;
	Conn *conn;
	GString *input;		/* of its next line, so far */
	bool answered;
};

/* Its standard input and output are one socket, so that we can wait with a deadline. */
static bool start(Analyst *analyst, const char *const *argv, int ram, GCancellable *cancel,
		  GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "sockets: %s", g_strerror(errno));
		return false;
	}
	if (ram >= 0)
		g_subprocess_launcher_take_fd(launcher, dup(ram), FD_RAM);
	g_subprocess_launcher_take_stdin_fd(launcher, dup(pair[1]));
	g_subprocess_launcher_take_stdout_fd(launcher, pair[1]);
	analyst->process = child_start(launcher, argv, NULL, error);
	if (!analyst->process) {
		close(pair[0]);
		g_prefix_error(error, "starting drgn (make setup installs it): ");
		return false;
	}
	const char *pid = g_subprocess_get_identifier(analyst->process);
	analyst->conn = conn_new(pair[0], "drgn", FAULT_DRGN, pid ? g_ascii_strtoll(pid, NULL, 10) : 0,
				 cancel, error);
	return analyst->conn != NULL;
}

Analyst *analyst_new(const char *qmp_path, const char *vmlinux, int ram, GCancellable *cancel,
		     GError **error)
{
	g_autofree char *python = paths_python();
	g_autofree char *script = paths_in_data("analysis/tools/serve.py");
	g_autoptr(Analyst) analyst = g_new0(Analyst, 1);
	g_autofree char *number = g_strdup_printf("%d", FD_RAM);
	const char *argv[] = { python, script, "--qmp", qmp_path, "--vmlinux", vmlinux,
			       ram < 0 ? NULL : "--ram", number, NULL };

	analyst->input = g_string_new(NULL);
	return start(analyst, argv, ram, cancel, error) ? g_steal_pointer(&analyst) : NULL;
}

void analyst_free(Analyst *analyst)
{
	if (!analyst)
		return;
	child_end(analyst->process);
	conn_free(analyst->conn);
	g_string_free(analyst->input, TRUE);
	g_free(analyst);
}

/* One line, without its newline; the caller's. */
static char *read_line(Analyst *analyst, GError **error)
{
	GString *input = analyst->input;
	int seconds = fault_deadline(ANSWER_SECONDS) * (analyst->answered ? 1 : FIRST_FACTOR);
	char buffer[16384];
	const char *end;

	while (!(end = memchr(input->str, '\n', input->len))) {
		gssize got = conn_read(analyst->conn, buffer, sizeof(buffer), seconds, error);

		if (got < 0)
			return NULL;
		g_string_append_len(input, buffer, got);
		if (input->len <= ANSWER_BYTES)
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "drgn: an answer without an end");
		return NULL;
	}
	analyst->answered = true;
	gsize len = end - input->str;
	char *line = g_strndup(input->str, len);
	g_string_erase(input, 0, len + 1);
	return line;
}

JsonObject *analyst_ask(Analyst *analyst, JsonObject *request, GError **error)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	const char *why = "neither an answer nor an error";

	json_node_take_object(node, request);
	g_autofree char *text = json_to_string(node, FALSE);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	if (!conn_write(analyst->conn, line, strlen(line), error))
		return NULL;
	g_autofree char *answer = read_line(analyst, error);
	if (!answer)
		return NULL;
	g_autoptr(JsonObject) object = json_parse(answer, strlen(answer), "drgn", error);
	Json json = { object, "drgn" }, ok;
	if (!object)
		return NULL;
	if (json_object(&json, "ok", &ok, NULL))
		return json_object_ref(ok.object);
	json_maybe_string(&json, "error", &why, NULL);
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "drgn: %s", why);
	return NULL;
}
