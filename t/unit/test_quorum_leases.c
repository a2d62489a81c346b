#include "config.h"

#include "nameserver/quorum/quorum_leases.h"

#include <criterion/criterion.h>

#include "nameserver/quorum/quorum_peers.h"

TestSuite(quorum_leases, .timeout = 30);

#define NAME SLICE("a")

static struct quorum_group
three_replicas(void)
{
	return (struct quorum_group){
		.name = (char *)(uintptr_t) "a",
		.epoch = 1,
		.master = 1,
		.n_replicas = 3,
		.replicas = { { .id = 1, .in_sync = true }, { .id = 2, .in_sync = true },
		    { .id = 3 } },
	};
}

Test(quorum_leases, a_new_leader_waits_for_what_the_former_one_may_have_granted)
{
	struct quorum_leases *leases = quorum_leases_new(3000, 500);

	quorum_leases_restart(leases, 10000);
	cr_assert(!quorum_leases_over(leases, NAME, 13499));
	cr_assert(quorum_leases_over(leases, NAME, 13500));
	quorum_leases_granted(leases, NAME, 13000);
	cr_assert(!quorum_leases_over(leases, NAME, 16499));
	cr_assert(quorum_leases_over(leases, NAME, 16500));
	quorum_leases_given_up(leases, NAME);
	cr_assert(quorum_leases_over(leases, NAME, 13001));
	quorum_leases_granted(leases, NAME, 14000);
	cr_assert(!quorum_leases_over(leases, NAME, 14001));
	quorum_leases_restart(leases, 20000);
	cr_assert(!quorum_leases_over(leases, NAME, 23000), "the next leader knows of nothing");
	quorum_leases_free(leases);
}

Test(quorum_leases, the_longest_log_in_sync_is_promoted)
{
	struct quorum_leases *leases = quorum_leases_new(3000, 500);
	struct quorum_group group = three_replicas();

	quorum_leases_restart(leases, 0);
	cr_assert_eq(quorum_leases_candidate(leases, &group, false, 100), 0, "nobody spoke");
	quorum_leases_heard(leases, NAME, 3, 900, 100);
	cr_assert_eq(quorum_leases_candidate(leases, &group, false, 100), 0);
	cr_assert_eq(quorum_leases_candidate(leases, &group, true, 100), 3);
	quorum_leases_heard(leases, NAME, 2, 500, 100);
	cr_assert_eq(quorum_leases_candidate(leases, &group, false, 100), 2);
	quorum_leases_heard(leases, NAME, 1, 500, 100);
	cr_assert_eq(quorum_leases_candidate(leases, &group, false, 100), 1);
	quorum_leases_heard(leases, NAME, 2, 501, 200);
	cr_assert_eq(quorum_leases_candidate(leases, &group, false, 200), 2);
	cr_assert_eq(quorum_leases_candidate(leases, &group, false, 3200), 0, "all are silent");
	cr_assert_eq(quorum_leases_position(leases, NAME, 2), 501);
	quorum_leases_free(leases);
}

Test(quorum_leases, a_choice_of_a_person_ends_with_the_new_master_or_in_time)
{
	struct quorum_leases *leases = quorum_leases_new(3000, 500);
	struct quorum_group group = three_replicas();

	quorum_leases_designate(leases, NAME, 2, 1000);
	cr_assert_eq(quorum_leases_designated(leases, &group, 1500), 2);
	cr_assert_eq(quorum_leases_designated(leases, &group, 9000), 0);
	group.master = 2;
	cr_assert_eq(quorum_leases_designated(leases, &group, 1500), 0);
	/* Replicas that are heard of without end keep bounded memory. */
	for (int64_t id = 1; id <= 100; id++)
		quorum_leases_heard(leases, NAME, id, id, id);
	cr_assert_eq(quorum_leases_position(leases, NAME, 100), 100);
	cr_assert_eq(quorum_leases_position(leases, NAME, 1), -1);
	quorum_leases_free(leases);
}

/* ---- quorumPeers ---- */

Test(quorum_leases, the_servers_of_a_quorum)
{
	static const char *const wrong[] = { "", ";", "1", "1-", "1-h", "1-h:", "1-h:0", "0-h:1",
		"1-h:70000", "1-h:1:2:3", "1-h:1;1-g:2", "x-h:1", "1-[::1:1", "1-[::1]",
		"1-h:65535", "1-a:1;2-a:2;3-a:3;4-a:4;5-a:5;6-a:6;7-a:7;8-a:8" };
	struct quorum_peers peers, others;
	const char *fault;

	cr_assert_eq(
	    quorum_peers_parse(&peers, SLICE("1-ns1:9876; 2-[::1]:9876:10000;"), &fault), 0);
	cr_assert_eq(peers.n, 2);
	cr_assert_str_eq(peers.peers[0].address, "ns1:9876");
	cr_assert_str_eq(peers.peers[0].quorum_address, "ns1:9878");
	cr_assert_str_eq(peers.peers[1].host, "::1");
	cr_assert_str_eq(peers.peers[1].quorum_address, "[::1]:10000");
	cr_assert_eq(quorum_peers_find(&peers, 2), &peers.peers[1]);
	cr_assert_null(quorum_peers_find(&peers, 3));
	cr_assert_eq(
	    quorum_peers_parse(&others, SLICE("1-ns1:9876;2-[::1]:9876:10001"), &fault), 0);
	cr_assert_neq(peers.digest, others.digest);
	quorum_peers_release(&peers);
	quorum_peers_release(&others);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		cr_assert_eq(
		    quorum_peers_parse(&peers, slice_of(wrong[i]), &fault), -1, "%s", wrong[i]);
}
