// kafka-go, every feature of the matrix that it has.
package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	. "matrix/common"
)

// byHeader has every record go to the partition of its number.
var byHeader = kafka.BalancerFunc(func(m kafka.Message, partitions ...int) int {
	n := 0
	if len(m.Headers) > 0 {
		n = Got(strconv.Atoi(string(m.Headers[0].Value)))
	}
	return partitions[n%len(partitions)%2]
})

func rows(from, count int) []kafka.Message {
	var messages []kafka.Message
	for i := from; i < from+count; i++ {
		messages = append(messages, kafka.Message{Key: []byte(Key(i)), Value: []byte(Value(i)), Headers: []kafka.Header{{Key: "n", Value: []byte(fmt.Sprint(i))}}})
	}
	return messages
}

func writer(w Where, topic string) *kafka.Writer {
	return &kafka.Writer{Addr: kafka.TCP(w.Bootstrap), Topic: topic, Balancer: byHeader, BatchTimeout: 20 * time.Millisecond, RequiredAcks: kafka.RequireAll}
}

func fill(w Where, topic string, from, count int, with func(*kafka.Writer)) {
	one := writer(w, topic)
	defer one.Close()
	if with != nil {
		with(one)
	}
	Must(one.WriteMessages(w.Context, rows(from, count)...))
}

func byPlace(a, b kafka.Message) int {
	return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
}

func take(w Where, r *kafka.Reader, count int) []kafka.Message {
	var got []kafka.Message
	for len(got) < count {
		got = append(got, Got(r.FetchMessage(w.Context)))
	}
	slices.SortFunc(got, byPlace)
	return got
}

func show(w Where, what string, got []kafka.Message) []string {
	var values []string
	for _, m := range got {
		w.Say(what, Fields{"partition": m.Partition, "offset": m.Offset, "key": string(m.Key), "value": string(m.Value), "n": string(m.Headers[0].Value),
			"high water": m.HighWaterMark})
		values = append(values, string(m.Value))
	}
	return values
}

func reader(w Where, partition int, with func(*kafka.ReaderConfig)) *kafka.Reader {
	config := kafka.ReaderConfig{Brokers: []string{w.Bootstrap}, Topic: w.Topic, Partition: partition, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second}
	if with != nil {
		with(&config)
	}
	return kafka.NewReader(config)
}

func readBack(w Where, what string, wanted []string, with func(*kafka.ReaderConfig)) {
	var got []string
	for partition := range 2 {
		r := reader(w, partition, with)
		got = append(got, show(w, what, take(w, r, len(wanted)/2))...)
		Must(r.Close())
	}
	ExpectValues(got, wanted, what)
}

func produce(w Where) {
	for at, acks := range []kafka.RequiredAcks{kafka.RequireAll, kafka.RequireOne, kafka.RequireNone} {
		fill(w, w.Topic, at*Count, Count, func(one *kafka.Writer) {
			one.RequiredAcks = acks
			one.Completion = func(messages []kafka.Message, err error) { Must(err) }
		})
	}
	readBack(w, "read", Values(0, 3*Count), nil)
	big := writer(w, w.Topic)
	big.BatchBytes, big.MaxAttempts = 2000000, 1
	w.Say("too large", Fields{"error": Name(big.WriteMessages(w.Context, kafka.Message{Value: []byte(`{"lumens": 1, "more": "` + strings.Repeat("x", 1200000) + `"}`)}))})
	Must(big.Close())
	nowhere := writer(w, w.Topic+"-none")
	nowhere.MaxAttempts = 1
	w.Say("nowhere", Fields{"error": Name(nowhere.WriteMessages(w.Context, kafka.Message{Value: []byte("{}")}))})
	Must(nowhere.Close())
	direct := Got(client(w).Produce(w.Context, &kafka.ProduceRequest{Topic: w.Topic, Partition: 1, RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes([]byte(Value(0)))})}))
	w.Say("one request", Fields{"offset": direct.BaseOffset, "start": direct.LogStartOffset, "error": Name(direct.Error), "records": len(direct.RecordErrors)})
}

