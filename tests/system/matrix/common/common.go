// Package common is what the Go programs of the matrix share: the records, the lines, and the way in.
package common

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Count records, by turns for both partitions.
const Count = 40

// Patience with a broker.
const Patience = time.Minute

// Where a program works.
type Where struct {
	Bootstrap, Topic, Group string
	Context                 context.Context
}

// Fields of a line.
type Fields map[string]any

// Key of record i.
func Key(i int) string { return fmt.Sprintf("key-%d", i) }

// Value of record i.
func Value(i int) string { return fmt.Sprintf(`{"lumens": %d}`, i) }

// Values of `count` records from `from`.
func Values(from, count int) []string {
	var values []string
	for i := from; i < from+count; i++ {
		values = append(values, Value(i))
	}
	return values
}

// Own is the name of a topic that the program may make.
func (w Where) Own() string { return w.Topic + "-x" }

// Say prints a line, without the names that differ from run to run.
func (w Where) Say(what string, fields Fields) {
	line := Fields{"what": what}
	for name, value := range fields {
		if err, is := value.(error); is {
			value = err.Error()
		}
		line[name] = value
	}
	text, err := json.Marshal(line)
	Must(err)
	fmt.Println(strings.NewReplacer(w.Topic, "TOPIC", w.Group, "GROUP").Replace(string(text)))
}

// Expect ends the program when a condition does not hold.
func Expect(condition bool, what string, about ...any) {
	if !condition {
		fmt.Fprintln(os.Stderr, append([]any{"not so:", what}, about...)...)
		os.Exit(1)
	}
}

// Must ends the program on an error.
func Must(err error) { Expect(err == nil, "no error", err) }

// Got is what Must leaves of a call.
func Got[T any](answer T, err error) T {
	Must(err)
	return answer
}

// ExpectValues holds got, in any order, to each of wanted once.
func ExpectValues(got, wanted []string, what string) {
	got, wanted = slices.Clone(got), slices.Clone(wanted)
	slices.Sort(got)
	slices.Sort(wanted)
	Expect(slices.Equal(got, wanted), what, got, wanted)
}

// Settled is what read answers once it is as wanted: a broker learns of a change a moment after it was promised.
func Settled[T any](read func() T, wanted func(T) bool) T {
	for end := time.Now().Add(Patience / 2); ; time.Sleep(50 * time.Millisecond) {
		answer := read()
		if wanted(answer) {
			return answer
		}
		Expect(time.Now().Before(end), "the broker comes to know of it", answer)
	}
}

// Name of an error, or "".
func Name(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Main calls the feature that the command line names.
func Main(features map[string]func(Where)) {
	feature, there := features[os.Args[1]]
	Expect(there, "a known feature", os.Args[1])
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	feature(Where{os.Args[2], os.Args[3], os.Args[4], ctx})
}
