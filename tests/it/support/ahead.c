/* Lets one process believe that it is later: the wall clock plus AHEAD_SECONDS. Clocks that only count on stay right. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    const char *ahead = getenv("AHEAD_SECONDS");
    if (failed == 0 && clock == CLOCK_REALTIME && ahead != NULL) {
        now->tv_sec += atol(ahead);
    }
    return failed;
}
