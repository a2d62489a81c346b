package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// requests: requests that are answered, and one that nobody answers.
func requests() (string, error) {
	const times = 40
	topic, err := createTopic("request", 2)
	if err != nil {
		return "", err
	}
	silent, err := createTopic("silence", 2)
	if err != nil {
		return "", err
	}
	requester, err := newProducer("requester")
	if err != nil {
		return "", err
	}
	if err := answers(topic); err != nil {
		return "", err
	}
	if err := requestAll(requester.Request, topic, times); err != nil {
		return "", err
	}
	start := time.Now()
	reply, err := requester.Request(context.Background(), 2*time.Second, textMessage(silent, "anybody?"))
	if err == nil {
		return "", fmt.Errorf("a request without an answer has the reply %v", reply)
	}
	if took := time.Since(start); took < 1900*time.Millisecond {
		return "", fmt.Errorf("a request of 2 s failed after %v: %w", took, err)
	}
	return fmt.Sprintf("%d requests, one timed out", times), nil
}

// crossRequests: requests that Answers.java answers, and answers to those of Answers.java.
func crossRequests() (string, error) {
	const times = 20
	for _, topic := range []string{name("to_java"), name("to_go")} {
		if err := slowly("there: "+topic, func() error {
			_, err := queuesOf(topic)
			return err
		}); err != nil {
			return "", err
		}
	}
	if err := answers(name("to_go")); err != nil {
		return "", err
	}
	requester, err := newProducer("requester_cross")
	if err != nil {
		return "", err
	}
	if err := requestAll(requester.Request, name("to_java"), times); err != nil {
		return "", err
	}
	if err := until("asked by the other side", func() bool {
		return atomic.LoadInt64(&answered) >= times
	}); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d requests in either direction", times), nil
}

var answered int64

// answers replies to all requests on the topic.
func answers(topic string) error {
	replier, err := newProducer("replier")
	if err != nil {
		return err
	}
	c, err := newPush("replier", topic, "*", func(message *primitive.MessageExt) {
		reply, err := consumer.CreateReplyMessage(message, nil)
		if err != nil {
			fmt.Printf("cannot answer: %v\n", err)
			return
		}
		reply.Body = []byte("re: " + string(message.Body)) // the call above forgets it
		// The broker may not know the requester yet, whose heartbeat comes after the request; a busy
		// requester may not take the reply in the time that the broker gives it. But not for long: a
		// requester may end with its last reply before it tells the broker. It judges whether all came.
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
			if _, err = stored(replier.SendSync(context.Background(), reply)); err == nil {
				break
			}
			time.Sleep(200 * time.Millisecond)
		}
		if err != nil {
			fmt.Printf("a reply is not taken: %v\n", err)
		}
		atomic.AddInt64(&answered, 1)
	})
	if err == nil {
		onClose(c.Shutdown)
	}
	return err
}

func requestAll(request func(context.Context, time.Duration, *primitive.Message) (*primitive.Message, error),
	topic string, times int) error {
	for i := 0; i < times; i++ {
		text := fmt.Sprintf("q%d", i)
		reply, err := request(context.Background(), limit/2, textMessage(topic, text))
		if err != nil {
			return fmt.Errorf("request %d: %w", i, err)
		}
		if string(reply.Body) != "re: "+text {
			return fmt.Errorf("the reply to %s is %q", text, reply.Body)
		}
	}
	return nil
}
