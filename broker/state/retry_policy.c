#include "config.h"

#include "broker/state/retry_policy.h"

#include "common/json/json_body.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define EXPONENTIAL_TIMES_MAX 32 /* the delay grows no longer */
#define CUSTOMIZED_FIRST 2       /* the first retry has the third delay, as with delay levels */

static const char *const type_names[] = { "EXPONENTIAL", "CUSTOMIZED" };

static const int64_t default_delays[] = { 1 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND,
	1 * MINUTE, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE, 5 * MINUTE, 6 * MINUTE, 7 * MINUTE,
	8 * MINUTE, 9 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE, 1 * HOUR, 2 * HOUR };

#define N_DEFAULT_DELAYS ((int32_t)(sizeof default_delays / sizeof *default_delays))

static const char *
read_exponential(const struct json *json, struct retry_policy *policy)
{
	if (!json_is_object(json))
		return NULL;
	policy->has_exponential = true;
	policy->initial = json_member_int64(json, "initial", 5 * SECOND);
	policy->max = json_member_int64(json, "max", 2 * HOUR);
	policy->multiplier = json_member_int64(json, "multiplier", 2);
	if (policy->initial < 0 || policy->initial > RETRY_DELAY_MAX_MS || policy->max < 0 ||
	    policy->max > RETRY_DELAY_MAX_MS)
		return "initial and max of exponentialRetryPolicy are from 0 ms to a year";
	if (policy->multiplier < 1 || policy->multiplier > INT32_MAX)
		return "multiplier of exponentialRetryPolicy is from 1 to 2147483647";
	return NULL;
}

static const char *
read_customized(const struct json *json, struct retry_policy *policy)
{
	const struct json *next = json_member(json, "next");

	if (next == NULL || next->type == JSON_NULL)
		return NULL;
	if (next->type != JSON_ARRAY || next->n_children < 1 || next->n_children > RETRY_DELAYS_MAX)
		return "next of customizedRetryPolicy has 1 to 32 delays";
	for (const struct json *at = next->first; at != NULL; at = at->next) {
		int64_t delay;

		if (json_int64(at, &delay) == -1 || delay < 0 || delay > RETRY_DELAY_MAX_MS)
			return "the delays of customizedRetryPolicy are from 0 ms to a year";
		policy->delays[policy->n_delays++] = delay;
	}
	return NULL;
}

const char *
retry_policy_read(const struct json *json, struct retry_policy *policy)
{
	*policy = (struct retry_policy){ 0 };
	if (json == NULL || json->type == JSON_NULL)
		return NULL;
	if (!json_is_object(json))
		return "groupRetryPolicy is no object";

	int type = json_enum(json_member(json, "type"), type_names, 2, -1);

	if (type == -1 && json_member_text(json, "type").data != NULL)
		return "type of groupRetryPolicy is EXPONENTIAL or CUSTOMIZED";
	policy->exponential = type == 0;

	const char *why = read_exponential(json_member(json, "exponentialRetryPolicy"), policy);

	return why != NULL ? why
	                   : read_customized(json_member(json, "customizedRetryPolicy"), policy);
}

void
retry_policy_write(struct json_out *out, const struct retry_policy *policy)
{
	json_open_object(out);
	if (policy->n_delays != 0) {
		json_key(out, "customizedRetryPolicy");
		json_open_object(out);
		json_key(out, "next");
		json_open_array(out);
		for (int32_t i = 0; i < policy->n_delays; i++)
			json_put_int(out, policy->delays[i]);
		json_close_array(out);
		json_close_object(out);
	}
	if (policy->has_exponential) {
		json_key(out, "exponentialRetryPolicy");
		json_open_object(out);
		json_member_put_int(out, "initial", policy->initial);
		json_member_put_int(out, "max", policy->max);
		json_member_put_int(out, "multiplier", policy->multiplier);
		json_close_object(out);
	}
	json_member_put_text(out, "type", type_names[policy->exponential ? 0 : 1]);
	json_close_object(out);
}

static int64_t
exponential_delay(const struct retry_policy *policy, int32_t times)
{
	int64_t delay = policy->initial;

	for (int32_t i = 0; i < times && i < EXPONENTIAL_TIMES_MAX && delay < policy->max; i++)
		if (__builtin_mul_overflow(delay, policy->multiplier, &delay))
			return policy->max;
	return delay < policy->max ? delay : policy->max;
}

int64_t
retry_policy_delay_ms(const struct retry_policy *policy, int32_t reconsume_times)
{
	int32_t times = reconsume_times > 0 ? reconsume_times : 0;

	if (policy->exponential && policy->has_exponential)
		return exponential_delay(policy, times);

	bool own = !policy->exponential && policy->n_delays != 0;
	const int64_t *delays = own ? policy->delays : default_delays;
	int32_t n = own ? policy->n_delays : N_DEFAULT_DELAYS;

	return delays[times < n - CUSTOMIZED_FIRST ? times + CUSTOMIZED_FIRST : n - 1];
}
