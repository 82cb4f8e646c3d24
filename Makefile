# SPDX-License-Identifier: GPL-2.0-only
# make help
ifneq ($(wildcard config.mak),)
include config.mak
endif

# The newest one of the change log.
VERSION := $(shell sed -n 's/^\#\# \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/racerig
VENV := $(CACHE)/venv
# The guest's processor: rig/arch/arch-NAME.c.  "none" links, and refuses (tests/test_arch.py).
CPU := x86-64
# The builds have no object in common, so that one does not cost the other its own.
BUILD := $(if $(COVERAGE),build-coverage,$(if $(SANITIZER),build-sanitized,build))$(if $(filter-out x86-64,$(CPU)),-$(CPU))
GUEST := build/guest
# What the demo and `make bench` need.
KERNELS := stock scratch-plain-store
# What the tests need: all kernels of stock's source.  One of another costs a second cold build.
NEWEST := $(shell sed -n 's/^source *= *//p' guest-kernel/kernels/stock.kernel)
TESTED := stock $(filter-out stock,$(basename $(notdir \
	$(shell grep -l '^source *= *$(NEWEST)' guest-kernel/kernels/*.kernel))))
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-7s %s\n' $(1) $(2))

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ifdef COVERAGE
SANITIZER := 1
SANITIZE := --coverage
endif
OTHER_CPUS := $(filter-out rig/arch/arch-$(CPU).c,$(wildcard rig/arch/arch-*.c))
TESTS := $(wildcard rig/*/test-*.c)
FUZZERS := $(wildcard rig/*/fuzz-*.c)
FAKES := $(wildcard rig/*/fake-*.c)
SOURCES := $(filter-out rig/main.c $(TESTS) $(FUZZERS) $(FAKES) $(OTHER_CPUS),$(wildcard rig/*/*.c rig/*/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
RIG_CFLAGS = $(CFLAGS) -I rig -I scenarios -I $(BUILD) $(DEPS_CFLAGS) \
	-DG_LOG_DOMAIN='"rig-$(lastword $(subst /, ,$(dir $<)))"' -MMD -MP
# Unit tests are sanitized always: they are small and that is what they are for.
TEST_BINARIES := $(TESTS:rig/%.c=$(BUILD)/tests/%)

all: $(BUILD)/racerig $(GUEST)/init.cpio

help:
	@echo 'make demo      set everything up, explore the stock kernel and a mutant'
	@echo 'make check     all tests, set-up included (what CI runs)'
	@echo 'make           the rig and the guest'
	@echo 'make check-long  what takes hours, in the order that CONTRIBUTING.md names'
	@echo 'make kernel    the kernels of the demo;  tested-kernels: those of the tests;  kernels: all'
	@echo 'make setup     install missing packages and the Python environment'
	@echo 'make check-unit check-layers check-style check-guest   parts of check'
	@echo 'make check-distros   other Debians and other QEMUs (root for the Debians); prints a table'
	@echo 'make check-fuzz  the fuzz targets, corpus and fixed seed;  fuzz: random;  fuzz-coverage: lines'
	@echo 'make check-static  gcc -fanalyzer, cppcheck, clang-tidy; nothing may be found'
	@echo 'make soak      35,000 schedules over each backend: nothing grows; PART=10 for a tenth'
	@echo 'make bench     speed, as ratios within one run'
	@echo 'make bench-stress   what a plain stress loop finds of the mutants'
	@echo 'make bench-scale    what shards and their merge cost on these cores'
	@echo 'make bench-growth   how schedules and their time grow: the curves of docs/growth.md'
	@echo 'make hunt-recall   which mutants a hunt finds that knows no scenario (a night)'
	@echo 'make install   PREFIX and DESTDIR as usual;  uninstall'
	@echo 'make deb       a Debian package, in build/deb'
	@echo 'make sanitized the rig with ASan and UBSan, in build-sanitized/'
	@echo 'make coverage  lines of rig/ that the unit tests and the quick suite run, by folder (gcovr)'
	@echo 'make lines     lines of code by folder, and of tests'
	@echo 'make clean     forget build/ and the like (kernels stay in $(CACHE))'
	@echo 'V=1 shows commands'

# --- set-up -----------------------------------------------------------------
setup: packages $(VENV)/complete

packages:
	$(Q)test -s config.mak -a ! configure -nt config.mak || tests/install-packages

test-tools:
	$(Q)tests/install-packages tests

$(VENV)/complete: analysis/requirements.txt analysis/runtime.txt analysis/setup
	$(Q)analysis/setup --for-tests
	$(Q)touch $@

# No rule makes config.mak: on a fresh machine configure fails until `make setup`
# has installed what is missing, and nobody's options are overwritten.
config.mak:
	@echo "config.mak is missing: run ./configure, or make setup to install what it needs" >&2; exit 2

# --- build ------------------------------------------------------------------
$(BUILD)/config.h: Makefile CHANGELOG.md config.mak
	@mkdir -p $(@D)
	$(Q)printf '#define RACERIG_VERSION "%s"\n#define RACERIG_DATADIR "%s"\n' \
		'$(VERSION)' '$(PREFIX)/share/racerig' >$@

$(BUILD)/rig/%.o: rig/%.c config.mak | $(BUILD)/config.h
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(RIG_CFLAGS) $(if $(SANITIZER),$(SANITIZE)) -c -o $@ $<

# The style sheet and the script of the pages, as part of the program.
PAGE := rig/report/page
$(BUILD)/page.c: $(PAGE)/page.gresource.xml $(wildcard $(PAGE)/report.*) config.mak
	@mkdir -p $(@D)
	$(call say,PAGE,$<)
	$(Q)glib-compile-resources --sourcedir=$(PAGE) --generate-source --target=$@ $<

$(BUILD)/page.o: $(BUILD)/page.c
	$(Q)$(CC) $(DEPS_CFLAGS) -O2 -c -o $@ $<

$(BUILD)/racerig: $(OBJECTS) $(BUILD)/rig/main.o $(BUILD)/page.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(if $(SANITIZER),$(SANITIZE)) -o $@ $^ $(DEPS_LIBS)

# Without one subject: nothing may need it.
$(BUILD)/without-%: $(OBJECTS) $(BUILD)/rig/main.o $(BUILD)/page.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(if $(SANITIZER),$(SANITIZE)) -o $@ $(filter-out $(BUILD)/rig/subject/$*/%,$^) $(DEPS_LIBS)

# For no machine: whoever needs one is refused.
$(BUILD)/on-none: $(filter-out $(BUILD)/rig/arch/arch-%,$(OBJECTS)) $(BUILD)/rig/arch/arch-none.o \
		$(BUILD)/rig/main.o $(BUILD)/page.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(if $(SANITIZER),$(SANITIZE)) -o $@ $^ $(DEPS_LIBS)

$(GUEST)/init.cpio: $(wildcard scenarios/*.c scenarios/lib/*) guest-kernel/guest config.mak
	$(Q)CC='$(CC)' guest-kernel/guest $(GUEST)

# Beside the build that ./configure chose.
sanitized:
	$(Q)$(MAKE) --no-print-directory SANITIZER=1 build-sanitized/racerig

# What no test runs no test can break.
coverage: all kernel
	$(Q)rm -rf build-coverage
	$(Q)$(MAKE) --no-print-directory COVERAGE=1 build-coverage/racerig unit-tests
	$(Q)for test in build-coverage/tests/*/test-*; do $$test >/dev/null || exit 1; done
	$(Q)build-coverage/racerig suite --group quick --out build-coverage/suite >/dev/null || [ $$? -eq 1 ]
	$(Q)tests/coverage build-coverage

# The first alone: of a source that was never built it is all the work.  Then two at a
# time, in an object folder each; their last step, linking, is one thread.
kernel:
	$(Q)guest-kernel/build $(firstword $(KERNELS)) >/dev/null
	$(Q)printf '%s\n' $(wordlist 2,$(words $(KERNELS)),$(KERNELS)) | \
		xargs -P 2 -I NAME sh -c 'guest-kernel/build NAME >/dev/null || exit 255' || exit 2

tested-kernels:
	$(Q)$(MAKE) --no-print-directory kernel KERNELS='$(TESTED)'

kernels:
	$(Q)$(MAKE) --no-print-directory kernel KERNELS='$(basename $(notdir $(wildcard guest-kernel/kernels/*.kernel)))'

# --- use --------------------------------------------------------------------
demo: setup
	$(Q)$(MAKE) --no-print-directory all kernel
	$(Q)tests/demo

bench: setup
	$(Q)$(MAKE) --no-print-directory all kernel
	$(Q)$(VENV)/bin/python tests/bench.py

bench-scale: setup
	$(Q)$(MAKE) --no-print-directory all kernel
	$(Q)$(VENV)/bin/python tests/bench_scale.py

bench-growth: setup
	$(Q)$(MAKE) --no-print-directory all kernel
	$(Q)$(VENV)/bin/python tests/bench_growth.py

# Half a minute for each mutant.
bench-stress: setup
	$(Q)$(MAKE) --no-print-directory all kernels
	$(Q)$(VENV)/bin/python tests/baseline.py

hunt-recall: setup
	$(Q)$(MAKE) --no-print-directory all tested-kernels
	$(Q)$(VENV)/bin/python tests/recall.py

check: setup test-tools
	$(Q)$(MAKE) --no-print-directory all tested-kernels
	$(Q)$(MAKE) --no-print-directory check-style check-layers
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) unit-tests
	$(Q)$(MAKE) --no-print-directory check-fuzz
	$(Q)$(VENV)/bin/python -m pytest -q -rs -n $(shell nproc) --dist loadgroup --no-loadscope-reorder \
		--durations=20 analysis/tests tests

# Hours.  In the order that CONTRIBUTING.md names.
check-long: all tested-kernels
	$(Q)$(MAKE) --no-print-directory check-static fuzz-coverage
	$(Q)$(MAKE) --no-print-directory soak PART=10
	$(Q)RACERIG_LONG=1 $(VENV)/bin/python -m pytest -q -rs $(addprefix tests/test_,$(addsuffix .py,$(LONG)))
LONG := mutants reduction sanitized explorer libvirt faults hostile

# Hours; what it showed is in docs/reliability.md.
soak: all tested-kernels
	$(Q)$(VENV)/bin/python tests/soak.py $(or $(PART),1)

# On other Debians and under other QEMUs: an hour the first time.
check-distros: setup
	$(Q)$(MAKE) --no-print-directory all kernel
	$(Q)$(VENV)/bin/python tests/distros.py $(DISTROS)

lines:
	$(Q)tests/lines

check-unit: unit-tests
	$(Q)$(VENV)/bin/python -m pytest -q tests/test_unit.py

check-guest: all tested-kernels
	$(Q)$(VENV)/bin/python -m pytest -q tests/test_guest.py tests/test_explorer.py

# Minutes: part of check-long.
check-static: $(BUILD)/config.h
	$(Q)tests/static

static-flags:
	@echo '$(filter-out -Werror,$(CFLAGS) -I rig -I scenarios -I $(BUILD) $(DEPS_CFLAGS)) -DG_LOG_DOMAIN=NULL'

check-layers:
	$(Q)tests/check-layers
	$(Q)tests/check-arch

check-style:
	$(Q)tests/check-style
	$(Q)cd $(CURDIR) && $(VENV)/bin/python -m mypy --strict --no-error-summary -p analysis.helpers -p analysis.tools -p tests.oracle

# What the unit tests link with: no guest.
UNIT_SOURCES := $(filter-out $(TESTS) $(FUZZERS) $(OTHER_CPUS),$(wildcard rig/util/*.c rig/arch/*.c rig/event/*.c rig/check/check*.c rig/schedule/*.c \
	rig/catalog/*.c rig/subject/*/check-*.c)) \
	rig/wire/rsp.c rig/wire/qmp.c rig/machine/domain.c rig/machine/images.c rig/machine/stop.c rig/machine/track.c rig/machine/code-log.c rig/guest/guest-report.c rig/subject/watch.c \
	rig/hunt/combination.c rig/hunt/hunted.c rig/hunt/known.c rig/hunt/signature.c rig/hunt/about.c


# Compiled once for all tests, and apart from the rig's own objects: sanitized.
UNIT_OBJECTS := $(UNIT_SOURCES:rig/%.c=$(BUILD)/unit/%.o)
$(BUILD)/unit/%.o: rig/%.c config.mak | $(BUILD)/config.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(RIG_CFLAGS) $(SANITIZE) -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/unit/%.o $(UNIT_OBJECTS)
	@mkdir -p $(@D)
	$(call say,TEST,rig/$*.c)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(DEPS_LIBS)

# On another processor, with other pages, PTEs and registers (arch/fake.h): whoever does not say what
# a PTE looks like must not notice; and step/, with a machine that runs its code (step/fake-machine.c).
FAKE_TESTS := $(wildcard rig/event/test-*.c rig/check/test-*.c rig/schedule/test-*.c)
FAKE_BINARIES := $(addprefix $(BUILD)/tests/fake/,$(basename $(notdir $(FAKE_TESTS))))
FAKE_OBJECTS := $(filter-out %/arch-$(CPU).o,$(UNIT_OBJECTS)) $(BUILD)/fake/arch/arch-fake.o
STEP_SOURCES := $(filter-out $(TESTS) $(FAKES),$(wildcard rig/step/*.c)) $(FAKES) rig/guest/guest-memory.c rig/guest/walk.c
STEP_OBJECTS := $(FAKE_OBJECTS) $(STEP_SOURCES:rig/%.c=$(BUILD)/fake/%.o)

$(BUILD)/fake/%.o: rig/%.c config.mak | $(BUILD)/config.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(RIG_CFLAGS) -DARCH_FAKE $(SANITIZE) -c -o $@ $<

define fake_rule
$(BUILD)/tests/fake/$(basename $(notdir $(1))): $(1:rig/%.c=$(BUILD)/fake/%.o) $(FAKE_OBJECTS)
	@mkdir -p $$(@D)
	$$(call say,TEST,$(1) on a fake)
	$$(Q)$$(CC) $$(SANITIZE) -o $$@ $$^ $$(DEPS_LIBS)
endef
$(foreach test,$(FAKE_TESTS),$(eval $(call fake_rule,$(test))))

$(BUILD)/tests/step/%: $(BUILD)/fake/step/%.o $(STEP_OBJECTS)
	@mkdir -p $(@D)
	$(call say,TEST,rig/step/$*.c)
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(DEPS_LIBS)

unit-tests: $(TEST_BINARIES) $(FAKE_BINARIES)

# --- fuzzing ----------------------------------------------------------------
# clang's libFuzzer: its own objects, with ASan and UBSan, or to count lines (fuzz-coverage).
FUZZ_CC := $(or $(CLANG),clang)
FUZZ_FLAGS := -g -O1 -fno-omit-frame-pointer -w
FUZZ_ASAN := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_COVER := -fprofile-instr-generate -fcoverage-mapping
FUZZ_BINARIES := $(foreach fuzzer,$(FUZZERS),build/fuzz/$(patsubst fuzz-%,%,$(basename $(notdir $(fuzzer)))))

build/fuzz/obj/%.o: rig/%.c config.mak | $(BUILD)/config.h
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(RIG_CFLAGS) $(FUZZ_FLAGS) $(FUZZ_ASAN) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

build/fuzz/cover/%.o: rig/%.c config.mak | $(BUILD)/config.h
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(RIG_CFLAGS) $(FUZZ_FLAGS) $(FUZZ_COVER) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

# From an archive only what a target needs is taken, and a target may have its own of something.
# Nobody calls the rows of invariants by name.
FUZZ_ROWS := $(wildcard rig/check/check-i*.c rig/subject/*/check-i*.c)
FUZZ_SOURCES := $(filter-out rig/command/%,$(SOURCES))
build/fuzz/obj.a: $(FUZZ_SOURCES:rig/%.c=build/fuzz/obj/%.o)
	$(Q)rm -f $@; ar rcs $@ $^

build/fuzz/cover.a: $(FUZZ_SOURCES:rig/%.c=build/fuzz/cover/%.o)
	$(Q)rm -f $@; ar rcs $@ $^

# $(1): rig/FOLDER/fuzz-WHAT
define fuzz_rules
build/fuzz/$(patsubst fuzz-%,%,$(notdir $(1))): build/fuzz/obj/$(patsubst rig/%,%,$(1)).o \
		$(FUZZ_ROWS:rig/%.c=build/fuzz/obj/%.o) build/fuzz/obj.a
	$$(call say,FUZZ,$$@)
	$$(Q)$$(FUZZ_CC) $$(FUZZ_ASAN) -fsanitize=fuzzer -o $$@ $$^ $(BUILD)/page.o $$(DEPS_LIBS)
build/fuzz/$(patsubst fuzz-%,%,$(notdir $(1)))-cover: build/fuzz/cover/$(patsubst rig/%,%,$(1)).o \
		$(FUZZ_ROWS:rig/%.c=build/fuzz/cover/%.o) build/fuzz/cover.a
	$$(Q)$$(FUZZ_CC) $$(FUZZ_COVER) -fsanitize=fuzzer -o $$@ $$^ $(BUILD)/page.o $$(DEPS_LIBS)
endef
$(foreach fuzzer,$(FUZZERS),$(eval $(call fuzz_rules,$(basename $(fuzzer)))))

$(FUZZ_BINARIES) $(addsuffix -cover,$(FUZZ_BINARIES)): | $(BUILD)/page.o

fuzz-targets: $(FUZZ_BINARIES)
fuzz-cover-targets: $(addsuffix -cover,$(FUZZ_BINARIES))

# A fixed seed and number of runs; a minute for all of them.
check-fuzz:
	$(Q)tests/fuzz check

# For as long as one likes: make fuzz SECONDS=600
fuzz:
	$(Q)tests/fuzz random $(SECONDS)

fuzz-coverage:
	$(Q)tests/fuzz coverage

# The modes are ours, whatever the umask.
DATA := $(DESTDIR)$(PREFIX)/share/racerig
install: all
	install -D -m 755 $(BUILD)/racerig $(DESTDIR)$(PREFIX)/bin/racerig
	rm -rf $(DATA) $(DESTDIR)$(PREFIX)/lib/racerig
	mkdir -p $(DATA)/analysis $(DESTDIR)$(PREFIX)/lib/racerig
	cp -r guest-kernel scenarios $(DATA)/
	cp -r analysis/setup analysis/runtime.txt analysis/*.py analysis/helpers analysis/tools $(DATA)/analysis/
	cp -r $(GUEST) $(DESTDIR)$(PREFIX)/lib/racerig/guest
	find $(DATA) -name __pycache__ -prune -exec rm -rf {} +
	chmod -R u=rwX,go=rX $(DATA) $(DESTDIR)$(PREFIX)/lib/racerig
	install -D -m 644 docs/racerig.1 $(DESTDIR)$(PREFIX)/share/man/man1/racerig.1
	install -D -m 644 docs/racerig.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/racerig

uninstall:
	rm -rf $(DATA) $(DESTDIR)$(PREFIX)/lib/racerig
	rm -f $(DESTDIR)$(PREFIX)/bin/racerig $(DESTDIR)$(PREFIX)/share/man/man1/racerig.1
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/racerig

# A Debian package of what is here, in build/deb; nothing is installed.
deb:
	$(Q)debian/build build/deb

clean:
	rm -rf build build-sanitized build-coverage config.mak config.log

-include $(wildcard build/fuzz/obj/*/*.d build/fuzz/cover/*/*.d)
-include $(OBJECTS:.o=.d) $(BUILD)/rig/main.d $(UNIT_OBJECTS:.o=.d) $(STEP_OBJECTS:.o=.d) $(TESTS:rig/%.c=$(BUILD)/unit/%.d) \
	$(TESTS:rig/%.c=$(BUILD)/fake/%.d)

.SECONDARY: $(UNIT_OBJECTS) $(TESTS:rig/%.c=$(BUILD)/unit/%.o) $(STEP_OBJECTS) \
	$(TESTS:rig/%.c=$(BUILD)/fake/%.o)

.PHONY: all help sanitized setup packages test-tools kernel tested-kernels kernels demo bench bench-scale bench-growth bench-stress hunt-recall check check-long check-distros check-unit check-guest lines check-layers \
	check-style check-fuzz fuzz fuzz-targets fuzz-cover-targets fuzz-coverage check-static static-flags soak unit-tests install uninstall deb clean coverage
