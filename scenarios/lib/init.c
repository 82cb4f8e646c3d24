// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1: mount, load the kfuncs, set the scenario up, park the actors.
 *
 * Which scenario, and what besides, the rig writes into guest_request.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "guest.h"
#include "text.h"
#include "vmap.h"

#define MARKER __attribute__((noinline, used)) void

/*
 * One page each: the rig knows where they are in memory, and all processes have the same ones
 * (share_pages()).
 */
#define SHARED __attribute__((aligned(4096), section("shared")))
#define PAGE_OF(type, name) union { type of; char page[4096]; } name

static PAGE_OF(struct guest_report, report_page) SHARED = { .of.version = GUEST_ABI_VERSION };
static PAGE_OF(struct guest_control, control_page) SHARED;
static PAGE_OF(struct { atomic_int parked; atomic_bool go; }, flags_page) SHARED;
extern char __start_shared[], __stop_shared[];

extern struct guest_report guest_report __attribute__((alias("report_page")));
extern volatile struct guest_control guest_control __attribute__((alias("control_page")));
#define parked (flags_page.of.parked)
#define go (flags_page.of.go)

__attribute__((aligned(4096))) struct guest_request guest_request;

extern const struct scenario __start_scenarios[], __stop_scenarios[];

static struct arena *arena;
static const struct scenario *scenario;
static __thread struct guest_actor *self;

MARKER guest_booted(void) { asm volatile("nop" ::: "memory"); }
MARKER guest_failed(void) { asm volatile("nop" ::: "memory"); }
MARKER guest_ready(void) { asm volatile("nop" ::: "memory"); }
MARKER guest_park(void) { asm volatile("nop" ::: "memory"); }
MARKER guest_returned(int64_t result) { asm volatile("nop" :: "r"(result) : "memory"); }
MARKER guest_sync(void) { asm volatile("nop" ::: "memory"); }
MARKER guest_done(void) { asm volatile("nop" ::: "memory"); }

void guest_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(guest_report.error, sizeof(guest_report.error), format, args);
	va_end(args);
	printf("racerig: %s\n", guest_report.error);
	for (;;) {
		guest_failed();
		sleep(1);
	}
}

struct guest_actor *guest_self(void)
{
	return self;
}

/* Whatever process writes there, all of them read it. */
static void share_pages(void)
{
	for (char *page = __start_shared; page < __stop_shared; page += 4096) {
		char was[4096];

		memcpy(was, page, sizeof(was));
		if (mmap(page, sizeof(was), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
			 -1, 0) == MAP_FAILED)
			guest_fail("sharing a page: %s", strerror(errno));
		memcpy(page, was, sizeof(was));
	}
}

static void mount_all(void)
{
	static const char *const kinds[] = { "proc", "sysfs" };
	static const char *const points[] = { "/proc", "/sys" };

	for (int i = 0; i < 2; i++) {
		mkdir(points[i], 0755);
		if (mount(kinds[i], points[i], kinds[i], 0, NULL))
			guest_fail("mounting %s: %s", points[i], strerror(errno));
	}
}

