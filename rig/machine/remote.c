// SPDX-License-Identifier: GPL-2.0-only
#include "machine/remote.h"

#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <string.h>
#include <unistd.h>

#include "util/child.h"
#include "util/error.h"
#include "util/name.h"
#include "util/shmdir.h"

struct Remote {
	char *host;		/* for messages */
	GPtrArray *ssh;		/* ssh with its options, up to the destination */
	ShmDir *dir;		/* ours, for ssh's own socket */
	GSubprocess *master;	/* the connection all others share */
	GSubprocess *guard;	/* holds the folder there; removes it when we are gone */
	char *folder, *owner;	/* as the host said, and checked */
};

/*
 * Makes the folder, says who we are, and waits for the end of its input: that comes when
 * the rig ends, or ssh does.  A QEMU that is just starting may put its sockets there
 * while the folder is being removed: until it is gone, too.
 */
static const char guard_script[] =
	"umask 77; b=${RACERIG_SHM:-/dev/shm}; d=$(mktemp -d \"$b/racerig-ssh-XXXXXX\") || exit 1; "
	"echo \"+$(id -u):+$(id -g) $d\"; trap '' HUP TERM INT PIPE; cat >/dev/null; "
	"n=0; until rm -rf \"$d\" 2>/dev/null || [ $n -eq 60 ]; do n=$((n+1)); sleep 0.5; done";

bool remote_is(const char *uri)
{
	g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_NONE, NULL);
	const char *host = parsed ? g_uri_get_host(parsed) : NULL;

	return host && *host;
}

static void add(Remote *remote, const char *word)
{
	g_ptr_array_add(remote->ssh, g_strdup(word));
}

static bool read_uri(Remote *remote, const char *uri, GError **error)
{
	g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_NONE, error);

	if (!parsed)
		return false;
	g_autoptr(GHashTable) options = g_uri_get_query(parsed)
		? g_uri_parse_params(g_uri_get_query(parsed), -1, "&", G_URI_PARAMS_NONE, error)
		: g_hash_table_new(g_str_hash, g_str_equal);
	if (!options)
		return false;
	const char *command = g_hash_table_lookup(options, "command");
	const char *key = g_hash_table_lookup(options, "keyfile");
	g_autofree char *control = g_strdup_printf("ControlPath=%s/ssh",
						   shmdir_path(remote->dir));
	remote->host = g_strdup(g_uri_get_host(parsed));
	add(remote, command ? command : "ssh");
	add(remote, "-oBatchMode=yes");
	add(remote, "-oExitOnForwardFailure=yes");
	add(remote, "-oServerAliveInterval=20");
	add(remote, "-o");
	add(remote, control);
	if (key) {
		add(remote, "-i");
		add(remote, key);
	}
	if (g_strcmp0(g_hash_table_lookup(options, "no_verify"), "1") == 0)
		add(remote, "-oStrictHostKeyChecking=no");
	if (g_uri_get_user(parsed)) {
		add(remote, "-l");
		add(remote, g_uri_get_user(parsed));
	}
	if (g_uri_get_port(parsed) > 0) {
		g_autofree char *port = g_strdup_printf("-p%d", g_uri_get_port(parsed));
		add(remote, port);
	}
	return true;
}

/* Run ssh with @words after its options; NULL-terminated. */
static GSubprocess *spawn(Remote *remote, GSubprocessFlags flags, int in, int out, GError **error,
			  const char *const *words)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(flags);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	for (guint i = 0; i < remote->ssh->len; i++)
		g_ptr_array_add(argv, g_ptr_array_index(remote->ssh, i));
	for (; *words; words++)
		g_ptr_array_add(argv, (char *)*words);
	g_ptr_array_add(argv, NULL);
	if (in >= 0)
		g_subprocess_launcher_take_stdin_fd(launcher, dup(in));
	if (out >= 0)
		g_subprocess_launcher_take_stdout_fd(launcher, dup(out));
	GSubprocess *process =
		child_start(launcher, (const char *const *)argv->pdata, NULL, error);
	if (!process)
		g_prefix_error(error, "starting ssh (package openssh-client): ");
	return process;
}

/* Wait for @process; what it says on stderr is the error. */
static bool finish(Remote *remote, GSubprocess *process, char **ret, GError **error)
{
	g_autofree char *errors = NULL;

	if (!g_subprocess_communicate_utf8(process, NULL, NULL, ret, &errors, error))
		return false;
	if (g_subprocess_get_successful(process))
		return true;
	if (ret)
		g_clear_pointer(ret, g_free);
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "ssh to %s, which must work without a password: %s",
		    remote->host, errors ? g_strchomp(g_strdelimit(errors, "\r\n", ' ')) : "it failed");
	return false;
}

/* One command over there, with its input and output. */
static bool run(Remote *remote, const char *command, int in, int out, char **ret, GError **error)
{
	GSubprocessFlags flags = G_SUBPROCESS_FLAGS_STDERR_PIPE |
				 (ret ? G_SUBPROCESS_FLAGS_STDOUT_PIPE : 0);
	g_autoptr(GSubprocess) process = spawn(remote, flags, in, out, error,
		(const char *[]){ "--", remote->host, command, NULL });

	return process && finish(remote, process, ret, error);
}

