# __unmapself(base, size): ends the calling thread, whose stack is in that range, and unmaps the range.
.global __unmapself
.type __unmapself, %function
__unmapself:
	tail posix_thread_unmap_exit
