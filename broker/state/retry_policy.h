#ifndef BROKER_RETRY_POLICY_H
#define BROKER_RETRY_POLICY_H

/*
 * groupRetryPolicy of a subscription group: how long a consumer of POP waits before a message comes
 * again. CONSUMER_SEND_MSG_BACK does not use it, as in RocketMQ: its delays are delay levels. Pure
 * functions, any thread. Source: GroupRetryPolicy, ExponentialRetryPolicy and CustomizedRetryPolicy
 * of RocketMQ 5.3.3; the bounds are ours.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/json/json.h"

#define RETRY_DELAYS_MAX 32
#define RETRY_DELAY_MAX_MS (INT64_C(365) * 24 * 3600 * 1000)

/* Zeroed: RocketMQ's default, CUSTOMIZED without delays of its own. */
struct retry_policy {
	bool exponential;     /* type EXPONENTIAL, else CUSTOMIZED */
	bool has_exponential; /* the next three are set; kept whatever the type is */
	int64_t initial;      /* ms */
	int64_t max;          /* ms */
	int64_t multiplier;
	int32_t n_delays;                 /* of CUSTOMIZED; 0: RocketMQ's 18 */
	int64_t delays[RETRY_DELAYS_MAX]; /* ms */
};

/* NULL, or why it is no policy (static). Absent members have RocketMQ's defaults. */
const char *retry_policy_read(const struct json *json, struct retry_policy *policy);
void retry_policy_write(struct json_out *out, const struct retry_policy *policy);
/* How long until a message is consumed again that was consumed this often before, ms. */
int64_t retry_policy_delay_ms(const struct retry_policy *policy, int32_t reconsume_times);

#endif
