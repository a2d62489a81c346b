package main

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

// subscribed starts a push consumer whose handler says what becomes of each message.
func subscribed(group, topic string, selector consumer.MessageSelector,
	handle func(context.Context, *primitive.MessageExt) consumer.ConsumeResult, more ...consumer.Option) (
	rocketmq.PushConsumer, error) {
	options := append([]consumer.Option{
		consumer.WithNsResolver(primitive.NewPassthroughResolver(namesrv)),
		consumer.WithGroupName(name(group)),
		consumer.WithInstance(instance()),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	}, more...)
	c, err := rocketmq.NewPushConsumer(options...)
	if err != nil {
		return nil, err
	}
	err = c.Subscribe(topic, selector, func(ctx context.Context, messages ...*primitive.MessageExt) (
		consumer.ConsumeResult, error) {
		for _, message := range messages {
			if result := handle(ctx, message); result != consumer.ConsumeSuccess {
				return result, nil
			}
		}
		return consumer.ConsumeSuccess, nil
	})
	if err != nil {
		return nil, err
	}
	return c, c.Start()
}

var everything = consumer.MessageSelector{Type: consumer.TAG, Expression: "*"}

func textMessage(topic, text string) *primitive.Message {
	message := primitive.NewMessage(topic, []byte(text))
	message.WithTag("tag")
	message.WithKeys([]string{text})
	return message
}

// order is what was consumed of one order: its last number, and its highest.
type order struct{ last, highest int }

// orders is what all members consumed, as Journal.java: number n + 1 follows n, or an earlier one begins again.
type orders struct {
	sync.Mutex
	of       map[string]*order
	members  map[string]int
	replayed int
	fault    string
}

func (o *orders) add(member, text string) {
	words := strings.Split(text, " ")
	number, _ := strconv.Atoi(words[1])
	o.Lock()
	defer o.Unlock()
	o.members[member]++
	one := o.of[words[0]]
	if one == nil {
		one = &order{-1, -1}
		o.of[words[0]] = one
	}
	if number > one.last+1 && o.fault == "" {
		o.fault = fmt.Sprintf("%s at %s comes after number %d", text, member, one.last)
	}
	one.last = number
	if number > one.highest {
		one.highest = number
	} else {
		o.replayed++
	}
}

func (o *orders) highest() map[string]int {
	o.Lock()
	defer o.Unlock()
	found := map[string]int{}
	for name, one := range o.of {
		found[name] = one.highest
	}
	return found
}

func (o *orders) at(member string) int {
	o.Lock()
	defer o.Unlock()
	return o.members[member]
}

// progress: all these orders go on for so many numbers.
func (o *orders) progress(names []string, numbers int) error {
	before := o.highest()
	return until("every order goes on", func() bool {
		now := o.highest()
		for _, name := range names {
			was, known := before[name]
			if !known {
				was = -1
			}
			if got, there := now[name]; !there || got < was+numbers {
				return false
			}
		}
		return true
	})
}

// toQueue sends to the queue that it was told.
type toQueue struct{ queue *primitive.MessageQueue }

func (s toQueue) Select(*primitive.Message, []*primitive.MessageQueue, string) *primitive.MessageQueue {
	return s.queue
}

