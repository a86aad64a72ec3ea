// franz-go, every feature of the matrix.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	. "matrix/common"
)

func client(w Where, opts ...kgo.Opt) *kgo.Client {
	return Got(kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(w.Bootstrap), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...))
}

func rows(topic string, from, count int) []*kgo.Record {
	var records []*kgo.Record
	for i := from; i < from+count; i++ {
		records = append(records, &kgo.Record{Topic: topic, Partition: int32(i % 2), Key: []byte(Key(i)), Value: []byte(Value(i)),
			Headers: []kgo.RecordHeader{{Key: "n", Value: []byte(fmt.Sprint(i))}}})
	}
	return records
}

// send says what became of each record.
func send(w Where, cl *kgo.Client, about string, records ...*kgo.Record) {
	results := cl.ProduceSync(w.Context, records...)
	slices.SortStableFunc(results, func(a, b kgo.ProduceResult) int { return byPlace(a.Record, b.Record) })
	for _, r := range results {
		w.Say("stored", Fields{"how": about, "partition": r.Record.Partition, "key": string(r.Record.Key), "offset": r.Record.Offset, "error": Name(r.Err)})
	}
}

func fill(w Where, topic string, opts ...kgo.Opt) {
	cl := client(w, opts...)
	defer cl.Close()
	Must(cl.ProduceSync(w.Context, rows(topic, 0, Count)...).FirstErr())
}

func byPlace(a, b *kgo.Record) int {
	return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
}

// take polls until there are `count` records.
func take(w Where, cl *kgo.Client, count int) []*kgo.Record {
	var got []*kgo.Record
	for len(got) < count {
		fetches := cl.PollFetches(w.Context)
		Must(fetches.Err())
		got = append(got, fetches.Records()...)
	}
	Expect(len(got) == count, "no more records than wanted", len(got))
	slices.SortFunc(got, byPlace)
	return got
}

func show(w Where, what string, got []*kgo.Record) []string {
	var values []string
	for _, r := range got {
		w.Say(what, Fields{"partition": r.Partition, "offset": r.Offset, "key": string(r.Key), "value": string(r.Value), "header": string(r.Headers[0].Value),
			"epoch": r.LeaderEpoch, "codec": r.Attrs.CompressionType(), "transactional": r.Attrs.IsTransactional()})
		values = append(values, string(r.Value))
	}
	return values
}

