package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand"
	"strings"
	"sync/atomic"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

const chinese = "转账给银行B, über 🚀"

func sendSync(p rocketmq.Producer, l *ledger, start, end int) error {
	for i := start; i < end; i++ {
		if _, err := stored(p.SendSync(context.Background(), l.message(i))); err != nil {
			return fmt.Errorf("send %d: %w", i, err)
		}
	}
	return nil
}

func sendOneway(p rocketmq.Producer, l *ledger, start, end int) error {
	for i := start; i < end; i++ {
		if err := p.SendOneWay(context.Background(), l.message(i)); err != nil {
			return err
		}
	}
	return nil
}

// sendAsync keeps at most window sends on the way.
func sendAsync(p rocketmq.Producer, l *ledger, start, end, window int) error {
	free := make(chan struct{}, window)
	var failure atomic.Value
	for i := start; i < end; i++ {
		free <- struct{}{}
		err := p.SendAsync(context.Background(), func(_ context.Context, result *primitive.SendResult, err error) {
			if _, err = stored(result, err); err != nil {
				failure.Store(err)
			}
			<-free
		}, l.message(i))
		if err != nil {
			return err
		}
	}
	for i := 0; i < window; i++ {
		select {
		case free <- struct{}{}:
		case <-time.After(limit):
			return fmt.Errorf("a callback did not come")
		}
	}
	if err, failed := failure.Load().(error); failed {
		return fmt.Errorf("an asynchronous send failed: %w", err)
	}
	return nil
}

func sendBatch(p rocketmq.Producer, l *ledger, start, end int) error {
	var batch []*primitive.Message
	for i := start; i < end; i++ {
		batch = append(batch, l.message(i))
	}
	_, err := stored(p.SendSync(context.Background(), batch...))
	return err
}

// syncSends: odd messages, each read back from the place that its answer names.
func syncSends() (string, error) {
	topic, err := createTopic("sync", 4)
	if err != nil {
		return "", err
	}
	p, err := newProducer("sync")
	if err != nil {
		return "", err
	}
	c, err := newPull("sync_read", topic)
	if err != nil {
		return "", err
	}
	bodies := [][]byte{{0}, []byte(chinese)}
	for _, size := range []int{1, 255, 4095, 4096, 4097, 65536, 300000, 3900000} {
		noise := make([]byte, size)
		rand.Read(noise)
		bodies = append(bodies, noise, bytes.Repeat([]byte("x"), size))
	}
	for _, body := range bodies {
		if err := roundTrip(p, c, topic, body); err != nil {
			return "", fmt.Errorf("body of %d bytes: %w", len(body), err)
		}
	}
	return fmt.Sprintf("%d messages read back where their answers say", len(bodies)), nil
}

func roundTrip(p rocketmq.Producer, c rocketmq.PullConsumer, topic string, body []byte) error {
	message := primitive.NewMessage(topic, append([]byte{}, body...))
	message.WithTag("标签")
	message.WithKeys([]string{"key1", "键2"})
	properties := map[string]string{"a": "1", "名字": chinese, "long": strings.Repeat("x", 2000)}
	for key, value := range properties {
		message.WithProperty(key, value)
	}
	result, err := stored(p.SendSync(context.Background(), message))
	if err != nil {
		return err
	}
	pulled, err := c.PullFrom(context.Background(), result.MessageQueue, result.QueueOffset, 1)
	if err != nil {
		return err
	}
	if pulled.Status != primitive.PullFound || len(pulled.GetMessageExts()) != 1 {
		return fmt.Errorf("pull of what was just stored: %v", pulled)
	}
	got := pulled.GetMessageExts()[0]
	switch {
	case !bytes.Equal(got.Body, body):
		return fmt.Errorf("the body differs")
	case got.QueueOffset != result.QueueOffset || pulled.NextBeginOffset != result.QueueOffset+1:
		return fmt.Errorf("offset %d, next %d, sent to %d", got.QueueOffset, pulled.NextBeginOffset, result.QueueOffset)
	case got.MsgId != result.MsgID || got.OffsetMsgId != result.OffsetMsgID:
		return fmt.Errorf("ids %s %s, sent as %s %s", got.MsgId, got.OffsetMsgId, result.MsgID, result.OffsetMsgID)
	case got.GetTags() != "标签" || got.GetKeys() != "key1 键2":
		return fmt.Errorf("tags %s, keys %s", got.GetTags(), got.GetKeys())
	}
	for key, value := range properties {
		if got.GetProperty(key) != value {
			return fmt.Errorf("property %s is %q", key, got.GetProperty(key))
		}
	}
	return nil
}

// kinds: every way of sending into one topic, read to the end by two groups.
func kinds() (string, error) {
	topic, err := createTopic("kinds", 4)
	if err != nil {
		return "", err
	}
	p, err := newProducer("kinds")
	if err != nil {
		return "", err
	}
	one, two := newLedger(topic, 0, 6000), newLedger(topic, 0, 6000)
	for group, l := range map[string]*ledger{"kinds_one": one, "kinds_two": two} {
		if _, err := newPush(group, topic, "*", l.receive); err != nil {
			return "", err
		}
	}
	steps := []func() error{
		func() error { return sendSync(p, one, 0, 500) },
		func() error { return sendAsync(p, one, 500, 3500, 64) },
		func() error { return sendOneway(p, one, 3500, 4000) },
		func() error { return sendBatch(p, one, 4000, 4001) },
		func() error { return sendBatch(p, one, 4001, 4050) },
		func() error { return one.completeOnce(4050) },
		func() error { return two.completeOnce(4050) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return "", err
		}
	}
	return "500 sync, 3000 async, 500 oneway and 50 in batches, complete in two groups", nil
}

// spread: a producer spreads evenly over the queues of both masters (PR9).
func spread() (string, error) {
	const queues, rounds = 4, 50
	topic, err := createTopic("spread", queues)
	if err != nil {
		return "", err
	}
	p, err := newProducer("spread")
	if err != nil {
		return "", err
	}
	l := newLedger(topic, 0, 0)
	counts := map[string]int{}
	wanted := queues * len(brokers)
	for i := 0; i < wanted*rounds; i++ {
		result, err := stored(p.SendSync(context.Background(), l.message(i)))
		if err != nil {
			return "", err
		}
		counts[result.MessageQueue.String()]++
	}
	if len(counts) != wanted {
		return "", fmt.Errorf("%d queues got messages, wanted %d", len(counts), wanted)
	}
	for queue, count := range counts {
		if count < rounds-1 || count > rounds+1 {
			return "", fmt.Errorf("%s got %d, wanted %d", queue, count, rounds)
		}
	}
	return fmt.Sprintf("%d queues, %d messages each", wanted, rounds), nil
}

// bulk: 100,000 messages, complete and equal to the byte, while the consumer runs.
func bulk() (string, error) {
	const messages = 100000
	topic, err := createTopic("bulk", 4)
	if err != nil {
		return "", err
	}
	p, err := newProducer("bulk")
	if err != nil {
		return "", err
	}
	l := newLedger(topic, 100, 800)
	if _, err := newPush("bulk", topic, "*", l.receive); err != nil {
		return "", err
	}
	for i := 0; i < messages; i += 50 {
		if err := sendBatch(p, l, i, i+50); err != nil {
			return "", err
		}
	}
	if err := l.completeOnce(messages); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d messages", messages), nil
}
