// SPDX-License-Identifier: GPL-2.0-only
#include "machine/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "arch/arch.h"
#include "util/child.h"
#include "util/error.h"
#include "util/sum.h"

Backend *backend_start(const MachineSpec *spec, GError **error)
{
	return spec->connect ? backend_libvirt_start(spec, error) : backend_qemu_start(spec, error);
}

char *backend_emulator_path(const char *emulator, GError **error)
{
	const char *name = emulator ? emulator : ARCH.emulator;

	if (!arch_check(error))
		return NULL;
	g_autofree char *path = g_find_program_in_path(name);

	if (!path)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: no such executable; install "
			    "%s, or name one with --qemu or RACERIG_QEMU", name, ARCH.package);
	/* Absolute: who runs QEMU may be somewhere else. */
	return path ? g_canonicalize_filename(path, NULL) : NULL;
}

bool backend_is_qemu(const char *emulator, const char *said, GError **error)
{
	if (g_str_has_prefix(said, "QEMU emulator version "))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s: no QEMU, by what it says to --version; name a %s with --qemu "
		    "or RACERIG_QEMU", emulator, ARCH.emulator);
	return false;
}

char *backend_emulator_identity(const char *connect, const char *emulator, GError **error)
{
	/* What is no QEMU may be anything, and may never end. */
	enum { SECONDS = 60 };
	g_autofree char *said = NULL;
	int status;

	if (connect)
		return backend_libvirt_emulator_identity(connect, emulator, error);
	g_autofree char *path = backend_emulator_path(emulator, error);
	if (!path)
		return NULL;
	if (!child_run((const char *[]){ path, "--version", NULL }, SECONDS, &said, NULL, &status,
		       error)) {
		g_prefix_error(error, "%s --version (--qemu or RACERIG_QEMU names another): ", path);
		return NULL;
	}
	if (!backend_is_qemu(path, said, error))
		return NULL;
	g_autofree char *sum = sum_of_file(path, NULL, error);
	return sum ? g_strdup_printf("%s%s", said, sum) : NULL;
}

char *backend_option(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);

	return g_strjoinv(",,", parts);
}

char *backend_listening(const char *path, GError **error)
{
	struct sockaddr_un name;
	g_autofree char *option = backend_option(path);

	if (strlen(path) < sizeof(name.sun_path))
		return g_strdup_printf("path=%s,server=on,wait=off", option);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s: too long for a socket (%zu bytes at most); use a shorter folder", path,
		    sizeof(name.sun_path) - 1);
	return NULL;
}

/* 11.1 keeps what it has translated over a restore, up to 1 GiB by itself. */
#define TRANSLATED_MIB "64"

static void add_accel(GStrvBuilder *words, MachineAccel accel)
{
	switch (accel) {
	case ACCEL_CONTROLLED:
		/* One thread and a virtual clock made of instructions: determinism. */
		g_strv_builder_add_many(words, "-accel", "tcg,thread=single,tb-size=" TRANSLATED_MIB,
					"-icount", "shift=0,sleep=off", NULL);
		return;
	case ACCEL_TCG:
		g_strv_builder_add_many(words, "-accel", "tcg,thread=multi", NULL);
		return;
	case ACCEL_KVM:
		g_strv_builder_add_many(words, "-accel", "kvm", NULL);
	}
}

GStrv backend_words(const MachineSpec *spec, const Places *places)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	g_autofree char *ram_path = backend_option(places->ram);
	g_autofree char *disk_path = backend_option(places->disk);
	g_autofree char *console_path = backend_option(places->console);
	g_autofree char *memory = g_strdup_printf(
		"memory-backend-file,id=ram,size=%dM,mem-path=%s,share=on", spec->ram_mib, ram_path);
	g_autofree char *disk = g_strdup_printf("if=none,id=snapshots,format=qcow2,file=%s", disk_path);
	g_autofree char *console = g_strdup_printf("file,id=console,path=%s", console_path);
	g_autofree char *gdb = g_strdup_printf("socket,id=gdb,%s", places->gdb);
	g_autofree char *qmp = g_strdup_printf("socket,id=qmp,%s", places->qmp);
	g_autofree char *qmp2 = g_strdup_printf("socket,id=qmp2,%s", places->qmp2);

	g_strv_builder_add_many(
		words, "-object", memory, "-machine", "memory-backend=ram",
		"-chardev", console, "-serial", "chardev:console",
		"-chardev", gdb, "-gdb", "chardev:gdb",
		"-chardev", qmp, "-mon", "chardev=qmp,mode=control",
		"-chardev", qmp2, "-mon", "chardev=qmp2,mode=control",
		"-drive", disk, "-device", "vmcoreinfo", NULL);
	add_accel(words, spec->accel);
	return g_strv_builder_end(words);
}

