/* libkmod's side of the lookup benchmark: aliases on standard input, one a line; each is looked up in ROUNDS rounds.
 * Prints seconds for the quickest round, how many modules were found, and the peak of memory in KiB. */
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const char *config[] = { NULL };
	struct kmod_ctx *ctx;
	char **aliases = NULL, line[8192];
	size_t count = 0, room = 0, found = 0;
	double best = 1e9;
	struct rusage usage;

	if (argc != 3 || !(ctx = kmod_new(argv[1], config)) || kmod_load_resources(ctx) < 0)
		return 1;
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (count == room)
			aliases = realloc(aliases, (room = room * 2 + 1024) * sizeof *aliases);
		aliases[count++] = strdup(line);
	}
	for (int round = atoi(argv[2]); round > 0; round--) {
		double start = now(), took;
		found = 0;
		for (size_t i = 0; i < count; i++) {
			struct kmod_list *list = NULL, *each;
			kmod_module_new_from_lookup(ctx, aliases[i], &list);
			kmod_list_foreach(each, list)
				found++;
			kmod_module_unref_list(list);
		}
		took = now() - start;
		if (took < best)
			best = took;
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("%.6f %zu %ld\n", best, found, usage.ru_maxrss);
	return 0;
}