func codec(codec kafka.Compression) func(Where) {
	return func(w Where) {
		fill(w, w.Topic, 0, Count, func(one *kafka.Writer) { one.Compression = codec })
		readBack(w, "read", Values(0, Count), nil)
	}
}

func consume(w Where) {
	fill(w, w.Topic, 0, Count, nil)
	readBack(w, "read", Values(0, Count), nil)
	readBack(w, "small fetches", Values(0, Count), func(c *kafka.ReaderConfig) { c.MaxBytes, c.QueueCapacity = 2000, 1 })
	r := reader(w, 1, nil)
	Must(r.SetOffset(15))
	show(w, "from an offset", take(w, r, 5))
	Must(r.SetOffsetAt(w.Context, time.UnixMilli(1)))
	show(w, "from a time", take(w, r, 2))
	w.Say("lag", Fields{"lag": Got(r.ReadLag(w.Context))})
	Must(r.Close())
	conn := Got(kafka.DialLeader(w.Context, "tcp", w.Bootstrap, w.Topic, 0))
	first, last, err := conn.ReadOffsets()
	w.Say("offsets", Fields{"first": first, "last": last, "error": Name(err)})
	Must(conn.Close())
}

func member(w Where) *kafka.Reader {
	return reader(w, 0, func(c *kafka.ReaderConfig) {
		c.GroupID, c.StartOffset, c.HeartbeatInterval = w.Group, kafka.FirstOffset, 200*time.Millisecond
		c.RebalanceTimeout, c.WatchPartitionChanges = 5*time.Second, false
	})
}

func group(w Where) {
	fill(w, w.Topic, 0, Count, nil)
	one := member(w)
	got := take(w, one, Count)
	ExpectValues(show(w, "first", got), Values(0, Count), "the group takes all")
	Must(one.CommitMessages(w.Context, got...))
	two := member(w)
	both := Settled(func() []int { return shares(w) }, func(counts []int) bool { return slices.Equal(counts, []int{1, 1}) })
	w.Say("shared", Fields{"partitions of each": both})
	described(w)
	Must(two.Close())
	Must(one.Close())
	Settled(func() []int { return shares(w) }, func(counts []int) bool { return len(counts) == 0 })
	described(w)
	fill(w, w.Topic, Count, 4, nil)
	again := member(w)
	since := take(w, again, 4)
	ExpectValues(show(w, "goes on", since), Values(Count, 4), "what came since")
	Must(again.CommitMessages(w.Context, since...))
	Must(again.Close())
	committed(w, w.Topic)
}

// shares is how many partitions each member has.
func shares(w Where) []int {
	counts := []int{}
	for _, m := range Got(client(w).DescribeGroups(w.Context, &kafka.DescribeGroupsRequest{GroupIDs: []string{w.Group}})).Groups[0].Members {
		count := 0
		for _, t := range m.MemberAssignments.Topics {
			count += len(t.Partitions)
		}
		counts = append(counts, count)
	}
	slices.Sort(counts)
	return counts
}

func described(w Where) {
	for _, g := range Got(client(w).DescribeGroups(w.Context, &kafka.DescribeGroupsRequest{GroupIDs: []string{w.Group}})).Groups {
		w.Say("group", Fields{"state": g.GroupState, "members": len(g.Members), "error": Name(g.Error)})
	}
	for _, g := range Got(client(w).ListGroups(w.Context, &kafka.ListGroupsRequest{})).Groups {
		if g.GroupID == w.Group {
			w.Say("listed", Fields{"coordinator": g.Coordinator})
		}
	}
}

func committed(w Where, topic string) {
	found := Got(client(w).OffsetFetch(w.Context, &kafka.OffsetFetchRequest{GroupID: w.Group, Topics: map[string][]int{topic: {0, 1}}})).Topics[topic]
	slices.SortFunc(found, func(a, b kafka.OffsetFetchPartition) int { return cmp.Compare(a.Partition, b.Partition) })
	for _, p := range found {
		w.Say("committed", Fields{"partition": p.Partition, "offset": p.CommittedOffset, "error": Name(p.Error)})
	}
}

