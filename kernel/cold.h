/* COLD keeps a rare case in a function of its own, so that the frequent one need not save registers for it. */
#pragma once

#define COLD __attribute__((noinline, cold))