static bool open_master(Remote *remote, GError **error)
{
	/* It goes on when it has the connection, with us as the parent: -f would part us. */
	remote->master = spawn(remote, G_SUBPROCESS_FLAGS_STDERR_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
			       -1, -1, error, (const char *[]){
		"-oControlMaster=yes", "-oPermitLocalCommand=yes", "-oLocalCommand=echo", "-N", "--",
		remote->host, NULL });
	if (!remote->master)
		return false;
	/* The local command says that we are in. */
	char byte;
	if (g_input_stream_read(g_subprocess_get_stdout_pipe(remote->master), &byte, 1, NULL,
				NULL) == 1)
		return true;
	return finish(remote, remote->master, NULL, error);
}

static bool open_guard(Remote *remote, GError **error)
{
	remote->guard = spawn(remote, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
			      G_SUBPROCESS_FLAGS_STDERR_PIPE, -1, -1, error,
			      (const char *[]){ "--", remote->host, guard_script, NULL });
	if (!remote->guard)
		return false;
	g_autoptr(GDataInputStream) out =
		g_data_input_stream_new(g_subprocess_get_stdout_pipe(remote->guard));
	g_autofree char *line = g_data_input_stream_read_line(out, NULL, NULL, NULL);
	char *space = line ? strchr(line, ' ') : NULL;
	if (!space)
		return finish(remote, remote->guard, NULL, error);
	remote->folder = g_strdup(space + 1);
	remote->owner = g_strndup(line, space - line);
	/* ssh takes a ':' for the end of a name, XML knows no control characters. */
	if (g_regex_match_simple("^\\+[0-9]+:\\+[0-9]+$", remote->owner, G_REGEX_DOLLAR_ENDONLY, 0) &&
	    g_regex_match_simple("^/[^:[:cntrl:]]+$", remote->folder, G_REGEX_DOLLAR_ENDONLY, 0))
		return true;
	g_autofree char *shown = name_shown(line);
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE,
		    "%s names '%s' as its folder in memory; set RACERIG_SHM there to a plain one",
		    remote->host, shown);
	return false;
}

/* @name in the folder, as a word of a shell; the caller's. */
static char *quoted_path(const Remote *remote, const char *name)
{
	g_autofree char *path = g_build_filename(remote->folder, name, NULL);

	return g_shell_quote(path);
}

Remote *remote_new(const char *uri, GError **error)
{
	g_autoptr(Remote) remote = g_new0(Remote, 1);

	remote->ssh = g_ptr_array_new_with_free_func(g_free);
	remote->dir = shmdir_new(error);
	return remote->dir && read_uri(remote, uri, error) && open_master(remote, error) &&
	       open_guard(remote, error) ? g_steal_pointer(&remote) : NULL;
}

void remote_free(Remote *remote)
{
	if (!remote)
		return;
	if (remote->guard) {
		/* The end of its input, and the folder is gone when it is. */
		g_output_stream_close(g_subprocess_get_stdin_pipe(remote->guard), NULL, NULL);
		g_subprocess_wait(remote->guard, NULL, NULL);
		g_object_unref(remote->guard);
	}
	child_end(remote->master);
	shmdir_free(remote->dir);
	g_ptr_array_unref(remote->ssh);
	g_free(remote->host);
	g_free(remote->folder);
	g_free(remote->owner);
	g_free(remote);
}

const char *remote_folder(const Remote *remote)
{
	return remote->folder;
}

const char *remote_owner(const Remote *remote)
{
	return remote->owner;
}

bool remote_put(Remote *remote, const char *name, int fd, GError **error)
{
	g_autofree char *path = quoted_path(remote, name);
	g_autofree char *command = g_strdup_printf("umask 77; cat >%s", path);

	lseek(fd, 0, SEEK_SET);
	return run(remote, command, fd, -1, NULL, error);
}

bool remote_get(Remote *remote, const char *name, int fd, GError **error)
{
	g_autofree char *path = quoted_path(remote, name);
	g_autofree char *command = g_strdup_printf("cat %s", path);

	lseek(fd, 0, SEEK_SET);
	if (!run(remote, command, -1, fd, NULL, error))
		return false;
	/* The copy may have been longer. */
	return !ftruncate(fd, lseek(fd, 0, SEEK_CUR));
}

bool remote_forward(Remote *remote, const char *here, const char *name, GError **error)
{
	g_autofree char *way = g_strdup_printf("%s:%s/%s", here, remote->folder, name);
	g_autoptr(GSubprocess) process = spawn(remote, G_SUBPROCESS_FLAGS_STDERR_PIPE, -1, -1, error,
		(const char *[]){ "-Oforward", "-L", way, "--", remote->host, NULL });

	return process && finish(remote, process, NULL, error);
}

char *remote_ask(Remote *remote, const char *command, GError **error)
{
	char *answer = NULL;

	return run(remote, command, -1, -1, &answer, error) ? answer : NULL;
}
