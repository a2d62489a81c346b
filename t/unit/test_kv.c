#include "config.h"

#include "nameserver/kv.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[64];
static struct arena arena;

static void
make_directory(void)
{
	snprintf(directory, sizeof directory, "/tmp/twinmq-kv.XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
}

static void
remove_directory(void)
{
	static const char *const files[] = { "namesrv.db", "namesrv.db-wal", "namesrv.db-shm",
		"kv.json" };

	for (size_t i = 0; i < 4; i++)
		unlink(arena_printf(&arena, "%s/%s", directory, files[i]).data);
	rmdir(directory);
	arena_release(&arena);
}

TestSuite(kv, .timeout = 30, .init = make_directory, .fini = remove_directory);

static struct kv *
open_kv(const char *import_path)
{
	struct slice why;
	struct kv *kv = kv_open(directory, import_path, &arena, &why);

	cr_assert_not_null(kv, "%.*s", (int)why.len, why.data != NULL ? why.data : "");
	return kv;
}

static void
take_setting(void *arg, struct slice name, struct slice value)
{
	cr_assert(slice_is(name, "logLevel") && slice_is(value, "debug"));
	(*(size_t *)arg)++;
}

Test(kv, pairs_survive)
{
	struct kv *kv = open_kv(NULL);
	const struct ext *pairs;
	size_t n;

	cr_assert_eq(kv_put(kv, SLICE("s"), SLICE("k"), SLICE("1")), 0);
	cr_assert_eq(kv_put(kv, SLICE("s"), SLICE("k"), SLICE("2")), 0);
	cr_assert_eq(kv_put(kv, SLICE("s"), SLICE("a"), SLICE("")), 0);
	cr_assert_eq(kv_put(kv, SLICE("t"), SLICE("k"), SLICE("3")), 0);
	cr_assert_eq(kv_delete(kv, SLICE("t"), SLICE("k")), 0);
	cr_assert_eq(kv_delete(kv, SLICE("t"), SLICE("k")), 0);
	cr_assert_eq(kv_put_settings(kv, &(struct ext){ SLICE("logLevel"), SLICE("debug") }, 1), 0);
	kv_close(kv);

	kv = open_kv(NULL);
	cr_assert(slice_is(kv_find(kv, SLICE("s"), SLICE("k")), "2"));
	cr_assert_not_null(kv_find(kv, SLICE("s"), SLICE("a")).data, "empty is not absent");
	cr_assert_null(kv_find(kv, SLICE("s"), SLICE("x")).data);
	cr_assert_null(kv_find(kv, SLICE("t"), SLICE("k")).data);
	cr_assert_null(kv_list(kv, SLICE("t"), &arena, &n), "a namespace without pairs is none");
	pairs = kv_list(kv, SLICE("s"), &arena, &n);
	cr_assert_eq(n, 2);
	cr_assert(slice_is(pairs[0].key, "a") && slice_is(pairs[1].key, "k"));
	n = 0;
	kv_each_setting(kv, take_setting, &n);
	cr_assert_eq(n, 1);
	kv_close(kv);
}

Test(kv, one_at_a_time)
{
	struct kv *kv = open_kv(NULL);
	struct slice why;

	cr_assert_null(kv_open(directory, NULL, &arena, &why));
	cr_assert_not_null(strstr(why.data, "in use by another mqnamesrv"), "%s", why.data);
	kv_close(kv);
}

Test(kv, a_directory_that_cannot_be)
{
	struct slice why;

	cr_assert_null(kv_open("/proc/nothing/here", NULL, &arena, &why));
	cr_assert_not_null(
	    strstr(why.data, "directory /proc/nothing cannot be made"), "%s", why.data);
}

static const char *
write_file(const char *text)
{
	const char *path = arena_printf(&arena, "%s/kv.json", directory).data;
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
	return path;
}

Test(kv, takes_over_once)
{
	const char *path = write_file(
	    "{\n\"configTable\":{\"ORDER_TOPIC_CONFIG\":{\"T\":\"a:4;b:4\"},\"e\":{}}\n}");
	struct kv *kv = open_kv(path);

	cr_assert(slice_is(kv_find(kv, SLICE("ORDER_TOPIC_CONFIG"), SLICE("T")), "a:4;b:4"));
	kv_delete(kv, SLICE("ORDER_TOPIC_CONFIG"), SLICE("T"));
	kv_close(kv);
	kv = open_kv(path);
	cr_assert_null(kv_find(kv, SLICE("ORDER_TOPIC_CONFIG"), SLICE("T")).data);
	kv_close(kv);
}

Test(kv, a_file_that_is_none_is_named_and_nothing_is_made)
{
	const char *path = write_file("{\"configTable\":");
	struct slice why;
	struct kv *kv;

	cr_assert_null(kv_open(directory, path, &arena, &why));
	cr_assert_not_null(strstr(why.data, "holds no configTable"), "%s", why.data);
	path = write_file("{\"configTable\":{\"s\":{\"k\":\"v\"}}}");
	kv = open_kv(path);
	cr_assert(slice_is(kv_find(kv, SLICE("s"), SLICE("k")), "v"),
	    "the second try is the first that counts");
	kv_close(kv);
}

Test(kv, a_file_that_is_not_there_has_no_pairs)
{
	struct kv *kv = open_kv("/nowhere/kvConfig.json");

	kv_close(kv);
}
