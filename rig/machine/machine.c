// SPDX-License-Identifier: GPL-2.0-only
#include "machine/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/arch.h"
#include "machine/backend.h"
#include "machine/monitor.h"
#include "machine/stop.h"
#include "machine/stub.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/lose.h"
#include "util/sum.h"

enum {
	STEP_SECONDS = 60,	/* for one instruction, on however busy a host */
};

struct Machine {
	Backend *backend;
	Stub *stub;
	int gdb;		/* its socket; the stub's to close */
	Monitor *monitor;
	guint8 *ram;		/* the guest's RAM, or a copy as of the last fetch */
	gint64 restore_usec;
	int run_seconds;	/* the deadline from stop to stop */
	gsize log_start;	/* what is in QEMU's log before is of no interest */
	int vcpus;
	MachineAccel accel;
	int thread;		/* whose registers and memory the stub shows; -1 unknown */
	bool physical;		/* the stub takes addresses for physical ones */
	GError *broken;		/* what a verb that cannot fail met; the next one that can says it */
	GHashTable *breaks;	/* set of guint64: where breakpoints are */
	Images *images;		/* copies of the RAM; NULL: it is remote */
	GString *reply;
};

bool machine_is_remote(const Machine *machine)
{
	return machine->backend->fetch != NULL;
}

static bool fetch(const Machine *machine, Part part, GError **error)
{
	return !machine_is_remote(machine) || machine->backend->fetch(machine->backend, part, error);
}

/* The last lines of QEMU's own log say more than "connection closed". */
static bool explain(Machine *machine, GError **error)
{
	g_autofree char *log = backend_text(machine->backend, PART_LOG);
	char *words = g_strchomp(log + MIN(strlen(log), machine->log_start));

	if (error && *error && *words && (*error)->domain == RIG_ERROR)
		g_prefix_error(error, "%s: ", g_strdelimit(words, "\n", ' '));
	return false;
}

static bool is_healthy(Machine *machine, GError **error)
{
	if (!machine->broken)
		return true;
	g_propagate_error(error, g_steal_pointer(&machine->broken));
	return false;
}

static int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static bool connect_all(Machine *machine, GCancellable *cancel, GError **error)
{
	Conn *qmp = conn_new(take_fd(&machine->backend->qmp), "QEMU (QMP)", FAULT_QEMU,
			     machine->backend->pid, cancel, error);
	if (!qmp)
		return false;
	machine->monitor = monitor_new(qmp);
	machine->gdb = take_fd(&machine->backend->gdb);
	Conn *gdb = conn_new(machine->gdb, "QEMU (gdbstub)", FAULT_QEMU, machine->backend->pid,
			     cancel, error);
	if (!gdb)
		return false;
	machine->stub = stub_new(gdb);
	machine->ram = mmap(NULL, machine->backend->ram_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			    machine->backend->parts[PART_RAM], 0);
	if (machine->ram == MAP_FAILED) {
		machine->ram = NULL;
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "mapping guest RAM: %s",
			    g_strerror(errno));
		return false;
	}
	return ((monitor_open(machine->monitor, error) &&
		 stub_ask(machine->stub, machine->reply, error,
			  "qSupported:multiprocess+;vContSupported+")) ||
		explain(machine, error)) &&
	       /* Registers can be written one by one once their description was asked for. */
	       stub_ask(machine->stub, machine->reply, error,
			"qXfer:features:read:target.xml:0,800") &&
	       stub_ask(machine->stub, machine->reply, error, "?");
}

/*
 * One instruction of the firmware.  Before its first, QEMU's vCPU thread may fall asleep over
 * work that it was given while it was busy with other work (rr_cpu_thread_fn(), "initial
 * kick-off"), and a savevm soon after a loadvm then waits for ever.
 */
static bool kick_off(Machine *machine, GError **error)
{
	Stop stop;

	if (!machine_step(machine, 0, &stop, error))
		return false;
	/* It warns that no timer is armed yet. */
	g_autofree char *log = backend_text(machine->backend, PART_LOG);
	machine->log_start = strlen(log);
	return true;
}

