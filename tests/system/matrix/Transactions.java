import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Transactions BOOTSTRAP TOPIC GROUP COUNT: what no tool says. TOPIC holds COUNT records already. COUNT more in a
 * transaction that is committed, the offsets of a consumer with it; COUNT more in one that is aborted; then a second
 * producer of the same name fences the first.
 */
public final class Transactions {
	private static String topic;

	public static void main(String[] args) throws Exception {
		topic = args[1];
		int count = Integer.parseInt(args[3]);
		try (var producer = producer(args[0], args[2]); var consumer = consumer(args[0], args[2])) {
			producer.initTransactions();
			producer.beginTransaction();
			send(producer, count, count);
			producer.sendOffsetsToTransaction(taken(consumer, count), consumer.groupMetadata());
			producer.commitTransaction();
			System.out.println("committed");
			producer.beginTransaction();
			send(producer, 2 * count, count);
			producer.flush();
			producer.abortTransaction();
			System.out.println("aborted");
			consumer.committed(consumer.assignment()).entrySet().stream().sorted((a, b) -> a.getKey().partition() - b.getKey().partition())
				.forEach(e -> System.out.println("offset of " + e.getKey().partition() + ": " + e.getValue().offset()));
			fence(producer, args[0], args[2]);
		}
	}

	private static KafkaProducer<String, String> producer(String bootstrap, String id) {
		return new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "transactional.id", id), new StringSerializer(), new StringSerializer());
	}

	private static KafkaConsumer<String, String> consumer(String bootstrap, String group) {
		Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "group.id", group, "enable.auto.commit", "false",
			"auto.offset.reset", "earliest", "isolation.level", "read_committed");
		var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
		consumer.subscribe(List.of(topic));
		return consumer;
	}

	private static void send(KafkaProducer<String, String> producer, int from, int count) {
		for (int i = from; i < from + count; i++) {
			var record = new ProducerRecord<>(topic, i % 2, "key-" + i, "{\"lumens\": " + i + "}");
			record.headers().add("n", Integer.toString(i).getBytes(StandardCharsets.UTF_8));
			producer.send(record);
		}
	}

	/** The offsets after the first `count` records. */
	private static Map<TopicPartition, OffsetAndMetadata> taken(KafkaConsumer<String, String> consumer, int count) {
		Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
		for (int left = count; left > 0;) {
			for (var record : consumer.poll(Duration.ofMillis(200))) {
				offsets.put(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1));
				left--;
			}
		}
		return offsets;
	}

	private static void fence(KafkaProducer<String, String> first, String bootstrap, String id) {
		try (var second = producer(bootstrap, id)) {
			second.initTransactions();
			first.beginTransaction();
			send(first, 0, 1);
			first.commitTransaction();
			throw new IllegalStateException("the first producer is not fenced");
		} catch (KafkaException error) {
			System.out.println("fenced: " + error.getClass().getSimpleName());
		}
	}
}
