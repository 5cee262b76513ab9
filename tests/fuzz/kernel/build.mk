# The kernel's fuzzers: kernel_fuzz runs random steps and the corpus, on any machine; kernel_coverage is guided by the
# coverage of the kernel (libFuzzer), where there is clang. `make fuzz seconds=600` runs the latter for longer.

fuzz_world := world.c $(kernel_host_sources)
$(call host_test,kernel_fuzz,random.c $(fuzz_world),$(kernel_host_wraps),$(kernel_host_flags))

CLANG   ?= clang
seconds ?= 60
fuzz_flags := $(common_flags) $(call arch_includes,host) -O1 -Wno-gnu-designator $(kernel_host_flags) \
              -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
fuzz_program := $(host)/fuzz/kernel_coverage
fuzz_objects := $(call obj_path,$(host)/fuzz/kernel,coverage.c $(fuzz_world))
$(eval $(call compile_rules,$(host)/fuzz/kernel,$(CLANG),$(fuzz_flags)))

$(fuzz_program): $(fuzz_objects)
	@mkdir -p $(@D)
	$(call quiet,LD)$(CLANG) -fsanitize=fuzzer,address,undefined $(kernel_host_wraps) $^ -o $@

ifneq ($(shell command -v $(CLANG)),)
all_targets += $(fuzz_program)
endif

.PHONY: fuzz
fuzz: $(fuzz_program)              ## fuzz the kernel on the host, guided by coverage (seconds=N)
	tests/fuzz/fuzz --program $(fuzz_program) --seconds $(seconds) --keep