Machine *machine_new(const MachineSpec *spec, GCancellable *cancel, GError **error)
{
	g_autoptr(Machine) machine = g_new0(Machine, 1);
	g_autoptr(GError) local = NULL;

	if (!arch_check(error))
		return NULL;
	machine->thread = -1;
	machine->vcpus = spec->vcpus;
	machine->accel = spec->accel;
	machine->run_seconds = MACHINE_RUN_SECONDS;
	machine->reply = g_string_new(NULL);
	machine->breaks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	machine->backend = backend_start(spec, &local);
	if (local)
		g_set_error(error, RIG_ERROR, RIG_ERROR_START, "%s", local->message);
	if (!machine->backend || !connect_all(machine, cancel, error) || !kick_off(machine, error))
		return NULL;
	const Backend *backend = machine->backend;
	if (!machine_is_remote(machine))
		machine->images = images_new(machine->ram, backend->ram_bytes, track_new(
			backend->pid, backend->parts[PART_RAM], backend->ram_bytes));
	return g_steal_pointer(&machine);
}

void machine_free(Machine *machine)
{
	if (!machine)
		return;
	/* The backend, which knows how much there is, is gone with its end. */
	if (machine->ram)
		munmap(machine->ram, machine->backend->ram_bytes);
	if (machine->backend)
		machine->backend->end(machine->backend);
	stub_free(machine->stub);
	monitor_free(machine->monitor);
	g_clear_error(&machine->broken);
	g_string_free(machine->reply, TRUE);
	g_hash_table_unref(machine->breaks);
	images_free(machine->images);
	g_free(machine);
}

MachineTimes machine_times(const Machine *machine)
{
	StubCounts counts = stub_counts(machine->stub);

	return (MachineTimes){ machine->restore_usec, stub_run_usec(machine->stub),
			       stub_ask_usec(machine->stub), counts.stops, counts.packets, counts.writes };
}

const char *machine_qemu_version(const Machine *machine)
{
	return monitor_version(machine->monitor);
}

bool machine_answers(Machine *machine)
{
	return monitor_answers(machine->monitor);
}

static bool snapshot(Machine *machine, const char *verb, const char *tag, bool whole,
		     GError **error)
{
	return is_healthy(machine, error) && stub_flush(machine->stub, error) &&
	       (monitor_snapshot(machine->monitor, verb, tag, whole || machine_is_remote(machine),
				 error) || explain(machine, error));
}

bool machine_save_whole(Machine *machine, const char *tag, GError **error)
{
	return snapshot(machine, "savevm", tag, true, error);
}

bool machine_load_whole(Machine *machine, const char *tag, GError **error)
{
	g_autoptr(GError) local = NULL;

	if (snapshot(machine, "loadvm", tag, true, &local))
		return true;
	if (g_error_matches(local, RIG_ERROR, RIG_ERROR_MACHINE))
		g_set_error(error, RIG_ERROR, RIG_ERROR_SNAPSHOT, "%s", local->message);
	else
		g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

bool machine_save(Machine *machine, const char *tag, GError **error)
{
	if (machine_is_remote(machine))
		return machine_save_whole(machine, tag, error);
	images_save(machine->images, tag);
	return snapshot(machine, "savevm", tag, false, error);
}

bool machine_restore(Machine *machine, const char *tag, GError **error)
{
	gint64 before = g_get_monotonic_time();
	/* loadvm makes QEMU drop what it translated from the old contents, too. */
	bool ok = (machine_is_remote(machine) || images_restore(machine->images, tag, error)) &&
		  snapshot(machine, "loadvm", tag, false, error);

	machine->restore_usec += g_get_monotonic_time() - before;
	return ok;
}

bool machine_export_disk(Machine *machine, const char *path, GError **error)
{
	int fd = machine->backend->parts[PART_DISK];
	struct stat st;

	if (!fetch(machine, PART_DISK, error))
		return false;
	fstat(fd, &st);
	void *disk = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (disk == MAP_FAILED) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "reading the snapshot disk: %s",
			    g_strerror(errno));
		return false;
	}
	bool ok = sum_write(path, disk, st.st_size, error);
	munmap(disk, st.st_size);
	return ok;
}