static void load_kfuncs(void)
{
	int fd = open("/racerig_kfuncs.ko", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		guest_fail("loading racerig_kfuncs.ko: %s", strerror(errno));
	close(fd);

	FILE *text = fopen("/sys/module/racerig_kfuncs/sections/.text", "re");
	if (!text || fscanf(text, "%lx", &guest_report.module_text) != 1)
		guest_fail("racerig_kfuncs.ko has no known .text");
	fclose(text);
}

/* Nobody watches: a guest that panics ends. */
static void end_on_panic(void)
{
	FILE *panic = fopen("/proc/sys/kernel/panic", "we");

	if (!panic || fputs("-1", panic) < 0 || fclose(panic))
		guest_fail("/proc/sys/kernel/panic: %s", strerror(errno));
}

/* NAME, or its variant NAME-write, in which arena_kfunc_touch() and the like write. */
static const struct scenario *find_scenario(const char *name, bool *ret_write)
{
	static const char variant[] = "-write";

	for (const struct scenario *s = __start_scenarios; s < __stop_scenarios; s++) {
		size_t len = strlen(s->name);

		if (strncmp(s->name, name, len) != 0)
			continue;
		*ret_write = strcmp(name + len, variant) == 0;
		if (*ret_write || !name[len])
			return s;
	}
	guest_fail("no scenario '%s' in this guest", name);
}

static void set_arenas_up(bool write)
{
	uint32_t n = 0, max_entries = scenario->max_entries;

	guest_report.n_arenas = scenario->n_arenas ? scenario->n_arenas : 1;
	guest_report.n_pages = guest_report.n_arenas * scenario->n_pages;
	guest_report.has_deferred_work = scenario->has_deferred_work;
	for (uint32_t i = 0; i < guest_report.n_arenas; i++) {
		struct arena *made = arena_new(scenario->pages, scenario->n_pages,
					       max_entries ? max_entries : ARENA_PAGES, write);

		/* What the kernel chooses is watched then: the first page is not. */
		if (max_entries && arena_alloc(made, ARENA_FIRST, 1) != 1)
			guest_fail("nobody gets the first page of the arena");
		guest_report.arenas[i] = arena_map_id(made);
		for (uint32_t page = 0; page < scenario->n_pages; page++)
			guest_report.pages[n++] = arena_page_addr(
				made, scenario->pages ? scenario->pages[page] : page);
	}
	arena = arena_nth(0);
	int err = scenario->setup ? scenario->setup(arena) : 0;
	if (err)
		guest_fail("setting up %s: %s", scenario->name, strerror(-err));
}

static void pin(uint32_t cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		guest_fail("pinning to CPU %u: %s", cpu, strerror(errno));
}

/* Each page is its vCPU's: one group, and no arena. */
static void set_vmap_up(void)
{
	arena_load_common();
	guest_report.n_arenas = 1;
	guest_report.n_pages = scenario->n_pages;
	for (uint32_t page = 0; page < scenario->n_pages; page++) {
		pin(page);
		guest_report.pages[page] = vmap_learn(page, guest_request.shape.ram);
	}
	pin(0);
}

static void stress_actor(const struct actor *actor)
{
	struct timespec now, end;
	unsigned long loops = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += guest_request.stress_seconds;
	do {
		actor->run(arena);
		if (actor->undo)
			actor->undo(arena);
		loops++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec);
	printf("racerig: stress %s loops %lu\n", actor->name, loops);
}

/*
 * Kernel threads must not take an actor's vCPU from it: its next event would be theirs.
 * They still run where an actor sleeps.
 */
static void go_before_others(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (!guest_request.stress_seconds && sched_setscheduler(0, SCHED_FIFO, &param))
		guest_fail("becoming SCHED_FIFO: %s", strerror(errno));
}

static int threads_running(void)
{
	int running = 0;
	char line[256];
	FILE *stat = fopen("/proc/stat", "re");

	while (stat && !running && fgets(line, sizeof(line), stat))
		sscanf(line, "procs_running %d", &running);
	if (!running)
		guest_fail("/proc/stat has no procs_running");
	fclose(stat);
	return running;
}

/*
 * What boot and setup left to kernel threads would have to run between the actors' own
 * doings: none may be left, seen ten times in a row, one tick after the other.
 */
static void settle(void)
{
	for (int quiet = 0; quiet < 10; quiet++) {
		usleep(10000);
		if (threads_running() > 1)
			quiet = 0;
	}
}

/* Every thread of this process, and so every actor's vCPU, may have it in its TLB. */
static int64_t unmap_a_page(void)
{
	volatile char *page = mmap(NULL, ARENA_PAGE_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -errno;
	*page = 1;
	return munmap((void *)page, ARENA_PAGE_SIZE) ? -errno : 0;
}

static int64_t control(void)
{
	uint64_t address = guest_control.address;

	switch (guest_control.kind) {
	case GUEST_CONTROL_KERNEL_LOAD:
		return arena_kernel_load(address);
	case GUEST_CONTROL_KERNEL_STORE:
		return arena_kernel_store(address);
	case GUEST_CONTROL_USER_LOAD:
		return arena_user_load(address);
	case GUEST_CONTROL_USER_STORE:
		return arena_user_store(address);
	case GUEST_CONTROL_CYCLE_PAGE:
		return arena_cycle_page();
	case GUEST_CONTROL_ELSEWHERE:
		return arena_load_elsewhere(address);
	case GUEST_CONTROL_UNMAP:
		return unmap_a_page();
	case GUEST_CONTROL_SETUP:
		return text_setup(address);
	default:
		return -EINVAL;
	}
}

static void *actor_main(void *arg)
{
	uint32_t i = (uintptr_t)arg;
	const struct actor *actor = &scenario->actors[i];

	self = &guest_report.actors[i];
	pin(self->cpu);
	go_before_others(1);
	if (guest_request.stress_seconds && guest_request.shape.actors && i == 0)
		text_setup_all();
	atomic_fetch_add(&parked, 1);
	if (guest_request.stress_seconds) {
		while (!atomic_load(&go))
			sched_yield();
		stress_actor(actor);
		return NULL;
	}
	/* No PAUSE and no sleep: the rig must find the vCPU here. */
	while (!atomic_load(&go))
		;
	guest_park();
	while (guest_control.kind) {
		guest_control.result = control();
		guest_park();
	}
	self->result = actor->run(arena);
	self->returned = 1;
	/* Asleep it leaves the vCPU to what the kernel has left to do. */
	for (;;) {
		guest_done();
		pause();
	}
}

static pthread_t threads[GUEST_MAX_ACTORS];

static void name_actors(void)
{
	for (uint32_t i = 0; i < GUEST_MAX_ACTORS && scenario->actors[i].name; i++) {
		snprintf(guest_report.actors[i].name, GUEST_NAME_SIZE, "%s", scenario->actors[i].name);
		guest_report.actors[i].cpu = i;
		guest_report.actors[i].process = guest_home(&guest_request.shape, i);
		guest_report.n_actors++;
	}
}

/*
 * Those of this process from actor @first on, while the others start theirs; the first of the
 * second process is its own main thread.  QEMU runs vCPUs in turns, up to the
 * next timer, and before 8.1 one that spins takes all of it: let none wait for one in front
 * of it.
 */
static void start_actors(uint32_t process, uint32_t first)
{
	for (uintptr_t i = guest_report.n_actors; i-- > first;) {
		if (process && i == first)
			return;
		if (guest_report.actors[i].process == process &&
		    pthread_create(&threads[i], NULL, actor_main, (void *)i))
			guest_fail("starting actor %lu", (unsigned long)i);
		while (atomic_load(&parked) < (int)(guest_report.n_actors - i))
			usleep(1000);
	}
}

/* What lets the second process start its actors, and ends when that process does. */
static int gate[2], alive[2];

/*
 * The second process.  It has the arena mapped by the descriptor that was passed on, and no
 * thread that is no actor: its end would wait for that.
 */
static void run_second(void)
{
	uintptr_t first = 0;
	char byte;

	close(alive[0]);
	arena_map_all();
	text_enter_process(&guest_request.shape, 1);
	if (read(gate[0], &byte, 1) != 1)
		guest_fail("the second process was not let in: %s", strerror(errno));
	go_before_others(2);
	while (first < guest_report.n_actors && !guest_report.actors[first].process)
		first++;
	start_actors(1, first);
	if (first < guest_report.n_actors)
		actor_main((void *)first);
	for (;;)
		pause();
}

/*
 * Stands in for an actor of the second process when that is gone: whose exit it was has done
 * it, and the others are no more.
 */
static void *stand_in(void *arg)
{
	uint32_t i = (uintptr_t)arg;
	const volatile uint64_t *words = guest_control.programs[i];
	bool exits = false;
	char byte;

	pin(i);
	go_before_others(1);
	while (read(alive[0], &byte, 1) < 0 && errno == EINTR)
		;
	for (int at = 0; at < MAX_OPERATIONS && (uint8_t)words[at] != OPERATION_END; at++)
		exits |= (uint8_t)words[at] == VERB_EXIT;
	self = &guest_report.actors[i];
	if (!self->returned)
		self->result = exits ? 0 : -ESRCH;
	self->returned = 1;
	for (;;) {
		guest_done();
		pause();
	}
	return NULL;
}

static void start_second(void)
{
	pthread_t thread;

	if (pipe2(gate, O_CLOEXEC) || pipe2(alive, O_CLOEXEC))
		guest_fail("making a pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid < 0)
		guest_fail("starting the second process: %s", strerror(errno));
	if (!pid)
		run_second();
	close(alive[1]);
	text_enter_process(&guest_request.shape, 0);
	for (uintptr_t i = 0; i < guest_report.n_actors; i++)
		if (guest_report.actors[i].process &&
		    pthread_create(&thread, NULL, stand_in, (void *)i))
			guest_fail("starting who stands in for actor %lu", (unsigned long)i);
}

int main(void)
{
	bool writes = false;

	setvbuf(stdout, NULL, _IOLBF, 0);
	share_pages();
	/* The rig moves one vCPU at a time, and this one first. */
	pin(0);
	mount_all();
	load_kfuncs();
	/* Written to, or they would not be in memory for the rig to write to. */
	guest_request.version = GUEST_ABI_VERSION;
	guest_control.kind = GUEST_CONTROL_NONE;
	guest_booted();
	if (guest_request.stress_seconds)
		end_on_panic();
	scenario = guest_request.shape.actors ? text_scenario(&guest_request.shape)
					      : find_scenario(guest_request.scenario, &writes);
	if (guest_request.shape.actors && guest_request.shape.subject == VERBS_OF_VMAP)
		set_vmap_up();
	else
		set_arenas_up(writes);
	name_actors();
	if (guest_request.shape.processes > 1)
		start_second();
	settle();

	/* The actors wait busily, on this CPU too. */
	go_before_others(2);
	if (guest_request.shape.processes > 1 && write(gate[1], "", 1) != 1)
		guest_fail("letting the second process in: %s", strerror(errno));
	start_actors(0, 0);
	guest_ready();
	atomic_store(&go, true);
	for (uint32_t i = 0; i < guest_report.n_actors; i++)
		if (!guest_report.actors[i].process)
			pthread_join(threads[i], NULL);
	printf("racerig: stress done\n");
	reboot(RB_AUTOBOOT);
	return 0;
}