// ordered: orders keep their sequence while a member joins and leaves, and a master is killed and comes back.
func ordered() (string, error) {
	const queues, each = 4, 2
	topic, err := createTopic("ordered", queues)
	if err != nil {
		return "", err
	}
	all := &orders{of: map[string]*order{}, members: map[string]int{}}
	member := func(who string) (rocketmq.PushConsumer, error) {
		return subscribed("ordered", topic, everything,
			func(_ context.Context, message *primitive.MessageExt) consumer.ConsumeResult {
				all.add(who, string(message.Body))
				return consumer.ConsumeSuccess
			}, consumer.WithConsumerOrder(true), consumer.WithRebalanceLockInterval(time.Second))
	}
	first, err := member("first")
	if err != nil {
		return "", err
	}
	onClose(first.Shutdown)
	var stop int32
	var sending sync.WaitGroup
	sent := map[string]*int64{}
	atBroker := map[string][]string{}
	var names []string
	for _, broker := range []string{"broker-a", "broker-b"} {
		for i := 0; i < queues*each; i++ {
			name := fmt.Sprintf("%s/%d", broker, i)
			names = append(names, name)
			atBroker[broker] = append(atBroker[broker], name)
			sent[name] = new(int64)
		}
	}
	failed := make(chan error, 2)
	for broker := range atBroker {
		broker := broker
		sending.Add(1)
		go func() {
			defer sending.Done()
			failed <- orderTraffic(topic, broker, queues, atBroker[broker], sent, &stop)
		}()
	}
	steps := []func() error{
		func() error { return all.progress(names, 5) },
		func() error {
			second, err := member("second")
			if err != nil {
				return err
			}
			if err := until("a share for the second", func() bool { return all.at("second") > 50 }); err != nil {
				return err
			}
			if err := all.progress(names, 5); err != nil {
				return err
			}
			return second.Shutdown()
		},
		func() error { return all.progress(names, 5) },
		func() error { return ask("kill broker-a") },
		func() error { return all.progress(atBroker["broker-b"], 5) },
		func() error { return ask("start broker-a") },
		func() error { return all.progress(names, 5) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return "", err
		}
	}
	atomic.StoreInt32(&stop, 1)
	sending.Wait()
	for range atBroker {
		if err := <-failed; err != nil {
			return "", err
		}
	}
	total := int64(0)
	for _, name := range names {
		name := name
		wanted := int(*sent[name]) - 1
		total += *sent[name]
		if err := until(fmt.Sprintf("%s %d consumed", name, wanted), func() bool {
			return all.highest()[name] >= wanted
		}); err != nil {
			return "", err
		}
	}
	if all.fault != "" {
		return "", fmt.Errorf("%s", all.fault)
	}
	return fmt.Sprintf("%d messages of %d orders, %d repeated", total, len(names), all.replayed), nil
}

// orderTraffic sends number after number of each order, again and again until it is stored.
func orderTraffic(topic, broker string, queues int, names []string, sent map[string]*int64, stop *int32) error {
	selectors := make([]rocketmq.Producer, queues)
	for i := range selectors {
		queue := &primitive.MessageQueue{Topic: topic, BrokerName: broker, QueueId: i}
		p, err := newProducer(fmt.Sprintf("ordered_%s_%d", broker, i), producer.WithQueueSelector(toQueue{queue}),
			producer.WithRetry(0))
		if err != nil {
			return err
		}
		selectors[i] = p
	}
	each := sendLimit
	if broker == victim {
		each = 3 * time.Second
	}
	for atomic.LoadInt32(stop) == 0 {
		for i, name := range names {
			text := fmt.Sprintf("%s %d", name, *sent[name])
			end := time.Now().Add(2 * limit)
			for {
				ctx, cancel := context.WithTimeout(context.Background(), each)
				_, err := stored(selectors[i%queues].SendSync(ctx, textMessage(topic, text)))
				cancel()
				if err == nil {
					break
				}
				if broker != victim || time.Now().After(end) {
					return fmt.Errorf("a send failed: %w", err)
				}
				time.Sleep(50 * time.Millisecond)
			}
			*sent[name]++
			time.Sleep(2 * time.Millisecond)
		}
	}
	return nil
}

