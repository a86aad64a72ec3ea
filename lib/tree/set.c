/* The files of one loader run: which may be read, reading each once, and choosing its
 * reader. What a document names is opened below allowed folders only, never through a
 * link, and only when it is a regular file. Owner: tree; runs in the loader and the tool. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/utf8.h"
#include "tree/private.h"

/* A file to be read: where it was asked for, and its names. */
struct request {
	struct location from;
	const char *path, *canonical, *folder, *uri;
};

/* ---- the set ---- */

struct tree_set *tree_set_new(struct findings *f, const struct tree_limits *limits)
{
	struct tree_set *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	arena_init(&s->arena, 64 << 10, 0);
	s->findings = f;
	if (limits)
		s->limits = *limits;
	struct tree_limits *l = &s->limits;
	l->file_bytes = l->file_bytes ? l->file_bytes : 4u << 20;
	l->total_bytes = l->total_bytes ? l->total_bytes : 64u << 20;
	l->nodes = l->nodes ? l->nodes : 1000000;
	l->depth = l->depth ? l->depth : 128;
	l->depth = l->depth < TREE_DEPTH_MAX ? l->depth : TREE_DEPTH_MAX;
	l->files = l->files ? l->files : 256;
	if (getrandom(&s->seed, sizeof s->seed, GRND_NONBLOCK) != sizeof s->seed)
		s->seed = (uintptr_t)s;
	return s;
}

void tree_set_free(struct tree_set *s)
{
	if (!s)
		return;
	for (struct tree_folder *f = s->folders; f; f = f->next)
		close(f->fd);
	arena_fini(&s->arena);
	free(s);
}

struct arena *tree_set_arena(struct tree_set *s)
{
	return &s->arena;
}

int tree_allow_folder(struct tree_set *s, const char *folder)
{
	char *real = realpath(folder, NULL);

	if (!real)
		return errno == ENOMEM ? E_NOMEM : E_SYS;
	const char *path = arena_strdup(&s->arena, strcmp(real, "/") == 0 ? "" : real);
	free(real);
	if (!path)
		return E_NOMEM;
	for (struct tree_folder *f = s->folders; f; f = f->next) {
		if (strcmp(f->path, path) == 0)
			return 0;
	}
	struct tree_folder *f = arena_alloc(&s->arena, sizeof *f);
	int fd = f ? open(*path ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		return f ? E_SYS : E_NOMEM;
	*f = (struct tree_folder){ s->folders, path, strlen(path), fd };
	s->folders = f;
	return 0;
}

int tree_map_uri(struct tree_set *s, const char *uri, const char *path)
{
	struct tree_mapping *m = arena_alloc(&s->arena, sizeof *m);

	if (!m)
		return E_NOMEM;
	*m = (struct tree_mapping){ s->mappings, arena_strndup(&s->arena, uri, strcspn(uri, "#")),
		                    arena_strdup(&s->arena, path) };
	if (!m->uri || !m->path)
		return E_NOMEM;
	s->mappings = m;
	return 0;
}

/* ---- parsing ---- */

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), t = strlen(tail);

	return n >= t && strcmp(s + n - t, tail) == 0;
}

static bool begins_like_json(const struct tree_file *f)
{
	size_t i = strspn(f->source, " \t\r\n");

	return f->source[i] == '{' || f->source[i] == '[';
}

static bool has_code(const struct findings *f, const char *code)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->items[i].code, code) == 0)
			return true;
	}
	return false;
}

/* Flow YAML looks like JSON: only what is no JSON at all is read again as YAML. */
static bool read_if_json(struct builder *b)
{
	struct tree_set *s = b->set;
	size_t nodes = s->nodes;
	struct findings trial;

	findings_init(&trial, s->findings->max);
	b->findings = &trial;
	tree_read_json(b);
	b->findings = s->findings;
	bool json = !has_code(&trial, "json-syntax");
	for (size_t i = 0; json && i < trial.n; i++)
		finding_add(s->findings, trial.items[i].severity, trial.items[i].code, trial.items[i].at, "%s",
		            trial.items[i].message);
	findings_fini(&trial);
	if (!json) {
		s->nodes = nodes;
		*b = (struct builder){ .set = s, .file = b->file, .findings = s->findings };
	}
	return json;
}

