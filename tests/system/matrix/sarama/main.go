// sarama, every feature of the matrix that it has.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/IBM/sarama"

	. "matrix/common"
)

func config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.V3_9_0_0
	c.Producer.Partitioner = sarama.NewManualPartitioner
	c.Producer.Return.Successes = true
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Enable = false
	c.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyRange()}
	return c
}

func rows(topic string, from, count int) []*sarama.ProducerMessage {
	var messages []*sarama.ProducerMessage
	for i := from; i < from+count; i++ {
		messages = append(messages, &sarama.ProducerMessage{Topic: topic, Partition: int32(i % 2), Key: sarama.StringEncoder(Key(i)),
			Value: sarama.StringEncoder(Value(i)), Headers: []sarama.RecordHeader{{Key: []byte("n"), Value: []byte(fmt.Sprint(i))}}})
	}
	return messages
}

func producer(w Where, c *sarama.Config) sarama.SyncProducer {
	return Got(sarama.NewSyncProducer([]string{w.Bootstrap}, c))
}

func fill(w Where, topic string, c *sarama.Config) {
	p := producer(w, c)
	defer p.Close()
	Must(p.SendMessages(rows(topic, 0, Count)))
}

func show(w Where, what string, m *sarama.ConsumerMessage) string {
	w.Say(what, Fields{"partition": m.Partition, "offset": m.Offset, "key": string(m.Key), "value": string(m.Value), "header": string(m.Headers[0].Value)})
	return string(m.Value)
}

// from reads `count` records of a partition.
func from(w Where, what string, partition int32, offset int64, count int, c *sarama.Config) []string {
	consumer := Got(sarama.NewConsumer([]string{w.Bootstrap}, c))
	defer consumer.Close()
	part := Got(consumer.ConsumePartition(w.Topic, partition, offset))
	defer part.Close()
	var values []string
	for len(values) < count {
		select {
		case m := <-part.Messages():
			values = append(values, show(w, what, m))
		case <-w.Context.Done():
			Must(w.Context.Err())
		}
	}
	return values
}

func readBack(w Where, what string, wanted []string, c *sarama.Config) {
	var got []string
	for p := range int32(2) {
		got = append(got, from(w, what, p, sarama.OffsetOldest, len(wanted)/2, c)...)
	}
	ExpectValues(got, wanted, what)
}

func produce(w Where) {
	for at, acks := range []sarama.RequiredAcks{sarama.WaitForAll, sarama.WaitForLocal, sarama.NoResponse} {
		c := config()
		c.Producer.RequiredAcks = acks
		p := producer(w, c)
		for _, m := range rows(w.Topic, at*Count, Count) {
			partition, offset, err := p.SendMessage(m)
			w.Say("stored", Fields{"acks": acks, "partition": partition, "offset": offset, "error": Name(err)})
			Must(err)
		}
		Must(p.Close())
	}
	c := config()
	c.Producer.MaxMessageBytes = 2000000
	p := producer(w, c)
	defer p.Close()
	_, _, err := p.SendMessage(&sarama.ProducerMessage{Topic: w.Topic, Value: sarama.StringEncoder(`{"lumens": 1, "more": "` + strings.Repeat("x", 1200000) + `"}`)})
	w.Say("too large", Fields{"error": Name(err)})
	_, _, err = p.SendMessage(&sarama.ProducerMessage{Topic: w.Topic + "-none", Value: sarama.StringEncoder("{}")})
	w.Say("nowhere", Fields{"error": Name(err)})
	readBack(w, "read", Values(0, 3*Count), config())
}

func codec(codec sarama.CompressionCodec) func(Where) {
	return func(w Where) {
		c := config()
		c.Producer.Compression = codec
		fill(w, w.Topic, c)
		readBack(w, "read", Values(0, Count), config())
	}
}

func consume(w Where) {
	fill(w, w.Topic, config())
	readBack(w, "read", Values(0, Count), config())
	small := config()
	small.Consumer.Fetch.Default = 100
	readBack(w, "small fetches", Values(0, Count), small)
	from(w, "from an offset", 0, 15, 5, config())
	client := Got(sarama.NewClient([]string{w.Bootstrap}, config()))
	defer client.Close()
	for _, stamp := range []int64{sarama.OffsetOldest, sarama.OffsetNewest, 1, 1 << 42} {
		offset, err := client.GetOffset(w.Topic, 0, stamp)
		w.Say("offset", Fields{"of": stamp, "offset": offset, "error": Name(err)})
	}
	_, err := Got(sarama.NewConsumerFromClient(client)).ConsumePartition(w.Topic, 0, 1000)
	w.Say("out of range", Fields{"error": Name(err)})
}