// ---- admin ----

func client(w Where) *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(w.Bootstrap), Timeout: Patience}
}

func administer(w Where) {
	topics(w)
	configs(w)
	offsets(w)
	acls(w)
	meta := Got(client(w).Metadata(w.Context, &kafka.MetadataRequest{Topics: []string{w.Topic}}))
	w.Say("cluster", Fields{"id": meta.ClusterID, "controller": meta.Controller.ID, "brokers": len(meta.Brokers), "broker": meta.Brokers[0].ID})
	found := Got(client(w).FindCoordinator(w.Context, &kafka.FindCoordinatorRequest{Key: w.Group, KeyType: kafka.CoordinatorKeyTypeConsumer}))
	w.Say("coordinator", Fields{"node": found.Coordinator.NodeID, "error": Name(found.Error)})
	for range 2 {
		w.Say("delete topic", Fields{"error": Name(Got(client(w).DeleteTopics(w.Context, &kafka.DeleteTopicsRequest{Topics: []string{w.Own()}})).Errors[w.Own()])})
	}
}

func topics(w Where) {
	wanted := kafka.TopicConfig{Topic: w.Own(), NumPartitions: 2, ReplicationFactor: 1, ConfigEntries: []kafka.ConfigEntry{{ConfigName: "retention.ms", ConfigValue: "3600000"}}}
	for range 2 {
		w.Say("create topic", Fields{"error": Name(Got(client(w).CreateTopics(w.Context, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{wanted}})).Errors[w.Own()])})
	}
	for _, count := range []int32{4, 1} {
		done := Got(client(w).CreatePartitions(w.Context, &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: w.Own(), Count: count}}}))
		w.Say("create partitions", Fields{"count": count, "error": Name(done.Errors[w.Own()])})
	}
	find := func() kafka.Topic {
		return Got(client(w).Metadata(w.Context, &kafka.MetadataRequest{Topics: []string{w.Own()}})).Topics[0]
	}
	found := Settled(find, func(t kafka.Topic) bool { return len(t.Partitions) == 4 })
	slices.SortFunc(found.Partitions, func(a, b kafka.Partition) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range found.Partitions {
		w.Say("partition", Fields{"partition": p.ID, "leader": p.Leader.ID, "replicas": len(p.Replicas), "isr": len(p.Isr), "error": Name(p.Error)})
	}
}

func configs(w Where) {
	for _, value := range []string{"7200000", "soon"} {
		change := kafka.IncrementalAlterConfigsRequestResource{ResourceType: kafka.ResourceTypeTopic, ResourceName: w.Own(),
			Configs: []kafka.IncrementalAlterConfigsRequestConfig{{Name: "retention.ms", Value: value, ConfigOperation: kafka.ConfigOperationSet}}}
		done := Got(client(w).IncrementalAlterConfigs(w.Context, &kafka.IncrementalAlterConfigsRequest{Resources: []kafka.IncrementalAlterConfigsRequestResource{change}}))
		w.Say("alter config", Fields{"to": value, "error": Name(done.Resources[0].Error)})
	}
	find := func() string {
		asked := []kafka.DescribeConfigRequestResource{{ResourceType: kafka.ResourceTypeTopic, ResourceName: w.Own()}}
		var rows []string
		for _, e := range Got(client(w).DescribeConfigs(w.Context, &kafka.DescribeConfigsRequest{Resources: asked})).Resources[0].ConfigEntries {
			rows = append(rows, fmt.Sprint(e.ConfigName, "=", e.ConfigValue, " ", e.ReadOnly, " ", e.IsSensitive, " ", e.ConfigSource))
		}
		slices.Sort(rows)
		return strings.Join(rows, "\n")
	}
	w.Say("configs", Fields{"rows": Settled(find, func(rows string) bool { return strings.Contains(rows, "retention.ms=7200000") })})
}

