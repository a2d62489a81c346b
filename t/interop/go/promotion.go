package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

const (
	pairQueues = 4  // of each topic
	pairOpen   = 12 // transactions that a master is not told the end of
)

// A vault knows of each key whether its local transaction was carried out.
type vault struct {
	sync.Mutex
	done, given map[string]bool // given up, and never done
	knows       int             // what becomes of those below this that were left open
	came        map[string]map[string]bool
}

func openKey(key string) (number int, open bool) {
	_, err := fmt.Sscanf(key, "open%d", &number)
	return number, err == nil
}

func (v *vault) commits(key string) bool {
	if number, open := openKey(key); open {
		return number%2 == 0
	}
	return v.done[key]
}

func (v *vault) ExecuteLocalTransaction(message *primitive.Message) primitive.LocalTransactionState {
	if _, open := openKey(message.GetKeys()); open {
		return primitive.UnknowState
	}
	v.Lock()
	defer v.Unlock()
	v.done[message.GetKeys()] = true
	return primitive.CommitMessageState
}

func (v *vault) CheckLocalTransaction(message *primitive.MessageExt) primitive.LocalTransactionState {
	v.Lock()
	defer v.Unlock()
	key := message.GetKeys()
	number, open := openKey(key)
	switch {
	case open && number >= v.knows:
		return primitive.UnknowState
	case v.commits(key):
		return primitive.CommitMessageState
	case open || v.given[key]:
		return primitive.RollbackMessageState
	}
	return primitive.UnknowState
}

func (v *vault) receive(message *primitive.MessageExt) {
	v.Lock()
	defer v.Unlock()
	key := message.GetKeys()
	if v.came[key] == nil {
		v.came[key] = map[string]bool{}
	}
	v.came[key][fmt.Sprintf("%d %d", message.Queue.QueueId, message.QueueOffset)] = true
}

func (v *vault) times(key string) int {
	v.Lock()
	defer v.Unlock()
	return len(v.came[key])
}

func (v *vault) any() bool {
	v.Lock()
	defer v.Unlock()
	return len(v.came) > 0
}

// All clients of a pair share one instance, and so one table of routes.
type pairClients struct {
	shared                        string
	plain, ordered, transactional string
	ledger                        *ledger
	orders                        *orders
	vault                         *vault
	transactor                    rocketmq.TransactionProducer
	sent                          [2 + pairQueues]int64 // plain, transactions, each queue
	opened                        int
	renewing                      sync.Mutex
	renewals                      int
	renewed                       time.Time
	stopped                       int32
	sending                       sync.WaitGroup
	failure                       atomic.Value
}

// renew has the client ask for its routes, which it does by itself every half minute: it does so too when a
// consumer starts.
func (c *pairClients) renew() {
	c.renewing.Lock()
	defer c.renewing.Unlock()
	if time.Since(c.renewed) < time.Second {
		return
	}
	c.renewals++
	extra, err := rocketmq.NewPushConsumer(consumer.WithNsResolver(primitive.NewPassthroughResolver(namesrv)),
		consumer.WithInstance(c.shared), consumer.WithGroupName(name(fmt.Sprintf("renew%d", c.renewals))))
	if err == nil {
		err = extra.Subscribe(c.transactional, consumer.MessageSelector{Type: consumer.TAG, Expression: "none"},
			func(context.Context, ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
				return consumer.ConsumeSuccess, nil
			})
	}
	if err == nil && extra.Start() == nil {
		onClose(extra.Shutdown)
	}
	c.renewed = time.Now()
}

func (c *pairClients) newProducer(group string, more ...producer.Option) (rocketmq.Producer, error) {
	return newProducer(group, append([]producer.Option{producer.WithInstanceName(c.shared), producer.WithRetry(0),
		producer.WithSendMsgTimeout(3 * time.Second)}, more...)...)
}

