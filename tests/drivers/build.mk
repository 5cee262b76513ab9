# The drivers on a machine: small systems with one client each, booted by tests/drivers/test_drivers.py.

$(call native_program,driver-test,driver_test.c,drv)
$(call native_program,restart-test,restart_test.c,drv)
$(call native_program,mortal-blk,mortal_blk.c /drivers/blk/virtio/disk.c,drv)

driver_systems  := $(build)/test/drivers
driver_programs := driver-test restart-test mortal-blk ns16550 virtio-blk virtio-console init rm root
all_targets     += $(driver_systems)/drivers.cpio $(driver_systems)/restart.cpio
$(driver_systems)/%.cpio: tests/drivers/%.toml $(system_files) $(addprefix $(build)/bin/,$(driver_programs))
	@mkdir -p $(@D)
	@tools/mksystem $< --native "$(native_programs)" --bin $(build)/bin -o $(@D)
	$(call quiet,IMAGE)tools/image archive $(@D)/$*.archive -o $@ --strip $(CROSS)strip
