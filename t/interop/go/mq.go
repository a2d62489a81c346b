package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/admin"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

var (
	instances int32
	closing   sync.Mutex
	closers   []func() error
)

func name(what string) string {
	return "T" + runName + "_" + what
}

// instance makes the client id, which a reply finds its requester by: no program of another language,
// with the same name of the run and on the same host, may have it too.
func instance() string {
	return fmt.Sprintf("go%s_%d", runName, atomic.AddInt32(&instances, 1))
}

func onClose(closer func() error) {
	closing.Lock()
	defer closing.Unlock()
	closers = append(closers, closer)
}

func closeAll() {
	for _, closer := range closers {
		_ = closer()
	}
}

// createTopic makes the topic on every master and waits for its route.
func createTopic(what string, queues int) (string, error) {
	topic := name(what)
	adm, err := admin.NewAdmin(admin.WithResolver(primitive.NewPassthroughResolver(namesrv)))
	if err != nil {
		return "", err
	}
	onClose(adm.Close)
	for _, broker := range brokers {
		err = slowly("made at "+broker+": "+topic, func() error {
			return adm.CreateTopic(context.Background(), admin.WithTopicCreate(topic), admin.WithBrokerAddrCreate(broker),
				admin.WithReadQueueNums(queues), admin.WithWriteQueueNums(queues))
		})
		if err != nil {
			return "", err
		}
	}
	// Another client asks one of the name servers, any.
	for _, server := range namesrv {
		err = slowly("on all masters, as "+server+" says: "+topic, func() error {
			found, err := queuesAt([]string{server}, topic)
			if err == nil && len(found) != queues*len(brokers) {
				err = fmt.Errorf("%d queues", len(found))
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return topic, nil
}

func queuesOf(topic string) ([]*primitive.MessageQueue, error) {
	return queuesAt(namesrv, topic)
}

// queuesAt asks with a client of its own: one keeps the first route that it got for ever.
func queuesAt(servers []string, topic string) ([]*primitive.MessageQueue, error) {
	adm, err := admin.NewAdmin(admin.WithResolver(primitive.NewPassthroughResolver(servers)))
	if err != nil {
		return nil, err
	}
	defer adm.Close()
	return adm.FetchPublishMessageQueues(context.Background(), topic)
}

func newProducer(group string, more ...producer.Option) (rocketmq.Producer, error) {
	options := append([]producer.Option{
		producer.WithNsResolver(primitive.NewPassthroughResolver(namesrv)),
		producer.WithGroupName(name(group)),
		producer.WithInstanceName(instance()),
		producer.WithSendMsgTimeout(sendLimit),
		producer.WithRetry(2),
	}, more...)
	p, err := rocketmq.NewProducer(options...)
	if err != nil {
		return nil, err
	}
	onClose(p.Shutdown)
	return p, p.Start()
}

// newPush starts a push consumer that hands over each message.
func newPush(group, topic, tags string, handle func(*primitive.MessageExt), more ...consumer.Option) (
	rocketmq.PushConsumer, error) {
	options := append([]consumer.Option{
		consumer.WithNsResolver(primitive.NewPassthroughResolver(namesrv)),
		consumer.WithGroupName(name(group)),
		consumer.WithInstance(instance()),
		consumer.WithConsumerModel(consumer.Clustering),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	}, more...)
	c, err := rocketmq.NewPushConsumer(options...)
	if err != nil {
		return nil, err
	}
	selector := consumer.MessageSelector{Type: consumer.TAG, Expression: tags}
	err = c.Subscribe(topic, selector, func(_ context.Context, messages ...*primitive.MessageExt) (
		consumer.ConsumeResult, error) {
		for _, message := range messages {
			handle(message)
		}
		return consumer.ConsumeSuccess, nil
	})
	if err != nil {
		return nil, err
	}
	return c, c.Start()
}

func newPull(group, topic string) (rocketmq.PullConsumer, error) {
	c, err := rocketmq.NewPullConsumer(
		consumer.WithNsResolver(primitive.NewPassthroughResolver(namesrv)),
		consumer.WithGroupName(name(group)),
		consumer.WithInstance(instance()),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset))
	if err != nil {
		return nil, err
	}
	selector := consumer.MessageSelector{Type: consumer.TAG, Expression: "*"}
	if err = c.Subscribe(topic, selector); err != nil {
		return nil, err
	}
	onClose(c.Shutdown)
	return c, c.Start()
}

func stored(result *primitive.SendResult, err error) (*primitive.SendResult, error) {
	if err == nil && result.Status != primitive.SendOK {
		err = fmt.Errorf("status %d of a send", result.Status)
	}
	return result, err
}
