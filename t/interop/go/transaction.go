package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

// A plan is what a bank says of a transfer: once it carried it out, and then
// each time that it is asked.
type plan []primitive.LocalTransactionState

var plans = map[string]plan{
	"committed":      {primitive.CommitMessageState},
	"rolledBack":     {primitive.RollbackMessageState},
	"askedCommits":   {primitive.UnknowState, primitive.CommitMessageState},
	"askedRollsBack": {primitive.UnknowState, primitive.RollbackMessageState},
	"askedTwice":     {primitive.UnknowState, primitive.UnknowState, primitive.CommitMessageState},
}

type transfer struct {
	plan    plan
	said    int
	decided bool // the last of the plan was said
	id      string
	came    int
}

// A bank keeps its transfers by key.
type bank struct {
	mutex     sync.Mutex
	asks      int
	topic     string
	transfers map[string]*transfer
	wrong     error
}

func (b *bank) say(key string) primitive.LocalTransactionState {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	t := b.transfers[key]
	if t == nil {
		b.wrong = fmt.Errorf("asked about the unknown %q", key)
		return primitive.UnknowState
	}
	b.asks++
	if t.decided { // the answer was on its way when the broker asked again
		return t.plan[t.said-1]
	}
	state := t.plan[t.said]
	t.said++
	t.decided = t.said == len(t.plan)
	return state
}

func (b *bank) asked() int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.asks
}

// ExecuteLocalTransaction is called by the client: the half message is stored.
func (b *bank) ExecuteLocalTransaction(message *primitive.Message) primitive.LocalTransactionState {
	return b.say(message.GetKeys())
}

// CheckLocalTransaction is called by the client: the broker asks.
func (b *bank) CheckLocalTransaction(message *primitive.MessageExt) primitive.LocalTransactionState {
	if err := b.compare(message); err != nil {
		b.mutex.Lock()
		b.wrong = fmt.Errorf("the broker asks about %w", err)
		b.mutex.Unlock()
	}
	return b.say(message.GetKeys())
}

func (b *bank) message(key string) *primitive.Message {
	message := primitive.NewMessage(b.topic, []byte(chinese+key))
	message.WithKeys([]string{key})
	message.WithTag("Tag" + key)
	message.WithProperty("from", "A")
	return message
}

func (b *bank) compare(message *primitive.MessageExt) error {
	key := message.GetKeys()
	if message.Topic != b.topic || string(message.Body) != chinese+key || message.GetTags() != "Tag"+key ||
		message.GetProperty("from") != "A" {
		return fmt.Errorf("another message: %v", message)
	}
	return nil
}

func (b *bank) receive(message *primitive.MessageExt) {
	err := b.compare(message)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	t := b.transfers[message.GetKeys()]
	switch {
	case err != nil:
		b.wrong = fmt.Errorf("the consumer gets %w", err)
	case t == nil || !t.decided:
		b.wrong = fmt.Errorf("%s came before its commit", message.GetKeys())
	case t.id != "" && t.id != message.MsgId:
		b.wrong = fmt.Errorf("%s has the id %s, sent as %s", message.GetKeys(), message.MsgId, t.id)
	default:
		t.came++
	}
}

// settled: all is said and what was committed came; at the end also nothing else.
func (b *bank) settled() error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for key, t := range b.transfers {
		wanted := 0
		if t.plan[len(t.plan)-1] == primitive.CommitMessageState {
			wanted = 1
		}
		if t.said != len(t.plan) || t.came != wanted {
			return fmt.Errorf("%s came %d times, asked about %d times", key, t.came, t.said-1)
		}
	}
	return b.wrong
}

func (b *bank) send(p rocketmq.TransactionProducer, key string, plan plan) error {
	b.mutex.Lock()
	b.transfers[key] = &transfer{plan: plan}
	b.mutex.Unlock()
	result, err := p.SendMessageInTransaction(context.Background(), b.message(key))
	if err != nil {
		return err
	}
	b.mutex.Lock()
	b.transfers[key].id = result.MsgID
	b.mutex.Unlock()
	_, err = stored(result.SendResult, nil)
	return err
}

// transactions: committed, rolled back and decided when asked, through both masters.
func transactions() (string, error) {
	const each = 8
	topic, err := createTopic("tx", 2)
	if err != nil {
		return "", err
	}
	b := &bank{topic: topic, transfers: map[string]*transfer{}}
	if _, err := newPush("tx", topic, "*", b.receive); err != nil {
		return "", err
	}
	p, err := rocketmq.NewTransactionProducer(b, producer.WithNsResolver(primitive.NewPassthroughResolver(namesrv)),
		producer.WithGroupName(name("tx")), producer.WithInstanceName(instance()),
		producer.WithSendMsgTimeout(sendLimit))
	if err != nil {
		return "", err
	}
	onClose(p.Shutdown)
	if err := p.Start(); err != nil {
		return "", err
	}
	for kind, plan := range plans {
		for i := 0; i < each; i++ {
			if err := b.send(p, fmt.Sprintf("%s%d", kind, i), plan); err != nil {
				return "", fmt.Errorf("%s: %w", kind, err)
			}
		}
	}
	if err := until("all decided", func() bool { return b.settled() == nil }); err != nil {
		return "", fmt.Errorf("%w: %v", err, b.settled())
	}
	if err := until("an end of the questions", func() bool {
		before := b.asked()
		time.Sleep(3 * time.Second)
		return b.asked() == before
	}); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d transactions of %d kinds", each*len(plans), len(plans)), b.settled()
}
