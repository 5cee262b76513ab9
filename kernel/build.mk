# The kernel for the target. It has its own flags: no floating point, and an include path that chooses the architecture.

kernel_debug   := $(if $(filter debug,$(mode)),yes)
kernel_sources := $(wildcard kernel/*.c kernel/arch/$(arch)/*.c kernel/arch/$(arch)/*.S) \
                  $(if $(kernel_debug),$(wildcard kernel/debug/*.c $(addprefix kernel/arch/$(arch)/debug/*,.c .S))) \
                  lib/base/memory.c lib/base/string.c lib/base/format.c lib/base/tree.c
kernel_objects := $(patsubst %,$(build)/kernel/obj/%.o,$(basename $(kernel_sources)))
kernel_flags := $(common_flags) $(mode_flags_$(mode)) -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany \
                -msmall-data-limit=0 -mrelax -ffreestanding -fno-pic -fno-stack-protector \
                -fno-asynchronous-unwind-tables -ffunction-sections \
                -fdata-sections -fno-jump-tables  -Ikernel/arch/$(arch)

# The kernel's own files are optimised as one program; what the compiler itself may call (memcpy ...) is not part of it.
$(eval $(call compile_rules,$(build)/kernel,$(TCC),$(kernel_flags) $$(kernel_lto)))
# Debug builds keep every function and its frame instead, for backtraces.
kernel_whole := $(if $(kernel_debug),-fno-omit-frame-pointer -fno-optimize-sibling-calls,-flto)
$(build)/kernel/obj/kernel/%.o: kernel_lto := $(kernel_whole)
# The fast path runs with the message in callee-saved registers: they must be leaves (tests/tools/test_fast_path.py).
$(build)/kernel/obj/kernel/ipc.o $(build)/kernel/obj/kernel/quick.o: kernel_lto := $(kernel_whole) \
  $(if $(kernel_debug),-O2 -fomit-frame-pointer -foptimize-sibling-calls)
# What runs once, at boot, or seldom: small.
kernel_small := boot archive print log sc icu vcpu thread irq semaphore remote \
                $(addprefix arch/$(arch)/,machine fdt sbi mmu)
$(patsubst %,$(build)/kernel/obj/kernel/%.o,$(kernel_small)): kernel_lto := $(kernel_whole) -Os
$(build)/kernel/obj/lib/base/format.o: kernel_lto := -Os

kernel_link = $(TCC) $(kernel_flags) $(link_flags) -flto-partition=one \
              -T kernel/arch/$(arch)/kernel.ld $(kernel_objects)
all_targets += $(build)/kernel.elf
$(build)/kernel.elf: $(kernel_objects) kernel/arch/$(arch)/kernel.ld $(if $(kernel_debug),tools/symbols)
ifdef kernel_debug # linked twice: the names of functions, for backtraces, stand behind all that they describe
	$(call quiet,LD)$(kernel_link) -o $(build)/kernel/nameless.elf
	@tools/symbols $(build)/kernel/nameless.elf --nm $(CROSS)nm > $(build)/kernel/names.S
	@$(kernel_link) $(build)/kernel/names.S -o $@
	@tools/symbols $(build)/kernel/nameless.elf --nm $(CROSS)nm --same $@
else
	$(call quiet,LD)$(kernel_link) -o $@
endif

# The portable kernel for host tests: sources and flags that a test adds to its own.
kernel_host_sources := $(patsubst %,/%, \
  $(filter-out kernel/boot.c kernel/archive.c kernel/print.c,$(wildcard kernel/*.c kernel/debug/*.c)) \
                         kernel/arch/host/host.c kernel/arch/host/check.c kernel/arch/host/memory.c \
                         lib/base/tree.c)
kernel_host_flags := -Ikernel/arch/host -DDEBUG
kernel_host_wraps := $(patsubst %,-Wl$(comma)--wrap=%,pool_alloc pool_free pool_alloc_zeroed pool_free_zeroed \
                       factory_pick factory_take factory_take_zeroed factory_alloc_page factory_alloc_table \
                       factory_create factory_free)