static bool resume(Machine *machine, const char *request, int seconds, Stop *ret, GError **error)
{
	g_autoptr(GError) local = NULL;

	if (!is_healthy(machine, error))
		return false;
	bool stopped = stub_resume(machine->stub, seconds, machine->reply, &local, "%s", request);
	bool late = !stopped && g_error_matches(local, RIG_ERROR, RIG_ERROR_DEADLINE);

	if (!stopped && !late) {
		g_propagate_error(error, g_steal_pointer(&local));
		return explain(machine, error);
	}
	if (late && !stub_interrupt(machine->stub, machine->reply, error))
		return explain(machine, error);
	/* A debug stop selects the vCPU it is of (gdb_set_stop_cpu()). */
	machine->thread = -1;
	if (!stop_parse(machine->reply->str, machine->vcpus, ret, error))
		return false;
	if (g_str_has_prefix(machine->reply->str, "T05"))
		machine->thread = ret->vcpu;
	if (late && ret->kind != STOP_SHUTDOWN)
		ret->kind = STOP_INTERRUPTED;
	return true;
}

bool machine_run_all(Machine *machine, int seconds, Stop *ret, GError **error)
{
	return resume(machine, "vCont;c", seconds, ret, error);
}

static bool resume_one(Machine *machine, char how, int vcpu, int seconds, Stop *ret, GError **error)
{
	g_autofree char *request = g_strdup_printf("vCont;%c:p1.%x", how, vcpu + 1);

	return resume(machine, request, fault_deadline(seconds), ret, error);
}

/* One instruction: where a busy host is late, waiting for it is all that can be done. */
static bool resume_once(Machine *machine, char how, int vcpu, Stop *ret, GError **error)
{
	if (!resume_one(machine, how, vcpu, STEP_SECONDS, ret, error))
		return false;
	if (ret->kind != STOP_INTERRUPTED)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_DEADLINE, "gdbstub: one instruction, and no stop for %d s",
		    fault_deadline(STEP_SECONDS));
	return false;
}

bool machine_run(Machine *machine, int vcpu, Stop *ret, GError **error)
{
	return resume_one(machine, 'c', vcpu, machine->run_seconds, ret, error);
}

bool machine_step(Machine *machine, int vcpu, Stop *ret, GError **error)
{
	return resume_once(machine, 's', vcpu, ret, error);
}

static bool select_vcpu(Machine *machine, int vcpu, GError **error)
{
	if (!is_healthy(machine, error))
		return false;
	if (machine->thread == vcpu)
		return true;
	if (!stub_do(machine->stub, error, "Hgp1.%x", vcpu + 1))
		return explain(machine, error);
	machine->thread = vcpu;
	return true;
}

bool machine_hold_interrupts(Machine *machine, int vcpu, HoldInterrupts hold, GError **error)
{
	if (lose(hold == INTERRUPTS_HELD ? "hold" : "let-in"))
		hold = hold == INTERRUPTS_HELD ? INTERRUPTS_OPEN : INTERRUPTS_HELD;
	return machine_set(machine, vcpu, reg_hold_interrupts(hold), error);
}

void machine_allow(Machine *machine, int seconds)
{
	machine->run_seconds = seconds;
}

bool machine_is_break(const Machine *machine, guint64 addr)
{
	return g_hash_table_contains(machine->breaks, &addr);
}

bool machine_break(Machine *machine, guint64 addr, bool insert, GError **error)
{
	if (insert)
		g_hash_table_add(machine->breaks, g_memdup2(&addr, sizeof(addr)));
	else
		g_hash_table_remove(machine->breaks, &addr);
	return stub_do(machine->stub, error, "%c%d,%" G_GINT64_MODIFIER "x,1", insert ? 'Z' : 'z',
		       machine->accel == ACCEL_KVM, addr);
}