// start sends number after number, each again and again until it is stored.
func (c *pairClients) start(counter *int64, pause time.Duration, send func(n int) bool) {
	c.sending.Add(1)
	go func() {
		defer c.sending.Done()
		for atomic.LoadInt32(&c.stopped) == 0 {
			for end := time.Now().Add(limit); !send(int(atomic.LoadInt64(counter))); {
				if time.Now().After(end) {
					c.failure.Store(fmt.Errorf("a send failed for %v", limit))
					return
				}
				c.renew()
				time.Sleep(50 * time.Millisecond)
			}
			atomic.AddInt64(counter, 1)
			time.Sleep(pause)
		}
	}()
}

// The master has it, and so has each slave that may be promoted.
func kept(result *primitive.SendResult, err error) bool {
	return err == nil && (result.Status == primitive.SendOK || result.Status == primitive.SendSlaveNotAvailable)
}

// transact returns true when the half message is stored, and what the vault does counts.
func (c *pairClients) transact(key string) bool {
	message := primitive.NewMessage(c.transactional, []byte(key))
	message.WithKeys([]string{key})
	message.WithTag("tag")
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	result, err := c.transactor.SendMessageInTransaction(ctx, message)
	if err == nil && result.Status == primitive.SendOK {
		return true
	}
	c.vault.Lock()
	defer c.vault.Unlock()
	if !c.vault.done[key] {
		c.vault.given[key] = true
	}
	return false
}

func (c *pairClients) open() error {
	for i := 0; i < pairOpen; i++ {
		if !c.transact(fmt.Sprintf("open%d", c.opened)) {
			return fmt.Errorf("a transaction was not stored")
		}
		c.opened++
	}
	return nil
}

func (c *pairClients) consume() error {
	instance := consumer.WithInstance(c.shared)
	if _, err := newPush("promotion", c.plain, "*", c.ledger.receive, instance); err != nil {
		return err
	}
	if _, err := newPush("promotion_tx", c.transactional, "*", c.vault.receive, instance); err != nil {
		return err
	}
	_, err := subscribed("promotion_ordered", c.ordered, everything,
		func(_ context.Context, message *primitive.MessageExt) consumer.ConsumeResult {
			c.orders.add("one", string(message.Body))
			return consumer.ConsumeSuccess
		}, instance, consumer.WithConsumerOrder(true), consumer.WithRebalanceLockInterval(time.Second))
	return err
}

// prepare makes the producer of transactions, before all others: the client asks the one that made an instance.
func (c *pairClients) prepare() error {
	var err error
	c.transactor, err = rocketmq.NewTransactionProducer(c.vault,
		producer.WithNsResolver(primitive.NewPassthroughResolver(namesrv)), producer.WithGroupName(name("promotion_tx")),
		producer.WithInstanceName(c.shared), producer.WithRetry(0), producer.WithSendMsgTimeout(3*time.Second))
	if err != nil {
		return err
	}
	onClose(c.transactor.Shutdown)
	return c.transactor.Start()
}

func (c *pairClients) produce() error {
	p, err := c.newProducer("promotion")
	if err != nil {
		return err
	}
	send := func(p rocketmq.Producer, message *primitive.Message) bool {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		return kept(p.SendSync(ctx, message))
	}
	c.start(&c.sent[0], 2*time.Millisecond, func(n int) bool { return send(p, c.ledger.message(n)) })
	c.start(&c.sent[1], 10*time.Millisecond, func(n int) bool {
		if !c.transact(fmt.Sprintf("key%d", n)) { // it is over; the next one has another key
			c.renew()
			time.Sleep(50 * time.Millisecond)
		}
		return true
	})
	for i := 0; i < pairQueues; i++ {
		i := i
		queue := &primitive.MessageQueue{Topic: c.ordered, BrokerName: "pair", QueueId: i}
		one, err := c.newProducer(fmt.Sprintf("promotion_%d", i), producer.WithQueueSelector(toQueue{queue}))
		if err != nil {
			return err
		}
		c.start(&c.sent[2+i], 5*time.Millisecond, func(n int) bool {
			return send(one, textMessage(c.ordered, fmt.Sprintf("queue%d %d", i, n)))
		})
	}
	return nil
}

