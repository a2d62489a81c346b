package main

import (
	"fmt"
	"sync"

	"github.com/apache/rocketmq-client-go/v2/primitive"
)

const crossMessages = 400

// cross reads what Cross.java sent: each message once, from both masters, with its key and tag.
func cross() (string, error) {
	var lock sync.Mutex
	seen := map[string]int{}
	from := map[string]int{}
	_, err := newPush("cross", name("cross"), "*", func(message *primitive.MessageExt) {
		lock.Lock()
		defer lock.Unlock()
		seen[string(message.Body)+"/"+message.GetKeys()+"/"+message.GetTags()]++
		from[message.Queue.BrokerName]++
	})
	if err != nil {
		return "", err
	}
	if err := until("all there", func() bool {
		lock.Lock()
		defer lock.Unlock()
		return len(seen) >= crossMessages
	}); err != nil {
		return "", err
	}
	lock.Lock()
	defer lock.Unlock()
	for i := 0; i < crossMessages; i++ {
		wanted := fmt.Sprintf("轉帳 %d/key-%d/Odd%d", i, i, i%2)
		if seen[wanted] != 1 {
			return "", fmt.Errorf("%q came %d times", wanted, seen[wanted])
		}
	}
	if from["broker-a"] == 0 || from["broker-b"] == 0 || len(seen) != crossMessages {
		return "", fmt.Errorf("%d messages, by broker %v", len(seen), from)
	}
	return fmt.Sprintf("%d messages, %d from broker-a and %d from broker-b", len(seen), from["broker-a"],
		from["broker-b"]), nil
}