bool machine_step_watched(Machine *machine, int vcpu, guint64 pc, Stop *ret, GError **error)
{
	if (!machine_break(machine, pc, false, error) ||
	    !resume_once(machine, 'c', vcpu, ret, error) || !machine_break(machine, pc, true, error))
		return false;
	if (ret->kind == STOP_WATCH)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL,
		    "gdbstub: the instruction at 0x%" G_GINT64_MODIFIER "x passed its watchpoint", pc);
	return false;
}

bool machine_watch(Machine *machine, guint64 addr, gsize len, WatchKind kind, bool insert,
		   GError **error)
{
	return stub_do(machine->stub, error, "%c%d,%" G_GINT64_MODIFIER "x,%zx",
		       insert ? 'Z' : 'z', kind, addr, len);
}

bool machine_flush_tlb(Machine *machine, int vcpu, GError **error)
{
	Regs regs;

	return machine_regs(machine, vcpu, &regs, error) &&
	       machine_set(machine, vcpu, reg_flush_tlb(&regs), error);
}

bool machine_set(Machine *machine, int vcpu, RegWrite write, GError **error)
{
	return select_vcpu(machine, vcpu, error) &&
	       stub_do(machine->stub, error, "P%x=%016" G_GINT64_MODIFIER "x", write.number,
		       GUINT64_SWAP_LE_BE(write.value));
}

/* @hex holds @len bytes in memory order. */
static bool parse_hex(const GString *hex, void *buffer, gsize len)
{
	guint8 *bytes = buffer;

	if (hex->len < len * 2)
		return false;
	for (gsize i = 0; i < len; i++) {
		int high = g_ascii_xdigit_value(hex->str[i * 2]);
		int low = g_ascii_xdigit_value(hex->str[i * 2 + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = high * 16 + low;
	}
	return true;
}

bool machine_regs(Machine *machine, int vcpu, Regs *ret, GError **error)
{
	guint8 bytes[REGS_MAX_BYTES];

	if (!select_vcpu(machine, vcpu, error) ||
	    !stub_ask(machine->stub, machine->reply, error, "g"))
		return explain(machine, error);
	if (!parse_hex(machine->reply, bytes, ARCH.regs_bytes)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "gdbstub: short register reply");
		return false;
	}
	regs_read(bytes, ret);
	return true;
}

char *machine_regs_text(Machine *machine, int vcpu, GError **error)
{
	if (!select_vcpu(machine, vcpu, error) ||
	    !stub_ask(machine->stub, machine->reply, error, "g")) {
		explain(machine, error);
		return NULL;
	}
	return g_strdup(machine->reply->str);
}

/* What kind of addresses the stub takes from now on. */
static bool select_memory(Machine *machine, bool physical, GError **error)
{
	if (machine->physical == physical)
		return true;
	if (!stub_do(machine->stub, error, "Qqemu.PhyMemMode:%d", physical))
		return explain(machine, error);
	machine->physical = physical;
	return true;
}

int machine_hand_over(Machine *machine, GError **error)
{
	int fd = machine->gdb;

	/* gdb asks for the registers of any vCPU (Hg0: QEMU's first) and takes them for those of
	 * the one that stopped (?: the one that Hc chose). */
	if (!select_memory(machine, false, error) || !stub_do(machine->stub, error, "Hcp1.1") ||
	    !stub_flush(machine->stub, error)) {
		explain(machine, error);
		return -1;
	}
	/* The rig reads it with deadlines, others just read. */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

static bool stub_read(Machine *machine, guint64 addr, void *buffer, gsize len, GError **error)
{
	enum { CHUNK = 1024 };

	for (gsize done = 0; done < len; done += CHUNK) {
		gsize part = MIN(len - done, CHUNK);

		if (!stub_ask(machine->stub, machine->reply, error,
			      "m%" G_GINT64_MODIFIER "x,%zx", addr + done, part))
			return explain(machine, error);
		if (!parse_hex(machine->reply, (guint8 *)buffer + done, part)) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL,
				    "gdbstub: short memory reply");
			return false;
		}
	}
	return true;
}