// progress: all producers go on.
func (c *pairClients) progress() error {
	var before [2 + pairQueues]int64
	for i := range before {
		before[i] = atomic.LoadInt64(&c.sent[i])
	}
	err := until("going on with the traffic", func() bool {
		if c.failure.Load() != nil {
			return true
		}
		for i := range before {
			if atomic.LoadInt64(&c.sent[i]) < before[i]+20 {
				return false
			}
		}
		return true
	})
	if failed := c.failure.Load(); failed != nil {
		return failed.(error)
	}
	return err
}

func (c *pairClients) consumed() error {
	return until("consuming of all topics", func() bool {
		return c.ledger.count() > 0 && c.vault.any() && len(c.orders.highest()) == pairQueues
	})
}

func (c *pairClients) know() {
	c.vault.Lock()
	defer c.vault.Unlock()
	c.vault.knows = c.opened
}

func (c *pairClients) stop() error {
	atomic.StoreInt32(&c.stopped, 1)
	c.sending.Wait()
	return nil
}

// complete: all that was stored came, in order, and each transaction as often as it was committed.
func (c *pairClients) complete() (string, error) {
	if err := c.ledger.complete(int(c.sent[0])); err != nil {
		return "", err
	}
	orderly := 0
	for i := 0; i < pairQueues; i++ {
		queue, last := fmt.Sprintf("queue%d", i), int(c.sent[2+i])-1
		err := until(fmt.Sprintf("%s %d consumed", queue, last), func() bool { return c.orders.highest()[queue] >= last })
		if err != nil {
			return "", err
		}
		orderly += last + 1
	}
	if c.orders.fault != "" {
		return "", fmt.Errorf("%s", c.orders.fault)
	}
	var keys []string
	for i := 0; i < int(c.sent[1]); i++ {
		keys = append(keys, fmt.Sprintf("key%d", i))
	}
	for i := 0; i < c.opened; i++ {
		keys = append(keys, fmt.Sprintf("open%d", i))
	}
	committed := 0
	for _, key := range keys {
		key := key
		if !c.vault.commits(key) {
			continue
		}
		committed++
		if err := until(key+" came", func() bool { return c.vault.times(key) > 0 }); err != nil {
			return "", err
		}
	}
	if err := ask("stage settled"); err != nil { // what comes too often would come by then
		return "", err
	}
	for _, key := range keys {
		wanted := 0
		if c.vault.commits(key) {
			wanted = 1
		}
		if got := c.vault.times(key); got != wanted {
			return "", fmt.Errorf("%s was delivered %d times, wanted %d", key, got, wanted)
		}
	}
	return fmt.Sprintf("%d messages, %d of them twice; %d in order, %d repeated; %d transactions, %d committed",
		c.sent[0], c.ledger.duplicates, orderly, c.orders.replayed, len(keys), committed), nil
}

// promotion: as Promotion.java.
func promotion() (string, error) {
	plain := name("promotion")
	c := &pairClients{
		shared: instance(), plain: plain, ordered: plain + "_ordered", transactional: plain + "_tx",
		ledger: newLedger(plain, 0, 500),
		orders: &orders{of: map[string]*order{}, members: map[string]int{}},
		vault:  &vault{done: map[string]bool{}, given: map[string]bool{}, came: map[string]map[string]bool{}},
	}
	steps := []func() error{
		c.prepare,
		c.consume,
		c.produce,
		c.progress,
		c.consumed,
		c.open,
		func() error { return ask("stage promote") },
		c.progress,
		func() error { c.know(); return ask("stage back") },
		c.open,
		c.progress,
		func() error { return ask("stage promote") },
		c.progress,
		func() error { c.know(); return c.stop() },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return "", err
		}
	}
	return c.complete()
}