bool backend_has_kvm(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int guest = fd < 0 ? -1 : ioctl(fd, KVM_CREATE_VM, 0);

	if (guest >= 0)
		close(guest);
	if (fd >= 0)
		close(fd);
	return guest >= 0;
}

static bool fail(GError **error, const char *what)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "%s: %s", what, g_strerror(errno));
	return false;
}

bool backend_init(Backend *backend, const MachineSpec *spec, GError **error)
{
	static const char *const names[N_PARTS] = { "racerig-ram", "racerig-disk",
						    "racerig-console", "racerig-log" };

	backend->gdb = backend->qmp = -1;
	backend->ram_bytes = (gsize)spec->ram_mib << 20;
	for (int i = 0; i < N_PARTS; i++)
		backend->parts[i] = memfd_create(names[i], MFD_CLOEXEC);
	for (int i = 0; i < N_PARTS; i++)
		if (backend->parts[i] < 0)
			return fail(error, "memory files");
	return !ftruncate(backend->parts[PART_RAM], backend->ram_bytes) ||
	       fail(error, "guest RAM");
}

void backend_close(Backend *backend)
{
	/* All zeroes before backend_init(). */
	for (int i = 0; i < N_PARTS; i++)
		if (backend->parts[i] > 0)
			close(backend->parts[i]);
	if (backend->gdb > 0)
		close(backend->gdb);
	if (backend->qmp > 0)
		close(backend->qmp);
}

/* A guest that floods its console is read where it began and where it ended. */
enum { TEXT_BYTES = 2 << 20 };

static char *both_ends(int fd, goffset size)
{
	gsize half = TEXT_BYTES / 2;
	g_autofree char *first = g_malloc0(half + 1), *last = g_malloc0(half + 1);

	if (pread(fd, first, half, 0) < 0 || pread(fd, last, half, size - half) < 0)
		return g_strdup("");
	return g_strdup_printf("%s\n[racerig: %" G_GOFFSET_FORMAT " bytes left out]\n%s", first,
			       size - (goffset)(2 * half), last);
}

char *backend_text(Backend *backend, Part part)
{
	int fd = backend->parts[part];
	struct stat st;

	if ((backend->fetch && !backend->fetch(backend, part, NULL)) || fstat(fd, &st))
		return g_strdup("");
	if (st.st_size > TEXT_BYTES)
		return both_ends(fd, st.st_size);
	char *text = g_malloc0(st.st_size + 1);
	return pread(fd, text, st.st_size, 0) < 0 ? strcpy(text, "") : text;
}

/* Append the file at @path to @fd. */
static bool append_file(int fd, const char *path, GError **error)
{
	int in = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (in < 0 || fstat(in, &st)) {
		bool ret = fail(error, path);
		if (in >= 0)
			close(in);
		return ret;
	}
	lseek(fd, 0, SEEK_END);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t sent = sendfile(fd, in, NULL, left);
		if (sent <= 0) {
			close(in);
			return fail(error, path);
		}
		left -= sent;
	}
	close(in);
	return true;
}

bool backend_fill_initrd(int fd, const MachineSpec *spec, GError **error)
{
	for (const char *const *path = spec->initrds; *path; path++)
		if (!append_file(fd, *path, error))
			return false;
	return true;
}

/* A new qcow2; QEMU needs one to keep snapshots in, nothing else uses it. */
static bool create_disk(int fd, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", getpid(), fd);
	const char *argv[] = { "qemu-img", "create", "-q", "-f", "qcow2", path, "1M", NULL };
	enum { SECONDS = 60 };
	g_autofree char *said = NULL, *errors = NULL;
	int status;

	if (!child_run(argv, SECONDS, &said, &errors, &status, error)) {
		g_prefix_error(error, "qemu-img (package qemu-utils): ");
		return false;
	}
	if (status == 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "qemu-img: %s",
		    g_strchomp(errors));
	return false;
}

bool backend_fill_disk(int fd, const MachineSpec *spec, GError **error)
{
	return spec->disk ? append_file(fd, spec->disk, error) : create_disk(fd, error);
}
