# Tests of the TCU model. Each binary builds the model anew, with sanitizers.
tcu_sources := $(addprefix /machine/tcu/,tcu.c endpoint.c tlb.c request.c checks.c command.c message.c control.c \
                                         receive.c regs.c) rig.c
$(call host_test,tcu_checks,test_checks.c $(tcu_sources))
$(call host_test,tcu_effects,test_effects.c effects_command.c effects_control.c $(tcu_sources))
$(call host_test,tcu_ring,test_ring.c $(tcu_sources))
$(call host_test,tcu_orders,test_orders.c $(tcu_sources))
$(call host_test,tcu_random,test_random.c $(tcu_sources))
$(call host_test,tcu_hostile,test_hostile.c $(tcu_sources))
