#!/bin/sh
# The console by keyboard, on a phone, in dark and light, in Chinese; axe-core looks at each page.
# shellcheck source=t/browser/browser.sh
. "${SRCDIR:-.}/t/browser/browser.sh"

browser_need
browser_cluster transactionTimeOut=1000 transactionCheckInterval=1000 messageDelayLevel='1s 1s 1s 1s' \
	flushDiskType=ASYNC_FLUSH
t_result $? "a two-master cluster starts"
browser_data
t_result $? "it has messages, members, a dead letter and transactions"
browser_play looks.js
t_done
