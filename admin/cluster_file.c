#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/cluster.h"
#include "common/config/option.h"

#define DEFAULT_DIRECTORY "/var/lib/twinmq"

int
cluster_fail(struct cluster *cluster, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(cluster->why, sizeof cluster->why, format, args);
	va_end(args);
	return -1;
}

static const char *
keep(struct cluster *cluster, const char *text)
{
	return arena_printf(&cluster->arena, "%s%c", text, '\0').data;
}

/* A relative path begins at the directory of the file `from`. */
static const char *
beside(struct cluster *cluster, const char *from, const char *path)
{
	const char *slash = strrchr(from, '/');

	if (path[0] == '/' || slash == NULL)
		return keep(cluster, path);
	return arena_printf(&cluster->arena, "%.*s/%s%c", (int)(slash - from), from, path, '\0')
	    .data;
}

/* ---- the pairs ---- */

static const struct cluster_key {
	const char *name;
	bool of_role;
	bool is_path;  /* a relative one begins at the directory of cluster.ini */
	size_t offset; /* of a const char *, in struct role or in struct cluster */
} keys[] = {
	{ "name", false, false, offsetof(struct cluster, name) },
	{ "witness", false, false, offsetof(struct cluster, witness) },
	{ "directory", false, true, offsetof(struct cluster, own_directory) },
	{ "host", true, false, offsetof(struct role, host) },
	{ "config", true, true, offsetof(struct role, config) },
	{ NULL },
};

static const struct {
	const char *prefix;
	enum role_kind kind;
} kinds[] = {
	{ "namesrv-", ROLE_NAME_SERVER },
	{ "broker-", ROLE_BROKER },
};

static bool
is_file_name(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL)
			return false;
	return text[0] != '\0';
}

/*
 * The role of a section, created at its first key; NULL when the section is no role. For a role
 * with a wrong name, cluster->why is set.
 */
static struct role *
find_role(struct cluster *cluster, const char *section)
{
	for (size_t i = 0; i < cluster->n_roles; i++)
		if (strcmp(cluster->roles[i].name, section) == 0)
			return &cluster->roles[i];
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strncmp(section, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
			continue;
		if (!is_file_name(section + strlen(kinds[i].prefix))) {
			cluster_fail(cluster,
			    "%s: [%s] is no name for a role: it names files, so use letters, "
			    "digits, . _ - only",
			    cluster->file, section);
			return NULL;
		}
		if (cluster->n_roles == CLUSTER_ROLES_MAX) {
			cluster_fail(cluster, "%s: [%s] is one role too many; %d is the limit",
			    cluster->file, section, CLUSTER_ROLES_MAX);
			return NULL;
		}
		struct role *role = &cluster->roles[cluster->n_roles++];
		*role = (struct role){ .kind = kinds[i].kind, .name = keep(cluster, section) };
		return role;
	}
	return NULL;
}

static int
fail_key(struct cluster *cluster, const char *section, const char *name, bool of_role)
{
	const char *names[sizeof keys / sizeof keys[0]];
	size_t n = 0;

	for (const struct cluster_key *key = keys; key->name != NULL; key++)
		if (key->of_role == of_role)
			names[n++] = key->name;
	names[n] = NULL;
	const char *near = option_nearest_word(names, slice_of(name));
	cluster_fail(cluster, "%s: [%s] has an unknown key \"%s\"%s%s", cluster->file, section,
	    name, near != NULL ? ", did you mean " : "", near != NULL ? near : "");
	return 0;
}

/* Keeps the value of a key. 0, or -1 after cluster_fail: it is empty or not the first one. */
static int
take_value(struct cluster *cluster, const char *section, const struct cluster_key *key, void *place,
    const char *value)
{
	const char **text = place;

	if (value[0] == '\0')
		return cluster_fail(cluster,
		    "%s: %s of [%s] is empty: give a value, or remove the line", cluster->file,
		    key->name, section);
	if (*text != NULL)
		return cluster_fail(cluster, "%s: [%s] has two lines with %s: remove one",
		    cluster->file, section, key->name);
	*text = key->is_path ? beside(cluster, cluster->file, value) : keep(cluster, value);
	return 0;
}

/* inih's handler: after a 0 it goes on, but its result is an error. */
static int
on_pair(void *arg, const char *section, const char *name, const char *value)
{
	struct cluster *cluster = arg;
	bool of_role = strcmp(section, "cluster") != 0;
	struct role *role = of_role ? find_role(cluster, section) : NULL;

	if (cluster->why[0] != '\0')
		return 0;
	if (cluster->why[0] != '\0')
		return 0;
	if (of_role && role == NULL) {
		cluster_fail(cluster,
		    "%s: section [%s] is neither [cluster], [namesrv-...] nor [broker-...]",
		    cluster->file, section);
		return 0;
	}
	for (const struct cluster_key *key = keys; key->name != NULL; key++)
		if (key->of_role == of_role && strcmp(key->name, name) == 0)
			return take_value(cluster, section, key,
				   (char *)(of_role ? (void *)role : (void *)cluster) + key->offset,
				   value) == 0;
	return fail_key(cluster, section, name, of_role);
}

