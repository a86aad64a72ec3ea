/* Writes kafka.txt, the expectations of test_kafka_*.c, by Kafka's own classes:
 *
 *   java -cp 'kafka-clients-4.4.0.jar:...' KafkaVectors.java > kafka.txt
 *
 * with its compression libraries and slf4j on the class path. A line is a name, a space, hex. "before" is what
 * a broker or client sends, "after" what the gateway must make of it. */
import java.nio.ByteBuffer;
import java.util.*;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.record.*;
import org.apache.kafka.common.record.internal.*;

public class KafkaVectors {
    static final long TIME = 1700000000000L;
    static final Uuid ID_A = new Uuid(1, 2), ID_B = new Uuid(3, 4);
    static final Header MARK = new RecordHeader("mark", "why".getBytes());
    static final Header NULL_HEADER = new RecordHeader("nothing", (byte[]) null);

    static void print(String name, byte[] bytes) {
        System.out.println(name + " " + HexFormat.of().formatHex(bytes));
    }

    static byte[] bytes(ByteBuffer b) {
        byte[] out = new byte[b.remaining()];
        b.duplicate().get(out);
        return out;
    }

    static byte[] encode(Message m, int version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer out = ByteBuffer.allocate(m.size(cache, (short) version));
        m.write(new ByteBufferAccessor(out), cache, (short) version);
        out.flip();
        return bytes(out);
    }

    static byte[] join(byte[]... parts) {
        int n = 0;
        for (byte[] p : parts) n += p.length;
        ByteBuffer out = ByteBuffer.allocate(n);
        for (byte[] p : parts) out.put(p);
        return out.array();
    }

    static byte[] framed(byte[]... parts) {
        byte[] all = join(parts);
        return join(ByteBuffer.allocate(4).putInt(all.length).array(), all);
    }

    /* ---- batches ---- */

    static SimpleRecord[] records(Header... added) {
        Header[] h = new Header[2 + added.length];
        h[0] = new RecordHeader("origin", "readme".getBytes());
        h[1] = NULL_HEADER;
        System.arraycopy(added, 0, h, 2, added.length);
        byte[] big = new byte[300];
        Arrays.fill(big, (byte) 'x');
        return new SimpleRecord[] {
            new SimpleRecord(TIME, null, "{\"lumens\": 100}".getBytes()),
            new SimpleRecord(TIME + 5, "k1".getBytes(), null, h),
            new SimpleRecord(TIME - 3, new byte[0], big, added),
        };
    }

    static Compression codec(String name) {
        return Compression.of(name).build();
    }