func readBack(w Where, what string, wanted []string, opts ...kgo.Opt) {
	cl := client(w, append(opts, kgo.ConsumeTopics(w.Topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	defer cl.Close()
	ExpectValues(show(w, what, take(w, cl, len(wanted))), wanted, what)
}

func produce(w Where) {
	all := client(w, kgo.RequiredAcks(kgo.AllISRAcks()))
	send(w, all, "all", rows(w.Topic, 0, Count)...)
	all.Close()
	one := client(w, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	send(w, one, "1", rows(w.Topic, Count, Count)...)
	one.Close()
	none := client(w, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	Must(none.ProduceSync(w.Context, rows(w.Topic, 2*Count, Count)...).FirstErr())
	none.Close()
	big := client(w, kgo.ProducerBatchMaxBytes(2000000), kgo.ProducerBatchCompression(kgo.NoCompression()))
	send(w, big, "too large", &kgo.Record{Topic: w.Topic, Value: []byte(`{"lumens": 1, "more": "` + strings.Repeat("x", 1200000) + `"}`)})
	send(w, big, "nowhere", &kgo.Record{Topic: w.Topic + "-none", Value: []byte("{}")})
	big.Close()
	readBack(w, "read", Values(0, 3*Count))
}

func codec(c kgo.CompressionCodec) func(Where) {
	return func(w Where) {
		fill(w, w.Topic, kgo.ProducerBatchCompression(c))
		readBack(w, "read", Values(0, Count))
	}
}

func consume(w Where) {
	fill(w, w.Topic)
	readBack(w, "read", Values(0, Count))
	readBack(w, "small fetches", Values(0, Count), kgo.FetchMaxPartitionBytes(100), kgo.DisableFetchSessions())
	places := map[string]map[int32]kgo.Offset{w.Topic: {0: kgo.NewOffset().At(15), 1: kgo.NewOffset().AtEnd().Relative(-8)}}
	cl := client(w, kgo.ConsumePartitions(places))
	show(w, "from an offset", take(w, cl, 13))
	cl.SetOffsets(map[string]map[int32]kgo.EpochOffset{w.Topic: {1: {Epoch: -1, Offset: 18}}})
	show(w, "from there again", take(w, cl, 2))
	cl.Close()
	beyond := client(w, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{w.Topic: {0: kgo.NewOffset().At(1000)}}), kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	w.Say("out of range", Fields{"error": Name(beyond.PollFetches(w.Context).Err())})
	beyond.Close()
}

func member(w Where, opts ...kgo.Opt) *kgo.Client {
	return client(w, append(opts, kgo.ConsumerGroup(w.Group), kgo.ConsumeTopics(w.Topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
}

func group(opts ...kgo.Opt) func(Where) {
	return func(w Where) {
		fill(w, w.Topic)
		one := member(w, opts...)
		got := take(w, one, Count)
		show(w, "first", got)
		Must(one.CommitRecords(w.Context, got...))
		two := member(w, opts...)
		shared(w)
		two.Close()
		one.Close()
		described(w, "Empty")
		cl := client(w)
		Must(cl.ProduceSync(w.Context, rows(w.Topic, Count, 4)...).FirstErr())
		again := member(w, opts...)
		ExpectValues(show(w, "goes on", take(w, again, 4)), Values(Count, 4), "what came since")
		Must(again.CommitUncommittedOffsets(w.Context))
		again.Close()
		committed(w, kadm.NewClient(cl))
		cl.Close()
	}
}

func committed(w Where, adm *kadm.Client) {
	for _, o := range Got(adm.FetchOffsets(w.Context, w.Group)).Sorted() {
		w.Say("committed", Fields{"partition": o.Partition, "offset": o.At, "error": Name(o.Err)})
	}
}

// shared waits until two members have a partition each.
func shared(w Where) {
	counts := Settled(func() []int {
		var counts []int
		for _, m := range members(w) {
			counts = append(counts, m)
		}
		slices.Sort(counts)
		return counts
	}, func(counts []int) bool { return slices.Equal(counts, []int{1, 1}) })
	w.Say("shared", Fields{"partitions of each": counts})
	described(w, "Stable")
}

// members tells how many partitions each member has, whatever the kind of the group.
func members(w Where) []int {
	cl := client(w)
	defer cl.Close()
	var counts []int
	for _, g := range Got(kadm.NewClient(cl).DescribeConsumerGroups(w.Context, w.Group)) {
		for _, m := range g.Members {
			counts = append(counts, len(m.Assignment[w.Topic]))
		}
		if g.Err != nil {
			for _, classic := range Got(kadm.NewClient(cl).DescribeGroups(w.Context, w.Group)) {
				for _, m := range classic.Members {
					a, _ := m.Assigned.AsConsumer()
					counts = append(counts, partitionsOf(a))
				}
			}
		}
	}
	return counts
}

func partitionsOf(a *kmsg.ConsumerMemberAssignment) int {
	count := 0
	if a != nil {
		for _, t := range a.Topics {
			count += len(t.Partitions)
		}
	}
	return count
}

func described(w Where, state string) {
	cl := client(w)
	defer cl.Close()
	adm := kadm.NewClient(cl)
	listed := Settled(func() kadm.ListedGroup { return Got(adm.ListGroups(w.Context))[w.Group] },
		func(g kadm.ListedGroup) bool { return g.State == state })
	w.Say("listed", Fields{"state": listed.State, "kind": listed.ProtocolType, "type": listed.GroupType, "coordinator": listed.Coordinator})
	for _, g := range Got(adm.DescribeGroups(w.Context, w.Group)) {
		w.Say("classic group", Fields{"state": g.State, "kind": g.ProtocolType, "protocol": g.Protocol, "coordinator": g.Coordinator.NodeID,
			"members": len(g.Members), "error": Name(g.Err)})
	}
	for _, g := range Got(adm.DescribeConsumerGroups(w.Context, w.Group)) {
		w.Say("consumer group", Fields{"state": g.State, "assignor": g.AssignorName, "coordinator": g.Coordinator.NodeID, "members": len(g.Members),
			"error": Name(g.Err)})
	}
}

func idempotent(w Where) {
	cl := client(w, kgo.ProducerBatchMaxBytes(600))
	send(w, cl, "idempotent", rows(w.Topic, 0, Count)...)
	cl.Close()
	readBack(w, "read", Values(0, Count))
}

func transactions(w Where) {
	fill(w, w.Topic)
	session := Got(kgo.NewGroupTransactSession(kgo.SeedBrokers(w.Bootstrap), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionalID(w.Group),
		kgo.ConsumerGroup(w.Group), kgo.ConsumeTopics(w.Topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RequireStableFetchOffsets()))
	for taken := 0; taken < Count; {
		taken += session.PollFetches(w.Context).NumRecords()
	}
	for at, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		Must(session.Begin())
		Must(session.ProduceSync(w.Context, rows(w.Topic, (at+1)*Count, Count)...).FirstErr())
		done := Got(session.End(w.Context, end))
		w.Say("transaction", Fields{"commit": bool(end), "committed": done})
		Expect(done == bool(end), "a transaction is committed when that is wanted")
	}
	session.Close()
	cl := client(w)
	adm := kadm.NewClient(cl)
	committed(w, adm)
	found := Got(adm.DescribeTransactions(w.Context, w.Group))[w.Group]
	w.Say("described", Fields{"state": found.State, "coordinator": found.Coordinator, "error": Name(found.Err)})
	cl.Close()
	fenced(w)
	readBack(w, "read committed", Values(0, 2*Count), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	readBack(w, "read uncommitted", Values(0, 3*Count), kgo.FetchIsolationLevel(kgo.ReadUncommitted()))
}

// fenced has a second producer of the same name end the first.
func fenced(w Where) {
	first := client(w, kgo.TransactionalID(w.Group))
	_, _, err := first.ProducerID(w.Context)
	Must(err)
	second := client(w, kgo.TransactionalID(w.Group))
	_, _, err = second.ProducerID(w.Context)
	Must(err)
	Must(first.BeginTransaction())
	err = first.ProduceSync(w.Context, rows(w.Topic, 0, 1)...).FirstErr()
	Expect(err != nil, "the first producer is fenced")
	w.Say("fenced", Fields{"error": Name(err)})
	second.Close()
	first.Close()
}

func share(w Where) {
	fill(w, w.Topic)
	cl := client(w)
	alter := kmsg.NewPtrIncrementalAlterConfigsRequest()
	alter.Resources = []kmsg.IncrementalAlterConfigsRequestResource{{ResourceType: kmsg.ConfigResourceTypeGroupConfig, ResourceName: w.Group,
		Configs: []kmsg.IncrementalAlterConfigsRequestResourceConfig{{Name: "share.auto.offset.reset", Value: kmsg.StringPtr("earliest")}}}}
	w.Say("group config", Fields{"error": Name(kerr.ErrorForCode(Got(alter.RequestWith(w.Context, cl)).Resources[0].ErrorCode))})
	consumer := client(w, kgo.ShareGroup(w.Group), kgo.ConsumeTopics(w.Topic))
	got := take(w, consumer, Count)
	consumer.MarkAcks(kgo.AckAccept, got...)
	Must(consumer.FlushAcks(w.Context))
	ExpectValues(show(w, "shared", got), Values(0, Count), "each once")
	for _, g := range Got(kadm.NewClient(cl).DescribeShareGroups(w.Context, w.Group)) {
		w.Say("group", Fields{"state": g.GroupState, "members": len(g.Members), "coordinator": g.Coordinator.NodeID, "error": Name(g.Err)})
	}
	consumer.Close()
	cl.Close()
}

// ---- admin ----

type admin struct {
	Where
	*kadm.Client
}

func administer(w Where) {
	cl := client(w)
	defer cl.Close()
	a := admin{w, kadm.NewClient(cl)}
	a.topics()
	a.configs()
	a.offsets(cl)
	a.groups()
	a.security()
	a.cluster()
	for range 2 {
		a.Say("delete topic", Fields{"error": Name(Got(a.DeleteTopics(a.Context, a.Own()))[a.Own()].Err)})
	}
}

func (a admin) topics() {
	for range 2 {
		made := Got(a.CreateTopics(a.Context, 2, 1, map[string]*string{"retention.ms": kadm.StringPtr("3600000")}, a.Own()))[a.Own()]
		a.Say("create topic", Fields{"error": Name(made.Err), "message": made.ErrMessage, "partitions": made.NumPartitions, "replicas": made.ReplicationFactor})
	}
	a.Say("more partitions", Fields{"error": Name(Got(a.UpdatePartitions(a.Context, 4, a.Own()))[a.Own()].Err)})
	a.Say("fewer partitions", Fields{"error": Name(Got(a.UpdatePartitions(a.Context, 1, a.Own()))[a.Own()].Err)})
	found := Settled(func() kadm.TopicDetail { return Got(a.ListTopics(a.Context, a.Own()))[a.Own()] },
		func(t kadm.TopicDetail) bool { return len(t.Partitions) == 4 && t.Err == nil })
	for _, p := range found.Partitions.Sorted() {
		a.Say("partition", Fields{"partition": p.Partition, "leader": p.Leader, "epoch": p.LeaderEpoch, "replicas": p.Replicas, "isr": p.ISR, "error": Name(p.Err)})
	}
	a.Say("no topic", Fields{"error": Name(Got(a.ListTopics(a.Context, a.Own()+"-none"))[a.Own()+"-none"].Err)})
}

func (a admin) configs() {
	for _, value := range []string{"7200000", "soon"} {
		done := Got(a.AlterTopicConfigs(a.Context, []kadm.AlterConfig{{Name: "retention.ms", Value: &value}}, a.Own()))
		a.Say("alter config", Fields{"to": value, "error": Name(done[0].Err), "message": done[0].ErrMessage})
	}
	find := func() string {
		c := Got(Got(a.DescribeTopicConfigs(a.Context, a.Own())).On(a.Own(), nil))
		var rows []string
		for _, row := range c.Configs {
			rows = append(rows, fmt.Sprint(row.Key, "=", row.MaybeValue(), " ", row.Sensitive, " ", row.Source))
		}
		slices.Sort(rows)
		return strings.Join(rows, "\n")
	}
	a.Say("configs", Fields{"rows": Settled(find, func(rows string) bool { return strings.Contains(rows, "retention.ms=7200000") })})
	state := Got(a.AlterTopicConfigsState(a.Context, []kadm.AlterConfig{{Name: "retention.ms", Value: kadm.StringPtr("8000000")}}, a.Own()))
	a.Say("alter config, old way", Fields{"error": Name(state[0].Err)})
}

func (a admin) offsets(cl *kgo.Client) {
	Must(cl.ProduceSync(a.Context, rows(a.Own(), 0, Count)...).FirstErr())
	a.listed("start", Got(a.ListStartOffsets(a.Context, a.Own())))
	a.listed("end", Got(a.ListEndOffsets(a.Context, a.Own())))
	a.listed("committed", Got(a.ListCommittedOffsets(a.Context, a.Own())))
	a.listed("since", Got(a.ListOffsetsAfterMilli(a.Context, 1, a.Own())))
	var to kadm.Offsets
	to.AddOffset(a.Own(), 0, 7, -1)
	to.AddOffset(a.Own(), 1, 1<<40, -1)
	for _, d := range Got(a.DeleteRecords(a.Context, to)).Sorted() {
		a.Say("delete records", Fields{"partition": d.Partition, "low": d.LowWatermark, "error": Name(d.Err)})
	}
	var set kadm.TopicsSet
	set.Add(a.Own(), 0, 1)
	elected := Got(a.ElectLeaders(a.Context, kadm.ElectPreferredReplica, set))
	a.Say("elect leaders", Fields{"0": Name(elected[a.Own()][0].Err), "1": Name(elected[a.Own()][1].Err)})
	producers := Got(a.DescribeProducers(a.Context, set))[a.Own()].Partitions
	a.Say("producers", Fields{"0": len(producers[0].ActiveProducers), "1": len(producers[1].ActiveProducers)})
	var move kadm.AlterPartitionAssignmentsReq
	move.Assign(a.Own(), 0, []int32{1})
	a.Say("reassign", Fields{"error": Name(Got(a.AlterPartitionAssignments(a.Context, move))[a.Own()][0].Err)})
	a.Say("reassignments", Fields{"count": len(Settled(func() kadm.ListPartitionReassignmentsResponses {
		return Got(a.ListPartitionReassignments(a.Context, set))
	},
		func(all kadm.ListPartitionReassignmentsResponses) bool { return len(all) == 0 }))})
	for broker, dirs := range Got(a.DescribeAllLogDirs(a.Context, set)) {
		a.Say("log dirs", Fields{"broker": broker, "error": Name(dirs.Error())})
	}
}

func (a admin) listed(name string, listed kadm.ListedOffsets) {
	offsets := listed[a.Own()]
	for p := int32(0); p < 4; p++ {
		a.Say("offset", Fields{"of": name, "partition": p, "offset": offsets[p].Offset, "epoch": offsets[p].LeaderEpoch, "error": Name(offsets[p].Err)})
	}
}

func (a admin) groups() {
	var to kadm.Offsets
	to.AddOffset(a.Own(), 0, 9, -1)
	to.AddOffset(a.Own(), 1, 11, -1)
	for _, o := range Got(a.CommitOffsets(a.Context, a.Group, to)).Sorted() {
		a.Say("commit", Fields{"partition": o.Partition, "error": Name(o.Err)})
	}
	committed(a.Where, a.Client)
	described(a.Where, "Empty")
	var gone kadm.TopicsSet
	gone.Add(a.Own(), 1)
	a.Say("delete offset", Fields{"error": Name(Got(a.DeleteOffsets(a.Context, a.Group, gone))[a.Own()][1])})
	committed(a.Where, a.Client)
	for range 2 {
		done, err := a.DeleteGroup(a.Context, a.Group)
		a.Say("delete group", Fields{"error": Name(cmp.Or(err, done.Err))})
	}
}

func (a admin) security() {
	rule := kadm.NewACLs().Topics(a.Own()).ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpRead).Allow("User:bob").AllowHosts("*")
	for _, r := range Got(a.CreateACLs(a.Context, rule)) {
		a.Say("create acl", Fields{"error": Name(r.Err)})
	}
	wanted := kadm.NewACLs().Topics(a.Own()).ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpAny).Allow().AllowHosts().Deny().DenyHosts()
	count := func() int { return len(Got(a.DescribeACLs(a.Context, wanted))[0].Described) }
	a.Say("acls", Fields{"count": Settled(count, func(n int) bool { return n > 0 })})
	for _, r := range Got(a.DeleteACLs(a.Context, wanted)) {
		a.Say("delete acls", Fields{"count": len(r.Deleted), "error": Name(r.Err)})
	}
	user := a.Group
	upsert := kadm.UpsertSCRAM{User: user, Mechanism: kadm.ScramSha256, Iterations: 4096, Password: "secret"}
	a.Say("upsert credential", Fields{"error": Name(Got(a.AlterUserSCRAMs(a.Context, nil, []kadm.UpsertSCRAM{upsert}))[user].Err)})
	creds := Settled(func() kadm.DescribedUserSCRAM { return Got(a.DescribeUserSCRAMs(a.Context, user))[user] },
		func(d kadm.DescribedUserSCRAM) bool { return d.Err == nil })
	a.Say("credentials", Fields{"infos": fmt.Sprint(creds.CredInfos)})
	gone := kadm.DeleteSCRAM{User: user, Mechanism: kadm.ScramSha256}
	a.Say("delete credential", Fields{"error": Name(Got(a.AlterUserSCRAMs(a.Context, []kadm.DeleteSCRAM{gone}, nil))[user].Err)})
	entity := kadm.ClientQuotaEntity{{Type: "user", Name: &user}}
	entry := kadm.AlterClientQuotaEntry{Entity: entity, Ops: []kadm.AlterClientQuotaOp{{Key: "producer_byte_rate", Value: 1 << 30}}}
	a.Say("quota", Fields{"error": Name(Got(a.AlterClientQuotas(a.Context, []kadm.AlterClientQuotaEntry{entry}))[0].Err)})
	ask := []kadm.DescribeClientQuotaComponent{{Type: "user", MatchName: &user, MatchType: kmsg.QuotasMatchTypeExact}}
	quotas := Settled(func() kadm.DescribedClientQuotas { return Got(a.DescribeClientQuotas(a.Context, true, ask)) },
		func(q kadm.DescribedClientQuotas) bool { return len(q) == 1 })
	a.Say("quotas", Fields{"values": fmt.Sprint(quotas[0].Values)})
	entry.Ops[0].Remove = true
	a.Say("no quota", Fields{"error": Name(Got(a.AlterClientQuotas(a.Context, []kadm.AlterClientQuotaEntry{entry}))[0].Err)})
}

func (a admin) cluster() {
	meta := Got(a.BrokerMetadata(a.Context))
	a.Say("cluster", Fields{"id": meta.Cluster, "controller": meta.Controller, "brokers": meta.Brokers.NodeIDs()})
	for _, c := range a.FindGroupCoordinators(a.Context, a.Group).Sorted() {
		a.Say("coordinator", Fields{"node": c.NodeID, "error": Name(c.Err)})
	}
	_, err := a.CreateDelegationToken(a.Context, kadm.CreateDelegationToken{})
	a.Say("delegation token", Fields{"error": Name(errors.Unwrap(err)), "whole": Name(err)})
	versions := Got(a.ApiVersions(a.Context))
	Must(versions[1].Err)
	apis := versions[1]
	for _, key := range []int16{0, 1, 3, 68, 78} {
		low, high, there := apis.KeyVersions(key)
		a.Say("api", Fields{"key": key, "min": low, "max": high, "there": there})
	}
}

func main() {
	Main(map[string]func(Where){"produce": produce, "gzip": codec(kgo.GzipCompression()), "snappy": codec(kgo.SnappyCompression()),
		"lz4": codec(kgo.Lz4Compression()), "zstd": codec(kgo.ZstdCompression()), "consume": consume, "group": group(),
		"group-next": group(kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer())), "idempotent": idempotent, "transactions": transactions,
		"admin": administer, "share": share})
}