// handler takes records of a group until it has `left`, then ends its session.
type handler struct {
	end  context.CancelFunc
	left int
	got  chan *sarama.ConsumerMessage
	mine chan []int32
}

func (h *handler) Setup(s sarama.ConsumerGroupSession) error {
	for _, partitions := range s.Claims() {
		h.mine <- partitions
	}
	return nil
}

func (h *handler) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (h *handler) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case m, open := <-claim.Messages():
			if !open {
				return nil
			}
			h.got <- m
			s.MarkMessage(m, "")
			s.Commit()
		case <-s.Context().Done():
			return nil
		}
	}
}

type member struct {
	*handler
	group sarama.ConsumerGroup
	ended chan bool
}

func join(w Where) member {
	ctx, cancel := context.WithCancel(w.Context)
	m := member{&handler{end: cancel, got: make(chan *sarama.ConsumerMessage, 1000), mine: make(chan []int32, 100)},
		Got(sarama.NewConsumerGroup([]string{w.Bootstrap}, w.Group, config())), make(chan bool)}
	go func() {
		defer close(m.ended)
		for ctx.Err() == nil {
			err := m.group.Consume(ctx, []string{w.Topic}, m.handler)
			Expect(err == nil || errors.Is(err, sarama.ErrClosedConsumerGroup), "the member consumes", err)
		}
	}()
	return m
}

