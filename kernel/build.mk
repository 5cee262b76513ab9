# The kernel for the target. It has its own flags: no floating point, and an include path that chooses the architecture.

kernel_sources := $(wildcard kernel/*.c kernel/arch/$(arch)/*.c kernel/arch/$(arch)/*.S) \
                  lib/base/memory.c lib/base/string.c lib/base/format.c lib/base/tree.c
kernel_objects := $(patsubst %,$(build)/kernel/obj/%.o,$(basename $(kernel_sources)))
kernel_flags := $(common_flags) $(mode_flags_$(mode)) -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany \
                -mno-relax -msmall-data-limit=0 -ffreestanding -fno-pic -fno-stack-protector \
                -fno-asynchronous-unwind-tables -ffunction-sections \
                -fdata-sections -fno-jump-tables  -Ikernel/arch/$(arch)

# The kernel's own files are optimised as one program; what the compiler itself may call (memcpy ...) is not part of it.
$(eval $(call compile_rules,$(build)/kernel,$(TCC),$(kernel_flags) $$(kernel_lto)))
$(build)/kernel/obj/kernel/%.o: kernel_lto := -flto

all_targets += $(build)/kernel.elf
$(build)/kernel.elf: $(kernel_objects) kernel/arch/$(arch)/kernel.ld
	$(call quiet,LD)$(TCC) $(kernel_flags) $(link_flags) \
	  -T kernel/arch/$(arch)/kernel.ld $(kernel_objects) -o $@

# The portable kernel for host tests: sources and flags that a test adds to its own.
kernel_host_sources := $(patsubst %,/%, \
  $(filter-out kernel/boot.c kernel/archive.c kernel/print.c,$(wildcard kernel/*.c)) \
                         kernel/arch/host/host.c kernel/arch/host/check.c kernel/arch/host/memory.c \
                         lib/base/tree.c)
kernel_host_flags := -Ikernel/arch/host -DDEBUG
kernel_host_wraps := $(patsubst %,-Wl$(comma)--wrap=%,pool_alloc pool_free factory_alloc factory_alloc_raw \
                       factory_alloc_page factory_create factory_free)
