# __set_thread_area(tp): the calling thread's pointer to its UTCB moves along to its new thread-local storage.
.global __set_thread_area
.type __set_thread_area, %function
__set_thread_area:
	lui t0, %tprel_hi(sys_utcb)
	add t1, t0, tp, %tprel_add(sys_utcb)
	ld t2, %tprel_lo(sys_utcb)(t1)
	mv tp, a0
	add t1, t0, tp, %tprel_add(sys_utcb)
	sd t2, %tprel_lo(sys_utcb)(t1)
	li a0, 0
	ret
