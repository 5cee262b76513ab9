# __clone(func, stack, flags, arg, ptid, tls, ctid): a new thread, or -ENOSYS for a new process.
.global __clone
.type __clone, %function
__clone:
	tail posix_clone