// broadcast: three members get every message.
func broadcast() (string, error) {
	const members, messages = 3, 300
	topic, err := createTopic("broadcast", 2)
	if err != nil {
		return "", err
	}
	var ledgers []*ledger
	for i := 0; i < members; i++ {
		l := newLedger(topic, 12, 300)
		ledgers = append(ledgers, l)
		c, err := newPush("broadcast", topic, "*", l.receive, consumer.WithConsumerModel(consumer.BroadCasting))
		if err != nil {
			return "", err
		}
		onClose(c.Shutdown)
	}
	p, err := newProducer("broadcast")
	if err != nil {
		return "", err
	}
	if err := sendSync(p, newLedger(topic, 12, 300), 0, messages); err != nil {
		return "", err
	}
	for _, l := range ledgers {
		if err := l.completeOnce(messages); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d messages at each of %d members", messages, members), nil
}

// sentBack: what is sent back comes again, and after two times it is a dead letter.
func sentBack() (string, error) {
	const messages, times = 12, 2
	topic, err := createTopic("retry", 2)
	if err != nil {
		return "", err
	}
	var lock sync.Mutex
	came := map[string][]int32{}
	c, err := subscribed("retry", topic, everything,
		func(_ context.Context, message *primitive.MessageExt) consumer.ConsumeResult {
			text := string(message.Body)
			lock.Lock()
			defer lock.Unlock()
			came[text] = append(came[text], message.ReconsumeTimes)
			if strings.HasPrefix(text, "good") || strings.HasPrefix(text, "once") && len(came[text]) > 1 {
				return consumer.ConsumeSuccess
			}
			return consumer.ConsumeRetryLater
		}, consumer.WithMaxReconsumeTimes(times))
	if err != nil {
		return "", err
	}
	onClose(c.Shutdown)
	p, err := newProducer("retry_send")
	if err != nil {
		return "", err
	}
	wanted := map[string]string{"good": "[0]", "once": "[0 1]", "never": "[0 1 2]"}
	kinds := []string{"good", "once", "never"}
	for i := 0; i < messages; i++ {
		text := kinds[i%3] + strconv.Itoa(i)
		if _, err := stored(p.SendSync(context.Background(), textMessage(topic, text))); err != nil {
			return "", err
		}
	}
	letters, err := deadLetters("%DLQ%"+name("retry"), messages/3)
	if err != nil {
		return "", err
	}
	if fmt.Sprint(letters) != "[never11 never2 never5 never8]" {
		return "", fmt.Errorf("dead letters %v", letters)
	}
	if err := until("all so often as they should", func() bool {
		lock.Lock()
		defer lock.Unlock()
		for i := 0; i < messages; i++ {
			if len(came[kinds[i%3]+strconv.Itoa(i)]) < i%3+1 {
				return false
			}
		}
		return true
	}); err != nil {
		return "", err
	}
	lock.Lock()
	defer lock.Unlock()
	for i := 0; i < messages; i++ {
		text := kinds[i%3] + strconv.Itoa(i)
		if fmt.Sprint(came[text]) != wanted[kinds[i%3]] {
			return "", fmt.Errorf("%s came with reconsume times %v", text, came[text])
		}
	}
	return fmt.Sprintf("%d messages, a third each consumed at once, at the second time, never", messages), nil
}

// deadLetters reads so many bodies of a topic that is not there at first.
func deadLetters(topic string, wanted int) ([]string, error) {
	var queues []*primitive.MessageQueue
	// Each master has some; one makes the topic before the other.
	if err := slowly("there: "+topic, func() (err error) {
		queues, err = queuesOf(topic)
		if err == nil && len(queues) < len(brokers) {
			err = fmt.Errorf("%d queues", len(queues))
		}
		return err
	}); err != nil {
		return nil, err
	}
	c, err := newPull("dead", topic)
	if err != nil {
		return nil, err
	}
	var bodies []string
	offsets := map[*primitive.MessageQueue]int64{}
	err = slowly("all of "+topic, func() error {
		for _, queue := range queues {
			result, err := c.PullFrom(context.Background(), queue, offsets[queue], 32)
			if err != nil || result.Status != primitive.PullFound {
				continue
			}
			for _, message := range result.GetMessageExts() {
				bodies = append(bodies, string(message.Body))
			}
			offsets[queue] = result.NextBeginOffset
		}
		if len(bodies) < wanted {
			return fmt.Errorf("%d of %d", len(bodies), wanted)
		}
		return nil
	})
	sort.Strings(bodies)
	return bodies, err
}

// slowly tries again and again what costs something.
func slowly(what string, try func() error) error {
	for end := time.Now().Add(limit); ; time.Sleep(300 * time.Millisecond) {
		if err := try(); err == nil {
			return nil
		} else if time.Now().After(end) {
			return fmt.Errorf("after %v: not %s: %w", limit, what, err)
		}
	}
}

// delays: levels 1 and 2, which the cluster has at 1 s and 2 s, and timers by properties: never early.
func delays() (string, error) {
	const messages = 60
	topic, err := createTopic("delay", 2)
	if err != nil {
		return "", err
	}
	var lock sync.Mutex
	came := map[string]time.Time{}
	twice := ""
	c, err := newPush("delay", topic, "*", func(message *primitive.MessageExt) {
		lock.Lock()
		defer lock.Unlock()
		if _, there := came[string(message.Body)]; there {
			twice = string(message.Body)
		}
		came[string(message.Body)] = time.Now()
	})
	if err != nil {
		return "", err
	}
	onClose(c.Shutdown)
	p, err := newProducer("delay")
	if err != nil {
		return "", err
	}
	due := map[string]time.Time{}
	for i := 0; i < messages; i++ {
		text := "delay" + strconv.Itoa(i)
		message := textMessage(topic, text)
		now := time.Now()
		wait := time.Duration(i%3) * time.Second
		if i%2 == 0 {
			message.WithDelayTimeLevel(i % 3)
		} else {
			wait += 500 * time.Millisecond
			message.WithProperty("TIMER_DELAY_MS", strconv.FormatInt(wait.Milliseconds(), 10))
		}
		due[text] = now.Add(wait)
		if _, err := stored(p.SendSync(context.Background(), message)); err != nil {
			return "", err
		}
	}
	if err := until("all messages", func() bool {
		lock.Lock()
		defer lock.Unlock()
		return len(came) == messages
	}); err != nil {
		return "", err
	}
	lock.Lock()
	defer lock.Unlock()
	latest := time.Duration(0)
	for text, at := range came {
		late := at.Sub(due[text])
		if late < 0 {
			return "", fmt.Errorf("%s came %v early", text, -late)
		}
		if late > latest {
			latest = late
		}
	}
	if twice != "" {
		return "", fmt.Errorf("%s came twice", twice)
	}
	return fmt.Sprintf("%d messages, the latest %v late", messages, latest.Round(time.Millisecond)), nil
}

// sql: an expression gets what it says.
func sql() (string, error) {
	const messages = 120
	topic, err := createTopic("sql", 2)
	if err != nil {
		return "", err
	}
	expressions := map[string]func(int) bool{
		"a BETWEEN 10 AND 19":               func(i int) bool { return i >= 10 && i <= 19 },
		"a > 60 AND b IN ('x', 'y')":        func(i int) bool { return i > 60 && i%3 < 2 },
		"NOT (b = 'x') OR a = 1":            func(i int) bool { return i%3 != 0 || i == 1 },
		"c IS NULL AND (a < 7 OR a >= 110)": func(i int) bool { return i < 7 || i >= 110 },
	}
	var lock sync.Mutex
	got := map[string]map[string]bool{}
	for expression := range expressions {
		seen := map[string]bool{}
		got[expression] = seen
		c, err := subscribed(fmt.Sprintf("sql%d", len(got)), topic,
			consumer.MessageSelector{Type: consumer.SQL92, Expression: expression},
			func(_ context.Context, message *primitive.MessageExt) consumer.ConsumeResult {
				lock.Lock()
				defer lock.Unlock()
				seen[string(message.Body)] = true
				return consumer.ConsumeSuccess
			})
		if err != nil {
			return "", err
		}
		onClose(c.Shutdown)
	}
	p, err := newProducer("sql")
	if err != nil {
		return "", err
	}
	for i := 0; i < messages; i++ {
		message := textMessage(topic, "sql"+strconv.Itoa(i))
		message.WithProperty("a", strconv.Itoa(i))
		message.WithProperty("b", string("xyz"[i%3]))
		if _, err := stored(p.SendSync(context.Background(), message)); err != nil {
			return "", err
		}
	}
	for expression, says := range expressions {
		wanted := map[string]bool{}
		for i := 0; i < messages; i++ {
			if says(i) {
				wanted["sql"+strconv.Itoa(i)] = true
			}
		}
		if err := until("all that "+expression+" says", func() bool {
			lock.Lock()
			defer lock.Unlock()
			return len(got[expression]) >= len(wanted)
		}); err != nil {
			return "", err
		}
		lock.Lock()
		if fmt.Sprint(got[expression]) != fmt.Sprint(wanted) {
			err = fmt.Errorf("%s got %v", expression, got[expression])
		}
		lock.Unlock()
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d expressions", len(expressions)), nil
}