func offsets(w Where) {
	fill(w, w.Own(), 0, Count, nil)
	asked := map[string][]kafka.OffsetRequest{w.Own(): {kafka.FirstOffsetOf(0), kafka.LastOffsetOf(0), kafka.FirstOffsetOf(1), kafka.LastOffsetOf(1)}}
	found := Got(client(w).ListOffsets(w.Context, &kafka.ListOffsetsRequest{Topics: asked})).Topics[w.Own()]
	slices.SortFunc(found, func(a, b kafka.PartitionOffsets) int { return cmp.Compare(a.Partition, b.Partition) })
	for _, p := range found {
		w.Say("offsets", Fields{"partition": p.Partition, "first": p.FirstOffset, "last": p.LastOffset, "error": Name(p.Error)})
	}
	commit := map[string][]kafka.OffsetCommit{w.Own(): {{Partition: 0, Offset: 9}, {Partition: 1, Offset: 11}}}
	Got(client(w).OffsetCommit(w.Context, &kafka.OffsetCommitRequest{GroupID: w.Group, GenerationID: -1, Topics: commit}))
	committed(w, w.Own())
	described(w)
	gone := Got(client(w).OffsetDelete(w.Context, &kafka.OffsetDeleteRequest{GroupID: w.Group, Topics: map[string][]int{w.Own(): {1}}}))
	w.Say("delete offset", Fields{"error": Name(gone.Error), "of partition": Name(gone.Topics[w.Own()][0].Error)})
	committed(w, w.Own())
	for range 2 {
		w.Say("delete group", Fields{"error": Name(Got(client(w).DeleteGroups(w.Context, &kafka.DeleteGroupsRequest{GroupIDs: []string{w.Group}})).Errors[w.Group])})
	}
	elected := Got(client(w).ElectLeaders(w.Context, &kafka.ElectLeadersRequest{Topic: w.Own(), Partitions: []int{0}}))
	w.Say("elect leaders", Fields{"error": Name(elected.PartitionResults[0].Error)})
}

func acls(w Where) {
	rule := kafka.ACLEntry{ResourceType: kafka.ResourceTypeTopic, ResourceName: w.Own(), ResourcePatternType: kafka.PatternTypeLiteral, Principal: "User:bob",
		Host: "*", Operation: kafka.ACLOperationTypeRead, PermissionType: kafka.ACLPermissionTypeAllow}
	w.Say("create acl", Fields{"error": Name(Got(client(w).CreateACLs(w.Context, &kafka.CreateACLsRequest{ACLs: []kafka.ACLEntry{rule}})).Errors[0])})
	wanted := kafka.ACLFilter{ResourceTypeFilter: kafka.ResourceTypeTopic, ResourceNameFilter: w.Own(), ResourcePatternTypeFilter: kafka.PatternTypeLiteral,
		Operation: kafka.ACLOperationTypeAny, PermissionType: kafka.ACLPermissionTypeAny}
	found := Settled(func() *kafka.DescribeACLsResponse {
		return Got(client(w).DescribeACLs(w.Context, &kafka.DescribeACLsRequest{Filter: wanted}))
	},
		func(r *kafka.DescribeACLsResponse) bool { return len(r.Resources) == 1 })
	w.Say("acls", Fields{"acls": fmt.Sprint(found.Resources[0].ACLs), "error": Name(found.Error)})
	filter := kafka.DeleteACLsFilter{ResourceTypeFilter: wanted.ResourceTypeFilter, ResourceNameFilter: wanted.ResourceNameFilter,
		ResourcePatternTypeFilter: wanted.ResourcePatternTypeFilter, Operation: wanted.Operation, PermissionType: wanted.PermissionType}
	gone := Got(client(w).DeleteACLs(w.Context, &kafka.DeleteACLsRequest{Filters: []kafka.DeleteACLsFilter{filter}}))
	w.Say("delete acls", Fields{"count": len(gone.Results[0].MatchingACLs), "error": Name(gone.Results[0].Error)})
}

func main() {
	Main(map[string]func(Where){"produce": produce, "gzip": codec(kafka.Gzip), "snappy": codec(kafka.Snappy), "lz4": codec(kafka.Lz4),
		"zstd": codec(kafka.Zstd), "consume": consume, "group": group, "admin": administer})
}
