# The stubs of three pages of this folder's own, so that the services' pages can change freely.
$(foreach page,widget part gadget,$(eval $(call idl_rule,$(host),$(page),$(here))))
$(call host_test,wire,test_wire.c hostile.c loopback.c)
