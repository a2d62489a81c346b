#!/bin/sh
# Every page and button of the console in a browser, on a cluster with clients.
# shellcheck source=t/browser/browser.sh
. "${SRCDIR:-.}/t/browser/browser.sh"

browser_need
browser_cluster transactionTimeOut=1000 transactionCheckInterval=1000 messageDelayLevel='1s 1s 1s 1s' \
	flushDiskType=ASYNC_FLUSH
t_result $? "a two-master cluster starts"
browser_data
t_result $? "it has messages, members, a dead letter and transactions"
browser_play pages.js
t_done
