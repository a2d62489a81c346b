package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand"
	"sync"

	"github.com/apache/rocketmq-client-go/v2/primitive"
)

const headSize = 8 // number, CRC-32 of what follows

// A ledger knows numbered messages: number n always has the same body, so that
// a receiver can compare each byte without remembering what was sent.
type ledger struct {
	topic            string
	minSize, maxSize int

	mutex      sync.Mutex
	received   map[int]bool
	duplicates int
	wrong      error
}

func newLedger(topic string, minSize, maxSize int) *ledger {
	return &ledger{topic: topic, minSize: minSize, maxSize: maxSize, received: map[int]bool{}}
}

func (l *ledger) body(number int) []byte {
	size := headSize + l.minSize + number*7919%(l.maxSize-l.minSize+1)
	body := make([]byte, size)
	rand.New(rand.NewSource(int64(number))).Read(body[headSize:])
	binary.BigEndian.PutUint32(body, uint32(number))
	binary.BigEndian.PutUint32(body[4:], crc32.ChecksumIEEE(body[headSize:]))
	return body
}

func (l *ledger) message(number int) *primitive.Message {
	message := primitive.NewMessage(l.topic, l.body(number))
	message.WithTag(string(rune('A' + number%3)))
	message.WithKeys([]string{fmt.Sprintf("k%d", number)})
	return message
}

func (l *ledger) receive(message *primitive.MessageExt) {
	number := -1
	if len(message.Body) >= headSize {
		number = int(binary.BigEndian.Uint32(message.Body))
	}
	good := number >= 0 && number < 1<<24 && bytes.Equal(message.Body, l.body(number))
	l.mutex.Lock()
	defer l.mutex.Unlock()
	switch {
	case !good:
		l.wrong = fmt.Errorf("altered or unknown body at offset %d of %v", message.QueueOffset, message.Queue)
	case message.GetKeys() != fmt.Sprintf("k%d", number):
		l.wrong = fmt.Errorf("message %d has keys %s", number, message.GetKeys())
	case l.received[number]:
		l.duplicates++
	default:
		l.received[number] = true
	}
}

func (l *ledger) count() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.received)
}

// complete waits until all numbers below n, and nothing else, have arrived.
func (l *ledger) complete(n int) error {
	if err := until(fmt.Sprintf("all %d messages", n), func() bool { return l.count() >= n }); err != nil {
		return fmt.Errorf("%w, but %d", err, l.count())
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for i := 0; i < n; i++ {
		if !l.received[i] {
			return fmt.Errorf("message %d is missing", i)
		}
	}
	if len(l.received) != n {
		return fmt.Errorf("%d messages received, %d sent", len(l.received), n)
	}
	return l.wrong
}

// completeOnce is the same where nothing can repeat a message.
func (l *ledger) completeOnce(n int) error {
	err := l.complete(n)
	if err == nil && l.duplicates > 0 {
		err = fmt.Errorf("%d messages received twice", l.duplicates)
	}
	return err
}