static void check_utf8(struct builder *b)
{
	const uint8_t *p = (const uint8_t *)b->file->source;
	size_t i = 0, n = b->file->source_n, len;
	uint32_t line, column;

	if (utf8_is_valid(p, n))
		return;
	while ((len = utf8_len(p + i, n - i)) > 0)
		i += len;
	tree_locate(b->file, i, &line, &column);
	build_stop(b, "invalid-utf8", line, column, "byte 0x%02x is no UTF-8; save the file as UTF-8", p[i]);
}

static void parse(struct tree_set *s, struct tree_file *f)
{
	struct builder b = { .set = s, .file = f, .findings = s->findings };

	check_utf8(&b);
	if (b.stopped)
		return;
	if (ends_with(f->path, ".json"))
		tree_read_json(&b);
	else if (!begins_like_json(f) || !read_if_json(&b))
		tree_read_yaml(&b);
	if (!b.failed)
		f->root = b.root;
}

static bool within_limits(struct tree_set *s, struct location from, size_t n)
{
	const struct tree_limits *l = &s->limits;

	if (n > l->file_bytes)
		finding_error(s->findings, "limit-file", from, "the file is larger than %zu bytes; split it",
		              l->file_bytes);
	else if (s->nfiles >= l->files)
		finding_error(s->findings, "limit-files", from, "more than %zu files are read; merge some", l->files);
	else if (s->bytes + n > l->total_bytes)
		finding_error(s->findings, "limit-bytes", from,
		              "the files together are larger than %zu bytes; read fewer", l->total_bytes);
	else
		return true;
	return false;
}

static struct tree_file *add_file(struct tree_set *s, const struct request *q, const char *bytes, size_t n)
{
	struct arena *a = &s->arena;

	if (!within_limits(s, q->from, n))
		return NULL;
	if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		bytes += 3;
		n -= 3;
	}
	struct tree_file *f = arena_alloc(a, sizeof *f);
	char *source = arena_strndup(a, bytes, n), *path = arena_strdup(a, q->path);
	if (!f || !source || !path) {
		finding_error(s->findings, "out-of-memory", q->from,
		              "no memory is left to read this file; give the process more");
		return NULL;
	}
	*f = (struct tree_file){ .path = path, .set = s, .source = source, .source_n = n,
	                         .folder = q->folder, .canonical = q->canonical, .uri = q->uri };
	f->next = s->files;
	s->files = f;
	s->nfiles++;
	s->bytes += n;
	parse(s, f);
	return f->root ? f : NULL;
}

struct tree_file *tree_parse(struct tree_set *s, const char *name, const char *bytes, size_t n)
{
	struct request q = { .from = { arena_strdup(&s->arena, name), 0, 0 }, .path = name, .folder = "" };

	return add_file(s, &q, bytes, n);
}

/* ---- reading ---- */

static void unreadable(struct tree_set *s, const struct request *q, int err)
{
	struct location at = q->from;
	size_t max = s->limits.file_bytes;

	if (err == E_UNSUPPORTED)
		finding_error(s->findings, "file-unreadable", at, "%s is no regular file; name one", q->path);
	else if (err == E_LIMIT)
		finding_error(s->findings, "limit-file", at, "%s is larger than %zu bytes; split it", q->path, max);
	else if (err == E_STATE)
		finding_error(s->findings, "file-unreadable", at,
		              "%s grew while it was read; write it whole, then rename it", q->path);
	else if (err == E_NOMEM)
		finding_error(s->findings, "out-of-memory", at, "no memory is left to read %s; give the process more",
		              q->path);
	else
		finding_error(s->findings, "file-unreadable", at, "cannot read %s: %s; check its name and permissions",
		              q->path, strerror(errno));
}

