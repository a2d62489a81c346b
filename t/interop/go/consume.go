package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// filled makes a topic that holds n messages of its ledger.
func filled(what string, n int) (*ledger, error) {
	topic, err := createTopic(what, 4)
	if err != nil {
		return nil, err
	}
	p, err := newProducer(what)
	if err != nil {
		return nil, err
	}
	l := newLedger(topic, 0, 500)
	return l, sendAsync(p, l, 0, n, 64)
}

// tags: an expression gets exactly what it names, also where two tags have one
// hash. No expression names the Chinese tag: this client hashes its bytes, and
// every broker its UTF-16 units as Java does.
func tags() (string, error) {
	const each = 40
	topic, err := createTopic("tags", 2)
	if err != nil {
		return "", err
	}
	wanted := map[string][]string{
		"TagA || TagB": {"TagA", "TagB"},
		"AaAa":         {"AaAa"},
		"*":            {"TagA", "TagB", "TagC", "AaAa", "BBBB", "标签"},
	}
	var mutex sync.Mutex
	got := map[string]map[string]bool{}
	for expression := range wanted {
		seen := map[string]bool{}
		got[expression] = seen
		_, err := newPush(fmt.Sprintf("tags%d", len(got)), topic, expression, func(message *primitive.MessageExt) {
			mutex.Lock()
			seen[string(message.Body)] = true
			mutex.Unlock()
		})
		if err != nil {
			return "", err
		}
	}
	p, err := newProducer("tags")
	if err != nil {
		return "", err
	}
	for i := 0; i < each; i++ {
		for _, tag := range wanted["*"] {
			message := primitive.NewMessage(topic, []byte(fmt.Sprintf("%s%d", tag, i)))
			message.WithTag(tag)
			if _, err := stored(p.SendSync(context.Background(), message)); err != nil {
				return "", err
			}
		}
	}
	for expression, names := range wanted {
		all := len(names) * each
		err := until("all that "+expression+" names", func() bool {
			mutex.Lock()
			defer mutex.Unlock()
			return len(got[expression]) >= all
		})
		if err != nil {
			return "", err
		}
		mutex.Lock()
		for i := 0; i < each; i++ {
			for _, tag := range names {
				delete(got[expression], fmt.Sprintf("%s%d", tag, i))
			}
		}
		if len(got[expression]) > 0 {
			err = fmt.Errorf("%s also got %v", expression, got[expression])
		}
		mutex.Unlock()
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d expressions", len(wanted)), nil
}

// pull: a pull consumer by hand, every queue from its first offset to its end.
func pull() (string, error) {
	const messages = 1000
	l, err := filled("pull", messages)
	if err != nil {
		return "", err
	}
	c, err := newPull("pull", l.topic)
	if err != nil {
		return "", err
	}
	queues, err := queuesOf(l.topic)
	if err != nil {
		return "", err
	}
	for _, queue := range queues {
		for offset, end := int64(0), int64(1); offset < end; {
			result, err := c.PullFrom(context.Background(), queue, offset, 32)
			if err != nil {
				return "", err
			}
			if result.Status != primitive.PullFound {
				return "", fmt.Errorf("pull at %d of %v: %v", offset, queue, result)
			}
			end = result.MaxOffset
			for _, message := range result.GetMessageExts() {
				if message.QueueOffset != offset {
					return "", fmt.Errorf("offset %d of %v, wanted %d", message.QueueOffset, queue, offset)
				}
				offset++
				l.receive(message)
			}
		}
	}
	if err := l.completeOnce(messages); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d messages from %d queues", messages, len(queues)), nil
}

// poll: a pull consumer that shares the queues and acknowledges what it got.
func poll() (string, error) {
	const messages = 1000
	l, err := filled("poll", messages)
	if err != nil {
		return "", err
	}
	c, err := newPull("poll", l.topic)
	if err != nil {
		return "", err
	}
	end := time.Now().Add(limit)
	for l.count() < messages && time.Now().Before(end) {
		request, err := c.Poll(context.Background(), time.Second)
		if err != nil {
			continue // nothing new in that second
		}
		for _, message := range request.GetMsgList() {
			l.receive(message)
		}
		c.ACK(context.Background(), request, consumer.ConsumeSuccess)
	}
	if err := l.completeOnce(messages); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d messages", messages), nil
}

// from: new groups on young queues start at the first message, whatever they ask for (CO6).
func from() (string, error) {
	const old, young = 100, 100
	l, err := filled("from", old)
	if err != nil {
		return "", err
	}
	starts := map[string]consumer.ConsumeFromWhere{
		"first": consumer.ConsumeFromFirstOffset,
		"last":  consumer.ConsumeFromLastOffset,
		"time":  consumer.ConsumeFromTimestamp,
	}
	ledgers := map[string]*ledger{}
	for what, where := range starts {
		ledgers[what] = newLedger(l.topic, 0, 500)
		_, err := newPush("from_"+what, l.topic, "*", ledgers[what].receive, consumer.WithConsumeFromWhere(where),
			consumer.WithConsumeTimestamp(time.Now().Format("20060102150405")))
		if err != nil {
			return "", err
		}
	}
	p, err := newProducer("from_more")
	if err != nil {
		return "", err
	}
	if err := sendSync(p, l, old, old+young); err != nil {
		return "", err
	}
	for what, ledger := range ledgers {
		if err := ledger.completeOnce(old + young); err != nil {
			return "", fmt.Errorf("start at %s: %w", what, err)
		}
	}
	return "first, last and time on young queues", nil
}

// members: a consumer joins its group under traffic, and leaves again.
func members() (string, error) {
	const queues = 8
	topic, err := createTopic("members", queues)
	if err != nil {
		return "", err
	}
	all := queues * len(brokers)
	l := newLedger(topic, 0, 300)
	var mutex sync.Mutex
	owner := map[string]int{} // queue -> the consumer that had its latest message
	handler := func(who int) func(*primitive.MessageExt) {
		return func(message *primitive.MessageExt) {
			mutex.Lock()
			owner[message.Queue.String()] = who
			mutex.Unlock()
			l.receive(message)
		}
	}
	owned := func(who, n int) func() bool {
		return func() bool {
			mutex.Lock()
			defer mutex.Unlock()
			count := 0
			for _, one := range owner {
				if one == who {
					count++
				}
			}
			return count == n && len(owner) == all
		}
	}
	first, err := newPush("members", topic, "*", handler(1))
	if err != nil {
		return "", err
	}
	onClose(first.Shutdown)
	sent, stop, err := traffic(l, nil)
	if err != nil {
		return "", err
	}
	if err := until("with all queues", owned(1, all)); err != nil {
		return "", err
	}
	second, err := newPush("members", topic, "*", handler(2))
	if err != nil {
		return "", err
	}
	joined := time.Now()
	if err := until("shared half and half", owned(2, all/2)); err != nil {
		return "", err
	}
	shared := time.Since(joined)
	if err := second.Shutdown(); err != nil {
		return "", err
	}
	left := time.Now()
	if err := until("with all queues again", owned(1, all)); err != nil {
		return "", err
	}
	back := time.Since(left)
	if err := stop(); err != nil {
		return "", err
	}
	n := int(atomic.LoadInt64(sent))
	if err := l.complete(n); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d messages, shared after %v, taken back after %v, %d duplicates", n,
		shared.Round(time.Millisecond), back.Round(time.Millisecond), l.duplicates), nil
}
