// Preloaded into a process: shifts the wall clock of that process and its children. Their CLOCK_REALTIME is the kernel's plus the
// number of nanoseconds in the first eight bytes of the file STEPPED_CLOCK, in the machine's byte order. They see what
// settimeofday(2) would do to the whole machine; every other clock stays as it is.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { BILLION = 1000000000 };

static const volatile int64_t *ahead;

__attribute__((constructor)) static void map(void)
{
	const char *path = getenv("STEPPED_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED) abort();
	close(fd);
	ahead = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	// A real system call: the vDSO's function could only be found through libc.
	int result = syscall(SYS_clock_gettime, clock, time);
	if (result == 0 && ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
		int64_t nanoseconds = time->tv_sec * (int64_t)BILLION + time->tv_nsec + *ahead;
		time->tv_sec = nanoseconds / BILLION;
		time->tv_nsec = nanoseconds % BILLION;
	}
	return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	time->tv_sec = now.tv_sec;
	time->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *result)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (result) *result = now.tv_sec;
	return now.tv_sec;
}