/* The file that this set knows by that name already; false when it does not. */
static bool is_known(struct tree_set *s, const char *canonical, const char *uri, struct tree_file **out)
{
	for (struct tree_file *f = s->files; f; f = f->next) {
		bool same_base = (!f->uri && !uri) || (f->uri && uri && strcmp(f->uri, uri) == 0);
		if (f->canonical && same_base && strcmp(f->canonical, canonical) == 0) {
			*out = f->root ? f : NULL;
			return true;
		}
	}
	return false;
}

/* Closes fd. */
static struct tree_file *read_open(struct tree_set *s, const struct request *q, int fd)
{
	char *bytes;
	size_t n;

	int r = fd < 0 ? E_SYS : fd_read_regular(fd, s->limits.file_bytes, &bytes, &n);
	if (r < 0)
		unreadable(s, q, r);
	if (fd >= 0)
		close(fd);
	if (r < 0)
		return NULL;
	struct tree_file *f = add_file(s, q, bytes, n);
	free(bytes);
	return f;
}

static int open_regular(const char *path)
{
	struct stat st;

	/* Looked at first: opening a device or a FIFO can have effects. */
	if (stat(path, &st) < 0)
		return E_SYS;
	if (!S_ISREG(st.st_mode))
		return E_UNSUPPORTED;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	return fd < 0 ? E_SYS : fd;
}

static char *folder_of(struct arena *a, const char *canonical)
{
	return arena_strndup(a, canonical, (size_t)(strrchr(canonical, '/') - canonical));
}

/* A path that the user gave: links in it are followed. */
static struct tree_file *load_trusted(struct tree_set *s, struct request *q)
{
	char *real = realpath(q->path, NULL);
	struct tree_file *known;

	if (!real) {
		unreadable(s, q, E_SYS);
		return NULL;
	}
	q->canonical = arena_strdup(&s->arena, real);
	free(real);
	q->folder = q->canonical ? folder_of(&s->arena, q->canonical) : NULL;
	if (!q->folder) {
		unreadable(s, q, E_NOMEM);
		return NULL;
	}
	if (is_known(s, q->canonical, q->uri, &known))
		return known;
	int fd = open_regular(q->canonical);
	if (fd < 0) {
		unreadable(s, q, fd);
		return NULL;
	}
	return read_open(s, q, fd);
}

struct tree_file *tree_load(struct tree_set *s, const char *path)
{
	struct request q = { .from = { arena_strdup(&s->arena, path), 0, 0 }, .path = path };
	struct tree_file *f = load_trusted(s, &q);

	/* A document in / does not open the whole system. */
	if (f && *q.folder && tree_allow_folder(s, q.folder) < 0)
		finding_warning(s->findings, "file-unreadable", q.from,
		                "cannot open its folder %s: references to other files will fail", q.folder);
	return f;
}

struct tree_file *tree_load_mapped(struct tree_node *at, const struct tree_mapping *m)
{
	struct request q = { .from = tree_location(at), .path = m->path, .uri = m->uri };

	return load_trusted(at->file->set, &q);
}

/* ---- reading what a document names ---- */

/* For kernels without openat2: one folder after the other, no link among them. */
int tree_open_walk(int dirfd, const char *path, int flags)
{
	char name[256];
	int at = dirfd;

	for (;;) {
		size_t n = strcspn(path, "/");
		if (n == 0 || n >= sizeof name || (n <= 2 && path[0] == '.' && path[n - 1] == '.')) {
			errno = EINVAL;
			break;
		}
		memcpy(name, path, n);
		name[n] = 0;
		bool last = path[n] == 0;
		int next = openat(at, name, O_NOFOLLOW | O_CLOEXEC | (last ? flags : O_PATH | O_DIRECTORY));
		int saved = errno;
		if (at != dirfd)
			close(at);
		errno = saved;
		if (last || next < 0)
			return next;
		at = next;
		path += n + 1;
	}
	if (at != dirfd)
		close(at);
	return -1;
}

static int open_beneath(int dirfd, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC),
	                        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return tree_open_walk(dirfd, path, flags);
	return fd;
}

