# Hostile tasks on the target: tests/fuzz/target/test_hostile.py runs it, for as long as HOSTILE_ROUNDS says.

$(call first_task,$(build)/test/hostile,hostile.c,test)
