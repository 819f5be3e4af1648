// Sends uevents as fast as it reads them from standard input. A record is a length (32 bits, in the machine's byte order) and so many
// bytes.
//
//   uevent-injector kernel           through the kernel, which appends SEQNUM and sends them in its network namespace
//   uevent-injector unicast PORT     directly, as a process would spoof them, to the socket with that port id
//   uevent-injector multicast GROUP  directly, to all sockets of a multicast group

#include <errno.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGEST 65536

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

// The kernel refuses within sendmsg(2), and answers only when it has refused.
static void check_refusal(int fd)
{
	char answer[LARGEST];
	ssize_t size = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
	if (size < (ssize_t)(sizeof(struct nlmsghdr) + sizeof(struct nlmsgerr))) return;
	struct nlmsgerr error;
	memcpy(&error, answer + sizeof(struct nlmsghdr), sizeof(error));
	if (error.error == 0) return;
	errno = -error.error;
	fail("the kernel refused the uevent");
}

int main(int count, char **words)
{
	int by_kernel = count == 2 && !strcmp(words[1], "kernel");
	struct sockaddr_nl to = {.nl_family = AF_NETLINK};
	if (count == 3 && !strcmp(words[1], "unicast")) to.nl_pid = strtoul(words[2], NULL, 10);
	else if (count == 3 && !strcmp(words[1], "multicast")) to.nl_groups = 1u << (atoi(words[2]) - 1);
	else if (!by_kernel) return 2;

	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (fd < 0) fail("socket");
	static char message[LARGEST];
	size_t header = by_kernel ? sizeof(struct nlmsghdr) : 0;
	uint32_t size;
	while (fread(&size, sizeof(size), 1, stdin) == 1) {
		if (size > LARGEST - header || fread(message + header, 1, size, stdin) != size) {
			fprintf(stderr, "malformed input\n");
			return 2;
		}
		if (by_kernel) {
			struct nlmsghdr head = {.nlmsg_len = header + size, .nlmsg_type = NLMSG_MIN_TYPE, .nlmsg_flags = NLM_F_REQUEST};
			memcpy(message, &head, sizeof(head));
		}
		if (sendto(fd, message, header + size, 0, (struct sockaddr *)&to, sizeof(to)) < 0) fail("sendto");
		if (by_kernel) check_refusal(fd);
	}
	return 0;
}
