# Figures: bench/kernel boots on nothing but the kernel; tools/bench runs everything and prints the tables.

$(call first_task,$(build)/bench/figures,kernel/figures.c,test)
$(call first_task,$(build)/bench/cross,kernel/cross.c,test)
$(call first_task,$(build)/bench/lines,kernel/lines.c,test)
$(call first_task,$(build)/bench/latency,kernel/latency.c,test)
$(call first_task,$(build)/bench/operations,kernel/operations.c,test)
$(call posix_program,figures,posix/figures.c)

.PHONY: bench
bench: all                         ## measure, and print the figures beside those of other systems
	@tools/bench --build $(build)