bool machine_read(Machine *machine, int vcpu, guint64 addr, void *buffer, gsize len,
		  GError **error)
{
	return select_vcpu(machine, vcpu, error) && select_memory(machine, false, error) &&
	       stub_read(machine, addr, buffer, len, error);
}

bool machine_word(Machine *machine, int vcpu, RegPlace place, guint64 *ret, GError **error)
{
	*ret = place.value;
	return !place.in_memory || machine_read(machine, vcpu, place.value, ret, sizeof(*ret), error);
}

bool machine_has_phys(const Machine *machine, guint64 phys, gsize len)
{
	gsize bytes = machine->backend->ram_bytes;

	return len <= bytes && phys <= bytes - len;
}

/* The guest's own tables say where things are, and may say anything. */
static bool check_phys(const Machine *machine, guint64 phys, gsize len, GError **error)
{
	if (machine_has_phys(machine, phys, len))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "physical address %#" G_GINT64_MODIFIER "x is beyond the guest's RAM", phys);
	return false;
}

bool machine_phys_read(Machine *machine, guint64 phys, void *buffer, gsize len, GError **error)
{
	if (!check_phys(machine, phys, len, error))
		return false;
	if (machine_is_remote(machine))
		return select_memory(machine, true, error) &&
		       stub_read(machine, phys, buffer, len, error);
	memcpy(buffer, machine->ram + phys, len);
	return true;
}

guint64 machine_phys64(Machine *machine, guint64 phys)
{
	guint64 value = 0;

	/* The first error is kept, and said by the next verb that has a way to. */
	machine_phys_read(machine, phys, &value, sizeof(value),
			  machine->broken ? NULL : &machine->broken);
	return value;
}

void machine_phys64_set(Machine *machine, guint64 phys, guint64 value)
{
	GError **broken = machine->broken ? NULL : &machine->broken;

	if (!check_phys(machine, phys, sizeof(value), broken))
		return;
	if (!machine_is_remote(machine)) {
		memcpy(machine->ram + phys, &value, sizeof(value));
		images_wrote(machine->images, phys, sizeof(value));
		return;
	}
	if (select_memory(machine, true, broken) &&
	    stub_do(machine->stub, broken, "M%" G_GINT64_MODIFIER "x,8:%016" G_GINT64_MODIFIER "x", phys,
		    GUINT64_SWAP_LE_BE(value)))
		stub_flush(machine->stub, broken);
}

int machine_ram_fd(const Machine *machine)
{
	return machine_is_remote(machine) ? -1 : machine->backend->parts[PART_RAM];
}

gsize machine_ram_bytes(const Machine *machine)
{
	return machine->backend->ram_bytes;
}

const guint8 *machine_ram(Machine *machine, GError **error)
{
	return fetch(machine, PART_RAM, error) ? machine->ram : NULL;
}

bool machine_hash_ram(Machine *machine, const char *tag, GChecksum *sum, GError **error)
{
	if (tag && !machine_is_remote(machine)) {
		images_hash(machine->images, tag, sum);
		return true;
	}
	const guint8 *ram = machine_ram(machine, error);
	if (ram)
		g_checksum_update(sum, ram, machine->backend->ram_bytes);
	return ram != NULL;
}

Mark *machine_mark(Machine *machine, const char *tag, GError **error)
{
	if (machine->images)
		return images_mark(machine->images, tag);
	const guint8 *ram = machine_ram(machine, error);
	return ram ? mark_whole(ram, machine->backend->ram_bytes) : NULL;
}

bool machine_since(Machine *machine, const Mark *mark, MarkFunc func, gpointer data, GError **error)
{
	const guint8 *ram = machine_ram(machine, error);

	if (ram && machine->images)
		images_since(machine->images, mark, func, data);
	else if (ram)
		mark_compare_whole(mark, ram, func, data);
	return ram != NULL;
}

char *machine_console(Machine *machine)
{
	return backend_text(machine->backend, PART_CONSOLE);
}
