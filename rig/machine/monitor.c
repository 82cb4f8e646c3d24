// SPDX-License-Identifier: GPL-2.0-only
#include "machine/monitor.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "arch/arch.h"
#include "util/error.h"
#include "wire/qmp.h"

enum { ANSWER_SECONDS = 60 };

struct Monitor {
	Conn *conn;
	QmpDecoder *decoder;
	char *version;
	int ram_left_out;	/* whether snapshots are without the shared RAM; -1 unknown */
};

Monitor *monitor_new(Conn *conn)
{
	Monitor *monitor = g_new0(Monitor, 1);

	monitor->conn = conn;
	monitor->decoder = qmp_decoder_new();
	monitor->ram_left_out = -1;
	return monitor;
}

void monitor_free(Monitor *monitor)
{
	if (!monitor)
		return;
	conn_free(monitor->conn);
	qmp_decoder_free(monitor->decoder);
	g_free(monitor->version);
	g_free(monitor);
}

static bool command(Monitor *monitor, const char *name, JsonObject *arguments,
		    JsonObject **ret, GError **error)
{
	g_autofree char *line = qmp_encode(name, arguments);

	if (!conn_write(monitor->conn, line, strlen(line), error))
		return false;
	for (;;) {
		g_autoptr(JsonObject) object = NULL;
		char buffer[4096];
		gssize got;

		switch (qmp_decoder_next(monitor->decoder, &object)) {
		case QMP_RETURN:
			if (ret)
				*ret = g_steal_pointer(&object);
			return true;
		case QMP_ERROR:
			g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "QMP %s: %s", name,
				    json_object_get_string_member(
					    json_object_get_object_member(object, "error"), "desc"));
			return false;
		case QMP_BAD:
			g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL,
				    "QMP %s: the answer is no QMP message", name);
			return false;
		case QMP_GREETING:
		case QMP_EVENT:
			break;
		case QMP_NEED_MORE:
			got = conn_read(monitor->conn, buffer, sizeof(buffer),
					fault_deadline(ANSWER_SECONDS), error);
			if (got < 0)
				return false;
			qmp_decoder_feed(monitor->decoder, buffer, got);
			break;
		}
	}
}

/* savevm and loadvm have no synchronous QMP form; the monitor says nothing when well. */
static bool human_command(Monitor *monitor, const char *line, GError **error)
{
	JsonObject *arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;

	json_object_set_string_member(arguments, "command-line", line);
	if (!command(monitor, "human-monitor-command", arguments, &answer, error))
		return false;
	const char *text = json_object_get_string_member(answer, "return");
	if (!text || !*text)
		return true;
	g_autofree char *one_line = g_strchomp(g_strdelimit(g_strdup(text), "\r\n", ' '));
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "%s: %s", line, one_line);
	return false;
}

static bool read_version(Monitor *monitor, GError **error)
{
	g_autoptr(JsonObject) answer = NULL;

	if (!command(monitor, "query-version", NULL, &answer, error))
		return false;
	JsonObject *qemu = json_object_get_object_member(
		json_object_get_object_member(answer, "return"), "qemu");
	int major = json_object_get_int_member(qemu, "major");
	int minor = json_object_get_int_member(qemu, "minor");
	monitor->version = g_strdup_printf("%d.%d.%d", major, minor,
					   (int)json_object_get_int_member(qemu, "micro"));
	if (major > 7 || (major == 7 && minor >= 2))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE,
		    "QEMU %s is too old: 7.2 or newer is needed", monitor->version);
	return false;
}

/* Every QEMU answers to --version alike, whatever it emulates. */
static bool check_target(Monitor *monitor, GError **error)
{
	g_autoptr(JsonObject) answer = NULL;

	if (!command(monitor, "query-target", NULL, &answer, error))
		return false;
	const char *arch = json_object_get_string_member(
		json_object_get_object_member(answer, "return"), "arch");
	if (g_strcmp0(arch, ARCH.name) == 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "this QEMU %s emulates %s; name a %s with --qemu or RACERIG_QEMU",
		    monitor->version, arch ? arch : "nothing it can name", ARCH.emulator);
	return false;
}

static bool leave_out_ram(Monitor *monitor, bool leave_out, GError **error)
{
	if (monitor->ram_left_out == leave_out)
		return true;

	JsonObject *capability = json_object_new(), *arguments = json_object_new();
	JsonArray *capabilities = json_array_new();

	json_object_set_string_member(capability, "capability", "x-ignore-shared");
	json_object_set_boolean_member(capability, "state", leave_out);
	json_array_add_object_element(capabilities, capability);
	json_object_set_array_member(arguments, "capabilities", capabilities);
	if (!command(monitor, "migrate-set-capabilities", arguments, NULL, error))
		return false;
	monitor->ram_left_out = leave_out;
	return true;
}

bool monitor_open(Monitor *monitor, GError **error)
{
	return command(monitor, "qmp_capabilities", NULL, NULL, error) &&
	       read_version(monitor, error) && check_target(monitor, error);
}

bool monitor_answers(Monitor *monitor)
{
	return command(monitor, "query-version", NULL, NULL, NULL);
}

const char *monitor_version(const Monitor *monitor)
{
	return monitor->version;
}

bool monitor_snapshot(Monitor *monitor, const char *verb, const char *tag, bool ram,
		      GError **error)
{
	g_autofree char *line = g_strdup_printf("%s %s", verb, tag);

	return leave_out_ram(monitor, !ram, error) && human_command(monitor, line, error);
}
