# Programs on the system: processes, time, memory, power.
$(foreach name,true false pwd sleep sync uname date env time kill ps free df poweroff,$(call app,$(name),$(name).c))
