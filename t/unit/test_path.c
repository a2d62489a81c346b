#include "config.h"

#include "common/base/path.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(path, .timeout = 10);

Test(path, directories_are_made_with_their_parents)
{
	char root[] = "/tmp/twinmq-path.XXXXXX";
	char deep[64], file[96], *why = NULL;

	cr_assert_not_null(mkdtemp(root));
	snprintf(deep, sizeof deep, "%s/a/b", root);
	cr_assert_eq(path_make_directory(deep, &why), 0);
	cr_assert_eq(path_make_directory(deep, &why), 0, "it may be there");
	snprintf(file, sizeof file, "%s/file", root);
	fclose(fopen(file, "w"));
	snprintf(file, sizeof file, "%s/file/x", root);
	cr_assert_eq(path_make_directory(file, &why), -1);
	cr_assert_not_null(strstr(why, "/file/x cannot be made: Not a directory"), "%s", why);
	free(why);
	*strrchr(file, '/') = '\0';
	unlink(file);
	rmdir(deep);
	*strrchr(deep, '/') = '\0';
	rmdir(deep);
	rmdir(root);
}

Test(path, home)
{
	char *path;

	setenv("HOME", "/home/me", 1);
	path = path_at_home("store");
	cr_assert_str_eq(path, "/home/me/store");
	free(path);
	setenv("HOME", "not/a/path", 1);
	path = path_at_home("store");
	cr_assert_str_eq(path, "store");
	free(path);
}
