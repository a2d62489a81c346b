#include "config.h"

#include "common/net/outbox.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/base/mem.h"

TestSuite(outbox, .timeout = 30);

static int n_released;

static void
release(void *owner)
{
	n_released++;
	free(owner);
}

static void
add_random(struct outbox *box, struct buf *expected, int *n_parts)
{
	size_t len = (size_t)random() % 300;
	char *data = mem_alloc(len + 1);

	for (size_t i = 0; i < len; i++)
		data[i] = (char)random();
	buf_append(expected, data, len);
	if (random() % 2 == 0) {
		outbox_add_part(box, &(struct body_part){ data, len, data, release });
		++*n_parts;
		return;
	}
	buf_append(&box->bytes, data, len);
	outbox_appended(box, len);
	free(data);
}

static void
send_some(struct outbox *box, struct buf *got, size_t limit)
{
	struct iovec pieces[5];
	int n = outbox_gather(box, pieces, 1 + (int)(random() % 5));
	size_t sent = 0;

	for (int i = 0; i < n && sent < limit; i++) {
		size_t some = pieces[i].iov_len;

		cr_assert_neq(some, 0);
		if (some > limit - sent)
			some = limit - sent;
		buf_append(got, pieces[i].iov_base, some);
		sent += some;
	}
	cr_assert_neq(sent, 0);
	outbox_sent(box, sent);
}

Test(outbox, bytes_and_parts_leave_in_order_however_the_socket_takes_them)
{
	struct outbox box = { 0 };
	struct buf expected = { 0 };
	struct buf got = { 0 };
	int n_parts = 0;

	srandom(11);
	for (int i = 0; i < 5000; i++) {
		add_random(&box, &expected, &n_parts);
		if (random() % 4 != 0 && box.unsent != 0)
			send_some(&box, &got, 1 + (size_t)random() % 700);
		cr_assert_eq(box.unsent, expected.len - got.len);
	}
	while (box.unsent != 0)
		send_some(&box, &got, SIZE_MAX);
	cr_assert_eq(got.len, expected.len);
	cr_assert_eq(memcmp(got.data, expected.data, got.len), 0);
	cr_assert_eq(n_released, n_parts);
	cr_assert_lt(outbox_size(&box), expected.len / 2, "what has left is forgotten");
	outbox_release(&box);
	buf_release(&expected);
	buf_release(&got);
}

Test(outbox, clearing_releases_the_parts_that_are_left)
{
	struct outbox box = { 0 };

	n_released = 0;
	for (int i = 0; i < 3; i++)
		outbox_add_part(&box, &(struct body_part){ "abc", 3, NULL, release });
	outbox_add_part(&box, &(struct body_part){ "abc", 3, NULL, NULL });
	outbox_add_part(&box, &(struct body_part){ "", 0, NULL, release });
	cr_assert_eq(n_released, 1, "an empty part is done with at once");
	outbox_sent(&box, 4);
	cr_assert_eq(n_released, 2);
	outbox_clear(&box);
	cr_assert_eq(n_released, 4);
	cr_assert_eq(box.unsent, 0);
	outbox_release(&box);
}