/* Looks before it opens: a FIFO or a device must not notice. */
static int open_regular_beneath(const struct tree_folder *folder, const char *path)
{
	struct stat st;
	int fd = open_beneath(folder->fd, path, O_PATH | O_NOFOLLOW);

	if (fd < 0)
		return E_SYS;
	int r = fstat(fd, &st);
	close(fd);
	if (r < 0)
		return E_SYS;
	if (S_ISLNK(st.st_mode)) {
		errno = ELOOP;
		return E_SYS;
	}
	if (!S_ISREG(st.st_mode))
		return E_UNSUPPORTED;
	fd = open_beneath(folder->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	return fd < 0 ? E_SYS : fd;
}

/* Without ".", "x/.." and doubled slashes, by its letters alone; a relative path keeps
 * the ".." at its start. */
static char *tidy(struct arena *a, const char *path)
{
	bool absolute = path[0] == '/';
	char *out = arena_alloc(a, strlen(path) + 2), *w = out, *floor;

	if (!out)
		return NULL;
	if (absolute)
		*w++ = '/';
	floor = w;
	while (*path) {
		size_t n = strcspn(path, "/");
		bool up = n == 2 && memcmp(path, "..", 2) == 0;
		if (up && w > floor) {
			while (w > floor && *--w != '/')
				;
		} else if (n > 0 && !(n == 1 && *path == '.') && !(up && absolute)) {
			if (w > floor)
				*w++ = '/';
			memcpy(w, path, n);
			w += n;
			if (up)
				floor = w;
		}
		path += n + (path[n] == '/');
	}
	*w = 0;
	return out;
}

/* path as the holder of a reference to it spells it, relative to this process. */
static const char *path_to_show(struct tree_set *s, const struct tree_file *holder, const char *path)
{
	const char *slash = strrchr(holder->path, '/');

	if (path[0] == '/' || !slash)
		return tidy(&s->arena, path);
	char *joined = arena_printf(&s->arena, "%.*s/%s", (int)(slash - holder->path), holder->path, path);
	return joined ? tidy(&s->arena, joined) : NULL;
}

static const struct tree_folder *folder_for(const struct tree_set *s, const char *canonical)
{
	for (const struct tree_folder *f = s->folders; f; f = f->next) {
		if (strncmp(f->path, canonical, f->n) == 0 && canonical[f->n] == '/' && canonical[f->n + 1])
			return f;
	}
	return NULL;
}

static void refuse_open(struct tree_set *s, const struct request *q, int err)
{
	if (err == E_SYS && errno == ENOENT)
		finding_error(s->findings, "ref-not-found", q->from,
		              "there is no file %s; create it, or correct the reference", q->path);
	else if (err == E_SYS && (errno == ELOOP || errno == EXDEV))
		finding_error(
		    s->findings, "ref-outside", q->from,
		    "%s is or passes a symbolic link, which references do not follow; refer to the file itself",
		    q->path);
	else
		unreadable(s, q, err);
}

struct tree_file *tree_load_reference(struct tree_node *at, const char *path)
{
	const struct tree_file *holder = at->file;
	struct tree_set *s = holder->set;
	struct tree_file *known;
	struct request q = { .from = tree_location(at), .path = path_to_show(s, holder, path) };

	char *joined =
	    path[0] == '/' ? arena_strdup(&s->arena, path) : arena_printf(&s->arena, "%s/%s", holder->folder, path);
	q.canonical = joined ? tidy(&s->arena, joined) : NULL;
	q.folder = q.canonical ? folder_of(&s->arena, q.canonical) : NULL;
	if (!q.path || !q.folder) {
		finding_error(s->findings, "out-of-memory", q.from,
		              "no memory is left to read %.200s; give the process more", path);
		return NULL;
	}
	const struct tree_folder *folder = holder->folder[0] ? folder_for(s, q.canonical) : NULL;
	if (!folder) {
		finding_error(s->findings, "ref-outside", q.from,
		              "%.200s leads outside the folders of the documents, and is not read; move the file below "
		              "one of them",
		              path);
		return NULL;
	}
	if (is_known(s, q.canonical, NULL, &known))
		return known;
	int fd = open_regular_beneath(folder, q.canonical + folder->n + 1);
	if (fd < 0) {
		refuse_open(s, &q, fd);
		return NULL;
	}
	return read_open(s, &q, fd);
}
