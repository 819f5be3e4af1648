// Binds a netlink socket for uevents to one multicast group, and prints its port id. For every line of standard input it reads all
// messages that wait in the socket, and prints a line for each (the sender's port id, the groups, the sender's uid, the text before
// the first NUL), and a line `read COUNT`.

#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static void check(int result, const char *what)
{
	if (result >= 0) return;
	perror(what);
	exit(1);
}

static int read_one(int fd)
{
	static char text[65536];
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct sockaddr_nl from;
	struct iovec part = {text, sizeof(text) - 1};
	struct msghdr message = {&from, sizeof(from), &part, 1, control, sizeof(control), 0};
	ssize_t size = recvmsg(fd, &message, MSG_DONTWAIT);
	if (size < 0 && errno == EAGAIN) return 0;
	check(size, "recvmsg");
	text[size] = 0;
	struct cmsghdr *part_of_control = CMSG_FIRSTHDR(&message);
	if (!part_of_control || part_of_control->cmsg_type != SCM_CREDENTIALS) exit(2);
	struct ucred *sender = (struct ucred *)CMSG_DATA(part_of_control);
	printf("port %u groups %u uid %u %s\n", from.nl_pid, from.nl_groups, sender->uid, text);
	return 1;
}

int main(int count, char **words)
{
	if (count != 2) return 2;
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1u << (atoi(words[1]) - 1)};
	socklen_t length = sizeof(address);
	int on = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	check(fd, "socket");
	check(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), "setsockopt");
	check(bind(fd, (struct sockaddr *)&address, length), "bind");
	check(getsockname(fd, (struct sockaddr *)&address, &length), "getsockname");
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("bound %u\n", address.nl_pid);
	for (int got; (got = getchar()) != EOF;) {
		if (got != '\n') continue;
		int total = 0;
		while (read_one(fd)) total++;
		printf("read %d\n", total);
	}
	return 0;
}
