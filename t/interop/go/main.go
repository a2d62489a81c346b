// A real RocketMQ client, rocketmq-client-go v2, against a running cluster:
//
//	interop NAMESRV BROKERS RUN SCENARIO...
//
// BROKERS are the addresses of the masters, with commas: the client creates a
// topic at one broker only. RUN makes names unique. It reports and asks as the
// Java programs beside it do: "ok NAME detail", "not ok NAME reason", and
// "do kill broker-a", which the calling script answers with "done".
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/rocketmq-client-go/v2/rlog"
)

// What is waited for at most, and how long a send may take.
const (
	limit     = 120 * time.Second
	sendLimit = 30 * time.Second
)

var (
	namesrv []string
	brokers []string
	runName string
	stdin   = bufio.NewReader(os.Stdin)
	asking  sync.Mutex
)

var scenarios = map[string]func() (string, error){
	"sync":           syncSends,
	"kinds":          kinds,
	"spread":         spread,
	"tags":           tags,
	"pull":           pull,
	"poll":           poll,
	"from":           from,
	"members":        members,
	"failover":       failover,
	"promotion":      promotion,
	"bulk":           bulk,
	"cross":          cross,
	"transactions":   transactions,
	"ordered":        ordered,
	"broadcast":      broadcast,
	"sentBack":       sentBack,
	"delays":         delays,
	"sql":            sql,
	"requests":       requests,
	"cross-requests": crossRequests,
}

func main() {
	rlog.SetLogLevel("fatal")
	namesrv = strings.Split(os.Args[1], ";")
	brokers = strings.Split(os.Args[2], ",")
	runName = os.Args[3]
	status := int32(0)
	for _, names := range os.Args[4:] {
		var running sync.WaitGroup
		for _, name := range strings.Split(names, "+") { // at the same time
			name := name
			running.Add(1)
			go func() {
				defer running.Done()
				if !run(name) {
					atomic.StoreInt32(&status, 1)
				}
			}()
		}
		running.Wait()
	}
	closeAll()
	os.Exit(int(status))
}

func run(name string) bool {
	start := time.Now()
	result := make(chan error, 1)
	detail := ""
	go func() {
		var err error
		detail, err = scenarios[name]()
		result <- err
	}()
	var err error
	select {
	case err = <-result:
	case <-time.After(3 * limit):
		err = fmt.Errorf("not done after %v", 3*limit)
	}
	if err != nil {
		fmt.Printf("not ok %s %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		return false
	}
	fmt.Printf("ok %s %s, %.1f s\n", name, detail, time.Since(start).Seconds())
	return true
}

// ask has the calling script do something, and waits until it is done.
func ask(what string) error {
	asking.Lock()
	defer asking.Unlock()
	fmt.Printf("do %s\n", what)
	answer, err := stdin.ReadString('\n')
	if err == nil && strings.TrimSpace(answer) != "done" {
		err = fmt.Errorf("the script answers %q to %s", answer, what)
	}
	return err
}

// until waits for a condition, as long as a busy machine may need.
func until(what string, condition func() bool) error {
	end := time.Now().Add(limit)
	for !condition() {
		if time.Now().After(end) {
			return fmt.Errorf("after %v: not %s", limit, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}
