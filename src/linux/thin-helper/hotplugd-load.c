// Hands an alias to the agent and waits for what comes of it. Called by the kernel as /proc/sys/kernel/modprobe, with -q -- ALIAS,
// and as `hotplugd-load [--no-wait]` by udev (RUN+=) or anybody else with the alias in $MODALIAS, never from a rule's own text.
// `hotplugd-load --check` says its name and no more: whoever is to install it sees that it runs here.
// Exit status: 0 loaded, or taken with --no-wait; 1 not. Where no agent answers, modprobe does the work; where there is none
// either, the alias waits in a spool directory, which the agent empties when it starts.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef SOCKET // a test's own
#define SOCKET "/run/hotplugd/load"
#define MODPROBE "/sbin/modprobe"
#define SPOOL "/run/hotplugd.spool"
#define SECONDS 150 // udev ends what takes 180
#endif
enum { LONGEST_ALIAS = 8192, MOST_SPOOLED = 1024 };

static long now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// The agent's answer, or -1 where it has none: it is not there, ends, is about to end, or says nothing for too long.
static int ask(const char *line, size_t length)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) return -1;
	if (send(fd, line, length, MSG_NOSIGNAL) != (ssize_t)length) return -1; // It is shorter than any socket's buffer.
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	static long end, left; // One limit, however often it asks.
	char answer[2];
	if (end == 0) end = now() + SECONDS * 1000L;
	for (size_t have = 0; have < sizeof(answer);) {
		if ((left = end - now()) <= 0 || (poll(&readable, 1, left) < 0 && errno != EINTR)) return -1;
		ssize_t got = recv(fd, answer + have, sizeof(answer) - have, 0);
		if (got > 0) have += got;
		else if (got == 0 || (errno != EAGAIN && errno != EINTR)) return -1;
	}
	return answer[1] == '\n' && (answer[0] == '0' || answer[0] == '1') ? answer[0] - '0' : -1;
}

static int files_there(void)
{
	DIR *directory = opendir(SPOOL);
	int count = directory == NULL ? MOST_SPOOLED : 0;
	while (directory != NULL && readdir(directory) != NULL) count++;
	return count;
}

// Whole or not at all: the agent takes no name that begins with a dot, and removes what has one for too long.
static int spool(const char *line, size_t length)
{
	char draft[128], name[128];
	struct timespec time;
	unsigned long chance[2] = {getpid()}; // Where the kernel has no better yet, O_EXCL has to do.
	if ((mkdir(SPOOL, 0700) < 0 && errno != EEXIST) || files_there() >= MOST_SPOOLED) return 1;
	clock_gettime(CLOCK_MONOTONIC, &time);
	(void)!getrandom(chance, sizeof(chance), GRND_NONBLOCK);
	snprintf(draft, sizeof(draft), SPOOL "/.%012ld.%09ld.%lx%lx", (long)time.tv_sec, time.tv_nsec, chance[0], chance[1]);
	snprintf(name, sizeof(name), SPOOL "/%012ld.%09ld.%d", (long)time.tv_sec, time.tv_nsec, (int)getpid());
	int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, line, length) == (ssize_t)length && close(fd) == 0 && rename(draft, name) == 0) return 0;
	if (fd >= 0) unlink(draft);
	return 1;
}

int main(int count, char **words)
{
	int kernel = count == 4 && !strcmp(words[1], "-q") && !strcmp(words[2], "--");
	int leave = count == 2 && !strcmp(words[1], "--no-wait");
	if (count == 2 && !strcmp(words[1], "--check")) return puts("hotplugd-load") < 0;
	if (!kernel && !leave && count != 1) {
		fputs("usage: hotplugd-load [-q -- ALIAS | --no-wait | --check]\n", stderr);
		return 2;
	}
	char *alias = kernel ? words[3] : getenv("MODALIAS"), line[LONGEST_ALIAS + 4];
	if (alias == NULL || *alias == '\0' || strlen(alias) > LONGEST_ALIAS || strchr(alias, '\n') != NULL) return 1;
	size_t length = sprintf(line, "%c %s\n", kernel ? 'k' : leave ? 'n' : 'w', alias);
	int answer = ask(line, length);
	if (answer >= 0) return answer;
	// The kernel calls modprobe with -q alone; udev's own loading heeds the blacklist for names as well, as -b does.
	execl(MODPROBE, MODPROBE, kernel ? "-q" : "-bq", "--", alias, (char *)NULL);
	if (spool(line, length) != 0) return 1; // An agent that has begun since may have emptied it before: twice does no harm.
	return (answer = ask(line, length)) >= 0 ? answer : !leave;
}