/* ---- the file ---- */

static int
find_programs(struct cluster *cluster)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);

	if (len == -1)
		return cluster_fail(cluster, "/proc/self/exe cannot be read: %s", strerror(errno));
	path[len] = '\0';
	*strrchr(path, '/') = '\0';
	cluster->programs = keep(cluster, path);
	return 0;
}

/* In the installation, in the build tree, and in the system's folder. */
static int
find_file(struct cluster *cluster, const char *file)
{
	static const char *const places[] = { "%s/../etc/twinmq/cluster.ini",
		"%s/../etc/cluster.ini", "/etc/twinmq/cluster.ini" };
	char path[PATH_MAX], real[PATH_MAX];

	if (file != NULL) {
		if (realpath(file, real) == NULL)
			return cluster_fail(
			    cluster, "%s cannot be read: %s", file, strerror(errno));
		cluster->file = keep(cluster, real);
		return 0;
	}
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		const char *tail = strncmp(places[i], "%s", 2) == 0 ? places[i] + 2 : places[i];

		snprintf(
		    path, sizeof path, "%s%s", tail != places[i] ? cluster->programs : "", tail);
		if (realpath(path, real) != NULL) {
			cluster->file = keep(cluster, real);
			return 0;
		}
	}
	return cluster_fail(cluster, "there is no cluster.ini: name it with -c");
}

/* A name server that only votes, with the file of the first one. 0, or -1 after cluster_fail. */
static int
add_witness(struct cluster *cluster)
{
	if (cluster->witness == NULL)
		return 0;
	if (cluster->n_roles == CLUSTER_ROLES_MAX)
		return cluster_fail(cluster,
		    "%s: the witness is one role too many; %d is the limit", cluster->file,
		    CLUSTER_ROLES_MAX);
	cluster->roles[cluster->n_roles++] = (struct role){
		.kind = ROLE_NAME_SERVER,
		.name = "witness",
		.host = cluster->witness,
		.config = cluster->roles[0].config,
		.witness = true,
	};
	return 0;
}

static int
check_roles(struct cluster *cluster)
{
	size_t n[2] = { 0, 0 };

	for (size_t i = 0; i < cluster->n_roles; i++) {
		const struct role *role = &cluster->roles[i];

		n[role->kind]++;
		if (role->host == NULL || role->config == NULL)
			return cluster_fail(cluster, "%s: [%s] lacks its %s", cluster->file,
			    role->name, role->host == NULL ? "host" : "config");
		if (access(role->config, R_OK) == -1)
			return cluster_fail(cluster, "%s of [%s] in %s cannot be read: %s",
			    role->config, role->name, cluster->file, strerror(errno));
	}
	if (n[ROLE_NAME_SERVER] == 0 || n[ROLE_BROKER] == 0)
		return cluster_fail(cluster, "%s names no %s", cluster->file,
		    n[ROLE_BROKER] == 0 ? "broker" : "name server");
	return 0;
}

static int
compare_kinds(const void *left, const void *right)
{
	const struct role *a = left, *b = right;
	int order = (int)a->kind - (int)b->kind;

	return order != 0 ? order : strcmp(a->name, b->name);
}

int
cluster_read(struct cluster *cluster, const char *file, const char *directory)
{
	char real[PATH_MAX];

	*cluster = (struct cluster){ 0 };
	if (find_programs(cluster) == -1 || find_file(cluster, file) == -1)
		return -1;
	if (directory != NULL && directory[0] == '\0')
		return cluster_fail(cluster, "-d (--directory) is empty: name a directory");
	if (directory != NULL) {
		if (directory[0] != '/' && getcwd(real, sizeof real) == NULL)
			return cluster_fail(cluster, "the working directory is gone");
		cluster->directory =
		    arena_printf(&cluster->arena, "%s%s%s%c", directory[0] != '/' ? real : "",
			directory[0] != '/' ? "/" : "", directory, '\0')
			.data;
	}
	int line = ini_parse(cluster->file, on_pair, cluster);
	if (cluster->why[0] != '\0')
		return -1;
	if (line < 0)
		return cluster_fail(
		    cluster, "%s cannot be read: %s", cluster->file, strerror(errno));
	if (line > 0)
		return cluster_fail(cluster,
		    "%s:%d: neither a [section], a key = value nor a comment", cluster->file, line);
	if (cluster->directory == NULL)
		cluster->directory =
		    cluster->own_directory != NULL ? cluster->own_directory : DEFAULT_DIRECTORY;
	qsort(cluster->roles, cluster->n_roles, sizeof cluster->roles[0], compare_kinds);
	if (check_roles(cluster) == -1 || add_witness(cluster) == -1)
		return -1;
	qsort(cluster->roles, cluster->n_roles, sizeof cluster->roles[0], compare_kinds);
	return 0;
}

void
cluster_release(struct cluster *cluster)
{
	arena_release(&cluster->arena);
}
