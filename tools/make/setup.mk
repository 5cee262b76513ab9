# Before anything is built, the packages that this needs: make re-makes what it includes first and then starts anew,
# so on a fresh machine `make run` or `make test` is all it takes. SETUP=done skips this.

build_goals := $(filter-out help clean setup graph,$(or $(MAKECMDGOALS),help))
ifneq ($(and $(build_goals),$(if $(SETUP),,needed)),)
include build/setup.mk
build/setup.mk: tools/setup
	@sh tools/setup
	@mkdir -p build && echo "# tools/setup has found or installed everything" > $@
endif

.PHONY: setup
setup:                             ## install the packages that are missing (make run, test, bench do it themselves)
	@sh tools/setup
