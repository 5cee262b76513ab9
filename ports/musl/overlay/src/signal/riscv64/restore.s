# Return from a signal handler. lib/posix calls handlers as functions, so nothing ever gets here.
.global __restore
.type __restore, %function
__restore:
.global __restore_rt
.type __restore_rt, %function
__restore_rt:
	unimp
