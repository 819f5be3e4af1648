// Hands an alias to the agent and waits for the outcome. The kernel calls it (/proc/sys/kernel/modprobe) with -q -- ALIAS.
// udev (RUN+=) and others call `hotplugd-load [--no-wait]` with the alias in $MODALIAS, never with one from a rule's own text.
// `hotplugd-load --check` prints the program's name: an installer sees by it that the program runs on this machine.
// Exit status: 0 loaded, or accepted with --no-wait; 1 not. When no agent answers, modprobe loads the module; without modprobe,
// the alias waits in a spool directory, which the agent empties when it starts.

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

#ifndef SOCKET // Tests define their own values.
#define SOCKET "/run/hotplugd/load"
#define MODPROBE "/sbin/modprobe"
#define SPOOL "/run/hotplugd.spool"
#define SECONDS 150 // udev kills a program after 180 s.
#endif
enum { LONGEST_ALIAS = 8192, MOST_SPOOLED = 1024 };

static long now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// The agent's answer, or -1 without an answer: no agent runs, the agent ends or is about to end, or the time is over.
static int ask(const char *line, size_t length)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) return -1;
	if (send(fd, line, length, MSG_NOSIGNAL) != (ssize_t)length) return -1; // Any socket's buffer holds the whole line.
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	static long end, left; // One deadline for both calls.
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

// Writes a whole file or none: the agent ignores names that begin with a dot, and removes old files with such names.
static int spool(const char *line, size_t length)
{
	char draft[128], name[128];
	struct timespec time;
	unsigned long chance[2] = {getpid()}; // Early at boot there may be no random bytes: O_EXCL suffices.
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
	// The kernel calls modprobe with -q only; udev's own loading applies the blacklist to names as well, as -b does.
	execl(MODPROBE, MODPROBE, kernel ? "-q" : "-bq", "--", alias, (char *)NULL);
	if (spool(line, length) != 0) return 1; // An agent may have started and emptied the spool just before: asking twice is harmless.
	return (answer = ask(line, length)) >= 0 ? answer : !leave;
}