    static MemoryRecords batch(String codec, long producer, boolean transactional, Header... added) {
        return MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V2, 0, codec(codec), TimestampType.CREATE_TIME, producer,
            (short) (producer < 0 ? -1 : 7), producer < 0 ? -1 : 1000, RecordBatch.NO_PARTITION_LEADER_EPOCH, transactional,
            records(added));
    }

    static void batches() {
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd"))
            print("batch/" + codec, bytes(batch(codec, -1, false).buffer()));
        print("batch/transactional", bytes(batch("none", 4242, true).buffer()));
        print("batch/transactional/marked", bytes(batch("none", 4242, true, MARK).buffer()));
        print("batch/none/marked", bytes(batch("none", -1, false, MARK).buffer()));
        print("batch/none/marked-twice", bytes(batch("none", -1, false, MARK, NULL_HEADER).buffer()));
        for (byte magic = 0; magic < 2; magic++)
            print("batch/magic" + magic, bytes(MemoryRecords.withRecords(magic, 0, Compression.NONE,
                TimestampType.CREATE_TIME, new SimpleRecord(magic == 0 ? -1 : TIME, "k".getBytes(), "v".getBytes())).buffer()));
        print("batch/control", bytes(MemoryRecords.withEndTransactionMarker(4242, (short) 7,
            new EndTransactionMarker(ControlRecordType.COMMIT, 1)).buffer()));
        print("batch/log-append", bytes(MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V2, 0, Compression.NONE,
            TimestampType.LOG_APPEND_TIME, new SimpleRecord(TIME, "v".getBytes())).buffer()));
    }

    /* ---- Produce ---- */

    static ProduceRequestData.PartitionProduceData partition(int index, BaseRecords records) {
        return new ProduceRequestData.PartitionProduceData().setIndex(index).setRecords(records);
    }

    static ProduceRequestData.TopicProduceData topic(int v, String name, Uuid id, ProduceRequestData.PartitionProduceData... p) {
        ProduceRequestData.TopicProduceData t = new ProduceRequestData.TopicProduceData().setPartitionData(List.of(p));
        return v < 13 ? t.setName(name) : t.setTopicId(id);
    }

    static byte[] produceFrame(int v, ProduceRequestData.TopicProduceData... topics) {
        ProduceRequestData data = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(1500).setTransactionalId(v == 9 ? "tx" : null);
        for (ProduceRequestData.TopicProduceData t : topics) data.topicData().add(t);
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey((short) 0).setRequestApiVersion((short) v)
            .setCorrelationId(-5).setClientId(v == 3 ? null : "client");
        return framed(encode(header, ApiKeys.PRODUCE.requestHeaderVersion((short) v)), encode(data, v));
    }

    static void produceRequests() {
        BaseRecords r = batch("none", -1, false);
        for (int v = 3; v <= 13; v++) {
            print("produce/v" + v, produceFrame(v, topic(v, "a", ID_A, partition(0, r), partition(1, null)), topic(v, "bb", ID_B, partition(2, r))));
            print("produce/v" + v + "/without-a0", produceFrame(v, topic(v, "a", ID_A, partition(1, null)), topic(v, "bb", ID_B, partition(2, r))));
            print("produce/v" + v + "/only-b2-marked", produceFrame(v, topic(v, "bb", ID_B, partition(2, batch("none", -1, false, MARK)))));
        }
    }

    static ProduceResponseData.PartitionProduceResponse refused(int v, int index, int error, String message, Object... records) {
        ProduceResponseData.PartitionProduceResponse p = new ProduceResponseData.PartitionProduceResponse().setIndex(index)
            .setErrorCode((short) error).setBaseOffset(-1).setLogAppendTimeMs(-1).setLogStartOffset(-1);
        if (v < 8) return p;
        p.setErrorMessage(message);
        for (int i = 0; i < records.length; i += 2)
            p.recordErrors().add(new ProduceResponseData.BatchIndexAndErrorMessage().setBatchIndex((Integer) records[i])
                .setBatchIndexErrorMessage((String) records[i + 1]));
        return p;
    }

    static ProduceResponseData.PartitionProduceResponse stored(int v, int index) {
        ProduceResponseData.PartitionProduceResponse p = new ProduceResponseData.PartitionProduceResponse().setIndex(index)
            .setBaseOffset(4711).setLogAppendTimeMs(-1);
        if (v >= 5) p.setLogStartOffset(3);
        if (v >= 10) {
            p.setErrorCode((short) 6);
            p.currentLeader().setLeaderId(2).setLeaderEpoch(9);
        }
        return p;
    }

    static ProduceResponseData.TopicProduceResponse answered(int v, String name, Uuid id, ProduceResponseData.PartitionProduceResponse... p) {
        ProduceResponseData.TopicProduceResponse t = new ProduceResponseData.TopicProduceResponse().setPartitionResponses(List.of(p));
        return v < 13 ? t.setName(name) : t.setTopicId(id);
    }

    static byte[] produceAnswer(int v, int throttle, String host, ProduceResponseData.TopicProduceResponse... topics) {
        ProduceResponseData data = new ProduceResponseData().setThrottleTimeMs(throttle);
        for (ProduceResponseData.TopicProduceResponse t : topics) data.responses().add(t);
        if (v >= 10 && host != null)
            data.nodeEndpoints().add(new ProduceResponseData.NodeEndpoint().setNodeId(2).setHost(host).setPort(9092).setRack("r"));
        return encode(data, v);
    }

    static byte[] answerFrame(int v, byte[] body) {
        return framed(encode(new ResponseHeaderData().setCorrelationId(-5), v >= 9 ? 1 : 0), body);
    }

    static void produceAnswers() {
        for (int v = 3; v <= 13; v++) {
            ProduceResponseData.PartitionProduceResponse one = refused(v, 0, 87, "one bad", 1, "it");
            print("answer/v" + v + "/broker", produceAnswer(v, 77, "b2.internal", answered(v, "bb", ID_B, stored(v, 2)), answered(v, "a", ID_A, stored(v, 1))));
            print("answer/v" + v + "/merged", answerFrame(v, produceAnswer(v, 77, "b2.internal",
                answered(v, "a", ID_A, one, stored(v, 1)), answered(v, "bb", ID_B, stored(v, 2)))));
            print("answer/v" + v + "/local", answerFrame(v, produceAnswer(v, 0, null,
                answered(v, "a", ID_A, refused(v, 0, 87, "two bad", 0, "first", 2, null), refused(v, 1, 44, null)),
                answered(v, "bb", ID_B, refused(v, 2, 10, "too big")))));
            print("answer/v" + v + "/repeated", answerFrame(v, produceAnswer(v, 77, "b2.internal",
                answered(v, "a", ID_A, refused(v, 0, 87, "one bad", 1, "it", 1, "it"), stored(v, 1)), answered(v, "bb", ID_B, stored(v, 2)))));
        }
    }

    /* ---- ApiVersions ---- */

    static byte[] versions(int v, int error, int level, int[][] ranges) {
        ApiVersionsResponseData data = new ApiVersionsResponseData().setErrorCode((short) error).setThrottleTimeMs(v >= 1 ? 11 : 0);
        for (int[] r : ranges)
            data.apiKeys().add(new ApiVersionsResponseData.ApiVersion().setApiKey((short) r[0]).setMinVersion((short) r[1]).setMaxVersion((short) r[2]));
        if (v >= 3 && level > 0) {
            data.setFinalizedFeaturesEpoch(5);
            data.supportedFeatures().add(new ApiVersionsResponseData.SupportedFeatureKey().setName("transaction.version").setMinVersion((short) 0).setMaxVersion((short) 2));
            data.finalizedFeatures().add(new ApiVersionsResponseData.FinalizedFeatureKey().setName("kraft.version").setMinVersionLevel((short) 3).setMaxVersionLevel((short) 3));
            data.finalizedFeatures().add(new ApiVersionsResponseData.FinalizedFeatureKey().setName("transaction.version").setMinVersionLevel((short) level).setMaxVersionLevel((short) level));
        }
        return encode(data, v);
    }

    static byte[] versionsFrame(byte[] body) {
        return framed(encode(new ResponseHeaderData().setCorrelationId(6), 0), body);
    }

    static void versions() {
        int[][] broker = { { 0, 0, 14 }, { 1, 4, 18 }, { 3, 0, 99 }, { 18, 0, 6 }, { 26, 0, 5 }, { 27, 1, 2 }, { 28, 0, 5 }, { 55, 0, 2 }, { 1000, 0, 0 }, { 78, 3, 4 } };
        int[][] ours = { { 0, 0, 13 }, { 1, 4, 18 }, { 3, 0, 13 }, { 18, 0, 5 }, { 26, 0, 5 }, { 28, 0, 5 }, { 55, 0, 1 } };
        int[][] capped = { { 0, 0, 11 }, { 1, 4, 12 }, { 3, 0, 13 }, { 18, 0, 5 }, { 26, 0, 5 }, { 28, 0, 5 }, { 55, 0, 1 } };
        for (int v = 0; v <= 5; v++) {
            print("versions/v" + v + "/before", versions(v, 0, 2, broker));
            print("versions/v" + v + "/after", versionsFrame(versions(v, 0, 2, ours)));
            print("versions/v" + v + "/capped", versionsFrame(versions(v, 0, 1, capped)));
        }
        print("versions/refusal/before", versions(0, 35, 0, new int[][] { { 18, 0, 2 } }));
        print("versions/refusal/after", versionsFrame(versions(0, 35, 0, new int[][] { { 18, 0, 2 } })));
        print("versions/refusal/local", versionsFrame(versions(0, 35, 0, new int[][] { { 18, 0, 5 } })));
        for (int v : new int[] { 0, 3 })
            print("versions/v" + v + "/request", encode(v < 3 ? new ApiVersionsRequestData()
                : new ApiVersionsRequestData().setClientSoftwareName("librdkafka").setClientSoftwareVersion("2.16.1"), v));
        ApiVersionsRequestData meant = new ApiVersionsRequestData().setClientSoftwareName("a").setClientSoftwareVersion("1");
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey((short) 18).setRequestApiVersion((short) 5).setCorrelationId(6).setClientId("me");
        print("versions/v5/unnamed", framed(encode(header, 2), encode(meant, 5)));
        print("versions/v5/named", framed(encode(header, 2), encode(meant.setClusterId("cluster").setNodeId(7), 5)));
    }

    /* ---- topic ids: asked for as the client "me" ---- */

    static void topics() {
        MetadataRequestData ask = new MetadataRequestData().setAllowAutoTopicCreation(false);
        for (Uuid id : new Uuid[] { ID_A, ID_B })
            ask.topics().add(new MetadataRequestData.MetadataRequestTopic().setTopicId(id).setName(null));
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey((short) 3).setRequestApiVersion((short) 12).setCorrelationId(6).setClientId("me");
        print("topics/ask", framed(encode(header, 2), encode(ask, 12)));
        MetadataResponseData data = new MetadataResponseData().setClusterId("cluster").setControllerId(1);
        data.brokers().add(new MetadataResponseData.MetadataResponseBroker().setNodeId(1).setHost("b1").setPort(9092));
        data.topics().add(new MetadataResponseData.MetadataResponseTopic().setName("a").setTopicId(ID_A)
            .setPartitions(List.of(new MetadataResponseData.MetadataResponsePartition().setPartitionIndex(3).setErrorCode((short) 5)
                .setReplicaNodes(List.of(1)).setIsrNodes(List.of(1)))));
        data.topics().add(new MetadataResponseData.MetadataResponseTopic().setName(null).setTopicId(ID_B).setErrorCode((short) 100));
        print("topics/answer", encode(data, 12));
    }

    /* ---- addresses: node n is at "bn.internal":9092, for clients at "gw":20000+n; node 3 is left out ---- */

    static String host(boolean after, int node) {
        return after ? "gw" : "b" + node + ".internal";
    }

    static int port(boolean after, int node) {
        return after ? 20000 + node : 9092;
    }

    static byte[] metadata(int v, boolean after) {
        MetadataResponseData data = new MetadataResponseData().setControllerId(v >= 1 ? 2 : -1);
        if (v >= 2) data.setClusterId("cluster");
        if (v >= 3) data.setThrottleTimeMs(1);
        for (int node : after ? new int[] { 1, 2 } : new int[] { 1, 2, 3 })
            data.brokers().add(new MetadataResponseData.MetadataResponseBroker().setNodeId(node).setHost(host(after, node))
                .setPort(port(after, node)).setRack(v >= 1 && node == 2 ? "rack" : null));
        MetadataResponseData.MetadataResponseTopic t = new MetadataResponseData.MetadataResponseTopic().setName("a");
        if (v >= 10) t.setTopicId(ID_A);
        for (int leader = 1; leader <= 3; leader++) {
            boolean out = after && leader == 3;
            MetadataResponseData.MetadataResponsePartition p = new MetadataResponseData.MetadataResponsePartition()
                .setPartitionIndex(leader).setLeaderId(out ? -1 : leader).setErrorCode((short) (out ? 5 : 0))
                .setReplicaNodes(List.of(1, 2, 3)).setIsrNodes(List.of(1));
            if (v >= 7) p.setLeaderEpoch(4);
            t.partitions().add(p);
        }
        data.topics().add(t);
        data.topics().add(new MetadataResponseData.MetadataResponseTopic().setName("gone").setErrorCode((short) 3));
        return encode(data, v);
    }

    static byte[] coordinator(int v, boolean after, int node) {
        boolean out = after && node == 3;
        FindCoordinatorResponseData data = new FindCoordinatorResponseData();
        if (v >= 4) {
            for (int n : new int[] { node, 1 }) {
                boolean gone = after && n == 3;
                data.coordinators().add(new FindCoordinatorResponseData.Coordinator().setKey("group").setNodeId(gone ? -1 : n)
                    .setHost(n < 0 || gone ? "" : host(after, n)).setPort(n < 0 || gone ? -1 : port(after, n)).setErrorCode((short) (n < 0 || gone ? 15 : 0)));
            }
            return encode(data, v);
        }
        if (v >= 1) data.setErrorMessage("none");
        return encode(data.setNodeId(out ? -1 : node).setHost(node < 0 || out ? "" : host(after, node))
            .setPort(node < 0 || out ? -1 : port(after, node)).setErrorCode((short) (node < 0 || out ? 15 : 0)), v);
    }

    static byte[] cluster(int v, boolean after) {
        DescribeClusterResponseData data = new DescribeClusterResponseData().setClusterId("cluster").setControllerId(1);
        for (int node : after ? new int[] { 1, 2 } : new int[] { 1, 2, 3 })
            data.brokers().add(new DescribeClusterResponseData.DescribeClusterBroker().setBrokerId(node)
                .setHost(host(after, node)).setPort(port(after, node)));
        return encode(data, v);
    }

    static byte[] produceEndpoints(int v, boolean after) {
        ProduceResponseData data = new ProduceResponseData();
        data.responses().add(answered(v, "a", ID_A, stored(v, 1)));
        for (int node : after ? new int[] { 1, 2 } : new int[] { 1, 2, 3 })
            data.nodeEndpoints().add(new ProduceResponseData.NodeEndpoint().setNodeId(node).setHost(host(after, node)).setPort(port(after, node)));
        return encode(data, v);
    }

    static byte[] acknowledge(int v, boolean after) {
        ShareAcknowledgeResponseData data = new ShareAcknowledgeResponseData();
        for (int node : after ? new int[] { 1, 2 } : new int[] { 1, 2, 3 })
            data.nodeEndpoints().add(new ShareAcknowledgeResponseData.NodeEndpoint().setNodeId(node).setHost(host(after, node)).setPort(port(after, node)));
        return encode(data, v);
    }

    static void addresses() {
        for (int i = 0; i < 2; i++) {
            boolean after = i == 1;
            String end = after ? "/after" : "/before";
            for (int v = 0; v <= 13; v++) print("metadata/v" + v + end, metadata(v, after));
            for (int v = 0; v <= 6; v++)
                for (int node : new int[] { 2, 3, -1 }) print("coordinator/v" + v + "/" + node + end, coordinator(v, after, node));
            for (int v = 0; v <= 2; v++) print("cluster/v" + v + end, cluster(v, after));
            for (int v = 10; v <= 13; v++) print("produce-endpoints/v" + v + end, produceEndpoints(v, after));
            for (int v = 1; v <= 2; v++) print("acknowledge/v" + v + end, acknowledge(v, after));
        }
        print("create-topics/v7", encode(new CreateTopicsResponseData().setTopics(new CreateTopicsResponseData.CreatableTopicResultCollection(
            List.of(new CreateTopicsResponseData.CreatableTopicResult().setName("a").setTopicId(ID_A),
                new CreateTopicsResponseData.CreatableTopicResult().setName("denied").setErrorCode((short) 29)).iterator())), 7));
    }

    /* ---- streamed answers ---- */

    static byte[] fetch(int v, boolean endpoints) {
        FetchResponseData data = new FetchResponseData().setSessionId(v < 7 ? 0 : 9);
        FetchResponseData.FetchableTopicResponse t = v < 13 ? new FetchResponseData.FetchableTopicResponse().setTopic("a")
            : new FetchResponseData.FetchableTopicResponse().setTopicId(ID_A);
        t.partitions().add(new FetchResponseData.PartitionData().setPartitionIndex(0).setHighWatermark(10).setRecords(batch("none", -1, false)));
        FetchResponseData.PartitionData moved = new FetchResponseData.PartitionData().setPartitionIndex(1).setErrorCode((short) 6)
            .setRecords(MemoryRecords.EMPTY);
        if (v >= 12) moved.currentLeader().setLeaderId(2).setLeaderEpoch(3);
        t.partitions().add(moved);
        data.responses().add(t);
        if (endpoints)
            data.nodeEndpoints().add(new FetchResponseData.NodeEndpoint().setNodeId(2).setHost("b2.internal").setPort(9092));
        return encode(data, v);
    }

    static byte[] shareFetch(int v, int endpoints) {
        ShareFetchResponseData data = new ShareFetchResponseData();
        ShareFetchResponseData.ShareFetchableTopicResponse t = new ShareFetchResponseData.ShareFetchableTopicResponse().setTopicId(ID_A);
        t.partitions().add(new ShareFetchResponseData.PartitionData().setPartitionIndex(1).setRecords(batch("none", -1, false)));
        data.responses().add(t);
        for (int i = 0; i < endpoints; i++)
            data.nodeEndpoints().add(new ShareFetchResponseData.NodeEndpoint().setNodeId(i).setHost("b" + i).setPort(9092));
        return encode(data, v);
    }

    static void streams() {
        for (int v = 4; v <= 18; v++) print("fetch/v" + v, fetch(v, false));
        for (int v = 16; v <= 18; v++) print("fetch/v" + v + "/endpoints", fetch(v, true));
        for (int v = 1; v <= 2; v++)
            for (int n : new int[] { 0, 1, 2, 9, 10, 130 }) print("share-fetch/v" + v + "/" + n, shareFetch(v, n));
    }

    public static void main(String[] args) {
        batches();
        produceRequests();
        produceAnswers();
        versions();
        topics();
        addresses();
        streams();
    }
}
