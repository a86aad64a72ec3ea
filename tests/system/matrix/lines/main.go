// The franz-go client of the shows: the producer of clients.py, and nothing else of it. A transaction goes by the
// library's own rule: when a record failed, commit answers that error and the application aborts.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

type wish struct {
	Topic       string            `json:"topic"`
	Partition   int32             `json:"partition"`
	Key         *string           `json:"key"`
	Value       *string           `json:"value"`
	Headers     map[string]string `json:"headers"`
	Flush       bool              `json:"flush"`
	Transaction string            `json:"transaction"`
}

type line map[string]any

var (
	stdout sync.Mutex
	first  struct { // the first error of the transaction
		sync.Mutex
		err error
	}
)

func say(l line) {
	text, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	stdout.Lock()
	defer stdout.Unlock()
	os.Stdout.Write(append(text, '\n'))
}

func (l line) failed(err error) line {
	l["error"], l["message"] = fmt.Sprintf("%T", err), err.Error()
	var code *kerr.Error
	if errors.As(err, &code) {
		l["error"] = code.Message
	}
	return l
}

// number panics on what is none: the rows are the tests' own.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

// options translates rows that have the names of the Java client.
func options(rows []string) []kgo.Opt {
	opts := []kgo.Opt{kgo.RecordPartitioner(kgo.ManualPartitioner())}
	inFlight, idempotent := 5, true // which the library insists on
	for _, row := range rows {
		name, value, _ := strings.Cut(row, "=")
		switch row {
		case "enable.idempotence=true", "acks=all": // as by default
			continue
		case "enable.idempotence=false":
			idempotent = false
			continue
		case "compression.type=none":
			opts = append(opts, kgo.ProducerBatchCompression(kgo.NoCompression()))
			continue
		}
		switch name {
		case "max.in.flight.requests.per.connection":
			inFlight = number(value)
		case "batch.size":
			opts = append(opts, kgo.ProducerBatchMaxBytes(int32(number(value))))
		case "linger.ms":
			opts = append(opts, kgo.ProducerLinger(time.Duration(number(value))*time.Millisecond))
		case "client.id":
			opts = append(opts, kgo.ClientID(value))
		case "transactional.id":
			opts = append(opts, kgo.TransactionalID(value))
		default:
			panic("no option of franz-go: " + row)
		}
	}
	if !idempotent || inFlight != 5 {
		opts = append(opts, kgo.MaxProduceRequestsInflightPerBroker(inFlight))
	}
	if !idempotent {
		opts = append(opts, kgo.DisableIdempotentWrite())
	}
	return opts
}

func bytes(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}

func send(client *kgo.Client, w wish, index int) {
	record := &kgo.Record{Topic: w.Topic, Partition: w.Partition, Key: bytes(w.Key), Value: bytes(w.Value)}
	for key, value := range w.Headers {
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
	}
	client.Produce(context.Background(), record, func(r *kgo.Record, err error) {
		if err == nil {
			say(line{"index": index, "partition": r.Partition, "offset": r.Offset})
			return
		}
		first.Lock()
		if first.err == nil {
			first.err = err
		}
		first.Unlock()
		say(line{"index": index}.failed(err))
	})
}

func end(client *kgo.Client, how kgo.TransactionEndTry) error {
	if err := client.Flush(context.Background()); err != nil {
		return err
	}
	first.Lock()
	err := first.err
	first.Unlock()
	if how == kgo.TryCommit && err != nil {
		return err
	}
	return client.EndTransaction(context.Background(), how)
}

func transaction(client *kgo.Client, step string) {
	var err error
	switch step {
	case "begin":
		first.Lock()
		first.err = nil
		first.Unlock()
		err = client.BeginTransaction()
	case "commit":
		err = end(client, kgo.TryCommit)
	case "abort":
		err = end(client, kgo.TryAbort)
	default:
		panic("no step of a transaction: " + step)
	}
	l := line{"transaction": step}
	if err != nil {
		l.failed(err)
	}
	say(l)
}

func main() {
	if len(os.Args) < 3 || os.Args[1] != "produce" {
		fmt.Fprintln(os.Stderr, "usage: lines produce BOOTSTRAP [NAME=VALUE]...")
		os.Exit(2)
	}
	client, err := kgo.NewClient(append(options(os.Args[3:]), kgo.SeedBrokers(os.Args[2]))...)
	if err != nil {
		panic(err)
	}
	defer client.Close()
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	for index := 0; input.Scan(); {
		var w wish
		if err := json.Unmarshal(input.Bytes(), &w); err != nil {
			panic(err)
		}
		switch {
		case w.Flush:
			client.Flush(context.Background())
			say(line{"flushed": true})
		case w.Transaction != "":
			transaction(client, w.Transaction)
		default:
			send(client, w, index)
			index++
		}
	}
	client.Flush(context.Background())
}
