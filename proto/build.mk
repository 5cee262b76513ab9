# Headers of the services: $(build)/gen/proto/NAME.h for target programs, the same below $(host)/gen for host tests.
# A rule: (tree of headers, interface, folder of its page)

proto_pages := $(wildcard proto/*.idl)
idlc_files  := tools/idlc $(wildcard tools/idl/*.py)

define idl_rule
generated += $1/gen/proto/$2.h
$1/gen/proto/$2.h: $3/$2.idl $(idlc_files)
	@mkdir -p $$(@D)
	$$(call quiet,IDL)$(PYTHON) tools/idlc $$< -o $$@ -d $$@.d
endef
$(foreach tree,$(build) $(host),$(foreach page,$(proto_pages),\
  $(eval $(call idl_rule,$(tree),$(basename $(notdir $(page))),proto))))
