/*
 * Entry of a POSIX program: the region manager starts it with the address of its start block in a0 and its stack in sp.
 * posix_start (lib/posix/start.c) lays out arguments, environment and auxiliary vector as libc expects them and goes on
 * in _start_c.
 */
__asm__(".text\n"
        ".global " START "\n"
        ".type " START ",%function\n" START ":\n"
        ".weak __global_pointer$\n"
        ".hidden __global_pointer$\n"
        ".option push\n"
        ".option norelax\n\t"
        "lla gp, __global_pointer$\n"
        ".option pop\n\t"
        "andi sp, sp, -16\n\t"
        "lla a1, " START "_c\n\t"
        "tail posix_start\n");
