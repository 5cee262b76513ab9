# Tests of the accelerators, alone and in a mesh of tiles.
mesh_sources := /machine/tile/mesh.c /machine/noc/noc.c /machine/dev/snapshot.c \
                /machine/accel/accel.c /machine/accel/logic.c \
                $(addprefix /machine/tcu/,tcu.c endpoint.c tlb.c request.c checks.c command.c message.c control.c \
                                          receive.c regs.c)
$(call host_test,accel,test_accel.c stage.c $(mesh_sources),-lm)
$(call host_test,accel_logic,test_logic.c /machine/accel/logic.c,-lm)
