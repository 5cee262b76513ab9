# Tessera's one make file. Folders add themselves by a small build.mk each; the rules they use are in
# tools/make/rules.mk. Everything that is built goes to build/<arch>-<mode>/.

mode   ?= release
arch   ?= riscv64
system ?= shell

top   := $(CURDIR)
build := build/$(arch)-$(mode)
host  := build/host

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
ifeq ($(filter -j% --jobs%,$(MAKEFLAGS) $(MFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

include tools/make/toolchain.mk
include tools/make/setup.mk
include tools/make/rules.mk
include ports/port.mk

fragments := $(sort $(shell find abi proto hw systems kernel lib servers drivers apps ports machine tests bench tools \
                      -name build.mk 2>/dev/null))
$(foreach f,$(fragments),$(eval here := $(patsubst %/build.mk,%,$f))$(eval include $f))

.PHONY: all help clean generate
generate: $(generated)            # headers and sources made by tools; every compilation waits for them
all: $(all_targets)                ## build everything
help:                              ## this list
	@echo "Tessera: a capability microkernel operating system"
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | sort -u | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'
clean:                             ## remove everything that was built (fetched sources stay in build/fetched)
	find build -mindepth 1 -maxdepth 1 ! -name fetched -exec rm -rf {} + 2>/dev/null || true

include tools/make/system.mk tools/make/test.mk

-include $(shell find build -name '*.d' 2>/dev/null)
