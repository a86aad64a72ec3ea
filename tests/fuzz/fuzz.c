/* Drives one fuzz target: each file of its corpus whole, cut at every byte, and mutated.
 * Runs are the same every time; EVENTGATEWAY_FUZZ_SECONDS goes on with other mutations
 * for so long. An input that stops the process is in the file fuzz-NAME.input. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "fuzz.h"

#define INPUT_MAX (64u << 10)
#define CUTS_MAX 2048                   /* of one file, evenly spread */
#define MUTATIONS 300                   /* of one file in make check */
#define CORPUS_MAX 1024

struct input {
	char *bytes;
	size_t n;
};

static struct input corpus[CORPUS_MAX];
static size_t ncorpus;
static char kept[64];                   /* path of the input that runs */
static uint64_t seed = 1;
static unsigned long executions;

static uint32_t chance(size_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return n ? (uint32_t)((seed >> 16) % n) : 0;
}

/* A heap block of the exact size, so that AddressSanitizer sees one byte too far. */
static void run(const char *bytes, size_t n, bool keep)
{
	char *exact = malloc(n ? n : 1);

	if (!exact)
		exit(EXIT_FAILURE);
	memcpy(exact, bytes, n);
	FILE *f = keep ? fopen(kept, "wb") : NULL;
	if (f) {
		fwrite(exact, 1, n, f);
		fclose(f);
	}
	(void)LLVMFuzzerTestOneInput((uint8_t *)exact, n);
	executions++;
	free(exact);
}

static size_t mutate_once(char *p, size_t n)
{
	static const char likely_bytes[] = "{}[]()<>,:;&*!|'\"%@`-?#\\/ \n\t\0\x01\x7f\x80\xff";
	size_t at = chance(n), len = chance(32);

	switch (chance(5)) {
	case 0:
		p[at] = (char)chance(256);
		return n;
	case 1:
		p[at] = likely_bytes[chance(sizeof likely_bytes)];
		return n;
	case 2:
		p[at] ^= (char)(1 << chance(8));
		return n;
	case 3:
		len = len < n - at ? len : n - at;
		memmove(p + at, p + at + len, n - at - len);
		return n - len;
	default:
		len = len < INPUT_MAX - n ? len : INPUT_MAX - n;
		memmove(p + at + len, p + at, n - at);
		memmove(p + at, p + chance(n - len < n ? n - len : 1), len);
		return n + len;
	}
}

static void mutate(const struct input *in, bool keep)
{
	static char work[INPUT_MAX];
	size_t n = in->n;

	memcpy(work, in->bytes, n);
	for (uint32_t times = 1 + chance(6); times && n; times--)
		n = mutate_once(work, n);
	run(work, n, keep);
}

static void replay(const struct input *in)
{
	size_t step = in->n / CUTS_MAX + 1;

	run(in->bytes, in->n, false);
	for (size_t n = 0; n < in->n; n += step)
		run(in->bytes, n, false);
	for (int i = 0; i < MUTATIONS; i++)
		mutate(in, false);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_corpus(const char *folder)
{
	struct dirent **names;
	char path[512];
	int n = scandir(folder, &names, NULL, by_name);

	for (int i = 0; i < n; i++) {
		struct input *in = &corpus[ncorpus];
		snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && ncorpus < CORPUS_MAX &&
		    fd_read_file(AT_FDCWD, path, INPUT_MAX, &in->bytes, &in->n) == 0)
			ncorpus++;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

int main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir"), *seconds = getenv("EVENTGATEWAY_FUZZ_SECONDS");
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	char folder[256];

	name += strncmp(name, "fuzz_", 5) == 0 ? 5 : 0;
	snprintf(kept, sizeof kept, "fuzz-%.40s.input", name);
	snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top ? top : ".", name);
	read_corpus(argc > 1 ? argv[1] : folder);
	if (ncorpus == 0) {
		fprintf(stderr, "%s: no corpus\n", folder);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < ncorpus; i++)
		replay(&corpus[i]);
	time_t end = time(NULL) + (seconds ? atoi(seconds) : 0);
	seed = seconds ? (uint64_t)time(NULL) : seed;
	while (seconds && time(NULL) < end)
		mutate(&corpus[chance(ncorpus)], true);
	for (size_t i = 0; i < ncorpus; i++)
		free(corpus[i].bytes);
	unlink(kept);
	printf("%s: %lu executions\n", name, executions);
	return EXIT_SUCCESS;
}
