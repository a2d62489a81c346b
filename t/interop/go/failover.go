package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

const victim = "broker-a"

// broken is set when a send of the traffic failed.
var broken int64

// The client forgets which master failed (a shadowed variable in its sendSync)
// and tries the next queue in turn: as many retries as a master has queues.
const retries = 8

// traffic sends until it is stopped or a send fails; stop says which.
func traffic(l *ledger, each func(*primitive.SendResult, time.Duration)) (sent *int64, stop func() error, err error) {
	p, err := newProducer("traffic", producer.WithRetry(retries))
	if err != nil {
		return nil, nil, err
	}
	sent = new(int64)
	end := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		for {
			select {
			case <-end:
				failed <- nil
				return
			default:
			}
			start := time.Now()
			result, err := stored(p.SendSync(context.Background(), l.message(int(atomic.LoadInt64(sent)))))
			if err != nil {
				atomic.StoreInt64(&broken, 1)
				failed <- err
				return
			}
			atomic.AddInt64(sent, 1)
			if each != nil {
				each(result, time.Since(start))
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return sent, func() error { close(end); return <-failed }, nil
}

// failover: one master dies under traffic and comes back. Every send goes on
// through the other; what the dead one held comes back with it.
func failover() (string, error) {
	topic, err := createTopic("failover", 4)
	if err != nil {
		return "", err
	}
	l := newLedger(topic, 0, 1000)
	var atVictim, atOther, slowest int64
	sent, stop, err := traffic(l, func(result *primitive.SendResult, took time.Duration) {
		if result.MessageQueue.BrokerName == victim {
			atomic.AddInt64(&atVictim, 1)
		} else {
			atomic.AddInt64(&atOther, 1)
		}
		if took.Milliseconds() > atomic.LoadInt64(&slowest) {
			atomic.StoreInt64(&slowest, took.Milliseconds())
		}
	})
	if err != nil {
		return "", err
	}
	more := func(counter *int64, n int64, what string) error {
		wanted := atomic.LoadInt64(counter) + n
		return until(what, func() bool {
			return atomic.LoadInt64(counter) >= wanted || atomic.LoadInt64(&broken) == 1
		})
	}
	c, err := newPush("failover", topic, "*", l.receive)
	if err != nil {
		return "", err
	}
	onClose(c.Shutdown)
	if err := more(&atVictim, 300, "messages at the first master"); err != nil {
		return "", err
	}
	atomic.StoreInt64(&slowest, 0)
	if err := ask("kill " + victim); err != nil {
		return "", err
	}
	err = more(&atOther, 500, "messages at the other master after the kill")
	pause := atomic.LoadInt64(&slowest)
	if started := ask("start " + victim); err == nil {
		err = started
	}
	if err == nil && atomic.LoadInt64(&broken) == 1 {
		err = stop()
	}
	if err != nil {
		return "", err
	}
	if err := more(&atVictim, 100, "messages at the first master again"); err != nil {
		return "", err
	}
	if err := stop(); err != nil {
		return "", fmt.Errorf("a send failed: %w", err)
	}
	n := int(atomic.LoadInt64(sent))
	if err := l.complete(n); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d messages, slowest send after the kill %d ms, %d duplicates", n, pause, l.duplicates), nil
}