func (m member) take(w Where, what string, count int) []string {
	var got []*sarama.ConsumerMessage
	for len(got) < count {
		select {
		case one := <-m.got:
			got = append(got, one)
		case <-w.Context.Done():
			Must(w.Context.Err())
		}
	}
	slices.SortFunc(got, func(a, b *sarama.ConsumerMessage) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	var values []string
	for _, one := range got {
		values = append(values, show(w, what, one))
	}
	return values
}

func (m member) leave() {
	m.end()
	<-m.ended
	Must(m.group.Close())
}

// has waits until the member has that many partitions.
func (m member) has(w Where, count int) []int32 {
	for {
		select {
		case partitions := <-m.mine:
			if len(partitions) == count {
				return partitions
			}
		case <-w.Context.Done():
			Must(w.Context.Err())
		}
	}
}

func group(w Where) {
	fill(w, w.Topic, config())
	one := join(w)
	ExpectValues(one.take(w, "first", Count), Values(0, Count), "the group takes all")
	one.has(w, 2)
	two := join(w)
	both := append(two.has(w, 1), one.has(w, 1)...)
	slices.Sort(both)
	w.Say("shared", Fields{"partitions": both})
	a := Got(sarama.NewClusterAdmin([]string{w.Bootstrap}, config()))
	defer a.Close()
	described(w, a)
	two.leave()
	one.leave()
	described(w, a)
	p := producer(w, config())
	Must(p.SendMessages(rows(w.Topic, Count, 4)))
	Must(p.Close())
	again := join(w)
	ExpectValues(again.take(w, "goes on", 4), Values(Count, 4), "what came since")
	again.leave()
	committed(w, a, w.Topic)
}

func described(w Where, a sarama.ClusterAdmin) {
	for _, g := range Got(a.DescribeConsumerGroups([]string{w.Group})) {
		w.Say("group", Fields{"state": g.State, "kind": g.ProtocolType, "protocol": g.Protocol, "members": len(g.Members), "error": g.Err.Error()})
	}
	w.Say("listed", Fields{"kind": Got(a.ListConsumerGroups())[w.Group]})
}

func committed(w Where, a sarama.ClusterAdmin, topic string) {
	found := Got(a.ListConsumerGroupOffsets(w.Group, map[string][]int32{topic: {0, 1}}))
	for p := range int32(2) {
		block := found.GetBlock(topic, p)
		w.Say("committed", Fields{"partition": p, "offset": block.Offset, "error": block.Err.Error()})
	}
}

func exactly(c *sarama.Config) *sarama.Config {
	c.Producer.Idempotent = true
	c.Producer.Retry.Max = 5
	c.Net.MaxOpenRequests = 1
	return c
}

func idempotent(w Where) {
	c := exactly(config())
	c.Producer.Flush.MaxMessages = 5
	fill(w, w.Topic, c)
	readBack(w, "read", Values(0, Count), config())
}

func transactions(w Where) {
	fill(w, w.Topic, config())
	c := exactly(config())
	c.Producer.Transaction.ID = w.Group
	p := producer(w, c)
	Must(p.BeginTxn())
	Must(p.SendMessages(rows(w.Topic, Count, Count)))
	offsets := []*sarama.PartitionOffsetMetadata{{Partition: 0, Offset: Count / 2}, {Partition: 1, Offset: Count / 2}}
	Must(p.AddOffsetsToTxn(map[string][]*sarama.PartitionOffsetMetadata{w.Topic: offsets}, w.Group))
	Must(p.CommitTxn())
	w.Say("committed", Fields{"status": p.TxnStatus().String()})
	Must(p.BeginTxn())
	Must(p.SendMessages(rows(w.Topic, 2*Count, Count)))
	Must(p.AbortTxn())
	w.Say("aborted", Fields{"status": p.TxnStatus().String()})
	a := Got(sarama.NewClusterAdmin([]string{w.Bootstrap}, config()))
	defer a.Close()
	committed(w, a, w.Topic)
	second := producer(w, c)
	Must(p.BeginTxn())
	_, _, err := p.SendMessage(rows(w.Topic, 0, 1)[0])
	Expect(err != nil, "the first producer is fenced")
	w.Say("fenced", Fields{"error": Name(err)})
	second.Close()
	p.Close()
	read := config()
	read.Consumer.IsolationLevel = sarama.ReadCommitted
	readBack(w, "read committed", Values(0, 2*Count), read)
	readBack(w, "read uncommitted", Values(0, 3*Count), config())
}

// ---- admin ----

func administer(w Where) {
	a := Got(sarama.NewClusterAdmin([]string{w.Bootstrap}, config()))
	defer a.Close()
	topics(w, a)
	configs(w, a)
	offsets(w, a)
	security(w, a)
	brokers, controller, err := a.DescribeCluster()
	w.Say("cluster", Fields{"brokers": len(brokers), "id": brokers[0].ID(), "controller": controller, "error": Name(err)})
	for range 2 {
		w.Say("delete topic", Fields{"error": Name(a.DeleteTopic(w.Own()))})
	}
}

func topics(w Where, a sarama.ClusterAdmin) {
	retention := "3600000"
	detail := &sarama.TopicDetail{NumPartitions: 2, ReplicationFactor: 1, ConfigEntries: map[string]*string{"retention.ms": &retention}}
	for range 2 {
		w.Say("create topic", Fields{"error": Name(a.CreateTopic(w.Own(), detail, false))})
	}
	w.Say("more partitions", Fields{"error": Name(a.CreatePartitions(w.Own(), 4, nil, false))})
	w.Say("fewer partitions", Fields{"error": Name(a.CreatePartitions(w.Own(), 1, nil, false))})
	found := Settled(func() *sarama.TopicMetadata { return Got(a.DescribeTopics([]string{w.Own()}))[0] },
		func(t *sarama.TopicMetadata) bool { return len(t.Partitions) == 4 })
	slices.SortFunc(found.Partitions, func(a, b *sarama.PartitionMetadata) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range found.Partitions {
		w.Say("partition", Fields{"partition": p.ID, "leader": p.Leader, "replicas": p.Replicas, "isr": p.Isr, "error": p.Err.Error()})
	}
	w.Say("no topic", Fields{"error": Got(a.DescribeTopics([]string{w.Own() + "-none"}))[0].Err.Error()})
	w.Say("listed", Fields{"partitions": Got(a.ListTopics())[w.Own()].NumPartitions})
}

func configs(w Where, a sarama.ClusterAdmin) {
	for _, value := range []string{"7200000", "soon"} {
		change := map[string]sarama.IncrementalAlterConfigsEntry{"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value}}
		w.Say("alter config", Fields{"to": value, "error": Name(a.IncrementalAlterConfig(sarama.TopicResource, w.Own(), change, false))})
	}
	find := func() string {
		var rows []string
		for _, e := range Got(a.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: w.Own()})) {
			rows = append(rows, fmt.Sprint(e.Name, "=", e.Value, " ", e.ReadOnly, " ", e.Sensitive, " ", e.Source))
		}
		slices.Sort(rows)
		return strings.Join(rows, "\n")
	}
	w.Say("configs", Fields{"rows": Settled(find, func(rows string) bool { return strings.Contains(rows, "retention.ms=7200000") })})
	old := "8000000"
	w.Say("alter config, old way", Fields{"error": Name(a.AlterConfig(sarama.TopicResource, w.Own(), map[string]*string{"retention.ms": &old}, false))})
}

func offsets(w Where, a sarama.ClusterAdmin) {
	fill(w, w.Own(), config())
	for _, stamp := range []int64{sarama.OffsetOldest, sarama.OffsetNewest, 1} {
		found := Got(a.ListOffsets(map[string]map[int32]int64{w.Own(): {0: stamp, 1: stamp}}, nil))[w.Own()]
		w.Say("offsets", Fields{"of": stamp, "0": found[0].Offset, "1": found[1].Offset, "epoch": found[0].LeaderEpoch})
	}
	w.Say("delete records", Fields{"error": Name(a.DeleteRecords(w.Own(), map[int32]int64{0: 7, 1: 1}))})
	w.Say("delete too many", Fields{"error": Name(a.DeleteRecords(w.Own(), map[int32]int64{0: 1 << 40}))})
	elected := Got(a.ElectLeaders(sarama.PreferredElection, map[string][]int32{w.Own(): {0, 1}}))[w.Own()]
	w.Say("elect leaders", Fields{"0": elected[0].ErrorCode.Error(), "1": elected[1].ErrorCode.Error()})
	w.Say("reassign", Fields{"error": Name(a.AlterPartitionReassignments(w.Own(), [][]int32{{1}, {1}, {1}, {1}}))})
	logs := Got(a.DescribeLogDirs([]int32{1}))
	w.Say("log dirs", Fields{"count": len(logs[1]), "error": logs[1][0].ErrorCode.Error()})
	to := map[string]map[int32]sarama.OffsetAndMetadata{w.Own(): {0: {Offset: 9, LeaderEpoch: -1}, 1: {Offset: 11, LeaderEpoch: -1}}}
	Got(a.AlterConsumerGroupOffsets(w.Group, to, nil))
	committed(w, a, w.Own())
	described(w, a)
	w.Say("delete offset", Fields{"error": Name(a.DeleteConsumerGroupOffset(w.Group, w.Own(), 1))})
	committed(w, a, w.Own())
	for range 2 {
		w.Say("delete group", Fields{"error": Name(a.DeleteConsumerGroup(w.Group))})
	}
}

func security(w Where, a sarama.ClusterAdmin) {
	own := w.Own()
	rule := sarama.Acl{Principal: "User:bob", Host: "*", Operation: sarama.AclOperationRead, PermissionType: sarama.AclPermissionAllow}
	w.Say("create acl", Fields{"error": Name(a.CreateACL(sarama.Resource{ResourceType: sarama.AclResourceTopic, ResourceName: own,
		ResourcePatternType: sarama.AclPatternLiteral}, rule))})
	wanted := sarama.AclFilter{Version: 1, ResourceType: sarama.AclResourceTopic, ResourceName: &own, ResourcePatternTypeFilter: sarama.AclPatternAny,
		Operation: sarama.AclOperationAny, PermissionType: sarama.AclPermissionAny}
	found := Settled(func() []sarama.ResourceAcls { return Got(a.ListAcls(wanted)) }, func(all []sarama.ResourceAcls) bool { return len(all) == 1 })
	w.Say("acls", Fields{"rule": fmt.Sprint(*found[0].Acls[0])})
	w.Say("delete acls", Fields{"count": len(Got(a.DeleteACL(wanted, false)))})
	upsert := sarama.AlterUserScramCredentialsUpsert{Name: w.Group, Mechanism: sarama.SCRAM_MECHANISM_SHA_256, Iterations: 4096,
		Salt: []byte("salt"), Password: []byte("secret")}
	w.Say("upsert credential", Fields{"error": Got(a.UpsertUserScramCredentials([]sarama.AlterUserScramCredentialsUpsert{upsert}))[0].ErrorCode.Error()})
	user := Settled(func() *sarama.DescribeUserScramCredentialsResult {
		return Got(a.DescribeUserScramCredentials([]string{w.Group}))[0]
	},
		func(r *sarama.DescribeUserScramCredentialsResult) bool { return r.ErrorCode == sarama.ErrNoError })
	w.Say("credential", Fields{"iterations": user.CredentialInfos[0].Iterations})
	gone := sarama.AlterUserScramCredentialsDelete{Name: w.Group, Mechanism: sarama.SCRAM_MECHANISM_SHA_256}
	w.Say("delete credential", Fields{"error": Got(a.DeleteUserScramCredentials([]sarama.AlterUserScramCredentialsDelete{gone}))[0].ErrorCode.Error()})
}

func main() {
	Main(map[string]func(Where){"produce": produce, "gzip": codec(sarama.CompressionGZIP), "snappy": codec(sarama.CompressionSnappy),
		"lz4": codec(sarama.CompressionLZ4), "zstd": codec(sarama.CompressionZSTD), "consume": consume, "group": group, "idempotent": idempotent,
		"transactions": transactions, "admin": administer})
}
