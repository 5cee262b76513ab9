# Tests of debugging. They boot the kernel's debug build with programs of the release build.

$(call first_task,$(build)/test/debug/watched,watched.c,test)

ifneq ($(mode),debug)
debug_kernel := build/$(arch)-debug/kernel.elf
all_targets += $(debug_kernel)
$(debug_kernel): $(shell find kernel abi hw lib/base -name '*.[chS]' -o -name '*.def' -o -name '*.ld' -o -name '*.mk') \
                 tools/symbols | generate
	@+MAKEFLAGS= $(MAKE) --no-print-directory -s mode=debug SETUP=done $@
	@touch $@
endif
