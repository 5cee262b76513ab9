# Bootable systems: a page systems/NAME.toml becomes $(build)/systems/NAME.cpio, the boot archive, and
# NAME.IMAGE.ext4, its file-system images; and the commands that boot them.

systems      := $(patsubst systems/%.toml,%,$(wildcard systems/*.toml))
system_files := tools/mksystem tools/image $(wildcard tools/system/*.py) $(wildcard proto/*.idl) \
                $(wildcard systems/files/*) $(host)/bin/ext4put
kernel_image := $(build)/kernel.elf
posix_built  := $(addprefix $(build)/apps/,$(posix_programs))

define system_rule
$(build)/systems/$1.cpio: systems/$1.toml $(system_files) $(addprefix $(build)/bin/,$(native_programs)) $(posix_built)
	@rm -rf $(build)/systems/$1.*
	$$(call quiet,SYSTEM)tools/mksystem $$< --native "$(native_programs)" --posix "$(posix_programs)" \
	  --bin $(build)/bin --apps $(build)/apps -o $(build)/systems
	@for list in $(build)/systems/$1.*.image; do \
	  tools/image disk $$$$list -o $$$${list%.image}.ext4 --strip $(CROSS)strip || exit 1; done
	$$(call quiet,IMAGE)tools/image archive $(build)/systems/$1.archive -o $$@ --strip $(CROSS)strip
endef
$(foreach s,$(systems),$(eval $(call system_rule,$s)))

all: $(addprefix $(build)/systems/,$(addsuffix .cpio,$(systems)))

.PHONY: run graph
SYSTEM ?= $(system)
run: $(kernel_image) $(build)/systems/$(SYSTEM).cpio   ## build, and boot to a shell on QEMU (SYSTEM=NAME)
	@tools/tessera run --system $(SYSTEM) --build $(build)
graph:                             ## draw a system as graphviz text (SYSTEM=NAME)
	@tools/mksystem systems/$(SYSTEM).toml --graph
