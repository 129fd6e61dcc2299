/* Lets processes believe that it is another time. Clocks that only count on stay right.
 *
 * AHEAD_SECONDS is one process's own difference; AHEAD_FILE names a file with a difference in seconds (eight bytes) that
 * several processes share and that may change while they run: the clock of a machine. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long own;
static const volatile int64_t *machine;

__attribute__((constructor)) static void begin(void) {
    const char *ahead = getenv("AHEAD_SECONDS"), *file = getenv("AHEAD_FILE");
    own = ahead == NULL ? 0 : atol(ahead);
    int opened = file == NULL ? -1 : open(file, O_RDONLY | O_CLOEXEC);
    if (opened >= 0) {
        void *shared = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, opened, 0);
        machine = shared == MAP_FAILED ? NULL : shared;
        close(opened);
    }
}

static long difference(void) { return own + (machine == NULL ? 0 : (long)*machine); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (failed == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += difference();
    }
    return failed;
}

/* PostgreSQL asks these. */
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *stored) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (stored != NULL) {
        *stored = precise.tv_sec;
    }
    return precise.tv_sec;
}
