#!/bin/sh
# Bodies, keys, tags and names with markup are text in the console.
# shellcheck source=t/browser/browser.sh
. "${SRCDIR:-.}/t/browser/browser.sh"

browser_need
browser_cluster flushDiskType=ASYNC_FLUSH
t_result $? "a two-master cluster starts"
admin updateTopic -c rocketmq-cluster -t strange -r 4 -w 4 >/dev/null && t_wait 30 has_route strange namesrv-1
t_result $? "a topic"
for text in '<img src=x onerror=alert(1)>' '<script>alert(2)</script>' '"><svg onload=alert(3)>' 'javascript:alert(4)'; do
	key=$(echo "$text" | tr ' ' '/')
	t_ok "a message: $text" "$BUILDDIR/mqadmin" sendMessage -t strange -p "$text" -k "$key" -c "$key"
done
admin sendTransaction -t strange -p half -g pay-group -k '<i>key</i>' -L >/dev/null
hold shop -B '{"clientID":"<b>id</b>","producerDataSet":[{"groupName":"strange-producers"}],"consumerDataSet":[]}' "$(address broker-a)" 34
t_result $? "a client with a strange id"
browser_play strangers.js
t_done
