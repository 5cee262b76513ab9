# Bare-metal programs: bare_*.c run on QEMU and on Mosaic with equal output (test_bare.py compares), mosaic_*.c only
# on Mosaic.
bare_dir   := $(build)/tests/machine
bare_flags := $(common_flags) -O2 -march=rv64gc -mabi=lp64d -mcmodel=medany -ffreestanding -fno-pic \
              -fno-stack-protector -fno-asynchronous-unwind-tables -fno-builtin
bare_names := $(patsubst $(here)/bare_%.c,%,$(wildcard $(here)/bare_*.c)) \
              $(patsubst $(here)/mosaic_%.c,%,$(wildcard $(here)/mosaic_*.c))
bare_common := $(here)/start.S $(here)/bare.c
all_targets += $(patsubst %,$(bare_dir)/%,$(bare_names))

define bare_link
@mkdir -p $(@D)
$(TCC) $(filter-out -MMD -MP,$(bare_flags)) -nostdlib -static -no-pie -Wl,--build-id=none,-z,noexecstack \
  -Wl,--no-warn-rwx-segments -T tests/machine/bare.ld $(filter %.S %.c,$^) -o $@
endef
$(bare_dir)/%: $(here)/bare_%.c $(bare_common) $(here)/bare.h $(here)/bare.ld
	$(bare_link)
$(bare_dir)/%: $(here)/mosaic_%.c $(bare_common) $(here)/bare.h $(here)/bare.ld
	$(bare_link)
